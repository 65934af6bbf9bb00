package act_test

import (
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
)

const video119 = "video119.example"

// offered puts a video service beside the others at the first terminal.
func (h *house) offered() {
	h.Helper()
	h.must(h.Services(ctx(h), act.Gateway(), terminal1, []terminal.Service{
		{ID: net119, Name: "Net119", Offer: &stdif.Offer{Takes: []stdif.Verb{stdif.VerbCallBack}, Receipts: true}},
		{ID: aacn, Name: "AACN", OutputOnly: true},
		{ID: video119, Name: "映像通報", Offer: &stdif.Offer{Takes: []stdif.Verb{stdif.VerbMedia, stdif.VerbGuide}, Live: true,
			Clips: []stdif.Clip{{ID: "cpr", Label: "心肺蘇生"}}}},
	}))
}

func (h *house) state(seq int64, id string, s stdif.ServiceState) {
	h.Helper()
	h.arrive(h.wire(seq, video119, stdif.Actual, stdif.Inbound{State: &stdif.ReportState{ReportID: id, State: s, At: noon}}))
}

// A dispatcher asks for video from a report: the request and the report that
// answers it are one story, nothing rings, and each step has its time.
func TestVideoFromAReport(t *testing.T) {
	h := newHouse(t, "")
	h.offered()
	origin := h.reported(1, net119, "N-1")
	h.must(h.Claim(ctx(h), yamada, origin.ID))
	h.delivered(terminal1)
	ask := act.AskVideo{ID: "q-1", Origin: origin.ID, Service: video119, Phone: "090-0000-0000", Purpose: stdif.PurposeScene}
	h.must(h.RequestVideo(ctx(h), yamada, ask))
	h.must(h.RequestVideo(ctx(h), yamada, ask)) // pressed twice
	in := h.inputs(terminal1)
	if len(in) != 1 || in[0].Verb != stdif.VerbMedia || in[0].ReportID != "q-1" || in[0].Media == nil || in[0].Media.Phone != "090-0000-0000" || in[0].Mode != stdif.Actual {
		t.Fatalf("told to the service: %+v", in)
	}
	h.delivered(terminal1)

	answer := words("V-1", 1)
	answer.RequestID = "q-1"
	h.arrive(h.wire(2, video119, stdif.Actual, stdif.Inbound{Report: answer}))
	r := h.report("V-1")
	if r.Unclaimed() || r.Claim.Person != "yamada" || r.Step == stdif.Seen {
		t.Errorf("the answer: state %s, claim %+v, step %s; want it in yamada's hands, unseen", r.State, r.Claim, r.Step)
	}
	for i, s := range []stdif.ServiceState{stdif.ServiceLinkSent, stdif.ServiceLinkOpened, stdif.ServiceConsented, stdif.ServiceLive} {
		h.state(int64(3+i), "V-1", s)
	}
	h.state(7, "V-1", stdif.ServiceLinkSent) // late: nothing goes back
	v, err := h.store.Served().Video(t.Context(), "q-1")
	h.must(err)
	if v.State != report.VideoLive || v.Answer != r.ID || v.Origin != origin.ID || v.DeliveredAt.IsZero() || v.SentAt.IsZero() || v.OpenedAt.IsZero() || v.ConsentedAt.IsZero() || v.LiveAt.IsZero() {
		t.Errorf("request = %+v", v)
	}
	h.must(h.Look(ctx(h), yamada, r.ID, true))
	if e := h.last("report/" + r.ID); e.Act != string(act.LiveView) || e.Facts["looks"] != "true" || e.Actor.Person != "yamada" {
		t.Errorf("who looks: %+v", e)
	}
	h.must(h.Guide(ctx(h), yamada, r.ID, "g-1", "cpr"))
	wantKey(t, h.Guide(ctx(h), yamada, r.ID, "g-2", "swim"), fault.NotFound, "guide.unknown")
	h.delivered(terminal1)
	h.arrive(h.wire(8, video119, stdif.Actual, stdif.Inbound{Receipt: &stdif.Receipt{ReportID: "V-1", ID: "g-1", State: stdif.ReceiptPlayed, At: noon}}))
	contacts, err := h.store.Served().Contacts(t.Context(), r.ID)
	h.must(err)
	if len(contacts) != 1 || contacts[0].Delivery != report.LinePlayed || contacts[0].Name != "心肺蘇生" {
		t.Errorf("contacts = %+v", contacts)
	}
	// 映像を止める（安全）: the service hears why, so that it can tell the caller.
	h.must(h.Close(ctx(h), yamada, r.ID, report.Safety, ""))
	in = h.inputs(terminal1)
	if last := in[len(in)-1]; last.Verb != stdif.VerbClose || last.Reason != report.Safety || last.ReportID != "V-1" {
		t.Errorf("told to the service: %+v", last)
	}
	h.state(9, "V-1", stdif.ServiceEnded)
	h.state(10, "V-1", stdif.ServiceLive)
	if v, err = h.store.Served().Video(t.Context(), "q-1"); err != nil || v.State != report.VideoEnded {
		t.Errorf("after the end: %+v, %v", v, err)
	}
	for _, canary := range []string{"090-0000-0000", "9000000000", "心肺蘇生"} {
		if canary != "心肺蘇生" && h.onDisk(canary) { // the label is the service's, in its offer
			t.Errorf("%q stands in clear in the database", canary)
		}
	}
}

// During a voice call there is no report: the number is enough, and the answer
// is a report of its own in the hands of whoever asked.
func TestVideoFromAVoiceCall(t *testing.T) {
	h := newHouse(t, "")
	h.offered()
	ask := act.AskVideo{ID: "q-1", Service: video119, Phone: "+819000000000", Mode: stdif.Actual}
	h.must(h.RequestVideo(ctx(h), yamada, ask))
	waiting, err := h.store.Served().WaitingVideos(t.Context(), act.WaitingSince(h.store.Now()))
	h.must(err)
	if len(waiting) != 1 || waiting[0].State != report.VideoRequested {
		t.Fatalf("waiting = %+v", waiting)
	}
	answer := words("V-1", 1)
	answer.RequestID = "q-1"
	h.arrive(h.wire(1, video119, stdif.Actual, stdif.Inbound{Report: answer}))
	if r := h.report("V-1"); r.Claim.Console != "console-a" {
		t.Errorf("claim = %+v", r.Claim)
	}
	// A second report that names the same request is somebody new: it rings. So
	// is one of another service, or of another mode.
	for i, c := range []struct {
		service string
		mode    stdif.Mode
	}{{video119, stdif.Actual}, {net119, stdif.Actual}, {video119, stdif.Exercise}} {
		w := words("W-"+string(rune('1'+i)), 1)
		w.RequestID = "q-1"
		if i == 2 {
			h.must(h.RequestVideo(ctx(h), yamada, act.AskVideo{ID: "q-2", Service: video119, Phone: "+819000000000", Mode: stdif.Actual}))
			w.RequestID = "q-2"
		}
		h.arrive(h.wire(int64(2+i), c.service, c.mode, stdif.Inbound{Report: w}))
		if r := h.report(w.ID); !r.Unclaimed() {
			t.Errorf("%s %s with a request that is not its own does not ring", c.service, c.mode)
		}
	}
}

// What a service did not offer is refused with its reason, and an output-only
// one offers nothing (S3-1-3-1).
func TestOnlyWhatIsOffered(t *testing.T) {
	duty(t, "S3-1-3-1")
	h := newHouse(t, "")
	h.offered()
	n, x := h.reported(1, net119, "N-1"), h.reported(2, aacn, "A-1")
	ask := func(id, service, phone string) error {
		return h.RequestVideo(ctx(h), yamada, act.AskVideo{ID: id, Service: service, Phone: phone, Mode: stdif.Actual})
	}
	wantKey(t, ask("q1", aacn, "+819000000000"), fault.Unsupported, "terminal.output-only")
	wantKey(t, ask("q2", net119, "+819000000000"), fault.Unsupported, "service.not-offered")
	wantKey(t, ask("q3", "nobody", "+819000000000"), fault.NotFound, "service.unknown")
	wantKey(t, ask("q4", video119, "12"), fault.Invalid, "video.phone-missing")
	wantKey(t, h.Guide(ctx(h), yamada, n.ID, "g", "cpr"), fault.Unsupported, "service.not-offered")
	wantKey(t, h.Guide(ctx(h), yamada, x.ID, "g", "cpr"), fault.Unsupported, "terminal.output-only")
	wantKey(t, h.CallBack(ctx(h), yamada, x.ID, "b", ""), fault.Unsupported, "terminal.output-only")
	h.must(h.CallBack(ctx(h), yamada, n.ID, "b", "折り返してください"))
	in := h.inputs(terminal1)
	if last := in[len(in)-1]; last.Verb != stdif.VerbCallBack || last.CallBack.ID != "b" {
		t.Errorf("told to the service: %+v", last)
	}
	for _, in := range in {
		if in.ServiceID == aacn && in.Verb != stdif.VerbAck {
			t.Errorf("an output-only service is told %s", in.Verb)
		}
	}
}

// A telephone call is written down as a person says it was, once, sealed.
func TestRecordCall(t *testing.T) {
	duty(t, "FD-19")
	h := newHouse(t, "")
	id := h.reported(1, aacn, "A-1").ID
	call := report.Contact{Report: id, ID: "k1", Party: report.PartyOperator, Outcome: report.OutcomeAnswered, Number: "CANARY-0312345678",
		Name: "CANARY-オペレーター", Note: "CANARY-応答あり", At: h.store.Now().Add(-time.Minute)}
	h.must(h.RecordCall(ctx(h), yamada, call))
	h.must(h.RecordCall(ctx(h), yamada, call)) // pressed twice
	relay := report.Contact{Report: id, ID: "k2", Party: report.PartyHeadquarters, Outcome: report.OutcomeRelayed, ToHQ: "271004", Number: "06-0000-0000"}
	h.must(h.RecordCall(ctx(h), yamada, relay))
	contacts, err := h.store.Served().Contacts(t.Context(), id)
	h.must(err)
	if len(contacts) != 2 || contacts[0].Number != call.Number || contacts[0].Note != call.Note || contacts[1].ToHQ != "271004" || contacts[1].By.Person != "yamada" {
		t.Errorf("contacts = %+v", contacts)
	}
	if h.onDisk("CANARY") {
		t.Error("words of a call stand in clear in the database")
	}
	if e := h.last("report/" + id); e.Facts["party"] != report.PartyHeadquarters || e.Facts["outcome"] != report.OutcomeRelayed || strings.Contains(strings.Join([]string{e.Facts["at"]}, ""), "06") && e.Facts["number"] != "" {
		t.Errorf("entry = %+v", e)
	}
	for key, c := range map[string]report.Contact{
		"call.party-unknown":   {Party: "dog", Outcome: report.OutcomeBusy},
		"call.outcome-unknown": {Party: report.PartyCaller, Outcome: "well"},
		"call.relayed-to-whom": {Party: report.PartyCaller, Outcome: report.OutcomeRelayed},
		"call.in-the-future":   {Party: report.PartyCaller, Outcome: report.OutcomeBusy, At: h.store.Now().Add(time.Hour)},
	} {
		c.Report, c.ID = id, "x"
		wantKey(t, h.RecordCall(ctx(h), yamada, c), fault.Invalid, key)
	}
	wantKey(t, h.RecordCall(ctx(h), yamada, report.Contact{Report: id, ID: "x", Party: report.PartyCaller, Outcome: report.OutcomeBusy, Note: strings.Repeat("長", 2001)}), fault.TooLarge, "call.note-too-long")
}

package act_test

import (
	"testing"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/stdif"
)

func (h *house) members(reportID string) (number string, members []string) {
	h.Helper()
	l, err := h.store.Incidents().LinkOf(ctx(h), incident.Report, reportID)
	h.must(err)
	if !l.Live() {
		return "", nil
	}
	i, err := h.store.Incidents().Incident(ctx(h), l.Incident)
	h.must(err)
	all, err := h.store.Incidents().Members(ctx(h), l.Incident)
	h.must(err)
	for _, m := range all {
		members = append(members, m.Member)
	}
	return i.Number, members
}

// K13: a person joins reports and the voice call of one event, and may undo it;
// closing a report leaves the event as it is.
func TestJoinIncident(t *testing.T) {
	h := newHouse(t, "")
	a, b, c := h.reported(1, net119, "N-1"), h.reported(2, net119, "N-2"), h.reported(3, aacn, "A-1")
	on := func(id string) act.Member { return act.Member{Kind: incident.Report, ID: id} }

	h.must(h.Join(ctx(t), yamada, a.ID, on(b.ID)))
	h.must(h.Join(ctx(t), yamada, a.ID, on(b.ID))) // pressed twice
	h.must(h.Join(ctx(t), yamada, c.ID, on(a.ID)))
	if number, m := h.members(b.ID); number != "001" || len(m) != 3 {
		t.Fatalf("incident %s of %v", number, m)
	}
	told := map[string]int{}
	for _, in := range h.inputs("t-01") {
		if in.Verb == stdif.VerbLink {
			told[in.ReportID]++
		}
	}
	if told["N-1"] != 1 || told["N-2"] != 1 || told["A-1"] != 0 { // the last takes no input
		t.Errorf("services were told of the joining: %v", told)
	}
	if last := h.last("report/" + c.ID); last.Act != "incident.join" || last.Facts["with"] != "report/"+a.ID || last.Actor.Person != "yamada" {
		t.Errorf("entry = %+v", last)
	}

	call := incident.VoiceCall{ID: h.store.CallID("pbx-1"), Mode: stdif.Actual, State: incident.Ringing, Number: "+819012345678", StartedAt: noon}
	h.must(h.NoticeCall(ctx(t), yamada, call))
	before := len(h.history("voice-call/" + call.ID))
	h.must(h.NoticeCall(ctx(t), yamada, call))
	if again := len(h.history("voice-call/" + call.ID)); again != before {
		t.Error("the same notice left another entry")
	}
	if h.onDisk("9012345678") {
		t.Error("the caller's number lies in clear")
	}
	h.must(h.Join(ctx(t), yamada, b.ID, act.Member{Kind: incident.Call, ID: call.ID}))
	if _, m := h.members(a.ID); len(m) != 4 {
		t.Fatalf("members = %v", m)
	}

	h.must(h.Part(ctx(t), yamada, on(c.ID), incident.OtherEvent))
	if _, m := h.members(c.ID); m != nil {
		t.Errorf("parted, and still in it: %v", m)
	}
	wantKey(t, h.Part(ctx(t), yamada, on(c.ID), incident.OtherEvent), fault.Conflict, "incident.not-joined")
	h.must(h.Close(ctx(t), yamada, a.ID, "duplicate", ""))
	if _, m := h.members(b.ID); len(m) != 3 {
		t.Errorf("closing a report changed its incident: %v", m)
	}
	id, err := h.store.Incidents().LinkOf(ctx(t), incident.Report, b.ID)
	h.must(err)
	wantKey(t, h.CloseIncident(ctx(t), yamada, id.Incident), fault.Conflict, "incident.reports-open")
	h.must(h.Close(ctx(t), yamada, b.ID, "handled", ""))
	h.must(h.CloseIncident(ctx(t), yamada, id.Incident))
	wantKey(t, h.Join(ctx(t), yamada, b.ID, on(c.ID)), fault.Conflict, "incident.closed")
}

// Two incidents are not made one by a slip of the hand, and a training never
// joins an emergency.
func TestJoinRefused(t *testing.T) {
	h := newHouse(t, "")
	a, b := h.reported(1, net119, "N-1"), h.reported(2, net119, "N-2")
	h.arrive(h.wire(3, net119, stdif.Exercise, stdif.Inbound{Report: words("E-1", 1)}))
	e := h.report("E-1")
	h.must(h.OpenIncident(ctx(t), yamada, a.ID))
	h.must(h.OpenIncident(ctx(t), yamada, b.ID))
	wantKey(t, h.Join(ctx(t), yamada, a.ID, act.Member{Kind: incident.Report, ID: b.ID}), fault.Conflict, "incident.two")
	wantKey(t, h.Join(ctx(t), yamada, a.ID, act.Member{Kind: incident.Report, ID: e.ID}), fault.Conflict, "incident.mode")
	wantKey(t, h.Join(ctx(t), yamada, a.ID, act.Member{Kind: incident.Report, ID: "none"}), fault.NotFound, "report.unknown")
	if _, m := h.members(e.ID); m != nil {
		t.Errorf("the exercise is in %v", m)
	}
}

package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
)

type body map[string]any

// placed lets a report arrive that says where it is.
func (h *house) placed(id string, lat, lon, radius float64, line string) report.Report {
	h.Helper()
	r := words(id, 1)
	r.Locations = []stdif.Location{{Role: "caller", Shape: "circle", Lat: &lat, Lon: &lon, RadiusM: radius}}
	if line != "" {
		r.Locations = append(r.Locations, stdif.Location{Role: "incident", Shape: "civic", Civic: &stdif.Civic{City: "例示市", Line: line}})
	}
	h.arrive(stdif.Inbound{Report: r})
	return h.find(id)
}

func (h *house) find(id string) report.Report {
	h.Helper()
	open, err := h.store.Reports().Board(h.Context())
	h.must(err)
	for _, r := range open {
		if r.ServiceReport == id {
			return r
		}
	}
	h.Fatalf("report %s is not on the board", id)
	return report.Report{}
}

// A script does what a dispatcher does: sees the proposal with its reason and
// distance, confirms it, undoes it, and dismisses what is another event (K13).
func TestJoiningThroughTheAPI(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	one := h.placed("N-1", 34.7039, 135.5012, 25, "本町１丁目２番３号")
	two := h.placed("N-2", 34.7042, 135.5012, 60, "")
	far := h.placed("N-3", 34.9, 135.9, 25, "本町1-2-3付近")
	h.placed("N-4", 34.95, 135.95, 25, "北町9-9-9")

	j := read[Joining](h, a, "GET", "/reports/"+one.ID+"/incident", nil)
	if j.Incident != nil || len(j.Proposals) != 2 {
		t.Fatalf("proposals = %+v", j.Proposals)
	}
	byPlace, near := j.Proposals[0], j.Proposals[1]
	if byPlace.ID != far.ID || byPlace.Reasons[0].Why != "place" || near.ID != two.ID || near.Reasons[0].Why != "near" || near.Reasons[0].DistanceM != 33 || near.Reasons[0].ReachM != 60 {
		t.Errorf("proposals = %+v", j.Proposals)
	}
	if near.Report == nil || near.Report.Number == "" {
		t.Errorf("a proposal says nothing of its report: %+v", near)
	}

	j = read[Joining](h, a, "POST", "/reports/"+one.ID+"/incident/join", body{"kind": "report", "id": two.ID})
	if j.Incident == nil || len(j.Incident.Members) != 2 || j.Incident.Members[0].By.PersonName == "" || len(j.Proposals) != 1 {
		t.Fatalf("joined = %+v", j)
	}
	board := read[Board](h, a, "GET", "/board", nil)
	for _, c := range board.Reports {
		joined := c.ID == one.ID || c.ID == two.ID
		if (c.Incident != nil) != joined || joined && (c.Incident.Reports != 2 || c.Incident.Number != "001") {
			t.Errorf("card %s: %+v", c.ServiceReportID, c.Incident)
		}
	}

	read[nothing](h, a, "POST", "/reports/"+one.ID+"/incident/dismiss", body{"kind": "report", "id": far.ID})
	if j = read[Joining](h, a, "GET", "/reports/"+far.ID+"/incident", nil); len(j.Proposals) != 0 {
		t.Errorf("dismissed, and proposed again: %+v", j.Proposals)
	}
	if w := h.do(a, "POST", "/reports/"+one.ID+"/incident/part", body{"kind": "report", "id": far.ID, "reason": "slip"}); problemIn(t, w).Key != "incident.not-joined" {
		t.Errorf("part of a stranger = %s", w.Body)
	}
	read[nothing](h, a, "POST", "/reports/"+one.ID+"/incident/part", body{"kind": "report", "id": two.ID, "reason": "slip"})
	if open := read[[]Incident](h, a, "GET", "/incidents", nil); len(open) != 1 || len(open[0].Members) != 1 {
		t.Errorf("incidents = %+v", open)
	}
}

// A voice call is proposed by its number or its place; its own id, which may be
// a number, stands in no address.
func TestVoiceCalls(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	r := words("N-1", 1)
	r.Subscriber = &stdif.SubscriberInfo{Phone: "+819012345678"}
	h.arrive(stdif.Inbound{Report: r})
	one := h.find("N-1")
	notice := body{
		"id": "sip-09012345678", "number": "090-1234-5678", "line": "119-3", "state": "ringing", "startedAt": time.Now(),
		"place": body{"lat": 34.7, "lon": 135.5, "radius": 800},
	}
	call := read[VoiceCall](h, a, "POST", "/voice-calls", notice)
	if call.ID == "" || strings.Contains(call.ID, "9012345678") || call.Mode != stdif.Actual {
		t.Fatalf("call = %+v", call)
	}
	notice["state"] = "answered"
	if again := read[VoiceCall](h, a, "POST", "/voice-calls", notice); again.ID != call.ID || again.State != "answered" {
		t.Errorf("again = %+v", again)
	}
	if calls := read[[]VoiceCall](h, a, "GET", "/voice-calls", nil); len(calls) != 1 || calls[0].Number == "" {
		t.Errorf("calls = %+v", calls)
	}
	j := read[Joining](h, a, "GET", "/reports/"+one.ID+"/incident", nil)
	if len(j.Proposals) != 1 || j.Proposals[0].Kind != "voice-call" || j.Proposals[0].Reasons[0].Why != "number" {
		t.Fatalf("proposals = %+v", j.Proposals)
	}
	j = read[Joining](h, a, "POST", "/reports/"+one.ID+"/incident/join", body{"kind": "voice-call", "id": call.ID})
	if j.Incident == nil || len(j.Incident.Members) != 2 {
		t.Errorf("joined = %+v", j)
	}
	if calls := read[[]VoiceCall](h, a, "GET", "/voice-calls", nil); calls[0].Incident == nil {
		t.Error("the call does not say which incident it belongs to")
	}
	maintainer := h.seat("c-m", staff.Maintainer)
	if w := h.do(maintainer, "GET", "/voice-calls", nil); w.Code != http.StatusForbidden {
		t.Errorf("a maintainer reads callers' numbers: %d", w.Code)
	}
}

// FD-34, FD-19: a report of another area says so, the form is filled in, and a
// transfer by telephone with its record lets it be closed as transferred.
func TestTransferThroughTheAPI(t *testing.T) {
	h := newHouse(t)
	h.must(h.acts.AddPartner(t.Context(), act.CommandLine(), transfer.Partner{ID: "279998", Name: "隣市消防本部", Code: "279998", Phone: "0000-00-0119"}))
	a := h.seat("c-a", staff.Dispatcher)
	r := words("N-1", 1)
	r.Routing = &stdif.Routing{RegisteredHQ: h.hq, LocatedHQ: "279998"}
	h.arrive(stdif.Inbound{Report: r})
	one := h.find("N-1")
	board := read[Board](h, a, "GET", "/board", nil)
	if o := board.Reports[0].Outside; o == nil || o.Name != "隣市消防本部" {
		t.Errorf("outside = %+v", o)
	}
	form := read[Transferring](h, a, "GET", "/reports/"+one.ID+"/transfer", nil)
	if form.Suggested != "279998" || len(form.Partners) != 1 || form.Partners[0].Data || form.LocatedHQ.Name != "隣市消防本部" || len(form.Checklist) < 3 {
		t.Errorf("form = %+v", form)
	}
	read[Card](h, a, "POST", "/reports/"+one.ID+"/claim", body{})
	if w := h.do(a, "POST", "/reports/"+one.ID+"/transfer", body{"partner": "279998"}); problemIn(t, w).Key != "transfer.no-data" {
		t.Errorf("by data to somebody without = %s", w.Body)
	}
	if w := h.do(a, "POST", "/reports/"+one.ID+"/close", body{"reason": "transferred"}); problemIn(t, w).Key != "transfer.not-accepted" {
		t.Errorf("closed before anybody took it = %s", w.Body)
	}
	read[nothing](h, a, "POST", "/reports/"+one.ID+"/transfer/telephone", body{
		"partner": "279998", "outcome": "accepted", "answeredBy": "佐藤", "number": "0000-00-0119", "readOut": []string{"place", "text"},
	})
	form = read[Transferring](h, a, "GET", "/reports/"+one.ID+"/transfer", nil)
	if len(form.Transfers) != 1 || form.Transfers[0].Mark.State != "accepted" || form.Transfers[0].Record.AnsweredBy != "佐藤" || form.Transfers[0].By.PersonName == "" {
		t.Errorf("transfers = %+v", form.Transfers)
	}
	read[nothing](h, a, "POST", "/reports/"+one.ID+"/close", body{"reason": "transferred"})
}

package act_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
)

var suzuki = at("console-b", "suzuki")

func supervisor(console, person string) act.Who {
	return act.Who{Principal: authz.Principal{Kind: authz.KindPerson, ID: person, Roles: []staff.Role{staff.Supervisor}}, Console: console}
}

// seats enrols consoles, as offers and hand-overs need them.
func (h *house) seats(ids ...string) {
	h.Helper()
	for _, id := range ids {
		h.must(h.store.Do(ctx(h), func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
			return entry.Entry{Act: "test.seat", Subject: "console/" + id}, u.Consoles().SaveConsole(ctx, console.Console{ID: id, Name: id, EnrolledAt: u.Now()})
		}))
	}
}

// AC-05: a silent seat is marked, never robbed; a marked claim may be taken with
// a reason, a live one by a supervisor, and the log says from whom.
func TestTakeOver(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	h.must(h.Claim(ctx(h), yamada, r.ID))
	wantKey(t, h.TakeOver(ctx(h), suzuki, r.ID, report.NoResponse, ""), fault.Conflict, "claim.live")
	h.must(h.Neglected(ctx(h), act.Timer(), r.ID, "console-a", time.Minute)) // the claim is younger than that
	h.pass(time.Minute)
	h.must(h.Neglected(ctx(h), act.Timer(), r.ID, "console-b", time.Minute)) // not its seat
	if got := h.report("N-1"); !got.Claim.StaleAt.IsZero() {
		t.Fatal("marked too early or for another seat")
	}
	h.must(h.Neglected(ctx(h), act.Timer(), r.ID, "console-a", time.Minute))
	h.must(h.Neglected(ctx(h), act.Timer(), r.ID, "console-a", time.Hour)) // once
	if e := h.last("report/" + r.ID); e.Act != string(act.ClaimStale) || e.Actor.System != "wake" {
		t.Errorf("entry = %+v", e)
	}
	if got := h.report("N-1"); got.Claim.Person != "yamada" || got.Claim.StaleAt.IsZero() {
		t.Errorf("claim = %+v", got.Claim)
	}
	h.must(h.Neglected(ctx(h), act.Timer(), r.ID, "console-a", 0))
	wantKey(t, h.TakeOver(ctx(h), suzuki, r.ID, report.NoResponse, ""), fault.Conflict, "claim.live")
	h.must(h.Neglected(ctx(h), act.Timer(), r.ID, "console-a", time.Minute))
	wantKey(t, h.TakeOver(ctx(h), suzuki, r.ID, "", ""), fault.Invalid, "claim.reason-missing")
	h.must(h.TakeOver(ctx(h), suzuki, r.ID, report.NoResponse, "CANARY-NOTE"))
	if e := h.last("report/" + r.ID); e.Facts["fromPerson"] != "yamada" || e.Facts["fromConsole"] != "console-a" || e.Facts["reason"] != report.NoResponse || e.Actor.Person != "suzuki" {
		t.Errorf("entry = %+v", e)
	}
	h.must(h.TakeOver(ctx(h), yamada, r.ID, "", "")) // within 20 s
	h.must(h.TakeOver(ctx(h), supervisor("console-s", "sato"), r.ID, report.Supervision, ""))
	notes, err := h.store.Panel().Notes(ctx(h), r.ID)
	if err != nil || len(notes) != 1 || notes[0].Text != "CANARY-NOTE" || notes[0].By.Person != "suzuki" {
		t.Errorf("notes = %+v, %v", notes, err)
	}
	if h.onDisk("CANARY") {
		t.Error("a note stands in clear in the database")
	}
}

// An offer is accepted in one act by one seat, and dies with the claim.
func TestOffer(t *testing.T) {
	h := newHouse(t, "")
	h.seats("console-a", "console-b", "console-c")
	r := h.reported(1, net119, "N-1")
	h.must(h.Claim(ctx(h), yamada, r.ID))
	wantKey(t, h.Offer(ctx(h), yamada, r.ID, "console-x"), fault.Invalid, "offer.nobody")
	h.must(h.Offer(ctx(h), yamada, r.ID, "console-b"))
	wantKey(t, h.AcceptOffer(ctx(h), at("console-c", "tanaka"), r.ID), fault.Conflict, "offer.none")
	h.must(h.RefuseOffer(ctx(h), suzuki, r.ID))
	if got := h.report("N-1"); got.Offer.Refused != "console-b" || got.Claim.Person != "yamada" {
		t.Errorf("offer = %+v", got.Offer)
	}
	h.must(h.Offer(ctx(h), yamada, r.ID, report.ToAll))
	h.must(h.AcceptOffer(ctx(h), at("console-c", "tanaka"), r.ID))
	wantKey(t, h.AcceptOffer(ctx(h), suzuki, r.ID), fault.Conflict, "offer.none")
	var acts []string
	for _, e := range h.history("report/" + r.ID) {
		acts = append(acts, e.Act+" "+e.Actor.Person)
	}
	want := []string{"report.arrive ", "report.claim yamada", "claim.offer yamada", "claim.refuse suzuki", "claim.offer yamada", "claim.accept tanaka"}
	if diff := cmp.Diff(want, acts); diff != "" {
		t.Errorf("the log says:\n%s", diff)
	}
}

// AC-06: nothing disappears without a named person and a time.
func TestMissedPanel(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	h.pass(time.Minute)
	h.must(h.Wake(ctx(h), act.Timer(), r.ID))
	h.must(h.Claim(ctx(h), yamada, r.ID))
	h.must(h.Close(ctx(h), yamada, r.ID, report.NoAnswer, ""))
	open, err := h.store.Panel().MissedOpen(ctx(h), 10)
	h.must(err)
	want := []report.Cause{report.MissedUnheard, report.MissedEscalated, report.MissedSilent, report.MissedNoAnswer}
	if len(open) != 1 || !slices.Equal(open[0].Causes, want) {
		t.Fatalf("panel = %+v", open)
	}
	wantKey(t, h.AcknowledgeMissed(ctx(h), suzuki, open[0].ID, "", ""), fault.Invalid, "missed.outcome-missing")
	h.must(h.AcknowledgeMissed(ctx(h), suzuki, open[0].ID, report.CalledBack, "CANARY 折返し済み"))
	wantKey(t, h.AcknowledgeMissed(ctx(h), yamada, open[0].ID, report.NotNeeded, ""), fault.Conflict, "missed.done")
	if n, err := h.store.Panel().CountMissed(ctx(h)); n != 0 || err != nil {
		t.Errorf("%d on the panel, %v", n, err)
	}
	done, err := h.store.Panel().MissedDone(ctx(h), noon, noon.Add(time.Hour))
	if err != nil || len(done) != 1 || done[0].Done.Person != "suzuki" || done[0].Done.At.IsZero() || done[0].Note != "CANARY 折返し済み" {
		t.Errorf("acknowledged = %+v, %v", done, err)
	}
	if e := h.last("report/" + r.ID); e.Act != string(act.MissedAcknowledge) || e.Facts["outcome"] != report.CalledBack {
		t.Errorf("entry = %+v", e)
	}
	if h.onDisk("CANARY") {
		t.Error("a note stands in clear in the database")
	}
	h.arrive(h.wire(2, net119, stdif.Actual, stdif.Inbound{Report: words("N-2", 1)}))
	h.arrive(h.wire(3, net119, stdif.Actual, stdif.Inbound{State: &stdif.ReportState{ReportID: "N-2", State: stdif.ServiceEnded, At: noon}}))
	if open, err = h.store.Panel().MissedOpen(ctx(h), 10); err != nil || len(open) != 1 || !slices.Equal(open[0].Causes, []report.Cause{report.MissedEnded}) {
		t.Errorf("panel = %+v, %v", open, err)
	}
}

// AC-28: raised by a person, numbered among the actual ones, counted once, and
// the service's revisions still belong to it.
func TestRaise(t *testing.T) {
	h := newHouse(t, "")
	h.arrive(h.wire(1, net119, stdif.Exercise, stdif.Inbound{Report: words("N-1", 1)}))
	r := h.report("N-1")
	h.must(h.Claim(ctx(h), yamada, r.ID))
	h.delivered(terminal1)
	wantKey(t, h.Raise(ctx(h), yamada, r.ID, "", ""), fault.Invalid, "raise.reason-missing")
	h.must(h.Raise(ctx(h), suzuki, r.ID, report.Real, ""))
	wantKey(t, h.Raise(ctx(h), suzuki, r.ID, report.Real, ""), fault.Conflict, "raise.actual")
	n := h.report("N-1")
	if !n.Unclaimed() || n.Effective() != stdif.Actual || n.Mode != stdif.Exercise || n.Number != "0401-0001" || n.Raised.Number != "E0401-0001" {
		t.Errorf("report = %+v", n)
	}
	if diff := cmp.Diff([]string{"release", "ring"}, h.said(terminal1)); diff != "" {
		t.Errorf("told:\n%s", diff)
	}
	h.arrive(h.wire(2, net119, stdif.Exercise, stdif.Inbound{Report: words("N-1", 2)}))
	if n = h.report("N-1"); n.Revision != 2 || n.Effective() != stdif.Actual {
		t.Errorf("after a revision: %+v", n)
	}
	if e := h.last("report/" + r.ID); e.Mode != string(stdif.Actual) {
		t.Errorf("logged in mode %q", e.Mode)
	}
	if stored, _, err := h.store.Reports().Counts(ctx(h)); stored != 1 || err != nil {
		t.Errorf("%d reports are counted, %v", stored, err)
	}
	if other := h.reported(3, net119, "N-2"); other.Number != "0401-0002" {
		t.Errorf("the next actual one is %s", other.Number)
	}
}

// A shift begins with a sound that was heard, or a reason; it ends with a note
// that the next person confirms, and the claims go along.
func TestShift(t *testing.T) {
	h := newHouse(t, "")
	h.seats("console-a", "console-b")
	wantKey(t, h.QuietShift(ctx(h), yamada, 50), fault.Conflict, "shift.none")
	wantKey(t, h.BeginShift(ctx(h), yamada, console.SoundUnproved, ""), fault.Invalid, "shift.reason-missing")
	h.must(h.BeginShift(ctx(h), yamada, console.SoundUnproved, console.NoDevice))
	h.must(h.BeginShift(ctx(h), yamada, console.SoundProved, ""))
	wantKey(t, h.QuietShift(ctx(h), yamada, 0), fault.Invalid, "shift.volume")
	h.must(h.QuietShift(ctx(h), yamada, console.VolumeFloor))
	if e := h.last("console/console-a"); e.Act != string(act.ShiftVolume) || e.Actor.Person != "yamada" || e.Facts["volume"] != "30" {
		t.Errorf("entry = %+v", e)
	}
	first, second := h.reported(1, net119, "N-1"), h.reported(2, net119, "N-2")
	h.must(h.Claim(ctx(h), yamada, first.ID))
	h.must(h.Claim(ctx(h), suzuki, second.ID))
	id, err := h.HandOver(ctx(h), yamada, "console-b", "CANARY 引継ぎ")
	h.must(err)
	if shifts, err := h.store.Shifts().Shifts(ctx(h)); err != nil || len(shifts) != 0 {
		t.Errorf("still on duty: %+v, %v", shifts, err)
	}
	wantKey(t, h.TakeHandOver(ctx(h), yamada, id), fault.Denied, "handover.elsewhere")
	waiting, err := h.store.Shifts().HandOvers(ctx(h), "console-b")
	if err != nil || len(waiting) != 1 || waiting[0].Note != "CANARY 引継ぎ" || waiting[0].Person != "yamada" {
		t.Fatalf("waiting = %+v, %v", waiting, err)
	}
	h.must(h.TakeHandOver(ctx(h), suzuki, id))
	h.must(h.TakeHandOver(ctx(h), suzuki, id)) // pressed twice
	wantKey(t, h.TakeHandOver(ctx(h), at("console-b", "tanaka"), id), fault.Conflict, "handover.taken")
	if got := h.report("N-1"); got.Claim.By != (report.By{Console: "console-b", Person: "suzuki"}) || !got.Before.Handed {
		t.Errorf("claim = %+v, %+v", got.Claim, got.Before)
	}
	if e := h.last("report/" + first.ID); e.Act != string(act.ClaimPass) || e.Facts["fromPerson"] != "yamada" || e.Facts["handover"] != id {
		t.Errorf("entry = %+v", e)
	}
	if h.onDisk("CANARY") {
		t.Error("a note stands in clear in the database")
	}
}

// AC-27: what was taken down on paper enters with its own times, and never rings.
func TestEnterFromPaper(t *testing.T) {
	h := newHouse(t, "")
	e := act.Entry{Received: noon.Add(-2 * time.Hour), Outcome: report.Handled, Note: "CANARY 搬送済み", Report: stdif.Report{
		EventTime: noon.Add(-3 * time.Hour), Kind: stdif.IncidentType{Code: "ems"}, Text: "CANARY-TEXT",
		Subscriber: &stdif.SubscriberInfo{Phone: "+81 90-1234-5678"},
	}}
	id, err := h.Enter(ctx(h), yamada, e)
	h.must(err)
	r, err := h.store.Reports().Report(ctx(h), id)
	if err != nil || r.State != report.Closed || !r.Late || r.Entered.Person != "yamada" || !r.ReceivedAt.Equal(e.Received) || !r.EventAt.Equal(e.Report.EventTime) || r.Number != "0401-0001" {
		t.Errorf("report = %+v, %v", r, err)
	}
	if r.Step != stdif.Seen || len(h.said(terminal1)) != 0 {
		t.Errorf("step %s, told %v", r.Step, h.said(terminal1))
	}
	found, err := h.store.Reports().ByPhone(ctx(h), h.store.PhoneIndex("09012345678"), 10)
	if err != nil || len(found) != 1 {
		t.Errorf("by telephone: %v, %v", found, err)
	}
	if got := h.last("report/" + id); got.Facts["eventAt"] == "" || got.Facts["receivedAt"] == "" || got.Actor.Person != "yamada" {
		t.Errorf("entry = %+v", got)
	}
	if h.onDisk("CANARY") {
		t.Error("words stand in clear in the database")
	}
	e.Outcome = "" // still being worked on: on the board, held by whoever entered it
	id, err = h.Enter(ctx(h), yamada, e)
	h.must(err)
	h.must(h.Close(ctx(h), yamada, id, report.Handled, ""))
	wantKey(t, h.Say(ctx(h), yamada, id, "l", "はい"), fault.Unsupported, "chat.undecodable")
}

// A ring that no console confirmed goes to every terminal: the one that holds
// the report by its name, the others by number and kind; and ends with the ring.
func TestRingsEverywhere(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	h.pass(6 * time.Second)
	h.must(h.Wake(ctx(h), act.Timer(), r.ID))
	in := h.inputs("t-02")
	if len(in) != 1 || in[0].ServiceID != stdif.Elsewhere || in[0].ReportID != r.Number || in[0].Kind != stdif.KindOther || in[0].Reason != stdif.RingUnheard {
		t.Errorf("the other terminal is told %+v", in)
	}
	h.must(h.Painted(ctx(h), yamada, r.ID))
	if in = h.inputs("t-02"); len(in) != 2 || in[1].Reason != stdif.RingHeard {
		t.Errorf("after a console showed it: %+v", in)
	}
	if diff := cmp.Diff([]string{"ring", "ack integrated r1"}, h.said(terminal1)); diff != "" {
		t.Errorf("the terminal that holds it:\n%s", diff)
	}
}

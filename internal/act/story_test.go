package act_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
)

// The main line on both engines: what happens, what the log says about it, and
// what the service is told, in order.
func TestLifeOfAReport(t *testing.T) {
	for name, dsn := range map[string]string{"sqlite": "", "postgres": server.Database(t)} {
		t.Run(name, func(t *testing.T) { life(t, newHouse(t, dsn)) })
	}
}

func life(t *testing.T, h *house) {
	r := h.reported(1, net119, "N-1")
	h.must(h.Painted(ctx(h), yamada, r.ID))
	h.must(h.Painted(ctx(h), at("console-b", "suzuki"), r.ID))
	h.must(h.Open(ctx(h), yamada, r.ID))
	h.must(h.Claim(ctx(h), yamada, r.ID))
	h.must(h.Claim(ctx(h), yamada, r.ID)) // pressed twice
	wantKey(t, h.Claim(ctx(h), at("console-b", "suzuki"), r.ID), fault.Conflict, "claim.held")
	h.must(h.Say(ctx(h), yamada, r.ID, "line-1", "救急車が向かっています"))
	h.must(h.Say(ctx(h), yamada, r.ID, "line-1", "救急車が向かっています"))
	h.must(h.Release(ctx(h), yamada, r.ID))
	h.must(h.Close(ctx(h), at("console-b", "suzuki"), r.ID, report.Handled, "搬送済み"))

	told := []string{"ack integrated r1", "ack seen r1", "accept", "message", "release", "close"}
	if diff := cmp.Diff(told, h.said(terminal1)); diff != "" {
		t.Errorf("the service is told:\n%s", diff)
	}
	type line struct{ Act, Person, Console, Terminal, Service, System string }
	var got []line
	for _, e := range h.history("report/" + r.ID) {
		got = append(got, line{e.Act, e.Actor.Person, e.Actor.Console, e.Actor.Terminal, e.Actor.Service, e.Actor.System})
		if e.Mode != string(stdif.Actual) {
			t.Errorf("%s in mode %q", e.Act, e.Mode)
		}
	}
	want := []line{
		{"report.arrive", "", "", terminal1, net119, "gateway"},
		{"report.integrate", "yamada", "console-a", "", "", ""},
		{"report.open", "yamada", "console-a", "", "", ""},
		{"report.claim", "yamada", "console-a", "", "", ""},
		{"chat.send", "yamada", "console-a", "", "", ""},
		{"report.release", "yamada", "console-a", "", "", ""},
		{"report.close", "suzuki", "console-b", "", "", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log says:\n%s", diff)
	}
	h.delivered(terminal1)
	lines, err := h.store.Content().Chat(ctx(h), r.ID)
	h.must(err)
	if len(lines) != 1 || lines[0].Delivery != report.LineTerminal || lines[0].By.Person != "yamada" {
		t.Errorf("lines = %+v", lines)
	}
	if e := h.last("terminal/" + terminal1); e.Act != string(act.MessageDeliver) || e.Facts["count"] != "6" || e.Facts["refused"] != "0" {
		t.Errorf("entry of the delivery = %+v", e)
	}
}

// Whoever claims or closes without opening first has seen it: the service is
// told the steps first, then what was done.
func TestStepsComeFirst(t *testing.T) {
	h := newHouse(t, "")
	for i, tt := range []struct {
		do   func(id string) error
		want string
	}{
		{func(id string) error { return h.Claim(ctx(h), yamada, id) }, "accept"},
		{func(id string) error { return h.Say(ctx(h), yamada, id, "l", "はい") }, "message"},
		{func(id string) error { return h.Close(ctx(h), yamada, id, report.Handled, "") }, "close"},
	} {
		r := h.reported(int64(i+1), net119, "N-"+tt.want)
		h.must(tt.do(r.ID))
		if diff := cmp.Diff([]string{"ack integrated r1", "ack seen r1", tt.want}, h.said(terminal1)); diff != "" {
			t.Errorf("%s:\n%s", tt.want, diff)
		}
		h.delivered(terminal1)
	}
}

// Only a person's act says seen: painting and time never do.
func TestSeenOnlyByAPerson(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	h.must(h.Painted(ctx(h), yamada, r.ID))
	h.pass(time.Hour)
	h.must(h.Wake(ctx(h), act.Timer(), r.ID))
	if got := h.report("N-1"); got.Step != stdif.Integrated {
		t.Errorf("step = %s", got.Step)
	}
	for _, who := range []act.Who{
		act.Gateway(), act.Timer(), act.CommandLine(),
		{Principal: authz.OfConsole("console-a"), Console: "console-a"},
		{Principal: authz.Principal{Kind: authz.KindPerson, ID: "yamada", Roles: []staff.Role{staff.Dispatcher}}},
	} {
		for name, do := range map[string]func(context.Context, act.Who, string) error{"open": h.Open, "claim": h.Claim, "paint": h.Painted} {
			if err := do(ctx(h), who, r.ID); err == nil {
				t.Errorf("%s by %s at %q was allowed", name, who.Kind, who.Console)
			}
		}
	}
	h.must(h.Open(ctx(h), yamada, r.ID))
	if got := h.report("N-1"); got.Step != stdif.Seen {
		t.Errorf("step after opening = %s", got.Step)
	}
}

// S3-1-3-1: an output-only service takes no words; the steps and the ring, which
// the terminal keeps, go out all the same.
func TestOutputOnly(t *testing.T) {
	duty(t, "S3-1-3-1")
	h := newHouse(t, "")
	r := h.reported(1, aacn, "A-1")
	wantKey(t, h.Say(ctx(h), yamada, r.ID, "l", "はい"), fault.Unsupported, "terminal.output-only")
	if said := h.said(terminal1); len(said) != 0 {
		t.Errorf("told %v after a refusal", said)
	}
	h.pass(6 * time.Second)
	h.must(h.Wake(ctx(h), act.Timer(), r.ID))
	h.must(h.Open(ctx(h), yamada, r.ID))
	if diff := cmp.Diff([]string{"ring", "ack integrated r1", "ack seen r1"}, h.said(terminal1)); diff != "" {
		t.Errorf("told:\n%s", diff)
	}
	other := h.reported(2, net119, "N-1")
	h.must(h.Say(ctx(h), yamada, other.ID, "l", "はい")) // the service beside it takes input
}

// S3-1-3-2: data may be asked for while nothing happens, in a call and after it.
func TestDataRequestAtAnyTime(t *testing.T) {
	duty(t, "S3-1-3-2")
	h := newHouse(t, "")
	ask := func(r report.Report) {
		t.Helper()
		id, err := h.RequestReport(ctx(h), yamada, r.ID)
		h.must(err)
		requests, err := h.store.Content().Requests(ctx(h), r.ID)
		h.must(err)
		q := requests[len(requests)-1]
		if q.ID != id || q.Service != net119 || q.Terminal != terminal1 || !q.AnsweredAt.IsZero() || q.By.Person != "yamada" {
			t.Errorf("request = %+v", q)
		}
		h.must(h.Answer(ctx(h), act.Gateway(), id, 1, 0))
		h.must(h.Answer(ctx(h), act.Gateway(), id, 7, stdif.CodeInternal)) // once
		requests, err = h.store.Content().Requests(ctx(h), r.ID)
		h.must(err)
		if q := requests[len(requests)-1]; q.AnsweredAt.IsZero() || q.Count != 1 || q.Problem != 0 {
			t.Errorf("answered = %+v", q)
		}
	}
	id, err := h.RequestTerminal(ctx(h), yamada, terminal1) // idle: no report at all
	h.must(err)
	if diff := cmp.Diff([]string{act.MessageRequest}, h.said(terminal1)); diff != "" {
		t.Errorf("asked:\n%s", diff)
	}
	h.must(h.Answer(ctx(h), act.Gateway(), id, 0, stdif.CodeUnknownReport))
	if said := h.said(terminal1); len(said) != 0 {
		t.Errorf("an answered request waits still: %v", said)
	}
	r := h.reported(1, net119, "N-1")
	ask(r)
	h.must(h.Claim(ctx(h), yamada, r.ID))
	ask(h.report("N-1"))
	h.must(h.Close(ctx(h), yamada, r.ID, report.Handled, ""))
	ask(h.report("N-1"))

	_, err = h.RequestTerminal(ctx(h), yamada, "t-99")
	wantKey(t, err, fault.NotFound, "terminal.unknown")
	h.must(h.RevokeTerminal(ctx(h), act.CommandLine(), "t-02"))
	_, err = h.RequestTerminal(ctx(h), yamada, "t-02")
	wantKey(t, err, fault.NotFound, "terminal.unknown")
}

// A ring that no console confirms rings every terminal's own page and the
// house's bell; a revoked terminal is none.
func TestUnheardRingsElsewhere(t *testing.T) {
	h := newHouse(t, "")
	h.enrol("t-03")
	h.must(h.RevokeTerminal(ctx(h), act.CommandLine(), "t-03"))
	r := h.reported(1, net119, "N-1")
	h.must(h.Wake(ctx(h), act.Timer(), r.ID)) // nothing is due yet
	h.pass(5 * time.Second)
	h.must(h.Wake(ctx(h), act.Timer(), r.ID))
	h.must(h.Wake(ctx(h), act.Timer(), r.ID)) // once
	for id, want := range map[string][]string{terminal1: {"ring"}, "t-02": {"ring"}, "t-03": {}} {
		if diff := cmp.Diff(want, h.said(id)); diff != "" {
			t.Errorf("%s:\n%s", id, diff)
		}
	}
	alarms, err := h.store.Undelivered(ctx(h), act.AlarmDestination, 10)
	h.must(err)
	if len(alarms) != 1 || !strings.Contains(string(alarms[0].Body), r.Number) || strings.Contains(string(alarms[0].Body), "助けて") {
		t.Errorf("alarms = %s", alarms)
	}
	if e := h.last("report/" + r.ID); e.Act != string(act.ReportUnheard) || e.Actor.System != "wake" {
		t.Errorf("entry = %+v", e)
	}
}

// What fell due while the server was down happens at once, each with its entry.
func TestWakeAfterAnOutage(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	h.pass(time.Hour)
	h.must(h.Wake(ctx(h), act.Timer(), r.ID))
	var acts []string
	for _, e := range h.history("report/" + r.ID)[1:] {
		acts = append(acts, strings.TrimSpace(e.Act+" "+e.Facts["level"]))
	}
	if diff := cmp.Diff([]string{"report.unheard", "report.escalate 1", "report.escalate 2", "report.stale"}, acts); diff != "" {
		t.Errorf("%s", diff)
	}
	h.must(h.Wake(ctx(h), act.Timer(), "no-such-report"))
}

func TestClockSetBack(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	h.pass(-2 * time.Hour)
	ids, err := h.store.Reports().FromFuture(ctx(h), h.store.Now())
	h.must(err)
	if diff := cmp.Diff([]string{r.ID}, ids); diff != "" {
		t.Fatalf("from the future:\n%s", diff)
	}
	h.must(h.SetBack(ctx(h), act.Timer(), r.ID))
	if n := h.report("N-1"); n.Due.After(h.store.Now().Add(report.UnheardAfter)) {
		t.Errorf("due %s at %s", n.Due, h.store.Now())
	}
	if e := h.last("report/" + r.ID); e.Act != string(act.ReportClock) {
		t.Errorf("entry = %+v", e)
	}
	before := len(h.history("report/" + r.ID))
	h.must(h.SetBack(ctx(h), act.Timer(), r.ID))
	if after := len(h.history("report/" + r.ID)); after != before {
		t.Error("mending what is mended leaves an entry")
	}
}

// A line that the terminal refuses is marked so; one whose message cannot be
// read any more leaves the outbox instead of standing there for ever.
func TestDeliver(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	h.must(h.Say(ctx(h), yamada, r.ID, "l1", "一"))
	h.must(h.Say(ctx(h), yamada, r.ID, "l2", "二"))
	waiting, err := h.store.Undelivered(ctx(h), "terminal/"+terminal1, 10)
	h.must(err)
	var done []act.Delivered
	for _, m := range waiting {
		switch {
		case m.Kind != string(stdif.VerbMessage):
			done = append(done, act.Delivered{Message: m})
		case len(done) == 2: // behind the two steps: the first line
			done = append(done, act.Delivered{Message: m, Problem: stdif.CodeOutputOnly})
		default:
			m.Body = nil
			done = append(done, act.Delivered{Message: m, Problem: stdif.CodeInternal})
		}
	}
	h.must(h.Deliver(ctx(h), act.Gateway(), "terminal/"+terminal1, done))
	if said := h.said(terminal1); len(said) != 0 {
		t.Errorf("waits still: %v", said)
	}
	lines, err := h.store.Content().Chat(ctx(h), r.ID)
	h.must(err)
	got := map[string]string{}
	for _, l := range lines {
		got[l.ID] = l.Delivery
	}
	if diff := cmp.Diff(map[string]string{"l1": report.LineRefused, "l2": report.LineSent}, got); diff != "" {
		t.Errorf("deliveries:\n%s", diff)
	}
	before := h.head()
	h.must(h.Deliver(ctx(h), act.Gateway(), "terminal/"+terminal1, done)) // told twice
	if h.head() != before {
		t.Error("a delivery that is told twice changes something")
	}
}

func TestWordsThatAreNone(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	for _, tt := range []struct {
		id, text string
		kind     fault.Kind
		key      string
	}{
		{"l", "", fault.Invalid, "chat.empty"},
		{"l", "\x00\x07", fault.Invalid, "chat.empty"},
		{"l", strings.Repeat("長", stdif.MaxText+1), fault.TooLarge, "chat.too-long"},
		{"", "はい", fault.Invalid, "input.invalid"},
		{strings.Repeat("x", stdif.MaxID+1), "はい", fault.Invalid, "input.invalid"},
	} {
		wantKey(t, h.Say(ctx(h), yamada, r.ID, tt.id, tt.text), tt.kind, tt.key)
	}
	wantKey(t, h.Close(ctx(h), yamada, r.ID, report.Handled, strings.Repeat("長", report.MaxCloseNote+1)), fault.TooLarge, "close.note-too-long")
	wantKey(t, h.Open(ctx(h), yamada, "no-such-report"), fault.NotFound, "report.unknown")
}

// The link of a terminal, its services and its certificates.
func TestTerminalStories(t *testing.T) {
	h := newHouse(t, "")
	h.must(h.Link(ctx(h), act.Gateway(), terminal.Link{TerminalID: terminal1, State: terminal.Down, Since: h.store.Now(), Tries: 1, Problem: stdif.CodeIdentity}))
	if e := h.last("terminal/" + terminal1); e.Act != string(act.TerminalLink) || e.Facts["state"] != "down" || e.Facts["code"] != "102" {
		t.Errorf("entry = %+v", e)
	}
	before := h.head()
	h.must(h.Services(ctx(h), act.Gateway(), terminal1, []terminal.Service{{ID: aacn, Name: "AACN", OutputOnly: true}, {ID: net119, Name: "Net119"}}))
	if h.head() != before {
		t.Error("the same services in another order are a change")
	}
	h.must(h.Services(ctx(h), act.Gateway(), terminal1, []terminal.Service{{ID: net119, Name: "Net119", OutputOnly: true}}))
	h.must(h.Renew(ctx(h), act.Gateway(), terminal1, "a1", "a2"))
	got, err := h.store.Terminals().Terminal(ctx(h), terminal1)
	h.must(err)
	if len(got.Services) != 1 || !got.Services[0].OutputOnly || !got.Admits("a1") || !got.Admits("a2") {
		t.Errorf("terminal = %+v", got)
	}
	h.must(h.RevokeTerminal(ctx(h), act.CommandLine(), terminal1))
	if got, err = h.store.Terminals().Terminal(ctx(h), terminal1); err != nil || got.Admits("a2") {
		t.Errorf("a revoked terminal is admitted: %+v, %v", got, err)
	}
	if e := h.last("terminal/" + terminal1); e.Act != string(act.TerminalRevoke) || e.Actor.System != "command-line" {
		t.Errorf("entry = %+v", e)
	}
}

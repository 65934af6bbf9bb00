package spool

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// clock is the monotonic clock of a test's spool.
type clock struct{ µs atomic.Int64 }

func (c *clock) elapsed() time.Duration { return time.Duration(c.µs.Load()) * time.Microsecond }
func (c *clock) pass(d time.Duration)   { c.µs.Add(d.Microseconds()) }

func open(t testing.TB, dir string, c *clock) *Spool {
	t.Helper()
	o := Options{Dir: dir, Terminal: "t-01", Reserve: 1 << 16}
	if c != nil {
		o.Elapsed = c.elapsed
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return s
}

func start(t testing.TB) *Spool {
	t.Helper()
	s := open(t, t.TempDir(), nil)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

var eventTime = time.Date(2026, 4, 1, 9, 11, 58, 0, time.FixedZone("JST", 9*3600))

func report(id string, revision int64) *stdif.Report {
	return &stdif.Report{ID: id, Revision: revision, EventTime: eventTime, Kind: stdif.IncidentType{Code: stdif.KindEMS, Label: "救急"}, Text: "息が苦しい"}
}

func take(t testing.TB, s *Spool, in Intake) Taken {
	t.Helper()
	if in.Service == "" {
		in.Service = "net119.example"
	}
	out, err := s.Take(context.Background(), in)
	if err != nil {
		t.Fatalf("Take: %v", err)
	}
	return out
}

func taken(t testing.TB, s *Spool, in Intake) Taken {
	t.Helper()
	out := take(t, s, in)
	if out.Problem != nil {
		t.Fatalf("Take: %v", out.Problem)
	}
	return out
}

func actual(r *stdif.Report) Intake {
	return Intake{Mode: stdif.Actual, Inbound: stdif.Inbound{Report: r}}
}

func find(t testing.TB, s *Spool, id string) Report {
	t.Helper()
	r, known, err := s.Report(t.Context(), "net119.example", id)
	if err != nil || !known {
		t.Fatalf("Report(%s): known %v, %v", id, known, err)
	}
	return r
}

// wantSound fails when the product's own verifier finds anything.
func wantSound(t testing.TB, dir string) {
	t.Helper()
	r, err := Verify(context.Background(), dir)
	if err != nil || !r.OK() {
		t.Fatalf("Verify: %v, findings %v", err, r.Findings)
	}
}

func TestTake(t *testing.T) {
	s := start(t)
	first := taken(t, s, actual(report("N-1", 1)))
	second := taken(t, s, actual(report("N-2", 1)))
	if first.Seq != 1 || second.Seq != 2 {
		t.Fatalf("numbers = %d, %d, want 1, 2", first.Seq, second.Seq)
	}
	changed := report("N-1", 1)
	changed.Text = "別の内容"
	other := actual(report("N-1", 2))
	other.Mode = stdif.Exercise
	none := actual(report("N-3", 1))
	none.Mode = ""
	chat := func(report, id, text string) Intake {
		return Intake{Inbound: stdif.Inbound{Chat: &stdif.ChatMessage{ID: id, ReportID: report, From: stdif.FromCaller, At: eventTime, Text: text}}}
	}
	for _, step := range []struct {
		name   string
		in     Intake
		seq    int64
		repeat bool
		code   stdif.Code
	}{
		{name: "the same again", in: actual(report("N-1", 1)), seq: 1, repeat: true},
		{name: "same revision, other content", in: actual(changed), code: stdif.CodeStaleRevision},
		{name: "another mode", in: other, code: stdif.CodeMode},
		{name: "no mode", in: none, code: stdif.CodeMode},
		{name: "a later revision", in: actual(report("N-1", 3)), seq: 3},
		{name: "a repeat of the earlier one", in: actual(report("N-1", 1)), seq: 1, repeat: true},
		{name: "one between, too late", in: actual(report("N-1", 2)), code: stdif.CodeStaleRevision},
		{name: "chat", in: chat("N-1", "c1", "はい"), seq: 4},
		{name: "the chat again", in: chat("N-1", "c1", "はい"), seq: 4, repeat: true},
		{name: "same chat id, other words", in: chat("N-1", "c1", "いいえ"), code: stdif.CodeStaleRevision},
		{name: "the same id in another report is another line", in: chat("N-2", "c1", "いいえ"), seq: 5},
		{name: "chat of no report", in: chat("N-9", "c1", "はい"), code: stdif.CodeUnknownReport},
	} {
		out := take(t, s, step.in)
		var code stdif.Code
		if out.Problem != nil {
			code = out.Problem.Code
		}
		if code != step.code || out.Repeat != step.repeat || step.code == 0 && out.Seq != step.seq {
			t.Errorf("%s: seq %d repeat %v problem %v, want seq %d repeat %v code %d", step.name, out.Seq, out.Repeat, out.Problem, step.seq, step.repeat, step.code)
		}
	}
	if r := find(t, s, "N-1"); r.Revision != 3 || r.Step != stdif.Spooled || r.Mode != stdif.Actual {
		t.Errorf("report = %+v", r)
	}
	if got, want := s.Through(), int64(5); got != want || s.Pending() != want {
		t.Errorf("through %d pending %d, want %d", got, s.Pending(), want)
	}
	wantSound(t, s.dir)
}

func TestFramesComeBackWhole(t *testing.T) {
	s := start(t)
	r := report("N-1", 1)
	r.Medical = &stdif.Medical{Conditions: []string{"喘息"}}
	taken(t, s, actual(r))
	frames, err := s.Frames(t.Context(), 1, 9, 9)
	if err != nil || len(frames) != 1 {
		t.Fatalf("Frames = %d, %v", len(frames), err)
	}
	wire, err := open1.Encode(frames[0])
	if err != nil {
		t.Fatal(err)
	}
	f, p := open1.Decode(wire)
	if p != nil {
		t.Fatal(p)
	}
	in, _, p := open1.DecodeBody(f)
	if p != nil || in.Report.Medical.Conditions[0] != "喘息" || in.Report.Text != r.Text {
		t.Fatalf("body = %+v, %v", in.Report, p)
	}
	if f.Spool != s.ID() || f.Seq != 1 || f.TerminalID != "t-01" || f.ServiceID != "net119.example" || f.MsgID == "" {
		t.Errorf("envelope = %+v", f)
	}
}

// Nothing of a caller stands readable in the directory.
func TestNothingInClear(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	r := report("N-1", 1)
	r.Subscriber = &stdif.SubscriberInfo{Name: "REIJI HANAKO", Phone: "+819000000000"}
	taken(t, s, actual(r))
	upload(t, s, "m1", []byte("\xff\xd8\xff not a real picture, but words to look for"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	eachFile(t, dir, func(name string, content []byte) {
		for _, word := range []string{"HANAKO", "+8190", "息が苦しい", "words to look for"} {
			if contains(content, word) {
				t.Errorf("%s holds %q", name, word)
			}
		}
	})
}

func TestUndecodable(t *testing.T) {
	s := start(t)
	raw := func(text, id string) Intake {
		return Intake{Inbound: stdif.Inbound{Raw: &stdif.Undecodable{ReportID: id, Raw: stdif.Raw{MIME: "application/json", Bytes: []byte(text)},
			Problem: *stdif.Problemf(stdif.CodeSyntax, "byte 1", "not JSON")}}}
	}
	one := taken(t, s, raw("{", ""))
	again := taken(t, s, raw("{", ""))
	if !again.Repeat || again.ReportID != one.ReportID {
		t.Errorf("the same bytes at once = %+v, want a repeat of %s", again, one.ReportID)
	}
	two := taken(t, s, raw("}", ""))
	if two.Repeat || two.ReportID == one.ReportID {
		t.Errorf("other bytes = %+v, want a report of their own", two)
	}
	if r := find(t, s, one.ReportID); !r.Undecodable || r.Mode != stdif.Actual || r.Problem.Code != stdif.CodeSyntax {
		t.Errorf("report = %+v", r)
	}
	// A revision that cannot be read belongs to its report and does not replace
	// what was understood.
	taken(t, s, actual(report("N-1", 1)))
	taken(t, s, raw("{broken", "N-1"))
	r := find(t, s, "N-1")
	body, und, err := s.Body(t.Context(), r)
	if err != nil || !r.Undecodable || r.Revision != 1 || body == nil || und == nil || string(und.Raw.Bytes) != "{broken" {
		t.Errorf("report = %+v, body %v, undecodable %v, %v", r, body, und, err)
	}
	// Nor does it take back how far that revision has come.
	if _, err := s.Acknowledge(t.Context(), s.ID(), []open1.Range{{From: 1, To: s.Through() - 1}}, nil); err != nil {
		t.Fatal(err)
	}
	if r := find(t, s, "N-1"); r.Step != stdif.Received {
		t.Errorf("step of what was understood = %s, want received", r.Step)
	}
	// The next good revision heals it.
	taken(t, s, actual(report("N-1", 2)))
	if r := find(t, s, "N-1"); r.Undecodable || r.Problem != nil || r.Revision != 2 {
		t.Errorf("after a good revision: %+v", r)
	}
}

func TestStates(t *testing.T) {
	s := start(t)
	taken(t, s, actual(report("N-1", 1)))
	state := func(v stdif.ServiceState, at time.Time) Intake {
		return Intake{Inbound: stdif.Inbound{State: &stdif.ReportState{ReportID: "N-1", State: v, At: at}}}
	}
	beat := taken(t, s, state(stdif.ServiceActive, eventTime))
	if next := taken(t, s, state(stdif.ServiceActive, eventTime.Add(10*time.Second))); !next.Repeat || next.Seq != beat.Seq {
		t.Errorf("a heartbeat while one waits = %+v, want it folded into %d", next, beat.Seq)
	}
	acknowledge(t, s, 1, beat.Seq)
	if next := taken(t, s, state(stdif.ServiceActive, eventTime.Add(20*time.Second))); next.Repeat {
		t.Errorf("a heartbeat after the last was acknowledged was folded: %+v", next)
	}
	taken(t, s, state(stdif.ServiceEnded, eventTime))
	if r := find(t, s, "N-1"); !r.Ended || r.Closed {
		t.Errorf("ended: %+v, want ended and still open (the system never closes)", r)
	}
	taken(t, s, state(stdif.ServiceHandledHere, eventTime))
	if r := find(t, s, "N-1"); !r.HandledAlone || !r.Closed {
		t.Errorf("handled alone: %+v", r)
	}
	taken(t, s, actual(report("N-1", 2)))
	if r := find(t, s, "N-1"); r.Closed || r.HandledAlone {
		t.Errorf("a new revision of a closed report: %+v, want it open again", r)
	}
}

func TestReopenKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	for i := range 5 {
		taken(t, s, actual(report(fmt.Sprintf("N-%d", i), 1)))
	}
	acknowledge(t, s, 2, 3)
	id := s.ID()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, nil)
	defer s.Close()
	if s.ID() != id || s.Through() != 5 || s.Pending() != 3 {
		t.Errorf("after opening again: id %s through %d pending %d", s.ID(), s.Through(), s.Pending())
	}
	if out := taken(t, s, actual(report("N-9", 1))); out.Seq != 6 {
		t.Errorf("next number = %d, want 6", out.Seq)
	}
}

func acknowledge(t testing.TB, s *Spool, from, to int64) {
	t.Helper()
	if _, err := s.Acknowledge(context.Background(), s.ID(), []open1.Range{{From: from, To: to}}, nil); err != nil {
		t.Fatalf("Acknowledge: %v", err)
	}
}

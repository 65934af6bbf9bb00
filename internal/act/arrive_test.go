package act_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// The same frame again, whatever its kind, changes nothing: not a row, not an
// entry, not a change.
func TestSameFrameTwice(t *testing.T) {
	h := newHouse(t, "")
	raw := h.wire(9, net119, stdif.Actual, stdif.Inbound{Raw: &stdif.Undecodable{
		Raw:     stdif.Raw{MIME: "text/plain", Bytes: []byte("???")},
		Problem: stdif.Problem{Code: stdif.CodeSyntax},
	}})
	torn := h.wire(10, net119, stdif.Actual, stdif.Inbound{Report: words("N-9", 1)})
	torn.Wire, torn.Problem, torn.Inbound = torn.Wire[:40], &stdif.Problem{Code: stdif.CodeSyntax}, stdif.Inbound{}
	messages := []act.Incoming{
		h.wire(1, net119, stdif.Actual, stdif.Inbound{Report: words("N-1", 1)}),
		h.wire(2, net119, stdif.Actual, stdif.Inbound{Chat: &stdif.ChatMessage{ID: "c1", ReportID: "N-1", From: stdif.FromCaller, At: noon, Text: "はい"}}),
		h.wire(3, net119, stdif.Actual, stdif.Inbound{State: &stdif.ReportState{ReportID: "N-1", State: stdif.ServiceActive, At: noon}}),
		h.wire(4, net119, stdif.Actual, stdif.Inbound{State: &stdif.ReportState{ReportID: "N-1", State: stdif.ServiceEnded, At: noon}}),
		h.wire(5, net119, stdif.Actual, stdif.Inbound{Media: medium("N-1", "m1")}),
		h.wire(6, net119, stdif.Actual, stdif.Inbound{Report: words("N-1", 2)}),
		h.wire(8, net119, stdif.Actual, stdif.Inbound{Receipt: &stdif.Receipt{ReportID: "N-1", ID: "h-1", State: stdif.ReceiptRead, At: noon}}),
		h.wire(7, net119, stdif.Exercise, stdif.Inbound{Report: words("N-1", 3)}), // another mode
		raw, torn,
	}
	for _, in := range messages {
		h.arrive(in)
	}
	before, reports := h.head(), len(h.all())
	for range 2 {
		for _, in := range messages {
			h.arrive(in)
		}
	}
	if after := h.head(); after != before || len(h.all()) != reports {
		t.Errorf("repeats moved the feed from %d to %d and made %d reports of %d", before, after, len(h.all()), reports)
	}
	if r := h.report("N-1"); r.ChatCount != 1 || r.MediaCount != 1 || r.Revision != 2 {
		t.Errorf("report = %d lines, %d media, revision %d", r.ChatCount, r.MediaCount, r.Revision)
	}
}

// A terminal that uses a number twice for different words loses nothing that
// was stored, and does not stop what comes after it.
func TestSameNumberOtherWords(t *testing.T) {
	h := newHouse(t, "")
	h.arrive(h.wire(1, net119, stdif.Actual, stdif.Inbound{Report: words("N-1", 1)}))
	before := h.head()
	for _, in := range []stdif.Inbound{
		{Report: words("N-2", 1)},
		{Chat: &stdif.ChatMessage{ID: "c1", ReportID: "N-1", From: stdif.FromCaller, At: noon, Text: "別の言葉"}},
		{Media: medium("N-1", "m1")},
		{State: &stdif.ReportState{ReportID: "N-3", State: stdif.ServiceActive, At: noon}},
	} {
		h.arrive(h.wire(1, net119, stdif.Actual, in))
	}
	if h.head() != before || len(h.all()) != 1 {
		t.Errorf("a number used twice wrote something: %d reports", len(h.all()))
	}
}

func medium(reportID, id string) *stdif.Media {
	return &stdif.Media{ID: id, ReportID: reportID, MIME: "image/jpeg", Bytes: 10, SHA256: strings.Repeat("ab", 32)}
}

func (h *house) head() int64 {
	h.Helper()
	n, err := h.store.LastChange(ctx(h))
	h.must(err)
	return n
}

// Words about a report may overtake it: whatever comes first makes it ring, and
// its revision fills it.
func TestWordsBeforeTheirReport(t *testing.T) {
	for name, first := range map[string]stdif.Inbound{
		"chat":  {Chat: &stdif.ChatMessage{ID: "c1", ReportID: "N-1", From: stdif.FromCaller, At: noon, Text: "早く"}},
		"state": {State: &stdif.ReportState{ReportID: "N-1", State: stdif.ServiceActive, At: noon}},
		"ended": {State: &stdif.ReportState{ReportID: "N-1", State: stdif.ServiceEnded, At: noon}},
		"media": {Media: medium("N-1", "m1")},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, "")
			before := h.head()
			h.arrive(h.wire(2, net119, stdif.Exercise, first))
			r := h.report("N-1")
			if r.Revision != 0 || r.Frame != "" || !r.Unclaimed() || r.Number != "E0401-0001" {
				t.Errorf("made of words: %+v", r)
			}
			if h.head() == before {
				t.Error("no page is told that something rings")
			}
			h.arrive(h.wire(1, net119, stdif.Exercise, stdif.Inbound{Report: words("N-1", 1)}))
			n := h.report("N-1")
			if n.ID != r.ID || n.Revision != 1 || n.Frame == "" || n.ChatCount != r.ChatCount || n.MediaCount != r.MediaCount {
				t.Errorf("filled: %+v", n)
			}
		})
	}
}

func TestRevisions(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	for i, tt := range []struct {
		revision, want int64
		verdict        string
	}{{3, 3, ""}, {2, 3, "older"}, {3, 3, "repeated"}, {4, 4, ""}} {
		h.arrive(h.wire(int64(i+2), net119, stdif.Actual, stdif.Inbound{Report: words("N-1", tt.revision)}))
		if got := h.report("N-1").Revision; got != tt.want {
			t.Errorf("after revision %d: %d, want %d", tt.revision, got, tt.want)
		}
		e := h.last("report/" + r.ID)
		if e.Act != string(act.ReportRevise) || e.Facts["verdict"] != tt.verdict || e.Facts["revision"] != fmt.Sprint(tt.revision) {
			t.Errorf("entry = %+v", e)
		}
	}
	frames, err := h.store.Content().Frames(t.Context(), r.ID)
	if err != nil || len(frames) != 5 {
		t.Errorf("kept %d frames, %v; want every revision that came", len(frames), err)
	}
}

// An answer to a data request that says what is known changes nothing; a new
// revision in it counts like any other.
func TestRevisionFromAnAnswer(t *testing.T) {
	h := newHouse(t, "")
	h.reported(1, net119, "N-1")
	answer := func(id string, revision int64) act.Incoming {
		in := h.wire(1, net119, stdif.Actual, stdif.Inbound{Report: words("N-1", revision)})
		in.Frame, in.Spool, in.Seq = id, "", 0
		return in
	}
	before := h.head()
	h.arrive(answer("t-01/answer/q/0", 1))
	if h.head() != before {
		t.Error("an answer that says what is known changed something")
	}
	h.arrive(answer("t-01/answer/q/1", 2))
	if r := h.report("N-1"); r.Revision != 2 {
		t.Errorf("revision = %d", r.Revision)
	}
}

// 解読できない通報: stored raw, shown, rings — in its own mode where that can be
// read, as actual otherwise.
func TestUndecodable(t *testing.T) {
	h := newHouse(t, "")
	for i, tt := range []struct {
		raw  string
		mode stdif.Mode
	}{
		{`{"v":"open/1","type":"report.upsert","spool":"s","seq":1,"sentAt":"2026-04-01T12:00:00+09:00","serviceId":"net119.example","mode":"exercise","body":{"reportId":`, stdif.Exercise},
		{`{"v":"open/1","type":"report.upsert","spool":"s","seq":2,"sentAt":"2026-04-01T12:00:00+09:00","serviceId":"net119.example","mode":"drill","body":{}}`, stdif.Actual},
		{"\x00\xff not a frame", stdif.Actual},
		{"", stdif.Actual},
	} {
		in := h.bytes([]byte(tt.raw))
		in.Frame = fmt.Sprintf("t-01/bytes/%d", i)
		if in.Problem == nil {
			t.Fatalf("%q decodes", tt.raw)
		}
		h.arrive(in)
		all := h.all()
		r := all[len(all)-1]
		if len(all) != i+1 || !r.Undecodable || !r.Unclaimed() || r.Mode != tt.mode {
			t.Fatalf("%q: %d reports, last %+v", tt.raw, len(all), r)
		}
		f, err := h.store.Content().Frame(t.Context(), r.Frame)
		if err != nil || string(f.Body) != tt.raw || f.Problem != in.Problem.Code || !f.Health {
			t.Errorf("%q: stored %q, code %d, %v", tt.raw, f.Body, f.Problem, err)
		}
		if e := h.last("report/" + r.ID); e.Act != string(act.ReportUndecodable) || e.Mode != string(tt.mode) {
			t.Errorf("entry = %+v", e)
		}
	}
}

// A revision in another mode is refused, stays visible as a report of its own
// and rings; the first report keeps its mode and words.
func TestModeNeverChanges(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	in := h.wire(2, net119, stdif.Exercise, stdif.Inbound{Report: words("N-1", 2)})
	h.arrive(in)
	if in.Refused.Problem == nil || in.Refused.Problem.Code != stdif.CodeMode {
		t.Errorf("the terminal would be told %v, want 306", in.Refused.Problem)
	}
	if n := h.report("N-1"); n != r {
		t.Errorf("the first report changed: %s", cmp.Diff(r, n))
	}
	all := h.all()
	if len(all) != 2 || !all[1].Undecodable || all[1].Mode != stdif.Exercise || all[1].Addressable() {
		t.Errorf("the refused revision: %+v", all[1:])
	}
}

// No service can take the place of a report that nobody could read.
func TestNameOfTheUnreadable(t *testing.T) {
	h := newHouse(t, "")
	in := h.bytes([]byte("nonsense"))
	in.Service, in.Frame = net119, "t-01/bytes/1"
	h.arrive(in)
	name := h.all()[0].ServiceReport
	wire := h.wire(1, net119, stdif.Actual, stdif.Inbound{Report: words(name, 1)})
	if wire.Problem == nil {
		t.Errorf("a service may call its report %q", name)
	}
}

// Numbers are said aloud: they begin anew every business day (08:30) and are
// marked for exercise and test, each with a count of its own.
func TestNumbers(t *testing.T) {
	h := newHouse(t, "")
	want := []string{}
	add := func(seq int64, mode stdif.Mode, number string) {
		h.arrive(h.wire(seq, net119, mode, stdif.Inbound{Report: words(fmt.Sprintf("N-%d", seq), 1)}))
		want = append(want, number)
	}
	add(1, stdif.Actual, "0401-0001")
	add(2, stdif.Exercise, "E0401-0001")
	add(3, stdif.Actual, "0401-0002")
	add(4, stdif.Test, "T0401-0001")
	h.pass(20*time.Hour + 29*time.Minute) // 08:29 of the next day
	add(5, stdif.Actual, "0401-0003")
	h.pass(time.Minute)
	add(6, stdif.Actual, "0402-0001")
	got := []string{}
	for _, r := range h.all() {
		got = append(got, r.Number)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("numbers:\n%s", diff)
	}
}

// What no field takes survives from the wire to whoever reads the report.
func TestUnknownFieldsSurvive(t *testing.T) {
	h := newHouse(t, "")
	raw := `{"v":"open/1","type":"report.upsert","msgId":"m","spool":"s","seq":1,"sentAt":"2026-04-01T12:00:00+09:00","serviceId":"net119.example",` +
		`"mode":"actual","x-envelope":1,"body":{"reportId":"N-1","revision":1,"eventTime":"2026-04-01T12:00:00+09:00","kind":{"code":"fire","x-kind":[1,2]},"x-floor":"地下2階"}}`
	h.arrive(h.bytes([]byte(raw)))
	f, err := h.store.Content().Frame(t.Context(), h.report("N-1").Frame)
	h.must(err)
	decoded, p := open1.Decode(f.Body)
	if p != nil {
		t.Fatal(p)
	}
	in, _, p := open1.DecodeBody(decoded)
	if p != nil {
		t.Fatal(p)
	}
	got := map[string]string{}
	for _, x := range in.Report.Additional {
		got[x.Name] = x.Value
	}
	want := map[string]string{"/x-floor": `"地下2階"`, "/kind/x-kind": "[1,2]", "frame:/x-envelope": "1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("additional:\n%s", diff)
	}
}

// A closed report that is revised within ten minutes rings again, and its
// service is told.
func TestReopenedIsTold(t *testing.T) {
	h := newHouse(t, "")
	r := h.reported(1, net119, "N-1")
	h.must(h.Close(ctx(h), yamada, r.ID, report.Mistaken, "いたずらと判断"))
	h.delivered(terminal1)
	h.arrive(h.wire(2, net119, stdif.Actual, stdif.Inbound{Report: words("N-1", 2)}))
	if diff := cmp.Diff([]string{"reopen"}, h.said(terminal1)); diff != "" {
		t.Errorf("told:\n%s", diff)
	}
	h.must(h.Close(ctx(h), yamada, r.ID, report.Handled, ""))
	if note, err := h.store.Content().CloseNote(t.Context(), r.ID); err != nil || note != "" {
		t.Errorf("the note of the first closing stands at the second: %q, %v", note, err)
	}
	if diff := cmp.Diff([]string{"reopen", "ack integrated r2", "ack seen r2", "close"}, h.said(terminal1)); diff != "" {
		t.Errorf("told:\n%s", diff)
	}
}

// Any order, with any repeats, of the same messages ends with the same report.
func TestOrderDoesNotMatter(t *testing.T) {
	base := newHouse(t, "")
	messages := []stdif.Inbound{
		{Report: words("N-1", 1)},
		{Report: words("N-1", 2)},
		{Chat: &stdif.ChatMessage{ID: "c1", ReportID: "N-1", From: stdif.FromCaller, At: noon, Text: "一"}},
		{Chat: &stdif.ChatMessage{ID: "c2", ReportID: "N-1", From: stdif.FromOperator, At: noon.Add(time.Second), Text: "二"}},
		{Media: medium("N-1", "m1")},
		{State: &stdif.ReportState{ReportID: "N-1", State: stdif.ServiceEnded, At: noon}},
	}
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		spool := fmt.Sprintf("spool-%d", round)
		id := fmt.Sprintf("N-%d", round)
		var queue []act.Incoming
		for i, m := range messages {
			in := base.wire(int64(i+1), net119, stdif.Actual, renamed(m, id))
			in.Spool, in.Frame = spool, fmt.Sprintf("t-01/%s/%d", spool, i+1)
			queue = append(queue, in)
		}
		for _, again := range rapid.SliceOfN(rapid.IntRange(0, len(messages)-1), 0, 5).Draw(t, "repeats") {
			queue = append(queue, queue[again])
		}
		for _, in := range rapid.Permutation(queue).Draw(t, "order") {
			base.arrive(in)
		}
		r := base.report(id)
		if r.Revision != 2 || r.ChatCount != 2 || r.MediaCount != 1 || r.EndedAt.IsZero() || r.Frame != fmt.Sprintf("t-01/%s/2", spool) || r.State != report.Presented {
			t.Fatalf("%+v", r)
		}
	})
}

func renamed(in stdif.Inbound, id string) stdif.Inbound {
	switch {
	case in.Report != nil:
		c := *in.Report
		c.ID = id
		return stdif.Inbound{Report: &c}
	case in.Chat != nil:
		c := *in.Chat
		c.ReportID = id
		return stdif.Inbound{Chat: &c}
	case in.Media != nil:
		c := *in.Media
		c.ReportID = id
		return stdif.Inbound{Media: &c}
	}
	c := *in.State
	c.ReportID = id
	return stdif.Inbound{State: &c}
}

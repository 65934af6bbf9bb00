package open1

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
)

// A service may hand in a bare report or a frame that says the mode; it numbers
// neither.
func TestCodec(t *testing.T) {
	bare, _, err := ReportCodec{}.Decode([]byte(plain + `,"text":"\"body\""}`))
	if err != nil || bare.Mode != "" || bare.Report.Text != `"body"` {
		t.Errorf("bare: %+v, %v", bare, err)
	}
	frame := `{"v":"open/1","type":"report.upsert","sentAt":"2026-04-01T09:12:03Z","mode":"test","body":` + plain + `}}`
	in, _, err := ReportCodec{}.Decode([]byte(frame))
	if err != nil || in.Mode != stdif.Test || in.Report.ID != "r" {
		t.Errorf("frame: %+v, %v", in, err)
	}
	for _, c := range []struct {
		old, new string
		code     stdif.Code
	}{
		{`"mode":"test",`, ``, stdif.CodeMode},
		{`open/1`, `open/9`, stdif.CodeVersion},
		{`report.upsert`, `ping`, stdif.CodeSyntax},
		{`"reportId":"r",`, ``, stdif.CodeMissing},
	} {
		_, _, err := ReportCodec{}.Decode([]byte(strings.Replace(frame, c.old, c.new, 1)))
		if p, ok := err.(*stdif.Problem); !ok || p.Code != c.code {
			t.Errorf("%s for %s: %v, want %d", c.new, c.old, err, c.code)
		}
	}
}

// Every kind of message travels: written into a frame and read again.
func TestEveryMessageTravels(t *testing.T) {
	at := time.Date(2026, 4, 1, 9, 0, 0, 0, time.FixedZone("", 9*3600))
	extra := []stdif.Additional{{Name: "/x", Value: "<&>\u2028"}}
	_, in := mustDecode(t, sample)
	for _, in := range []stdif.Inbound{
		in,
		{State: &stdif.ReportState{ReportID: "r", State: stdif.ServiceEnded, At: at, Note: "切れた", Additional: extra}},
		{Chat: &stdif.ChatMessage{ID: "c", ReportID: "r", From: stdif.FromCaller, At: at, Text: "はい", Additional: extra}},
		{Media: &stdif.Media{ID: "m", ReportID: "r", MIME: "video/mp4", StartedAt: &at, Additional: extra}},
		{Raw: &stdif.Undecodable{Raw: stdif.Raw{MIME: "text/plain", Bytes: []byte{0, 0xff}}, Problem: stdif.Problem{Code: 201}, Additional: extra}},
	} {
		twice(t, in)
	}
	if _, err := FrameOf(stdif.Inbound{}, at); err == nil {
		t.Error("a frame of nothing")
	}
}

// The same frame is always the same bytes, and nothing is escaped for HTML.
func TestEncodeIsDeterministic(t *testing.T) {
	r := stdif.Report{ID: "<r>", Text: "a&b", Translation: map[string]string{"en": "1", "de": "2", "zh": "3", "ko": "4"}}
	var first string
	for range 20 {
		f, err := FrameOf(stdif.Inbound{Report: &r}, time.Unix(0, 0).UTC())
		if err != nil {
			t.Fatal(err)
		}
		wire, err := Encode(f)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(wire)
		}
		if string(wire) != first {
			t.Fatalf("%s\nthen\n%s", first, wire)
		}
	}
	if !strings.Contains(first, `"<r>"`) || !strings.Contains(first, `"a&b"`) {
		t.Errorf("escaped: %s", first)
	}
	if _, err := Encode(Frame{Body: []byte(`"` + strings.Repeat("x", MaxWire) + `"`)}); err == nil {
		t.Error("a frame over the limit was written")
	}
}

// A line or a state may leave out the report that the address names already; it
// may not name another.
func TestAddressedMessages(t *testing.T) {
	line := `{"id":"c","from":"caller","at":"2026-04-01T09:12:03Z","text":"はい","x":1}`
	c, _, p := DecodeChat([]byte(line), "r")
	if p != nil || c.ReportID != "r" || !cmp.Equal(c.Additional, []stdif.Additional{{Name: "/x", Value: "1"}}) {
		t.Errorf("DecodeChat = %+v, %v", c, p)
	}
	if _, _, p := DecodeChat([]byte(strings.Replace(line, `{`, `{"reportId":"q",`, 1)), "r"); p == nil || p.Code != stdif.CodeUnknownReport {
		t.Errorf("another report: %v", p)
	}
	s, warnings, p := DecodeState([]byte(`{"state":"sleepy","at":"2026-04-01T09:12:03Z"}`), "r")
	if p != nil || s.ReportID != "r" || len(warnings) != 1 || warnings[0].Code != stdif.CodeUnknownValue {
		t.Errorf("DecodeState = %+v, %v, %v", s, warnings, p)
	}
	if _, _, p := DecodeState([]byte(`{"state":"active","at":"2026-04-01 09:12"}`), "r"); p == nil || p.Code != stdif.CodeTime || p.Place != "/at" {
		t.Errorf("time: %v", p)
	}
}

// Bytes that are not shown exactly as they came are kept; those of another
// format that are there already are not replaced.
func TestRawIsKept(t *testing.T) {
	message := plain + `,"text":"a\u0007"}`
	r, _, p := DecodeReport([]byte(message))
	if p != nil || r.Raw == nil || string(r.Raw.Bytes) != message || r.Raw.MIME != "application/json" {
		t.Errorf("%v, raw %+v", p, r.Raw)
	}
	if r, _, _ := DecodeReport([]byte(plain + `,"text":"a"}`)); r.Raw != nil {
		t.Errorf("nothing was changed, and the raw is %q", r.Raw.Bytes)
	}
	if r, _, _ := DecodeReport([]byte(plain + `,"text":"a\u0007","raw":{"mime":"text/xml","b64":"PGEvPg=="}}`)); string(r.Raw.Bytes) != "<a/>" {
		t.Errorf("the raw of another format became %q", r.Raw.Bytes)
	}
}

// What only the first reader could find travels with the frame, once.
func TestWarningsTravel(t *testing.T) {
	r, warnings, p := DecodeReport([]byte(plain + `,"text":"a\u0000","locations":[{"role":"caller","lat":0,"lon":0}],"media":[{"id":"v","mime":"audio/wav"}]}`))
	if p != nil || len(warnings) != 3 {
		t.Fatalf("%v, %v; want three warnings", p, warnings)
	}
	f, err := FrameOf(stdif.Inbound{Report: &r, Mode: stdif.Test}, time.Unix(0, 0).UTC())
	if err != nil {
		t.Fatal(err)
	}
	f.Spool, f.Seq, f.ServiceID, f.Warnings = "s", 1, "net119.example", warnings
	wire, err := Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	g, p := Decode(wire)
	if p != nil {
		t.Fatal(p)
	}
	_, again, p := DecodeBody(g)
	byCode := func(a, b stdif.Problem) int { return int(a.Code - b.Code) }
	slices.SortFunc(warnings, byCode)
	slices.SortFunc(again, byCode)
	if d := cmp.Diff(warnings, again); d != "" || p != nil {
		t.Errorf("%v, warnings (-sent +received):\n%s", p, d)
	}
}

func TestControlFrames(t *testing.T) {
	read := func(t *testing.T, kind Type, body string) (Frame, *stdif.Problem) {
		t.Helper()
		f, p := Decode([]byte(`{"v":"open/1","type":"` + string(kind) + `","sentAt":"2026-04-01T09:12:03Z","body":` + body + `}`))
		if p != nil {
			t.Fatal(p)
		}
		switch kind {
		case TypeHello:
			_, p = f.ReadHello()
		case TypeAck:
			_, p = f.ReadAck()
		default:
			_, p = f.ReadSnapshot()
		}
		return f, p
	}
	for _, c := range []struct {
		kind Type
		body string
		code stdif.Code
	}{
		{TypeHello, `{"headquarters":"h","new":1}`, 0},
		{TypeHello, `{}`, stdif.CodeMissing},
		{TypeHello, `{"headquarters":"h","have":[{"from":0,"to":1}]}`, stdif.CodeSyntax},
		{TypeAck, `{"spool":"s","have":[{"from":5,"to":4}]}`, stdif.CodeSyntax},
		{TypeAck, `{"spool":"s","have":[{"from":1,"to":9223372036854775807}]}`, stdif.CodeSyntax},
		{TypeAck, `{"have":[]}`, stdif.CodeMissing},
		{TypeAck, `7`, stdif.CodeSyntax},
		{TypeSnapshotBegin, `{"spool":"s","through":9,"missing":2}`, 0},
		{TypeSnapshotEnd, `{"spool":"s","through":-9,"missing":2}`, stdif.CodeSyntax},
	} {
		if _, p := read(t, c.kind, c.body); c.code == 0 && p != nil || c.code != 0 && (p == nil || p.Code != c.code) {
			t.Errorf("%s %s: %v, want %d", c.kind, c.body, p, c.code)
		}
	}
	f, _ := read(t, TypeAck, `{"spool":"s","have":[{"from":4,"to":6},{"from":1,"to":3}]}`)
	a, _ := f.ReadAck()
	if d := cmp.Diff([]Range{{1, 6}}, a.Have); d != "" {
		t.Errorf("have (-want +got):\n%s", d)
	}
	if _, p := f.ReadHello(); p == nil {
		t.Error("an acknowledgement was read as a hello")
	}
	if _, _, p := DecodeBody(f); p == nil {
		t.Error("an acknowledgement was read as a report")
	}
}

func TestSkewOfFrame(t *testing.T) {
	f, _ := mustDecode(t, sample)
	if _, p := f.SkewOf(f.SentAt.Add(time.Second)); p != nil {
		t.Errorf("one second: %v", p)
	}
	for _, d := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		if ahead, p := f.SkewOf(f.SentAt.Add(d)); p == nil || p.Code != stdif.CodeSkew || ahead != -d {
			t.Errorf("%s: %s, %v, want the warning 305", d, ahead, p)
		}
	}
}

package open1

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
)

// sample is the report of standard-interface §5.4, about 1.5 KB with its envelope.
const sample = `{"v":"open/1","type":"report.upsert","msgId":"0197a0b0-0000-7000-8000-000000000001","spool":"sp-1","seq":42,"sentAt":"2026-04-01T09:12:03.120+09:00",
 "serviceId":"net119.example","terminalId":"t-01","mode":"exercise",
 "body":{"reportId":"N-20260401-000017","revision":2,"eventTime":"2026-04-01T09:11:58+09:00",
  "kind":{"code":"ems","label":"救急","localCode":"2"},
  "locations":[{"role":"caller","shape":"circle","lat":34.703900,"lon":135.501200,"radiusM":25,"confidence":0.95,
                "method":"gnss","acquiredAt":"2026-04-01T09:11:55+09:00"},
               {"role":"registered-home","shape":"civic","civic":{"pref":"大阪府","city":"例示市","line":"本町1-2-3","building":"例示ハイツ201"}}],
  "subscriber":{"name":"例示 花子","kana":"レイジ ハナコ","birth":"1980-01-01","phone":"+819000000000","communication":["text"]},
  "medical":{"conditions":["喘息"]},
  "contacts":[{"name":"例示 太郎","relation":"配偶者","phone":"+819000000001"}],
  "text":"息が苦しい","routing":{"registeredHq":"279999","locatedHq":"279999"},
  "media":[{"id":"m1","mime":"image/jpeg","bytes":183204,"sha256":"0000000000000000000000000000000000000000000000000000000000000000","label":"症状"}]}}`

func mustDecode(t testing.TB, wire string) (Frame, stdif.Inbound) {
	t.Helper()
	f, p := Decode([]byte(wire))
	if p != nil {
		t.Fatalf("Decode = %v", p)
	}
	in, _, p := DecodeBody(f)
	if p != nil {
		t.Fatalf("DecodeBody = %v", p)
	}
	return f, in
}

// A golden message decodes into every value that it holds (condition 1-3-1).
func TestDecodeReport(t *testing.T) {
	duty(t, "S3-1-3-1")
	f, in := mustDecode(t, sample)
	if f.Seq != 42 || f.Spool != "sp-1" || f.ServiceID != "net119.example" || f.Mode != stdif.Exercise {
		t.Errorf("envelope = %+v", f)
	}
	if in.Mode != stdif.Exercise {
		t.Errorf("mode of the message = %q, want exercise", in.Mode)
	}
	r := in.Report
	lat, lon := 34.7039, 135.5012
	acquired := time.Date(2026, 4, 1, 9, 11, 55, 0, time.FixedZone("", 9*3600))
	want := &stdif.Report{
		ID: "N-20260401-000017", Revision: 2,
		EventTime: time.Date(2026, 4, 1, 9, 11, 58, 0, time.FixedZone("", 9*3600)),
		Kind:      stdif.IncidentType{Code: "ems", Label: "救急", LocalCode: "2"},
		Text:      "息が苦しい",
		Locations: []stdif.Location{
			{
				Role: "caller", Shape: "circle", Lat: &lat, Lon: &lon, RadiusM: 25, Confidence: 0.95,
				Method: "gnss", AcquiredAt: &acquired,
			},
			{Role: "registered-home", Shape: "civic", Civic: &stdif.Civic{
				Prefecture: "大阪府", City: "例示市", Line: "本町1-2-3", Building: "例示ハイツ201",
			}},
		},
		Subscriber: &stdif.SubscriberInfo{
			Name: "例示 花子", Kana: "レイジ ハナコ", Birth: "1980-01-01",
			Phone: "+819000000000", Communication: []string{"text"},
		},
		Medical:  &stdif.Medical{Conditions: []string{"喘息"}},
		Contacts: []stdif.Contact{{Name: "例示 太郎", Relation: "配偶者", Phone: "+819000000001"}},
		Routing:  &stdif.Routing{RegisteredHQ: "279999", LocatedHQ: "279999"},
		Media: []stdif.Media{{
			ID: "m1", MIME: "image/jpeg", Bytes: 183204, Label: "症状",
			SHA256: strings.Repeat("0", 64),
		}},
	}
	if d := cmp.Diff(want, r); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
}

func TestDecodeFaults(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(sample, old) {
			t.Fatalf("the sample does not hold %q", old)
		}
		return strings.Replace(sample, old, new, 1)
	}
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	for _, c := range []struct {
		name, wire string
		code       stdif.Code
		place      string
	}{
		{"cut off", sample[:700], stdif.CodeSyntax, "byte "},
		{"empty", "", stdif.CodeSyntax, "byte "},
		{"trailing data", sample + "{}", stdif.CodeSyntax, "byte "},
		{"too large", change("息が苦しい", strings.Repeat("x", MaxWire)), stdif.CodeTooLarge, ""},
		{"nested", change(`"text":`, `"x":`+deep+`,"text":`), stdif.CodeSyntax, "byte "},
		{"invalid UTF-8", change("息が苦しい", "息\xe3\x81苦"), stdif.CodeEncoding, "byte "},
		{"lone surrogate", change("息が苦しい", `\ud800x`), stdif.CodeSyntax, "byte "},
		{"duplicate name", change(`"text":`, `"text":"a","text":`), stdif.CodeSyntax, "/body/text"},
		{"duplicate name in an unknown member", change(`"text":`, `"x":{"a":1,"a":2},"text":`), stdif.CodeSyntax, "/body/x/a"},
		{"version", change("open/1", "open/2"), stdif.CodeVersion, "/v"},
		{"mode missing", change(`"mode":"exercise",`, ``), stdif.CodeMode, "/mode"},
		{"mode unknown", change(`"exercise"`, `"drill"`), stdif.CodeMode, "/mode"},
		{"number missing", change(`"seq":42,`, ``), stdif.CodeMissing, "/seq"},
		{"number a text", change(`"seq":42`, `"seq":"42"`), stdif.CodeSyntax, "/seq"},
		{"sentAt without offset", change(`.120+09:00`, `.120`), stdif.CodeTime, "/sentAt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, p := Decode([]byte(c.wire))
			if p == nil || p.Code != c.code || !strings.HasPrefix(p.Place, c.place) {
				t.Errorf("Decode = %v, want %d at %s", p, c.code, c.place)
			}
		})
	}
	for _, c := range []struct {
		name, wire string
		code       stdif.Code
		place      string
	}{
		{"id missing", change(`"reportId":"N-20260401-000017",`, ``), stdif.CodeMissing, "/reportId"},
		{"id in another case", change(`"reportId"`, `"REPORTID"`), stdif.CodeMissing, "/reportId"},
		{"revision missing", change(`"revision":2,`, ``), stdif.CodeMissing, "/revision"},
		{"revision a fraction", change(`"revision":2`, `"revision":2.5`), stdif.CodeSyntax, "/revision"},
		{"kind missing", change(`"code":"ems",`, ``), stdif.CodeMissing, "/kind/code"},
		{"time without offset", change(`09:11:58+09:00`, `09:11:58`), stdif.CodeTime, "/eventTime"},
		{"inner time without offset", change(`09:11:55+09:00`, `09:11:55`), stdif.CodeTime, "/locations/0/acquiredAt"},
		{"huge number", change(`34.703900`, `1e400`), stdif.CodeSyntax, "/locations/0/lat"},
		{"text too long", change("息が苦しい", strings.Repeat("あ", stdif.MaxText+1)), stdif.CodeTooLarge, "/text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, p := Decode([]byte(c.wire))
			if p != nil {
				t.Fatalf("Decode = %v", p)
			}
			in, _, p := DecodeBody(f)
			if p == nil || p.Code != c.code || p.Place != c.place {
				t.Errorf("DecodeBody = %v, want %d at %s", p, c.code, c.place)
			}
			if d := cmp.Diff(stdif.Inbound{}, in); d != "" {
				t.Errorf("half-read:\n%s", d)
			}
			if p != nil && strings.Contains(p.Error(), "苦") {
				t.Errorf("%v repeats what was sent", p)
			}
		})
	}
}

// A frame that is refused can still be named in the acknowledgement.
func TestRefusedFrameKeepsItsNumber(t *testing.T) {
	f, p := Decode([]byte(sample[:700]))
	if p == nil || f.Spool != "sp-1" || f.Seq != 42 {
		t.Errorf("Decode = %q %d, %v; want sp-1 42 and a problem", f.Spool, f.Seq, p)
	}
}

// Unknown members survive at any depth, in the envelope too, and survive again
// when the frame is written and read once more.
func TestUnknownMembersSurvive(t *testing.T) {
	wire := strings.Replace(sample, `"method":"gnss"`, `"method":"gnss","floor" : { "n" : 3.10, "b":"\u0041" }`, 1)
	wire = strings.Replace(wire, `"text":`, `"a/b":[1, 2],"text":`, 1)
	wire = strings.Replace(wire, `"mode":`, `"hop":"x","mode":`, 1)
	f, in := mustDecode(t, wire)
	want := []stdif.Additional{
		{Name: "/locations/0/floor", Value: `{"n":3.10,"b":"\u0041"}`},
		{Name: "/a~1b", Value: `[1,2]`},
		{Name: "frame:/hop", Value: `"x"`},
	}
	if d := cmp.Diff(want, in.Report.Additional); d != "" {
		t.Errorf("additional (-want +got):\n%s", d)
	}
	again, err := Encode(f)
	if err != nil {
		t.Fatal(err)
	}
	g, in2 := mustDecode(t, string(again))
	if d := cmp.Diff(f.Extra, g.Extra); d != "" {
		t.Errorf("envelope after encoding (-want +got):\n%s", d)
	}
	if d := cmp.Diff(in, in2); d != "" {
		t.Errorf("message after encoding (-want +got):\n%s", d)
	}
}

func BenchmarkDecode(b *testing.B) {
	wire := []byte(sample)
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		f, p := Decode(wire)
		if p != nil {
			b.Fatal(p)
		}
		if _, _, p = DecodeBody(f); p != nil {
			b.Fatal(p)
		}
	}
}

// BenchmarkReference is what the standard library takes to read the same bytes
// without any of the checks: duplicates, case, UTF-8, depth, unknown members.
func BenchmarkReference(b *testing.B) {
	wire := []byte(sample)
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		var f Frame
		if err := json.Unmarshal(wire, &f); err != nil {
			b.Fatal(err)
		}
		var r stdif.Report
		if err := json.Unmarshal(f.Body, &r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	f, in := mustDecode(b, sample)
	b.ReportAllocs()
	for b.Loop() {
		g, err := FrameOf(in, f.SentAt)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Encode(g); err != nil {
			b.Fatal(err)
		}
	}
}

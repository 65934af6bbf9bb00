package cap

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"github.com/matoi119/matoi/stdif"
)

const alarm = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
 <identifier>JP-A-17</identifier><sender>alarm@example.jp</sender><sent>2026-04-01T10:00:00+09:00</sent>
 <status>Actual</status><msgType>Alert</msgType><scope>Private</scope><addresses>hq.example.jp</addresses>
 <info><language>en</language><category>Fire</category><event>Automatic fire alarm</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>
  <description>Detector on the 3rd floor</description>
  <area><areaDesc>1 Reiji-cho</areaDesc><circle>34.7039,135.5012 0.025</circle></area></info>
 <info><language>ja-JP</language><category>Safety</category><category>Fire</category><event>自動火災報知設備作動</event><responseType>Evacuate</responseType><urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>
  <senderName>例示警備</senderName><headline>火災感知</headline><description>３階 例示室 感知器作動</description><contact>+81-6-0000-0000</contact>
  <parameter><valueName>SIGNAL</valueName><value>A1</value></parameter>
  <parameter><valueName>EMPTY</valueName><value></value></parameter>
  <area><areaDesc>例示市例示町１丁目</areaDesc><circle>34.7039,135.5012 0.025</circle><polygon>34,135 35,135 35,136 34,135</polygon></area>
  <area><areaDesc>付近一帯</areaDesc><geocode><valueName>JIS</valueName><value>27000</value></geocode></area></info>
</alert>`

func mustDecode(t testing.TB, wire string) (*stdif.Report, stdif.Mode, []stdif.Problem) {
	t.Helper()
	in, warnings, err := Codec{}.Decode([]byte(wire))
	if err != nil {
		t.Fatalf("Decode = %v", err)
	}
	return in.Report, in.Mode, warnings
}

func problemOf(t testing.TB, wire string) *stdif.Problem {
	t.Helper()
	in, _, err := Codec{}.Decode([]byte(wire))
	var p *stdif.Problem
	if !errors.As(err, &p) {
		t.Fatalf("Decode = %v, want a problem", err)
	}
	if d := cmp.Diff(stdif.Inbound{}, in); d != "" {
		t.Fatalf("half-read:\n%s", d)
	}
	return p
}

func swap(t testing.TB, old, new string) string {
	t.Helper()
	if !strings.Contains(alarm, old) {
		t.Fatalf("the sample does not hold %q", old)
	}
	return strings.Replace(alarm, old, new, 1)
}

// A golden message decodes into every value that it holds (condition 1-3-1).
func TestDecodeAlarm(t *testing.T) {
	duty(t, "S3-1-3-1")
	r, mode, warnings := mustDecode(t, alarm)
	if mode != stdif.Actual || len(warnings) > 0 {
		t.Errorf("mode %q, warnings %v; want actual and none", mode, warnings)
	}
	sent := time.Date(2026, 4, 1, 10, 0, 0, 0, time.FixedZone("", 9*3600))
	lat, lon := 34.7039, 135.5012
	want := &stdif.Report{
		ID: "JP-A-17", Revision: sent.Unix(), EventTime: sent,
		Kind: stdif.IncidentType{Code: stdif.KindFire, LocalCode: "Fire", Label: "自動火災報知設備作動"},
		Text: "火災感知\n３階 例示室 感知器作動",
		Locations: []stdif.Location{
			{Role: "incident", Shape: "circle", Lat: &lat, Lon: &lon, RadiusM: 25, Label: "1 Reiji-cho"},
			{
				Role: "incident", Shape: "polygon", Label: "例示市例示町１丁目",
				Polygon: []stdif.Point{{Lat: 34, Lon: 135}, {Lat: 35, Lon: 135}, {Lat: 35, Lon: 136}, {Lat: 34, Lon: 135}},
			},
			{Role: "incident", Shape: "civic", Civic: &stdif.Civic{Line: "付近一帯"}},
		},
		Contacts: []stdif.Contact{{Name: "例示警備", Relation: "sender", Phone: "+81-6-0000-0000"}},
		Additional: []stdif.Additional{
			{Name: "alert.sender", Value: "alarm@example.jp"},
			{Name: "alert.scope", Value: "Private"},
			{Name: "alert.addresses", Value: "hq.example.jp"},
			{Name: "alert.info[1].language", Value: "en"},
			{Name: "alert.info[1].category", Value: "Fire"},
			{Name: "alert.info[1].event", Value: "Automatic fire alarm"},
			{Name: "alert.info[1].urgency", Value: "Immediate"},
			{Name: "alert.info[1].severity", Value: "Severe"},
			{Name: "alert.info[1].certainty", Value: "Likely"},
			{Name: "alert.info[1].description", Value: "Detector on the 3rd floor"},
			{Name: "alert.info[2].language", Value: "ja-JP"},
			{Name: "alert.info[2].category[1]", Value: "Safety"},
			{Name: "alert.info[2].responseType", Value: "Evacuate"},
			{Name: "alert.info[2].urgency", Value: "Immediate"},
			{Name: "alert.info[2].severity", Value: "Severe"},
			{Name: "alert.info[2].certainty", Value: "Likely"},
			{Name: "alert.info[2].senderName", Value: "例示警備"},
			{Name: "alert.info[2].parameter[SIGNAL]", Value: "A1"},
			{Name: "alert.info[2].parameter[EMPTY]", Value: ""},
			{Name: "alert.info[2].area[1].circle", Value: "34.7039,135.5012 0.025"},
			{Name: "alert.info[2].area[2].geocode[JIS]", Value: "27000"},
		},
		Translation: map[string]string{"en": "Automatic fire alarm\nDetector on the 3rd floor"},
		Raw:         &stdif.Raw{MIME: MediaType, Bytes: []byte(alarm)},
	}
	if d := cmp.Diff(want, r); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
}

func TestDecodeFaults(t *testing.T) {
	for _, c := range []struct {
		name, wire string
		code       stdif.Code
		place      string
	}{
		{"empty", "", stdif.CodeSyntax, "byte 0"},
		{"cut off", alarm[:400], stdif.CodeSyntax, "byte "},
		{"scope missing", swap(t, "<scope>Private</scope>", ""), stdif.CodeMissing, "/alert/scope"},
		{"identifier twice", swap(t, "<scope>", "<identifier>b</identifier><scope>"), stdif.CodeSyntax, "/alert/identifier"},
		{"time without offset", swap(t, "10:00:00+09:00", "10:00:00"), stdif.CodeTime, "/alert/sent"},
		{"status unknown", swap(t, "Actual", "Drill"), stdif.CodeMode, "/alert/status"},
		{"an answer", swap(t, ">Alert<", ">Ack<"), stdif.CodeSyntax, "/alert/msgType"},
		{"version", swap(t, "cap:1.2", "cap:2.0"), stdif.CodeVersion, "/alert"},
		{"another document", `<feed xmlns="http://www.w3.org/2005/Atom"/>`, stdif.CodeSyntax, "/"},
		{"second document", alarm + "<alert/>", stdif.CodeSyntax, "byte "},
		{"text behind", alarm + "x", stdif.CodeSyntax, "byte "},
		{"document type", swap(t, "<alert ", `<!DOCTYPE alert SYSTEM "file:///etc/passwd"><alert `), stdif.CodeSyntax, "byte "},
		{"entity", swap(t, "Private", "&xxe;"), stdif.CodeSyntax, "byte "},
		{"deep", strings.Repeat("<a>", 33), stdif.CodeSyntax, "byte 99"},
		{"large", alarm + strings.Repeat(" ", stdif.MaxFrame), stdif.CodeTooLarge, ""},
		{"wrong byte", swap(t, "感知器", "感\xe7\x9f器"), stdif.CodeEncoding, "byte "},
		{"encoding unknown", swap(t, "UTF-8", "KOI8-R"), stdif.CodeEncoding, "byte 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := problemOf(t, c.wire)
			if p.Code != c.code || !strings.HasPrefix(p.Place, c.place) {
				t.Errorf("problem = %v, want %d at %s", p, c.code, c.place)
			}
		})
	}
}

func TestStatusIsMode(t *testing.T) {
	for status, want := range map[string]stdif.Mode{
		"Actual": stdif.Actual, "Exercise": stdif.Exercise, "Test": stdif.Test, "Draft": stdif.Test, "System": stdif.Test,
	} {
		_, mode, warnings := mustDecode(t, swap(t, "Actual", status))
		if mode != want {
			t.Errorf("status %s: mode %q, want %q", status, mode, want)
		}
		if odd := status == "Draft" || status == "System"; (len(warnings) > 0) != odd {
			t.Errorf("status %s: warnings %v", status, warnings)
		}
	}
}

// Update and Cancel belong to the report of the oldest message they name, and
// the newest message wins in whatever order they arrive.
func TestUpdateAndCancel(t *testing.T) {
	first, _, _ := mustDecode(t, alarm)
	refs := `<references>alarm@example.jp,JP-A-18,2026-04-01T10:01:00+09:00
	 alarm@example.jp,JP-A-17,2026-04-01T10:00:00+09:00</references>`
	later := strings.NewReplacer(">Alert<", ">Update<", "JP-A-17", "JP-A-19", "10:00:00", "10:02:00", "<info>", refs+"<info>")
	wire := later.Replace(strings.Replace(alarm, "<info>", "<info >", 1)) // one <info> left for the references
	update, _, warnings := mustDecode(t, strings.Replace(wire, "<info >", "<info>", 1))
	if update.ID != first.ID || update.Revision <= first.Revision || update.Cancelled || len(warnings) > 0 {
		t.Errorf("update = %q revision %d cancelled %v, %v; want %q after %d",
			update.ID, update.Revision, update.Cancelled, warnings, first.ID, first.Revision)
	}
	cancel, _, _ := mustDecode(t, strings.Replace(wire, ">Update<", ">Cancel<", 1))
	if cancel.ID != first.ID || !cancel.Cancelled {
		t.Errorf("cancel = %q cancelled %v", cancel.ID, cancel.Cancelled)
	}
	var named bool
	for _, x := range cancel.Additional {
		named = named || x.Name == "alert.identifier" && x.Value == "JP-A-19"
	}
	if !named {
		t.Errorf("the cancel's own identifier is not shown: %v", cancel.Additional)
	}
	lone, _, warnings := mustDecode(t, swap(t, ">Alert<", ">Update<"))
	if lone.ID != "JP-A-17" || len(warnings) != 1 || warnings[0].Place != "/alert/references" {
		t.Errorf("update without references = %q, %v", lone.ID, warnings)
	}
}

// The same alert in every encoding gives the same report.
func TestEncodings(t *testing.T) {
	want, _, _ := mustDecode(t, alarm)
	rename := func(name string) string { return strings.Replace(alarm, "UTF-8", name, 1) }
	encode := func(e interface{ String(string) (string, error) }, text string) string {
		out, err := e.String(text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, wire := range map[string]string{
		"mark":      "\ufeff" + alarm,
		"UTF-16LE":  encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(), rename("UTF-16")),
		"UTF-16BE":  encode(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder(), rename("UTF-16")),
		"Shift_JIS": encode(japanese.ShiftJIS.NewEncoder(), rename("Shift_JIS")),
		"EUC-JP":    encode(japanese.EUCJP.NewEncoder(), rename("EUC-JP")),
	} {
		t.Run(name, func(t *testing.T) {
			got, _, warnings := mustDecode(t, wire)
			if len(warnings) > 0 {
				t.Errorf("warnings %v", warnings)
			}
			if string(got.Raw.Bytes) != wire {
				t.Error("raw is not what came")
			}
			got.Raw = want.Raw
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("report (-want +got):\n%s", d)
			}
		})
	}
	latin := strings.Replace(swap(t, "例示警備", "Usulután"), "UTF-8", "ISO-8859-1", 1)
	latin = encode(charmap.ISO8859_1.NewEncoder(), strings.Map(func(r rune) rune {
		if r > 0xff {
			return 'x'
		}
		return r
	}, latin))
	got, _, _ := mustDecode(t, latin)
	if got.Contacts[0].Name != "Usulután" {
		t.Errorf("contact = %q", got.Contacts[0].Name)
	}
}

// Bytes that an encoding does not have refuse the document with their place.
func TestWrongBytes(t *testing.T) {
	sjis, err := japanese.ShiftJIS.NewEncoder().String(strings.Replace(alarm, "UTF-8", "Shift_JIS", 1))
	if err != nil {
		t.Fatal(err)
	}
	i := strings.Index(sjis, "<headline>") + len("<headline>")
	for name, c := range map[string]struct{ wire, place string }{
		"Shift_JIS":       {sjis[:i] + "\x81\xff" + sjis[i:], "byte " + strconv.Itoa(i)},
		"UTF-16 half":     {"\xff\xfe<\x00\x00\xd8<\x00", "byte 4"},
		"UTF-16 cut":      {"\xff\xfe<\x00a", "byte 4"},
		"ASCII":           {"<?xml version='1.0' encoding='us-ascii'?>\x80", "byte 41"},
		"UTF-16 declared": {`<?xml version="1.0" encoding="UTF-16"?><alert/>`, "byte 0"},
	} {
		if p := problemOf(t, c.wire); p.Code != stdif.CodeEncoding || p.Place != c.place {
			t.Errorf("%s: %v, want 204 at %s", name, p, c.place)
		}
	}
}

// Half-width kana in Shift_JIS may be valid UTF-8 by chance: it is read as
// declared, and somebody is told to look.
func TestDoubtfulBytes(t *testing.T) {
	ascii := strings.Map(func(r rune) rune {
		if r > 0x7f {
			return 'x'
		}
		return r
	}, swap(t, "UTF-8", "Shift_JIS"))
	r, _, warnings := mustDecode(t, strings.Replace(ascii, "<headline>", "<headline>\xc3\xbd", 1))
	if !strings.HasPrefix(r.Text, "ﾃｽ") || len(warnings) != 1 || warnings[0].Code != stdif.CodeEncoding {
		t.Errorf("text %q, warnings %v", r.Text, warnings)
	}
	if _, _, warnings := mustDecode(t, ascii); len(warnings) > 0 {
		t.Errorf("plain ASCII: %v", warnings)
	}
}

// What is wrong inside an info block is kept and warned of; the report is taken.
func TestFaultyItemsAreKept(t *testing.T) {
	long := strings.Repeat("長", stdif.MaxText)
	points := strings.Repeat("34,135 ", stdif.MaxPolygon+1)
	for _, c := range []struct {
		name, wire string
		code       stdif.Code
		item       string
	}{
		{"swapped", swap(t, "<circle>34.7039,135.5012 0.025</circle></area></info>\n <info><language>ja", "<circle>135.5,34.7 1</circle></area></info>\n <info><language>ja"), stdif.CodeLocation, ""},
		{"null island", swap(t, "<circle>34.7039,135.5012 0.025</circle></area></info>\n <info><language>ja", "<circle>0,0 1</circle></area></info>\n <info><language>ja"), stdif.CodeLocation, ""},
		{"no number", swap(t, "34,135 35,135 35,136 34,135", "34,NaN 35,135 35,136 34,135"), stdif.CodeLocation, "alert.info[2].area[1].polygon"},
		{"many points", swap(t, "34,135 35,135 35,136 34,135", points), stdif.CodeLocation, "alert.info[2].area[1].polygon"},
		{"long text", swap(t, "３階 例示室 感知器作動", long), stdif.CodeTooLarge, "alert.info[2].description"},
		{"onset without offset", swap(t, "<senderName>", "<onset>2026-04-01T09:59:00</onset><senderName>"), stdif.CodeTime, "alert.info[2].onset"},
		{"voice", swap(t, "<parameter>", "<resource><resourceDesc>call</resourceDesc><mimeType>audio/wav</mimeType></resource><parameter>"), stdif.CodeVoice, "alert.info[2].resource.mimeType"},
		{"event missing", swap(t, "<event>自動火災報知設備作動</event>", ""), stdif.CodeMissing, ""},
		{"control character", swap(t, "例示室", "例示室&#x85;"), stdif.CodeCleaned, ""},
		{"many items", swap(t, "<parameter>", strings.Repeat("<web>x</web>", 600)+"<parameter>"), stdif.CodeTooLarge, "alert"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _, warnings := mustDecode(t, c.wire)
			var warned bool
			for _, w := range warnings {
				warned = warned || w.Code == c.code
			}
			if !warned {
				t.Errorf("warnings %v, want %d", warnings, c.code)
			}
			found := c.item == ""
			for _, x := range r.Additional {
				found = found || x.Name == c.item
			}
			if !found {
				t.Errorf("%s is not among %d additional items", c.item, len(r.Additional))
			}
			for _, l := range r.Locations {
				if l.Lat != nil && c.code == stdif.CodeLocation && l.Label == "1 Reiji-cho" && c.item == "" && l.HasPosition() {
					t.Errorf("%+v would be drawn", l)
				}
			}
		})
	}
}

func TestLongIdentifier(t *testing.T) {
	long := strings.Repeat("x", stdif.MaxID+1)
	r, _, _ := mustDecode(t, swap(t, "JP-A-17", long))
	if !strings.HasPrefix(r.ID, "sha256:") || r.Additional[0] != (stdif.Additional{Name: "alert.identifier", Value: long}) {
		t.Errorf("id %q, first item %v", r.ID, r.Additional[0])
	}
	update := strings.Replace(swap(t, ">Alert<", ">Update<"), "<info>",
		"<references>a,"+long+",2026-04-01T09:00:00+09:00</references><info>", 1)
	if u, _, _ := mustDecode(t, update); u.ID != r.ID {
		t.Errorf("update of it has id %q, want %q", u.ID, r.ID)
	}
}

func TestNumberOfWhatCannotBeDecoded(t *testing.T) {
	if id := (Codec{}).ReportID([]byte(swap(t, "<scope>Private</scope>", ""))); id != "JP-A-17" {
		t.Errorf("ReportID = %q", id)
	}
	if id := (Codec{}).ReportID([]byte("<alert><ident")); id != "" {
		t.Errorf("ReportID of half a document = %q", id)
	}
}

func BenchmarkDecode(b *testing.B) {
	b.SetBytes(int64(len(alarm)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := (Codec{}).Decode([]byte(alarm)); err != nil {
			b.Fatal(err)
		}
	}
}

// An address in Japanese is taken apart as far as that is certain, in its own
// words; any other description of an area stays one line.
func TestAreaInWords(t *testing.T) {
	for label, want := range map[string]stdif.Civic{
		"大阪府例示市本町１－２－３　例示ハイツ２階": {Prefecture: "大阪府", Line: "例示市本町１－２－３", Building: "例示ハイツ", Floor: "２階"},
		"例示市例示町付近":              {Line: "例示市例示町", Note: "付近"},
		"Northern Hill County":  {Line: "Northern Hill County"},
	} {
		wire := `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>n</identifier><sender>s</sender><sent>2026-04-01T10:00:00+09:00</sent><status>Test</status>` +
			`<msgType>Alert</msgType><scope>Private</scope><info><category>Fire</category><event>e</event><area><areaDesc>` + label + `</areaDesc></area></info></alert>`
		r, _, _ := mustDecode(t, wire)
		if d := cmp.Diff(want, *r.Locations[0].Civic); d != "" {
			t.Errorf("%s (-want +got):\n%s", label, d)
		}
	}
}

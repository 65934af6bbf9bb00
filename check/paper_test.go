package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matoi119/matoi/probe"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/sim/fauxterminal"
	"github.com/matoi119/matoi/stdif"
)

// paper runs the tests that judge what was handed in.
func paper(t *testing.T, e Evidence, ids ...string) Result {
	t.Helper()
	r, err := newRunner(Target{Profile: "open/1", Address: "127.0.0.1:1", Headquarters: "hq", TLS: start(t, fauxterminal.Defect{}, nil).target.TLS}, Options{Evidence: e,
		Now: func() time.Time { return time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	var out Result
	for _, test := range r.all() {
		if slices.Contains(ids, test.ID) {
			out.Tests = append(out.Tests, r.one(t.Context(), test))
		}
	}
	return out
}

func TestEvidenceIsJudged(t *testing.T) {
	row := func(r DeclaredRow) Evidence {
		return Evidence{Declaration: &Declaration{Service: "s", Rows: []DeclaredRow{r}}}
	}
	for name, c := range map[string]struct {
		id   string
		e    Evidence
		want Answer
	}{
		"users named":           {"C111", row(DeclaredRow{Row: "1-1-1", Adopted: true, Statement: "事前登録制"}), Pass},
		"no row":                {"C111", row(DeclaredRow{Row: "1-1-2", Adopted: true, Statement: "x"}), Fail},
		"no statement":          {"C111", row(DeclaredRow{Row: "1-1-1", Adopted: true, Statement: " "}), Fail},
		"no reason":             {"C111", row(DeclaredRow{Row: "1-1-1"}), Fail},
		"exempt with reason":    {"C111", row(DeclaredRow{Row: "1-1-1", Reason: "消防本部が利用を決める"}), NotApplicable},
		"seen":                  {"C112", Evidence{Terminal: &Placed{Place: "通信室", ProvidedBy: "service", Display: true, Operation: []string{"keyboard"}, By: "例示", At: "2026-11-20"}}, Pass},
		"no display":            {"C112", Evidence{Terminal: &Placed{Place: "通信室", ProvidedBy: "service", Operation: []string{"keyboard"}, By: "例示", At: "2026-11-20"}}, Fail},
		"nothing to operate by": {"C112", Evidence{Terminal: &Placed{Place: "通信室", ProvidedBy: "service", Display: true, By: "例示", At: "2026-11-20"}}, Fail},
		"seen by nobody":        {"C112", Evidence{Terminal: &Placed{Place: "通信室", ProvidedBy: "service", Display: true, Operation: []string{"touch"}, At: "2026-11-20"}}, NotRun},
		"listed at rest":        {"C222", row(DeclaredRow{Row: "2-2-2", Adopted: true, Statement: "AES-256-GCM"}), Pass},
		"unlisted at rest":      {"C222", row(DeclaredRow{Row: "2-2-2", Adopted: true, Statement: "AES、旧データは3DES"}), Fail},
		"unnamed at rest":       {"C222", row(DeclaredRow{Row: "2-2-2", Adopted: true, Statement: "暗号化する"}), Fail},
		"known peers":           {"C23", Evidence{Allowed: []string{"203.0.113.10", "2001:db8::/48"}, Peers: &Peers{Addresses: []string{"203.0.113.10", "2001:db8::1"}}}, Pass},
		"unknown peer":          {"C23", Evidence{Allowed: []string{"203.0.113.10"}, Peers: &Peers{Addresses: []string{"198.51.100.1"}}}, Fail},
		"a name is not fixed":   {"C23", Evidence{Allowed: []string{"service.example"}}, Fail},
		"everything allowed":    {"C23", Evidence{Allowed: []string{"0.0.0.0/0"}}, Fail},
		"no peers":              {"C23", Evidence{Allowed: []string{"203.0.113.10"}}, NotRun},
		"three logs":            {"C241", Evidence{Logs: map[string]LogSeen{"access": {"a", "2026-11-23"}, "operation": {"b", "2026-11-22"}, "failure": {"c", "2026-01-01"}}}, Pass},
		"a log is missing":      {"C241", Evidence{Logs: map[string]LogSeen{"access": {"a", "2026-11-23"}, "operation": {"b", "2026-11-22"}}}, Fail},
		"a log stands still":    {"C241", Evidence{Logs: map[string]LogSeen{"access": {"a", "2026-11-01"}, "operation": {"b", "2026-11-22"}, "failure": {"c", "2026-11-22"}}}, Fail},
		"kept a year":           {"C242", Evidence{RetentionDays: 366}, Pass},
		"kept too short":        {"C242", Evidence{RetentionDays: 365}, Fail},
		"not asked":             {"C242", Evidence{}, NotRun},
	} {
		t.Run(name, func(t *testing.T) {
			r := paper(t, c.e, c.id)
			if got := r.Tests[0]; got.Answer != c.want || got.Because.Ja == "" {
				t.Errorf("%s = %s (%s), want %s", c.id, got.Answer, got.Because.En, c.want)
			}
		})
	}
}

func TestRecordOfTheExercise(t *testing.T) {
	good := `{"format":"matoi.drill/1","kind":"standalone","terminal":{"id":"t-01","name":"通信室"},"restoredAt":"2026-11-20T09:00:00+09:00","passed":true,"checks":[{"name":"zero-loss","ok":true}],"counts":{"terminal":7,"headquarters":7}}`
	for name, c := range map[string]struct {
		from, to string
		unsealed bool
		want     Answer
	}{
		"as it was made":   {want: Pass},
		"changed":          {from: `"terminal":7`, to: `"terminal":6`, unsealed: true, want: Fail},
		"another terminal": {from: `t-01`, to: `t-02`, want: Fail},
		"old":              {from: `2026-11-20`, to: `2025-11-20`, want: Fail},
		"not passed":       {from: `"passed":true`, to: `"passed":false`, want: Fail},
		"messages lost":    {from: `"headquarters":7`, to: `"headquarters":6`, want: Fail},
		"another form":     {from: `matoi.drill/1`, to: `other/1`, want: Fail},
	} {
		t.Run(name, func(t *testing.T) {
			digest, err := stdif.Digest([]byte(good))
			if err != nil {
				t.Fatal(err)
			}
			record := strings.Replace(good, c.from, c.to, 1)
			if !c.unsealed {
				if digest, err = stdif.Digest([]byte(record)); err != nil {
					t.Fatal(err)
				}
			}
			r := paper(t, Evidence{Standalone: &Standalone{Record: []byte(record), Digest: digest}}, "D-03")
			if got := r.Tests[0]; got.Answer != c.want {
				t.Errorf("D-03 = %s (%s), want %s", got.Answer, got.Because.En, c.want)
			}
		})
	}
}

func TestEvidenceFileIsStrict(t *testing.T) {
	if _, err := ReadEvidence([]byte(`{"retentionDays":400,"allowed":["203.0.113.10"]}`)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{`{"retentiondays ":1}`, `{"retention":400}`, `{} {}`, `[]`, ``, `{"allowed":"x"}`} {
		if _, err := ReadEvidence([]byte(bad)); err == nil {
			t.Errorf("ReadEvidence(%s) = nil, want an error", bad)
		}
	}
}

// Every test has a title, what it does, and every answer its words.
func TestWordsAreThere(t *testing.T) {
	words := sentences()
	seen := map[string]bool{}
	for _, x := range All() {
		if seen[x.ID] {
			t.Errorf("%s twice", x.ID)
		}
		seen[x.ID] = true
		for _, key := range []string{"title." + x.ID, "does." + x.ID} {
			if words[key].Ja == "" || words[key].En == "" {
				t.Errorf("no words for %s", key)
			}
		}
	}
	for key, w := range words {
		if w.Ja == "" || w.En == "" {
			t.Errorf("%s is said in one language only", key)
		}
		if id, ok := strings.CutPrefix(key, "title."); ok && !seen[id] {
			t.Errorf("%s is no test", key)
		}
	}
	source, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range source {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for key := range words {
		if !strings.Contains(all.String(), `"`+key+`"`) && !strings.HasPrefix(key, "title.") && !strings.HasPrefix(key, "does.") && !strings.HasPrefix(key, "answer.") && !strings.HasPrefix(key, "when.") {
			t.Errorf("%s is said nowhere", key)
		}
	}
}

func TestSchemaIsPublished(t *testing.T) {
	b, err := os.ReadFile("../docs/schemas/check-result.schema.json")
	if err != nil || string(b) != string(SchemaText()) {
		t.Errorf("docs/schemas/check-result.schema.json is not check/schema/check-result.schema.json: copy it (%v)", err)
	}
}

// draw paints a strip as the page does, for places where no simulator stands.
func draw(p *rfb.Framebuffer, x, y int, bits []byte) {
	put := func(i int, white bool) {
		v := uint32(0)
		if white {
			v = 0xFFFFFF
		}
		p.Fill(rfb.Rect{X: uint16(x + i%sightWide*sightCell), Y: uint16(y + i/sightWide*sightCell), Width: sightCell, Height: sightCell}, v)
	}
	for i := range sightWide {
		put(i, sightMark>>(31-i)&1 == 1)
	}
	for i := range sightBits {
		put(sightWide+i, bits[i/8]>>(7-i%8)&1 == 1)
	}
}

func TestSightIsFoundAnywhere(t *testing.T) {
	bits := []byte{0x10, 0x20, 0x10, 0x50, 0x06, 0x10, 0, 0, 0, 0}
	crc := crc16(bits)
	bits = append(bits, byte(crc>>8), byte(crc))
	for _, at := range [][2]int{{0, 0}, {1, 0}, {3, 5}, {40, 30}, {41, 31}, {100, 100}, {110, 107}, {115, 112}} {
		p := rfb.NewFramebuffer(115+sightWidth, 112+sightHeight)
		p.Fill(p.Bounds(), 0x808080)
		draw(p, at[0], at[1], bits)
		s, err := findSight(p)
		if err != nil || s.x != at[0] || s.y != at[1] || s.held != 2 || s.buttons != 1 || s.presses != 5 || s.key != 0x61 {
			t.Errorf("at %v: %+v, %v", at, s, err)
		}
		p.Set(at[0]+5*sightCell+6, at[1]+2*sightCell+6, 0x808080)
		if _, err := findSight(p); err == nil {
			t.Errorf("at %v: a grey square was read", at)
		}
	}
	if _, err := findSight(rfb.NewFramebuffer(1024, 768)); err == nil {
		t.Error("a strip was found in the dark")
	}
}

var (
	listOnce  = sync.OnceValue(probe.CRYPTREC)
	wordsOnce = sync.OnceValue(sentences)
)

func FuzzReadEvidence(f *testing.F) {
	f.Add([]byte(`{"declaration":{"service":"s","version":"1","date":"2026-04-01","rows":[{"row":"2-2-2","adopted":true,"statement":"AES"}]},"allowed":["203.0.113.0/24"],"peers":{"from":"","to":"","addresses":["203.0.113.9"]},"logs":{"access":{"place":"x","newest":"2026-11-01"}},"retentionDays":400,"standalone":{"record":{"x":1},"digest":"00"}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := ReadEvidence(text)
		if err != nil {
			return
		}
		x := &run{runner: &runner{words: wordsOnce(), o: Options{Evidence: e, Now: time.Now, List: listOnce()}}}
		for _, body := range []func() Outcome{
			func() Outcome { return c111(t.Context(), x) }, func() Outcome { return c112(t.Context(), x) }, func() Outcome { return c222(t.Context(), x) },
			func() Outcome { return c23(t.Context(), x) }, func() Outcome { return c241(t.Context(), x) }, func() Outcome { return c242(t.Context(), x) },
			func() Outcome { return d03(t.Context(), x) },
		} {
			if o := body(); o.Answer == Error || o.Because.Ja == "" {
				t.Fatalf("%+v", o)
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"schema":"matoi.check/1"}`))
	f.Add([]byte(`{"schema":"matoi.check/1","tests":[{"id":"C111"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Read(text)
		if err != nil {
			return
		}
		var out strings.Builder
		if err := r.WriteHTML(&out); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzFindSight(f *testing.F) {
	f.Add([]byte{0, 255, 128}, 400, 60)
	f.Fuzz(func(t *testing.T, pix []byte, w, h int) {
		if w < 1 || h < 1 || w > 500 || h > 80 || len(pix) == 0 {
			return
		}
		p := rfb.NewFramebuffer(w, h)
		for i := range p.Pix {
			p.Pix[i] = pix[i%len(pix)]
		}
		if s, err := findSight(p); err == nil && (s.x+sightWidth > w || s.y+sightHeight > h) {
			t.Fatalf("%+v outside %d×%d", s, w, h)
		}
	})
}

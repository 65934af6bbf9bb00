package cap

import (
	"encoding/csv"
	"encoding/json"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/samples"
)

// Every sample gets the verdict of the index. What is valid as another format
// (a feed, a location document) is no alert, and is refused as one.
func TestSamples(t *testing.T) {
	for _, f := range samples.Below(t, "cap-ts/", "cap-library/", "own/cap/", "own/xml/", "own/veds/") {
		t.Run(f.Name, func(t *testing.T) {
			in, _, err := Codec{}.Decode(f.Read(t))
			alert := strings.HasPrefix(f.Name, "own/cap/") || strings.HasPrefix(f.Name, "cap-ts/") || path.Ext(f.Name) == ".cap"
			if want := f.Expect == samples.Accept && alert; (err == nil) != want {
				t.Fatalf("Decode = %v, want taken %v (%s)", err, want, f.Why)
			}
			if err == nil {
				if in.Report.Raw == nil || string(in.Report.Raw.Bytes) != string(f.Read(t)) {
					t.Error("raw is not what came")
				}
				return
			}
			if p, ok := err.(*stdif.Problem); !ok || p.Place == "" || in.Report != nil {
				t.Errorf("Decode = %+v, %v; want a place and nothing else", in, err)
			}
		})
	}
}

// What the index says must come out comes out.
func TestSamplesSay(t *testing.T) {
	want := map[string]func(stdif.Inbound) bool{
		"cap-library/earthquake-iso8859-1.cap": func(in stdif.Inbound) bool {
			return strings.Contains(in.Report.Text, "Usulután") && in.Report.Locations[0].Shape == "point"
		},
		"cap-library/earthquake.cap": func(in stdif.Inbound) bool {
			return in.Report.Kind.Label == "Earthquake" && has(in.Report, "alert.info.parameter[Magnitude]", "6.3")
		},
		"cap-library/no_optional_fields.cap": func(in stdif.Inbound) bool {
			return in.Report.Text == "" && in.Report.Kind == stdif.IncidentType{Code: stdif.KindOther}
		},
		"cap-library/weather.cap": func(in stdif.Inbound) bool {
			return has(in.Report, "alert.info.parameter[WMOHEADER]", "") && has(in.Report, "alert.info.area.geocode[UGC]", "MTZ014")
		},
		"cap-ts/tsunami-information.xml": func(in stdif.Inbound) bool {
			return has(in.Report, "alert.info.severity", "Minor") && in.Mode == stdif.Actual
		},
		"own/cap/fire-alarm-ja.xml": func(in stdif.Inbound) bool {
			return in.Mode == stdif.Exercise && in.Report.Kind.Code == stdif.KindFire && stdif.OneLine(in.Report.Locations[0]) == "例示市例示町１丁目"
		},
	}
	for _, f := range samples.Below(t, "cap-ts/", "cap-library/", "own/cap/") {
		check := want[f.Name]
		delete(want, f.Name)
		if check == nil {
			continue
		}
		in, _, err := Codec{}.Decode(f.Read(t))
		if err != nil || !check(in) {
			t.Errorf("%s: %v, %+v; want: %s", f.Name, err, in.Report, f.Why)
		}
	}
	for name := range want {
		t.Errorf("%s is not among the samples", name)
	}
}

func has(r *stdif.Report, name, value string) bool {
	for _, x := range r.Additional {
		if x.Name == name && x.Value == value {
			return true
		}
	}
	return false
}

// The attack file is refused where its document type begins: nothing behind it
// is even parsed.
func TestDocumentTypeStopsTheReader(t *testing.T) {
	for _, f := range samples.Below(t, "cap-library/xee.atom", "own/xml/entities-tenfold.xml") {
		wire := f.Read(t)
		p := problemOf(t, string(wire))
		end := strings.Index(string(wire), "]>") + len("]>")
		if p.Code != stdif.CodeSyntax || p.Place != "byte "+strconv.Itoa(end) || !strings.Contains(p.Detail, "document type") {
			t.Errorf("%s: %v, want 201 at byte %d", f.Name, p, end)
		}
	}
}

// The codec cannot reach a network: no package below it could.
func TestNoNetwork(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 10 {
		t.Fatalf("go list says %v", deps)
	}
	for _, dep := range deps {
		if dep == "net" || strings.HasPrefix(dep, "net/") || dep == "os/exec" {
			t.Errorf("the codec must not reach %s", dep)
		}
	}
}

// Notices in each encoding come out as the same text, or are refused with the
// place and kept raw.
func TestNotices(t *testing.T) {
	const head, tail = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>n</identifier><sender>s</sender>` +
		`<sent>2026-04-01T10:00:00+09:00</sent><status>Test</status><msgType>Alert</msgType><scope>Private</scope>` +
		`<info><category>Fire</category><event>e</event><description>`, `</description></info></alert>`
	files := map[string]samples.File{}
	for _, f := range samples.Below(t, "own/text/") {
		files[path.Base(f.Name)] = f
	}
	table, err := csv.NewReader(strings.NewReader(string(files["expected.csv"].Read(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range table[1:] {
		name, text, expect := row[0], row[2], row[3]
		notice := string(files[name].Read(t))
		wire := head + notice + tail
		switch {
		case strings.Contains(name, "cp932"):
			wire = `<?xml version="1.0" encoding="Shift_JIS"?>` + wire
		case strings.Contains(name, "utf16le"):
			wide := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder()
			before, err1 := wide.String(head)
			after, err2 := wide.String(tail)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			wire = "\xff\xfe" + before + strings.TrimPrefix(notice, "\xff\xfe") + after
		}
		if expect == samples.KeepRaw {
			if p := problemOf(t, wire); p.Code != stdif.CodeEncoding {
				t.Errorf("%s: %v, want 204", name, p)
			}
			continue
		}
		if r, _, _ := mustDecode(t, wire); r.Text != text {
			t.Errorf("%s: text %q, want %q", name, r.Text, text)
		}
	}
	for _, name := range []string{"export-cells.json", "file-names.json"} {
		var texts []string
		if err := json.Unmarshal(files[name].Read(t), &texts); err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			r, _, _ := mustDecode(t, head+text+tail)
			if r.Text != text {
				t.Errorf("%s: text %q, want %q", name, r.Text, text)
			}
		}
	}
}

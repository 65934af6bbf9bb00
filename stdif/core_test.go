package stdif_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/cap"
	"github.com/matoi119/matoi/stdif/eido"
	"github.com/matoi119/matoi/stdif/multipart"
	"github.com/matoi119/matoi/stdif/notice"
	"github.com/matoi119/matoi/stdif/open1"
	"github.com/matoi119/matoi/stdif/pidf"
	"github.com/matoi119/matoi/stdif/veds"
)

// protocols are the names that the core must not know: wires and formats are
// the codecs' business. JSON stays allowed, since the values carry their tags.
var protocols = regexp.MustCompile(`(?i)open1|open/1|websocket|https?\b|s301|s3-01|\bcap\b|\bxml\b|eido|veds|pidf-lo"|rfb|tls\b|ts1022|grpc|soap`)

// No profile is named in the core (FD-18): not by an import, not by a name, not
// by a value. Comments may cite a standard as the source of an idea.
func TestCoreNamesNoProtocol(t *testing.T) {
	duty(t, "FD-18")
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 8 {
		t.Fatalf("core files: %v, %v", files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, src, 0) // without comments
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			var text string
			switch n := n.(type) {
			case *ast.Ident:
				text = n.Name
			case *ast.BasicLit:
				text = n.Value
			}
			// CodeTLS is the published name of a code, not of a wire of ours.
			if text != "" && text != "CodeTLS" && text != "cap" && protocols.MatchString(text) {
				t.Errorf("%s names %s", set.Position(n.Pos()), text)
			}
			return true
		})
	}
}

func clock() time.Time { return noon }

func codecs() []stdif.Codec {
	return []stdif.Codec{eido.Codec{Now: clock}, open1.ReportCodec{}, cap.Codec{}, veds.Codec{Now: clock}, multipart.Codec{Now: clock}, pidf.Codec{}, notice.Codec{Now: clock}}
}

// golden holds one emergency in every format that is read as a report.
var golden = map[string]string{
	"open/1": `{"reportId":"N-1","revision":1775005200,"eventTime":"2026-04-01T10:00:00+09:00",
		"kind":{"code":"fire","localCode":"Fire","label":"火災"},"text":"煙が出ている",
		"locations":[{"role":"incident","shape":"circle","lat":34.7,"lon":135.5,"radiusM":25,"label":"例示市"}]}`,
	"cap/1.2": `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>N-1</identifier><sender>s</sender>
		<sent>2026-04-01T10:00:00+09:00</sent><status>Test</status><msgType>Alert</msgType><scope>Private</scope>
		<info><category>Fire</category><event>火災</event><description>煙が出ている</description>
		<area><areaDesc>例示市</areaDesc><circle>34.7,135.5 0.025</circle></area></info></alert>`,
	"veds": `<AutomatedCrashNotification xmlns="http://www.veds.org/acn/3.1"><DocumentDescriptionText>煙が出ている</DocumentDescriptionText>
		<DocumentPostDate><DateTime>2026-04-01T10:00:00+09:00</DateTime></DocumentPostDate>
		<Crash><ActivityIdentification><IdentificationID>N-1</IdentificationID></ActivityIdentification>
		<ActivityDate><DateTime>2026-04-01T01:00:00Z</DateTime></ActivityDate></Crash>
		<Location><LocationDescriptionText>例示市</LocationDescriptionText><LocationTwoDimensionalGeographicCoordinate>
		<GeographicCoordinateLatitude><LatitudeDegreeValue>34.7</LatitudeDegreeValue></GeographicCoordinateLatitude>
		<GeographicCoordinateLongitude><LongitudeDegreeValue>135.5</LongitudeDegreeValue></GeographicCoordinateLongitude>
		</LocationTwoDimensionalGeographicCoordinate></Location></AutomatedCrashNotification>`,
	"eido": `{"eidoVersion":"1.0","lastUpdateTimeStamp":"2026-04-01T10:00:00+09:00",
		"incidentComponent":{"incidentTypeCommonRegistryText":"Fire","incidentTypeInternalCode":"Fire","incidentTypeInternalText":"火災"},
		"callComponent":[{"$id":"N-1","callStartTimestamp":"2026-04-01T01:00:00Z"}],"notesComponent":[{"notesActionComments":"煙が出ている"}],
		"locationComponent":[{"locationTypeDescriptionRegistryText":"Incident","locationDescriptionText":"例示市","locationByValue":"<presence xmlns='urn:ietf:params:xml:ns:pidf'><tuple><status><geopriv xmlns='urn:ietf:params:xml:ns:pidf:geopriv10'><location-info><Circle xmlns='http://www.opengis.net/pidflo/1.0' xmlns:g='http://www.opengis.net/gml'><g:pos>34.7 135.5</g:pos><radius>25</radius></Circle></location-info></geopriv></status></tuple></presence>"}]}`,
	"multipart": "Call-Info: <N-1>;purpose=emergency-CallId\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\nContent-Type: application/EmergencyCallData.cap+xml\n\n" + `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>A-1</identifier>
		<sender>s</sender><sent>2026-04-01T10:00:00+09:00</sent><status>Test</status><msgType>Alert</msgType><scope>Private</scope>
		<info><category>Fire</category><event>火災</event><description>煙が出ている</description>
		<area><areaDesc>例示市</areaDesc><circle>34.7,135.5 0.025</circle></area></info></alert>` + "\n--b--",
}

// differs says in what a format cannot tell this emergency as the others do.
var differs = map[string]func(*stdif.Report){
	"eido": func(r *stdif.Report) { r.Revision *= 1000 }, // several changes within a second are usual there
	"veds": func(r *stdif.Report) { // knows crashes and cars only
		r.Kind = stdif.IncidentType{Code: stdif.KindRescue}
		r.Locations[0].Role, r.Locations[0].Shape, r.Locations[0].RadiusM = "vehicle", "point", 0
	},
}

// The same test set runs for every codec (FD-18).
func TestEveryCodec(t *testing.T) {
	duty(t, "FD-18", "S3-1-3-1")
	for _, c := range codecs() {
		wire := golden[c.Name()]
		if c.Name() == "pidf-lo" || c.Name() == "notice" {
			continue // never a report by itself (stdif/pidf); half of a sentence is a sentence (stdif/notice)
		}
		t.Run(c.Name(), func(t *testing.T) {
			lat, lon := 34.7, 135.5
			want := stdif.Report{
				ID: "N-1", Revision: 1775005200, EventTime: time.Date(2026, 4, 1, 1, 0, 0, 0, time.UTC),
				Kind: stdif.IncidentType{Code: stdif.KindFire, LocalCode: "Fire", Label: "火災"}, Text: "煙が出ている",
				Locations: []stdif.Location{{Role: "incident", Shape: "circle", Lat: &lat, Lon: &lon, RadiusM: 25, Label: "例示市"}},
			}
			if differ := differs[c.Name()]; differ != nil {
				differ(&want)
			}
			in, _, err := c.Decode([]byte(wire))
			if err != nil {
				t.Fatalf("Decode = %v", err)
			}
			got := *in.Report
			got.Raw, got.Additional = nil, nil
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("report (-want +got):\n%s", d)
			}
			for cut := range len(wire) {
				refuses(t, c, wire[:cut])
			}
			refuses(t, c, wire+strings.Repeat(" ", stdif.MaxFrame))
			neverSilent(t, c, strings.Replace(wire, "+09:00", "", 1), stdif.CodeTime)
			neverSilent(t, c, strings.Replace(wire, "煙", "\x89\x8c", 1), stdif.CodeEncoding)
			neverSilent(t, c, strings.Replace(wire, "N-1", "", 1), stdif.CodeMissing)
			if id := c.(stdif.Namer).ReportID([]byte(strings.Replace(wire, "+09:00", "", 1))); id != "N-1" {
				t.Errorf("ReportID of a report without offset = %q", id)
			}
		})
	}
	refuses(t, open1.ReportCodec{}, strings.Replace(golden["open/1"], "reportId", "REPORTID", 1))
	refuses(t, cap.Codec{}, strings.Replace(golden["cap/1.2"], "identifier", "IDENTIFIER", 2))
}

// neverSilent checks that a spoilt message is refused, or is taken with a
// warning of the code where the format lets its parts be absent or broken.
// What is spoilt is then in no field, and never a number of another report.
func neverSilent(t *testing.T, c stdif.Codec, wire string, code stdif.Code) {
	t.Helper()
	in, warnings, err := c.Decode([]byte(wire))
	if err != nil {
		refuses(t, c, wire)
		return
	}
	if !slices.ContainsFunc(warnings, func(p stdif.Problem) bool { return p.Code == code && p.Place != "" }) {
		t.Errorf("taken with %v, want %d among them", warnings, code)
	}
	if in.Report.Raw == nil || string(in.Report.Raw.Bytes) != wire || in.Report.ID == "" || strings.ContainsRune(in.Report.Text, '\ufffd') {
		t.Errorf("taken as %+v", in.Report)
	}
}

// refuses checks that a message is refused with a code and leaves nothing half-read.
func refuses(t *testing.T, c stdif.Codec, wire string) {
	t.Helper()
	in, _, err := c.Decode([]byte(wire))
	p, ok := err.(*stdif.Problem)
	if !ok || p.Code == 0 || p.Detail == "" || p.Code.Warning() {
		t.Errorf("Decode(%.40q… %d bytes) = %v, want a problem", wire, len(wire), err)
		return
	}
	if in.Report != nil || in.Chat != nil || in.State != nil || in.Media != nil {
		t.Errorf("half-read: %+v", in)
	}
	if strings.Contains(p.Error(), "出ている") {
		t.Errorf("%v repeats what was sent", p)
	}
}

// The message decides where the label is wrong, missing or shared.
func TestChoose(t *testing.T) {
	for _, c := range []struct{ contentType, message, want string }{
		{"application/json", golden["open/1"], "open/1"},
		{"application/json; charset=utf-8", golden["open/1"], "open/1"},
		{"Application/CAP+XML", golden["cap/1.2"], "cap/1.2"},
		{"text/xml", "\ufeff" + golden["cap/1.2"], "cap/1.2"},
		{"", golden["cap/1.2"], "cap/1.2"},
		{"application/json", golden["cap/1.2"], "cap/1.2"},
		{"application/xml", golden["open/1"], "open/1"},
		{"application/octet-stream", " \n" + golden["open/1"], "open/1"},
		{"application/json", "torn", "eido"}, // whose refusal says the same
		{"application/json", `{"reportId":"torn`, "open/1"},
		{"text/plain", "助けて", "notice"},
		{"text/plain", golden["open/1"], "open/1"},
		{"application/octet-stream", "助けて", ""},
		{"application/octet-stream", "例示市で火災が発生しました。", "notice"},
		{"application/emergency.eido+json", golden["eido"], "eido"},
		{"application/json", golden["eido"], "eido"},
		{"", golden["eido"], "eido"},
		{"application/xml", golden["veds"], "veds"},
		{"application/EmergencyCallData.VEDS+xml", golden["veds"], "veds"},
		{"", golden["veds"], "veds"},
		{"multipart/mixed; boundary=b", golden["multipart"], "multipart"},
		{"application/octet-stream", golden["multipart"], "multipart"},
		{"application/xml", `<presence xmlns="urn:ietf:params:xml:ns:pidf"/>`, "pidf-lo"},
	} {
		got, ok := stdif.Choose(codecs(), c.contentType, []byte(c.message))
		switch {
		case ok != (c.want != ""):
			t.Errorf("Choose(%q, %.20q) = %v", c.contentType, c.message, ok)
		case ok && got.Name() != c.want:
			t.Errorf("Choose(%q, %.20q) = %s, want %s", c.contentType, c.message, got.Name(), c.want)
		}
	}
}

package multipart

import (
	"encoding/base64"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/samples"
)

const (
	place = `<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml" entity="pres:e@example.jp">
<tuple id="t"><status><gp:geopriv><gp:location-info><gml:Point><gml:pos>34.7039 135.5012</gml:pos></gml:Point></gp:location-info></gp:geopriv></status></tuple></presence>`
	provider = `<EmergencyCallData.ProviderInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo"><DataProviderString>例示センター</DataProviderString>` +
		`<TypeOfProvider>Telematics Provider</TypeOfProvider><ContactURI>tel:+81-6-0000-0000</ContactURI></EmergencyCallData.ProviderInfo>`
	crash = `<AutomatedCrashNotification xmlns="http://www.veds.org/acn/3.1"><DocumentPostDate><DateTime>2026-04-01T10:00:30+09:00</DateTime></DocumentPostDate>` +
		`<Crash><ActivityIdentification><IdentificationID>AACN-17</IdentificationID></ActivityIdentification><ActivityDate><DateTime>2026-04-01T10:00:00+09:00</DateTime></ActivityDate>` +
		`<CrashVehicle><ItemMakeName>例示自動車</ItemMakeName></CrashVehicle><VehicleFireIndicator>true</VehicleFireIndicator></Crash></AutomatedCrashNotification>`
	alert = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>A-1</identifier><sender>s</sender><sent>2026-04-01T10:00:10+09:00</sent>` +
		`<status>Exercise</status><msgType>Alert</msgType><scope>Private</scope><info><category>Fire</category><event>自動火災報知</event><headline>煙</headline></info></alert>`
	comment = `<EmergencyCallData.Comment xmlns="urn:ietf:params:xml:ns:EmergencyCallData:Comment"><Comment>煙が出ている</Comment></EmergencyCallData.Comment>`
	callID  = "urn:emergency:uid:callid:17:example.jp"
)

// body writes parts, given as type and text in turn, behind header lines.
func body(head string, parts ...string) string {
	var b strings.Builder
	if head != "" {
		b.WriteString(head + "\r\nContent-Type: multipart/mixed; boundary=\"b 1\"\r\n\r\n")
	}
	for i := 0; i < len(parts); i += 2 {
		b.WriteString("--b 1\r\nContent-Type: " + parts[i] + "\r\n\r\n" + parts[i+1] + "\r\n")
	}
	return b.String() + "--b 1--"
}

const heading = "INVITE urn:service:sos.fire SIP/2.0\r\nTo: <urn:service:sos.fire>\r\nCall-ID: c1@example.jp\r\nDate: Wed, 01 Apr 2026 01:01:00 GMT\r\n" +
	"Call-Info: <" + callID + ">;purpose=emergency-CallId\r\nCall-Info: <urn:emergency:uid:incidentid:9:example.jp>\r\n ;purpose=emergency-IncidentId"

func clock() time.Time { return time.Date(2026, 4, 1, 2, 0, 0, 5, time.UTC) }

func mustDecode(t testing.TB, wire string) (*stdif.Report, stdif.Mode, []stdif.Problem) {
	t.Helper()
	in, warnings, err := Codec{Now: clock}.Decode([]byte(wire))
	if err != nil {
		t.Fatalf("Decode = %v", err)
	}
	return in.Report, in.Mode, warnings
}

func has(r *stdif.Report, name, value string) bool {
	return slices.ContainsFunc(r.Additional, func(x stdif.Additional) bool { return x.Name == name && strings.Contains(x.Value, value) })
}

// The parts of one call become one report.
func TestOneReport(t *testing.T) {
	duty(t, "S3-1-3-1")
	wire := body(heading, "application/pidf+xml", place, "application/EmergencyCallData.ProviderInfo+xml", provider,
		"application/EmergencyCallData.VEDS+xml", crash, "application/EmergencyCallData.Comment+xml", comment, "text/plain; charset=utf-8", "３階", "application/sdp", "v=0\r\nm=audio 9 RTP/AVP 0")
	r, mode, warnings := mustDecode(t, wire)
	if mode != "" || len(warnings) > 0 {
		t.Errorf("mode %q, warnings %v", mode, warnings)
	}
	lat, lon := 34.7039, 135.5012
	want := &stdif.Report{
		ID: callID, Revision: time.Date(2026, 4, 1, 1, 1, 0, 0, time.UTC).Unix(), EventTime: time.Date(2026, 4, 1, 1, 0, 0, 0, time.UTC),
		Kind: stdif.IncidentType{Code: stdif.KindFire, LocalCode: "urn:service:sos.fire"}, Text: "煙が出ている\n３階",
		Locations: []stdif.Location{{Role: "vehicle", Shape: "point", Lat: &lat, Lon: &lon}},
		Proxy:     &stdif.Proxy{Organisation: "例示センター", Callback: "+81-6-0000-0000"},
		Vehicle:   &stdif.Vehicle{Make: "例示自動車", Crashes: []stdif.Crash{{Fire: true}}},
		Raw:       &stdif.Raw{MIME: MediaType, Bytes: []byte(wire)},
	}
	rest := r.Additional
	r.Additional = nil
	if d := cmp.Diff(want, r); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
	r.Additional = rest
	for name, value := range map[string]string{
		"header.Request-Line": "sos.fire", "header.Call-Info": "incidentid:9:example.jp> ;purpose", "part[1].presence@entity": "pres:e@example.jp",
		"part[2].EmergencyCallData.ProviderInfo.TypeOfProvider": "Telematics", "part[6]": "m=audio",
	} {
		if !has(r, name, value) {
			t.Errorf("%s is lost: %v", name, rest)
		}
	}
}

// An alert in a call without a person keeps its mode; a test call is a test; the
// two never mix.
func TestMode(t *testing.T) {
	r, mode, _ := mustDecode(t, body("X: y", "application/EmergencyCallData.cap+xml", alert))
	if mode != stdif.Exercise || r.ID != "A-1" || r.Kind.Label != "自動火災報知" || r.Text != "煙" || r.Kind.Code != stdif.KindFire {
		t.Errorf("alert: %q, %+v", mode, r)
	}
	r, mode, _ = mustDecode(t, body("To: <urn:service:test.sos.ambulance>", "application/pidf+xml", place))
	if mode != stdif.Test || r.Kind.Code != stdif.KindEMS || !r.EventTime.Equal(clock().Truncate(time.Second)) {
		t.Errorf("test call: %q, %+v", mode, r)
	}
	_, _, err := Codec{}.Decode([]byte(body("To: <urn:service:test.sos>", "application/cap+xml", alert)))
	if p, ok := err.(*stdif.Problem); !ok || p.Code != stdif.CodeMode || p.Place != "/part[1]" {
		t.Errorf("a test call with an exercise in it: %v", err)
	}
}

// A broken part is flagged at its place and kept; the rest becomes the report.
func TestBrokenPart(t *testing.T) {
	for name, c := range map[string]struct {
		kind, text, place string
		code              stdif.Code
	}{
		"cut":        {"application/pidf+xml", place[:200], "/part[1]/byte ", stdif.CodeSyntax},
		"swapped":    {"application/pidf+xml", strings.Replace(place, "34.7039 135", "135.5 34", 1), "/part[1]/presence/", stdif.CodeLocation},
		"CP932":      {"application/pidf+xml", strings.Replace(place, "e@", "\x97\xe1", 1), "/part[1]/byte ", stdif.CodeEncoding},
		"other text": {"text/plain", "\x97\xe1", "/part[1]/byte ", stdif.CodeEncoding},
		"unknown":    {"application/x-secret", "zz", "/part[1]", stdif.CodeUnknownValue},
		"picture":    {"image/jpeg", "\xff\xd8", "/part[1]", stdif.CodeMediaType},
		"voice":      {"audio/wav", "RIFF", "/part[1]", stdif.CodeVoice},
		"bad base64": {"application/pidf+xml\r\nContent-Transfer-Encoding: base64", "%%%", "/part[1]/Content-Transfer-Encoding", stdif.CodeSyntax},
		"odd coding": {"application/pidf+xml\r\nContent-Transfer-Encoding: x", "zz", "/part[1]/Content-Transfer-Encoding", stdif.CodeEncoding},
		"no header":  {"x/y\r\nnot a header", "zz", "/part[1]/byte ", stdif.CodeSyntax},
		"inner cut":  {"multipart/mixed; boundary=i", "--i\r\n\r\nx\r\n", "/part[1]/byte ", stdif.CodeSyntax},
		"namespace":  {"application/EmergencyCallData.Comment+xml", strings.Replace(comment, ":Comment", ".Comment", 1), "/part[1]/EmergencyCallData.Comment", stdif.CodeVersion},
	} {
		r, _, warnings := mustDecode(t, body(heading, c.kind, c.text, "text/plain", "残り"))
		if len(warnings) == 0 || warnings[0].Code != c.code || !strings.HasPrefix(warnings[0].Place, c.place) {
			t.Errorf("%s: warnings %v, want %d at %s", name, warnings, c.code, c.place)
		}
		if r.Text != "残り" || r.ID != callID || len(r.Locations) > 0 {
			t.Errorf("%s: %+v", name, r)
		}
		if !slices.ContainsFunc(r.Additional, func(x stdif.Additional) bool {
			return strings.HasPrefix(x.Name, "part[1]") && !strings.Contains(x.Name, "Content-Type")
		}) {
			t.Errorf("%s: the part is lost: %v", name, r.Additional)
		}
	}
}

// Transfer encodings and nesting are undone; header and boundary may be absent.
func TestForms(t *testing.T) {
	coded := base64.StdEncoding.EncodeToString([]byte(place))
	inner := "--i\n\n外側なし\n--i\nContent-Type: application/pidf+xml\nContent-Transfer-Encoding: base64\n\n" + coded + "\n--i--\n"
	for name, wire := range map[string]string{
		"bare":       body("", "application/pidf+xml", place),
		"base64":     body("", "application/pidf+xml\r\nContent-Transfer-Encoding: BASE64", coded),
		"line feeds": strings.ReplaceAll(body("To: x", "application/pidf+xml", place), "\r\n", "\n"),
		"nested":     body("To: x", "multipart/mixed; boundary=i", inner),
		"preamble":   "For readers without MIME\r\n" + body("", "application/pidf+xml", place) + "\r\nbehind",
		"quoted":     body("", "application/pidf+xml\r\nContent-Transfer-Encoding: quoted-printable", strings.ReplaceAll(place, "=", "=3D")),
	} {
		r, _, warnings := mustDecode(t, wire)
		if len(r.Locations) != 1 || !strings.HasPrefix(r.ID, "sha256:") || len(warnings) != 2 {
			t.Errorf("%s: %+v, %v", name, r, warnings)
		}
	}
	deep := body("", "application/pidf+xml", place)
	for _, boundary := range []string{"c", "d", "e"} {
		deep = strings.ReplaceAll(body("", "multipart/mixed; boundary=\"b 1\"", deep), "b 1", boundary)
	}
	if _, _, err := (Codec{}).Decode([]byte(deep)); err == nil {
		t.Error("a deep nest was read")
	}
}

func TestRefuses(t *testing.T) {
	whole := body(heading, "application/pidf+xml", place)
	for name, c := range map[string]struct {
		wire string
		want stdif.Problem
	}{
		"empty":        {"", stdif.Problem{Code: stdif.CodeSyntax, Place: "byte 0"}},
		"cut":          {whole[:len(whole)-1], stdif.Problem{Code: stdif.CodeSyntax, Place: "byte "}},
		"header only":  {heading, stdif.Problem{Code: stdif.CodeSyntax, Place: "byte "}},
		"no part":      {"Content-Type: multipart/mixed; boundary=b\n\n--b--", stdif.Problem{Code: stdif.CodeSyntax, Place: "byte 43"}},
		"no boundary":  {"A: b\r\n\r\nx", stdif.Problem{Code: stdif.CodeSyntax, Place: "byte 8"}},
		"a form":       {body("", "application/x-form", "a=b"), stdif.Problem{Code: stdif.CodeMissing, Place: "/part[1]"}},
		"CP932 header": {"X: \x97\xe1\r\n" + whole, stdif.Problem{Code: stdif.CodeEncoding, Place: "byte 0"}},
		"many headers": {strings.Repeat("A: b\r\n", MaxHeaders+2) + "\r\n--b", stdif.Problem{Code: stdif.CodeSyntax, Place: "byte "}},
		"many parts":   {strings.Repeat("--b\r\n\r\nx\r\n", MaxParts+2) + "--b--", stdif.Problem{Code: stdif.CodeTooLarge, Place: "byte "}},
		"large":        {whole + strings.Repeat(" ", stdif.MaxFrame), stdif.Problem{Code: stdif.CodeTooLarge}},
	} {
		in, _, err := Codec{}.Decode([]byte(c.wire))
		var p *stdif.Problem
		if !errors.As(err, &p) || p.Code != c.want.Code || !strings.HasPrefix(p.Place, c.want.Place) || in.Report != nil {
			t.Errorf("%s: %v, want %d at %s", name, err, c.want.Code, c.want.Place)
		}
	}
}

// Every sample gets the verdict of the index.
func TestSamples(t *testing.T) {
	for _, f := range samples.Below(t, "ng911-dev/multipart/") {
		wire := f.Read(t)
		r, _, warnings := mustDecode(t, string(wire))
		if r.ID != "urn:emergency:uid:callid:123ABCdefg123ABCdefg123ABCdefg12:test.com" || string(r.Raw.Bytes) != string(wire) || !(Codec{}).Sniff(wire[:min(len(wire), 4096)]) {
			t.Errorf("%s: %s", f.Name, r.ID)
		}
		flagged := func(code stdif.Code) (n int) {
			for _, w := range warnings {
				if w.Code == code {
					n++
				}
			}
			return n
		}
		switch f.Expect {
		case samples.Accept:
			v := r.Vehicle
			if len(r.Locations) != 1 || *r.Locations[0].Lat != 50.6199 || v == nil || v.Make != "Saab" || v.Crashes[0].DeltaV != 160.9344 || !v.Crashes[0].Rollover ||
				flagged(stdif.CodeVersion) != 3 || !has(r, "part[5].EmergencyCallData.SubscriberInfo.NameOfSubscriber.Name", "John Doe") {
				t.Errorf("%s: %+v, %v; want %s", f.Name, r, warnings, f.Why)
			}
		case samples.KeepRaw:
			if len(r.Locations) != 0 || flagged(stdif.CodeSyntax) != 1 || !has(r, "part[1]", "cl:civicAddress") || !has(r, "part[2]", "m=audio") {
				t.Errorf("%s: %+v, %v; want %s", f.Name, r, warnings, f.Why)
			}
		default:
			t.Errorf("%s: verdict %s has no test", f.Name, f.Expect)
		}
	}
}

// The codec cannot reach a network: no package below it could.
func TestNoNetwork(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil || len(out) < 200 {
		t.Fatalf("go list: %v", err)
	}
	for _, dep := range strings.Fields(string(out)) {
		if dep == "net" || strings.HasPrefix(dep, "net/") || dep == "os/exec" {
			t.Errorf("the codec must not reach %s", dep)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, wire := range []string{
		body(heading, "application/pidf+xml", place, "application/EmergencyCallData.VEDS+xml", crash), body("", "application/cap+xml", alert),
		"--b\n\nx\n--b--", body("A: b", "multipart/mixed; boundary=i", "--i\n\nx\n--i--"), "--b\nContent-Transfer-Encoding: base64\n\n=\n--b--", "\n--",
	} {
		f.Add([]byte(wire))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		in, _, err := Codec{Now: clock}.Decode(wire)
		if err != nil {
			if in.Report != nil {
				t.Fatalf("half-read: %+v", in.Report)
			}
			return
		}
		if p := in.Report.Validate(); p != nil || string(in.Report.Raw.Bytes) != string(wire) {
			t.Fatal(p)
		}
	})
}

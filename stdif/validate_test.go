package stdif_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
)

var noon = time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC)

// report is the least that is taken.
func report() stdif.Report {
	return stdif.Report{ID: "N-1", Revision: 1, EventTime: noon, Kind: stdif.IncidentType{Code: stdif.KindEMS}}
}

func TestReportIsRefused(t *testing.T) {
	long, short := strings.Repeat("長", stdif.MaxText+1), strings.Repeat("長", stdif.MaxShort+1)
	for _, c := range []struct {
		name  string
		spoil func(*stdif.Report)
		code  stdif.Code
		place string
	}{
		{"no id", func(r *stdif.Report) { r.ID = "" }, stdif.CodeMissing, "/reportId"},
		{"long id", func(r *stdif.Report) { r.ID = strings.Repeat("x", stdif.MaxID+1) }, stdif.CodeTooLarge, "/reportId"},
		{"id of two lines", func(r *stdif.Report) { r.ID = "a\nb" }, stdif.CodeSyntax, "/reportId"},
		{"id that turns around", func(r *stdif.Report) { r.ID = "a\u202eb" }, stdif.CodeSyntax, "/reportId"},
		{"blank at its end", func(r *stdif.Report) { r.ID = "a " }, stdif.CodeSyntax, "/reportId"},
		{"no revision", func(r *stdif.Report) { r.Revision = 0 }, stdif.CodeMissing, "/revision"},
		{"no time", func(r *stdif.Report) { r.EventTime = time.Time{} }, stdif.CodeMissing, "/eventTime"},
		{"no kind", func(r *stdif.Report) { r.Kind.Code = "" }, stdif.CodeMissing, "/kind/code"},
		{"long label", func(r *stdif.Report) { r.Kind.Label = short }, stdif.CodeTooLarge, "/kind/label"},
		{"long text", func(r *stdif.Report) { r.Text = long }, stdif.CodeTooLarge, "/text"},
		{"locations", func(r *stdif.Report) { r.Locations = make([]stdif.Location, stdif.MaxLocations+1) }, stdif.CodeTooLarge, "/locations"},
		{"polygon", func(r *stdif.Report) {
			r.Locations = []stdif.Location{{Polygon: make([]stdif.Point, stdif.MaxPolygon+1)}}
		}, stdif.CodeTooLarge, "/locations/0/polygon"},
		{"address line", func(r *stdif.Report) {
			r.Locations = []stdif.Location{{}, {Civic: &stdif.Civic{Line: short}}}
		}, stdif.CodeTooLarge, "/locations/1/civic/line"},
		{"place label", func(r *stdif.Report) { r.Locations = []stdif.Location{{Label: short}} }, stdif.CodeTooLarge, "/locations/0/label"},
		{"name", func(r *stdif.Report) { r.Subscriber = &stdif.SubscriberInfo{Name: short} }, stdif.CodeTooLarge, "/subscriber/name"},
		{"communication", func(r *stdif.Report) {
			r.Subscriber = &stdif.SubscriberInfo{Communication: []string{"text", short}}
		}, stdif.CodeTooLarge, "/subscriber/communication/1"},
		{"conditions", func(r *stdif.Report) {
			r.Medical = &stdif.Medical{Conditions: make([]string, stdif.MaxListed+1)}
		}, stdif.CodeTooLarge, "/medical/conditions"},
		{"medical note", func(r *stdif.Report) { r.Medical = &stdif.Medical{Note: long} }, stdif.CodeTooLarge, "/medical/note"},
		{"contacts", func(r *stdif.Report) { r.Contacts = make([]stdif.Contact, stdif.MaxContacts+1) }, stdif.CodeTooLarge, "/contacts"},
		{"contact", func(r *stdif.Report) { r.Contacts = []stdif.Contact{{Phone: short}} }, stdif.CodeTooLarge, "/contacts/0/phone"},
		{"operator", func(r *stdif.Report) { r.Proxy = &stdif.Proxy{Operator: short} }, stdif.CodeTooLarge, "/proxy/operator"},
		{"routing", func(r *stdif.Report) { r.Routing = &stdif.Routing{LocatedHQ: short} }, stdif.CodeTooLarge, "/routing/locatedHq"},
		{"plate", func(r *stdif.Report) { r.Vehicle = &stdif.Vehicle{Plate: short} }, stdif.CodeTooLarge, "/vehicle/plate"},
		{"crashes", func(r *stdif.Report) {
			r.Vehicle = &stdif.Vehicle{Crashes: make([]stdif.Crash, stdif.MaxListed+1)}
		}, stdif.CodeTooLarge, "/vehicle/crashes"},
		{"algorithm", func(r *stdif.Report) { r.Severity = &stdif.Severity{Algorithm: short} }, stdif.CodeTooLarge, "/severity/algorithm"},
		{"media", func(r *stdif.Report) { r.Media = make([]stdif.Media, stdif.MaxMedia+1) }, stdif.CodeTooLarge, "/media"},
		{"additional", func(r *stdif.Report) { r.Additional = make([]stdif.Additional, stdif.MaxAdditional+1) }, stdif.CodeTooLarge, "/additional"},
		{"translation", func(r *stdif.Report) { r.Translation = map[string]string{"en": long} }, stdif.CodeTooLarge, "/translation"},
		{"raw", func(r *stdif.Report) { r.Raw = &stdif.Raw{Bytes: make([]byte, stdif.MaxFrame+1)} }, stdif.CodeTooLarge, "/raw/b64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := report()
			if p := r.Validate(); p != nil {
				t.Fatalf("the least report: %v", p)
			}
			c.spoil(&r)
			p := r.Validate()
			if p == nil || p.Code != c.code || p.Place != c.place {
				t.Fatalf("Validate = %v, want %d at %s", p, c.code, c.place)
			}
			if strings.Contains(p.Error(), "長") {
				t.Errorf("%v repeats what was sent", p)
			}
		})
	}
}

func TestReportIsTakenWithWarning(t *testing.T) {
	minus := -1
	for _, c := range []struct {
		name  string
		spoil func(*stdif.Report)
		code  stdif.Code
		place string
	}{
		{"kind unknown", func(r *stdif.Report) { r.Kind.Code = "flood" }, stdif.CodeUnknownValue, "/kind/code"},
		{"role unknown", func(r *stdif.Report) { r.Locations = []stdif.Location{{Role: "boat"}} }, stdif.CodeUnknownValue, "/locations/0/role"},
		{"role missing", func(r *stdif.Report) { r.Locations = []stdif.Location{{}} }, stdif.CodeMissing, "/locations/0/role"},
		{"birth", func(r *stdif.Report) { r.Subscriber = &stdif.SubscriberInfo{Birth: "昭和55年"} }, stdif.CodeTime, "/subscriber/birth"},
		{"sex", func(r *stdif.Report) { r.Subscriber = &stdif.SubscriberInfo{Sex: "x"} }, stdif.CodeUnknownValue, "/subscriber/sex"},
		{"verified", func(r *stdif.Report) { r.Proxy = &stdif.Proxy{Verified: "maybe"} }, stdif.CodeUnknownValue, "/proxy/verified"},
		{"handover", func(r *stdif.Report) { r.Routing = &stdif.Routing{Handover: "pigeon"} }, stdif.CodeUnknownValue, "/routing/handover"},
		{"belted", func(r *stdif.Report) { r.Vehicle = &stdif.Vehicle{Belted: &minus} }, stdif.CodeUnknownValue, "/vehicle/belted"},
		{"direction", func(r *stdif.Report) { r.Vehicle = &stdif.Vehicle{Crashes: []stdif.Crash{{Direction: 13}}} }, stdif.CodeUnknownValue, "/vehicle/crashes/0/direction"},
		{"probability", func(r *stdif.Report) { r.Severity = &stdif.Severity{Value: 2, Algorithm: "a"} }, stdif.CodeUnknownValue, "/severity/value"},
		{"algorithm", func(r *stdif.Report) { r.Severity = &stdif.Severity{Value: 0.5} }, stdif.CodeMissing, "/severity/algorithm"},
	} {
		r := report()
		c.spoil(&r)
		if p := r.Validate(); p != nil {
			t.Errorf("%s: refused: %v", c.name, p)
		}
		if w := r.Warnings(); len(w) != 1 || w[0].Code != c.code || w[0].Place != c.place {
			t.Errorf("%s: warnings %v, want %d at %s", c.name, w, c.code, c.place)
		}
	}
}

// Voice is refused where it comes alone, and set aside where a report brings it
// (音声通話は行わない, S3-L8). Pictures and video are carried.
func TestVoiceIsNotCarried(t *testing.T) {
	duty(t, "S3-L8")
	for _, mime := range []string{"audio/wav", "audio/mpeg", "Audio/OGG; codecs=opus", "application/ogg", "application/sdp"} {
		if p := (stdif.Media{ID: "m", MIME: mime}).Validate(); p == nil || p.Code != stdif.CodeVoice || p.Place != "/mime" {
			t.Errorf("%s: Validate = %v, want 307", mime, p)
		}
	}
	for _, mime := range stdif.CarriedMedia() {
		if p := (stdif.Media{ID: "m", MIME: mime}).Validate(); p != nil {
			t.Errorf("%s: Validate = %v", mime, p)
		}
	}
	r := report()
	r.Media = []stdif.Media{{ID: "call", MIME: "audio/wav"}, {ID: "photo", MIME: "IMAGE/JPEG"}, {ID: "", MIME: "image/png"}, {ID: "doc", MIME: "application/pdf"}}
	warnings := r.Normalize()
	want := []stdif.Problem{
		{Code: stdif.CodeVoice, Place: "/media/0/mime"}, {Code: stdif.CodeMissing, Place: "/media/2/id"}, {Code: stdif.CodeMediaType, Place: "/media/3/mime"},
	}
	for i := range warnings {
		warnings[i].Detail = ""
	}
	if d := cmp.Diff(want, warnings); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]stdif.Media{{ID: "photo", MIME: "image/jpeg"}}, r.Media); d != "" {
		t.Errorf("media (-want +got):\n%s", d)
	}
	if len(r.Additional) != 3 || r.Additional[0].Name != "/media/0" || !strings.Contains(r.Additional[0].Value, "audio/wav") {
		t.Errorf("set aside: %v", r.Additional)
	}
	if p := r.Validate(); p != nil {
		t.Errorf("the report itself: %v", p)
	}
}

func TestMedia(t *testing.T) {
	for _, c := range []struct {
		name  string
		m     stdif.Media
		code  stdif.Code
		place string
	}{
		{"size", stdif.Media{ID: "m", MIME: "image/png", Bytes: stdif.MaxMediaBytes + 1}, stdif.CodeTooLarge, "/bytes"},
		{"negative", stdif.Media{ID: "m", MIME: "image/png", Bytes: -1}, stdif.CodeSyntax, "/bytes"},
		{"digest", stdif.Media{ID: "m", MIME: "image/png", SHA256: "xyz"}, stdif.CodeMediaDigest, "/sha256"},
		{"type", stdif.Media{ID: "m", MIME: "image/svg+xml"}, stdif.CodeMediaType, "/mime"},
		{"no type", stdif.Media{ID: "m"}, stdif.CodeMissing, "/mime"},
	} {
		if p := c.m.Validate(); p == nil || p.Code != c.code || p.Place != c.place {
			t.Errorf("%s: Validate = %v, want %d at %s", c.name, p, c.code, c.place)
		}
	}
	m := stdif.Media{ID: "m", MIME: "image/png", SHA256: strings.Repeat("AB", 32)}
	if m.Normalize(); m.Validate() != nil {
		t.Errorf("an upper-case digest: %v", m.Validate())
	}
}

func TestChatStateAndUndecodable(t *testing.T) {
	line := stdif.ChatMessage{ID: "c", ReportID: "r", From: stdif.FromCaller, At: noon, Text: "はい\x07"}
	if w := line.Normalize(); len(w) != 1 || w[0].Place != "/text" || line.Text != "はい" {
		t.Errorf("Normalize = %v, %q", w, line.Text)
	}
	for place, spoil := range map[string]func(*stdif.ChatMessage){
		"/id":       func(m *stdif.ChatMessage) { m.ID = "" },
		"/reportId": func(m *stdif.ChatMessage) { m.ReportID = "" },
		"/from":     func(m *stdif.ChatMessage) { m.From = "" },
		"/at":       func(m *stdif.ChatMessage) { m.At = time.Time{} },
		"/text":     func(m *stdif.ChatMessage) { m.Text = "" },
	} {
		m := line
		spoil(&m)
		if p := m.Validate(); p == nil || p.Code != stdif.CodeMissing || p.Place != place {
			t.Errorf("chat without %s: %v", place, p)
		}
	}
	line.From = "robot"
	if p, w := line.Validate(), line.Warnings(); p != nil || len(w) != 1 || w[0].Code != stdif.CodeUnknownValue {
		t.Errorf("unknown speaker: %v, %v", p, w)
	}
	state := stdif.ReportState{ReportID: "r", State: "asleep", At: noon}
	if p, w := state.Validate(), state.Warnings(); p != nil || len(w) != 1 || w[0].Place != "/state" {
		t.Errorf("unknown state: %v, %v", p, w)
	}
	state.State = ""
	if p := state.Validate(); p == nil || p.Place != "/state" {
		t.Errorf("no state: %v", p)
	}
	if p := (stdif.Undecodable{Raw: stdif.Raw{Bytes: []byte{0xff}}}).Validate(); p != nil {
		t.Errorf("undecodable: %v", p)
	}
}

func TestInput(t *testing.T) {
	in := stdif.Input{ID: "i", ServiceID: "s", ReportID: "r", Mode: stdif.Actual, Verb: stdif.VerbAccept, At: noon}
	if p := in.Validate(); p != nil {
		t.Fatalf("accept: %v", p)
	}
	for place, spoil := range map[string]func(*stdif.Input){
		"/id": func(x *stdif.Input) { x.ID = "" }, "/serviceId": func(x *stdif.Input) { x.ServiceID = "" },
		"/reportId": func(x *stdif.Input) { x.ReportID = "" }, "/mode": func(x *stdif.Input) { x.Mode = "" },
		"/verb": func(x *stdif.Input) { x.Verb = "" }, "/at": func(x *stdif.Input) { x.At = time.Time{} },
		"/ack": func(x *stdif.Input) { x.Verb = stdif.VerbAck }, "/message": func(x *stdif.Input) { x.Verb = stdif.VerbMessage },
		"/ack/step":   func(x *stdif.Input) { x.Verb, x.Ack = stdif.VerbAck, &stdif.Ack{} },
		"/message/id": func(x *stdif.Input) { x.Verb, x.Message = stdif.VerbMessage, &stdif.ChatMessage{} },
	} {
		x := in
		spoil(&x)
		if p := x.Validate(); p == nil || p.Place != place {
			t.Errorf("Validate = %v, want %s", p, place)
		}
	}
	in.Verb = "sing"
	if p, w := in.Validate(), in.Warnings(); p != nil || len(w) != 1 || w[0].Code != stdif.CodeUnknownValue {
		t.Errorf("unknown verb: %v, %v", p, w)
	}
}

func TestStepsInOrder(t *testing.T) {
	steps := []stdif.AckStep{stdif.Spooled, stdif.Received, stdif.Integrated, stdif.Seen, stdif.Refused}
	for i, a := range steps {
		for j, b := range steps {
			if a.Before(b) != (i < j) {
				t.Errorf("%s before %s = %v", a, b, a.Before(b))
			}
		}
	}
}

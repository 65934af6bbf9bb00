package journey

import (
	"bytes"
	"image/jpeg"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/internal/sandbox/sandboxtest"
	"github.com/matoi119/matoi/stdif"
)

// bytes fetches what is no JSON.
func (a *api) bytes(path string) (status int, kind string, body []byte) {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, a.base+"/api/v1"+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	res, err := a.http.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err = io.ReadAll(res.Body); err != nil {
		a.t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), body
}

type apiDetail struct {
	Card struct {
		ID, State, Video string
		Transfer         *struct{ State string }
	}
	Media []struct {
		ID, State string
		Looked    bool
		Location  *struct{ Lat float64 }
	}
	Videos   []struct{ ID, State string }
	Contacts []struct{ Kind, Outcome string }
}

// A picture that a caller sent is fetched, made anew and looked at; a link for
// video is sent, lived through and stopped; the report is handed over by
// telephone, and closed as handed over: through the API alone.
func TestMediaVideoAndTransferThroughTheAPI(t *testing.T) {
	o := newOfficeWith(t, app.MediaConfig{Child: sandboxtest.Child(t)})
	c := o.send("N-1", "部屋に煙が入ってきます")
	path := "/reports/" + c.ID
	o.sato.must("POST", path+"/claim", map[string]any{}, nil)
	o.picture(path)
	answer := o.film()
	o.elsewhere("/reports/"+answer, path)
}

// detail reads a report until it fits.
func (o *office) detail(what, path string, fits func(d apiDetail) bool) (d apiDetail) {
	o.t.Helper()
	o.sato.must("GET", path, nil, &d)
	if fits(d) {
		return d
	}
	o.feed.until(what, func(apiChange) bool {
		d = apiDetail{}
		o.sato.must("GET", path, nil, &d)
		return fits(d)
	})
	return d
}

func (o *office) picture(path string) {
	t := o.t
	if answer, err := o.service.Media(t.Context(), stdif.Media{ID: "m-1", ReportID: "N-1", MIME: "image/jpeg"}, smoke(t)); err != nil || !answer.Taken() {
		t.Fatalf("%v %v", answer, err)
	}
	d := o.detail("the picture is there", path, func(d apiDetail) bool { return len(d.Media) == 1 && d.Media[0].State == "shown" })
	if d.Media[0].Looked || d.Media[0].Location == nil {
		t.Errorf("media %+v", d.Media)
	}
	copy := path + "/media/" + d.Media[0].ID + "/shown"
	status, kind, made := o.sato.bytes(copy)
	if img, err := jpeg.DecodeConfig(bytes.NewReader(made)); err != nil || status != http.StatusOK || kind != "image/jpeg" || img.Width != 1280 || bytes.Contains(made, []byte("Exif")) {
		t.Errorf("the picture: %d %s %v %v", status, kind, img, err)
	}
	o.sato.must("POST", path+"/media/"+d.Media[0].ID+"/look", map[string]any{}, nil)
	o.sato.must("GET", path, nil, &d)
	if !d.Media[0].Looked {
		t.Error("nobody has looked")
	}
}

// film asks for a link during a telephone call, and returns the report that the
// service made of it.
func (o *office) film() string {
	t := o.t
	must := func(answer interface{ Taken() bool }, err error) {
		t.Helper()
		if err != nil || !answer.Taken() {
			t.Fatalf("%v %v", answer, err)
		}
	}
	must(o.service.Offer(t.Context(), stdif.Offer{Takes: []stdif.Verb{stdif.VerbMedia, stdif.VerbGuide, stdif.VerbCallBack}, Live: true, Clips: []stdif.Clip{{ID: "cpr", Label: "心肺蘇生"}}}))
	o.feed.until("the service says what it can do", func(c apiChange) bool { return c.Kind == "terminal" })
	o.sato.must("POST", "/video-requests", map[string]any{"id": "q-1", "mode": "actual", "serviceId": "text.example", "phone": "090-0000-0000", "purpose": "scene"}, nil)
	must(o.service.Report(t.Context(), stdif.Actual, stdif.Report{ID: "V-1", RequestID: "q-1", Revision: 1, EventTime: time.Now().Truncate(time.Millisecond), Kind: stdif.IncidentType{Code: stdif.KindEMS}}))
	answer := o.feed.arrived("V-1")
	for _, state := range []stdif.ServiceState{stdif.ServiceConsented, stdif.ServiceLive} {
		must(o.service.State(t.Context(), stdif.ReportState{ReportID: "V-1", State: state, At: time.Now()}))
	}
	beside := "/reports/" + answer.ID
	d := o.detail("it is live", beside, func(d apiDetail) bool { return d.Card.Video == "live" })
	o.sato.must("POST", beside+"/looks", map[string]any{"looks": true}, nil)
	shot := make(chan error, 1)
	go func() {
		_, _, err := o.service.Live(t.Context(), "V-1", smoke(t))
		shot <- err
	}()
	if status, kind, _ := o.sato.bytes(beside + "/live"); status != http.StatusOK || kind != "image/jpeg" {
		if status != http.StatusNoContent { // asked before the first picture came
			t.Errorf("live: %d %s", status, kind)
		}
	}
	if err := <-shot; err != nil {
		t.Error(err)
	}
	o.sato.must("POST", beside+"/looks", map[string]any{"looks": false}, nil)
	o.sato.must("POST", beside+"/guides", map[string]any{"id": "g-1", "clip": "cpr"}, nil)
	o.sato.must("POST", beside+"/calls", map[string]any{"id": "k-1", "party": "caller", "outcome": "answered", "note": "意識あり"}, nil)
	o.sato.must("POST", beside+"/call-backs", map[string]any{"id": "b-1"}, nil)
	o.sato.must("GET", beside, nil, &d)
	kinds := []string{}
	for _, c := range d.Contacts {
		kinds = append(kinds, c.Kind)
	}
	if slices.Sort(kinds); !slices.Equal(kinds, []string{"call-back", "guide", "telephone"}) {
		t.Errorf("contacts %v", kinds)
	}
	return answer.ID
}

// elsewhere stops the video for safety, hands the other report over and closes it.
func (o *office) elsewhere(video, path string) {
	t := o.t
	o.sato.must("POST", video+"/close", map[string]string{"reason": "safety"}, nil)
	var form struct{ Checklist []struct{ Item, Name string } }
	o.sato.must("GET", path+"/transfer", nil, &form)
	if len(form.Checklist) == 0 {
		t.Error("nothing to read out")
	}
	if status, _ := o.sato.call("POST", path+"/close", map[string]string{"reason": "transferred"}, nil); status != http.StatusConflict {
		t.Errorf("closed as handed over before anybody took it: %d", status)
	}
	o.sato.must("POST", path+"/transfer/telephone", map[string]any{"toName": "隣市消防本部", "number": "06-0000-0000", "answeredBy": "佐藤", "outcome": "accepted", "readOut": []string{}}, nil)
	o.sato.must("POST", path+"/close", map[string]string{"reason": "transferred"}, nil)
	d := o.detail("handed over and closed", path, func(d apiDetail) bool { return d.Card.State == "closed" })
	if d.Card.Transfer == nil || d.Card.Transfer.State != "accepted" {
		t.Errorf("card %+v", d.Card)
	}
}

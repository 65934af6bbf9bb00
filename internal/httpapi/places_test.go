package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/test/duty"
)

func at(role string, lat, lon float64) stdif.Location {
	return stdif.Location{Role: role, Shape: "point", Lat: &lat, Lon: &lon}
}

// Every place of every revision comes back as it was given: the impossible and
// the repeated too, because a page that hides them hides what the sender said.
func TestPlacesOfEveryRevision(t *testing.T) {
	duty.Holds(t, "FD-19")
	h := newHouse(t)
	s := h.seat("a", staff.Dispatcher)
	r := h.reported("N-1")
	given := [][]stdif.Location{
		nil,
		{at("caller", 34.70, 135.50), at("registered-home", 34.71, 135.51)},
		{at("caller", 0, 0), at("caller", 135.5, 34.7)},
		{{Role: "caller", Shape: "civic", Civic: &stdif.Civic{Line: "本町１－２－３付近"}}},
	}
	for i, l := range given[1:] {
		v := words("N-1", int64(i+2))
		v.Locations = l
		h.arrive(stdif.Inbound{Report: v})
	}
	got := read[ReportPlaces](h, s, http.MethodGet, "/reports/"+r.ID+"/places", nil)
	if got.ID != r.ID || got.Revision != 4 || len(got.Revisions) != 4 {
		t.Fatalf("%+v", got)
	}
	for i, v := range got.Revisions {
		want := given[i]
		if want == nil {
			want = []stdif.Location{}
		}
		if v.Revision != int64(i+1) || v.ReceivedAt.IsZero() {
			t.Errorf("revision %d: %+v", i+1, v)
		}
		if diff := cmp.Diff(want, v.Locations); diff != "" {
			t.Errorf("revision %d (-given +answered):\n%s", i+1, diff)
		}
	}
	if w := h.do(s, http.MethodGet, "/reports/none/places", nil); w.Code != http.StatusNotFound {
		t.Errorf("places of no report = %d", w.Code)
	}
	if w := h.do(h.seat("b"), http.MethodGet, "/reports/"+r.ID+"/places", nil); w.Code != http.StatusUnauthorized {
		t.Errorf("places for nobody = %d", w.Code)
	}
}

func TestPlacesOfVeryManyRevisions(t *testing.T) {
	var frames []report.Frame
	for i := int64(3000); i > 0; i-- { // and each twice
		frames = append(frames, report.Frame{Revision: i}, report.Frame{Revision: i})
	}
	frames = append(frames, report.Frame{Revision: 0}, report.Frame{Revision: 4000, Problem: stdif.CodeInternal})
	got := revisions(frames)
	if len(got) != mostRevisions || got[0].Revision != 1 || got[keptFirst-1].Revision != keptFirst || got[keptFirst].Revision != 2101 || got[len(got)-1].Revision != 3000 {
		t.Errorf("%d revisions: %d … %d, %d … %d", len(got), got[0].Revision, got[keptFirst-1].Revision, got[keptFirst].Revision, got[len(got)-1].Revision)
	}
}

func TestWhereAReportIsMarked(t *testing.T) {
	polygon := stdif.Location{Role: "caller", Shape: "polygon", Polygon: []stdif.Point{{Lat: 1, Lon: 1}, {Lat: 1, Lon: 2}, {Lat: 2, Lon: 2}}}
	for name, c := range map[string]struct {
		given []stdif.Location
		want  string
	}{
		"nothing":                      {nil, ""},
		"null island":                  {[]stdif.Location{at("caller", 0, 0)}, ""},
		"swapped coordinates":          {[]stdif.Location{at("caller", 135.5, 34.7)}, ""},
		"only a polygon":               {[]stdif.Location{polygon}, ""},
		"home alone":                   {[]stdif.Location{at("registered-home", 34.7, 135.5)}, "registered-home"},
		"the caller before home":       {[]stdif.Location{at("registered-home", 34.7, 135.5), at("caller", 34.8, 135.5)}, "caller"},
		"the incident before all":      {[]stdif.Location{at("caller", 34.8, 135.5), at("incident", 34.8, 135.5)}, "incident"},
		"a role that nobody knows":     {[]stdif.Location{at("drone", 34.8, 135.5)}, "drone"},
		"home before the unknown role": {[]stdif.Location{at("drone", 34.8, 135.5), at("registered-home", 34.7, 135.5)}, "registered-home"},
	} {
		got := marked(c.given)
		if role := ""; got != nil && got.Role != c.want || got == nil && c.want != role {
			t.Errorf("%s: marked %+v, want %q", name, got, c.want)
		}
	}
}

func TestPlacesOfTheBoard(t *testing.T) {
	h := newHouse(t)
	s := h.seat("a", staff.Dispatcher)
	with, without := words("N-1", 1), words("N-2", 1)
	with.Locations = []stdif.Location{at("caller", 34.7, 135.5)}
	h.arrive(stdif.Inbound{Report: with})
	h.arrive(stdif.Inbound{Report: without})
	got := read[[]BoardPlace](h, s, http.MethodGet, "/board/places", nil)
	if len(got) != 1 || got[0].Number == "" || *got[0].Location.Lat != 34.7 || got[0].Mode != stdif.Actual {
		t.Errorf("%+v", got)
	}
}

// shelf is a map of some bytes.
type shelf struct{ err error }

const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func (s shelf) Current() (Map, error) {
	return Map{SHA256: digest, Bytes: 10, Layers: []string{"road"}}, s.err
}

func (s shelf) Open(sha256 string) (io.ReadSeekCloser, error) {
	if sha256 != digest {
		return nil, fault.New(fault.NotFound, "map.none")
	}
	return part{bytes.NewReader([]byte("0123456789"))}, s.err
}

type part struct{ *bytes.Reader }

func (part) Close() error { return nil }

func TestMapIsHandedOutInParts(t *testing.T) {
	h := newHouse(t)
	s := h.seat("a", staff.Dispatcher)
	if w := h.do(s, http.MethodGet, "/map", nil); w.Code != http.StatusNotFound || problemIn(t, w).Key != "map.none" {
		t.Errorf("no map = %d %s", w.Code, w.Body)
	}
	h.maps = shelf{}
	if v := read[Map](h, s, http.MethodGet, "/map", nil); v.SHA256 != digest {
		t.Errorf("%+v", v)
	}
	path := "/map/" + digest
	for _, c := range []struct {
		header []string
		code   int
		body   string
	}{
		{nil, 200, "0123456789"},
		{[]string{"Range", "bytes=2-4"}, 206, "234"},
		{[]string{"Range", "bytes=-3"}, 206, "789"},
		{[]string{"Range", "bytes=8-"}, 206, "89"},
		{[]string{"Range", "bytes=20-30"}, 416, ""},
		{[]string{"Range", "bytes=2-4", "If-Range", `"another"`}, 200, "0123456789"},
		{[]string{"If-None-Match", `"` + digest + `"`}, 304, ""},
	} {
		w := h.do(s, http.MethodGet, path, nil, c.header...)
		if w.Code != c.code || c.code < 300 && w.Body.String() != c.body {
			t.Errorf("%v = %d %q, want %d %q", c.header, w.Code, w.Body, c.code, c.body)
		}
		if c.code < 400 && w.Header().Get("ETag") != `"`+digest+`"` {
			t.Errorf("%v: ETag %q", c.header, w.Header().Get("ETag"))
		}
		if c.code < 300 && !strings.Contains(w.Header().Get("Cache-Control"), "private") {
			t.Errorf("%v: Cache-Control %q", c.header, w.Header().Get("Cache-Control"))
		}
	}
	if w := h.do(s, http.MethodGet, "/map/"+strings.Repeat("0", 64), nil); w.Code != http.StatusNotFound {
		t.Errorf("another map = %d", w.Code)
	}
	for who, s := range map[string]*seat{"a stranger": nil, "a seat without a person": h.seat("b")} {
		if w := h.do(s, http.MethodGet, path, nil); w.Code != http.StatusUnauthorized {
			t.Errorf("the map for %s = %d", who, w.Code)
		}
	}
	h.maps = shelf{fault.New(fault.Unavailable, "map.damaged")}
	if w := h.do(s, http.MethodGet, "/map", nil); w.Code != http.StatusServiceUnavailable || problemIn(t, w).Key != "map.damaged" {
		t.Errorf("a damaged map = %d %s", w.Code, w.Body)
	}
}

package stdif_test

import (
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif"
)

func at(lat, lon float64) stdif.Location {
	return stdif.Location{Role: "caller", Shape: "point", Lat: &lat, Lon: &lon}
}

func TestOneLine(t *testing.T) {
	address := &stdif.Civic{
		Postcode: "5300001", Prefecture: "大阪府", City: "例示市", Line: "本町1-2-3",
		Building: "例示ハイツ　東棟", Floor: "2", Room: "201", Note: "付近",
	}
	circle := at(34.7039, 135.5012)
	circle.RadiusM = 25
	for _, c := range []struct {
		name string
		l    stdif.Location
		want string
	}{
		{"address", stdif.Location{Civic: address}, "大阪府例示市本町1-2-3 例示ハイツ　東棟 2 201 付近"},
		{"label and address", stdif.Location{Label: "自宅", Civic: &stdif.Civic{City: "例示市"}}, "自宅 例示市"},
		{"other script", stdif.Location{Civic: &stdif.Civic{City: "Reiji", Line: "1 Main\nStreet"}}, "Reiji 1 Main Street"},
		{"circle", circle, "34.7039, 135.5012 ±25 m"},
		{"whole degrees", at(35, 140), "35, 140"},
		{"impossible", at(139.8, 35.7), "? 139.8, 35.7"},
		{"polygon", stdif.Location{Polygon: []stdif.Point{{Lat: 34, Lon: 135}, {Lat: 35, Lon: 135}, {Lat: 35, Lon: 136}}}, "34, 135 …"},
		{"line of two", stdif.Location{Polygon: []stdif.Point{{Lat: 34, Lon: 135}, {Lat: 35, Lon: 135}}}, "? 34, 135 …"},
		{"nothing", stdif.Location{}, ""},
	} {
		if got := stdif.OneLine(c.l); got != c.want {
			t.Errorf("%s: OneLine = %q, want %q", c.name, got, c.want)
		}
	}
}

// A place that cannot be never refuses a report and is never drawn (302).
func TestImpossiblePlaces(t *testing.T) {
	half := stdif.Location{Role: "caller", Lat: new(float64)}
	negative := at(34, 135)
	negative.RadiusM = -1
	ellipse := at(34, 135)
	ellipse.Shape, ellipse.Extent = "ellipse", &stdif.Extent{SemiMajorM: 10, SemiMinorM: -1}
	nan := 0.0
	nan /= nan
	for _, c := range []struct {
		name   string
		l      stdif.Location
		place  string
		detail string
		drawn  bool
	}{
		{"null island", at(0, 0), "/locations/0/lat", "receiver without a fix", false},
		{"swapped", at(139.8, 35.7), "/locations/0/lat", "swapped", false},
		{"no place on earth", at(200, 300), "/locations/0/lat", "not a place on earth", false},
		{"negative axis", ellipse, "/locations/0/extent", "not negative", true},
		{"no number", at(nan, 135), "/locations/0/lat", "not a place on earth", false},
		{"half", half, "/locations/0/lon", "latitude without longitude", false},
		{"negative radius", negative, "/locations/0/radiusM", "negative", true},
		{"two points", stdif.Location{Role: "incident", Shape: "polygon", Polygon: make([]stdif.Point, 2)}, "/locations/0/polygon", "at least 3", false},
		{"polygon at null island", stdif.Location{Role: "incident", Polygon: make([]stdif.Point, 3)}, "/locations/0/polygon/0", "receiver", false},
	} {
		r := report()
		r.Locations = []stdif.Location{c.l}
		if p := r.Validate(); p != nil {
			t.Errorf("%s: refused: %v", c.name, p)
		}
		warnings := r.Warnings()
		if len(warnings) == 0 || warnings[0].Code != stdif.CodeLocation || warnings[0].Place != c.place || !strings.Contains(warnings[0].Detail, c.detail) {
			t.Errorf("%s: warnings %v, want 302 at %s: %s", c.name, warnings, c.place, c.detail)
		}
		if drawn := r.Locations[0].HasPosition() || r.Locations[0].HasPolygon(); drawn != c.drawn {
			t.Errorf("%s: drawn %v", c.name, drawn)
		}
	}
}

func TestSkew(t *testing.T) {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		ahead  time.Duration
		warned bool
	}{{0, false}, {stdif.MaxSkew, false}, {-stdif.MaxSkew, false}, {10 * time.Minute, true}, {-10 * time.Minute, true}} {
		ahead, p := stdif.Skew(now.Add(c.ahead), now)
		if ahead != c.ahead || (p != nil) != c.warned {
			t.Errorf("Skew(%s) = %s, %v", c.ahead, ahead, p)
		}
		if p != nil && (p.Code != stdif.CodeSkew || p.Place != "/sentAt" || !p.Code.Warning()) {
			t.Errorf("Skew(%s) warns %v", c.ahead, p)
		}
	}
}

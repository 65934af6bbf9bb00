package pidf

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/reporttest"
)

// What Encode writes, Read takes back: every shape with all of its measures, and
// the address beside it.
func TestEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := reporttest.Location(t)
		speed, heading := 36.0, 90.0
		if l.Lat != nil {
			l.SpeedKmh, l.HeadingDeg = &speed, &heading
		}
		if l.Shape == "circle" {
			l.Confidence = 0.95
		}
		wire := Encode(l, "")
		if wire == "" {
			if l.Lat != nil || l.Polygon != nil || l.Civic != nil {
				t.Fatalf("nothing was written of %+v", l)
			}
			return
		}
		d, warnings, err := Read([]byte(wire))
		if err != nil || len(warnings) > 0 {
			t.Fatalf("%v, %v\n%s", err, warnings, wire)
		}
		l.Label = "" // a carrier says it
		var want []stdif.Location
		if l.Lat != nil || l.Polygon != nil {
			shape := l
			shape.Role, shape.Civic = "caller", nil
			want = append(want, shape)
		}
		if l.Civic != nil {
			c := *l.Civic
			if c.Building == "line\nline" || c.Building == "" {
				c.Building = d.Locations[len(d.Locations)-1].Civic.Building
			}
			want = append(want, stdif.Location{Role: "caller", Shape: "civic", Civic: &c, Method: l.Method, AcquiredAt: l.AcquiredAt})
		}
		if diff := cmp.Diff(want, d.Locations, cmpopts.EquateApprox(1e-12, 0), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-written +read):\n%s\n%s", diff, wire)
		}
	})
}

// A position that cannot be on earth is written nowhere.
func TestEncodeNowhere(t *testing.T) {
	lat, lon := 139.8, 35.6
	for _, l := range []stdif.Location{{}, {Lat: &lat, Lon: &lon}, {Lat: new(float64), Lon: new(float64), RadiusM: 20}, {Civic: &stdif.Civic{}}, {Polygon: []stdif.Point{{Lat: math.NaN()}, {}, {}}}} {
		if wire := Encode(l, ""); wire != "" {
			t.Errorf("%+v became %s", l, wire)
		}
	}
}

package pidf

import (
	"slices"
	"strings"
	"testing"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/samples"
)

// Every sample gets the verdict of the index: accept gives locations without a
// word of doubt, keep-raw gives none and says why at a place, reject is refused.
func TestSamples(t *testing.T) {
	n := 0
	for _, f := range samples.Below(t, "ng911lib/pidf-lo/", "pidf-lo-javascript/", "ng911lib/additional-data/Pidf", "own/xml/") {
		n++
		t.Run(f.Name, func(t *testing.T) {
			d, warnings, err := Read(f.Read(t))
			switch f.Expect {
			case samples.Accept:
				if err != nil || len(d.Locations) == 0 || len(warnings) > 0 {
					t.Fatalf("Read = %v, %v, %v; want %s", d.Locations, warnings, err, f.Why)
				}
			case samples.KeepRaw:
				if len(d.Locations) > 0 {
					t.Fatalf("a location came out: %+v", d.Locations)
				}
				if p, ok := err.(*stdif.Problem); !(ok && p.Code == stdif.CodeEncoding) && (!slices.ContainsFunc(warnings, impossible) || len(d.Additional) == 0) {
					t.Errorf("Read = %v, %v, %v; want a reason and the rest (%s)", d, warnings, err, f.Why)
				}
			case samples.Reject:
				if p, ok := err.(*stdif.Problem); !ok || p.Place == "" {
					t.Errorf("Read = %v, want a problem with a place (%s)", err, f.Why)
				}
			}
		})
	}
	if n != 24 {
		t.Errorf("%d samples, want 24", n)
	}
}

// What the index says must come out comes out.
func TestSamplesSay(t *testing.T) {
	is := func(l stdif.Location, shape string, lat, lon, radius float64) bool {
		return l.Shape == shape && l.Lat != nil && *l.Lat == lat && *l.Lon == lon && l.RadiusM == radius
	}
	for name, check := range map[string]func(Document) bool{
		"ng911lib/pidf-lo/DeviceCircleDynamic1.xml": func(d Document) bool {
			return is(d.Locations[0], "circle", 42.5463, -73.2512, 100) && *d.Locations[0].SpeedKmh == 12*3.6
		},
		"ng911lib/pidf-lo/DeviceCircleWithConfidence.xml": func(d Document) bool {
			return is(d.Locations[0], "circle", 41.760537, -88.261914, 50) && d.Locations[0].Confidence == 0.95 && d.Locations[0].Method == "wifi"
		},
		"ng911lib/pidf-lo/RFC5491TupleArcBandLocation.xml": func(d Document) bool {
			return is(d.Locations[0], "arc-band", -43.5723, 153.2176, 4148) && *d.Locations[0].Extent ==
				stdif.Extent{InnerRadiusM: 3594, OuterRadiusM: 4148, StartDeg: 20, OpeningDeg: 20}
		},
		"ng911lib/pidf-lo/RFC5491TuplePrismLocation.xml": func(d Document) bool {
			l := d.Locations[0]
			return l.Shape == "prism" && len(l.Polygon) == 5 && *l.AltitudeM == 36.6 && l.Extent.HeightM == 2.4
		},
		"ng911lib/pidf-lo/RFC5491TuplePolygonLocation.xml": func(d Document) bool {
			return d.Locations[0].Polygon[0] == stdif.Point{Lat: 43.311, Lon: -73.422} && len(d.Locations[0].Polygon) == 7
		},
		"ng911lib/pidf-lo/RFC6848CivicExtendedExample1.xml": func(d Document) bool { return has(d, "civicAddress.bridge", "21451338") },
		"ng911lib/pidf-lo/RFC6848Figure8Example.xml": func(d Document) bool {
			return has(d, "civicAddress.STP", "Boulevard") && has(d, "civicAddress.HNP", "A")
		},
		"ng911lib/pidf-lo/RFC5491TuplePointLocation.xml": func(d Document) bool { return has(d, "coordinates", "37:46:30N 122:25:10W") },
		"pidf-lo-javascript/invalid-pidf-lo/invalid-part-1.xml": func(d Document) bool {
			return has(d, "retransmission-allowed", "FAlse") && has(d, "Circle.pos", "0 0 xxxxxxx")
		},
		"pidf-lo-javascript/simple-circle/valid-circle.xml": func(d Document) bool {
			return is(d.Locations[0], "circle", 48.123, 14.456, 24) && d.Locations[0].Method == "gnss" && has(d, "retransmission-allowed", "no")
		},
		"pidf-lo-javascript/wifi-location/location.xml": func(d Document) bool {
			return is(d.Locations[0], "circle", 48.197457, 14.482596, 270) && d.Locations[0].Confidence == 0.85 && d.Locations[0].AcquiredAt.Year() == 2021
		},
		"own/xml/pidf-tokyo-circle.xml": func(d Document) bool { return is(d.Locations[0], "circle", 35.681236, 139.767125, 35) },
		"own/xml/pidf-utf16.xml":        func(d Document) bool { return is(d.Locations[0], "point", 35.0116, 135.7681, 0) },
		"ng911lib/additional-data/PidfLoProvidedByByReference.xml": func(d Document) bool {
			return len(d.Locations) == 2 && d.Locations[0].Civic.Postcode == "91234" && is(d.Locations[1], "circle", 34.247493, -118.791885, 50) &&
				has(d, "EmergencyCallDataReference[1]@ref", "https://example.com/ref1")
		},
	} {
		for _, f := range samples.Below(t, name) {
			if d, _, err := Read(f.Read(t)); err != nil || !check(d) {
				t.Errorf("%s: %v, %+v; want %s", name, err, d, f.Why)
			}
		}
	}
}

func has(d Document, end, value string) bool {
	for _, x := range d.Additional {
		if strings.HasSuffix(x.Name, end) && x.Value == value {
			return true
		}
	}
	return false
}

func impossible(p stdif.Problem) bool { return p.Code == stdif.CodeLocation && p.Place != "" }

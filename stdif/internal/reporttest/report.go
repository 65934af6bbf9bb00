// Package reporttest draws reports for property tests of the codecs: every field
// of a report is there sometimes, with texts that have hurt somebody before.
package reporttest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/matoi119/matoi/stdif"
)

var texts = []string{"", "息が苦しい", "例示市髙橋町①番　㈱例示工場", "a<b>&amp;\"'\\u0000", "line\nline", "\u202eabc", "神\ufa19", `{"$ref":"x"}`, "<?xml?>", "１０：０３ごろ"}

func text(t *rapid.T) string { return rapid.SampledFrom(texts).Draw(t, "text") }

func some[T any](t *rapid.T, make func() T) *T {
	if !rapid.Bool().Draw(t, "there") {
		return nil
	}
	v := make()
	return &v
}

func list[T any](t *rapid.T, most int, make func() T) (out []T) {
	for range rapid.IntRange(0, most).Draw(t, "n") {
		out = append(out, make())
	}
	return out
}

func when(t *rapid.T) time.Time {
	return time.UnixMilli(rapid.Int64Range(1_700_000_000_000, 1_900_000_000_000).Draw(t, "time")).UTC()
}

func number(low, high float64) *rapid.Generator[float64] { return rapid.Float64Range(low, high) }

// Location draws one location of any shape that can be drawn.
func Location(t *rapid.T) stdif.Location {
	l := stdif.Location{Role: rapid.SampledFrom([]string{"caller", "registered-home", "incident", "vehicle", "odd"}).Draw(t, "role"),
		Label: text(t), Method: rapid.SampledFrom([]string{"", "gnss", "cell", "wifi", "manual", "Triangulation"}).Draw(t, "method")}
	lat, lon := number(-89, 89).Draw(t, "lat"), number(-179, 179).Draw(t, "lon")
	if lat == 0 {
		lat = 1
	}
	l.Shape = rapid.SampledFrom([]string{"", "point", "circle", "ellipse", "arc-band", "sphere", "ellipsoid", "polygon", "prism", "civic"}).Draw(t, "shape")
	size := number(0.5, 5000)
	switch l.Shape {
	case "point", "circle", "ellipse", "arc-band", "sphere", "ellipsoid":
		l.Lat, l.Lon = &lat, &lon
	case "polygon", "prism":
		l.Polygon = []stdif.Point{{Lat: lat, Lon: lon}, {Lat: lat + 0.5, Lon: lon}, {Lat: lat, Lon: lon + 0.5}}
	}
	switch l.Shape {
	case "circle", "sphere":
		l.RadiusM = size.Draw(t, "radius")
	case "ellipse", "ellipsoid":
		l.Extent = &stdif.Extent{SemiMajorM: size.Draw(t, "major"), SemiMinorM: size.Draw(t, "minor"), OrientationDeg: number(0, 180).Draw(t, "turn")}
		l.RadiusM = max(l.Extent.SemiMajorM, l.Extent.SemiMinorM)
	case "arc-band":
		l.Extent = &stdif.Extent{InnerRadiusM: size.Draw(t, "inner"), StartDeg: number(0, 359).Draw(t, "start"), OpeningDeg: number(1, 360).Draw(t, "opening")}
		l.Extent.OuterRadiusM = l.Extent.InnerRadiusM + size.Draw(t, "outer")
		l.RadiusM = l.Extent.OuterRadiusM
	}
	if l.Shape == "sphere" || l.Shape == "ellipsoid" || l.Shape == "prism" {
		l.AltitudeM = some(t, func() float64 { return number(-10, 4000).Draw(t, "height") })
		if l.AltitudeM == nil {
			l.AltitudeM = new(float64)
		}
	}
	switch l.Shape {
	case "ellipsoid":
		l.Extent.VerticalM = size.Draw(t, "vertical")
	case "prism":
		l.Extent = &stdif.Extent{HeightM: size.Draw(t, "high")}
	}
	l.AcquiredAt = some(t, func() time.Time { return when(t) })
	if l.Shape == "civic" || rapid.Bool().Draw(t, "address") {
		l.Civic = &stdif.Civic{Prefecture: "大阪府", City: "例示市", Line: "本町１－２－３", Building: text(t), Floor: "2階", Note: "付近"}
	}
	return l
}

// Report draws a report that Validate takes.
func Report(t *rapid.T) stdif.Report {
	r := stdif.Report{
		ID: rapid.SampledFrom([]string{"N-1", "urn:x:1", "番号 1", "a/b?c#d%", "sha256:00"}).Draw(t, "id"), Revision: rapid.Int64Range(1, 1<<50).Draw(t, "revision"),
		EventTime: when(t), Text: text(t), Cancelled: rapid.Bool().Draw(t, "cancelled"),
		Kind: stdif.IncidentType{Code: rapid.SampledFrom([]string{"fire", "ems", "rescue", "other"}).Draw(t, "kind"), LocalCode: text(t), Label: text(t)},
	}
	r.Locations = list(t, 3, func() stdif.Location { return Location(t) })
	r.Subscriber = some(t, func() stdif.SubscriberInfo {
		return stdif.SubscriberInfo{Name: text(t), Kana: text(t), Birth: "1980-01-01", Sex: "female", Phone: "+819000000000", Mail: "a@example.jp",
			Address: text(t), Language: "ja", Communication: []string{"text"}}
	})
	r.Medical = some(t, func() stdif.Medical {
		return stdif.Medical{Conditions: []string{"喘息"}, Hospital: text(t), Note: text(t)}
	})
	r.Contacts = list(t, 2, func() stdif.Contact {
		return stdif.Contact{Name: text(t), Relation: "配偶者", Phone: "+819000000001"}
	})
	r.Proxy = some(t, func() stdif.Proxy {
		return stdif.Proxy{Organisation: text(t), Operator: text(t), Callback: "+81312345678", Verified: "answered", AnsweredAt: some(t, func() time.Time { return when(t) })}
	})
	r.Routing = some(t, func() stdif.Routing {
		return stdif.Routing{RegisteredHQ: "279999", LocatedHQ: "279998", Handover: "wire"}
	})
	r.Vehicle = some(t, func() stdif.Vehicle {
		belted := rapid.IntRange(0, 4).Draw(t, "belted")
		return stdif.Vehicle{VIN: "JX1ZZZ", Colour: text(t), Occupants: 2, Belted: &belted, Crashes: []stdif.Crash{{Direction: 12, DeltaV: 42.5, Airbag: true}}}
	})
	r.Severity = some(t, func() stdif.Severity { return stdif.Severity{Value: 0.42, Algorithm: "例", Version: "1"} })
	r.Media = list(t, 2, func() stdif.Media {
		return stdif.Media{ID: fmt.Sprintf("m%d", rapid.IntRange(1, 9).Draw(t, "medium")), MIME: "image/jpeg", Bytes: 10, Label: text(t)}
	})
	r.Additional = list(t, 2, func() stdif.Additional { return stdif.Additional{Name: "/x", Value: text(t)} })
	if rapid.Bool().Draw(t, "raw") {
		r.Raw = &stdif.Raw{MIME: "application/cap+xml", Bytes: []byte("<alert>\xff</alert>")}
	}
	if rapid.Bool().Draw(t, "translated") {
		r.Translation = map[string]string{"en": text(t)}
	}
	r.Normalize()
	return r
}

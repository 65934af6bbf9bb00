package pidf

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
)

const opening = `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:gml="http://www.opengis.net/gml"
 xmlns:gs="http://www.opengis.net/pidflo/1.0" xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr" xmlns:con="urn:ietf:params:xml:ns:geopriv:conf"
 xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:dyn="urn:ietf:params:xml:ns:pidf:geopriv10:dynamic" entity="pres:exercise@example.jp">`

// document puts one shape into the least document.
func document(shape string) string {
	return opening + `<tuple id="t"><status><gp:geopriv><gp:location-info>` + shape + `</gp:location-info></gp:geopriv></status></tuple></presence>`
}

func u(name, text string) string {
	unit := "9001"
	if strings.HasSuffix(name, "Angle") || name == "orientation" {
		unit = "9102"
	}
	return `<gs:` + name + ` uom="urn:ogc:def:uom:EPSG::` + unit + `">` + text + `</gs:` + name + `>`
}

const pos = `<gml:pos>34.7039 135.5012</gml:pos>`

func place(shape string, radius float64, e *stdif.Extent) stdif.Location {
	lat, lon := 34.7039, 135.5012
	return stdif.Location{Role: "caller", Shape: shape, Lat: &lat, Lon: &lon, RadiusM: radius, Extent: e}
}

// Every shape of RFC 5491 comes out with all of its measures.
func TestShapes(t *testing.T) {
	high := 12.5
	lifted := func(l stdif.Location) stdif.Location { l.AltitudeM = &high; return l }
	ring := []stdif.Point{{Lat: 34, Lon: 135}, {Lat: 34.1, Lon: 135}, {Lat: 34.1, Lon: 135.1}, {Lat: 34, Lon: 135}}
	const flat = `<gml:exterior><gml:LinearRing><gml:posList>34 135 34.1 135 34.1 135.1 34 135</gml:posList></gml:LinearRing></gml:exterior>`
	const lifting = `<gml:exterior><gml:LinearRing><gml:posList>34 135 12.5 34.1 135 12.5 34.1 135.1 12.5 34 135 12.5</gml:posList></gml:LinearRing></gml:exterior>`
	const pos3 = `<gml:pos>34.7039 135.5012 12.5</gml:pos>`
	for _, c := range []struct {
		wire string
		want stdif.Location
	}{
		{`<gml:Point srsName="urn:ogc:def:crs:EPSG::4326">` + pos + `</gml:Point>`, place("point", 0, nil)},
		{`<gml:Point>` + pos3 + `</gml:Point>`, lifted(place("point", 0, nil))},
		{`<gs:Circle>` + pos + u("radius", " 25\n") + `</gs:Circle>`, place("circle", 25, nil)},
		{`<gs:Ellipse>` + pos + u("semiMajorAxis", "60") + u("semiMinorAxis", "20") + u("orientation", "30") + `</gs:Ellipse>`,
			place("ellipse", 60, &stdif.Extent{SemiMajorM: 60, SemiMinorM: 20, OrientationDeg: 30})},
		{`<gs:ArcBand>` + pos + u("innerRadius", "500") + u("outerRadius", "700") + u("startAngle", "20") + u("openingAngle", "120") + `</gs:ArcBand>`,
			place("arc-band", 700, &stdif.Extent{InnerRadiusM: 500, OuterRadiusM: 700, StartDeg: 20, OpeningDeg: 120})},
		{`<gs:Sphere srsName="urn:ogc:def:crs:EPSG::4979">` + pos3 + u("radius", "8") + `</gs:Sphere>`, lifted(place("sphere", 8, nil))},
		{`<gs:Ellipsoid srsName="urn:ogc:def:crs:EPSG::4979">` + pos3 + u("semiMajorAxis", "9") + u("semiMinorAxis", "5") + u("verticalAxis", "3") + u("orientation", "0") + `</gs:Ellipsoid>`,
			lifted(place("ellipsoid", 9, &stdif.Extent{SemiMajorM: 9, SemiMinorM: 5, VerticalM: 3}))},
		{`<gml:Polygon>` + flat + `</gml:Polygon>`, stdif.Location{Role: "caller", Shape: "polygon", Polygon: ring}},
		{`<gs:Prism srsName="urn:ogc:def:crs:EPSG::4979"><gs:base><gml:Polygon>` + lifting + `</gml:Polygon></gs:base>` + u("height", "2.5") + `</gs:Prism>`,
			lifted(stdif.Location{Role: "caller", Shape: "prism", Polygon: ring, Extent: &stdif.Extent{HeightM: 2.5}})},
	} {
		locations, warnings, err := Decode([]byte(document(c.wire)))
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, %v", c.want.Shape, warnings, err)
			continue
		}
		if d := cmp.Diff([]stdif.Location{c.want}, locations); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.want.Shape, d)
		}
	}
}

// What cannot be drawn gives no location, a warning that names its path and
// never its value, and its text among the additional items.
func TestImpossibleShapes(t *testing.T) {
	for name, wire := range map[string]string{
		"swapped":          `<gml:Point><gml:pos>135.5012 34.7039</gml:pos></gml:Point>`,
		"null island":      `<gml:Point><gml:pos>0 0</gml:pos></gml:Point>`,
		"degrees by colon": `<gml:Point><gml:coordinates>34:42:14N 135:30:04E</gml:coordinates></gml:Point>`,
		"two positions":    `<gml:Point>` + pos + pos + `</gml:Point>`,
		"no position":      `<gs:Circle>` + u("radius", "25") + `</gs:Circle>`,
		"no number":        `<gml:Point><gml:pos>34.7 NaN</gml:pos></gml:Point>`,
		"one number":       `<gml:Point><gml:pos>34.7</gml:pos></gml:Point>`,
		"two radii":        `<gs:Circle>` + pos + u("radius", "25") + u("radius", "26") + `</gs:Circle>`,
		"no radius":        `<gs:Circle>` + pos + `</gs:Circle>`,
		"feet":             `<gs:Circle>` + pos + `<gs:radius uom="urn:ogc:def:uom:EPSG::9002">25</gs:radius></gs:Circle>`,
		"negative":         `<gs:Circle>` + pos + u("radius", "-25") + `</gs:Circle>`,
		"Tokyo datum":      `<gml:Point srsName="urn:ogc:def:crs:EPSG::4301">` + pos + `</gml:Point>`,
		"datum of pos":     `<gml:Point><gml:pos srsName="urn:ogc:def:crs:EPSG::4301">34.7 135.5</gml:pos></gml:Point>`,
		"band inside out":  `<gs:ArcBand>` + pos + u("innerRadius", "9") + u("outerRadius", "7") + u("startAngle", "20") + u("openingAngle", "120") + `</gs:ArcBand>`,
		"sphere on ground": `<gs:Sphere>` + pos + u("radius", "25") + `</gs:Sphere>`,
		"two points":       `<gml:Polygon><gml:exterior><gml:LinearRing>` + pos + pos + `</gml:LinearRing></gml:exterior></gml:Polygon>`,
		"odd list":         `<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>34 135 34.1 135 34.1 135.1 34</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>`,
		"a hole":           `<gml:Polygon><gml:exterior><gml:LinearRing>` + pos + pos + pos + `</gml:LinearRing></gml:exterior><gml:interior/></gml:Polygon>`,
		"swapped corner":   `<gml:Polygon><gml:exterior><gml:LinearRing>` + pos + pos + `<gml:pos>135 34</gml:pos></gml:LinearRing></gml:exterior></gml:Polygon>`,
		"old namespace":    `<Point xmlns="urn:opengis:specification:gml:schema-xsd:feature:v3.0"><pos>34 135</pos></Point>`,
		"empty address":    `<ca:civicAddress><ca:country>JP</ca:country></ca:civicAddress>`,
		"tilted prism": `<gs:Prism><gs:base><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>34 135 1 34.1 135 2 34.1 135.1 1</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gs:base>` +
			u("height", "2.5") + `</gs:Prism>`,
		"baseless prism": `<gs:Prism>` + u("height", "2.5") + `</gs:Prism>`,
	} {
		d, warnings, err := Read([]byte(document(wire)))
		if err != nil || len(d.Locations) > 0 {
			t.Errorf("%s: %+v, %v; want no location", name, d.Locations, err)
			continue
		}
		if len(warnings) != 2 || warnings[0].Code != stdif.CodeLocation || !strings.HasPrefix(warnings[0].Place, "/presence/tuple[1]/status/geopriv/location-info/") {
			t.Errorf("%s: warnings %v", name, warnings)
		}
		text := ""
		for _, x := range d.Additional {
			text += x.Value + " "
		}
		if len(d.Additional) < 3 || strings.Contains(wire, "135") && !strings.Contains(text, "135") {
			t.Errorf("%s: kept %v", name, d.Additional)
		}
		for _, w := range warnings {
			if strings.Contains(w.Detail, "135") {
				t.Errorf("%s: %v repeats what was sent", name, w)
			}
		}
	}
}

// Several statements of one document stay several, with method, time, motion,
// confidence and the wishes of the sender.
func TestSeveral(t *testing.T) {
	duty(t, "S3-1-3-1")
	wire := opening + `
 <dm:device id="d"><gp:geopriv><gp:location-info>
   <gs:Circle>` + pos + u("radius", "40") + `</gs:Circle><con:confidence pdf="normal">95</con:confidence>
   <dyn:Dynamic><dyn:heading>270</dyn:heading><dyn:speed>10</dyn:speed></dyn:Dynamic>
  </gp:location-info><gp:usage-rules><gp:retransmission-allowed>no</gp:retransmission-allowed></gp:usage-rules><gp:method>A-GPS</gp:method></gp:geopriv>
  <dm:timestamp>2026-04-01T10:00:00+09:00</dm:timestamp></dm:device>
 <dm:person id="p"><gp:geopriv><gp:location-info>
   <ca:civicAddress xml:lang="ja"><ca:country>JP</ca:country><ca:A1>大阪府</ca:A1><ca:A2>例示市</ca:A2><ca:A3>北区</ca:A3><ca:A4>例示町</ca:A4><ca:A5>１丁目</ca:A5><ca:HNO>2番3号</ca:HNO>
    <ca:BLD>例示ハイツ　東棟</ca:BLD><ca:FLR>4</ca:FLR><ca:UNIT>A</ca:UNIT><ca:ROOM>401</ca:ROOM><ca:PC>5300000</ca:PC><ca:LOC>付近</ca:LOC><ca:PLC>residence</ca:PLC></ca:civicAddress>
  </gp:location-info><gp:method>Derived</gp:method></gp:geopriv></dm:person>
 <tuple id="t"><status><gp:geopriv><gp:location-info>` + `<gml:Point>` + pos + `</gml:Point></gp:location-info></gp:geopriv></status><timestamp>2026-04-01T10:00:00</timestamp></tuple>
</presence>`
	d, warnings, err := Read([]byte(wire))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 4, 1, 1, 0, 0, 0, time.UTC)
	speed, heading := 36.0, 270.0
	circle := place("circle", 40, nil)
	circle.Confidence, circle.Method, circle.AcquiredAt, circle.SpeedKmh, circle.HeadingDeg = 0.95, "gnss", &at, &speed, &heading
	want := []stdif.Location{circle, {Role: "caller", Shape: "civic", Method: "Derived", Civic: &stdif.Civic{
		Postcode: "5300000", Prefecture: "大阪府", City: "例示市北区", Line: "例示町１丁目 2番3号", Building: "例示ハイツ　東棟", Floor: "4", Room: "A 401", Note: "付近"}}, place("point", 0, nil)}
	if diff := cmp.Diff(want, d.Locations); diff != "" {
		t.Errorf("locations (-want +got):\n%s", diff)
	}
	if len(warnings) != 1 || warnings[0].Code != stdif.CodeTime || !strings.HasPrefix(warnings[0].Place, "/presence/tuple[1]/") {
		t.Errorf("warnings %v, want the time without offset", warnings)
	}
	for end, value := range map[string]string{
		"usage-rules.retransmission-allowed": "no", "device.geopriv.method": "A-GPS", "civicAddress.country": "JP", "civicAddress.PLC": "residence",
		"civicAddress@lang": "ja", "presence@entity": "pres:exercise@example.jp", "tuple.timestamp": "2026-04-01T10:00:00", "confidence@pdf": "normal",
	} {
		if !has(d, end, value) {
			t.Errorf("%s is lost: %v", end, d.Additional)
		}
	}
}

// More than a report has room for stays readable.
func TestLimits(t *testing.T) {
	d, warnings, err := Read([]byte(document(strings.Repeat(`<gml:Point>`+pos+`</gml:Point>`, stdif.MaxLocations+600))))
	if err != nil || len(d.Locations) != stdif.MaxLocations || len(d.Additional) != stdif.MaxAdditional {
		t.Fatalf("%d locations, %d items, %v", len(d.Locations), len(d.Additional), err)
	}
	if len(warnings) != 2 || warnings[0].Code != stdif.CodeTooLarge || warnings[1].Code != stdif.CodeTooLarge {
		t.Errorf("warnings %v", warnings)
	}
	long := strings.Repeat("長", stdif.MaxShort+1)
	d, warnings, err = Read([]byte(document(`<ca:civicAddress><ca:A1>大阪府</ca:A1><ca:BLD>` + long + `</ca:BLD></ca:civicAddress>`)))
	if err != nil || d.Locations[0].Civic.Building != "" || !has(d, "BLD", long) || len(warnings) != 1 {
		t.Errorf("a long building: %v, %v", warnings, err)
	}
}

// A document alone is no report, and says so; a broken one says where.
func TestNoReport(t *testing.T) {
	good := document(`<gml:Point>` + pos + `</gml:Point>`)
	for wire, want := range map[string]stdif.Problem{
		good:                         {Code: stdif.CodeMissing, Place: "/presence"},
		good[:len(good)-3]:           {Code: stdif.CodeSyntax, Place: "byte "},
		"<a/>":                       {Code: stdif.CodeSyntax, Place: "/"},
		"<!DOCTYPE presence>" + good: {Code: stdif.CodeSyntax, Place: "byte "},
		strings.Replace(good, "exercise", "\x97\xfb\x8fK", 1): {Code: stdif.CodeEncoding, Place: "byte "},
	} {
		in, _, err := Codec{}.Decode([]byte(wire))
		var p *stdif.Problem
		if !errors.As(err, &p) || p.Code != want.Code || !strings.HasPrefix(p.Place, want.Place) || in.Report != nil {
			t.Errorf("Decode(%.40q) = %v, want %d at %s", wire, err, want.Code, want.Place)
		}
	}
	if !(Codec{}).Sniff([]byte(good)) || (Codec{}).Sniff([]byte(`<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>`)) {
		t.Error("Sniff")
	}
}

// Whatever comes, no location comes out that cannot be drawn or carried.
func FuzzRead(f *testing.F) {
	for _, shape := range []string{
		`<gml:Point>` + pos + `</gml:Point>`, `<gs:Circle>` + pos + u("radius", "1e9") + `</gs:Circle>`,
		`<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>34 135 34.1 135 34.1 135.1</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>`,
		`<gs:Ellipse>` + pos + u("semiMajorAxis", "60") + u("semiMinorAxis", "20") + u("orientation", "30") + `</gs:Ellipse>`,
		`<ca:civicAddress><ca:A1>大阪府</ca:A1></ca:civicAddress><con:confidence>95</con:confidence>`,
	} {
		f.Add([]byte(document(shape)))
	}
	f.Add([]byte("\xff\xfe<\x00"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		d, _, err := Read(wire)
		if err != nil {
			if d.Locations != nil || d.Additional != nil {
				t.Fatalf("half-read: %+v", d)
			}
			return
		}
		r := stdif.Report{ID: "r", Revision: 1, EventTime: time.Unix(1, 0), Kind: stdif.IncidentType{Code: "other"}, Locations: d.Locations, Additional: d.Additional}
		if p := r.Validate(); p != nil {
			t.Fatal(p)
		}
		for _, l := range d.Locations {
			if l.Civic == nil && !l.HasPosition() && !l.HasPolygon() {
				t.Fatalf("not drawable: %+v", l)
			}
		}
	})
}

// A block in provided-by by value becomes what it says, one by reference stays a
// reference: a relay-report operator may give a place with its own name and
// number (代理通報), and the place stays where it is.
func TestProvidedBy(t *testing.T) {
	duty(t, "FD-19")
	const by = `<gp:provided-by xmlns="urn:ietf:params:xml:ns:EmergencyCallData"><EmergencyCallDataReference purpose="EmergencyCallData.SubscriberInfo" ref="https://adr.example/1"/>` +
		`<EmergencyCallDataValue><EmergencyCallData.ProviderInfo xmlns="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo"><DataProviderString>例示オペレーションセンター</DataProviderString>` +
		`<TypeOfProvider>Telematics Provider</TypeOfProvider><ContactURI>tel:+81312345678</ContactURI><Language>ja</Language></EmergencyCallData.ProviderInfo>` +
		`<Other xmlns="urn:x">word</Other></EmergencyCallDataValue></gp:provided-by>`
	wire := strings.Replace(document(`<gs:Circle>`+pos+u("radius", "25")+`</gs:Circle>`), `</gp:geopriv>`, by+`</gp:geopriv>`, 1)
	d, warnings, err := Read([]byte(wire))
	if err != nil || len(d.Locations) != 1 || d.Locations[0].RadiusM != 25 || len(warnings) != 1 || !strings.HasSuffix(warnings[0].Place, "/provided-by/Other") {
		t.Fatalf("%+v, %v, %v", d, warnings, err)
	}
	if len(d.Provided) != 1 || d.Provided[0].Proxy == nil || *d.Provided[0].Proxy != (stdif.Proxy{Organisation: "例示オペレーションセンター", Callback: "+81312345678"}) {
		t.Errorf("provided by %+v", d.Provided)
	}
	kept := map[string]string{}
	for _, x := range d.Additional {
		kept[x.Name[strings.LastIndexByte(x.Name, '.')+1:]] = x.Value
	}
	if kept["EmergencyCallDataReference@ref"] != "https://adr.example/1" || kept["Other"] != "word" || kept["Language"] != "ja" || kept["TypeOfProvider"] != "Telematics Provider" {
		t.Errorf("kept %v", kept)
	}
}

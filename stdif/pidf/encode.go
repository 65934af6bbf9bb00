package pidf

import (
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/write"
)

// tokens are the registered method tokens of the words of this interface.
var tokens = map[string]string{"gnss": "GNSS", "cell": "Cell", "wifi": "802.11", "manual": "Manual"}

// Encode writes one location as a document; "" where it holds nothing that can
// be written as one: a position that cannot be on earth is never written where
// somebody's map would draw it. Read takes back what Encode wrote; what has no
// element in PIDF-LO (role and label of a location) a carrier must say.
//
// entity is the URI of whoever is there; a location without one belongs to an
// unknown person.
func Encode(l stdif.Location, entity string) string {
	point, ring := l.HasPosition(), l.HasPolygon()
	if !point && !ring && (l.Civic == nil || *l.Civic == (stdif.Civic{})) {
		return ""
	}
	if entity == "" {
		entity = "pres:unknown@invalid"
	}
	var d write.Doc
	d.Open("presence", "xmlns", nsPresence, "entity", entity)
	d.Open("tuple", "id", "l")
	d.Open("status")
	d.Open("geopriv", "xmlns", "urn:ietf:params:xml:ns:pidf:geopriv10")
	d.Open("location-info")
	switch {
	case ring:
		area(&d, l)
	case point:
		around(&d, l)
	}
	civicAddress(&d, l.Civic)
	if (point || ring) && l.Shape != "point" && l.Confidence > 0 && l.Confidence <= 1 {
		d.Number("confidence", l.Confidence*100, "xmlns", "urn:ietf:params:xml:ns:geopriv:conf")
	}
	motion(&d, l)
	d.Close(1)
	d.Open("usage-rules")
	d.Close(1)
	method := l.Method
	if token := tokens[method]; token != "" {
		method = token
	}
	d.Text("method", method)
	d.Close(2)
	if l.AcquiredAt != nil {
		d.Text("timestamp", l.AcquiredAt.Format(time.RFC3339Nano))
	}
	return d.String()
}

const (
	flat = "urn:ogc:def:crs:EPSG::4326"
	tall = "urn:ogc:def:crs:EPSG::4979"

	metre  = "urn:ogc:def:uom:EPSG::9001"
	degree = "urn:ogc:def:uom:EPSG::9102"
)

func position(lat, lon float64, height *float64) string {
	text := write.Number(lat) + " " + write.Number(lon)
	if height != nil {
		text += " " + write.Number(*height)
	}
	return text
}

func (s *shapeWriter) open(name string) {
	system := flat
	if s.l.AltitudeM != nil {
		system = tall
	}
	s.d.Open(name, "xmlns", s.space, "xmlns:gml", nsGML, "srsName", system)
}

type shapeWriter struct {
	d     *write.Doc
	l     stdif.Location
	space string
}

// around writes the shapes about a point. One whose measures are missing is
// written as the circle, or the point, that is left of it.
func around(d *write.Doc, l stdif.Location) {
	s := &shapeWriter{d: d, l: l, space: nsShape}
	e := l.Extent
	if e == nil {
		e = new(stdif.Extent)
	}
	at := position(*l.Lat, *l.Lon, l.AltitudeM)
	shape := func(name string, measures func()) {
		s.open(name)
		d.Text("gml:pos", at)
		measures()
		d.Close(1)
	}
	switch {
	case l.Shape == "ellipse" && e.SemiMajorM > 0:
		shape("Ellipse", func() { s.axes(e) })
	case l.Shape == "ellipsoid" && e.SemiMajorM > 0 && l.AltitudeM != nil:
		shape("Ellipsoid", func() { s.axes(e) })
	case l.Shape == "arc-band" && e.OuterRadiusM > 0:
		shape("ArcBand", func() {
			d.Number("innerRadius", e.InnerRadiusM, "uom", metre)
			d.Number("outerRadius", e.OuterRadiusM, "uom", metre)
			d.Number("startAngle", e.StartDeg, "uom", degree)
			d.Number("openingAngle", e.OpeningDeg, "uom", degree)
		})
	case l.Shape == "sphere" && l.RadiusM > 0 && l.AltitudeM != nil:
		shape("Sphere", func() { d.Number("radius", l.RadiusM, "uom", metre) })
	case l.RadiusM > 0:
		shape("Circle", func() { d.Number("radius", l.RadiusM, "uom", metre) })
	default:
		s.space = nsGML
		s.open("Point")
		d.Text("pos", at)
		d.Close(1)
	}
}

func (s *shapeWriter) axes(e *stdif.Extent) {
	s.d.Number("semiMajorAxis", e.SemiMajorM, "uom", metre)
	s.d.Number("semiMinorAxis", e.SemiMinorM, "uom", metre)
	if s.l.Shape == "ellipsoid" {
		s.d.Number("verticalAxis", e.VerticalM, "uom", metre)
	}
	s.d.Number("orientation", e.OrientationDeg, "uom", degree)
}

// area writes a polygon or a prism.
func area(d *write.Doc, l stdif.Location) {
	s := &shapeWriter{d: d, l: l, space: nsGML}
	prism := l.Shape == "prism" && l.AltitudeM != nil && l.Extent != nil
	if prism {
		s.space = nsShape
		s.open("Prism")
		d.Open("base")
		s.space = nsGML
	}
	s.open("Polygon")
	d.Open("exterior")
	d.Open("LinearRing")
	for _, p := range l.Polygon {
		d.Text("pos", position(p.Lat, p.Lon, l.AltitudeM))
	}
	d.Close(3)
	if prism {
		d.Close(1)
		d.Number("height", l.Extent.HeightM, "uom", metre)
		d.Close(1)
	}
}

// civicAddress writes an address; the line of a Japanese one is not taken apart
// (RFC 4776 would have its chome and banchi in A4 to A6).
func civicAddress(d *write.Doc, c *stdif.Civic) {
	if c == nil || *c == (stdif.Civic{}) {
		return
	}
	d.Open("civicAddress", "xmlns", nsCivic)
	for _, part := range [...]struct{ name, text string }{
		{"A1", c.Prefecture}, {"A2", c.City}, {"A4", c.Line}, {"LOC", c.Note}, {"NAM", c.Building}, {"PC", c.Postcode}, {"FLR", c.Floor}, {"ROOM", c.Room},
	} {
		d.Text(part.name, strings.TrimSpace(part.text))
	}
	d.Close(1)
}

func motion(d *write.Doc, l stdif.Location) {
	if l.SpeedKmh == nil && l.HeadingDeg == nil {
		return
	}
	d.Open("Dynamic", "xmlns", "urn:ietf:params:xml:ns:pidf:geopriv10:dynamic")
	if l.HeadingDeg != nil {
		d.Number("heading", *l.HeadingDeg)
	}
	if l.SpeedKmh != nil {
		d.Number("speed", *l.SpeedKmh/3.6)
	}
	d.Close(1)
}

package pidf

import (
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// location reads one child of location-info. ok is false for what is no place
// (confidence, motion) and for a place that cannot be; the latter is warned of,
// and stays among the additional items whole.
func (r *reader) location(e *markup.Element, place string) (stdif.Location, bool) {
	if e.Name == "civicAddress" && e.Space == nsCivic {
		return r.civic(e, place)
	}
	read := shapes[shapeName{e.Space, e.Name}]
	if read == nil {
		if e.Name != "confidence" && e.Name != "Dynamic" {
			r.warn(stdif.CodeLocation, place, "a form of place that is not read here; kept as it came")
		}
		return stdif.Location{}, false
	}
	s := shape{Element: e}
	if s.system(e); s.why == "" {
		read(&s)
	}
	if s.why == "" && s.l.Shape != "polygon" && s.l.Shape != "prism" && !s.l.HasPosition() || s.why == "" && s.l.Polygon != nil && !s.l.HasPolygon() {
		s.why = "not a place on earth, 0,0, or latitude and longitude swapped; kept as text and never drawn"
	}
	if s.why != "" {
		r.warn(stdif.CodeLocation, place, s.why)
		return stdif.Location{}, false
	}
	r.taken.TakeWhole(e)
	return s.l, true
}

type shapeName struct{ space, name string }

var shapes = map[shapeName]func(*shape){
	{nsGML, "Point"}:       (*shape).point,
	{nsGML, "Polygon"}:     (*shape).polygon,
	{nsShape, "Circle"}:    (*shape).circle,
	{nsShape, "Ellipse"}:   (*shape).ellipse,
	{nsShape, "ArcBand"}:   (*shape).arcBand,
	{nsShape, "Sphere"}:    (*shape).sphere,
	{nsShape, "Ellipsoid"}: (*shape).ellipsoid,
	{nsShape, "Prism"}:     (*shape).prism,
}

// shape is one shape while it is read; why says what is wrong with it.
type shape struct {
	*markup.Element
	l    stdif.Location
	high bool // three numbers for each position
	why  string
}

// system reads the reference system. WGS 84 in two or three dimensions is what
// RFC 5491 (§5) requires; an absent name is read as that, any other is not:
// a position in another system is a wrong place.
func (s *shape) system(e *markup.Element) {
	switch name := strings.ToLower(e.Attr("srsName")); {
	case name == "":
	case strings.HasSuffix(name, ":4326"):
	case strings.HasSuffix(name, ":4979"):
		s.high = true
	default:
		s.why = "a reference system other than WGS 84 (EPSG 4326, 4979); kept as it came"
	}
}

// only returns the single child with the name: a shape that says a thing twice
// says nothing.
func (s *shape) only(name string) *markup.Element {
	all := s.Named(name)
	if len(all) != 1 {
		s.why = "an element is missing or there twice; kept as it came"
		return nil
	}
	return all[0]
}

func (s *shape) centre(shape string) {
	pos := s.only("pos")
	if s.why != "" {
		return
	}
	if s.system(pos); s.why != "" {
		return
	}
	v := markup.Numbers(pos.Text, 3)
	if len(v) != 2 && len(v) != 3 {
		s.why = "a position is latitude and longitude in decimal degrees; kept as it came"
		return
	}
	s.l.Shape, s.l.Lat, s.l.Lon = shape, &v[0], &v[1]
	if len(v) == 3 {
		s.l.AltitudeM = &v[2]
	}
}

// measure reads a length or an angle in the unit that RFC 5491 (§5.2) requires.
func (s *shape) measure(name, unit string) float64 {
	e := s.only(name)
	if s.why != "" {
		return 0
	}
	if u := strings.ToLower(e.Attr("uom")); u != "" && !strings.HasSuffix(u, unit) {
		s.why = "a unit other than metres and degrees (EPSG 9001, 9102); kept as it came"
		return 0
	}
	v, ok := markup.Number(e.Text)
	if !ok || v < 0 && unit == metres || v > 50_000_000 || v < -360 {
		s.why = "a measure that is no length or angle; kept as it came"
		return 0
	}
	return v
}

const (
	metres  = ":9001"
	degrees = ":9102"
)

func (s *shape) point() { s.centre("point") }

func (s *shape) circle() {
	s.centre("circle")
	s.l.RadiusM = s.measure("radius", metres)
}

func (s *shape) sphere() {
	s.centre("sphere")
	s.l.RadiusM = s.measure("radius", metres)
	s.needsHeight()
}

func (s *shape) ellipse() {
	s.centre("ellipse")
	s.axes()
}

func (s *shape) ellipsoid() {
	s.centre("ellipsoid")
	s.axes()
	vertical := s.measure("verticalAxis", metres)
	if s.why == "" {
		s.l.Extent.VerticalM = vertical
	}
	s.needsHeight()
}

func (s *shape) needsHeight() {
	if s.why == "" && s.l.AltitudeM == nil {
		s.why = "a body in space needs its height; kept as it came"
	}
}

func (s *shape) axes() {
	major, minor, turn := s.measure("semiMajorAxis", metres), s.measure("semiMinorAxis", metres), s.measure("orientation", degrees)
	if s.why != "" {
		return
	}
	s.l.RadiusM = max(major, minor)
	s.l.Extent = &stdif.Extent{SemiMajorM: major, SemiMinorM: minor, OrientationDeg: turn}
}

func (s *shape) arcBand() {
	s.centre("arc-band")
	inner, outer := s.measure("innerRadius", metres), s.measure("outerRadius", metres)
	start, opening := s.measure("startAngle", degrees), s.measure("openingAngle", degrees)
	switch {
	case s.why != "":
		return
	case inner > outer:
		s.why = "the inner radius is larger than the outer one; kept as it came"
	}
	s.l.RadiusM = outer
	s.l.Extent = &stdif.Extent{InnerRadiusM: inner, OuterRadiusM: outer, StartDeg: start, OpeningDeg: opening}
}

func (s *shape) polygon() { s.ring(s.Element, "polygon") }

func (s *shape) prism() {
	base := s.Child("base", "Polygon")
	s.high = true
	if base == nil {
		s.why = "a prism needs its base; kept as it came"
		return
	}
	if s.system(base); s.why != "" {
		return
	}
	s.ring(base, "prism")
	height := s.measure("height", metres)
	switch {
	case s.why != "":
	case s.l.AltitudeM == nil:
		s.why = "the base of a prism is level (RFC 5491, §5.2.3); kept as it came"
	default:
		s.l.Extent = &stdif.Extent{HeightM: height}
	}
}

// ring reads the outline of a polygon. One with holes is not drawn without
// them: the hole may be where nobody can be.
func (s *shape) ring(e *markup.Element, name string) {
	ring := e.Child("exterior", "LinearRing")
	if ring == nil || len(e.Children) != 1 || len(e.Child("exterior").Children) != 1 {
		s.why = "a polygon is one ring; kept as it came"
		return
	}
	var points [][]float64
	for _, c := range ring.Children {
		switch c.Name {
		case "pos":
			points = append(points, markup.Numbers(c.Text, 3))
		case "posList":
			points = append(points, s.list(c)...)
		default:
			points = append(points, nil)
		}
	}
	if len(points) < 3 || len(points) > stdif.MaxPolygon {
		s.why = "a polygon of too few or too many points; kept as it came"
		return
	}
	s.l.Shape = name
	for _, v := range points {
		if len(v) != 2 && len(v) != 3 {
			s.why = "a position is latitude and longitude in decimal degrees; kept as it came"
			return
		}
		s.l.Polygon = append(s.l.Polygon, stdif.Point{Lat: v[0], Lon: v[1]})
	}
	s.l.AltitudeM = level(points)
}

// list splits positions written in a row.
func (s *shape) list(c *markup.Element) (points [][]float64) {
	v, step := markup.Numbers(c.Text, 3*stdif.MaxPolygon), 2
	if s.high || c.Attr("srsDimension") == "3" {
		step = 3
	}
	if len(v) == 0 || len(v)%step != 0 {
		return [][]float64{nil, nil, nil}
	}
	for ; len(v) > 0; v = v[step:] {
		points = append(points, v[:step])
	}
	return points
}

// level returns the height that all points have, or nil.
func level(points [][]float64) *float64 {
	for _, v := range points {
		if len(v) != 3 || v[2] != points[0][2] {
			return nil
		}
	}
	return &points[0][2]
}

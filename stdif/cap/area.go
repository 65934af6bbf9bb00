package cap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/markup"
	"github.com/matoi119/matoi/stdif/japanese"
)

// areas turns the areas of an info block into locations: one for each polygon
// and circle, one for an area that is only described. A shape that an earlier
// block gave already, in another language, is not repeated.
func (m *mapping) areas(info *markup.Element, place string) {
	all := info.All("area")
	for i, area := range all {
		at := place + "/area"
		if len(all) > 1 {
			at = fmt.Sprintf("%s[%d]", at, i+1)
		}
		m.area(area, at, info == m.primary)
	}
}

func (m *mapping) area(area *markup.Element, place string, primary bool) {
	label := area.Value("areaDesc")
	if !markup.Fits(label, stdif.MaxShort) {
		label = "" // stands whole among the additional items
	}
	drawn := false
	for _, shape := range [...]struct {
		name string
		read func(string) (stdif.Location, bool)
	}{{"polygon", readPolygon}, {"circle", readCircle}} {
		for _, e := range area.All(shape.name) {
			l, ok := shape.read(e.Text)
			if !ok {
				m.warn(stdif.CodeLocation, place+"/"+shape.name, "cannot be read; kept as it came")
				continue
			}
			l.Role, l.Label = "incident", label
			drawn = m.addLocation(l, e) || drawn
		}
	}
	if !drawn && label != "" && primary {
		drawn = m.addLocation(stdif.Location{
			Role: "incident", Shape: "civic", Civic: written(label),
		}, nil)
	}
	if drawn && label != "" {
		m.take(area, "areaDesc")
	}
}

// written takes a Japanese address apart as far as that is certain; any other
// description of an area is one line.
func written(label string) *stdif.Civic {
	if !japanese.IsPlace(label) {
		return &stdif.Civic{Line: label}
	}
	c := japanese.SplitPlace(label)
	return &c
}

// addLocation adds a location unless it is there already or there is no room.
func (m *mapping) addLocation(l stdif.Location, from *markup.Element) bool {
	if slices.ContainsFunc(m.report.Locations, func(x stdif.Location) bool { return sameShape(x, l) }) {
		return false
	}
	if len(m.report.Locations) >= stdif.MaxLocations {
		m.warn(stdif.CodeTooLarge, "/alert/info/area", "more locations than a report has room for: kept among the additional items")
		return false
	}
	m.report.Locations = append(m.report.Locations, l)
	if from != nil {
		m.taken.Take(from)
	}
	return true
}

func sameShape(a, b stdif.Location) bool {
	if a.Shape != b.Shape || a.RadiusM != b.RadiusM || !slices.Equal(a.Polygon, b.Polygon) {
		return false
	}
	if a.Civic != nil && b.Civic != nil {
		return *a.Civic == *b.Civic
	}
	return a.Lat != nil && b.Lat != nil && *a.Lat == *b.Lat && *a.Lon == *b.Lon || len(a.Polygon) > 0
}

// readCircle reads "lat,lon radius" with the radius in kilometres. A radius of
// nothing is a point.
func readCircle(text string) (stdif.Location, bool) {
	centre, radius, ok := strings.Cut(strings.TrimSpace(text), " ")
	if !ok {
		return stdif.Location{}, false
	}
	p, ok := readPoint(centre)
	km, err := strconv.ParseFloat(strings.TrimSpace(radius), 64)
	if !ok || err != nil || !(km >= 0 && km < 50_000) {
		return stdif.Location{}, false
	}
	l := stdif.Location{Shape: "circle", Lat: &p.Lat, Lon: &p.Lon, RadiusM: km * 1000}
	if km == 0 {
		l.Shape = "point"
	}
	return l, true
}

// readPolygon reads "lat,lon lat,lon …".
func readPolygon(text string) (stdif.Location, bool) {
	fields := strings.Fields(text)
	if len(fields) < 3 || len(fields) > stdif.MaxPolygon {
		return stdif.Location{}, false
	}
	l := stdif.Location{Shape: "polygon", Polygon: make([]stdif.Point, len(fields))}
	for i, f := range fields {
		p, ok := readPoint(f)
		if !ok {
			return stdif.Location{}, false
		}
		l.Polygon[i] = p
	}
	return l, true
}

// readPoint reads "lat,lon" in decimal degrees. Whether it is a place on earth
// is judged later: an impossible one is shown, and never drawn.
func readPoint(text string) (stdif.Point, bool) {
	a, b, ok := strings.Cut(text, ",")
	lat, latOK := markup.Number(a)
	lon, lonOK := markup.Number(b)
	if !ok || !latOK || !lonOK {
		return stdif.Point{}, false
	}
	return stdif.Point{Lat: lat, Lon: lon}, true
}

package stdif

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// check warns of everything that makes a location unfit to be drawn. A wrong
// place never refuses a report: the caller's words may name the right one.
func (l *Location) check(f *finding, i int) {
	at := func(item string) string { return fmt.Sprintf("/locations/%d%s", i, item) }
	if l.Role == "" {
		f.warn(CodeMissing, at("/role"), "location without a role")
	} else if !knownRole(l.Role) {
		f.among(at("/role"), l.Role)
	}
	switch l.Shape {
	case "", "point", "circle", "ellipse", "arc-band", "sphere", "ellipsoid", "polygon", "prism", "civic":
	default:
		f.among(at("/shape"), l.Shape)
	}
	l.checkPosition(f, at)
	if len(l.Method) > MaxShort || len(l.Label) > MaxShort {
		f.short(at("/method"), l.Method)
		f.short(at("/label"), l.Label)
	}
	if l.Civic != nil {
		l.Civic.check(f, at)
	}
}

func knownRole(role string) bool {
	switch role {
	case "caller", "registered-home", "registered-place", "vehicle", "media", "incident":
		return true
	}
	return false
}

func (l *Location) checkPosition(f *finding, at func(string) string) {
	switch {
	case l.Lat == nil && l.Lon == nil:
	case l.Lat == nil:
		f.warn(CodeLocation, at("/lat"), "longitude without latitude; never drawn")
	case l.Lon == nil:
		f.warn(CodeLocation, at("/lon"), "latitude without longitude; never drawn")
	default:
		if why := whyNot(*l.Lat, *l.Lon); why != "" {
			f.warn(CodeLocation, at("/lat"), why)
		}
	}
	if !(l.RadiusM >= 0) {
		f.warn(CodeLocation, at("/radiusM"), "a radius is not negative")
	}
	if e := l.Extent; e != nil && !(min(e.SemiMajorM, e.SemiMinorM, e.VerticalM, e.InnerRadiusM, e.OuterRadiusM, e.HeightM) >= 0) {
		f.warn(CodeLocation, at("/extent"), "a length is not negative")
	}
	if !(l.Confidence >= 0 && l.Confidence <= 1) {
		f.warn(CodeLocation, at("/confidence"), "a confidence is 0 to 1")
	}
	if l.HeadingDeg != nil && !(*l.HeadingDeg >= 0 && *l.HeadingDeg <= 360) {
		f.warn(CodeLocation, at("/headingDeg"), "a heading is 0 to 360 degrees")
	}
	if l.SpeedKmh != nil && !(*l.SpeedKmh >= 0) {
		f.warn(CodeLocation, at("/speedKmh"), "a speed is not negative")
	}
	if len(l.Polygon) > MaxPolygon {
		f.refuse(CodeTooLarge, at("/polygon"), whyTooMany)
		return
	}
	if len(l.Polygon) == 0 {
		if l.Shape == "polygon" || l.Shape == "prism" {
			f.warn(CodeLocation, at("/polygon"), "polygon without points; never drawn")
		}
		return
	}
	if len(l.Polygon) < 3 {
		f.warn(CodeLocation, at("/polygon"), "a polygon has at least 3 points; never drawn")
	}
	for i, p := range l.Polygon {
		if why := whyNot(p.Lat, p.Lon); why != "" {
			f.warn(CodeLocation, at("/polygon/"+strconv.Itoa(i)), why)
			return
		}
	}
}

// whyNot says what is wrong with a position, or "".
func whyNot(lat, lon float64) string {
	switch {
	case ValidPosition(lat, lon):
		return ""
	case lat == 0 && lon == 0:
		return whyIsland
	case ValidPosition(lon, lat):
		return whySwapped
	}
	return whyPosition
}

// HasPolygon reports whether the polygon can be drawn: at least 3 points, all
// of them places on earth.
func (l Location) HasPolygon() bool {
	if len(l.Polygon) < 3 || len(l.Polygon) > MaxPolygon {
		return false
	}
	for _, p := range l.Polygon {
		if !ValidPosition(p.Lat, p.Lon) {
			return false
		}
	}
	return true
}

func (c *Civic) check(f *finding, at func(string) string) {
	if len(c.Postcode)+len(c.Prefecture)+len(c.City)+len(c.Line)+len(c.Building)+len(c.Floor)+len(c.Room)+len(c.Note) <= MaxShort {
		return
	}
	f.short(at("/civic/postcode"), c.Postcode)
	f.short(at("/civic/pref"), c.Prefecture)
	f.short(at("/civic/city"), c.City)
	f.short(at("/civic/line"), c.Line)
	f.short(at("/civic/building"), c.Building)
	f.short(at("/civic/floor"), c.Floor)
	f.short(at("/civic/room"), c.Room)
	f.short(at("/civic/note"), c.Note)
}

// OneLine returns a location in one line, as it was given: label and address
// where there are any; without an address the coordinates with their radius. Coordinates that
// cannot be are marked with a question mark and stay readable.
func OneLine(l Location) string {
	var parts []string
	add := func(text string) {
		if text = oneLine(text); text != "" {
			parts = append(parts, text)
		}
	}
	add(l.Label)
	if c := l.Civic; c != nil {
		add(together(c.Prefecture, c.City, c.Line))
		add(c.Building)
		add(together(c.Floor, c.Room))
		add(c.Note)
	}
	if len(parts) == 0 || l.Civic == nil { // a name alone leads nobody there
		add(l.coordinates())
	}
	return strings.Join(parts, " ")
}

// together joins parts of an address: Japanese ones without, others with a blank.
func together(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		if part == "" {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(b.String())
		if b.Len() > 0 && (before < utf8.RuneSelf || part[0] < utf8.RuneSelf) {
			b.WriteByte(' ')
		}
		b.WriteString(part)
	}
	return b.String()
}

func (l Location) coordinates() string {
	var text string
	switch {
	case l.Lat != nil && l.Lon != nil:
		text = degrees(*l.Lat) + ", " + degrees(*l.Lon)
		if !l.HasPosition() {
			return "? " + text
		}
	case len(l.Polygon) > 0:
		text = degrees(l.Polygon[0].Lat) + ", " + degrees(l.Polygon[0].Lon) + " …"
		if !l.HasPolygon() {
			return "? " + text
		}
	default:
		return ""
	}
	if l.RadiusM > 0 {
		text += " ±" + strconv.FormatFloat(l.RadiusM, 'f', 0, 64) + " m"
	}
	return text
}

// degrees writes what was given, to at most six digits (11 cm).
func degrees(v float64) string {
	text := strconv.FormatFloat(v, 'f', 6, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

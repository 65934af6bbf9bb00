package pidf

import (
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/additional"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// common is what a geopriv object says about all of its shapes.
type common struct {
	method     string
	acquired   *time.Time
	confidence float64
	speed      *float64
	heading    *float64
}

// geopriv reads one object: its method and time, then every shape and address
// in its location-info. Usage rules stay among the additional items: an
// emergency service keeps what law says, and shows what the sender wished.
func (r *reader) geopriv(target, g *markup.Element, place string) {
	info := g.Named("location-info")
	if len(info) == 0 {
		r.warn(stdif.CodeMissing, place+"/location-info", "required element is missing")
		return
	}
	r.provided(g, place)
	c := r.common(target, g, place)
	found := false
	for _, one := range info {
		r.motion(one, place, &c)
		for _, e := range one.Children {
			at := place + "/location-info/" + e.Name
			if r.isFull(at) {
				break
			}
			if l, ok := r.location(e, at); ok {
				r.add(l, c)
				found = true
			}
		}
	}
	if !found {
		return
	}
	if m := g.Child("method"); m.Says() == c.method { // a translation of ours leaves the sender's word visible
		r.taken.Take(m)
	}
	if c.acquired != nil {
		r.taken.Take(target.Child("timestamp"))
	}
}

// isFull says that a report has room for no more locations; what follows is not
// read and stays among the additional items.
func (r *reader) isFull(place string) bool {
	if len(r.doc.Locations) < stdif.MaxLocations {
		return false
	}
	if !r.full {
		r.full = true
		r.warn(stdif.CodeTooLarge, place, "more locations than a report has room for: the others stand among the additional items")
	}
	return true
}

// add gives a location what its document says about all of them.
func (r *reader) add(l stdif.Location, c common) {
	l.Role = "caller" // whom a call is about; a carrier that knows better says so
	l.Method, l.AcquiredAt = c.method, c.acquired
	if l.Shape != "civic" {
		l.SpeedKmh, l.HeadingDeg = c.speed, c.heading
		if l.Shape != "point" { // RFC 7459, §4: a point has no area to be in
			l.Confidence = c.confidence
		}
	}
	r.doc.Locations = append(r.doc.Locations, l)
}

func (r *reader) common(target, g *markup.Element, place string) common {
	c := common{}
	if m := g.Child("method"); m != nil && len(m.Attrs) == 0 && markup.Fits(m.Text, stdif.MaxShort) {
		c.method = method(m.Text)
	}
	stamp := target.Child("timestamp")
	if stamp == nil {
		return c
	}
	if at, ok := markup.Time(stamp.Text); ok {
		c.acquired = &at
	} else {
		r.warn(stdif.CodeTime, place+"/timestamp", "a time without offset, or not a time; kept as it came")
	}
	return c
}

// methods are the registered tokens (IANA, Method Tokens) under the words that
// this interface uses; any other is kept as it came.
var methods = map[string]string{
	"gps": "gnss", "a-gps": "gnss", "dgps": "gnss", "gnss": "gnss", "agnss": "gnss", "gps-dr": "gnss",
	"cell": "cell", "otdoa": "cell", "ta": "cell", "ta-nmr": "cell", "u-tdoa": "cell", "aflt": "cell", "eflt": "cell", "nmr": "cell", "rtt": "cell",
	"802.11": "wifi", "wifi": "wifi", "manual": "manual",
}

func method(token string) string {
	if ours := methods[strings.ToLower(token)]; ours != "" {
		return ours
	}
	return token
}

// motion reads confidence (RFC 7459) and Dynamic (RFC 5962), which stand beside
// the shapes and are about each of them.
func (r *reader) motion(info *markup.Element, place string, c *common) {
	if e := info.Child("confidence"); e != nil {
		v, ok := markup.Number(e.Text)
		switch {
		case ok && v > 0 && v <= 100:
			c.confidence = v / 100
			if pdf := e.Attr("pdf"); pdf == "" {
				r.taken.Take(e)
			}
		case e.Text != "unknown":
			r.warn(stdif.CodeLocation, place+"/location-info/confidence", "a confidence is a percentage; kept as it came")
		}
	}
	dynamic := info.Child("Dynamic")
	if v, ok := number(dynamic, "speed"); ok && v >= 0 {
		kmh := v * 3.6 // metres per second
		c.speed = &kmh
	}
	if v, ok := number(dynamic, "heading"); ok && v >= 0 && v <= 360 {
		c.heading = &v
		r.taken.Take(dynamic.Child("heading"))
	}
}

func number(parent *markup.Element, name string) (float64, bool) {
	e := parent.Child(name)
	if e == nil {
		return 0, false
	}
	return markup.Number(e.Text)
}

// provided reads the blocks of provided-by (RFC 7852, §5): those by value become
// values of their own, those by reference stay text
// among the additional items and are never fetched.
func (r *reader) provided(g *markup.Element, place string) {
	for _, by := range g.Named("provided-by") {
		for _, value := range by.Named("EmergencyCallDataValue") {
			for _, e := range value.Children {
				at := place + "/provided-by/" + e.Name
				if len(r.doc.Provided) >= stdif.MaxListed {
					r.warn(stdif.CodeTooLarge, at, "more blocks than are read of one document; kept as it came")
					return
				}
				b, warnings, p := additional.ReadElement(e)
				if p != nil {
					r.warn(p.Code, at, p.Detail+"; kept as it came")
					continue
				}
				for _, w := range warnings {
					r.warn(w.Code, at, w.Detail)
				}
				r.taken.TakeWhole(e)
				r.doc.Additional = append(r.doc.Additional, b.Additional...)
				b.Additional = nil
				r.doc.Provided = append(r.doc.Provided, b)
			}
		}
	}
}

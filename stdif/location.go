package stdif

import "time"

// Location is one statement of where: shape, uncertainty, method and time
// (PIDF-LO, RFC 4119 and 5491). A report may have several; they are shown as
// given and never merged, averaged or moved.
type Location struct {
	Role       string     `json:"role"`                 // caller, registered-home, registered-place, vehicle, media, incident
	Shape      string     `json:"shape,omitempty"`      // point, circle, ellipse, arc-band, sphere, ellipsoid, polygon, prism, civic
	Lat        *float64   `json:"lat,omitempty"`        // WGS 84 degrees
	Lon        *float64   `json:"lon,omitempty"`        // WGS 84 degrees
	RadiusM    float64    `json:"radiusM,omitempty"`    // metres: of a circle or sphere; of ellipse, arc band and ellipsoid, of the circle around lat, lon that holds them
	Polygon    []Point    `json:"polygon,omitempty"`    // at least 3 points; closed or not
	Extent     *Extent    `json:"extent,omitempty"`     // what the other shapes need beyond that
	AltitudeM  *float64   `json:"altitudeM,omitempty"`  // metres above the ellipsoid
	Confidence float64    `json:"confidence,omitempty"` // 0 … 1, of the shape (RFC 7459)
	Method     string     `json:"method,omitempty"`     // gnss, cell, wifi, manual, registered …
	AcquiredAt *time.Time `json:"acquiredAt,omitempty"`
	SpeedKmh   *float64   `json:"speedKmh,omitempty"`
	HeadingDeg *float64   `json:"headingDeg,omitempty"`
	Civic      *Civic     `json:"civic,omitempty"`
	Label      string     `json:"label,omitempty"` // as the caller named it: 自宅, よく行く場所
}

// Point is a position in WGS 84 degrees.
type Point struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// Extent holds the parameters of the shapes that are neither point, circle nor
// polygon (RFC 5491, §5.2). RadiusM always stands beside those around a point,
// so that a reader who draws circles only shows too much and never too little.
type Extent struct {
	SemiMajorM     float64 `json:"semiMajorM,omitempty"`     // ellipse, ellipsoid
	SemiMinorM     float64 `json:"semiMinorM,omitempty"`     // ellipse, ellipsoid
	OrientationDeg float64 `json:"orientationDeg,omitempty"` // of the major axis, clockwise from north
	VerticalM      float64 `json:"verticalM,omitempty"`      // vertical semi-axis, ellipsoid
	InnerRadiusM   float64 `json:"innerRadiusM,omitempty"`   // arc band
	OuterRadiusM   float64 `json:"outerRadiusM,omitempty"`   // arc band
	StartDeg       float64 `json:"startDeg,omitempty"`       // arc band, clockwise from north
	OpeningDeg     float64 `json:"openingDeg,omitempty"`     // arc band, clockwise from startDeg
	HeightM        float64 `json:"heightM,omitempty"`        // prism, upwards from altitudeM
}

// Civic is an address as the sender gave it.
type Civic struct {
	Postcode   string `json:"postcode,omitempty"`
	Prefecture string `json:"pref,omitempty"`
	City       string `json:"city,omitempty"`
	Line       string `json:"line,omitempty"` // town, chome, banchi as written
	Building   string `json:"building,omitempty"`
	Floor      string `json:"floor,omitempty"`
	Room       string `json:"room,omitempty"`
	Note       string `json:"note,omitempty"` // 付近, 地内 and other words of the sender
}

// HasPosition reports whether the location can be drawn: both coordinates are
// there, in range, and not null island.
func (l Location) HasPosition() bool {
	if l.Lat == nil || l.Lon == nil {
		return false
	}
	return ValidPosition(*l.Lat, *l.Lon)
}

// ValidPosition reports whether lat, lon is a place on earth that a caller can
// be at. 0,0 is what broken receivers send and is refused.
func ValidPosition(lat, lon float64) bool {
	if lat != lat || lon != lon { // NaN
		return false
	}
	if lat < -90 || lat > 90 || lon < -180 || lon > 180 {
		return false
	}
	return lat != 0 || lon != 0
}

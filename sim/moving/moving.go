// Package moving makes the report of a relay operator whose caller walks through
// the made-up town while the report is revised: every shape of accuracy, a fix
// that comes late, and places that no map must draw.
package moving

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/town"
	"github.com/matoi119/matoi/stdif"
)

const metresOfADegree = 111_195.0

// at is a place in metres east and north of the middle of the town.
func at(role, shape string, east, north float64) stdif.Location {
	lat, lon := town.Lat+north/metresOfADegree, town.Lon+east/(metresOfADegree*0.8221)
	return stdif.Location{Role: role, Shape: shape, Lat: &lat, Lon: &lon}
}

func fix(l stdif.Location, t time.Time, method string, radius, confidence float64) stdif.Location {
	l.AcquiredAt, l.Method, l.RadiusM, l.Confidence = &t, method, radius, confidence
	return l
}

// Revisions are the whole report, revision after revision; the newest fix was
// made just before now.
func Revisions(id string, now time.Time) []stdif.Report {
	t := func(s int) time.Time { return now.Add(time.Duration(s-95) * time.Second).Truncate(time.Second).UTC() }
	home := at("registered-home", "point", -310, -140)
	home.Method, home.Label = "registered", "自宅"
	home.Civic = &stdif.Civic{Postcode: "574-0000", Prefecture: "大阪府", City: "例示市", Line: "本町一丁目２－３付近", Building: "例示ハイツ　２０１"}
	sector := fix(at("caller", "arc-band", -700, 120), t(0), "cell", 900, 0.7)
	sector.Label, sector.Extent = "基地局", &stdif.Extent{InnerRadiusM: 200, OuterRadiusM: 900, StartDeg: 70, OpeningDeg: 60}
	places := [][]stdif.Location{
		{fix(at("caller", "circle", -60, 40), t(0), "cell", 320, 0.68), sector, home},
		{fix(at("caller", "circle", -180, 95), t(20), "gnss", 30, 0.95), home},
		{fix(at("caller", "circle", -330, 250), t(60), "gnss", 25, 0.95), home},
		{fix(at("caller", "circle", -250, 170), t(40), "gnss", 28, 0.95), home}, // came late
		{walked(t(80)), park(), picture(t(85)), workplace(), nowhere(), home},
	}
	var out []stdif.Report
	for i, l := range places {
		out = append(out, stdif.Report{ID: id, Revision: int64(i + 1), EventTime: t(0), Kind: stdif.IncidentType{Code: stdif.KindEMS, Label: "救急"},
			Text: "公園へ歩いている途中で胸が苦しくなりました。ベンチで休みます。", Locations: l,
			Proxy: &stdif.Proxy{Organisation: "例示電話リレーセンター", Operator: "オペレーター 3", Callback: "+810000000003", Verified: "answered"}})
	}
	return out
}

func walked(t time.Time) stdif.Location {
	l := fix(at("caller", "ellipse", -470, 420), t, "gnss", 60, 0.95)
	l.Extent = &stdif.Extent{SemiMajorM: 60, SemiMinorM: 18, OrientationDeg: 35}
	return l
}

func park() stdif.Location {
	l := stdif.Location{Role: "incident", Shape: "polygon", Label: "例示中央公園", Method: "manual"}
	for _, c := range [][2]float64{{-775, 470}, {-480, 440}, {-465, 650}, {-765, 680}} {
		p := at("", "", c[0], c[1])
		l.Polygon = append(l.Polygon, stdif.Point{Lat: *p.Lat, Lon: *p.Lon})
	}
	return l
}

func picture(t time.Time) stdif.Location {
	l := at("media", "point", -500, 470)
	l.AcquiredAt, l.Method, l.Label = &t, "gnss", "写真1"
	return l
}

// workplace has latitude and longitude the wrong way round.
func workplace() stdif.Location {
	l := at("registered-place", "point", 700, 300)
	l.Lat, l.Lon, l.Label = l.Lon, l.Lat, "勤務先"
	return l
}

// nowhere is what a receiver without a fix sends.
func nowhere() stdif.Location {
	var zero float64
	return stdif.Location{Role: "vehicle", Shape: "point", Lat: &zero, Lon: &zero, Method: "gnss"}
}

// Send hands the whole report over, revision after revision.
func Send(ctx context.Context, c *intake.Client, mode stdif.Mode) (string, error) {
	id := "M-" + rand.Text()[:8]
	for _, r := range Revisions(id, time.Now()) {
		answer, err := c.Report(ctx, mode, r)
		if err != nil {
			return id, fmt.Errorf("moving: %w", err)
		}
		if !answer.Taken() {
			return id, fmt.Errorf("moving: revision %d: the terminal answered %d", r.Revision, answer.Code)
		}
	}
	return id, nil
}

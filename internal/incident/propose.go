package incident

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// Windows of time within which two tellings may be of one event.
const (
	NearWindow   = 30 * time.Minute // by place: what is later is another event at the same crossing
	NumberWindow = 6 * time.Hour    // by number or vehicle: people call again
	LeastReachM  = 50               // a point says nothing about its uncertainty
)

// Trace is what can be compared of a report or a voice call. Phones and
// Vehicles are keyed indexes, Places normalised words.
type Trace struct {
	Kind     Kind
	ID       string
	Mode     stdif.Mode
	At       time.Time
	Phones   []string
	Vehicles []string
	Spots    []Spot
	Places   []string
}

// Spot is a position with its uncertainty.
type Spot struct{ Lat, Lon, RadiusM float64 }

// Why says what two tellings have in common.
type Why string

// The reasons, the strongest first.
const (
	SameNumber  Why = "number"
	SameVehicle Why = "vehicle"
	SamePlace   Why = "place"
	Near        Why = "near"
)

var strength = map[Why]int{SameNumber: 3, SameVehicle: 2, SamePlace: 1, Near: 0}

// Reason is one of them, with how far and how long apart.
type Reason struct {
	Why       Why
	DistanceM float64 // near
	ReachM    float64 // near: within which uncertainty that is
	Apart     time.Duration
}

// Proposal says that another telling may be of the same event. It does nothing.
type Proposal struct {
	Kind    Kind
	ID      string
	Reasons []Reason
}

// Compare says what two tellings have in common; the order of the two does not
// matter. Nothing means: no proposal.
func Compare(a, b Trace) []Reason {
	if a.Kind == b.Kind && a.ID == b.ID || a.Mode != b.Mode || a.Kind == Call && b.Kind == Call {
		return nil
	}
	apart := a.At.Sub(b.At).Abs()
	var out []Reason
	if apart <= NumberWindow {
		if common(a.Phones, b.Phones) {
			out = append(out, Reason{Why: SameNumber, Apart: apart})
		}
		if common(a.Vehicles, b.Vehicles) {
			out = append(out, Reason{Why: SameVehicle, Apart: apart})
		}
	}
	if apart <= NearWindow {
		if common(a.Places, b.Places) {
			out = append(out, Reason{Why: SamePlace, Apart: apart})
		}
		if r, ok := nearest(a.Spots, b.Spots); ok {
			r.Apart = apart
			out = append(out, r)
		}
	}
	return out
}

// Propose lists the tellings that may be of the same event, the most likely
// first. The order of others does not matter.
func Propose(of Trace, others []Trace) []Proposal {
	var out []Proposal
	for _, o := range others {
		if r := Compare(of, o); len(r) > 0 {
			out = append(out, Proposal{o.Kind, o.ID, r})
		}
	}
	slices.SortFunc(out, func(a, b Proposal) int {
		x, y := a.Reasons[0], b.Reasons[0]
		switch {
		case strength[x.Why] != strength[y.Why]:
			return strength[y.Why] - strength[x.Why]
		case len(a.Reasons) != len(b.Reasons):
			return len(b.Reasons) - len(a.Reasons)
		case x.DistanceM != y.DistanceM:
			return sign(x.DistanceM - y.DistanceM)
		case x.Apart != y.Apart:
			return sign(float64(x.Apart - y.Apart))
		}
		return strings.Compare(string(a.Kind)+a.ID, string(b.Kind)+b.ID)
	})
	return out
}

func sign(v float64) int {
	if v < 0 {
		return -1
	}
	return 1
}

func common(a, b []string) bool {
	for _, x := range a {
		if x != "" && slices.Contains(b, x) {
			return true
		}
	}
	return false
}

// nearest finds the two spots that are closest for their uncertainty: near is
// less than the larger of both radii apart (standard-interface §2.5).
func nearest(a, b []Spot) (found Reason, ok bool) {
	for _, p := range a {
		for _, q := range b {
			d, reach := Distance(p, q), max(p.RadiusM, q.RadiusM, LeastReachM)
			if d < reach && (!ok || d < found.DistanceM) {
				found, ok = Reason{Why: Near, DistanceM: d, ReachM: reach}, true
			}
		}
	}
	return found, ok
}

const earthM = 6371008.8

// Distance is the way over the ground between two spots, in metres.
func Distance(p, q Spot) float64 {
	const rad = math.Pi / 180
	dLat, dLon := (q.Lat-p.Lat)*rad, (q.Lon-p.Lon)*rad
	h := math.Pow(math.Sin(dLat/2), 2) + math.Cos(p.Lat*rad)*math.Cos(q.Lat*rad)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * earthM * math.Asin(math.Sqrt(min(1, h)))
}

// leastPlace is how long normalised words must be to name one place and not a
// whole town.
const leastPlace = 7

// PlaceKey normalises the words of a place, so that 本町１－２－３ 付近 and
// 本町1丁目2番3号 are one. It is for comparing only and is never shown.
func PlaceKey(text string) string {
	for _, w := range []string{"付近", "地内", "地先", "先路上", "あたり", "辺り"} {
		text = strings.ReplaceAll(text, w, "")
	}
	for _, w := range []string{"丁目", "番地の", "番地", "番", "の"} {
		text = between(text, w)
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= '！' && r <= '～': // full width
			r -= '！' - '!'
		case strings.ContainsRune("‐‑–—―−ー－", r) && endsInDigit(b.String()):
			r = '-'
		}
		if strings.ContainsRune(" \t\n　、。，．,.号", r) {
			continue
		}
		b.WriteRune(r)
	}
	key := strings.Trim(strings.ToLower(b.String()), "-")
	if len([]rune(key)) < leastPlace || !strings.ContainsAny(key, "0123456789") {
		return ""
	}
	return key
}

// between writes a hyphen for a word that stands behind a digit.
func between(text, word string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, word)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if endsInDigit(before) {
			b.WriteString("-")
		} else {
			b.WriteString(word)
		}
		text = after
	}
}

func endsInDigit(s string) bool {
	if s == "" {
		return false
	}
	r := []rune(s[max(0, len(s)-4):])
	last := r[len(r)-1]
	return last >= '0' && last <= '9' || last >= '０' && last <= '９'
}

// Whereabouts is what a report says of where its event is: not where its caller
// lives.
func Whereabouts(locations []stdif.Location) (spots []Spot, places []string) {
	for _, l := range locations {
		switch l.Role {
		case "registered-home", "registered-place":
			continue
		}
		if l.HasPosition() {
			spots = append(spots, Spot{*l.Lat, *l.Lon, l.RadiusM})
		}
		if c := l.Civic; c != nil {
			if key := PlaceKey(c.City + c.Line); key != "" {
				places = append(places, key)
			}
		}
	}
	return spots, places
}

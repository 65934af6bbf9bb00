package incident

import (
	"time"

	"github.com/matoi119/matoi/stdif"
)

// CallState is how far a voice call is, as the telephone system says.
type CallState string

// The states of a voice call, in their order.
const (
	Ringing  CallState = "ringing"
	Answered CallState = "answered"
	Ended    CallState = "ended"
)

func (s CallState) rank() int {
	switch s {
	case Answered:
		return 1
	case Ended:
		return 2
	}
	return 0
}

// VoiceCall is what the telephone system told of a call (統合型位置情報 and the
// exchange): that it is there, its number and its place. The voice itself never
// comes here (K6). The store seals Number and Place.
type VoiceCall struct {
	ID         string // a keyed index of the telephone system's own id, which may be a number
	Mode       stdif.Mode
	Line       string
	State      CallState
	PhoneIndex string
	StartedAt  time.Time
	AnsweredAt time.Time
	EndedAt    time.Time
	ReceivedAt time.Time // the first notice
	UpdatedAt  time.Time

	Number string
	Place  *CallPlace
}

// CallPlace is where a call comes from, as far as the carrier knows.
type CallPlace struct {
	Lat     *float64 `json:"lat,omitempty"`
	Lon     *float64 `json:"lon,omitempty"`
	RadiusM float64  `json:"radiusM,omitempty"`
	Text    string   `json:"text,omitempty"`
}

// Notice takes what a later notice of the same call says. Notices may come
// twice and out of order: a state never goes back, and what a notice leaves out
// stays as it was.
func (c VoiceCall) Notice(n VoiceCall, now time.Time) (_ VoiceCall, changed bool) {
	was := c
	if n.Number != "" {
		c.Number, c.PhoneIndex = n.Number, n.PhoneIndex
	}
	if n.Place != nil && (c.Place == nil || !c.Place.same(*n.Place)) {
		c.Place = n.Place
	}
	if n.Line != "" {
		c.Line = n.Line
	}
	if n.State.rank() > c.State.rank() {
		c.State = n.State
	}
	if c.State.rank() >= Answered.rank() && n.State == Answered && c.AnsweredAt.IsZero() {
		c.AnsweredAt = now
	}
	if c.State == Ended && c.EndedAt.IsZero() {
		c.EndedAt = now
	}
	if c == was {
		return was, false
	}
	c.UpdatedAt = now
	return c, true
}

func (p CallPlace) same(q CallPlace) bool {
	equal := func(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }
	return equal(p.Lat, q.Lat) && equal(p.Lon, q.Lon) && p.RadiusM == q.RadiusM && p.Text == q.Text
}

// FirstNotice is a call that nobody told of before.
func FirstNotice(n VoiceCall, now time.Time) VoiceCall {
	n.ReceivedAt, n.UpdatedAt = now, now
	switch n.State {
	case Answered:
		n.AnsweredAt = now
	case Ended:
		n.EndedAt = now
	case Ringing:
	}
	return n
}

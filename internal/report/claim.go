package report

import (
	"slices"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// Times of a claim (decision 0009).
const (
	// ClaimStaleAfter is how long a seat may be silent before its claims are
	// marked: three beats of its page, which says one every BeatEvery.
	ClaimStaleAfter = 3 * BeatEvery
	BeatEvery       = 15 * time.Second
	// TakeBack is how long whoever lost a claim may take it back without saying
	// why: the hand that slipped mends it at once.
	TakeBack = 20 * time.Second
)

// Claim says who has a report in charge. The zero Claim is nobody.
type Claim struct {
	By
	At      time.Time
	StaleAt time.Time // the seat has been silent since before; a mark and nothing more
}

// Before says from whom the present claim was taken over, and why. It stays
// while that claim stands, so that whoever lost it can be told.
type Before struct {
	By
	Reason string // "" = taken back within TakeBack, or handed over
	Handed bool   // by offer or with the shift: nobody lost anything
}

// ToAll is an offer to whichever seat takes it.
const ToAll = "*"

// Offer is a claim that its holder wants to give away. It dies with any change
// of the holder.
type Offer struct {
	To      string // console, or ToAll; "" = none
	At      time.Time
	Refused string // the console that refused the last one
}

// Reasons of a take-over.
const (
	NoResponse  = "no-response" // the seat does not answer
	Away        = "away"        // its person is not there
	Overloaded  = "overloaded"
	Supervision = "supervision" // the supervisor decided
	OtherReason = "other"       // said in the note
)

var takeOvers = [...]string{NoResponse, Away, Overloaded, Supervision, OtherReason}

// TakeOverReasons lists the codes with which a claim may be taken over.
func TakeOverReasons() []string { return takeOvers[:] }

// Take lets a seat claim the report: one winner, the others are told who has it.
func (r Report) Take(s By, now time.Time) (Report, error) {
	switch {
	case r.State == Closed:
		return r, fault.New(fault.Conflict, "report.closed")
	case r.Claim.By == s:
		return r, nil // pressed twice
	case r.Claim.Console != "":
		return r, Held(r.Claim)
	}
	return r.hold(s, Before{}, now), nil
}

// hold puts the report into the charge of a seat.
func (r Report) hold(s By, before Before, now time.Time) Report {
	r.Claim, r.Before, r.Offer = Claim{By: s, At: now}, before, Offer{}
	r.State, r.UpdatedAt = Accepted, now
	if r.ChatCount > 0 {
		r.State = InDialog
	}
	return r.See(now).schedule()
}

// Held is the refusal that names the holder; the door fills in the names.
func Held(c Claim) error { return held("claim.held", c) }

func held(key string, c Claim) error {
	return fault.New(fault.Conflict, key, "consoleId", c.Console, "personId", c.Person)
}

// holds answers why a seat may not give the claim away, or nil.
func (r Report) holds(s By) error {
	switch {
	case r.State == Closed:
		return fault.New(fault.Conflict, "report.closed")
	case r.Claim.Console == "":
		return fault.New(fault.Conflict, "claim.none")
	case r.Claim.Console != s.Console:
		return Held(r.Claim)
	}
	return nil
}

// Release gives a claim back: the report rings again.
func (r Report) Release(s By, now time.Time) (Report, error) {
	if err := r.holds(s); err != nil {
		return r, err
	}
	r = r.ring(now)
	r.UpdatedAt = now
	return r.schedule(), nil
}

// TakeOver takes a report out of another seat's charge. A claim whose seat is
// silent may be taken by any dispatcher with a reason, one that is looked after
// by a supervisor alone; whoever just lost a claim takes it back without one.
func (r Report) TakeOver(s By, supervisor bool, reason string, now time.Time) (Report, error) {
	switch {
	case r.State == Closed:
		return r, fault.New(fault.Conflict, "report.closed")
	case r.Claim.Console == "":
		return r, fault.New(fault.Conflict, "claim.none")
	case r.Claim.By == s:
		return r, nil
	case r.takesBack(s, now):
		return r.hold(s, Before{By: r.Claim.By, Handed: true}, now), nil // ends it: no to and fro
	case r.Claim.StaleAt.IsZero() && r.Claim.Console != s.Console && !supervisor:
		return r, held("claim.live", r.Claim)
	case !slices.Contains(takeOvers[:], reason):
		return r, fault.New(fault.Invalid, "claim.reason-missing")
	}
	return r.hold(s, Before{By: r.Claim.By, Reason: reason}, now), nil
}

// takesBack reports whether a seat mends a take-over that has just happened.
func (r Report) takesBack(s By, now time.Time) bool {
	return r.Before.By == s && !r.Before.Handed && now.Sub(r.Claim.At) <= TakeBack
}

// Hand lets the holder offer the claim to another seat, or to all.
func (r Report) Hand(s By, to string, now time.Time) (Report, error) {
	if err := r.holds(s); err != nil {
		return r, err
	}
	if to == "" || to == s.Console {
		return r, fault.New(fault.Invalid, "offer.nobody")
	}
	if r.Offer.To != to {
		r.Offer, r.UpdatedAt = Offer{To: to, At: now}, now
	}
	return r, nil
}

// Withdraw takes an offer back.
func (r Report) Withdraw(s By, now time.Time) (Report, error) {
	if err := r.holds(s); err != nil {
		return r, err
	}
	if r.Offer != (Offer{}) {
		r.Offer, r.UpdatedAt = Offer{}, now
	}
	return r, nil
}

// offered answers why a seat has nothing to answer to, or nil.
func (r Report) offered(s By) error {
	switch {
	case r.State == Closed:
		return fault.New(fault.Conflict, "report.closed")
	case r.Claim.Console == "":
		return fault.New(fault.Conflict, "claim.none")
	case r.Offer.To != s.Console && r.Offer.To != ToAll || r.Claim.Console == s.Console:
		return held("offer.none", r.Claim)
	}
	return nil
}

// Accept takes what was offered: one winner.
func (r Report) Accept(s By, now time.Time) (Report, error) {
	if r.Claim.By == s && r.State != Closed {
		return r, nil // pressed twice
	}
	if err := r.offered(s); err != nil {
		return r, err
	}
	return r.hold(s, Before{By: r.Claim.By, Handed: true}, now), nil
}

// Refuse says no to an offer that was made to this seat; one to all stays open
// for the others.
func (r Report) Refuse(s By, now time.Time) (Report, error) {
	if err := r.offered(s); err != nil {
		return r, err
	}
	if r.Offer.To == ToAll {
		return r, fault.New(fault.Conflict, "offer.to-all")
	}
	r.Offer, r.UpdatedAt = Offer{Refused: s.Console}, now
	return r, nil
}

// Pass moves a claim with its shift: the incoming person has read what the
// outgoing one left.
func (r Report) Pass(from string, to By, now time.Time) (Report, error) {
	if r.State == Closed || r.Claim.Console != from || r.Claim.By == to {
		return r, nil // somebody was faster; nothing is taken away from anybody
	}
	return r.hold(to, Before{By: r.Claim.By, Handed: true}, now), nil
}

// Neglect marks the claim of a seat that has been silent for so long.
func (r Report) Neglect(silent time.Duration, now time.Time) (Report, bool) {
	if r.State == Closed || r.Claim.Console == "" || !r.Claim.StaleAt.IsZero() || silent < ClaimStaleAfter || now.Sub(r.Claim.At) < ClaimStaleAfter {
		return r, false
	}
	r.Claim.StaleAt, r.UpdatedAt = now, now
	return r, true
}

// Attend takes the mark away: the seat is heard again.
func (r Report) Attend(silent time.Duration, now time.Time) (Report, bool) {
	if r.Claim.StaleAt.IsZero() || silent >= ClaimStaleAfter {
		return r, false
	}
	r.Claim.StaleAt, r.UpdatedAt = time.Time{}, now
	return r, true
}

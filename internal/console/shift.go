package console

import (
	"context"
	"slices"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// Sound says whether the person at a seat heard its ring at the start of the
// shift.
type Sound string

// The states of a seat's sound. A seat without a shift has proved nothing.
const (
	SoundProved   Sound = "proved"
	SoundUnproved Sound = "unproved" // by name, with a reason
)

// Why a shift begins without a proved sound.
const (
	NoDevice    = "no-device" // broken or missing
	BlockedHere = "blocked"   // the browser lets none out
	QuietDuty   = "quiet"     // another seat in the room rings
	LaterReason = "later"     // an emergency is being worked on
)

var unproved = [...]string{NoDevice, BlockedHere, QuietDuty, LaterReason}

// UnprovedReasons lists the codes with which a shift may begin unproved.
func UnprovedReasons() []string { return unproved[:] }

// Ringing is never silent: the quietest volume, in percent, is still heard.
const (
	VolumeFloor = 30
	VolumeFull  = 100
)

// MaxNote bounds what the outgoing person leaves, in characters.
const MaxNote = 4000

// Shift is one person's duty at one seat.
type Shift struct {
	ID      string // UUIDv7
	Console string
	Person  string
	BeganAt time.Time
	EndedAt time.Time // zero = on duty
	Sound   Sound
	SoundAt time.Time
	Reason  string // of SoundUnproved
	Volume  int64  // percent, VolumeFloor … VolumeFull
}

// Begin starts a shift, or says anew of one that has begun whether its sound
// was heard: a loudspeaker that was mended is proved in the middle of a night.
func (s Shift) Begin(id, console, person string, sound Sound, reason string, now time.Time) (Shift, error) {
	switch {
	case sound == SoundProved:
		reason = ""
	case sound != SoundUnproved || !slices.Contains(unproved[:], reason):
		return s, fault.New(fault.Invalid, "shift.reason-missing")
	}
	if s.ID == "" || s.Person != person || !s.EndedAt.IsZero() {
		s = Shift{ID: id, Console: console, Person: person, BeganAt: now, Volume: VolumeFull}
	}
	s.Sound, s.Reason, s.SoundAt = sound, reason, now
	return s, nil
}

// Quiet sets how loud the seat rings: by name, and never below the floor.
func (s Shift) Quiet(person string, volume int64) (Shift, error) {
	switch {
	case s.ID == "" || s.Person != person || !s.EndedAt.IsZero():
		return s, fault.New(fault.Conflict, "shift.none")
	case volume < VolumeFloor || volume > VolumeFull:
		return s, fault.New(fault.Invalid, "shift.volume")
	}
	s.Volume = volume
	return s, nil
}

// End ends the shift; the first time counts.
func (s Shift) End(now time.Time) Shift {
	if s.ID != "" && s.EndedAt.IsZero() {
		s.EndedAt = now
	}
	return s
}

// HandOver is what the outgoing person leaves to whoever comes to a seat: the
// same one, or another.
type HandOver struct {
	ID      string // UUIDv7
	Console string // of the outgoing person
	Person  string
	To      string // console
	At      time.Time
	TakenBy string // person who confirmed having read it, at To
	TakenAt time.Time
	Note    string // sealed by the store
}

// Take confirms that the incoming person has read it. Nobody takes over from
// themselves at the seat where they left it.
func (h HandOver) Take(console, person string, now time.Time) (HandOver, error) {
	switch {
	case h.To != console:
		return h, fault.New(fault.Denied, "handover.elsewhere")
	case h.TakenBy == person:
		return h, nil // pressed twice
	case h.TakenBy != "":
		return h, fault.New(fault.Conflict, "handover.taken", "consoleId", h.To, "personId", h.TakenBy)
	}
	h.TakenBy, h.TakenAt = person, now
	return h, nil
}

// Shifts keeps shifts and hand-overs. Reads answer fault.NotFound when there is
// no such row. Writes happen inside an act, whose entry says why.
type Shifts interface {
	Shift(ctx context.Context, console string) (Shift, error) // the one on duty
	Shifts(ctx context.Context) ([]Shift, error)              // all on duty
	SaveShift(ctx context.Context, s Shift) error

	HandOver(ctx context.Context, id string) (HandOver, error)
	HandOvers(ctx context.Context, to string) ([]HandOver, error) // not yet taken
	SaveHandOver(ctx context.Context, h HandOver) error
}

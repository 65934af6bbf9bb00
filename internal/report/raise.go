package report

import (
	"slices"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
)

// Raised says that a person made an actual report of an exercise or a test.
// The mode that was sent stays as it is: the service goes on in it, and its
// revisions still belong here.
type Raised struct {
	By
	At     time.Time
	Reason string
	Number string // the number that it had in its own series
}

// Reasons of raising.
const (
	Real      = "real"       // it has become clear that it is real
	MaybeReal = "maybe-real" // treated as real until it is clear that it is not
	WrongMode = "wrong-mode" // sent under a wrong mode
)

var raises = [...]string{Real, MaybeReal, WrongMode}

// RaiseReasons lists the codes with which a report may be raised.
func RaiseReasons() []string { return raises[:] }

// Effective is the mode in which headquarters works on the report.
func (r Report) Effective() stdif.Mode {
	if !r.Raised.At.IsZero() {
		return stdif.Actual
	}
	return r.Mode
}

// Raise makes an actual report of an exercise or a test, under a number of the
// actual series: it rings anew on every console. There is no way back, because
// a real one that looks like an exercise costs a life (AC-28). Nobody holds it
// then: an exercise was claimed, an emergency was not.
func (r Report) Raise(s By, reason, number string, now time.Time) (Report, error) {
	switch {
	case r.Effective() == stdif.Actual:
		return r, fault.New(fault.Conflict, "raise.actual")
	case !slices.Contains(raises[:], reason):
		return r, fault.New(fault.Invalid, "raise.reason-missing")
	}
	r.Raised = Raised{By: s, At: now, Reason: reason, Number: r.Number}
	r.Number, r.UpdatedAt = number, now
	if r.State == Closed {
		r = r.reopen(now)
	} else {
		r = r.ring(now)
	}
	return r.schedule(), nil
}

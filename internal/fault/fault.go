// Package fault gives every failure two faces: a sentence for the person and a
// cause for the log. The kind decides the answer at a door (HTTP status, exit
// code); it is chosen where the meaning is known and nowhere else.
package fault

import (
	"errors"
	"fmt"
)

// Kind is what a failure means, independent of any protocol.
type Kind int

// The kinds. Internal is the zero value, so an unclassified error is never
// mistaken for the caller's fault.
const (
	Internal    Kind = iota // our side; the person gets a receipt number only
	Invalid                 // the input is wrong; Say names the place
	Denied                  // known person or machine without the right
	Unknown                 // not logged in, or no such session
	NotFound                // no such thing, or not visible to this person
	Conflict                // somebody else was first, or the state forbids it
	Unavailable             // try again: store cannot write, link is down
	TooLarge                // over a documented limit
	TooMany                 // slow down
	Unsupported             // the other side declared that it cannot do this
)

var names = [...]string{"internal", "invalid", "denied", "unknown", "not-found", "conflict", "unavailable", "too-large", "too-many", "unsupported"}

// String returns the stable English name of the kind, as used in problem details.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(names) {
		return "internal"
	}
	return names[k]
}

// Error is a classified failure. Key names the sentence in the catalogue
// (i18n); Args fill its places and must never hold personal data, because a
// problem travels to logs and screens of others.
type Error struct {
	Kind  Kind
	Key   string            // catalogue key, for example "claim.held"
	Args  map[string]string // values for the sentence: ids, names of seats, numbers
	Cause error             // for the log only
}

// New makes a classified failure; args are name, value pairs.
func New(kind Kind, key string, args ...string) *Error {
	e := &Error{Kind: kind, Key: key}
	if len(args) > 0 {
		e.Args = make(map[string]string, len(args)/2)
		for i := 0; i+1 < len(args); i += 2 {
			e.Args[args[i]] = args[i+1]
		}
	}
	return e
}

// Because returns a copy that carries the cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s %s: %v", e.Kind, e.Key, e.Cause)
	}
	return fmt.Sprintf("%s %s", e.Kind, e.Key)
}

func (e *Error) Unwrap() error { return e.Cause }

// Of returns the kind of err, Internal when nobody classified it.
func Of(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// As returns the classified failure in err, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Package incident holds the rules of an incident (事案): the event that the
// fire service handles, which may be told of by several reports and by a voice
// call. It is the thinnest start of what the command side grows from: who opened
// it, what belongs to it, and no units yet.
//
// Nothing is joined by itself. Rules propose, with the reason and the distance;
// a named person confirms, and may undo it (standard-interface §2.5, K13).
package incident

import (
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
)

// State says whether somebody still works on an incident.
type State string

// The states. Closing a report does not close its incident.
const (
	Open   State = "open"
	Closed State = "closed"
)

// By is a person at a console: who joined, parted or dismissed.
type By struct {
	Console string
	Person  string
}

// Incident is one event. Its number is for the air and starts anew every
// business day; the id (UUIDv7) is what it is known by.
type Incident struct {
	ID       string
	Number   string
	Mode     stdif.Mode
	State    State
	Opened   By
	OpenedAt time.Time
	Closed   By
	ClosedAt time.Time
}

// Begin opens an incident.
func Begin(id, number string, mode stdif.Mode, by By, now time.Time) Incident {
	return Incident{ID: id, Number: number, Mode: mode, State: Open, Opened: by, OpenedAt: now}
}

// Number is the incident's number of a business day (災害番号): exercises and
// tests are counted apart and marked, so that they are not mistaken on the air.
func Number(mode stdif.Mode, n int64) string {
	return fmt.Sprintf("%s%03d", map[stdif.Mode]string{stdif.Exercise: "E", stdif.Test: "T"}[mode], n)
}

// Close ends the work on an incident, when none of its reports is open any more.
func (i Incident) Close(openReports int, by By, now time.Time) (Incident, error) {
	switch {
	case i.State == Closed:
		return i, fault.New(fault.Conflict, "incident.closed")
	case openReports > 0:
		return i, fault.New(fault.Conflict, "incident.reports-open")
	}
	i.State, i.Closed, i.ClosedAt = Closed, by, now
	return i, nil
}

// Kind says what belongs to an incident.
type Kind string

// The kinds of members.
const (
	Report Kind = "report"
	Call   Kind = "voice-call"
)

// Link joins one report or voice call to one incident: neither is ever in two.
// A link that was undone stays, with who did it and why.
type Link struct {
	Kind     Kind
	Member   string
	Incident string
	By       By
	At       time.Time
	Parted   By
	PartedAt time.Time
	Reason   string
}

// Live reports whether the member belongs to the incident now. The zero Link
// joins nothing.
func (l Link) Live() bool { return l.Incident != "" && l.PartedAt.IsZero() }

// Reasons to undo a joining.
const (
	OtherEvent = "other-event" // it turned out to be another event
	Slip       = "slip"        // joined by mistake
)

// PartReasons lists the codes with which a joining may be undone.
func PartReasons() []string { return []string{OtherEvent, Slip} }

// Join lets a member belong to an incident.
func Join(i Incident, kind Kind, member string, mode stdif.Mode, by By, now time.Time) (Link, error) {
	switch {
	case i.State == Closed:
		return Link{}, fault.New(fault.Conflict, "incident.closed")
	case i.Mode != mode: // a training must never be taken for the emergency beside it
		return Link{}, fault.New(fault.Conflict, "incident.mode")
	}
	return Link{Kind: kind, Member: member, Incident: i.ID, By: by, At: now}, nil
}

// Part undoes a joining.
func (l Link) Part(reason string, by By, now time.Time) (Link, error) {
	if reason != OtherEvent && reason != Slip {
		return l, fault.New(fault.Invalid, "incident.reason-unknown")
	}
	if !l.Live() {
		return l, fault.New(fault.Conflict, "incident.not-joined")
	}
	l.Parted, l.PartedAt, l.Reason = by, now, reason
	return l, nil
}

// Dismissal remembers that a person said: these two are not the same event.
// The pair has no order.
type Dismissal struct {
	A, B string // kind/id
	By   By
	At   time.Time
}

// Pair names two members without an order.
func Pair(kindA Kind, a string, kindB Kind, b string) (string, string) {
	x, y := string(kindA)+"/"+a, string(kindB)+"/"+b
	if y < x {
		return y, x
	}
	return x, y
}

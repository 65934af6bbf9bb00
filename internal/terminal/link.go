package terminal

import (
	"slices"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// LinkState is how far the link to a terminal is up (standard-interface §5.6).
type LinkState string

// The states. Everything but ready and degraded means that reports of this
// terminal may be standing at the terminal unseen.
const (
	Unknown  LinkState = "unknown" // the server has just started
	Dialing  LinkState = "dialing"
	TLSOK    LinkState = "tls-ok" // mutual TLS stands, hello not yet answered
	Syncing  LinkState = "syncing"
	Ready    LinkState = "ready"
	Degraded LinkState = "degraded" // data flows, another plane (screen) is down
	Down     LinkState = "down"
)

// Up reports whether reports flow: late ones are complete and live ones arrive.
func (s LinkState) Up() bool { return s == Ready || s == Degraded }

// Link is the state of one terminal's link. The zero value with a terminal's id
// is a link of which nothing is known.
//
// The states follow the data plane. Other planes fail on their own: a dead
// screen makes a ready link degraded and never stops data, and a lost data
// plane does not forget that the screen is down.
//
// The table that Step follows; every pair that is not listed changes nothing,
// because an event of a connection that is already gone may come late:
//
//	event          from                             to
//	dial           unknown, down                    dialing
//	tls-ok         dialing                          tls-ok
//	hello          tls-ok                           tls-ok (sent; not a state of its own)
//	snapshot-begin tls-ok, syncing, ready, degraded syncing; missing = what was announced
//	snapshot-end   syncing                          ready, or degraded while a plane is down; tries = 0
//	plane-down     ready, degraded                  degraded (in other states it is remembered)
//	plane-up       degraded                         ready when no plane is down any more
//	lost           every state but unknown, down    down; tries + 1; problem = the reason
//	restart        every state                      unknown (the server started again); tries = 0
//
// The gateway owns the Link in memory and steps it; only what a console would
// see differently becomes an act with its row, so that a terminal that is
// switched off for a month does not fill the evidence log with tries.
type Link struct {
	TerminalID string
	State      LinkState // "" reads as unknown
	Since      time.Time // when Shown became what it is
	Tries      int       // failed tries since the link was last ready; decides the wait
	Missing    int64     // late frames announced by the last snapshot-begin
	PlanesDown []string  // planes other than data that are down, sorted
	Problem    stdif.Code
}

// EventKind is what happened to a link.
type EventKind string

// The events.
const (
	EventDial          EventKind = "dial"
	EventTLSOK         EventKind = "tls-ok"
	EventHello         EventKind = "hello"
	EventSnapshotBegin EventKind = "snapshot-begin"
	EventSnapshotEnd   EventKind = "snapshot-end"
	EventPlaneDown     EventKind = "plane-down"
	EventPlaneUp       EventKind = "plane-up"
	EventLost          EventKind = "lost"
	EventRestart       EventKind = "restart"
)

// Event is one thing that happened to a link.
type Event struct {
	Kind    EventKind
	Plane   string     // plane-down, plane-up: for example "screen"
	Missing int64      // snapshot-begin
	Problem stdif.Code // lost: 101, 102, … ; 0 when the other side just went away
}

// PlaneData is the plane that the states follow; its loss is EventLost.
const PlaneData = "data"

// Shown is the state as consoles show it: a try after a failure is still down,
// because a banner that blinks every five seconds is soon not read any more.
func (l Link) Shown() LinkState {
	if l.Tries > 0 && (l.State == Dialing || l.State == TLSOK) {
		return Down
	}
	return l.normal().State
}

// Step is the transition function. told says whether anything that a console
// shows has changed and therefore must be saved and told.
func Step(l Link, e Event, now time.Time) (_ Link, told bool) {
	before := l.normal()
	after := before
	after.PlanesDown = slices.Clone(before.PlanesDown)
	switch e.Kind {
	case EventDial:
		after.move(Dialing, before.State == Unknown || before.State == Down)
	case EventTLSOK:
		after.move(TLSOK, before.State == Dialing)
	case EventSnapshotBegin:
		if after.move(Syncing, before.State == TLSOK || before.State == Syncing || before.State.Up()) {
			after.Missing = max(e.Missing, 0)
		}
	case EventSnapshotEnd:
		if after.move(after.flowing(), before.State == Syncing) {
			after.Tries, after.Missing, after.Problem = 0, 0, 0
		}
	case EventPlaneDown, EventPlaneUp:
		after.plane(e.Plane, e.Kind == EventPlaneDown)
		after.move(after.flowing(), before.State.Up())
	case EventLost:
		if after.move(Down, before.State != Unknown && before.State != Down) {
			after.Tries, after.Missing, after.Problem = before.Tries+1, 0, e.Problem
		}
	case EventRestart:
		after = Link{TerminalID: before.TerminalID, State: Unknown, Since: before.Since}
	}
	if after.Shown() != before.Shown() || after.Since.IsZero() {
		after.Since = now
	}
	return after, !looksSame(before, after)
}

func (l Link) normal() Link {
	if l.State == "" {
		l.State = Unknown
	}
	return l
}

// move enters a state if the table allows it.
func (l *Link) move(to LinkState, allowed bool) bool {
	if allowed {
		l.State = to
	}
	return allowed
}

// flowing is the state of a link whose data plane is complete.
func (l *Link) flowing() LinkState {
	if len(l.PlanesDown) > 0 {
		return Degraded
	}
	return Ready
}

// plane remembers a plane's state; the data plane is not kept here, because
// "degraded" must never stand for a link that carries no reports.
func (l *Link) plane(name string, down bool) {
	if name == "" || name == PlaneData {
		return
	}
	at, found := slices.BinarySearch(l.PlanesDown, name)
	switch {
	case down && !found:
		l.PlanesDown = slices.Insert(l.PlanesDown, at, name)
	case !down && found:
		l.PlanesDown = slices.Delete(l.PlanesDown, at, at+1)
	}
}

func looksSame(a, b Link) bool {
	return a.Shown() == b.Shown() && a.Missing == b.Missing &&
		a.Problem == b.Problem && slices.Equal(a.PlanesDown, b.PlanesDown)
}

// Wait is how long to wait before the next dial after tries failures: 1, 2, 5,
// 5 … seconds for ever, ±20 % by jitter in [0, 1) so that a server with many
// terminals does not dial them all at once (§5.6). It never gives up.
func Wait(tries int, jitter float64) time.Duration {
	steps := []time.Duration{0, time.Second, 2 * time.Second, 5 * time.Second}
	base := steps[min(max(tries, 0), len(steps)-1)]
	jitter = min(max(jitter, 0), 1)
	return time.Duration(float64(base) * (0.8 + 0.4*jitter))
}

// Beats of the data plane (§5.7): a link that was silent for three pings is
// lost, so that a console knows within DeadAfter.
const (
	PingEvery = 5 * time.Second
	DeadAfter = 3 * PingEvery
)

// JoinPlanes and SplitPlanes are the column form of PlanesDown.
func JoinPlanes(planes []string) string { return strings.Join(planes, " ") }

// SplitPlanes reads what JoinPlanes wrote.
func SplitPlanes(column string) []string { return strings.Fields(column) }

// Package screen holds the rules of who sees and who operates a dedicated
// terminal's screen (画面転送・操作受付): one console at a time, handed over,
// taken by the supervisor with a reason, copied inside the command system, and
// always less than the person who sits at the terminal itself (conditions 1-2-1,
// 1-2-2 and 1-1-2). Rules and values only: time is an argument.
//
// The gateway enforces a lease by its token. Each grant has a larger one; whoever
// comes with an older one holds nothing any more, whatever it believes.
package screen

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// Times of standard-interface §5.3 and of letting go.
const (
	LeaseLife = 30 * time.Second // without a sign of the console
	RenewEach = 10 * time.Second // what consoles do
	// BeatEach and LetGoAfter bound how long a key can stay down after its
	// operator is gone: pages beat while they hold anything.
	BeatEach   = 50 * time.Millisecond
	LetGoAfter = 200 * time.Millisecond
	// LocalRest is how long the console's input waits after the person at the
	// terminal has used it: local input always wins.
	LocalRest = 3 * time.Second

	MaxMirrors = 8
	MaxAsking  = 16
	MaxReason  = 400 // characters
)

// Purpose is what a lease is for.
type Purpose string

// The purposes. To operate is to view as well.
const (
	View    Purpose = "view"
	Operate Purpose = "operate"
)

// Input is a set of the kinds of input that a holder may send; each is a right of
// its own.
type Input int64

// The kinds of input.
const (
	Keyboard Input = 1 << iota
	Pointer
	Clipboard

	AllInput = Keyboard | Pointer | Clipboard
)

// By is a person at a console.
type By struct {
	Console string
	Person  string
}

// Offer is a lease that its holder offers to another console.
type Offer struct {
	To string // console
	At time.Time
}

// Asking is somebody who asked the holder for the lease.
type Asking struct {
	By
	At time.Time
}

// Lease is the state of one terminal's screen.
type Lease struct {
	Terminal string
	Token    int64 // of the present or last grant; never goes back
	Holder   By    // zero = free
	Purpose  Purpose
	Input    Input // while operating
	Since    time.Time
	Until    time.Time
	Offer    Offer
	Asking   []Asking
	Mirrors  []string  // consoles of the command system that see a copy, sorted
	LocalAt  time.Time // the person at the terminal used it
}

// Free reports whether nobody holds it at that time.
func (l Lease) Free(now time.Time) bool { return l.Holder.Console == "" || !now.Before(l.Until) }

// Sees reports whether a console may be shown the screen.
func (l Lease) Sees(console string, now time.Time) bool {
	return !l.Free(now) && (l.Holder.Console == console || slices.Contains(l.Mirrors, console))
}

// Allows reports whether input of a kind that comes with a token may reach the
// terminal: the gateway asks for every message.
func (l Lease) Allows(token int64, kind Input, now time.Time) bool {
	return !l.Free(now) && token == l.Token && l.Purpose == Operate && l.Input&kind == kind && kind != 0 &&
		(l.LocalAt.IsZero() || now.Sub(l.LocalAt) >= LocalRest)
}

// Held is the refusal that names the holder; the door fills in the names.
func (l Lease) Held() error {
	return fault.New(fault.Conflict, "lease.held", "consoleId", l.Holder.Console, "personId", l.Holder.Person)
}

// Lapse ends a lease whose time is over, and says whether it did.
func (l Lease) Lapse(now time.Time) (Lease, bool) {
	if l.Holder.Console == "" || now.Before(l.Until) {
		return l, false
	}
	return l.end(), true
}

// end frees the screen. The token stays, so that the next grant has a larger one.
func (l Lease) end() Lease {
	return Lease{Terminal: l.Terminal, Token: l.Token, LocalAt: l.LocalAt}
}

// grant gives the screen to somebody.
func (l Lease) grant(by By, purpose Purpose, input Input, now time.Time) Lease {
	l.Token++
	l.Holder, l.Purpose, l.Input, l.Since, l.Until = by, purpose, input, now, now.Add(LeaseLife)
	l.Offer = Offer{}
	l.Asking = without(l.Asking, by.Console)
	l.Mirrors = slices.DeleteFunc(slices.Clone(l.Mirrors), func(c string) bool { return c == by.Console })
	return l
}

func without(asking []Asking, console string) []Asking {
	return slices.DeleteFunc(slices.Clone(asking), func(a Asking) bool { return a.Console == console })
}

// Take gives a free screen to a console, or changes what its holder uses it for.
// One winner: everybody else is told who has it.
func (l Lease) Take(by By, purpose Purpose, input Input, now time.Time) (Lease, error) {
	if by.Console == "" || by.Person == "" || purpose != View && purpose != Operate || input&^AllInput != 0 {
		return l, fault.New(fault.Invalid, "lease.wish")
	}
	if purpose == View {
		input = 0
	}
	l, _ = l.Lapse(now)
	switch {
	case l.Holder.Console == "":
		return l.grant(by, purpose, input, now), nil
	case l.Holder.Console != by.Console:
		return l, l.Held()
	case l.Holder.Person != by.Person:
		// Another person at the same seat is another holder: what the first one
		// pressed must not go on under a new name.
		return l.grant(by, purpose, input, now), nil
	}
	l.Purpose, l.Input, l.Until = purpose, input, now.Add(LeaseLife)
	return l, nil
}

// Renew says that the holder's page lives. An old token renews nothing.
func (l Lease) Renew(token int64, now time.Time) (Lease, error) {
	if l.Free(now) || token != l.Token {
		return l, fault.New(fault.Conflict, "lease.over")
	}
	l.Until = now.Add(LeaseLife)
	return l, nil
}

// Release gives the screen back. Doing it twice is no mistake.
func (l Lease) Release(by By, now time.Time) (Lease, error) {
	l, _ = l.Lapse(now)
	switch l.Holder.Console {
	case "":
		return l, nil
	case by.Console:
		return l.end(), nil
	}
	return l, l.Held()
}

// Ask tells the holder that somebody would like the screen.
func (l Lease) Ask(by By, now time.Time) (Lease, error) {
	switch {
	case l.Free(now):
		return l, fault.New(fault.Conflict, "lease.free")
	case by.Console == l.Holder.Console:
		return l, fault.New(fault.Invalid, "lease.wish")
	case slices.ContainsFunc(l.Asking, func(a Asking) bool { return a.By == by }):
		return l, nil
	case len(l.Asking) >= MaxAsking:
		return l, fault.New(fault.TooMany, "lease.asked-by-many")
	}
	l.Asking = append(without(l.Asking, by.Console), Asking{by, now})
	return l, nil
}

// OfferTo offers the screen to another console; the holder keeps it until that
// one accepts. An empty console takes the offer back.
func (l Lease) OfferTo(by By, console string, now time.Time) (Lease, error) {
	switch {
	case l.Free(now):
		return l, fault.New(fault.Conflict, "lease.free")
	case by.Console != l.Holder.Console:
		return l, l.Held()
	case console == by.Console:
		return l, fault.New(fault.Invalid, "lease.wish")
	}
	l.Offer = Offer{}
	if console != "" {
		l.Offer = Offer{console, now}
	}
	return l, nil
}

// Accept hands the screen over to the console that it was offered to, in one
// step: the connection to the terminal stays, the token changes. What the holder
// used it for stays too.
func (l Lease) Accept(by By, now time.Time) (Lease, error) {
	switch {
	case l.Free(now):
		return l, fault.New(fault.Conflict, "lease.free")
	case by.Console == "" || by.Person == "" || l.Offer.To != by.Console:
		return l, l.Held()
	}
	return l.grant(by, l.Purpose, l.Input, now), nil
}

// Decline refuses an offer.
func (l Lease) Decline(by By) Lease {
	if l.Offer.To == by.Console {
		l.Offer = Offer{}
	}
	return l
}

// Preempt takes the screen from its holder for a supervisor, with a reason; who
// may is the policy's to say. Of a free screen it is a Take.
func (l Lease) Preempt(by By, purpose Purpose, input Input, reason string, now time.Time) (Lease, error) {
	if l.Free(now) || l.Holder.Console == by.Console {
		return l.Take(by, purpose, input, now)
	}
	if strings.TrimSpace(reason) == "" || len([]rune(reason)) > MaxReason {
		return l, fault.New(fault.Invalid, "lease.reason")
	}
	free := l.end()
	free.Mirrors, free.Asking = l.Mirrors, l.Asking
	return free.Take(by, purpose, input, now)
}

// Mirror shows a copy of the screen to another console of the command system,
// or ends it. The holder decides.
func (l Lease) Mirror(by By, console string, on bool, now time.Time) (Lease, error) {
	switch {
	case l.Free(now):
		return l, fault.New(fault.Conflict, "lease.free")
	case by.Console != l.Holder.Console && (on || by.Console != console):
		return l, l.Held() // a console may leave by itself
	case console == "" || console == l.Holder.Console:
		return l, fault.New(fault.Invalid, "lease.wish")
	}
	mirrors := slices.DeleteFunc(slices.Clone(l.Mirrors), func(c string) bool { return c == console })
	if on {
		if len(mirrors) >= MaxMirrors {
			return l, fault.New(fault.TooMany, "lease.mirrors", "max", strconv.Itoa(MaxMirrors))
		}
		mirrors = append(mirrors, console)
		slices.Sort(mirrors)
	}
	l.Mirrors = mirrors
	return l, nil
}

// Local says that the person at the terminal uses it.
func (l Lease) Local(now time.Time) Lease {
	l.LocalAt = now
	return l
}

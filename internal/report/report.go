// Package report holds the rules of an emergency report (通報) at headquarters:
// how revisions replace each other, who may claim it, how long it may ring,
// when it counts as silent, and what its caller may be told. Rules and values
// only: time is an argument, rows come through the ports, words of callers stay
// sealed outside of it.
//
// A service numbers its reports; headquarters gives each an id (UUIDv7) and a
// number that people say aloud. The system never closes a report: only a person
// does (standard-interface §5.5).
package report

import (
	"slices"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
)

// State is how far headquarters is with a report.
type State string

// The states. A report that was closed and revised within Reopens is presented
// again, with Reopened set.
const (
	Presented State = "presented" // rings
	Escalated State = "escalated" // rang 15 s or longer without a claim
	Accepted  State = "accepted"  // a dispatcher claimed it
	InDialog  State = "in_dialog" // words were exchanged since
	Closed    State = "closed"    // a person closed it
)

// Times of §5.5 and §5.7.
const (
	EscalateAfter = 15 * time.Second // unclaimed: the first step of escalation
	EscalateAgain = 30 * time.Second // the second, counted from the arrival
	UnheardAfter  = 5 * time.Second  // no page confirmed the ring: the terminals ring
	StaleAfter    = stdif.StaleAfter // no sign of the caller's session
	SilentAfter   = 5 * time.Minute  // stale for so long: marked silent
	Reopens       = 10 * time.Minute // a revision after closing rings again
	MaxEscalation = 2
	MaxCloseNote  = 1000 // characters
)

// Close reasons: what a person states when closing.
const (
	Handled      = "handled"
	Duplicate    = "duplicate"
	Mistaken     = "mistaken"
	ExerciseOver = "exercise-over"
	NoAnswer     = "no-answer"
	Transferred  = "transferred"
	HandledAlone = "handled-alone" // completed at the terminal (condition 1-1-2), confirmed here
	Safety       = "safety"        // the caller must go where it is safe: pictures stop (standard-interface §2.3)
)

var reasons = [...]string{Handled, Duplicate, Mistaken, ExerciseOver, NoAnswer, Transferred, HandledAlone, Safety}

// Reasons lists the codes with which a report may be closed.
func Reasons() []string { return reasons[:] }

// By is a person at a console: who acts on a report.
type By struct {
	Console string
	Person  string
}

// Closing says who ended the work on a report, and why.
type Closing struct {
	By
	Reason string
	At     time.Time
}

// Report is what headquarters knows about one report without its words. The
// content lies sealed in the frame that Frame names.
type Report struct {
	ID            string // UUIDv7
	Number        string // said aloud: business day and count
	Terminal      string
	Service       string
	ServiceReport string // the service's own number
	Mode          stdif.Mode
	Revision      int64
	Frame         string // the stored frame of the current revision
	State         State
	Escalation    int64
	Undecodable   bool
	Kind          string // common code of the incident type
	PhoneIndex    string // blind index of the caller's number, hex

	EventAt    time.Time
	SentAt     time.Time
	ReceivedAt time.Time // first revision
	UpdatedAt  time.Time
	Skew       time.Duration
	Late       bool // waited in the spool while the link was down

	Step         stdif.AckStep // of the present revision
	IntegratedAt time.Time     // a page painted it: the latest such step, zero = no page ever did
	SeenAt       time.Time
	HeardAt      time.Time // a page confirmed the present ring, zero = none yet

	AliveAt   time.Time // last sign of the caller's session
	StaleAt   time.Time // zero while there are signs
	SilentAt  time.Time
	EndedAt   time.Time // the service said that the session is over
	Ended     stdif.ServiceState
	Cancelled bool
	Reopened  bool
	UnheardAt time.Time // no console confirmed the ring in time
	RingsAt   time.Time // when the present ring began: the arrival, a release, a reopening

	Claim   Claim
	Before  Before // from whom the present claim was taken over
	Offer   Offer
	Raised  Raised  // zero = the mode is the one that was sent
	Entered Entered // zero = it came over the standard interface
	Closing Closing
	Due     time.Time // next time a rule has something to look at; zero = none

	ChatCount    int64
	LastChatAt   time.Time
	LastChatFrom stdif.ChatFrom
	MediaCount   int64
}

// Open reports whether the report is still on the board.
func (r Report) Open() bool { return r.State != Closed }

// Unclaimed reports whether it rings.
func (r Report) Unclaimed() bool { return r.State == Presented || r.State == Escalated }

// unaddressed begins the service's number of a report that the service cannot
// be told about: nothing in its message said what it is called. It begins with
// a space because no id of a service may (stdif), so that none can take its place.
const unaddressed = " frame/"

// Unaddressed is the service's number of a report that cannot be named.
func Unaddressed(frame string) string { return unaddressed + frame }

// Addressable reports whether the terminal knows this report by a name, so that
// it can be told what becomes of it.
func (r Report) Addressable() bool { return !strings.HasPrefix(r.ServiceReport, unaddressed) }

// Arrival is what a decoded frame says about a report.
type Arrival struct {
	Terminal, Service, ServiceReport string
	Mode                             stdif.Mode
	Revision                         int64
	Frame                            string
	Kind                             string
	PhoneIndex                       string
	EventAt, SentAt                  time.Time
	Late                             bool
	Undecodable                      bool
	Cancelled                        bool
	Media                            int64
}

// Verdict of a revision against what is stored.
type Verdict int

// The verdicts.
const (
	Fresh    Verdict = iota // first revision of a report
	Replaced                // a newer revision replaced the stored one
	Older                   // kept as a frame, changes nothing (reordering is harmless)
	Repeated                // the revision that is stored already
)

// Arrive makes a report of a first frame. id and number are given by the act.
func Arrive(a Arrival, id, number string, now time.Time) Report {
	r := Report{
		ID: id, Number: number, Terminal: a.Terminal, Service: a.Service, ServiceReport: a.ServiceReport,
		Mode: a.Mode, State: Presented, Step: stdif.Received, ReceivedAt: now, RingsAt: now, AliveAt: now,
	}
	return r.take(a, now)
}

// Revise lets a further frame of the same report act on it. Revisions replace,
// never merge. A mode never changes within a report: a training that claims to
// be actual, or the reverse, is refused and stays visible as its own frame.
func (r Report) Revise(a Arrival, now time.Time) (Report, Verdict, error) {
	if a.Mode != r.Mode {
		return r, Older, stdif.Problemf(stdif.CodeMode, "/mode", "the report is %s, the revision is %s", r.Mode, a.Mode)
	}
	switch {
	case a.Revision == r.Revision:
		return r, Repeated, nil
	case a.Revision < r.Revision:
		return r, Older, nil
	}
	n := r.take(a, now)
	n.AliveAt, n.StaleAt, n.SilentAt = now, time.Time{}, time.Time{}
	// Steps speak of one revision: what nobody has looked at yet must not be told
	// to its caller as noticed.
	n.Step = stdif.Received
	if r.reopens(now) {
		n = n.reopen(now)
		n.IntegratedAt, n.SeenAt = time.Time{}, time.Time{}
	}
	return n.schedule(), Replaced, nil
}

// reopen brings a closed report back to the board: it rings anew. The steps that
// the caller was told of stay.
func (r Report) reopen(now time.Time) Report {
	r.Reopened, r.Closing = true, Closing{}
	return r.ring(now)
}

// ring begins a new ring: nobody holds the report, and no page has confirmed
// this ring yet, whatever it confirmed of an earlier one.
func (r Report) ring(now time.Time) Report {
	r.State, r.Escalation, r.RingsAt = Presented, 0, now
	r.Claim, r.Before, r.Offer = Claim{}, Before{}, Offer{}
	r.HeardAt, r.UnheardAt = time.Time{}, time.Time{}
	return r
}

// reopens reports whether a new revision brings a closed report back. Where the
// closed one was only words about a report (revision 0), the report itself has
// not been seen by anybody and rings however late it comes.
func (r Report) reopens(now time.Time) bool {
	return r.State == Closed && (r.Revision == 0 || now.Sub(r.Closing.At) <= Reopens)
}

// take puts what the frame says in place.
func (r Report) take(a Arrival, now time.Time) Report {
	r.Revision, r.Frame, r.Kind, r.PhoneIndex = a.Revision, a.Frame, a.Kind, a.PhoneIndex
	r.EventAt, r.SentAt, r.UpdatedAt = a.EventAt, a.SentAt, now
	r.Late, r.Undecodable, r.Cancelled = a.Late, a.Undecodable, a.Cancelled
	r.MediaCount = max(r.MediaCount, a.Media)
	r.Skew = 0
	if !a.Late && !a.SentAt.IsZero() { // a late frame was sent long after it was written
		if d := now.Sub(a.SentAt); d > stdif.MaxSkew || d < -stdif.MaxSkew {
			r.Skew = d
		}
	}
	return r.schedule()
}

// Close ends the work on a report. Whoever holds the claim closes; an unclaimed
// report may be closed by anybody at a console, by name and with a reason.
func (r Report) Close(s By, reason string, now time.Time) (Report, error) {
	if !known(reason) {
		return r, fault.New(fault.Invalid, "close.reason-unknown")
	}
	switch {
	case r.State == Closed:
		return r, fault.New(fault.Conflict, "report.closed")
	case r.Claim.Console != "" && r.Claim.Console != s.Console:
		return r, Held(r.Claim)
	case reason == ExerciseOver && r.Effective() == stdif.Actual:
		return r, fault.New(fault.Invalid, "close.not-an-exercise")
	}
	r.Closing = Closing{By: s, Reason: reason, At: now}
	r.Offer, r.Claim.StaleAt = Offer{}, time.Time{}
	r.State, r.UpdatedAt, r.Due = Closed, now, time.Time{}
	return r.See(now), nil
}

func known(reason string) bool { return slices.Contains(reasons[:], reason) }

// See records that a named person opened or claimed the report: the only step
// that may tell a caller that the fire service has noticed.
func (r Report) See(now time.Time) Report {
	r = r.hear(now)
	if !r.Step.Before(stdif.Seen) {
		return r
	}
	if r.Step.Before(stdif.Integrated) {
		r.IntegratedAt = now // a person read it, so a page had painted it
	}
	r.Step, r.SeenAt = stdif.Seen, now
	return r.schedule()
}

// hear notes that a page confirmed the present ring.
func (r Report) hear(now time.Time) Report {
	if r.HeardAt.IsZero() && r.State != Closed {
		r.HeardAt = now
		return r.schedule()
	}
	return r
}

// Integrate records that a console's page painted the present revision, or
// shows a ring that began after that.
func (r Report) Integrate(now time.Time) (Report, bool) {
	n := r.hear(now)
	if !n.Step.Before(stdif.Integrated) {
		return n, n != r
	}
	r = n
	r.Step, r.IntegratedAt = stdif.Integrated, now
	return r.schedule(), true
}

// Reached reports whether the report has come to a step that it had not come to
// before, with its present revision.
func (r Report) Reached(step stdif.AckStep, before Report) bool {
	return before.Step.Before(step) && !r.Step.Before(step)
}

// Hear takes a statement of the service about its own end.
func (r Report) Hear(s stdif.ServiceState, now time.Time) Report {
	r.UpdatedAt = now
	switch s {
	case stdif.ServiceActive, stdif.ServiceLinkOpened, stdif.ServiceConsented, stdif.ServiceLive:
		r.AliveAt, r.StaleAt, r.SilentAt = now, time.Time{}, time.Time{}
	case stdif.ServiceCallerGone:
		if r.StaleAt.IsZero() {
			r.StaleAt = now
		}
	case stdif.ServiceEnded, stdif.ServiceHandledHere, stdif.ServiceDeclined, stdif.ServiceFailed:
		if r.EndedAt.IsZero() {
			r.EndedAt = now
		}
		if r.Ended != stdif.ServiceHandledHere { // what a person said counts for more than a session that ran out
			r.Ended = s
		}
	}
	return r.schedule()
}

// Chat counts a line and takes it as a sign of life when the caller wrote it.
func (r Report) Chat(from stdif.ChatFrom, at, now time.Time) Report {
	r.ChatCount++
	r.LastChatAt, r.LastChatFrom, r.UpdatedAt = at, from, now
	if from != stdif.FromHeadquarters && from != stdif.FromTerminal {
		r.AliveAt, r.StaleAt, r.SilentAt = now, time.Time{}, time.Time{}
	}
	switch {
	case r.State == Accepted:
		r.State = InDialog
	case r.State == Closed && (from == stdif.FromCaller || from == stdif.FromOperator):
		r = r.reopen(now) // words that nobody would see otherwise, however late
	}
	return r.schedule()
}

package report

import (
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
)

// HandEntered names, in the place of a service, what a person typed in.
const HandEntered = "hand-entered"

// Entered says who typed a report in after the event, and when (AC-27).
type Entered struct {
	By
	At time.Time
}

// Enter makes a report of what was taken down on paper while the system was
// away. It keeps the times of the paper and never rings: it is the enterer's
// claim, or closed with the outcome that the paper says. a.EventAt is when it
// happened and received when somebody wrote it down.
func Enter(a Arrival, id, number string, s By, received time.Time, outcome string, now time.Time) (Report, error) {
	switch {
	case a.EventAt.IsZero() || received.IsZero() || a.EventAt.After(received.Add(stdif.MaxSkew)) || received.After(now.Add(stdif.MaxSkew)):
		return Report{}, fault.New(fault.Invalid, "entry.times")
	case outcome != "" && !known(outcome):
		return Report{}, fault.New(fault.Invalid, "close.reason-unknown")
	}
	a.Mode, a.Service, a.Terminal, a.Revision, a.Late = stdif.Actual, HandEntered, "", 1, true
	a.ServiceReport, a.SentAt = Unaddressed(a.Frame), received
	r := Arrive(a, id, number, now)
	r.ReceivedAt, r.Entered = received, Entered{By: s, At: now}
	r.EndedAt, r.Ended = now, stdif.ServiceEnded // nobody waits at the other end of a paper
	r = r.hold(s, Before{}, now)
	if outcome == "" {
		return r, nil
	}
	return r.Close(s, outcome, now)
}

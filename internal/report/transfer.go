package report

import (
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// Returned is the reason with which a report of another headquarters is closed
// here: it was given back (transfer). No page offers it for any other report.
const Returned = "returned"

// Recall brings a report back to everybody's board: the headquarters that it was
// handed to does not take it, or cannot be reached. It rings, whoever had it in
// charge, because that person counts on the other side.
func (r Report) Recall(now time.Time) Report {
	if r.State == Closed {
		r.Reopened = true
	}
	r.Claim, r.Closing, r.UnheardAt = Claim{}, Closing{}, time.Time{}
	r.State, r.Escalation, r.RingsAt, r.UpdatedAt = Presented, 0, now, now
	return r.schedule()
}

// Stays keeps a report closed that another headquarters answers for: what its
// caller says goes there and would ring here for nobody.
func (r Report) Stays(before Report) Report {
	r.State, r.Reopened, r.Escalation = before.State, before.Reopened, before.Escalation
	r.Claim, r.Closing, r.UnheardAt, r.RingsAt, r.Due = before.Claim, before.Closing, before.UnheardAt, before.RingsAt, before.Due
	return r
}

// Return gives a report back to the headquarters that handed it over. Whoever
// has it in charge does; an unclaimed one anybody at a console.
func (r Report) Return(s By, now time.Time) (Report, error) {
	switch {
	case r.State == Closed:
		return r, fault.New(fault.Conflict, "report.closed")
	case r.Claim.Console != "" && r.Claim.Console != s.Console:
		return r, Held(r.Claim)
	}
	r.Closing = Closing{By: s, Reason: Returned, At: now}
	r.State, r.UpdatedAt, r.Due = Closed, now, time.Time{}
	return r.See(now), nil
}

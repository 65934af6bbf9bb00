package report

import (
	"slices"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
)

// Cause is why a report stands in the missed panel.
type Cause string

// The causes (AC-06).
const (
	MissedUnheard   Cause = "unheard"   // no console confirmed the ring in time
	MissedEscalated Cause = "escalated" // nobody claimed it until the last step
	MissedEnded     Cause = "ended"     // the caller's session ended before anybody claimed it
	MissedCancelled Cause = "cancelled" // withdrawn before anybody claimed it
	MissedSilent    Cause = "silent"    // no sign of the caller before anybody claimed it
	MissedNoAnswer  Cause = "no-answer" // closed because nobody answered
)

// Causes says what became missed when before turned into after. One place
// judges for every act, so that no way of changing a report passes by the panel.
func Causes(before, after Report) []Cause {
	var out []Cause
	if after.Ended == stdif.ServiceHandledHere { // a person completed it at the terminal: it waits to be confirmed
		before.UnheardAt, before.Escalation, before.EndedAt = after.UnheardAt, after.Escalation, after.EndedAt
	}
	waits := after.Unclaimed()
	for _, c := range []struct {
		missed bool
		cause  Cause
	}{
		{before.UnheardAt.IsZero() && !after.UnheardAt.IsZero(), MissedUnheard},
		{waits && after.Escalation == MaxEscalation && before.Escalation < MaxEscalation, MissedEscalated},
		{waits && before.EndedAt.IsZero() && !after.EndedAt.IsZero(), MissedEnded},
		{waits && !before.Cancelled && after.Cancelled, MissedCancelled},
		{waits && after.EndedAt.IsZero() && before.StaleAt.IsZero() && !after.StaleAt.IsZero(), MissedSilent},
		{before.State != Closed && after.State == Closed && after.Closing.Reason == NoAnswer, MissedNoAnswer},
	} {
		if c.missed {
			out = append(out, c.cause)
		}
	}
	return out
}

// Missed is one entry of the panel. It stays until a person says by name what
// became of it; a cause that comes later makes a new one.
type Missed struct {
	ID        string // UUIDv7
	Report    string
	Causes    []Cause
	At        time.Time // the first cause
	UpdatedAt time.Time
	Done      Done
	Note      string // sealed by the store
}

// Done says who took an entry off the panel, and what became of it.
type Done struct {
	By
	At      time.Time
	Outcome string
}

// Outcomes of a missed report.
const (
	Answered         = "answered" // claimed after all
	CalledBack       = "called-back"
	ReachedOtherwise = "reached-otherwise"
	KnownDuplicate   = "known-duplicate"
	NotReached       = "not-reached" // tried, in vain
	NotNeeded        = "not-needed"
)

var outcomes = [...]string{Answered, CalledBack, ReachedOtherwise, KnownDuplicate, NotReached, NotNeeded}

// Outcomes lists the codes with which an entry may be taken off the panel.
func Outcomes() []string { return outcomes[:] }

// Open reports whether the entry is still on the panel.
func (m Missed) Open() bool { return m.Done.At.IsZero() }

// Add puts further causes to an open entry.
func (m Missed) Add(causes []Cause, now time.Time) Missed {
	m.Causes = slices.Clone(m.Causes)
	for _, c := range causes {
		if !slices.Contains(m.Causes, c) {
			m.Causes = append(m.Causes, c)
		}
	}
	m.UpdatedAt = now
	return m
}

// Acknowledge takes the entry off the panel: the first counts.
func (m Missed) Acknowledge(s By, outcome, note string, now time.Time) (Missed, error) {
	switch {
	case !m.Open():
		return m, held("missed.done", Claim{By: m.Done.By})
	case !slices.Contains(outcomes[:], outcome):
		return m, fault.New(fault.Invalid, "missed.outcome-missing")
	}
	m.Done, m.Note, m.UpdatedAt = Done{By: s, At: now, Outcome: outcome}, note, now
	return m, nil
}

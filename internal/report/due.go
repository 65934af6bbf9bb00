package report

import (
	"time"
)

// Event is something that time alone brings about.
type Event string

// The events of time.
const (
	EventUnheard  Event = "report.unheard"  // 5 s and no console confirmed the ring
	EventEscalate Event = "report.escalate" // 15 s, again at 30 s without a claim
	EventStale    Event = "report.stale"    // 30 s without a sign of the caller
	EventSilent   Event = "report.silent"   // stale for 5 minutes
)

// moment is when an event becomes due and what it does.
type moment struct {
	event Event
	at    time.Time
	apply func(Report, time.Time) Report
}

// moments lists what may still happen to a report by itself.
func (r Report) moments() []moment {
	if r.State == Closed {
		return nil
	}
	var m []moment
	if r.Unclaimed() && r.HeardAt.IsZero() && r.UnheardAt.IsZero() {
		m = append(m, moment{EventUnheard, r.RingsAt.Add(UnheardAfter), func(r Report, now time.Time) Report {
			r.UnheardAt = now
			return r
		}})
	}
	if r.Unclaimed() && r.Escalation < MaxEscalation {
		m = append(m, moment{EventEscalate, r.RingsAt.Add(escalation(r.Escalation)), func(r Report, now time.Time) Report {
			r.State, r.Escalation, r.UpdatedAt = Escalated, r.Escalation+1, now
			return r
		}})
	}
	switch {
	case !r.EndedAt.IsZero() || !r.SilentAt.IsZero() || r.Undecodable:
		// The session is over, or nothing more can be said, or there never was one.
	case r.StaleAt.IsZero():
		m = append(m, moment{EventStale, r.AliveAt.Add(StaleAfter), func(r Report, now time.Time) Report {
			r.StaleAt, r.UpdatedAt = now, now
			return r
		}})
	default:
		m = append(m, moment{EventSilent, r.StaleAt.Add(SilentAfter), func(r Report, now time.Time) Report {
			r.SilentAt, r.UpdatedAt = now, now
			return r
		}})
	}
	return m
}

func escalation(level int64) time.Duration {
	if level == 0 {
		return EscalateAfter
	}
	return EscalateAgain
}

// schedule sets Due to the earliest moment.
func (r Report) schedule() Report {
	r.Due = time.Time{}
	for _, m := range r.moments() {
		if r.Due.IsZero() || m.at.Before(r.Due) {
			r.Due = m.at
		}
	}
	return r
}

// WakeOnce brings about the earliest event that is due by now, "" when none is;
// again reports whether another is due already. Due is moved on.
func (r Report) WakeOnce(now time.Time) (_ Report, happened Event, again bool) {
	var next *moment
	for _, m := range r.moments() {
		if !m.at.After(now) && (next == nil || m.at.Before(next.at)) {
			next = &m
		}
	}
	if next == nil {
		return r.schedule(), "", false
	}
	r = next.apply(r, now).schedule()
	return r, next.event, !r.Due.IsZero() && !r.Due.After(now)
}

// Reanchor mends a report whose times lie in the future: the machine's clock
// was set back since. Without it a ring would wait for the old time to come
// again. What was recorded stays; only the anchors of rules move.
func (r Report) Reanchor(now time.Time) (Report, bool) {
	n := r
	for _, anchor := range []*time.Time{&n.RingsAt, &n.AliveAt, &n.StaleAt} {
		if anchor.After(now) {
			*anchor = now
		}
	}
	n = n.schedule()
	return n, n != r
}

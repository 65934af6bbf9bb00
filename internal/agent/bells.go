package agent

import (
	"sync"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// bells are rings for reports that another terminal holds: this page knows
// their number and kind and nothing else. They are memory only, because a ring
// that outlives its ten minutes or a restart would call people to what is over.
type bells struct {
	mu   sync.Mutex
	list []bell
}

type bell struct {
	number string
	kind   string
	mode   stdif.Mode
	at     time.Time
}

const (
	bellLife = 10 * time.Minute
	maxBells = 256
)

// take follows what the headquarters says; it returns whether the page looks
// different now.
func (b *bells) take(in stdif.Input, now time.Time) bool {
	if in.Verb != stdif.VerbRing || in.ServiceID != stdif.Elsewhere {
		return false
	}
	if in.Reason == stdif.RingHeard {
		return b.silence(in.ReportID)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.list {
		if l.number == in.ReportID {
			return false // delivered again
		}
	}
	if len(b.list) == maxBells {
		b.list = b.list[1:]
	}
	b.list = append(b.list, bell{in.ReportID, in.Kind, in.Mode, now})
	return true
}

// silence ends the ring of one number.
func (b *bells) silence(number string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, l := range b.list {
		if l.number == number {
			b.list = append(b.list[:i:i], b.list[i+1:]...)
			return true
		}
	}
	return false
}

// all are the bells that still ring.
func (b *bells) all(now time.Time) []bell {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.list) > 0 && now.Sub(b.list[0].at) > bellLife {
		b.list = b.list[1:]
	}
	return append([]bell(nil), b.list...)
}

// bellReport shows a ring for a report that is not here.
func bellReport(b bell) pageReport {
	return pageReport{
		ServiceID: stdif.Elsewhere, ReportID: b.number, Mode: b.mode, Step: stdif.Received, At: b.at.UTC(),
		Kind: stdif.IncidentType{Code: b.kind}, OutputOnly: true, Ringing: true, Elsewhere: true, Chat: []stdif.ChatMessage{},
	}
}

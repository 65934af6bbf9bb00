// Package wake fires what falls due by itself: a report that nobody claims, a
// ring that no console confirmed, a caller who fell silent. It holds nothing: a
// due time is a column, so a restart forgets no timer, and what fell due
// meanwhile happens at once.
package wake

import (
	"context"
	"log/slog"
	"time"

	"github.com/matoi119/matoi/internal/act"
)

// Stories are the acts that time brings about.
type Stories interface {
	Wake(ctx context.Context, who act.Who, report string) error
	SetBack(ctx context.Context, who act.Who, report string) error
}

// Reads finds what is due.
type Reads interface {
	Due(ctx context.Context, by time.Time, limit int) (ids []string, next time.Time, err error)
	FromFuture(ctx context.Context, now time.Time) ([]string, error)
}

const (
	look  = 200 * time.Millisecond // how late an escalation may be
	batch = 256
	// slack is how far ahead an anchor may lie before it counts as one from
	// before the clock was set back: acts of another node may be ahead by as much.
	slack = 2 * time.Second
)

// Run fires until ctx ends.
func Run(ctx context.Context, acts Stories, reads Reads, now func() time.Time, log *slog.Logger) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for n := 0; ; n++ {
		if n%5 == 0 {
			mend(ctx, acts, reads, now, log)
		}
		if fire(ctx, acts, reads, now, log) == batch {
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// fire wakes what is due and returns how many it found.
func fire(ctx context.Context, acts Stories, reads Reads, now func() time.Time, log *slog.Logger) int {
	ids, _, err := reads.Due(ctx, now(), batch)
	if err != nil {
		if ctx.Err() == nil {
			log.Error("read what is due", "err", err)
		}
		return 0
	}
	done := make(chan error, len(ids))
	for _, id := range ids { // together, so that one commit takes them all
		go func() { done <- acts.Wake(ctx, act.Timer(), id) }()
	}
	failed := false
	for range ids {
		if err := <-done; err != nil && ctx.Err() == nil {
			log.Error("wake a report", "err", err)
			failed = true
		}
	}
	if failed {
		return 0 // not at once again
	}
	return len(ids)
}

func mend(ctx context.Context, acts Stories, reads Reads, now func() time.Time, log *slog.Logger) {
	ids, err := reads.FromFuture(ctx, now().Add(slack))
	if err != nil {
		if ctx.Err() == nil {
			log.Error("read reports from the future", "err", err)
		}
		return
	}
	for _, id := range ids {
		if err := acts.SetBack(ctx, act.Timer(), id); err != nil && ctx.Err() == nil {
			log.Error("mend a report after the clock was set back", "err", err)
		}
	}
}

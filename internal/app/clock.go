package app

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// clock watches whether the machine's clock is set while the program runs: the
// wall clock is compared with the monotonic one. A jump is said, not hidden;
// timers are mended by the wake part.
type clock struct {
	log *slog.Logger

	mu   sync.Mutex
	last string
}

const jump = 2 * time.Second

func newClock(log *slog.Logger) *clock { return &clock{log: log, last: "ok"} }

func (c *clock) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	before := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := time.Now()
		// Sub on times with monotonic readings ignores the wall; Round(0) strips them.
		moved := now.Round(0).Sub(before.Round(0)) - now.Sub(before)
		if moved > jump || moved < -jump {
			c.log.Warn("the machine's clock was set", "by", moved)
			c.mu.Lock()
			c.last = "set by " + moved.Round(time.Second).String() + " at " + now.UTC().Format(time.RFC3339)
			c.mu.Unlock()
		}
		before = now
	}
}

func (c *clock) say() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

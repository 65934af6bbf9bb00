package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
)

// retrier holds what could not be stored: it rings from memory and is tried
// again until it is durable. It lives as long as the link, across connections.
type retrier struct {
	l     *link
	done  chan act.Incoming // became durable after all
	ended chan struct{}

	mu      sync.Mutex
	waiting []act.Incoming
	more    chan struct{}
}

const (
	maxUnsaved = 4096 // beyond, the frame stays at the terminal only
	retryEvery = 500 * time.Millisecond
)

func newRetrier(l *link) *retrier {
	return &retrier{l: l, done: make(chan act.Incoming, maxUnsaved), ended: make(chan struct{}), more: make(chan struct{}, 1)}
}

// add rings a frame and keeps it for another try.
func (r *retrier) add(in act.Incoming) {
	r.mu.Lock()
	for _, w := range r.waiting {
		if w.Frame == in.Frame {
			r.mu.Unlock()
			return
		}
	}
	if len(r.waiting) < maxUnsaved {
		r.waiting = append(r.waiting, in)
	}
	r.mu.Unlock()
	r.l.g.c.Bell.Unsaved(in)
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *retrier) first() (act.Incoming, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return act.Incoming{}, false
	}
	return r.waiting[0], true
}

func (r *retrier) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = r.waiting[1:]
}

// run tries the oldest first, so that the order of a report's frames holds.
func (r *retrier) run(ctx context.Context) {
	defer close(r.ended)
	for {
		in, ok := r.first()
		if !ok {
			select {
			case <-r.more:
				continue
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-time.After(retryEvery):
		case <-ctx.Done():
			return
		}
		if !r.try(ctx, in) {
			continue
		}
		r.drop()
		r.l.g.c.Bell.Saved(in.Frame)
		select {
		case r.done <- in:
		default: // nobody reads while the link is down; the hello of the next link says it
		}
	}
}

func (r *retrier) try(ctx context.Context, in act.Incoming) bool {
	p, err := r.l.g.c.Acts.Arrive(ctx, r.l.from(in), in)
	if err != nil {
		return false
	}
	return p.Wait(ctx) == nil
}

func (r *retrier) wait() { <-r.ended }

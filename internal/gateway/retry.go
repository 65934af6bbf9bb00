package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
)

// retrier holds what could not be stored: it rings from memory and is tried
// again until it is durable. It lives as long as the link, across connections.
type retrier struct {
	l     *link
	done  chan act.Incoming // became durable after all
	left  chan struct{}     // frames that found no place may be asked for again
	ended chan struct{}

	mu      sync.Mutex
	waiting []act.Incoming
	over    map[string]bool // frames that ring but found no place
	ask     bool            // some of them did since the terminal was asked
	more    chan struct{}
}

const (
	maxUnsaved = 4096 // beyond, the frame stays at the terminal and is asked for later
	retryEvery = 500 * time.Millisecond
)

func newRetrier(l *link) *retrier {
	return &retrier{
		l: l, done: make(chan act.Incoming, maxUnsaved), left: make(chan struct{}, 1), ended: make(chan struct{}), more: make(chan struct{}, 1),
		over: map[string]bool{},
	}
}

// stored takes the ring of a frame off that found no place and came again.
func (r *retrier) stored(frame string) {
	r.mu.Lock()
	rang := r.over[frame]
	delete(r.over, frame)
	r.mu.Unlock()
	if rang {
		r.l.g.c.Bell.Saved(frame)
	}
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
		delete(r.over, in.Frame)
	} else {
		r.over[in.Frame], r.ask = true, true
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

// drop takes the oldest off. When it was the last and others found no place, the
// terminal is asked for everything that is not acknowledged.
func (r *retrier) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = r.waiting[1:]
	if len(r.waiting) > 0 || !r.ask {
		return
	}
	r.ask = false
	select {
	case r.left <- struct{}{}:
	default:
	}
}

// run tries the oldest first, so that the order of a report's frames holds.
// While the store cannot write it waits between two tries; once one went
// through, the others follow at once. A frame that the store refuses for another
// reason goes to the end: it must not keep the others from being stored.
func (r *retrier) run(ctx context.Context) {
	defer close(r.ended)
	pause := true
	for {
		in, ok := r.first()
		if !ok {
			pause = true
			select {
			case <-r.more:
				continue
			case <-ctx.Done():
				return
			}
		}
		if pause {
			select {
			case <-time.After(retryEvery):
			case <-ctx.Done():
				return
			}
		}
		err := r.try(ctx, in)
		if pause = err != nil; pause {
			if fault.Of(err) != fault.Unavailable {
				r.postpone()
			}
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

// postpone puts the oldest at the end.
func (r *retrier) postpone() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append(r.waiting[1:], r.waiting[0])
}

func (r *retrier) try(ctx context.Context, in act.Incoming) error {
	p, err := r.l.g.c.Acts.Arrive(ctx, r.l.from(in), in)
	if err != nil {
		return err
	}
	return p.Wait(ctx)
}

func (r *retrier) wait() { <-r.ended }

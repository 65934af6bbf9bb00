package wake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf holds reports with their due times; waking one takes it off.
type shelf struct {
	mu     sync.Mutex
	due    map[string]time.Time
	future map[string]time.Time // anchors that lie ahead
	broken bool                 // reading fails
	fails  map[string]int       // how often waking one fails
	woken  []string
	mended []string
	reads  int
	who    act.Who
}

func (s *shelf) Due(_ context.Context, by time.Time, limit int) (ids []string, next time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	if s.broken {
		return nil, next, errors.New("cannot read")
	}
	for id, at := range s.due {
		if !at.After(by) && len(ids) < limit {
			ids = append(ids, id)
		}
	}
	return ids, next, nil
}

func (s *shelf) FromFuture(_ context.Context, now time.Time) (ids []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, at := range s.future {
		if at.After(now) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (s *shelf) Wake(_ context.Context, who act.Who, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.who = who
	if s.fails[id] > 0 {
		s.fails[id]--
		return errors.New("cannot write")
	}
	delete(s.due, id)
	s.woken = append(s.woken, id)
	return nil
}

func (s *shelf) SetBack(_ context.Context, _ act.Who, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.future, id)
	s.mended = append(s.mended, id)
	return nil
}

func (s *shelf) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// bubble runs the worker in bubble time until test has returned.
func bubble(t *testing.T, test func(t *testing.T, s *shelf)) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{due: map[string]time.Time{}, future: map[string]time.Time{}, fails: map[string]int{}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			Run(ctx, s, s, time.Now, slog.New(slog.NewTextHandler(io.Discard, nil)))
		}()
		test(t, s)
		stop()
		<-done
	})
}

// What falls due happens within a fifth of a second, as the part of the program
// that holds the right.
func TestOnTime(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf) {
		s.change(func() { s.due["r1"], s.due["r2"] = time.Now().Add(15*time.Second), time.Now().Add(time.Hour) })
		time.Sleep(15*time.Second - time.Millisecond)
		synctest.Wait()
		s.change(func() {
			if len(s.woken) != 0 {
				t.Errorf("woken early: %v", s.woken)
			}
		})
		time.Sleep(look + 2*time.Millisecond)
		synctest.Wait()
		s.change(func() {
			if !slices.Equal(s.woken, []string{"r1"}) || s.who.Kind != authz.KindWake {
				t.Errorf("woken = %v by %s", s.woken, s.who.Kind)
			}
		})
	})
}

// After an outage thousands are due: all of them at once, not one batch a tick.
func TestManyAtOnce(t *testing.T) {
	const n = 3*batch + 7
	bubble(t, func(t *testing.T, s *shelf) {
		s.change(func() {
			for i := range n {
				s.due[fmt.Sprintf("r%d", i)] = time.Now()
			}
		})
		time.Sleep(look)
		synctest.Wait()
		s.change(func() {
			if len(s.woken) != n {
				t.Errorf("woken %d of %d", len(s.woken), n)
			}
		})
	})
}

// A store that cannot be read or written is asked again, at its own pace: not in
// a tight loop, and never given up.
func TestBrokenStore(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf) {
		s.change(func() {
			s.broken = true
			for i := range batch { // a full batch that fails must not spin
				id := fmt.Sprintf("r%d", i)
				s.due[id], s.fails[id] = time.Now(), 3
			}
		})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		s.change(func() {
			if s.reads > int(10*time.Second/look)+2 {
				t.Errorf("%d reads in ten seconds", s.reads)
			}
			s.broken, s.reads = false, 0
		})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		s.change(func() {
			if len(s.woken) != batch || s.reads > int(10*time.Second/look)+8 {
				t.Errorf("woken %d with %d reads", len(s.woken), s.reads)
			}
		})
	})
}

// Anchors ahead of the clock are mended within about a second; those of another
// node, which may be ahead a little, are left alone.
func TestClockSetBack(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf) {
		s.change(func() { s.future["old"], s.future["node"] = time.Now().Add(time.Hour), time.Now().Add(slack) })
		time.Sleep(6 * look)
		synctest.Wait()
		s.change(func() {
			if !slices.Equal(s.mended, []string{"old"}) {
				t.Errorf("mended = %v", s.mended)
			}
		})
	})
}

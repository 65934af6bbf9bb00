package wake

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/report"
)

// room is two seats that hold a report each, with the beats of their pages.
type room struct {
	mu     sync.Mutex
	heard  map[string]time.Time
	claims map[string]report.Claimed
	marks  int
}

func (r *room) Silent(seat string) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.heard[seat])
}

func (r *room) Claims(context.Context) (out []report.Claimed, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.claims {
		out = append(out, c)
	}
	return out, nil
}

func (r *room) Neglected(_ context.Context, who act.Who, id, console string, silent time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.claims[id]
	if who.Kind != authz.KindWake || c.Console != console {
		panic("a claim is marked by somebody else or at another seat")
	}
	c.Stale = silent >= report.ClaimStaleAfter
	r.claims[id] = c
	r.marks++
	return nil
}

func (r *room) stale(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.claims[id].Stale
}

// AC-05: three missed beats mark the claim, once; a beat takes the mark away.
// A seat that is heard is never marked, however long it holds the claim.
func TestClaimsGoStaleAndComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &room{heard: map[string]time.Time{"a": time.Now(), "b": time.Now()}, claims: map[string]report.Claimed{"r1": {Report: "r1", Console: "a"}, "r2": {Report: "r2", Console: "b"}}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			Claims(ctx, r, r, r, slog.New(slog.NewTextHandler(io.Discard, nil)))
		}()
		for i := range 44 {
			time.Sleep(time.Second)
			if i%15 == 0 {
				r.mu.Lock()
				r.heard["b"] = time.Now()
				r.mu.Unlock()
			}
		}
		synctest.Wait()
		if r.stale("r1") {
			t.Error("marked before three beats were missed")
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if !r.stale("r1") || r.stale("r2") {
			t.Errorf("stale: %t, %t", r.stale("r1"), r.stale("r2"))
		}
		r.mu.Lock()
		r.heard["a"] = time.Now()
		r.mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if r.stale("r1") || r.marks != 2 {
			t.Errorf("after a beat: stale %t, %d acts", r.stale("r1"), r.marks)
		}
		stop()
		<-done
	})
}

package store_test

import (
	"context"
	"testing"

	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/store"
)

// A lease comes back as it was kept, on both engines; of a screen that nobody
// ever looked at it is free, not unknown.
func TestLeases(t *testing.T) {
	onEach(t, func(e *engine) {
		s := e.open()
		ctx := t.Context()
		none, err := s.Screens().Lease(ctx, "t-09")
		e.ok(err)
		e.same("of a screen nobody looked at", none, screen.Lease{Terminal: "t-09"})
		l, p := fill[screen.Lease](1), fill[screen.Preemption](2)
		l.Asking = []screen.Asking{fill[screen.Asking](3), fill[screen.Asking](4)}
		l.Mirrors = []string{"console-b", "console-c"}
		free := screen.Lease{Terminal: "t-00", Token: 7}
		e.do(s, func(ctx context.Context, u *store.Unit) error {
			for _, v := range []screen.Lease{l, free} {
				if err := u.Screens().SaveLease(ctx, v); err != nil {
					return err
				}
			}
			return u.Screens().SavePreemption(ctx, p)
		})
		got, err := s.Screens().Lease(ctx, l.Terminal)
		e.ok(err)
		if !got.Until.After(s.Now()) {
			t.Errorf("held until %s: a stored lease is held until an act ends it", got.Until)
		}
		got.Until = l.Until
		e.same("lease", got, l)
		all, err := s.Screens().Leases(ctx)
		e.ok(err)
		if len(all) != 2 || all[0].Token != 7 || !all[0].Free(s.Now()) {
			t.Errorf("all leases: %+v", all)
		}
		why, err := s.Screens().Preemption(ctx, p.Terminal, p.Token)
		e.ok(err)
		e.same("preemption", why, p)
		_, err = s.Screens().Preemption(ctx, p.Terminal, 1)
		e.none("a preemption", err)
		if s.Screens().SaveLease(ctx, l) == nil || s.Screens().SavePreemption(ctx, p) == nil {
			t.Error("a lease was written outside of an act")
		}
	})
}

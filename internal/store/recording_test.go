package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/store"
)

func TestRecordings(t *testing.T) {
	onEach(t, func(e *engine) {
		s, ctx := e.open(), t.Context()
		one, two, gone := fill[screen.Recording](1), fill[screen.Recording](2), fill[screen.Recording](3)
		one.State, two.State, gone.State = screen.RecordingEnded, screen.RecordingRuns, screen.RecordingDisposed
		look := fill[screen.RecordingLook](4)
		look.Recording = one.ID
		policy := fill[screen.RecordPolicy](5)
		e.do(s, func(ctx context.Context, u *store.Unit) error {
			for _, r := range []screen.Recording{one, two, gone} {
				if err := u.Recordings().SaveRecording(ctx, r); err != nil {
					return err
				}
			}
			none, err := u.Recordings().RecordPolicy(ctx, policy.Terminal)
			e.ok(err)
			e.same("no policy", none, screen.RecordPolicy{Terminal: policy.Terminal})
			e.ok(u.Recordings().SaveRecordPolicy(ctx, policy))
			set, err := u.Recordings().RecordPolicy(ctx, policy.Terminal)
			e.same("policy, inside", set, policy)
			e.ok(err)
			return u.Recordings().AddRecordingLook(ctx, look)
		})
		r := s.Recordings()
		got, err := r.Recording(ctx, two.ID)
		e.ok(err)
		e.same("recording", got, two)
		_, err = r.Recording(ctx, "nobody")
		e.none("a recording", err)
		all, err := r.Recordings(ctx, gone.BeganAt.Add(time.Microsecond), 10)
		e.ok(err)
		e.same("recordings, the newest first", all, []screen.Recording{gone, two, one})
		runs, err := r.RunningRecordings(ctx)
		e.ok(err)
		e.same("running", runs, []screen.Recording{two})
		old, err := r.OldRecordings(ctx, one.BeganAt.Add(time.Microsecond), 10)
		e.ok(err)
		e.same("old", old, []screen.Recording{one})
		n, err := r.RecordedBytes(ctx)
		e.ok(err)
		e.same("bytes of those that have ended", n, one.Bytes)
		looks, err := r.RecordingLooks(ctx, one.ID)
		e.ok(err)
		e.same("looks", looks, []screen.RecordingLook{look})
		policies, err := r.RecordPolicies(ctx)
		e.ok(err)
		e.same("policies", policies, []screen.RecordPolicy{policy})
		e.sound()
	})
}

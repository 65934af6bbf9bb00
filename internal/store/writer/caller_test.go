package writer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/store/writer"
)

// A caller that goes away while its act runs gets its own error and nothing
// else happens: the acts of others in the same transaction are committed.
func TestACallerThatGoesAwayHarmsNobody(t *testing.T) {
	each(t, func(t *testing.T, e engine, w *writer.Writer) {
		gone, leave := context.WithCancel(t.Context())
		held, release := make(chan struct{}), make(chan struct{})
		first := w.Submit(t.Context(), func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			close(held)
			<-release // so that the next ones are one batch
			return put("first", 1)(ctx, tx)
		})
		<-held
		var pending []*writer.Pending
		for i := range 10 {
			pending = append(pending, w.Submit(t.Context(), put(fmt.Sprint("before", i), 1)))
		}
		left := w.Submit(gone, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			leave()
			var n int
			err := tx.Query().QueryRowContext(ctx, "SELECT COUNT(*) FROM note").Scan(&n)
			if err != nil {
				return entry.Entry{}, err
			}
			return put("left", 1)(ctx, tx)
		})
		for i := range 10 {
			pending = append(pending, w.Submit(t.Context(), put(fmt.Sprint("after", i), 1)))
		}
		close(release)
		if err := first.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		for i, p := range pending {
			if err := p.Wait(t.Context()); err != nil {
				t.Errorf("act %d: %v", i, err)
			}
		}
		if err := left.Wait(t.Context()); err != nil {
			t.Errorf("an act that has begun runs to its end: %v", err)
		}
		if w.Fault() != nil {
			t.Errorf("fault %v", w.Fault())
		}
		verify(t, e, 22)
	})
}

// A read that fails leaves a transaction in which PostgreSQL refuses every
// further statement: the batch is run again without it, and nobody hears of a
// store that cannot write.
func TestAReadThatFailsHarmsNobody(t *testing.T) {
	each(t, func(t *testing.T, e engine, w *writer.Writer) {
		held, release := make(chan struct{}), make(chan struct{})
		first := w.Submit(t.Context(), func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			select {
			case <-held:
			default:
				close(held)
			}
			<-release
			return put("first", 1)(ctx, tx)
		})
		<-held
		var pending []*writer.Pending
		bad := w.Submit(t.Context(), func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			var n int
			return entry.Entry{}, tx.Query().QueryRowContext(ctx, "SELECT nothing FROM nowhere").Scan(&n)
		})
		for i := range 10 {
			pending = append(pending, w.Submit(t.Context(), func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
				var n int // stories read before they write
				if err := tx.Query().QueryRowContext(ctx, "SELECT COUNT(*) FROM note").Scan(&n); err != nil {
					return entry.Entry{}, err
				}
				return put(fmt.Sprint("after", i), 1)(ctx, tx)
			}))
		}
		close(release)
		for i, p := range append(pending, first) {
			if err := p.Wait(t.Context()); err != nil {
				t.Errorf("act %d: %v", i, err)
			}
		}
		if err := bad.Wait(t.Context()); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("the failed read was told as %v", err)
		}
		if w.Fault() != nil {
			t.Errorf("fault %v", w.Fault())
		}
		verify(t, e, 11)
	})
}

// Verify sees one moment, however much is written meanwhile.
func TestVerifyBesideAWriter(t *testing.T) {
	each(t, func(t *testing.T, e engine, w *writer.Writer) {
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := 0; ctx.Err() == nil; i++ {
				if err := w.Do(t.Context(), put(fmt.Sprint(i%50), int64(i))); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		for range 20 {
			r, err := writer.Verify(t.Context(), e.read, "hq", tables)
			if err != nil || !r.OK() {
				t.Errorf("%v %v", r.Findings, err)
				break
			}
		}
		stop()
		<-done
	})
}

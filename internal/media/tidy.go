package media

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
)

// quota is what lies among the sealed files, counted now and then.
type quota struct {
	at       time.Time
	all      int64
	service  map[string]int64
	terminal map[string]int64
}

const countEvery = 10 * time.Second

// room says why no more is pulled now; what is not pulled stays at the terminal
// and is tried again.
func (w *Worker) room(ctx context.Context, m report.Medium) string {
	if free, err := w.c.Blobs.Free(); err == nil && w.c.Floor > 0 && free-m.Media.Bytes < w.c.Floor {
		return NoteRoom
	}
	q, err := w.counted(ctx)
	switch {
	case err != nil:
		return "" // the store cannot answer; the pull itself will tell
	case w.c.Quota > 0 && q.all+m.Media.Bytes > w.c.Quota,
		w.c.PerService > 0 && q.service[m.Service]+m.Media.Bytes > w.c.PerService,
		w.c.PerTerminal > 0 && q.terminal[m.Terminal]+m.Media.Bytes > w.c.PerTerminal:
		return NoteQuota
	}
	return ""
}

func (w *Worker) counted(ctx context.Context) (quota, error) {
	w.mu.Lock()
	q := w.quota
	w.mu.Unlock()
	if !q.at.IsZero() && w.c.Now().Sub(q.at).Abs() < countEvery {
		return q, nil
	}
	amounts, err := w.c.Media.Stored(ctx)
	if err != nil {
		return q, err
	}
	q = quota{at: w.c.Now(), service: map[string]int64{}, terminal: map[string]int64{}}
	for _, a := range amounts {
		q.all += a.Bytes
		q.service[a.Service] += a.Bytes
		q.terminal[a.Terminal] += a.Bytes
	}
	w.mu.Lock()
	w.quota = q
	w.mu.Unlock()
	return q, nil
}

// tidy destroys what was kept long enough and sweeps what nobody names, at the
// start and every ten minutes.
func (w *Worker) tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		if err := w.Tidy(ctx); err != nil && ctx.Err() == nil {
			w.c.Log.Error("tidy media", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Tidy is one such round.
func (w *Worker) Tidy(ctx context.Context) error {
	if err := w.dispose(ctx); err != nil {
		return err
	}
	named := func(name string) bool {
		id, c, _ := strings.Cut(name, ".")
		m, err := w.c.Media.Medium(ctx, id)
		if err != nil {
			return fault.Of(err) != fault.NotFound // whoever cannot be asked may still name it
		}
		return m.Has(report.Copy(c)) || m.State == report.MediumKept // its copies are being made
	}
	_, err := w.c.Blobs.Sweep(named, orphanAge, w.c.Now())
	if w.c.Also != nil {
		err = errors.Join(err, w.c.Also(ctx))
	}
	return err
}

// dispose destroys bytes after the entry that says so. A kill between the two
// leaves a file that nobody names, which the sweep removes.
func (w *Worker) dispose(ctx context.Context) error {
	k := w.c.Retention
	shortest := time.Duration(0)
	for _, d := range []time.Duration{k.Actual, k.Exercise, k.Quarantined} {
		if d > 0 && (shortest == 0 || d < shortest) {
			shortest = d
		}
	}
	if shortest == 0 {
		return nil
	}
	now := w.c.Now()
	for after := ""; ; {
		old, err := w.c.Media.Old(ctx, after, now.Add(-shortest), batch)
		if err != nil {
			return err
		}
		for _, m := range old {
			if err := w.disposeOne(ctx, m, now); err != nil {
				return err
			}
			after = m.ID
		}
		if len(old) < batch {
			return nil
		}
	}
}

func (w *Worker) disposeOne(ctx context.Context, m report.Medium, now time.Time) error {
	r, err := w.c.Reports.Report(ctx, m.Report)
	if err != nil {
		return err
	}
	if !w.c.Retention.Due(m, r, now) {
		return nil
	}
	if err := w.c.Acts.DisposeMedium(ctx, act.Timer(), m.ID, "retention"); err != nil {
		return err
	}
	for _, c := range report.Copies() {
		if err := w.c.Blobs.Remove(m.Blob(c)); err != nil {
			return err
		}
	}
	return nil
}

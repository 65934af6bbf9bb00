package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
)

func TestMedia(t *testing.T) {
	onEach(t, func(e *engine) {
		s, ctx := e.open(), t.Context()
		one, two, done := fill[report.Medium](1), fill[report.Medium](2), fill[report.Medium](3)
		one.State, two.State, done.State = report.MediumAnnounced, report.MediumKept, report.MediumShown
		one.Late, two.Late = true, false
		one.DisposedAt, two.DisposedAt, done.DisposedAt = time.Time{}, time.Time{}, time.Time{}
		done.Report = one.Report
		look := report.Look{Medium: done.ID, Report: done.Report, By: report.By{Console: "c", Person: "p"}, At: done.At}
		e.do(s, func(ctx context.Context, u *store.Unit) error {
			for _, m := range []report.Medium{one, two, done} {
				if err := u.Media().SaveMedium(ctx, m); err != nil {
					return err
				}
			}
			inside, err := u.Media().MediumOf(ctx, one.Report, one.Media.ID)
			e.same("by the service's id, inside", inside, one)
			if added, err := u.Media().AddLook(ctx, look); err != nil || !added {
				t.Errorf("look: %t, %v", added, err)
			}
			if again, err := u.Media().AddLook(ctx, look); err != nil || again {
				t.Errorf("a look counts once: %t, %v", again, err)
			}
			return err
		})
		got, err := s.Media().Medium(ctx, two.ID)
		e.ok(err)
		e.same("medium", got, two)
		_, err = s.Media().Medium(ctx, "nobody")
		e.none("a medium", err)
		waiting, err := s.Media().Unfinished(ctx, 10)
		e.ok(err)
		e.same("unfinished, live before late", waiting, []report.Medium{two, one})
		old, err := s.Media().Old(ctx, "", done.At.Add(time.Microsecond), 10)
		e.ok(err)
		e.same("old", old, []report.Medium{done})
		looked, err := s.Media().Looked(ctx, done.Report, "p")
		e.ok(err)
		e.same("looked", looked, []string{done.ID})
		all, err := s.Media().OfReport(ctx, two.Report)
		e.ok(err)
		e.same("of a report", all, []report.Medium{two})
		amounts, err := s.Media().Stored(ctx)
		e.ok(err)
		var sum int64
		for _, a := range amounts {
			sum += a.Bytes
		}
		var want int64
		for _, m := range []report.Medium{one, two, done} {
			want += m.Bytes + m.ShownBytes + m.Poster
		}
		e.same("stored bytes", sum, want)
		e.sound()
	})
}

package durability

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/stdif"
)

// A terminal that was alone for a week, with 10 000 reports in its spool: when
// the server is there again they reconcile in order and without doubles, and new
// reports do not stand in line behind them.
func TestWeekOffline(t *testing.T) {
	duty(t, "S3-1-1-2")
	backlog := int64(10_000)
	if testing.Short() {
		backlog = 2_000
	}
	s := newSite(t, 1)
	c := s.consoles[0]
	h := s.week(backlog)
	s.startTerminal()
	s.terminal.up(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var watching sync.WaitGroup
	watching.Go(func() { c.follow(ctx) })
	watching.Go(func() { c.paints(ctx) })
	s.startServer()
	until(t, "the first old reports are there", time.Minute, func() bool { return c.count() > 0 })
	live := s.live(backlog)
	until(t, "every report is shown", 3*time.Minute, func() bool { return c.count() == int(backlog)+len(live) })
	svc := s.service()
	until(t, "the service is told of the last", time.Minute, func() bool { return stdif.Spooled.Before(s.step(svc, h)) })
	stop()
	watching.Wait()
	s.server.stop(t)
	s.terminal.stop(t)
	s.arrivedInOrder(backlog, live)
	spooled, _ := spoolCounts(t, s.term)
	stored, _ := storeCounts(t, s.hq)
	if len(spooled) != int(backlog)+len(live) || len(stored) != len(spooled) {
		t.Errorf("spooled %d, stored %d, want %d", len(spooled), len(stored), int(backlog)+len(live))
	}
	for id, n := range stored {
		if n != 1 || spooled[id] != 1 {
			t.Errorf("%s is stored %d times, spooled %d times", id, n, spooled[id])
		}
	}
	sound(t, s.hq)
	sound(t, s.term)
}

// week fills the spool as services would over seven days, and returns the last
// report's number.
func (s *site) week(n int64) string {
	s.Helper()
	const week = 7 * 24 * time.Hour
	start := time.Now().Add(-week)
	var took atomic.Int64
	sp, err := spool.Open(s.Context(), spool.Options{
		Dir: filepath.Join(s.term, "spool"), Terminal: terminalID, Reserve: -1,
		Now: func() time.Time { return start.Add(time.Duration(took.Add(1)) * (week / time.Duration(n+1))) },
	})
	if err != nil {
		s.Fatal(err)
	}
	work := make(chan string)
	var workers sync.WaitGroup
	for range 64 {
		workers.Go(func() {
			for id := range work {
				r := newReport(id)
				if out, err := sp.Take(s.Context(), spool.Intake{Service: serviceID, Mode: stdif.Actual, Inbound: stdif.Inbound{Report: &r}}); err != nil || out.Problem != nil {
					s.Errorf("spool %s: %v %v", id, err, out.Problem)
				}
			}
		})
	}
	for i := range n {
		work <- fmt.Sprintf("W-%d", i)
	}
	close(work)
	workers.Wait()
	if got := sp.Pending(); got != n {
		s.Errorf("%d reports wait in the spool, want %d", got, n)
	}
	if err := sp.Close(); err != nil {
		s.Fatal(err)
	}
	return fmt.Sprintf("W-%d", n-1)
}

// alive is a report that was sent while old ones were on their way.
type alive struct {
	id     string
	stored int64 // old ones that were stored when the terminal took it
}

// live sends new reports, one after the other, while old ones go on arriving.
func (s *site) live(backlog int64) []alive {
	s.Helper()
	db, err := sqlite.OpenRead(s.Context(), filepath.Join(s.hq, "store.db"))
	if err != nil {
		s.Fatal(err)
	}
	defer db.Close()
	c := s.service()
	var out []alive
	for i := 0; i < 200; i++ {
		a := alive{id: fmt.Sprintf("L-%d", i)}
		s.send(c, newReport(a.id))
		if err := db.Read.QueryRowContext(s.Context(), "SELECT COUNT(*) FROM report_frame WHERE late = 1").Scan(&a.stored); err != nil {
			s.Fatal(err)
		}
		out = append(out, a)
		if a.stored == backlog {
			break
		}
	}
	return out
}

// arrivedInOrder looks at the order in which the store took the frames.
func (s *site) arrivedInOrder(backlog int64, live []alive) {
	s.Helper()
	db, err := sqlite.OpenRead(s.Context(), filepath.Join(s.hq, "store.db"))
	if err != nil {
		s.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Read.QueryContext(s.Context(), "SELECT f.seq, f.late, r.service_report FROM report_frame f JOIN report_report r ON r.id = f.report ORDER BY f.rowid")
	if err != nil {
		s.Fatal(err)
	}
	defer rows.Close()
	before := map[string]int64{} // old frames stored before a live one
	var old, last int64
	for rows.Next() {
		var seq, late int64
		var id string
		if err := rows.Scan(&seq, &late, &id); err != nil {
			s.Fatal(err)
		}
		if late == 0 {
			before[id] = old
			continue
		}
		if old++; seq <= last {
			s.Errorf("old frame %d was stored after %d", seq, last)
		}
		last = seq
	}
	if err := rows.Err(); err != nil {
		s.Fatal(err)
	}
	met, worst := 0, int64(0)
	for _, a := range live {
		at, there := before[a.id]
		if !there {
			s.Errorf("%s was not stored as a live report", a.id)
			continue
		}
		left := backlog - a.stored // what a report in line would have had to wait for
		if left < backlog/10 {
			continue // hardly anything was left to overtake
		}
		met++
		worst = max(worst, at-a.stored)
		if at-a.stored > left/2 {
			s.Errorf("%s was taken when %d of %d old reports were stored and came after %d of them", a.id, a.stored, backlog, at)
		}
	}
	s.Logf("%d of %d live reports overtook old ones; the worst waited for %d", met, len(live), worst)
	if old != backlog || met == 0 {
		s.Errorf("%d old frames stored, %d live reports met them", old, met)
	}
}

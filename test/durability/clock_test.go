package durability

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/internal/report"
)

// hands is a clock that a test can set.
type hands struct{ ahead atomic.Int64 }

func (h *hands) now() time.Time       { return time.Now().Add(time.Duration(h.ahead.Load())) }
func (h *hands) set(by time.Duration) { h.ahead.Add(int64(by)) }
func (h *hands) past(ts ...time.Time) bool {
	for _, t := range ts {
		if t.After(h.now()) {
			return false
		}
	}
	return true
}

// The server's clock is set back an hour, and later forward: what rang goes on
// ringing and escalates, new reports are taken, nothing ends, and the log holds.
func TestClockJumps(t *testing.T) {
	s := newSite(t, 0)
	clock := &hands{}
	house := s.house()
	house.Now = clock.now
	server, err := app.StartServer(t.Context(), app.ServerConfig{HouseConfig: house, Listen: s.listen, Version: "test", Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	s.startTerminal()
	s.terminal.up(t)
	c := s.service()
	look := func(id string) (r report.Report) {
		all, err := server.Store.Reports().Board(context.WithoutCancel(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			if v.ServiceReport == id {
				r = v
			}
		}
		return r
	}
	arrives := func(id string) {
		t.Helper()
		s.send(c, newReport(id))
		until(t, id+" is stored", 30*time.Second, func() bool { return look(id).ID != "" })
	}
	escalates := func(level int64, ids ...string) {
		t.Helper()
		for _, id := range ids {
			until(t, id+" escalates", 30*time.Second, func() bool { return look(id).Escalation >= level })
		}
	}
	arrives("BEFORE")
	clock.set(-time.Hour)
	arrives("BACK")
	until(t, "a ring of the future is taken into the present", 30*time.Second, func() bool { return clock.past(look("BEFORE").RingsAt) })
	if e := look("BEFORE").Escalation; e != 0 {
		t.Errorf("setting the clock back escalated to %d", e)
	}
	clock.set(report.EscalateAfter + time.Second)
	escalates(1, "BEFORE", "BACK")
	clock.set(report.EscalateAgain)
	escalates(2, "BEFORE", "BACK")
	clock.set(2 * time.Hour)
	arrives("FORWARD")
	if e := look("FORWARD").Escalation; e != 0 {
		t.Errorf("a report of now is at %d", e)
	}
	clock.set(report.EscalateAgain + time.Second)
	escalates(2, "FORWARD")
	until(t, "a caller without a sign for two hours is silent", 30*time.Second, func() bool { return !look("BACK").SilentAt.IsZero() })
	entries, err := server.Store.History(t.Context(), "report/"+look("BEFORE").ID, 100)
	if err != nil {
		t.Fatal(err)
	}
	mended := 0
	for _, e := range entries {
		if e.Act == string(act.ReportClock) {
			mended++
		}
	}
	if mended != 1 {
		t.Errorf("the log says %d times that the clock was set back", mended)
	}
	select {
	case err := <-server.Failed():
		t.Errorf("a part ended: %v", err)
	default:
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	s.terminal.stop(t)
	sound(t, s.hq)
}

package agent

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

func TestLiveFramesAndSteps(t *testing.T) {
	s := newSite(t, nil)
	g, snap := s.connect("", nil)
	if snap.Through != 0 || snap.Missing != 0 || len(g.snapshot()) != 0 {
		t.Fatalf("snapshot of an empty spool = %+v", snap)
	}
	s.report("net119", newReport("N-1", 1))
	f := g.numbered(1)[0]
	if f.Seq != 1 || f.Late || f.Type != open1.TypeReport || f.ServiceID != "net119" || f.TerminalID != "t-01" || f.Mode != stdif.Actual {
		t.Errorf("frame = %+v", f)
	}
	step := func() open1.Status {
		return s.do("net119", "GET", open1.PathIntakeReports+"/N-1", nil, nil).status(t)
	}
	if v := step(); v.Step != stdif.Spooled || !v.Linked {
		t.Errorf("before the acknowledgement: %+v", v)
	}
	g.ack()
	s.until("the acknowledgement is kept", func() bool { return s.Spool().Pending() == 0 })
	if v := step(); v.Step != stdif.Received || v.Say != open1.SayFor(stdif.Received, true) {
		t.Errorf("after the acknowledgement: %+v", v)
	}
	s.report("net119", newReport("N-2", 1))
	g.numbered(1)
	g.ack(open1.Refusal{Seq: 2, Problem: stdif.Problem{Code: stdif.CodeLocation, Place: "/locations/0"}})
	refused := func() open1.Status {
		return s.do("net119", "GET", open1.PathIntakeReports+"/N-2", nil, nil).status(t)
	}
	s.until("the refusal is kept", func() bool { return refused().Step == stdif.Refused })
	if v := refused(); v.Problem == nil || v.Problem.Code != stdif.CodeLocation {
		t.Errorf("refused: %+v", v)
	}
	s.sound()
}

// A week without the headquarters: 10 000 reports come in order, without
// doubles, and a new report is not delayed behind them, however far the late
// lane is, and although the connection breaks in the middle.
func TestOfflineWeek(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 600
	}
	s := newSite(t, nil)
	var wg sync.WaitGroup
	for worker := range 50 {
		wg.Go(func() {
			for i := worker; i < n; i += 50 {
				r := newReport(fmt.Sprintf("N-%05d", i), 1)
				r.EventTime = eventTime.Add(time.Duration(i) * time.Minute)
				s.report("net119", r)
			}
		})
	}
	wg.Wait()
	g, snap := s.connect("", nil)
	if snap.Through != int64(n) || snap.Missing != int64(n) {
		t.Fatalf("snapshot = %+v, want %d", snap, n)
	}
	half := g.numbered(n / 2)
	s.report("net119", newReport("LIVE-1", 1))
	// What is in flight was written before; then the live one is next.
	ahead := 0
	for live := false; !live; {
		f := g.numbered(1)[0]
		half = append(half, f)
		if live = !f.Late; !live {
			ahead++
		}
	}
	t.Logf("late frames in flight before the live one: %d", ahead)
	if ahead > n/3 {
		t.Errorf("%d late frames came between a new report and its frame", ahead)
	}
	g.ack()
	s.until("the first half is kept", func() bool { return s.Spool().Pending() == int64(n+1-len(half)) })
	if err := g.CloseNow(); err != nil {
		t.Fatal(err)
	}
	g2, snap := s.connect(g.spool, g.have)
	if snap.Missing != int64(n+1-len(half)) {
		t.Errorf("after the break missing = %d, want %d", snap.Missing, n+1-len(half))
	}
	rest := g2.snapshot()
	late := slices.DeleteFunc(append(half, rest...), func(f open1.Frame) bool { return !f.Late })
	for i, f := range late {
		if f.Seq != int64(i+1) {
			t.Fatalf("late frame %d has number %d: out of order or double", i, f.Seq)
		}
	}
	if len(late) != n || g2.have.Count() != int64(n+1) {
		t.Errorf("%d late frames, %d in all, want %d and %d", len(late), g2.have.Count(), n, n+1)
	}
	g2.ack()
	s.until("everything is kept", func() bool { return s.Spool().Pending() == 0 })
	s.sound()
}

func TestHaveWithHoles(t *testing.T) {
	s := newSite(t, nil)
	for i := range 10 {
		s.report("net119", newReport(fmt.Sprintf("N-%d", i), 1))
	}
	g, snap := s.connect(s.Spool().ID(), open1.Ranges{{From: 1, To: 2}, {From: 5, To: 5}, {From: 9, To: 9}})
	if snap.Missing != 6 {
		t.Errorf("missing = %d, want 6", snap.Missing)
	}
	if diff := cmp.Diff([]int64{3, 4, 6, 7, 8, 10}, seqs(g.snapshot())); diff != "" {
		t.Errorf("late frames:\n%s", diff)
	}
	if got := s.Spool().Pending(); got != 6 {
		t.Errorf("pending = %d, want 6: the hello acknowledges", got)
	}
	// Everything that is not acknowledged comes again when it is asked for.
	g.have = open1.Ranges{{From: 1, To: 6}, {From: 9, To: 9}}
	g.ack()
	s.until("the acknowledgement is kept", func() bool { return s.Spool().Pending() == 3 })
	if err := g.RequestSnapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if f := g.next(); f.Type != open1.TypeSnapshotBegin {
		t.Fatalf("frame after snapshot.request = %s", f.Type)
	}
	if diff := cmp.Diff([]int64{7, 8, 10}, seqs(g.snapshot())); diff != "" {
		t.Errorf("frames sent again:\n%s", diff)
	}
	// A headquarters that was set back to an older copy gets what it lacks, also
	// what it had acknowledged.
	g.have = open1.Ranges{{From: 1, To: 10}}
	g.ack()
	s.until("the acknowledgement is kept", func() bool { return s.Spool().Pending() == 0 })
	g2, _ := s.connect(s.Spool().ID(), open1.Ranges{{From: 1, To: 7}})
	if diff := cmp.Diff([]int64{8, 9, 10}, seqs(g2.snapshot())); diff != "" {
		t.Errorf("after a restore of the headquarters:\n%s", diff)
	}
}

// Numbers of another spool say nothing about this one.
func TestReplacedSpool(t *testing.T) {
	s := newSite(t, nil)
	for i := range 3 {
		s.report("net119", newReport(fmt.Sprintf("N-%d", i), 1))
	}
	g, snap := s.connect("0190-another-spool", open1.Ranges{{From: 1, To: 99}})
	if snap.Missing != 3 || len(g.snapshot()) != 3 || s.Spool().Pending() != 3 {
		t.Errorf("snapshot = %+v, pending %d, want all three", snap, s.Spool().Pending())
	}
	// A spool that was set back finds that the headquarters has more of it than
	// itself, and takes a new id: no number is given twice.
	old := s.Spool().ID()
	g2, snap := s.connect(old, open1.Ranges{{From: 1, To: 7}})
	if snap.Spool == old || snap.Missing != 3 {
		t.Errorf("snapshot of a spool that was set back = %+v, want a new id and all three", snap)
	}
	if got := g2.snapshot(); len(got) != 3 || got[0].Spool != snap.Spool {
		t.Errorf("frames = %v", seqs(got))
	}
	s.restart()
	if s.Spool().ID() != snap.Spool || s.Spool().Pending() != 3 {
		t.Errorf("after a restart: id %s, pending %d", s.Spool().ID(), s.Spool().Pending())
	}
	s.sound()
}

func TestNewerConnectionEndsTheOlder(t *testing.T) {
	s := newSite(t, nil)
	g1, _ := s.connect("", nil)
	g1.snapshot()
	g2, _ := s.connect("", nil)
	g2.snapshot()
	if f, err := g1.try(10 * time.Second); err == nil {
		t.Errorf("the older connection still gives %s", f.Type)
	}
	s.report("net119", newReport("N-1", 1))
	g2.numbered(1)
	if up, _ := s.link.state(); !up {
		t.Error("the link is down although the newer connection lives")
	}
}

// A gateway that reads nothing costs the intake nothing.
func TestSlowGatewayBlocksNobody(t *testing.T) {
	s := newSite(t, nil)
	s.connect("", nil) // and reads no further
	big := newReport("", 1)
	big.Text = string(slices.Repeat([]rune("長"), stdif.MaxText))
	const n = 2000 // 24 MB: far more than any socket holds
	var wg sync.WaitGroup
	for worker := range 20 {
		wg.Go(func() {
			for i := worker; i < n; i += 20 {
				r := big
				r.ID = fmt.Sprintf("N-%d", i)
				s.report("net119", r)
			}
		})
	}
	wg.Wait()
	if got := s.Spool().Through(); got != n {
		t.Errorf("spooled %d, want %d", got, n)
	}
}

func TestWrongHello(t *testing.T) {
	s := newSite(t, nil)
	c, err := open1.Dial(t.Context(), s.FaceAddr(), s.dial, open1.Hello{Headquarters: "another"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseNow() }()
	g := &gateway{TB: t, Conn: c}
	if f, err := g.try(10 * time.Second); err == nil {
		t.Errorf("another headquarters got %s", f.Type)
	}
	if up, _ := s.link.state(); up {
		t.Error("the link is up")
	}
}

// Who is not the gateway does not even get an answer.
func TestFaceAdmitsOnlyTheGateway(t *testing.T) {
	s := newSite(t, nil)
	bare := s.dial.Clone()
	bare.GetClientCertificate = nil
	c := open1.NewClient(s.FaceAddr(), bare)
	defer c.Close()
	if _, err := c.Health(t.Context()); err == nil {
		t.Error("health was given to a client without certificate")
	}
	res, err := http.Get("http://" + s.FaceAddr() + open1.PathHealth)
	if err == nil {
		defer res.Body.Close()
		if res.StatusCode == http.StatusOK {
			t.Error("health was given in clear")
		}
	}
}

func TestHealth(t *testing.T) {
	s := newSite(t, nil)
	s.report("net119", newReport("N-1", 1))
	h, err := s.gateway().Health(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if h.TerminalID != "t-01" || h.Spool != s.Spool().ID() || h.Through != 1 || h.Pending != 1 || !h.Storable || len(h.Services) != 2 || h.Planes["data"] != "down" {
		t.Errorf("health = %+v", h)
	}
}

// A terminal that runs before it is enrolled takes reports, and opens its face
// by itself when another process has enrolled it.
func TestEnrolledWhileRunning(t *testing.T) {
	enrolled := make(chan *Member, 1)
	s := newSite(t, func(c *Config) {
		c.Member = nil
		c.Enrolled = func() (*Member, error) {
			select {
			case m := <-enrolled:
				return m, nil
			default:
				return nil, nil
			}
		}
	})
	if s.FaceAddr() != "" {
		t.Fatal("a terminal without headquarters has a face for one")
	}
	s.report("net119", newReport("N-1", 1))
	if v := s.open().state(); v.TerminalID != "" || len(v.Rings) != 1 {
		t.Errorf("page before enrolment = %+v", v)
	}
	enrolled <- s.member
	s.until("the face is open", func() bool { return s.FaceAddr() != "" })
	g, snap := s.connect("", nil)
	if f := g.snapshot(); snap.Missing != 1 || len(f) != 1 || f[0].TerminalID != "t-01" {
		t.Errorf("snapshot = %+v, frames %v", snap, f)
	}
}

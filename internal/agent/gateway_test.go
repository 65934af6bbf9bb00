package agent

import (
	"context"
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif/open1"
)

// gateway is a headquarters that keeps what it gets in memory.
type gateway struct {
	testing.TB
	*open1.Conn
	have  open1.Ranges
	spool string
	got   []open1.Frame
}

// connect dials the data plane and reads snapshot.begin.
func (s *site) connect(spool string, have open1.Ranges) (*gateway, open1.Snapshot) {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := open1.Dial(ctx, s.FaceAddr(), s.dial, open1.Hello{Headquarters: hqID, Spool: spool, Have: have})
	if err != nil {
		s.Fatalf("Dial: %v", err)
	}
	g := &gateway{TB: s.TB, Conn: c, have: append(open1.Ranges{}, have...)}
	s.Cleanup(func() { _ = c.CloseNow() }) // most tests have closed it
	f := g.next()
	if f.Type != open1.TypeSnapshotBegin {
		s.Fatalf("first frame = %s, want snapshot.begin", f.Type)
	}
	snap, p := f.ReadSnapshot()
	if p != nil {
		s.Fatal(p)
	}
	g.spool = snap.Spool
	return g, snap
}

// next reads the next frame that says something.
func (g *gateway) next() open1.Frame {
	g.Helper()
	for {
		f, err := g.try(10 * time.Second)
		if err != nil {
			g.Fatalf("read frame: %v", err)
		}
		if f.Type != open1.TypePing {
			return f
		}
	}
}

func (g *gateway) try(wait time.Duration) (open1.Frame, error) {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	f, _, p, err := g.Read(ctx)
	if err == nil && p != nil {
		g.Fatalf("frame %d: %v", f.Seq, p)
	}
	return f, err
}

// numbered reads n numbered frames and keeps them.
func (g *gateway) numbered(n int) []open1.Frame {
	g.Helper()
	var out []open1.Frame
	for len(out) < n {
		f := g.next()
		if f.Seq == 0 {
			g.Fatalf("frame %s after %d of %d numbered ones", f.Type, len(out), n)
		}
		g.have.Add(f.Seq)
		out = append(out, f)
		g.ackSome(len(out))
	}
	g.got = append(g.got, out...)
	return out
}

// ackSome acknowledges now and then, as a headquarters does: the late lane waits
// for it.
func (g *gateway) ackSome(read int) {
	g.Helper()
	if read%(lateWindow/2) == 0 {
		g.ack()
	}
}

// snapshot reads the late frames up to snapshot.end.
func (g *gateway) snapshot() []open1.Frame {
	g.Helper()
	var out []open1.Frame
	for {
		f := g.next()
		if f.Type == open1.TypeSnapshotEnd {
			return out
		}
		g.have.Add(f.Seq)
		out = append(out, f)
		g.ackSome(len(out))
	}
}

func (g *gateway) ack(refused ...open1.Refusal) {
	g.Helper()
	if err := g.Ack(context.Background(), open1.AckFrame{Spool: g.spool, Have: g.have, Refused: refused}); err != nil {
		g.Fatalf("Ack: %v", err)
	}
}

func seqs(frames []open1.Frame) []int64 {
	out := make([]int64, len(frames))
	for i, f := range frames {
		out[i] = f.Seq
	}
	return out
}

// until waits for what another goroutine of the product brings about. It asks
// again on every notice, so nothing is slept.
func (s *site) until(what string, ok func() bool) {
	s.Helper()
	changed, leave := s.hub.watch()
	defer leave()
	deadline := time.After(20 * time.Second)
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-changed:
		case <-poll.C:
		case <-deadline:
			s.Fatalf("waited in vain until %s", what)
		}
	}
}

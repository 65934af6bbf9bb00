package gateway

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/stdif/open1"
)

// tally is what the terminal must be told: per spool, every number that is
// durable here, and which of them were not understood. commit owns it.
type tally struct {
	have    map[string]open1.Ranges
	refused map[string][]open1.Refusal
	untold  map[string]bool
}

func newTally(hello open1.Hello) *tally {
	t := &tally{have: map[string]open1.Ranges{}, refused: map[string][]open1.Refusal{}, untold: map[string]bool{}}
	if hello.Spool != "" {
		t.have[hello.Spool] = append(open1.Ranges(nil), hello.Have...)
	}
	return t
}

// mark notes a durable frame. A terminal may number with a new spool in the
// middle of a connection; what is still on its way of the old one stays apart.
func (t *tally) mark(in act.Incoming) {
	if in.Seq == 0 || in.Spool == "" {
		return
	}
	have := t.have[in.Spool]
	have.Add(in.Seq)
	t.have[in.Spool], t.untold[in.Spool] = have, true
	p := in.Problem
	if p == nil && in.Refused != nil {
		p = in.Refused.Problem
	}
	if p != nil {
		t.refused[in.Spool] = append(t.refused[in.Spool], open1.Refusal{Seq: in.Seq, Problem: *p})
	}
}

// tell acknowledges what is new.
func (t *tally) tell(ctx context.Context, conn *open1.Conn) error {
	for spool := range t.untold {
		if err := conn.Ack(ctx, open1.AckFrame{Spool: spool, Have: t.have[spool], Refused: t.refused[spool]}); err != nil {
			return err
		}
		delete(t.untold, spool)
		delete(t.refused, spool)
	}
	return nil
}

// Refusals are told again on a new connection: the old one may have broken
// before they arrived, and the frames themselves do not come again.
const (
	refusalsSince = 7 * 24 * time.Hour // as long as the terminal keeps what was acknowledged
	maxRefusals   = 1000
)

func (s *session) tellRefusals(ctx context.Context, hello open1.Hello) error {
	if hello.Spool == "" {
		return nil
	}
	refused, err := s.l.g.c.Store.Refusals(ctx, s.l.id, hello.Spool, s.l.g.c.Now().Add(-refusalsSince))
	if err != nil || len(refused) == 0 {
		return err
	}
	return s.conn.Ack(ctx, open1.AckFrame{Spool: hello.Spool, Have: hello.Have, Refused: refused[max(0, len(refused)-maxRefusals):]})
}

// commit waits for the writer and tells the terminal what is durable. Acks are
// cumulative, so one answers for all that finished meanwhile.
func (s *session) commit(ctx context.Context) error {
	if err := s.tellRefusals(ctx, s.hello); err != nil {
		return err
	}
	told := newTally(s.hello)
	for {
		select {
		case a := <-s.arrived:
			s.settle(ctx, a, told)
		case done := <-s.l.retry.done:
			told.mark(done)
		case <-s.l.retry.left:
			if err := s.conn.RequestSnapshot(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		for more := true; more; {
			select {
			case a := <-s.arrived:
				s.settle(ctx, a, told)
			case done := <-s.l.retry.done:
				told.mark(done)
			default:
				more = false
			}
		}
		if err := told.tell(ctx, s.conn); err != nil {
			return err
		}
	}
}

// settle waits for one frame. What cannot be stored rings from memory, is not
// acknowledged, and is tried again.
func (s *session) settle(ctx context.Context, a arrived, told *tally) {
	err := a.pending.Wait(ctx)
	switch {
	case ctx.Err() != nil: // nobody is told any more, and the terminal sends it again
	case err != nil:
		s.l.g.c.Log.Error("store a frame", "terminal", s.l.id, "seq", a.in.Seq, "err", err)
		s.l.retry.add(a.in)
	default:
		s.l.retry.stored(a.in.Frame)
		told.mark(a.in)
	}
}

// gaps notices numbers that did not come. read owns it. Within a spool live
// frames come in order, and a snapshot brings everything up to its Through, so
// whatever is missing after snapshot.end has been left out (§5.4: gap ⇒ snapshot).
type gaps struct {
	spool   string
	seen    open1.Ranges
	through int64 // highest number that must be here
	whole   bool  // the last snapshot has ended
	tries   int
}

// maxGapTries bounds how often one connection asks for what does not come: the
// terminal may have it no more. The next connection's hello says it again.
const maxGapTries = 3

// numbered notes a frame and reports whether to ask for a snapshot.
func (g *gaps) numbered(f open1.Frame) bool {
	if f.Spool == "" || f.Seq == 0 {
		return false
	}
	g.follow(f.Spool)
	g.seen.Add(f.Seq)
	if !f.Late {
		g.through = max(g.through, f.Seq)
	}
	return g.missing()
}

func (g *gaps) begin(s open1.Snapshot) {
	g.follow(s.Spool)
	g.through, g.whole = max(g.through, s.Through), false
}

// end reports whether to ask again.
func (g *gaps) end() bool {
	g.whole = true
	return g.missing()
}

func (g *gaps) follow(spool string) {
	if spool != g.spool {
		*g = gaps{spool: spool}
	}
}

func (g *gaps) missing() bool {
	if !g.whole {
		return false
	}
	if len(g.seen.Missing(g.through)) == 0 {
		g.tries = 0
		return false
	}
	if g.tries >= maxGapTries {
		return false
	}
	g.tries++
	g.whole = false // until the answer is complete
	return true
}

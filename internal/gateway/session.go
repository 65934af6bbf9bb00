package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// session is one connection to a terminal. read, commit, send and health each
// own a goroutine; have belongs to commit.
type session struct {
	l       *link
	conn    *open1.Conn
	client  *open1.Client
	spool   string
	have    open1.Ranges
	arrived chan arrived
}

// arrived is a frame on its way into the store.
type arrived struct {
	in      act.Incoming
	pending *writer.Pending
}

var errSilent = errors.New("no sign of the terminal for three pings")

// read takes frames off the wire and hands them to the writer in their order.
// It never waits for a commit: up to maxInFlight are under way.
func (s *session) read(ctx context.Context) error {
	for {
		waiting, cancel := context.WithTimeoutCause(ctx, terminal.DeadAfter, errSilent)
		f, wire, problem, err := s.conn.Read(waiting)
		cause := context.Cause(waiting)
		cancel()
		if err != nil {
			if errors.Is(cause, errSilent) {
				return errSilent
			}
			return err
		}
		if problem == nil && s.control(ctx, f) {
			continue
		}
		if err := s.take(ctx, s.l.incoming(f, wire, problem, s.frameID(f, wire))); err != nil {
			return err
		}
	}
}

// control handles the frames that carry no message.
func (s *session) control(ctx context.Context, f open1.Frame) bool {
	switch f.Type {
	case open1.TypePing:
	case open1.TypeSnapshotBegin:
		snapshot, problem := f.ReadSnapshot()
		if problem != nil {
			return false
		}
		s.l.step(ctx, terminal.Event{Kind: terminal.EventSnapshotBegin, Missing: snapshot.Missing})
	case open1.TypeSnapshotEnd:
		s.l.step(ctx, terminal.Event{Kind: terminal.EventSnapshotEnd})
		s.l.kick()
	default:
		return false
	}
	return true
}

// frameID identifies a frame for ever. One without a readable number is known
// by its bytes, so that its repeats do not ring again.
func (s *session) frameID(f open1.Frame, wire []byte) string {
	if f.Seq > 0 && f.Spool != "" {
		return fmt.Sprintf("%s/%s/%d", s.l.id, f.Spool, f.Seq)
	}
	sum := sha256.Sum256(wire)
	return s.l.id + "/bytes/" + hex.EncodeToString(sum[:16])
}

func (s *session) take(ctx context.Context, in act.Incoming) error {
	p, err := s.l.g.c.Acts.Arrive(ctx, s.l.from(in), in)
	if err != nil {
		return err
	}
	select {
	case s.arrived <- arrived{in, p}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commit waits for the writer and tells the terminal what is durable. Acks are
// cumulative, so one answers for all that finished meanwhile.
func (s *session) commit(ctx context.Context) error {
	for {
		var refused []open1.Refusal
		stored := false
		select {
		case a := <-s.arrived:
			stored = s.settle(ctx, a, &refused)
		case <-ctx.Done():
			return ctx.Err()
		case done := <-s.l.retry.done:
			stored = s.mark(done)
		case <-s.l.retry.left:
			if err := s.conn.RequestSnapshot(ctx); err != nil {
				return err
			}
		}
		for more := true; more; {
			select {
			case a := <-s.arrived:
				stored = s.settle(ctx, a, &refused) || stored
			case done := <-s.l.retry.done:
				stored = s.mark(done) || stored
			default:
				more = false
			}
		}
		if !stored {
			continue
		}
		if err := s.conn.Ack(ctx, open1.AckFrame{Spool: s.spool, Have: s.have, Refused: refused}); err != nil {
			return err
		}
	}
}

// settle waits for one frame. What cannot be stored rings from memory, is not
// acknowledged, and is tried again.
func (s *session) settle(ctx context.Context, a arrived, refused *[]open1.Refusal) bool {
	err := a.pending.Wait(ctx)
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		s.l.g.c.Log.Error("store a frame", "terminal", s.l.id, "seq", a.in.Seq, "err", err)
		s.l.retry.add(a.in)
		return false
	}
	if p := a.in.Problem; p != nil && a.in.Seq > 0 {
		*refused = append(*refused, open1.Refusal{Seq: a.in.Seq, Problem: *p})
	}
	return s.mark(a.in)
}

// mark notes a durable frame.
func (s *session) mark(in act.Incoming) bool {
	if in.Seq == 0 || in.Spool == "" {
		return false
	}
	if in.Spool != s.spool { // the terminal numbers with a new spool
		s.spool, s.have = in.Spool, nil
	}
	s.have.Add(in.Seq)
	return true
}

// health asks the terminal how it is, every few seconds.
func (s *session) health(ctx context.Context) error {
	tick := time.NewTicker(terminal.PingEvery)
	defer tick.Stop()
	renewal := time.NewTicker(6 * time.Hour)
	defer renewal.Stop()
	s.renew(ctx)
	for {
		s.ask(ctx)
		select {
		case <-tick.C:
		case <-renewal.C:
			s.renew(ctx)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *session) renew(ctx context.Context) {
	if s.l.g.c.Renew == nil {
		return
	}
	if err := s.l.g.c.Renew(ctx, s.l.id, s.l.t.Address); err != nil && ctx.Err() == nil {
		s.l.g.c.Log.Error("renew the certificate of a terminal", "terminal", s.l.id, "err", err)
	}
}

func (s *session) ask(ctx context.Context) {
	h, err := s.client.Health(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.l.g.c.Log.Warn("health of a terminal", "terminal", s.l.id, "err", err)
		}
		return
	}
	s.l.mu.Lock()
	s.l.seen = Info{Pending: h.Pending, Storable: h.Storable, Heard: true}
	s.l.mu.Unlock()
	services := make([]terminal.Service, 0, len(h.Services))
	for _, v := range h.Services {
		services = append(services, terminal.Service{ID: v.ServiceID, Name: v.Name, OutputOnly: v.OutputOnly})
	}
	if err := s.l.g.c.Acts.Services(ctx, s.l.g.who, s.l.id, services); err != nil && ctx.Err() == nil {
		s.l.g.c.Log.Error("record the services of a terminal", "terminal", s.l.id, "err", err)
	}
	for plane, state := range h.Planes {
		kind := terminal.EventPlaneUp
		if state == "down" {
			kind = terminal.EventPlaneDown
		}
		s.l.step(ctx, terminal.Event{Kind: kind, Plane: plane})
	}
}

// answerID names the n-th frame of an answer to a data request.
func answerID(terminalID, request string, n int) string {
	return fmt.Sprintf("%s/answer/%s/%d", terminalID, request, n)
}

// problemOf is the code with which a request failed.
func problemOf(err error) stdif.Code {
	if p, ok := errors.AsType[*stdif.Problem](err); ok {
		return p.Code
	}
	return stdif.CodeInternal
}

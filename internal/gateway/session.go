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
// own a goroutine; gaps belongs to read.
type session struct {
	l       *link
	conn    *open1.Conn
	client  *open1.Client
	hello   open1.Hello
	gaps    gaps
	arrived chan arrived
}

func newSession(l *link, conn *open1.Conn, client *open1.Client, hello open1.Hello) *session {
	return &session{
		l: l, conn: conn, client: client, hello: hello, arrived: make(chan arrived, maxInFlight),
		gaps: gaps{spool: hello.Spool, seen: append(open1.Ranges(nil), hello.Have...)},
	}
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
		if problem != nil && silent(f.Type) {
			s.l.g.c.Log.Warn("a frame without a message cannot be read", "terminal", s.l.id, "type", string(f.Type), "code", int(problem.Code))
			continue
		}
		ask := s.gaps.numbered(f)
		handled := false
		if problem == nil {
			if handled = s.control(ctx, f); f.Type == open1.TypeSnapshotEnd {
				ask = s.gaps.end()
			}
		}
		if ask {
			s.l.g.c.Log.Warn("numbers are missing; asking for a snapshot", "terminal", s.l.id, "code", int(stdif.CodeGap))
			if err := s.conn.RequestSnapshot(ctx); err != nil {
				return err
			}
		}
		if handled {
			continue
		}
		if err := s.take(ctx, s.l.incoming(f, wire, problem, s.frameID(f, wire))); err != nil {
			return err
		}
	}
}

// silent are the types that carry no message: one that cannot be read is no
// report that somebody has to look at, and pings come every five seconds.
func silent(t open1.Type) bool {
	return t == open1.TypePing || t == open1.TypeSnapshotBegin || t == open1.TypeSnapshotEnd
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
		s.gaps.begin(snapshot)
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

// take hands a frame in. What came off the wire is stored although the
// connection breaks meanwhile: a link that breaks after every few frames would
// otherwise never come any further.
func (s *session) take(ctx context.Context, in act.Incoming) error {
	p, err := s.l.g.c.Acts.Arrive(context.WithoutCancel(ctx), s.l.from(in), in)
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
	s.l.seen = Info{Pending: h.Pending, Storable: h.Storable, Heard: true, Screen: h.Planes["screen"]}
	s.l.mu.Unlock()
	services := make([]terminal.Service, 0, len(h.Services))
	for _, v := range h.Services {
		services = append(services, terminal.Service{ID: v.ServiceID, Name: v.Name, OutputOnly: v.OutputOnly, Offer: v.Offer})
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

// answerID names a frame of an answer to a data request, by its bytes: a
// request that is asked again after a broken link may be answered in another
// order, and with more.
func answerID(terminalID, request string, wire []byte) string {
	sum := sha256.Sum256(wire)
	return terminalID + "/answer/" + request + "/" + hex.EncodeToString(sum[:16])
}

// problemOf is the code with which a request failed.
func problemOf(err error) stdif.Code {
	if p, ok := errors.AsType[*stdif.Problem](err); ok {
		return p.Code
	}
	return stdif.CodeInternal
}

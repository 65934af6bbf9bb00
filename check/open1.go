package check

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// mediumLimit is the size of the largest medium that the runner fetches; its own
// is far smaller.
const mediumLimit = 1 << 20

// open1Port is the terminal by open/1.
type open1Port struct {
	*open1.Client
	t Target
}

func newOpen1(t Target) port { return &open1Port{open1.NewClient(t.Address, t.TLS), t} }

func (p *open1Port) close() { p.Close() }

func (p *open1Port) state(ctx context.Context) (state, error) {
	h, err := p.Health(ctx)
	if err != nil {
		return state{}, err
	}
	s := state{Terminal: h.TerminalID, Version: h.Version, Clock: h.Clock, OutputOnly: map[string]bool{},
		LineTaken: h.Planes["data"] == "ready", Screen: h.Planes["screen"]}
	for _, v := range h.Services {
		s.OutputOnly[v.ServiceID] = v.OutputOnly
	}
	return s, nil
}

func (p *open1Port) medium(ctx context.Context, service, report, medium string) (string, int64, error) {
	body, _, err := p.Media(ctx, service, report, medium, 0)
	if err != nil {
		return "", 0, err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(body, mediumLimit))
	if err := errors.Join(err, body.Close()); err != nil {
		return "", n, fmt.Errorf("fetch medium: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), n, nil
}

// line says hello and claims to have nothing: whoever names a number in a hello
// or an acknowledgement makes the terminal forget that message one day.
func (p *open1Port) line(ctx context.Context) (line, error) {
	c, err := open1.Dial(ctx, p.t.Address, p.t.TLS, open1.Hello{Headquarters: p.t.Headquarters, Name: "check"})
	if err != nil {
		return nil, err
	}
	// The line is open when the terminal has said what it has: what is spooled from
	// now on is of the live lane.
	ctx, cancel := context.WithTimeout(ctx, open1.RequestTimeout)
	defer cancel()
	for {
		f, _, p, err := c.Read(ctx)
		if err == nil && p != nil {
			err = p
		}
		if err != nil {
			_ = c.CloseNow() // the error says more
			return nil, err
		}
		if f.Type == open1.TypeSnapshotBegin {
			return open1Line{c}, nil
		}
	}
}

func (p *open1Port) screen(ctx context.Context) (screen, error) { return p.Screen(ctx) }

type open1Line struct{ c *open1.Conn }

func (l open1Line) cut() { _ = l.c.CloseNow() } // the way it is gone does not matter

// next returns the next numbered message; what has no number is passed over.
func (l open1Line) next(ctx context.Context) (message, error) {
	for {
		f, _, p, err := l.c.Read(ctx)
		if err != nil {
			return message{}, err
		}
		if p != nil {
			return message{problem: p}, nil
		}
		if f.Seq == 0 {
			continue
		}
		m := message{spool: f.Spool, seq: f.Seq, answer: stdif.Answer{ServiceID: f.ServiceID, Mode: f.Mode}}
		m.answer.Inbound, m.answer.Warnings, m.problem = open1.DecodeBody(f)
		f.Late = false // the one thing that differs when a frame comes again
		wire, err := open1.Encode(f)
		if err != nil {
			return message{}, err
		}
		sum := sha256.Sum256(wire)
		m.digest = hex.EncodeToString(sum[:])
		return m, nil
	}
}

package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/fault"
	"golang.org/x/time/rate"
)

// paces bound how fast clients ask. A machine that reads too fast is told to
// wait (429). What a person does through a client, and what a machine tells us
// of a call, is never refused: beyond the limit it is answered later, by at most
// patience, so that a program that has run wild slows itself and nobody else.
type paces struct {
	mu sync.Mutex
	of map[string]*pace
}

type pace struct {
	rate    *rate.Limiter
	streams int
	noted   time.Time
}

const (
	machineRate, machineBurst = 50, 200
	personRate, personBurst   = 50, 200
	patience                  = time.Second
	mostStreams               = 32 // of one client
	mostPaces                 = 4096
	noteEvery                 = time.Minute
	noteTime                  = 2 * time.Second
)

func (p *paces) get(key string, limit rate.Limit, burst int) *pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.of[key]
	if v == nil {
		if len(p.of) >= mostPaces {
			clear(p.of)
		}
		v = &pace{rate: rate.NewLimiter(limit, burst)}
		p.of[key] = v
	}
	return v
}

// pace lets a client's request through, now, later or not at all, and notes that
// the credential and the session are in use.
func (s *Server) pace(r *http.Request, id authn.Identity) error {
	if id.Client == nil {
		return nil
	}
	s.noteUse(r.Context(), id)
	if id.Person == nil {
		p := s.paces.get(id.Client.ID, machineRate, machineBurst)
		if r.Method == http.MethodGet {
			if !p.rate.Allow() {
				return fault.New(fault.TooMany, "client.too-fast")
			}
			return nil
		}
		return p.later(r.Context())
	}
	return s.paces.get(id.Client.ID+"/"+id.Console.ID, personRate, personBurst).later(r.Context())
}

// later waits for the next turn, but never longer than patience.
func (p *pace) later(ctx context.Context) error {
	turn := p.rate.Reserve()
	wait := turn.Delay()
	if wait == 0 {
		return nil
	}
	if wait > patience {
		turn.Cancel()
		wait = patience
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// noteUse records signs of life. What cannot be recorded does not keep anybody
// from acting.
func (s *Server) noteUse(ctx context.Context, id authn.Identity) {
	_, credential := id.Credential.Use(s.now())
	session := false
	if id.Session != nil {
		_, session = id.Session.Touch(s.now())
	}
	if !credential && !session {
		return
	}
	key := "use/" + id.Credential.TokenHash
	if session {
		key = "use/" + id.Session.TokenHash
	}
	if !s.paces.get(key, 1, 1).due(&s.paces.mu, s.now()) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	if credential {
		machine := id
		machine.Person, machine.Session = nil, nil
		if err := s.acts.UseClient(ctx, s.whoOf(machine), id.Credential.TokenHash); err != nil {
			s.log.Warn("note the use of a credential", "err", err)
		}
	}
	if session {
		if err := s.acts.Touch(ctx, s.whoOf(id), id.Session.TokenHash); err != nil {
			s.log.Warn("keep a session", "err", err)
		}
	}
}

// due says once in noteEvery that it is worth trying to write.
func (p *pace) due(mu *sync.Mutex, now time.Time) bool {
	mu.Lock()
	defer mu.Unlock()
	if now.Sub(p.noted) < noteEvery && !now.Before(p.noted) {
		return false
	}
	p.noted = now
	return true
}

// enter counts an open stream of a client; leave must be called at its end.
func (p *paces) enter(id authn.Identity) (leave func(), err error) {
	if id.Client == nil {
		return func() {}, nil
	}
	v := p.get("streams/"+id.Client.ID, 1, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if v.streams >= mostStreams {
		return nil, fault.New(fault.TooMany, "client.too-many-streams", "most", "32")
	}
	v.streams++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		v.streams--
	}, nil
}

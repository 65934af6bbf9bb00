package httpapi

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/report"
)

// attendance is when each seat was heard last: by the beat of its page, or by
// anything else that its person asked. An open stream is no sign: what a page
// that is gone would have read lies in a socket for minutes. It is memory only;
// after a start every seat counts as heard at the start, so that restarts mark
// nobody (AC-05). Durations are of the machine's steady clock.
type attendance struct {
	start time.Time

	mu sync.Mutex
	of map[string]heard
}

type heard struct {
	at    time.Time
	sound string // what the page last said of its sound
}

func (a *attendance) hear(seat string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h := a.of[seat]
	h.at = time.Now()
	a.of[seat] = h
}

func (a *attendance) beat(seat, sound string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of[seat] = heard{time.Now(), sound}
}

func (a *attendance) look(seat string) (silent time.Duration, sound string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h, ok := a.of[seat]
	if !ok {
		h.at = a.start
	}
	return time.Since(h.at), h.sound
}

// Silent is how long a seat has said nothing.
func (s *Server) Silent(seat string) time.Duration {
	silent, _ := s.attendance.look(seat)
	return silent
}

type beatInput struct {
	Body struct {
		Sound string `json:"sound,omitempty" enum:"ready,blocked" doc:"whether the browser lets sound out now"`
	}
}

// takeBeat is the sign of life of a page, every 15 s: without three of them the
// claims of its seat are marked stale.
func (s *Server) takeBeat(_ context.Context, id authn.Identity, in *beatInput) (nothing, error) {
	if id.Console.ID != "" {
		s.attendance.beat(id.Console.ID, in.Body.Sound)
	}
	return nothing{}, nil
}

// Presence says whether a console's page is open, who sits there, and whether
// its ring was heard at the start of the shift.
type Presence struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	Supervisor bool          `json:"supervisor"`
	Present    bool          `json:"present"`
	Silent     bool          `json:"silent" doc:"somebody is logged in and three beats of the page were missed"`
	PersonName string        `json:"personName"`
	Sound      console.Sound `json:"sound" enum:"proved,unproved," doc:"as the person on duty stated; empty = not yet"`
	Reason     string        `json:"reason,omitempty" doc:"why it is unproved"`
	Blocked    bool          `json:"blocked" doc:"the browser lets no sound out now"`
	Volume     int64         `json:"volume" doc:"percent; 0 = nobody is on duty"`
	Since      time.Time     `json:"since,omitzero" doc:"when the shift began"`
}

func (s *Server) presences(ctx context.Context, n *names) ([]Presence, error) {
	consoles, err := s.store.Consoles().Consoles(ctx)
	if err != nil {
		return nil, err
	}
	open, err := s.store.Staff().Sessions(ctx)
	if err != nil {
		return nil, err
	}
	shifts, err := s.store.Shifts().Shifts(ctx)
	if err != nil {
		return nil, err
	}
	sits, duty := map[string]string{}, map[string]console.Shift{}
	for _, v := range open {
		if v.Valid(s.now()) {
			sits[v.ConsoleID] = v.PersonID
		}
	}
	for _, w := range shifts {
		duty[w.Console] = w
	}
	out := make([]Presence, 0, len(consoles))
	for _, c := range consoles {
		if c.Revoked() {
			continue
		}
		silent, sound := s.attendance.look(c.ID)
		p := Presence{ID: c.ID, Name: c.Name, Supervisor: c.Supervisor, Present: s.hub.isPresent(c.ID), PersonName: n.persons[sits[c.ID]]}
		p.Silent = p.PersonName != "" && silent >= report.ClaimStaleAfter
		p.Blocked = p.Present && sound == "blocked"
		if w, ok := duty[c.ID]; ok && w.Person == sits[c.ID] {
			p.Sound, p.Reason, p.Volume, p.Since = w.Sound, w.Reason, w.Volume, w.BeganAt
		}
		out = append(out, p)
	}
	return out, nil
}

// tellPresences tells every page who sits where, when that changed. Silence and
// blocked sound are stored nowhere and so make no change of their own.
func (h *hub) tellPresences(ctx context.Context) {
	all, err := h.s.presences(ctx, h.lastNames())
	if err != nil {
		return // the next second tries again
	}
	if slices.Equal(all, h.seats) {
		return
	}
	h.seats = all
	h.tell("consoles", all, true)
}

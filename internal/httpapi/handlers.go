package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
)

// Me says which console this is and who sits there.
type Me struct {
	Headquarters Named     `json:"headquarters"`
	Console      Seated    `json:"console"`
	Person       *Somebody `json:"person"`
	Client       *Named    `json:"client,omitempty" doc:"the program that asks; absent for a browser. Without a person it is a machine, and console is empty"`
	Token        string    `json:"token,omitempty" doc:"of a log-in through a client: the bearer token of this person's session"`
}

// Named is an id with its words.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Seated is a console.
type Seated struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Supervisor bool   `json:"supervisor"`
}

// Somebody is a person who is logged in.
type Somebody struct {
	ID    string       `json:"id"`
	Name  string       `json:"name"`
	Roles []staff.Role `json:"roles"`
}

func (s *Server) meOf(id authn.Identity) Me {
	m := Me{Headquarters: Named{s.hq, s.hqName}, Console: Seated{id.Console.ID, id.Console.Name, id.Console.Supervisor}}
	if id.Person != nil {
		m.Person = &Somebody{id.Person.ID, id.Person.Name, id.Person.Roles}
	}
	if id.Client != nil {
		m.Client = &Named{id.Client.ID, id.Client.Name}
	}
	return m
}

func (s *Server) me(_ context.Context, id authn.Identity, _ *nothing) (Me, error) {
	return s.meOf(id), nil
}

type joinInput struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"100" doc:"as matoi console add prints it"`
	}
}

// Joined is the console that a code made of this browser.
type Joined struct {
	ConsoleID string `json:"consoleId"`
	Name      string `json:"name"`
}

func (s *Server) joinConsole(ctx context.Context, _ authn.Identity, in *joinInput) (Joined, error) {
	c, secret, err := s.acts.JoinConsole(ctx, act.Machine(authz.KindStranger), in.Body.Code)
	if err != nil {
		return Joined{}, err
	}
	authn.SetConsole(doorOf(ctx).w, c.ID, secret)
	return Joined{c.ID, c.Name}, nil
}

type logInInput struct {
	Body struct {
		Account  string `json:"account" minLength:"1" maxLength:"200"`
		Password string `json:"password" minLength:"1" maxLength:"1000"`
	}
}

func (s *Server) logIn(ctx context.Context, id authn.Identity, in *logInInput) (Me, error) {
	if id.Client != nil {
		return s.logInThrough(ctx, id, in)
	}
	// At the door it is the console that asks; who sits there is what comes out.
	who := act.Who{Principal: authz.OfConsole(id.Console.ID), Console: id.Console.ID}
	p, token, err := s.acts.LogIn(ctx, who, in.Body.Account, in.Body.Password)
	if err != nil {
		return Me{}, err
	}
	d := doorOf(ctx)
	authn.SetSession(d.w, id.Console.ID, token)
	authn.KeepConsole(d.w, d.r, id.Console.ID)
	id.Person = &p
	return s.meOf(id), nil
}

func (s *Server) logOut(ctx context.Context, id authn.Identity, _ *nothing) (nothing, error) {
	if id.Client == nil {
		authn.ClearSession(doorOf(ctx).w, id.Console.ID)
	}
	if err := s.acts.EndShift(ctx, s.whoOf(id)); err != nil && fault.Of(err) != fault.Denied {
		return nothing{}, err
	}
	return nothing{}, s.acts.LogOut(ctx, s.whoOf(id), id.Session.TokenHash)
}

// Board is everything that a console shows at once.
type Board struct {
	Cursor    int64      `json:"cursor" doc:"the feed goes on after this change"`
	Now       time.Time  `json:"now"`
	Reports   []Card     `json:"reports"`
	Terminals []Link     `json:"terminals"`
	Unsaved   []Card     `json:"unsaved"`
	Consoles  []Presence `json:"consoles"`
	Counts    Counts     `json:"counts"`
	Videos    []Video    `json:"videos" doc:"requests for video that belong to no report yet"`
	Flood     FloodRule  `json:"flood" doc:"when reports of one service stand as one counted card"`
	Missed    int64      `json:"missed" doc:"entries on the missed panel"`
}

// Counts compare what is stored with what some console has painted.
type Counts struct {
	Stored int64 `json:"stored"`
	Shown  int64 `json:"shown"`
}

func (s *Server) board(ctx context.Context, _ authn.Identity, _ *nothing) (Board, error) {
	// The cursor first: what changes while the rest is read comes again on the feed.
	cursor, _ := s.hub.heads()
	b := Board{Cursor: cursor, Now: s.now(), Reports: []Card{}, Terminals: []Link{}, Unsaved: s.hub.unsavedCards(), Consoles: []Presence{}, Flood: floodRule}
	n, err := s.names(ctx)
	if err != nil {
		return b, err
	}
	open, err := s.store.Reports().Board(ctx)
	if err != nil {
		return b, err
	}
	if b.Reports, err = s.cards(ctx, n, open); err != nil {
		return b, err
	}
	if b.Videos, err = s.waitingVideos(ctx, n); err != nil {
		return b, err
	}
	b.Terminals = s.linksOf(n)
	if b.Consoles, err = s.presences(ctx, n); err != nil {
		return b, err
	}
	if b.Missed, err = s.store.Panel().CountMissed(ctx); err != nil {
		return b, err
	}
	b.Counts.Stored, b.Counts.Shown, err = s.store.Reports().Counts(ctx)
	return b, err
}

type paintedInput struct {
	Body struct {
		Through int64    `json:"through" minimum:"0"`
		Reports []string `json:"reports" maxItems:"1000" doc:"ids of reports that are in the page's pixels now"`
	}
}

// confirmPainted records the step integrated for what this page is the first to
// have painted. It answers when all of that is durable, whoever recorded it.
func (s *Server) confirmPainted(ctx context.Context, id authn.Identity, in *paintedInput) (nothing, error) {
	who := s.whoOf(id)
	waiting := make([]*confirmation, len(in.Body.Reports))
	for i, report := range in.Body.Reports {
		c, mine := s.painted.begin(report)
		waiting[i] = c
		if mine { // together, so that one commit takes them all
			go func() { s.painted.settle(report, c, s.integrate(ctx, who, report)) }()
		}
	}
	for _, c := range waiting {
		select {
		case <-c.done:
		case <-ctx.Done():
			return nothing{}, ctx.Err()
		}
		if c.err != nil && fault.Of(c.err) != fault.NotFound {
			return nothing{}, c.err
		}
	}
	return nothing{}, nil
}

// integrate runs to its end although the page that asked may go away: other
// pages wait for the same act.
func (s *Server) integrate(ctx context.Context, who act.Who, report string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), integrateTime)
	defer cancel()
	return s.acts.Painted(ctx, who, report)
}

const integrateTime = 10 * time.Second

func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	h := s.health(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !h.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h) // whoever asked is gone if this fails
}

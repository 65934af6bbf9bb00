package httpapi

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/staff"
)

// ConsoleView is an enrolled console as whoever keeps the room sees it.
type ConsoleView struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Supervisor bool      `json:"supervisor"`
	EnrolledAt time.Time `json:"enrolledAt"`
	Revoked    bool      `json:"revoked"`
	Present    bool      `json:"present" doc:"a page of it is open now"`
	PersonName string    `json:"personName"`
}

func (s *Server) listConsoles(ctx context.Context, _ authn.Identity, _ *nothing) ([]ConsoleView, error) {
	n, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	consoles, err := s.store.Consoles().Consoles(ctx)
	if err != nil {
		return nil, err
	}
	present, err := s.presences(ctx, n)
	if err != nil {
		return nil, err
	}
	sits := map[string]Presence{}
	for _, p := range present {
		sits[p.ID] = p
	}
	out := make([]ConsoleView, 0, len(consoles))
	for _, c := range consoles {
		p := sits[c.ID]
		out = append(out, ConsoleView{c.ID, c.Name, c.Supervisor, c.EnrolledAt, c.Revoked(), p.Present, p.PersonName})
	}
	return out, nil
}

type issueInput struct {
	Body struct {
		ID         string `json:"id,omitempty" maxLength:"64" doc:"an existing console whose browser is to be replaced; none: a new console"`
		Name       string `json:"name" minLength:"1" maxLength:"100"`
		Supervisor bool   `json:"supervisor,omitempty" doc:"this is the 指揮台"`
	}
}

// ConsoleCode is a code that makes one browser a console, once. It is shown here and
// nowhere else.
type ConsoleCode struct {
	ConsoleID string    `json:"consoleId"`
	Code      string    `json:"code"`
	Until     time.Time `json:"until"`
}

func (s *Server) issueConsole(ctx context.Context, id authn.Identity, in *issueInput) (ConsoleCode, error) {
	seat := in.Body.ID
	if seat == "" {
		seat = uuid.Must(uuid.NewV7()).String()
	} else if _, err := s.store.Consoles().Console(ctx, seat); err != nil {
		return ConsoleCode{}, err
	}
	code, err := s.acts.IssueConsole(ctx, s.whoOf(id), seat, in.Body.Name, in.Body.Supervisor)
	return ConsoleCode{seat, code, s.now().Add(console.CodeLife)}, err
}

func (s *Server) revokeConsole(ctx context.Context, id authn.Identity, in *reportInput) (nothing, error) {
	return nothing{}, s.acts.RevokeConsole(ctx, s.whoOf(id), in.ID)
}

func (s *Server) revokeTerminal(ctx context.Context, id authn.Identity, in *reportInput) (nothing, error) {
	return nothing{}, s.acts.RevokeTerminal(ctx, s.whoOf(id), in.ID)
}

// PersonView is a person as whoever manages persons sees them.
type PersonView struct {
	ID         string       `json:"id"`
	Account    string       `json:"account"`
	Name       string       `json:"name"`
	Roles      []staff.Role `json:"roles"`
	State      staff.State  `json:"state" enum:"active,suspended,left"`
	PasswordAt time.Time    `json:"passwordAt"`
}

func (s *Server) listPersons(ctx context.Context, _ authn.Identity, _ *nothing) ([]PersonView, error) {
	people, err := s.store.Staff().People(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]PersonView, 0, len(people))
	for _, p := range people {
		out = append(out, viewOf(p))
	}
	return out, nil
}

func viewOf(p staff.Person) PersonView {
	return PersonView{p.ID, p.Account, p.Name, p.Roles, p.State, p.PasswordAt}
}

type addPersonInput struct {
	Body struct {
		Account  string       `json:"account" minLength:"1" maxLength:"64"`
		Name     string       `json:"name" minLength:"1" maxLength:"100"`
		Password string       `json:"password" minLength:"1" maxLength:"1000"`
		Roles    []staff.Role `json:"roles" minItems:"1" maxItems:"4"`
	}
}

func (s *Server) addPerson(ctx context.Context, id authn.Identity, in *addPersonInput) (PersonView, error) {
	p, err := s.acts.AddPerson(ctx, s.whoOf(id), in.Body.Account, in.Body.Name, in.Body.Password, in.Body.Roles)
	if err != nil {
		return PersonView{}, err
	}
	return viewOf(p), nil
}

type changePersonInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		State    *staff.State `json:"state,omitempty" enum:"active,suspended,left"`
		Roles    []staff.Role `json:"roles,omitempty" maxItems:"4" doc:"all roles from now on; none: as they are"`
		Password *string      `json:"password,omitempty" minLength:"1" maxLength:"1000" doc:"a new one; the person is logged out everywhere"`
	}
}

func (s *Server) changePerson(ctx context.Context, id authn.Identity, in *changePersonInput) (PersonView, error) {
	if err := s.acts.ChangePerson(ctx, s.whoOf(id), in.ID, in.Body.State, in.Body.Roles, in.Body.Password); err != nil {
		return PersonView{}, err
	}
	p, err := s.store.Staff().Person(ctx, in.ID)
	return viewOf(p), err
}

func (s *Server) revokeSessions(ctx context.Context, id authn.Identity, in *reportInput) (nothing, error) {
	return nothing{}, s.acts.RevokeSessions(ctx, s.whoOf(id), in.ID)
}

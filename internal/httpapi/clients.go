package httpapi

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/fault"
)

// ClientView is a client as supervisors see it.
type ClientView struct {
	ID          string           `json:"id"`
	Name        string           `json:"name"`
	Owner       string           `json:"owner"`
	Scopes      []client.Scope   `json:"scopes"`
	CreatedAt   time.Time        `json:"createdAt"`
	ExpiresAt   time.Time        `json:"expiresAt"`
	RevokedAt   time.Time        `json:"revokedAt,omitzero"`
	Credentials []CredentialView `json:"credentials"`
	Consoles    []Named          `json:"consoles"`
}

// CredentialView is a credential without its token, which nobody has any more.
type CredentialView struct {
	Name        string    `json:"name"`
	Certificate string    `json:"certificate,omitempty" doc:"SHA-256 of the certificate that must come with it"`
	CreatedAt   time.Time `json:"createdAt"`
	ExpiresAt   time.Time `json:"expiresAt"`
	RevokedAt   time.Time `json:"revokedAt,omitzero"`
	UsedAt      time.Time `json:"usedAt,omitzero" doc:"to the hour"`
}

// Issued is a token, shown this once.
type Issued struct {
	ClientID string `json:"clientId"`
	Token    string `json:"token" doc:"shown once; only its hash is kept"`
}

func (s *Server) listClients(ctx context.Context, _ authn.Identity, _ *nothing) ([]ClientView, error) {
	n, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.store.Clients().Clients(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]ClientView, 0, len(all))
	for _, c := range all {
		v := ClientView{
			ID: c.ID, Name: c.Name, Owner: c.Owner, Scopes: c.Scopes, CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt, RevokedAt: c.RevokedAt,
			Credentials: []CredentialView{}, Consoles: []Named{},
		}
		has, err := s.store.Clients().Credentials(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		for _, k := range has {
			v.Credentials = append(v.Credentials, CredentialView{k.Name, k.Certificate, k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.UsedAt})
		}
		seats, err := s.store.ClientConsoles().ConsolesOf(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		for _, id := range seats {
			v.Consoles = append(v.Consoles, Named{id, or(n.consoles[id], id)})
		}
		out = append(out, v)
	}
	return out, nil
}

type clientInput struct {
	Body struct {
		Name        string         `json:"name" minLength:"1" maxLength:"100"`
		Owner       string         `json:"owner" minLength:"1" maxLength:"200" doc:"who answers for it, with a telephone number"`
		Scopes      []client.Scope `json:"scopes" minItems:"1" maxItems:"10" enum:"read,voice,webhook,eido,console"`
		Credential  string         `json:"credential,omitempty" maxLength:"100" doc:"name of its first credential"`
		Certificate string         `json:"certificate,omitempty" maxLength:"200" doc:"SHA-256 of the certificate to pin, in hex"`
		Days        int            `json:"days" minimum:"1" maximum:"1830" doc:"how long it is valid"`
	}
}

func (s *Server) addClient(ctx context.Context, id authn.Identity, in *clientInput) (Issued, error) {
	b := in.Body
	c, token, err := s.acts.AddClient(ctx, s.whoOf(id), act.NewClient{
		Name: b.Name, Owner: b.Owner, Scopes: b.Scopes, Credential: or(b.Credential, "first"), Certificate: b.Certificate, Life: days(b.Days),
	})
	return Issued{c.ID, token}, err
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

type credentialInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Name        string `json:"name" minLength:"1" maxLength:"100"`
		Certificate string `json:"certificate,omitempty" maxLength:"200"`
		Days        int    `json:"days" minimum:"1" maximum:"1830"`
	}
}

func (s *Server) addCredential(ctx context.Context, id authn.Identity, in *credentialInput) (Issued, error) {
	token, err := s.acts.IssueCredential(ctx, s.whoOf(id), in.ID, in.Body.Name, in.Body.Certificate, days(in.Body.Days))
	return Issued{in.ID, token}, err
}

type clientConsoleInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Name       string `json:"name" minLength:"1" maxLength:"100" doc:"as the room calls that position"`
		Supervisor bool   `json:"supervisor,omitempty"`
	}
}

func (s *Server) addClientConsole(ctx context.Context, id authn.Identity, in *clientConsoleInput) (Named, error) {
	c, err := s.acts.AddClientConsole(ctx, s.whoOf(id), in.ID, in.Body.Name, in.Body.Supervisor)
	return Named{c.ID, c.Name}, err
}

type revokeClientInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Credential string `json:"credential,omitempty" maxLength:"100" doc:"revoke this one alone"`
	}
}

func (s *Server) revokeClient(ctx context.Context, id authn.Identity, in *revokeClientInput) (nothing, error) {
	return nothing{}, s.acts.RevokeClient(ctx, s.whoOf(id), in.ID, in.Body.Credential)
}

// logInThrough logs a person in at a console of a client. The token comes in
// the answer: a program has no cookies, and must keep persons apart itself.
func (s *Server) logInThrough(ctx context.Context, id authn.Identity, in *logInInput) (Me, error) {
	if id.Person != nil || id.Console.ID == "" {
		return Me{}, fault.New(fault.Invalid, "client.console-missing")
	}
	who := act.Who{Principal: authz.OfConsole(id.Console.ID), Console: id.Console.ID, Client: id.Client.ID}
	p, token, err := s.acts.LogInThrough(ctx, who, id.Credential.TokenHash, in.Body.Account, in.Body.Password)
	if err != nil {
		return Me{}, err
	}
	id.Person = &p
	m := s.meOf(id)
	m.Token = token
	return m, nil
}

package act

import (
	"context"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
)

func onClient(id string) authz.Resource { return authz.Resource{Type: "Client", ID: id} }

// direct refuses what must not be done through a client: a program that could
// make clients would outlive its own revocation.
func direct(who Who) error {
	if who.Client != "" {
		return fault.New(fault.Denied, "client.not-through-client")
	}
	return nil
}

func (w Who) by() string {
	if w.ID != "" {
		return w.ID
	}
	return string(w.Kind)
}

// NewClient is what somebody who registers a client says of it.
type NewClient struct {
	Name, Owner string
	Scopes      []client.Scope
	Credential  string // name of its first credential
	Certificate string // SHA-256 of a certificate to pin, or ""
	Life        time.Duration
}

// AddClient registers a client with its first credential. The token is shown
// once.
func (a *Acts) AddClient(ctx context.Context, who Who, n NewClient) (c client.Client, token string, err error) {
	if err := direct(who); err != nil {
		return c, "", err
	}
	id := newID()
	err = a.do(ctx, who, ClientAdd, onClient(id), func(ctx context.Context, u *store.Unit) (Told, error) {
		ends := u.Now().Add(n.Life)
		var err error
		if c, err = client.New(id, n.Name, n.Owner, n.Scopes, who.by(), u.Now(), ends); err != nil {
			return Told{}, err
		}
		var k client.Credential
		if token, k, err = c.Issue(n.Credential, n.Certificate, u.Now(), ends); err != nil {
			return Told{}, err
		}
		u.Changed("client", id, string(ClientAdd))
		if err := u.Clients().SaveClient(ctx, c); err != nil {
			return Told{}, err
		}
		return Told{Subject: "client/" + id, Facts: map[string]string{"scopes": client.JoinScopes(c.Scopes)}}, u.Clients().SaveCredential(ctx, k)
	})
	return c, token, err
}

// IssueCredential gives a client one more token, so that the old one can be
// revoked when the new one is in use.
func (a *Acts) IssueCredential(ctx context.Context, who Who, id, name, certificate string, life time.Duration) (token string, err error) {
	if err := direct(who); err != nil {
		return "", err
	}
	err = a.do(ctx, who, ClientIssue, onClient(id), func(ctx context.Context, u *store.Unit) (Told, error) {
		c, err := u.Clients().Client(ctx, id)
		if err != nil {
			return Told{}, err
		}
		has, err := u.Clients().Credentials(ctx, id)
		if err != nil {
			return Told{}, err
		}
		for _, k := range has {
			if k.Name == name && k.RevokedAt.IsZero() {
				return Told{}, fault.New(fault.Conflict, "client.credential-taken")
			}
		}
		var k client.Credential
		if token, k, err = c.Issue(name, certificate, u.Now(), u.Now().Add(life)); err != nil {
			return Told{}, err
		}
		u.Changed("client", id, string(ClientIssue))
		return Told{Subject: "client/" + id}, u.Clients().SaveCredential(ctx, k)
	})
	return token, err
}

// RevokeClient takes a client out of service, or one of its credentials when
// that is named. Who is logged in through it is logged out; both are in force on
// the next request.
func (a *Acts) RevokeClient(ctx context.Context, who Who, id, credential string) error {
	if err := direct(who); err != nil {
		return err
	}
	return a.do(ctx, who, ClientRevoke, onClient(id), func(ctx context.Context, u *store.Unit) (Told, error) {
		c, err := u.Clients().Client(ctx, id)
		if err != nil {
			return Told{}, err
		}
		has, err := u.Clients().Credentials(ctx, id)
		if err != nil {
			return Told{}, err
		}
		n := 0
		for _, k := range has {
			if credential != "" && k.Name != credential || !k.RevokedAt.IsZero() {
				continue
			}
			if err := u.Clients().SaveCredential(ctx, k.Revoke(u.Now())); err != nil {
				return Told{}, err
			}
			n++
		}
		if credential != "" && n == 0 {
			return Told{}, fault.New(fault.NotFound, "client.credential-unknown")
		}
		u.Changed("client", id, string(ClientRevoke))
		told := Told{Subject: "client/" + id, Facts: map[string]string{"credentials": strconv.Itoa(n)}}
		if credential != "" {
			return told, nil // its sessions are refused with it; the consoles stay
		}
		seats, err := u.ClientConsoles().ConsolesOf(ctx, id)
		if err != nil {
			return Told{}, err
		}
		at := map[string]bool{}
		for _, seat := range seats {
			at[seat] = true
		}
		if err := endSessions(ctx, u, staff.EndRevoked, func(s staff.Session) bool { return at[s.ConsoleID] }); err != nil {
			return Told{}, err
		}
		return told, u.Clients().SaveClient(ctx, c.Revoke(u.Now()))
	})
}

// AddClientConsole enrols a console that a client speaks for: a position in the
// command system of another maker. It has no secret, so no browser can be it.
func (a *Acts) AddClientConsole(ctx context.Context, who Who, clientID, name string, supervisor bool) (c console.Console, err error) {
	if err := direct(who); err != nil {
		return c, err
	}
	id := newID()
	err = a.do(ctx, who, ClientConsole, onClient(clientID), func(ctx context.Context, u *store.Unit) (Told, error) {
		owner, err := u.Clients().Client(ctx, clientID)
		if err != nil {
			return Told{}, err
		}
		if !owner.Valid(u.Now()) || !owner.Has(client.Console) {
			return Told{}, fault.New(fault.Conflict, "client.no-consoles")
		}
		_, e, err := console.Issue(id, name, supervisor, who.by(), u.Now()) // the same rules for its name
		if err != nil {
			return Told{}, err
		}
		c = console.Console{ID: id, Name: e.Name, Supervisor: supervisor, EnrolledAt: u.Now()}
		if err := u.Consoles().SaveConsole(ctx, c); err != nil {
			return Told{}, err
		}
		u.Changed("console", id, string(ClientConsole))
		return Told{Subject: "console/" + id, Facts: map[string]string{"client": clientID}}, u.ClientConsoles().SaveConsole(ctx, clientID, id, u.Now())
	})
	return c, err
}

// UseClient notes that a credential was used; at most once an hour it is a write.
func (a *Acts) UseClient(ctx context.Context, who Who, tokenHash string) error {
	return a.do(ctx, who, ClientUse, onClient(who.Client), func(ctx context.Context, u *store.Unit) (Told, error) {
		k, err := u.Clients().Credential(ctx, tokenHash)
		if err != nil {
			return Told{}, err
		}
		k, changed := k.Use(u.Now())
		if !changed {
			return Told{}, nil
		}
		return Told{Subject: "client/" + k.ClientID}, u.Clients().SaveCredential(ctx, k)
	})
}

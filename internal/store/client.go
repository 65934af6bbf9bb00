package store

import (
	"context"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/client"
	clientq "github.com/matoi119/matoi/internal/store/query/client"
	"github.com/matoi119/matoi/internal/store/writer"
)

// clients implements the ports of package client; tx is nil outside of acts.
type clients struct {
	q  *clientq.Queries
	s  *Store
	tx *writer.Tx
}

// Clients and ClientConsoles are the ports of package client inside the act.
func (u *Unit) Clients() client.Store           { return u.clients() }
func (u *Unit) ClientConsoles() client.Consoles { return u.clients() }
func (u *Unit) clients() clients                { return clients{u.s.clientQueries(u.tx.Query()), u.s, u.tx} }

// Clients and ClientConsoles read outside of acts; their Save methods refuse.
func (s *Store) Clients() client.Store           { return clients{s.clientQueries(s.read), s, nil} }
func (s *Store) ClientConsoles() client.Consoles { return clients{s.clientQueries(s.read), s, nil} }

func (c clients) Client(ctx context.Context, id string) (client.Client, error) {
	row, err := c.q.Client(ctx, clientq.ClientParams{HQ: c.s.hq, ID: id})
	return found(row, err, "client", toClient)
}

func (c clients) Clients(ctx context.Context) ([]client.Client, error) {
	rows, err := c.q.Clients(ctx, c.s.hq)
	return list(rows, err, "client", toClient)
}

func (c clients) SaveClient(ctx context.Context, v client.Client) error {
	return put(ctx, c.tx, "client_register", clientq.ClientRegister{
		HQ: c.s.hq, ID: v.ID, Name: v.Name, Owner: v.Owner, Scopes: client.JoinScopes(v.Scopes), CreatedBy: v.CreatedBy,
		CreatedAt: micros(v.CreatedAt), ExpiresAt: micros(v.ExpiresAt), RevokedAt: micros(v.RevokedAt),
	})
}

func toClient(r clientq.ClientRegister) (client.Client, error) {
	return client.Client{
		ID: r.ID, Name: r.Name, Owner: r.Owner, Scopes: client.SplitScopes(r.Scopes), CreatedBy: r.CreatedBy,
		CreatedAt: instant(r.CreatedAt), ExpiresAt: instant(r.ExpiresAt), RevokedAt: instant(r.RevokedAt),
	}, nil
}

func (c clients) Credential(ctx context.Context, tokenHash string) (client.Credential, error) {
	row, err := c.q.Credential(ctx, clientq.CredentialParams{HQ: c.s.hq, TokenHash: tokenHash})
	return found(row, err, "client", toCredential)
}

func (c clients) Credentials(ctx context.Context, clientID string) ([]client.Credential, error) {
	rows, err := c.q.Credentials(ctx, clientq.CredentialsParams{HQ: c.s.hq, Client: clientID})
	return list(rows, err, "credential", toCredential)
}

func (c clients) Pinned(ctx context.Context, certificate string) ([]client.Credential, error) {
	rows, err := c.q.Pinned(ctx, clientq.PinnedParams{HQ: c.s.hq, Certificate: certificate})
	return list(rows, err, "credential", toCredential)
}

func (c clients) SaveCredential(ctx context.Context, k client.Credential) error {
	return put(ctx, c.tx, "client_credential", clientq.ClientCredential{
		HQ: c.s.hq, TokenHash: k.TokenHash, Client: k.ClientID, Name: k.Name, Certificate: k.Certificate,
		CreatedAt: micros(k.CreatedAt), ExpiresAt: micros(k.ExpiresAt), RevokedAt: micros(k.RevokedAt), UsedAt: micros(k.UsedAt),
	})
}

func toCredential(r clientq.ClientCredential) (client.Credential, error) {
	return client.Credential{
		TokenHash: r.TokenHash, ClientID: r.Client, Name: r.Name, Certificate: r.Certificate,
		CreatedAt: instant(r.CreatedAt), ExpiresAt: instant(r.ExpiresAt), RevokedAt: instant(r.RevokedAt), UsedAt: instant(r.UsedAt),
	}, nil
}

func (c clients) ClientOf(ctx context.Context, consoleID string) (string, error) {
	row, err := c.q.Console(ctx, clientq.ConsoleParams{HQ: c.s.hq, Console: consoleID})
	return found(row, err, "client", func(r clientq.ClientConsole) (string, error) { return r.Client, nil })
}

func (c clients) ConsolesOf(ctx context.Context, clientID string) (out []string, err error) {
	rows, err := c.q.Consoles(ctx, clientq.ConsolesParams{HQ: c.s.hq, Client: clientID})
	if err != nil {
		return nil, fmt.Errorf("read the consoles of a client: %w", err)
	}
	for _, r := range rows {
		out = append(out, r.Console)
	}
	return out, nil
}

func (c clients) SaveConsole(ctx context.Context, clientID, consoleID string, now time.Time) error {
	return put(ctx, c.tx, "client_console", clientq.ClientConsole{HQ: c.s.hq, Console: consoleID, Client: clientID, AddedAt: micros(now)})
}

func (c clients) Session(ctx context.Context, tokenHash string) (client.Session, error) {
	row, err := c.q.Session(ctx, clientq.SessionParams{HQ: c.s.hq, TokenHash: tokenHash})
	return found(row, err, "session", func(r clientq.ClientSession) (client.Session, error) {
		return client.Session{TokenHash: r.TokenHash, ClientID: r.Client, Credential: r.Credential}, nil
	})
}

func (c clients) SaveSession(ctx context.Context, s client.Session) error {
	return put(ctx, c.tx, "client_session", clientq.ClientSession{HQ: c.s.hq, TokenHash: s.TokenHash, Client: s.ClientID, Credential: s.Credential})
}

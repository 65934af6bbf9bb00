package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/pki"
)

// AddClient registers a client and returns its first token.
func (h *House) AddClient(ctx context.Context, name, owner string, scopes []string, certificate string, life time.Duration) (id, token string, err error) {
	var given []client.Scope
	for _, s := range scopes {
		given = append(given, client.Scope(s))
	}
	c, token, err := h.Acts.AddClient(ctx, act.CommandLine(), act.NewClient{Name: name, Owner: owner, Scopes: given, Credential: "first", Certificate: certificate, Life: life})
	return c.ID, token, err
}

// IssueCredential gives a client one more token.
func (h *House) IssueCredential(ctx context.Context, id, name, certificate string, life time.Duration) (string, error) {
	return h.Acts.IssueCredential(ctx, act.CommandLine(), id, name, certificate, life)
}

// AddClientConsole enrols a console that a client speaks for.
func (h *House) AddClientConsole(ctx context.Context, id, name string, supervisor bool) (string, error) {
	c, err := h.Acts.AddClientConsole(ctx, act.CommandLine(), id, name, supervisor)
	return c.ID, err
}

// RevokeClient takes a client, or one of its credentials, out of service.
func (h *House) RevokeClient(ctx context.Context, id, credential string) error {
	return h.inForce(ctx, h.Acts.RevokeClient(ctx, act.CommandLine(), id, credential))
}

// listenClients opens the second door, which asks for a certificate; nil without
// one. It is a door of its own because a browser that is asked for one may stop
// and ask its person, in the middle of the night. Any certificate is taken: the
// connection proves that its key is there, and the credential says which one it
// must be.
func (s *Server) listenClients(ctx context.Context) (net.Listener, error) {
	if s.c.ClientListen == "" {
		return nil, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.c.ClientListen)
	if err != nil {
		return nil, fmt.Errorf("open the clients' door: %w", err)
	}
	names, ips := certified(s.c.Names, l.Addr())
	settings := pki.ConsoleTLS(s.CA.Consoles(names, ips, s.House.c.Now))
	settings.ClientAuth = tls.RequestClientCert
	return tls.NewListener(l, settings), nil
}

// ClientURL is where programs with a certificate reach the server, "" without
// the second door.
func (s *Server) ClientURL() string {
	if s.clients == nil {
		return ""
	}
	return "https://" + s.clients.Addr().String()
}

// serveClients answers on the second door.
func (s *Server) serveClients(ctx context.Context) error {
	if s.clients == nil {
		<-ctx.Done()
		return nil
	}
	if err := s.http.Serve(s.clients); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("the clients' door: %w", err)
	}
	return nil
}

const forgetEvery = 10 * time.Minute

// forgetAnswers removes kept answers when their day is over.
func (s *Server) forgetAnswers(ctx context.Context) error {
	tick := time.NewTicker(forgetEvery)
	defer tick.Stop()
	for {
		if err := s.Acts.ForgetAnswers(ctx, act.Timer()); err != nil && ctx.Err() == nil {
			s.c.Log.Warn("forget old answers", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

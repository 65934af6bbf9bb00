package app

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/outbox"
)

// serveWebhooks tells addresses on the command LAN of changes.
func (s *Server) serveWebhooks(ctx context.Context) error {
	networks, err := s.c.networks()
	if err != nil {
		return err
	}
	roots := s.CA.Pool()
	if s.c.WebhookCA != "" {
		text, err := os.ReadFile(s.c.WebhookCA)
		if err != nil {
			return fmt.Errorf("authority of webhooks: %w", err)
		}
		if !roots.AppendCertsFromPEM(text) {
			return fmt.Errorf("authority of webhooks: %s holds no certificate", s.c.WebhookCA)
		}
	}
	w := &outbox.Webhooks{
		Acts: s.Acts, Reads: s.Store, Client: outbox.NewHookClient(roots, networks), Card: s.api.CardOf,
		Jitter: rand.Float64, Log: s.c.Log,
	}
	w.Run(ctx)
	w.Client.CloseIdleConnections()
	return nil
}

func (c ServerConfig) networks() (out []netip.Prefix, err error) {
	if len(c.WebhookNetworks) == 0 {
		return outbox.DefaultNetworks(), nil
	}
	for _, word := range c.WebhookNetworks {
		p, err := netip.ParsePrefix(word)
		if err != nil {
			return nil, fault.New(fault.Invalid, "config.networks-invalid", "network", word)
		}
		out = append(out, p)
	}
	return out, nil
}

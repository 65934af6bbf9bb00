package app

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/matoi119/matoi/internal/pki"
	"github.com/matoi119/matoi/internal/screen"
)

// Dialled is how this headquarters dials one of its terminals.
type Dialled struct {
	Address string
	TLS     *tls.Config
	Watched bool // a console holds its screen now
}

// Dial gives what an acceptance test of a terminal needs beside a running server:
// the gateway's credential, for the terminal's certificate that is admitted now.
func (h *House) Dial(ctx context.Context, id string) (Dialled, error) {
	t, err := h.Store.Terminals().Terminal(ctx, id)
	if err != nil {
		return Dialled{}, err
	}
	lease, err := h.Store.Screens().Lease(ctx, id)
	if err != nil {
		return Dialled{}, err
	}
	return Dialled{
		Address: t.Address, Watched: lease.Holder != (screen.By{}),
		TLS: pki.GatewayTLS(h.CA, h.CA.Gateway(time.Now), id, func(serial string) bool { return !t.Admits(serial) }),
	}, nil
}

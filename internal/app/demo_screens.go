package app

import (
	"context"
	"fmt"
	"net"

	"github.com/matoi119/matoi/internal/agent/capture"
	"github.com/matoi119/matoi/internal/agent/guardian"
	"github.com/matoi119/matoi/sim/page"
)

// screen shows a service's page at a terminal of the demo: as a VNC server on
// loopback, to which the terminal attaches as to an installed one.
func (d *Demo) screen(ctx context.Context, c page.Config) (*guardian.Config, error) {
	fonts, err := PageFonts()
	if err != nil {
		return nil, fmt.Errorf("demo: fonts: %w", err)
	}
	c.Fonts = fonts
	p, err := page.New(c)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	d.pages = append(d.pages, p)
	d.running.Go(func() {
		if err := p.Serve(ctx, l); err != nil {
			d.c.Log.Error("demo", "part", "page", "err", err)
		}
	})
	address := l.Addr().String()
	g, err := ParseScreen("vnc:"+address, "", 0)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	if g.Self = d.c.Guardian; g.Self == "" {
		g.Open = func(ctx context.Context) (capture.Screen, error) { return capture.OpenVNC(ctx, address, nil, "") }
	}
	return g, nil
}

// Page is the service's page at a terminal, 0 or 1: what it shows, and what was
// typed there.
func (d *Demo) Page(terminal int) *page.Page { return d.pages[terminal] }

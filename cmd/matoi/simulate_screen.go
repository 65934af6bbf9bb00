package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/sim/page"
)

// simulateScreen shows a service's page to a terminal, as an installed VNC server
// does.
type simulateScreen struct {
	Listen   string `default:"127.0.0.1:0" help:"Loopback address of the VNC server: nobody is asked for a password."`
	Status   string `help:"Loopback address that tells as JSON what is held and what was typed (GET /status) and changes the load (POST /load?to=…)." placeholder:"HOST:PORT"`
	Size     string `default:"1280x1024" help:"Pixels of one monitor." placeholder:"WxH"`
	Monitors int    `default:"1" help:"Monitors, side by side."`
	Load     string `default:"quiet" enum:"quiet,scroll,picture,busy" help:"What moves by itself: quiet, scroll, picture or busy."`
	Fault    string `help:"How it misbehaves: ${faults}." placeholder:"NAME"`
	After    int    `help:"With --fault: how many updates of the picture are honest."`
}

// Run shows the page until ctx ends.
func (c *simulateScreen) Run(ctx context.Context, out io.Writer) error {
	fonts, err := app.PageFonts()
	if err != nil {
		return err
	}
	config := page.Config{Monitors: c.Monitors, Fonts: fonts, Load: page.Load(c.Load), Fault: page.Fault(c.Fault), After: c.After}
	if _, err := fmt.Sscanf(c.Size, "%dx%d", &config.Width, &config.Height); err != nil {
		return fmt.Errorf("--size is WxH, for example 1280x1024: %w", err)
	}
	p, err := page.New(config)
	if err != nil {
		return err
	}
	l, err := onLoopback(ctx, c.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "画面 (VNC): %s\n", l.Addr())
	group, ctx := errgroup.WithContext(ctx)
	if c.Status != "" {
		if err := c.status(ctx, out, group, p); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	group.Go(func() error { return p.Serve(ctx, l) })
	return group.Wait()
}

func (c *simulateScreen) status(ctx context.Context, out io.Writer, group *errgroup.Group, p *page.Page) error {
	l, err := onLoopback(ctx, c.Status)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "状態: http://%s/status\n", l.Addr())
	srv := &http.Server{Handler: p.Handler(), ReadHeaderTimeout: 5 * time.Second}
	group.Go(func() error {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return srv.Close()
	})
	return nil
}

// onLoopback listens where only this machine reaches it.
func onLoopback(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%s is not on loopback", address), l.Close())
	}
	return l, nil
}

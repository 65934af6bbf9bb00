package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// cable lies between the demo's server and one of its terminals, so that it can
// be pulled: terminal and services go on, and everybody must say the truth.
type cable struct {
	l  net.Listener
	to string // the terminal's headquarters' face

	mu      sync.Mutex
	pulled  bool
	open    map[net.Conn]bool
	running sync.WaitGroup
}

// layCable opens the near end on a loopback port.
func layCable(ctx context.Context, to string) (*cable, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lay a cable: %w", err)
	}
	c := &cable{l: l, to: to, open: map[net.Conn]bool{}}
	c.running.Go(func() { c.accept(ctx) })
	return c, nil
}

func (c *cable) address() string { return c.l.Addr().String() }

func (c *cable) accept(ctx context.Context) {
	for {
		near, err := c.l.Accept()
		if err != nil {
			return // closed
		}
		c.running.Go(func() { c.carry(ctx, near) })
	}
}

// carry copies both ways until one end is done or the cable is pulled.
func (c *cable) carry(ctx context.Context, near net.Conn) {
	defer c.let(near)
	if !c.hold(near) {
		return
	}
	far, err := new(net.Dialer).DialContext(ctx, "tcp", c.to)
	if err != nil {
		return // the terminal is away: the server sees its end close
	}
	defer c.let(far)
	if !c.hold(far) {
		return
	}
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		c.running.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // why it ended is the ends' matter
			done <- struct{}{}
		})
	}
	<-done
}

// hold reports whether the cable is plugged, and remembers what to cut.
func (c *cable) hold(n net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[n] = true
	return !c.pulled
}

func (c *cable) let(n net.Conn) {
	c.mu.Lock()
	delete(c.open, n)
	c.mu.Unlock()
	_ = n.Close() // cut before, perhaps
}

// set pulls or plugs.
func (c *cable) set(pulled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = pulled
	if pulled {
		for n := range c.open {
			_ = n.Close() // its carrier sees the end
		}
	}
}

func (c *cable) isPulled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pulled
}

func (c *cable) close() error {
	err := c.l.Close()
	c.set(true)
	c.running.Wait()
	return err
}

// PullCable cuts the line between the server and a terminal (from 0).
func (d *Demo) PullCable(terminal int) error { return d.cable(terminal, true) }

// PlugCable joins it again.
func (d *Demo) PlugCable(terminal int) error { return d.cable(terminal, false) }

func (d *Demo) cable(terminal int, pulled bool) error {
	if terminal < 0 || terminal >= len(d.cables) {
		return errors.New("the demo has no such terminal")
	}
	d.cables[terminal].set(pulled)
	return nil
}

// Pending is how much of a terminal's spool the server has not acknowledged.
func (d *Demo) Pending(terminal int) (int64, error) {
	if terminal < 0 || terminal >= len(d.terms) {
		return 0, errors.New("the demo has no such terminal")
	}
	return d.terms[terminal].Spool().Pending(), nil
}

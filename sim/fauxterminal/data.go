package fauxterminal

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// conn is one data plane. Only run writes; hear only reads.
type conn struct {
	t    *Terminal
	ws   *websocket.Conn
	sent int   // frames so far, of any kind
	next int64 // first number that is live on this connection
	// again is filled by hear when headquarters asks for everything once more.
	again chan struct{}
}

func (t *Terminal) data(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{open1.Subprotocol}})
	if err != nil {
		return // Accept has answered
	}
	defer ws.CloseNow() //nolint:errcheck // it may be closed already
	t.link(1)
	defer t.link(-1)
	ws.SetReadLimit(2 * stdif.MaxFrame)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	c := &conn{t: t, ws: ws, again: make(chan struct{}, 1)}
	hello, err := c.hello(ctx)
	if err != nil {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		c.hear(ctx)
	}()
	_ = c.run(ctx, hello) // the end of a connection is no news here
	cancel()
	<-done
}

// link counts the data planes that are open.
func (t *Terminal) link(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.links += n
}

func (c *conn) hello(ctx context.Context) (open1.Hello, error) {
	_, raw, err := c.ws.Read(ctx)
	if err != nil {
		return open1.Hello{}, err
	}
	f, p := open1.Decode(raw)
	if p != nil {
		return open1.Hello{}, p
	}
	h, p := f.ReadHello()
	if p != nil {
		return h, p
	}
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hellos = append(t.hellos, h)
	if t.cfg.Manners.NewSpool {
		t.spool = fmt.Sprintf("faux-%d", len(t.hellos))
		for i := range t.frames {
			t.frames[i].Spool = t.spool
		}
	}
	c.next = int64(len(t.frames)) + 1
	t.changed()
	return h, nil
}

// hear reads acknowledgements until the connection ends.
func (c *conn) hear(ctx context.Context) {
	for {
		_, raw, err := c.ws.Read(ctx)
		if err != nil {
			return
		}
		f, p := open1.Decode(raw)
		if p != nil {
			continue
		}
		switch f.Type {
		case open1.TypeSnapshot:
			select {
			case c.again <- struct{}{}:
			default:
			}
		case open1.TypeAck:
			if a, p := f.ReadAck(); p == nil {
				c.t.ack(a)
			}
		}
	}
}

func (t *Terminal) ack(a open1.AckFrame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cfg.Manners.Forget || a.Spool != t.spool {
		return
	}
	for _, r := range a.Have {
		t.have.AddRange(r)
	}
	for _, r := range a.Refused {
		if !slices.ContainsFunc(t.refused, func(o open1.Refusal) bool { return o.Seq == r.Seq }) {
			t.refused = append(t.refused, r)
		}
	}
	t.changed()
}

// run sends the snapshot, then what is live, between pings.
func (c *conn) run(ctx context.Context, hello open1.Hello) error {
	if c.t.cfg.Manners.Silent {
		<-ctx.Done()
		return ctx.Err()
	}
	if c.t.cfg.Manners.Oversize {
		if err := c.ws.Write(ctx, websocket.MessageText, make([]byte, stdif.MaxEncoded+1)); err != nil {
			return err
		}
	}
	if err := c.snapshot(ctx, hello); err != nil {
		return err
	}
	ping := time.NewTicker(open1.PingEvery)
	defer ping.Stop()
	for {
		changed := c.t.Changed()
		for _, f := range c.t.from(c.next) {
			c.next = f.Seq + 1
			if err := c.send(ctx, f); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-c.again:
			if err := c.snapshot(ctx, open1.Hello{Spool: c.t.spoolID(), Have: c.t.Heard().Have}); err != nil {
				return err
			}
		case <-ping.C:
			if err := c.plain(ctx, open1.TypePing, nil); err != nil {
				return err
			}
		}
	}
}

func (t *Terminal) spoolID() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.spool
}

func (t *Terminal) from(seq int64) []open1.Frame {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.frames[min(seq-1, int64(len(t.frames))):])
}

// snapshot sends everything below c.next that headquarters does not have,
// with live frames before each late one.
func (c *conn) snapshot(ctx context.Context, hello open1.Hello) error {
	have := open1.Ranges(nil)
	if hello.Spool == c.t.spoolID() {
		have = open1.Ranges(hello.Have).Normalize()
	}
	var late []open1.Frame
	for _, f := range c.t.from(1) {
		if f.Seq < c.next && !have.Contains(f.Seq) && !c.t.cfg.Manners.NoLate {
			f.Late = true
			late = append(late, f)
		}
	}
	begin := open1.Snapshot{Spool: c.t.spoolID(), Through: c.next - 1, Missing: int64(len(late))}
	if err := c.plain(ctx, open1.TypeSnapshotBegin, begin); err != nil {
		return err
	}
	if c.t.cfg.Manners.Reorder {
		slices.Reverse(late)
	}
	for _, f := range late {
		for _, live := range c.t.from(c.next) {
			c.next = live.Seq + 1
			if err := c.send(ctx, live); err != nil {
				return err
			}
		}
		if err := c.send(ctx, f); err != nil {
			return err
		}
	}
	return c.plain(ctx, open1.TypeSnapshotEnd, begin)
}

func (c *conn) plain(ctx context.Context, t open1.Type, body any) error {
	if t == open1.TypePing && c.t.cfg.Manners.NoPing {
		return nil
	}
	f, err := open1.NewFrame(t, c.t.now(), body)
	if err != nil {
		return err
	}
	f.TerminalID = c.t.cfg.ID
	return c.send(ctx, f)
}

// send writes one frame, with the manners of the terminal.
func (c *conn) send(ctx context.Context, f open1.Frame) error {
	m := c.t.cfg.Manners
	c.sent++
	nth := func(n int) bool { return n > 0 && c.sent%n == 0 }
	if m.StallAfter > 0 && c.sent > m.StallAfter {
		<-ctx.Done()
		return ctx.Err()
	}
	if m.CutAfter > 0 && c.sent > m.CutAfter {
		return c.ws.CloseNow()
	}
	if nth(m.SkipEvery) && f.Seq > 0 {
		return nil
	}
	wire, err := open1.Encode(f)
	if err != nil {
		return err
	}
	if m.WrongVersion {
		wire = wrongVersion(wire)
	}
	kind := websocket.MessageText
	switch {
	case nth(m.TornEvery):
		wire = wire[:len(wire)/2]
	case nth(m.BinaryEvery):
		kind = websocket.MessageBinary
	case nth(m.DoubleEvery):
		if err := c.ws.Write(ctx, kind, wire); err != nil {
			return err
		}
	}
	return c.ws.Write(ctx, kind, wire)
}

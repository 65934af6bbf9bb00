package page

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/matoi119/matoi/rfb"
)

const (
	handshakeTime = 10 * time.Second
	writeTime     = 30 * time.Second
	maxClients    = 64
)

// Steps of the loads.
const (
	scrollTime = 50 * time.Millisecond
	moveTime   = time.Second / 30
)

// client is one viewer of the page. Its sender is under the page's lock.
type client struct {
	page   *Page
	conn   net.Conn
	sender *rfb.Sender
	awake  chan struct{}
	say    []byte // messages that are not updates, for example a clipboard
	extend bool   // it knows the extended clipboard
}

// wake tells the client's writer that there is something to send.
func (c *client) wake() {
	select {
	case c.awake <- struct{}{}:
	default:
	}
}

// Serve shows the page to every client that connects, until ctx ends, and then
// closes l. Listen on loopback: nobody is asked for a password.
func (p *Page) Serve(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	unhook := context.AfterFunc(ctx, func() { _ = l.Close() }) // Accept says the rest
	defer unhook()
	running.Go(func() { p.live(ctx) })
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			stop()
			return fmt.Errorf("page: %w", err)
		}
		running.Go(func() { p.serve(ctx, conn) })
	}
}

// live moves the clock and the loads.
func (p *Page) live(ctx context.Context) {
	t := time.NewTicker(moveTime)
	defer t.Stop()
	var scrolled time.Duration
	second := int64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := p.c.Clock().In(japan)
		if p.quiet() && now.Unix() == second {
			continue
		}
		second = now.Unix()
		scrolled += moveTime
		p.change(func(m *model) {
			m.tick(now)
			scroll := (m.load == Scroll || m.load == Busy) && scrolled >= scrollTime
			m.step(scroll, m.load == Picture || m.load == Busy)
		})
		if scrolled >= scrollTime {
			scrolled -= scrollTime
		}
	}
}

// quiet reports whether nothing but the clock moves.
func (p *Page) quiet() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.m.load == Quiet
}

// serve speaks with one client until either side ends.
func (p *Page) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close() //nolint:errcheck // the client is gone or told to go
	unhook := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer unhook()
	_ = conn.SetDeadline(time.Now().Add(handshakeTime)) // a connection of ours has deadlines
	if p.c.Fault == Mute || p.c.Fault == BadVersion {
		p.neverJoin(ctx, conn)
		return
	}
	c, err := p.join(conn)
	if err != nil {
		return // a client that cannot do the handshake is none
	}
	_ = conn.SetDeadline(time.Time{}) // a session lasts for a day and longer
	var running sync.WaitGroup
	done, stop := context.WithCancel(ctx)
	running.Go(func() {
		defer conn.Close() //nolint:errcheck // ends the reader
		c.write(done)
	})
	c.read()
	stop()
	p.leave(c)
	_ = conn.Close() // ends a writer that waits for a client that does not read
	running.Wait()
}

func (p *Page) join(conn net.Conn) (*client, error) {
	p.mu.Lock()
	width, height := p.view.picture.Width, p.view.picture.Height
	p.mu.Unlock()
	_, err := rfb.Accept(conn, rfb.ServerInit{Width: uint16(width), Height: uint16(height), Format: rfb.Native, Name: p.c.Name}) //nolint:gosec // rfb.CheckSize
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.clients) >= maxClients {
		return nil, errors.New("page: too many clients")
	}
	c := &client{page: p, conn: conn, awake: make(chan struct{}, 1),
		sender: rfb.NewSender(rfb.SenderOptions{Width: width, Height: height, Screens: p.view.screens, Keys: true})}
	if now := p.view.picture; now.Width != width || now.Height != height { // resized while joining
		c.sender.Resize(p.view.screens, now.Width, now.Height)
	}
	c.sender.Pointer(arrow)
	p.clients[c] = true
	p.served++
	return c, nil
}

func (p *Page) leave(c *client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.clients, c)
}

// read takes what the client says until it ends or breaks the protocol.
func (c *client) read() {
	in := rfb.NewClientReader(bufio.NewReader(c.conn))
	for {
		m, err := in.Next()
		if err != nil {
			return
		}
		c.take(m)
	}
}

func (c *client) take(m rfb.ClientMessage) {
	p := c.page
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m := m.(type) {
	case *rfb.KeyEvent:
		if p.m.key(m) {
			p.offer()
		}
		p.show()
	case *rfb.PointerEvent:
		p.m.pointer(m)
		p.show()
	case *rfb.CutText:
		p.m.clip = latin(m.Text)
		p.show()
	case *rfb.Clipboard:
		c.clipboard(m)
		p.show()
	case *rfb.SetEncodings:
		c.sender.Handle(m)
		for _, e := range m.Encodings {
			if e == rfb.ExtendedClipboard && !c.extend {
				c.extend = true
				caps := rfb.Clipboard{Flags: rfb.ClipCaps | rfb.ClipText | rfb.ClipRequest | rfb.ClipPeek | rfb.ClipNotify | rfb.ClipProvide, Sizes: []uint32{rfb.MaxClipboard}}
				c.say = caps.AppendServer(c.say)
			}
		}
	default:
		c.sender.Handle(m)
	}
	c.wake()
}

// clipboard takes the client's text: given at once, or asked for when the client
// says that it has one. A text that is none empties ours.
func (c *client) clipboard(m *rfb.Clipboard) {
	p := c.page
	switch {
	case m.Flags&rfb.ClipCaps != 0:
	case m.Flags&rfb.ClipProvide != 0 && m.Flags&rfb.ClipText != 0:
		p.m.clip = m.Text
	case m.Flags&rfb.ClipNotify != 0 && m.Flags&rfb.ClipText != 0:
		c.say = (&rfb.Clipboard{Flags: rfb.ClipRequest | rfb.ClipText}).AppendServer(c.say)
	case m.Flags&rfb.ClipNotify != 0:
		p.m.clip = ""
	case m.Flags&rfb.ClipRequest != 0 && m.Flags&rfb.ClipText != 0:
		c.say = (&rfb.Clipboard{Flags: rfb.ClipProvide | rfb.ClipText, Text: p.m.clip}).AppendServer(c.say)
	case m.Flags&rfb.ClipPeek != 0:
		c.say = (&rfb.Clipboard{Flags: p.has()}).AppendServer(c.say)
	}
}

func (p *Page) has() uint32 {
	if p.m.clip == "" {
		return rfb.ClipNotify
	}
	return rfb.ClipNotify | rfb.ClipText
}

// offer tells every client of a text that was copied on the page.
func (p *Page) offer() {
	for c := range p.clients {
		if c.extend {
			c.say = (&rfb.Clipboard{Flags: p.has()}).AppendServer(c.say)
		} else {
			c.say = (&rfb.CutText{Text: toLatin(p.m.clip)}).AppendServer(c.say)
		}
		c.wake()
	}
}

// write sends what the sender has for the client whenever there is something.
func (c *client) write(ctx context.Context) {
	var b []byte
	for updates := 0; ; {
		b = c.next(b[:0])
		if len(b) > 0 {
			if c.page.c.Fault != "" && updates >= c.page.c.After {
				_ = c.page.c.Fault.play(ctx, c.conn) // how a fault ends is the client's matter
				return
			}
			updates++
			_ = c.conn.SetWriteDeadline(time.Now().Add(writeTime))
			if _, err := c.conn.Write(b); err != nil {
				return
			}
			continue
		}
		var still <-chan time.Time
		c.page.mu.Lock()
		wait, later := c.sender.Later()
		c.page.mu.Unlock()
		if later {
			still = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-c.awake:
		case <-still:
		}
	}
}

func (c *client) next(b []byte) []byte {
	c.page.mu.Lock()
	defer c.page.mu.Unlock()
	b = append(b, c.say...)
	c.say = c.say[:0]
	return c.sender.Append(b, c.page.view.picture)
}

func latin(b []byte) string {
	r := make([]rune, len(b))
	for i, v := range b {
		r[i] = rune(v)
	}
	return string(r)
}

func toLatin(s string) []byte {
	var b []byte
	for _, r := range s {
		if r > 0xFF {
			r = '?'
		}
		b = append(b, byte(r)) //nolint:gosec // Latin-1
	}
	return b
}

// arrow is the pointer's shape.
var arrow = func() *rfb.Pointer {
	rows := []string{
		"X", "XX", "X.X", "X..X", "X...X", "X....X", "X.....X", "X......X", "X.......X", "X........X", "X.....XXXXX", "X..X..X", "X.X X..X", "XX  X..X", "X    X..X", "     X..X", "      XX",
	}
	const width = 11
	p := &rfb.Pointer{Shape: rfb.NewFramebuffer(width, len(rows)), Mask: make([]byte, rfb.MaskSize(width, len(rows)))}
	for y, row := range rows {
		for x, v := range row {
			if v == '.' {
				p.Shape.Set(x, y, white)
			}
			if v != ' ' {
				p.Mask[y*((width+7)/8)+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	return p
}()

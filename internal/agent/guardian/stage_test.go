package guardian

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/internal/agent/capture"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif/open1"
)

// stage is a made-up screen that remembers what was done to it.
type stage struct {
	mu       sync.Mutex
	p        *rfb.Framebuffer
	changes  []capture.Change
	seats    []*seat
	monitors []rfb.Screen
	size     bool // the next Capture finds another size
	broken   error
	keys     map[uint32]bool
	buttons  uint8
	x, y     int
	pressed  int // presses that were done
	idle     time.Duration
	pasted   string
	copied   string
	isCopied bool
	letGo    int
	left     int
	closed   int
	captures int
	can      capture.Abilities
}

func newStage() *stage {
	return &stage{p: rfb.NewFramebuffer(320, 200), keys: map[uint32]bool{}, idle: time.Hour,
		can: capture.Abilities{Source: "page", Clipboard: true, ScanCodes: true, LocalUse: true}}
}

func (s *stage) do(f func()) {
	s.mu.Lock()
	f()
	seats := s.seats
	s.mu.Unlock()
	for _, c := range seats {
		select {
		case c.hint <- struct{}{}:
		default:
		}
	}
}

// seat is the stage as one guardian sees it: the one that serves and the one that
// waits are told of a change each.
type seat struct {
	*stage
	hint chan struct{}
	seen int // changes
}

// open takes a seat.
func (s *stage) open(context.Context) (capture.Screen, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &seat{stage: s, hint: make(chan struct{}, 1)}
	s.seats = append(s.seats, c)
	return c, nil
}

func (s *stage) draw(r rfb.Rect, colour uint32) {
	s.do(func() {
		s.p.Fill(r, colour)
		s.changes = append(s.changes, capture.Change{Area: r})
	})
}

func (s *stage) Desktop() capture.Desktop {
	s.mu.Lock()
	defer s.mu.Unlock()
	return capture.Desktop{Width: s.p.Width, Height: s.p.Height, Monitors: s.monitors}
}

func (s *seat) Changed() <-chan struct{} { return s.hint }

func (s *seat) Capture(into *rfb.Framebuffer) ([]capture.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.captures++
	if s.broken != nil {
		return nil, s.broken
	}
	if into.Width != s.p.Width || into.Height != s.p.Height {
		return nil, capture.ErrResized
	}
	copy(into.Pix, s.p.Pix)
	all := s.changes[s.seen:]
	s.seen = len(s.changes)
	return all, nil
}

func (s *stage) Cursor(uint32) (*rfb.Pointer, uint32, error) {
	return &rfb.Pointer{Shape: rfb.NewFramebuffer(8, 8), Mask: make([]byte, 8)}, 7, nil
}

func (s *stage) Key(down bool, keysym, _ uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pressed++
	if s.keys[keysym] = down; !down {
		delete(s.keys, keysym)
	}
	return nil
}

func (s *stage) Pointer(x, y int, buttons uint8) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pressed++
	s.x, s.y, s.buttons = x, y, buttons
	return nil
}

func (s *stage) LetGo() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letGo++
	clear(s.keys)
	s.buttons = 0
	return nil
}

func (s *stage) ReleaseLeftovers() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left++
	return nil
}

func (s *stage) Idle() (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.idle, nil
}

func (s *stage) SetClipboard(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pasted = text
	return nil
}

func (s *stage) Clipboard() (string, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.isCopied
	s.isCopied = false
	return s.copied, was, nil
}

func (s *stage) Abilities() capture.Abilities { return s.can }

func (s *stage) Close() error {
	_ = s.LetGo()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
	return nil
}

// down is how many keys and which buttons are down.
func (s *stage) down() (int, uint8) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.keys), s.buttons
}

// until polls, because what is looked at is another goroutine's or process's doing.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for late := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(late) {
			t.Fatalf("never came: %s", what)
		}
		wait(t.Context(), time.Millisecond)
	}
}

// headquarters is the other end of a Keeper: a client of its screen plane.
type headquarters struct {
	t    testing.TB
	k    *Keeper
	url  string
	stop func()
}

func newHeadquarters(t testing.TB, c Config) *headquarters {
	t.Helper()
	h := &headquarters{t: t, k: NewKeeper(c)}
	h.k.leave = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		h.k.Run(ctx)
	}()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := open1.AcceptScreen(w, r); err == nil {
			h.k.Serve(ctx, conn)
		}
	}))
	h.url = "ws" + s.URL[len("http"):]
	h.stop = sync.OnceFunc(func() {
		cancel()
		<-over
		s.Close()
	})
	t.Cleanup(h.stop)
	return h
}

// client is a gateway as the guardian sees one.
type client struct {
	t     testing.TB
	ws    *websocket.Conn
	tcp   *net.TCPConn
	init  rfb.ServerInit
	lost  chan error // what ended it
	words chan open1.ScreenNotice

	mu     sync.Mutex
	r      *rfb.ServerReader
	p      *rfb.Framebuffer // as it was after the last update
	update int
	other  []rfb.ServerMessage
	screen []rfb.Screen
	cursor *rfb.Pointer
}

// words that come as text messages while the stream is read.
type stream struct {
	c    *client
	rest io.Reader
}

func (s *stream) Read(b []byte) (int, error) {
	for {
		if s.rest != nil {
			n, err := s.rest.Read(b)
			if errors.Is(err, io.EOF) {
				s.rest, err = nil, nil
			}
			if n > 0 || err != nil {
				return n, err
			}
		}
		kind, r, err := s.c.ws.Reader(context.Background())
		if err != nil {
			return 0, err
		}
		if kind == websocket.MessageBinary {
			s.rest = r
			continue
		}
		wire, err := io.ReadAll(r)
		if err != nil {
			return 0, err
		}
		n, p := open1.DecodeScreenNotice(wire)
		if p != nil {
			return 0, p
		}
		s.c.words <- n
	}
}

type sends struct{ ws *websocket.Conn }

func (s sends) Write(b []byte) (int, error) {
	return len(b), s.ws.Write(context.Background(), websocket.MessageBinary, b)
}

// connect opens the connection and says nothing yet.
func (h *headquarters) connect() (*websocket.Conn, *net.TCPConn) {
	h.t.Helper()
	var tcp *net.TCPConn
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		n, err := new(net.Dialer).DialContext(ctx, network, addr)
		tcp, _ = n.(*net.TCPConn)
		return n, err
	}}
	ws, _, err := websocket.Dial(h.t.Context(), h.url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{open1.ScreenSubprotocol}})
	if err != nil {
		h.t.Fatal(err)
	}
	ws.SetReadLimit(open1.MaxScreenMessage)
	h.t.Cleanup(func() { _ = ws.CloseNow() })
	return ws, tcp
}

// dial connects and reads until the end.
func (h *headquarters) dial(encodings ...rfb.Encoding) *client {
	h.t.Helper()
	ws, tcp := h.connect()
	c := &client{t: h.t, ws: ws, tcp: tcp, lost: make(chan error, 1), words: make(chan open1.ScreenNotice, 64)}
	in := bufio.NewReaderSize(&stream{c: c}, 64<<10)
	var err error
	c.init, err = rfb.Join(in, sends{ws}, rfb.Login{Shared: true})
	if err != nil {
		h.t.Fatal(err)
	}
	if c.r, err = rfb.NewServerReader(in, rfb.Native, int(c.init.Width), int(c.init.Height)); err != nil {
		h.t.Fatal(err)
	}
	go c.read()
	if len(encodings) == 0 {
		encodings = []rfb.Encoding{rfb.Tight}
	}
	c.say(&rfb.SetEncodings{Encodings: append(encodings, rfb.CopyRect, rfb.Cursor, rfb.ExtendedDesktopSize, rfb.QEMUKeys, rfb.FencePseudo, rfb.ContinuousUpdates, rfb.ExtendedClipboard)})
	c.say(&rfb.EnableContinuousUpdates{On: true, Area: rfb.Rect{Width: rfb.MaxSide, Height: rfb.MaxSide}})
	return c
}

func (c *client) read() {
	for {
		m, err := c.r.Next()
		if err != nil {
			c.lost <- err
			return
		}
		c.mu.Lock()
		switch m := m.(type) {
		case *rfb.Update:
			c.update++
			p := c.r.Framebuffer()
			c.p = &rfb.Framebuffer{Width: p.Width, Height: p.Height, Stride: p.Stride, Pix: bytes.Clone(p.Pix)}
			if m.Screens != nil {
				c.screen = m.Screens
			}
			if m.Cursor != nil {
				c.cursor = m.Cursor
			}
		case *rfb.Clipboard:
			text := *m
			c.other = append(c.other, &text)
		case *rfb.Fence:
			c.other = append(c.other, &rfb.Fence{Flags: m.Flags, Payload: bytes.Clone(m.Payload)})
		}
		c.mu.Unlock()
	}
}

func (c *client) say(all ...rfb.ClientMessage) {
	c.t.Helper()
	var b []byte
	for _, m := range all {
		b = m.Append(b)
	}
	if _, err := (sends{c.ws}).Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) at(x, y int) uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.p == nil || x >= c.p.Width || y >= c.p.Height {
		return 1 << 31
	}
	return c.p.At(x, y)
}

// hears waits for a notice of a kind.
func (c *client) hears(kind string) open1.ScreenNotice {
	c.t.Helper()
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	for {
		select {
		case n := <-c.words:
			if n.Type == kind {
				return n
			}
		case <-late.C:
			c.t.Fatalf("the terminal never said %q", kind)
		}
	}
}

func made(s *stage) Config {
	return Config{Source: Source{Kind: "page", Monitor: -1}, Open: s.open}
}

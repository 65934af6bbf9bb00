package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/rfb"
)

// Page is a console's page that sees a terminal's screen. The door has asked who
// it is and ends the context of Serve, with an act.LapseCause, when that is no
// longer so.
type Page struct {
	Terminal        string
	Console, Person string
	Token           int64               // of the grant; 0: a copy
	May             func() screen.Input // what the person may send now
	State           func(l screen.Lease) []byte
	Over            func(code string, l screen.Lease, why screen.Preemption) []byte
	Conn            *websocket.Conn
}

// Why a page's connection ends, as it is told.
const (
	overEnded     = "lease.over"
	overPreempted = "lease.preempted"
	overPassed    = "lease.passed"
	overElsewhere = "lease.elsewhere" // another window of the same console has it
	overStopped   = "lease.stopped"   // the server stops
	overFlood     = "lease.flood"
	overClosed    = websocket.StatusCode(4001)
)

// Limits of one page. What it can make the gateway hold is its Sender's memory of
// the picture, one update and one clipboard.
const (
	MaxPageMessage = 2 << 20 // a clipboard, deflated
	maxPageText    = 4 << 10
	maxPageEvents  = 4000 // messages in a second; an operator makes some hundred
	maxAnswer      = 2 << 20
	pageWrite      = 10 * time.Second
	pagePing       = 5 * time.Second
	pageDead       = 15 * time.Second
	pageBegin      = 10 * time.Second
	pictureWait    = 2 * time.Second
	// mirrorPace leaves the processor to the holder: a copy is to look at.
	mirrorPace = 40 * time.Millisecond
)

// viewer is one page. mu guards what the relay leaves for its writer; it is taken
// last.
type viewer struct {
	r    *relay
	p    Page
	wake chan struct{}
	stop context.CancelCauseFunc

	events int // read by one goroutine
	since  time.Time

	mu     sync.Mutex
	sender *rfb.Sender // nil before the handshake
	caps   bool        // it was told of the clipboard
	extra  []byte      // messages beside the picture
	bell   bool
	dirty  bool // the state is to be told
	asks   bool // the page is to say that it lives
	link   *bool
	local  time.Time
	over   string
	final  func() []byte
}

var (
	errPageOver  = errors.New("the page was told that it is over")
	errPageFlood = errors.New("the page sends more than anybody types")
)

// ServeScreen shows a terminal's screen to a page until the lease, the page or
// ctx ends.
func (g *Gateway) ServeScreen(ctx context.Context, p Page) {
	s := g.screens
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	v := &viewer{p: p, wake: make(chan struct{}, 1), stop: stop}
	r := s.enter(ctx, v)
	if r == nil {
		v.end(overEnded, nil)
		v.farewell()
		return
	}
	defer s.running.Done()
	ended := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(ended)
		r.leave(v, context.Cause(ctx)) // keys first, whatever the page's connection still does
		v.close(ctx)
	})
	var parts sync.WaitGroup
	parts.Go(func() { stop(v.write(ctx)) })
	parts.Go(func() { stop(v.ping(ctx)) })
	stop(v.read(ctx))
	<-ended
	parts.Wait()
}

// close ends the page's connection, with a word where there is one.
func (v *viewer) close(ctx context.Context) {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errPageOver):
		return // the writer did it
	case errors.Is(cause, act.LapseSession):
		v.end("session.none", nil)
		v.farewell()
	case errors.Is(cause, act.LapseRight):
		v.end("right.none", nil)
		v.farewell()
	case errors.Is(cause, errPageFlood):
		v.farewell()
	}
	_ = v.p.Conn.CloseNow()
}

// enter joins the relay of the page's terminal; nil when the page has no business
// there.
func (s *screens) enter(ctx context.Context, v *viewer) *relay {
	if s.c.Store == nil || !s.current(ctx) {
		return nil
	}
	r := s.relay(v.p.Terminal, false)
	if r == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v.r = r
	if s.relays[v.p.Terminal] != r || s.ctx.Err() != nil || !r.join(v) {
		return nil
	}
	s.running.Add(1)
	return r
}

// say changes what is to be written.
func (v *viewer) say(change func()) {
	v.mu.Lock()
	change()
	v.mu.Unlock()
	v.kick()
}

func (v *viewer) kick() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// end has the page told that it is over. The first reason stands.
func (v *viewer) end(code string, final func() []byte) {
	v.say(func() {
		if v.over == "" {
			v.over, v.final = code, final
		}
	})
}

// answer queues a message beside the picture.
func (v *viewer) answer(b []byte) {
	v.say(func() {
		if len(v.extra)+len(b) <= maxAnswer {
			v.extra = append(v.extra, b...)
		}
	})
}

// follow tells the page's sender what changed; the relay's pictures are locked.
func (v *viewer) follow(u *rfb.Update, p *rfb.Framebuffer, whole bool, screens []rfb.Screen) {
	v.say(func() {
		if v.sender == nil {
			return
		}
		if v.sender.Follow(u, p); whole && !u.Resized {
			v.sender.Resize(screens, p.Width, p.Height)
		}
	})
}

// each changes what every page is to get.
func (r *relay) each(change func(v *viewer)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for v := range r.viewers {
		v.say(func() { change(v) })
	}
}

// read takes what the page sends: its stream of RFB, and texts between.
func (v *viewer) read(ctx context.Context) error {
	begin := time.AfterFunc(pageBegin, func() { v.stop(errors.New("the page does not begin")) })
	defer begin.Stop()
	stream := &pageStream{v: v}
	width, height := v.await(ctx)
	init := rfb.ServerInit{Width: uint16(width), Height: uint16(height), Format: rfb.Native, Name: "Matoi"} //nolint:gosec // at most MaxSide
	if _, err := rfb.Accept(stream, init); err != nil {
		return err
	}
	begin.Stop()
	v.attend(width, height)
	defer v.away()
	in := rfb.NewClientReader(stream)
	for {
		m, err := in.Next()
		if err != nil {
			return err
		}
		if err := v.count(); err != nil {
			return err
		}
		if kindOf(m) != 0 {
			v.take(ctx, m)
			continue
		}
		v.say(func() {
			v.sender.Handle(m)
			if e, ok := m.(*rfb.SetEncodings); ok {
				v.greet(e)
			}
		})
	}
}

// take passes input on. What a page says of its own clipboard's abilities is for
// nobody.
func (v *viewer) take(ctx context.Context, m rfb.ClientMessage) {
	if c, ok := m.(*rfb.Clipboard); ok && c.Flags&rfb.ClipCaps != 0 {
		return
	}
	v.r.input(ctx, v, m)
}

// greet tells a page that knows the extended clipboard what it may send; mu is
// held.
func (v *viewer) greet(m *rfb.SetEncodings) {
	for _, e := range m.Encodings {
		if e == rfb.ExtendedClipboard && !v.caps {
			v.caps = true
			v.extra = clipCaps.AppendServer(v.extra)
		}
	}
}

// count bounds how much a page may say in a second.
func (v *viewer) count() error {
	if now := time.Now(); now.Sub(v.since) >= time.Second {
		v.since, v.events = now, 0
	}
	if v.events++; v.events > maxPageEvents {
		v.end(overFlood, nil)
		return errPageFlood
	}
	return nil
}

// await waits a moment for the first picture, so that the page begins with its
// size.
func (v *viewer) await(ctx context.Context) (width, height int) {
	timer := time.NewTimer(pictureWait)
	defer timer.Stop()
	select {
	case <-v.r.first:
	case <-timer.C:
	case <-ctx.Done():
	}
	v.r.pictures.RLock()
	defer v.r.pictures.RUnlock()
	if v.r.picture == nil {
		return 640, 480
	}
	return v.r.picture.Width, v.r.picture.Height
}

// attend begins to follow the picture.
func (v *viewer) attend(width, height int) {
	r := v.r
	r.pictures.Lock()
	defer r.pictures.Unlock()
	v.say(func() {
		v.sender = rfb.NewSender(rfb.SenderOptions{Width: width, Height: height, Screens: r.screens, Keys: true})
		if r.picture != nil && (r.picture.Width != width || r.picture.Height != height) {
			v.sender.Resize(r.screens, r.picture.Width, r.picture.Height)
		}
		if r.pointer != nil {
			v.sender.Pointer(r.pointer)
		}
	})
	r.audience[v] = struct{}{}
}

func (v *viewer) away() {
	v.r.pictures.Lock()
	defer v.r.pictures.Unlock()
	delete(v.r.audience, v)
}

// write sends what there is, as fast as this page takes it. A page that is slow
// gets fewer pictures, and slows nobody else.
func (v *viewer) write(ctx context.Context) error {
	still := time.NewTimer(time.Hour)
	defer still.Stop()
	var b []byte
	for {
		over, err := v.texts()
		if err != nil || over {
			return errors.Join(err, errPageOver)
		}
		var later time.Duration
		if b, later = v.pixels(b[:0]); len(b) > 0 {
			if err := v.put(websocket.MessageBinary, b); err != nil {
				return err
			}
			if v.p.Token != 0 {
				continue
			}
			select { // a copy waits its pace out
			case <-time.After(mirrorPace):
				continue
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if later > 0 {
			still.Reset(later)
		}
		select {
		case <-v.wake:
		case <-still.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// pixels writes the next messages of RFB, and says when there may be more without
// anybody's doing.
func (v *viewer) pixels(b []byte) (_ []byte, later time.Duration) {
	v.r.pictures.RLock()
	defer v.r.pictures.RUnlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.sender == nil {
		return b, 0
	}
	b = append(b, v.extra...)
	v.extra = nil
	if v.bell {
		v.bell = false
		b = (&rfb.Bell{}).AppendServer(b)
	}
	if v.r.picture != nil {
		b = v.sender.Append(b, v.r.picture)
	}
	if wait, ok := v.sender.Later(); ok {
		later = wait
	}
	return b, later
}

// texts sends what is said beside the picture; over says that it was the last.
func (v *viewer) texts() (over bool, _ error) {
	v.mu.Lock()
	dirty, asks, link, local, code := v.dirty, v.asks, v.link, v.local, v.over
	v.dirty, v.asks, v.link, v.local = false, false, nil, time.Time{}
	v.mu.Unlock()
	if code != "" {
		v.farewell()
		return true, nil
	}
	if dirty {
		v.r.mu.Lock()
		l := v.r.lease
		v.r.mu.Unlock()
		if err := v.put(websocket.MessageText, v.p.State(l)); err != nil {
			return false, err
		}
	}
	if asks {
		if err := v.tell(map[string]any{"type": "renew"}); err != nil {
			return false, err
		}
	}
	if link != nil {
		if err := v.tell(map[string]any{"type": "link", "up": *link}); err != nil {
			return false, err
		}
	}
	if !local.IsZero() {
		return false, v.tell(map[string]any{"type": "local", "until": local.UTC()})
	}
	return false, nil
}

// farewell says why it is over and closes.
func (v *viewer) farewell() {
	v.mu.Lock()
	code, final := v.over, v.final
	v.mu.Unlock()
	status := overClosed
	if code == overStopped {
		status = websocket.StatusGoingAway
	}
	text := v.p.Over(code, screen.Lease{}, screen.Preemption{})
	if final != nil {
		text = final()
	}
	if v.put(websocket.MessageText, text) == nil {
		_ = v.p.Conn.Close(status, code)
	}
	_ = v.p.Conn.CloseNow()
}

func (v *viewer) tell(m map[string]any) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("say to a page: %w", err)
	}
	return v.put(websocket.MessageText, b)
}

// put writes one message. The connection's own end stops it, no context: one that
// ended would cut the connection before the page is told why.
func (v *viewer) put(kind websocket.MessageType, b []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), pageWrite)
	defer cancel()
	return v.p.Conn.Write(ctx, kind, b)
}

// ping notices a machine that is off, and keeps what stands between from calling
// the connection idle. It also asks the holder's page to renew: browsers let the
// timers of a hidden page sleep for a minute, but hand it what arrives.
func (v *viewer) ping(ctx context.Context) error {
	tick := time.NewTicker(pagePing)
	defer tick.Stop()
	renew := time.NewTicker(v.r.s.c.renew)
	defer renew.Stop()
	for {
		select {
		case <-renew.C:
			if v.p.Token != 0 {
				v.say(func() { v.asks = true })
			}
			continue
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		waiting, cancel := context.WithTimeout(context.Background(), pageDead)
		err := v.p.Conn.Ping(waiting)
		cancel()
		if err != nil {
			return err
		}
	}
}

// pageStream is the bytes of a page's binary messages; texts are taken between.
type pageStream struct {
	v    *viewer
	rest io.Reader
}

// Read implements io.Reader.
func (s *pageStream) Read(b []byte) (int, error) {
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
		kind, r, err := s.v.p.Conn.Reader(context.Background())
		if err != nil {
			return 0, err
		}
		if kind == websocket.MessageBinary {
			s.rest = r
			continue
		}
		if err := s.v.count(); err != nil {
			return 0, err
		}
		text, err := io.ReadAll(io.LimitReader(r, maxPageText+1))
		if err != nil {
			return 0, err
		}
		if len(text) > maxPageText {
			return 0, errors.New("a page's text is too long")
		}
		s.v.hear(text)
	}
}

// Write implements io.Writer, for the handshake alone.
func (s *pageStream) Write(b []byte) (int, error) {
	if err := s.v.put(websocket.MessageBinary, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// hear takes a text of the page. What it does not know it passes over.
func (v *viewer) hear(text []byte) {
	var m struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(text, &m) != nil {
		return
	}
	switch m.Type {
	case "beat":
		v.r.beat(v)
	case "renew":
		v.r.renew(v)
	case "release-keys":
		v.r.releaseKeys(v)
	}
}

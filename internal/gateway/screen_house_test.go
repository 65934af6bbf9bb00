package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/sim/fauxterminal"
	"github.com/matoi119/matoi/stdif/open1"
)

// glass is a terminal's screen that tests look through from the terminal's side.
type glass struct {
	width, height int
	rude          func(conn *open1.ScreenServed) // replaces everything after the upgrade

	mu      sync.Mutex
	conn    *open1.ScreenServed
	picture *rfb.Framebuffer
	sender  *rfb.Sender
	opened  int
	got     []string // input as it came
	at      map[string]time.Time
	watched open1.ScreenWatch
	closed  chan struct{} // not nil: nobody is let in before it is closed
}

func newGlass() *glass {
	g := &glass{width: 320, height: 200, picture: rfb.NewFramebuffer(320, 200), at: map[string]time.Time{}}
	g.picture.Fill(g.picture.Bounds(), 0x204060)
	return g
}

func (g *glass) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed != nil {
		select {
		case <-closed:
		default:
			http.Error(w, "closed", http.StatusServiceUnavailable)
			return
		}
	}
	conn, err := open1.AcceptScreen(w, r)
	if err != nil {
		return
	}
	defer conn.Close()
	stop := context.AfterFunc(r.Context(), func() { _ = conn.Close() })
	defer stop()
	if g.rude != nil {
		g.rude(conn)
		return
	}
	g.serve(conn)
}

func (g *glass) serve(conn *open1.ScreenServed) {
	init := rfb.ServerInit{Width: uint16(g.width), Height: uint16(g.height), Format: rfb.Native}
	if _, err := rfb.Accept(conn, init); err != nil {
		return
	}
	g.mu.Lock()
	g.opened++
	g.conn = conn
	g.sender = rfb.NewSender(rfb.SenderOptions{Width: g.width, Height: g.height})
	g.mu.Unlock()
	in := rfb.NewClientReader(conn)
	for {
		m, err := in.Next()
		if err != nil {
			return
		}
		g.take(m)
		g.flush()
	}
}

func (g *glass) take(m rfb.ClientMessage) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sender.Handle(m)
	said := ""
	switch m := m.(type) {
	case *rfb.KeyEvent:
		said = fmt.Sprintf("key %x %t", m.Keysym, m.Down)
	case *rfb.PointerEvent:
		said = fmt.Sprintf("pointer %d,%d %d", m.X, m.Y, m.Buttons)
	case *rfb.Clipboard:
		if m.Flags&rfb.ClipProvide != 0 {
			said = "clipboard " + m.Text
		}
	case *rfb.CutText:
		said = "cut " + string(m.Text)
	case *rfb.Fence:
		if string(m.Payload) == "beat" {
			g.at["beat"] = time.Now()
		}
		return
	}
	if said != "" {
		g.got = append(g.got, said)
		g.at[said] = time.Now()
	}
	select {
	case w := <-g.conn.Watches():
		g.watched = w
	default:
	}
}

func (g *glass) flush() {
	g.mu.Lock()
	b := g.sender.Append(nil, g.picture)
	conn := g.conn
	g.mu.Unlock()
	if len(b) > 0 {
		_, _ = conn.Write(b)
	}
}

// paint changes the picture.
func (g *glass) paint(area rfb.Rect, colour uint32) {
	g.mu.Lock()
	g.picture.Fill(area, colour)
	if g.sender != nil {
		g.sender.Damage(area)
	}
	g.mu.Unlock()
	g.flush()
}

func (g *glass) heard() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.got)
}

func (g *glass) has(what string) bool { return slices.Contains(g.heard(), what) }

func (g *glass) when(what string) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at[what]
}

func (g *glass) opens() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened
}

// room is a house with a terminal's screen and a door for pages.
type room struct {
	*house
	glass *glass
	door  *httptest.Server
	may   map[string]screen.Input // by console; absent: everything
	ends  map[string]context.CancelCauseFunc
	mu    sync.Mutex
}

func newRoom(t testing.TB, g *glass) *room {
	t.Helper()
	h := newHouse(t)
	r := &room{house: h, glass: g, may: map[string]screen.Input{}, ends: map[string]context.CancelCauseFunc{}}
	mux := http.NewServeMux()
	mux.Handle(open1.PathScreen, g)
	mux.Handle("/", fauxterminal.New(fauxterminal.Config{ID: id}))
	h.enrol(h.listen(mux, h.terminalTLS(id)))
	for _, c := range []string{"a", "b", "m", "s"} {
		h.must(h.store.Do(t.Context(), func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
			return entry.Entry{Act: "test.seat", Subject: "console/" + c}, u.Consoles().SaveConsole(ctx, console.Console{ID: c, Name: "指令台" + c, EnrolledAt: u.Now()})
		}))
	}
	h.run()
	h.until("the link", h.ready)
	r.door = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(r.door.Close)
	return r
}

// serve is what the API's door does, without cookies.
func (r *room) serve(w http.ResponseWriter, req *http.Request) {
	conn, err := websocket.Accept(w, req, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(MaxPageMessage)
	q := req.URL.Query()
	token, _ := strconv.ParseInt(q.Get("token"), 10, 64)
	ctx, end := context.WithCancelCause(req.Context())
	defer end(nil)
	seat := q.Get("console")
	r.mu.Lock()
	r.ends[seat] = end
	r.mu.Unlock()
	terminal := q.Get("terminal")
	r.gate.ServeScreen(ctx, Page{
		Terminal: terminal, Console: seat, Person: "p-" + seat, Token: token, Conn: conn,
		May: func() screen.Input {
			r.mu.Lock()
			defer r.mu.Unlock()
			if may, ok := r.may[seat]; ok {
				return may
			}
			return screen.AllInput
		},
		State: func(l screen.Lease) []byte {
			return fmt.Appendf(nil, `{"type":"state","token":%d,"holder":%q}`, l.Token, l.Holder.Console)
		},
		Over: func(code string, _ screen.Lease, why screen.Preemption) []byte {
			return fmt.Appendf(nil, `{"type":"over","code":%q,"reason":%q}`, code, why.Reason)
		},
	})
}

func who(seat string, roles ...staff.Role) act.Who {
	if len(roles) == 0 {
		roles = []staff.Role{staff.Dispatcher}
	}
	return act.Who{Principal: authz.Principal{Kind: authz.KindPerson, ID: "p-" + seat, Roles: roles}, Console: seat}
}

func (r *room) take(seat string, input screen.Input) screen.Lease {
	r.Helper()
	l, err := r.acts.TakeScreen(r.Context(), who(seat), id, screen.Operate, input)
	r.must(err)
	return l
}

func (r *room) lease() screen.Lease {
	r.Helper()
	l, err := r.store.Screens().Lease(context.Background(), id)
	r.must(err)
	return l
}

// page is a console's page: an RFB client that may be rude.
type page struct {
	r    *room
	conn *websocket.Conn
	seat string

	mu    sync.Mutex
	texts []map[string]any
	fb    *rfb.Framebuffer
	clips []string
	seen  int
	err   error
	done  chan struct{}
}

// open joins as a page does; beats are the test's own.
func (r *room) open(seat string, token int64) *page {
	r.Helper()
	url := strings.Replace(r.door.URL, "http", "ws", 1) + "/?terminal=" + id + "&console=" + seat
	if token != 0 {
		url += "&token=" + strconv.FormatInt(token, 10)
	}
	conn, _, err := websocket.Dial(r.Context(), url, nil)
	r.must(err)
	conn.SetReadLimit(64 << 20)
	p := &page{r: r, conn: conn, seat: seat, done: make(chan struct{})}
	in, feed := io.Pipe()
	go p.receive(feed)
	go p.follow(in)
	r.Cleanup(func() {
		_ = conn.CloseNow()
		<-p.done
	})
	return p
}

func (p *page) receive(feed *io.PipeWriter) {
	for {
		kind, b, err := p.conn.Read(context.Background())
		if err != nil {
			p.mu.Lock()
			p.err = err
			p.mu.Unlock()
			_ = feed.CloseWithError(err)
			return
		}
		if kind == websocket.MessageBinary {
			_, _ = feed.Write(b)
			continue
		}
		var m map[string]any
		_ = json.Unmarshal(b, &m)
		p.mu.Lock()
		p.texts = append(p.texts, m)
		p.mu.Unlock()
	}
}

func (p *page) follow(in *io.PipeReader) {
	defer close(p.done)
	defer in.CloseWithError(io.EOF)
	init, err := rfb.Join(in, pageWriter{p.conn}, rfb.Login{Shared: true})
	if err != nil {
		return
	}
	reader, err := rfb.NewServerReader(in, rfb.Native, int(init.Width), int(init.Height))
	if err != nil {
		return
	}
	p.send(&rfb.SetEncodings{Encodings: []rfb.Encoding{rfb.Tight, rfb.CopyRect, rfb.Raw, rfb.ExtendedDesktopSize, rfb.LastRect, rfb.QEMUKeys, rfb.FencePseudo, rfb.ExtendedClipboard}})
	p.send(&rfb.UpdateRequest{Area: rfb.Rect{Width: 0xFFFF, Height: 0xFFFF}})
	for {
		m, err := reader.Next()
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *rfb.Update:
			f := reader.Framebuffer()
			p.mu.Lock()
			p.seen++
			p.fb = &rfb.Framebuffer{Width: f.Width, Height: f.Height, Stride: f.Stride, Pix: slices.Clone(f.Pix)}
			p.mu.Unlock()
			p.send(&rfb.UpdateRequest{Incremental: true, Area: rfb.Rect{Width: 0xFFFF, Height: 0xFFFF}})
		case *rfb.Clipboard:
			if m.Flags&rfb.ClipProvide != 0 {
				p.mu.Lock()
				p.clips = append(p.clips, m.Text)
				p.mu.Unlock()
			}
		}
	}
}

type pageWriter struct{ conn *websocket.Conn }

func (w pageWriter) Write(b []byte) (int, error) {
	return len(b), w.conn.Write(context.Background(), websocket.MessageBinary, b)
}

func (p *page) send(all ...rfb.ClientMessage) {
	var b []byte
	for _, m := range all {
		b = m.Append(b)
	}
	_ = p.conn.Write(context.Background(), websocket.MessageBinary, b)
}

func (p *page) say(kind string) {
	_ = p.conn.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, `{"type":%q}`, kind))
}

// hold beats until the returned function is called, as a page does that lives.
func (p *page) hold() (stop func()) {
	ended, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(screen.BeatEach)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.say("beat")
			case <-ended:
				return
			}
		}
	}()
	return sync.OnceFunc(func() { close(ended); <-over })
}

func (p *page) pixel(x, y int) uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fb == nil || x >= p.fb.Width || y >= p.fb.Height {
		return 0xFFFFFFFF
	}
	return p.fb.At(x, y)
}

func (p *page) told(kind string) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.texts) - 1; i >= 0; i-- {
		if p.texts[i]["type"] == kind {
			return p.texts[i]
		}
	}
	return nil
}

func (p *page) overWith(code string) bool { m := p.told("over"); return m != nil && m["code"] == code }

func (p *page) linked() bool { m := p.told("link"); return m != nil && m["up"] == true }

func key(sym uint32, down bool) *rfb.KeyEvent { return &rfb.KeyEvent{Keysym: sym, Down: down} }

func notice(kind string) open1.ScreenNotice { return open1.ScreenNotice{Type: kind} }

// with has a part of a test speak for itself.
func (r *room) with(t *testing.T) *room {
	whole := r.TB
	r.TB = t
	t.Cleanup(func() { r.TB = whole })
	return r
}

func (r *room) allow(seat string, may screen.Input) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.may[seat] = may
}

// reset forgets what came.
func (g *glass) reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.got = nil
	clear(g.at)
}

// nobodyThere lets the rest after local use be over.
func (r *room) nobodyThere() {
	v := r.gate.screens.relay(id, false)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.local = time.Time{}
	v.lease.LocalAt = time.Time{}
}

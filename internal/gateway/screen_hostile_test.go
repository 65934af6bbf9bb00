package gateway

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/sim/fauxterminal"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// begun is a rude terminal's polite beginning.
func begun(conn *open1.ScreenServed, width, height uint16) bool {
	_, err := rfb.Accept(conn, rfb.ServerInit{Width: width, Height: height, Format: rfb.Native})
	return err == nil
}

// bomb is a rectangle in ZRLE that inflates without an end.
func bomb() []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	zeros := make([]byte, 1<<20)
	for range 64 {
		_, _ = w.Write(zeros)
	}
	_ = w.Close()
	b := rfb.UpdateHeader(nil, 1)
	b = rfb.RectHeader(b, rfb.Rect{Width: 64, Height: 64}, rfb.ZRLE)
	return append(binary.BigEndian.AppendUint32(b, uint32(z.Len())), z.Bytes()...)
}

// rude are terminals as nobody should meet them. Each does it again and again.
func rude() map[string]func(conn *open1.ScreenServed) {
	forever := func(conn *open1.ScreenServed, b []byte) {
		for {
			if _, err := conn.Write(b); err != nil {
				return
			}
		}
	}
	after := func(b []byte) func(conn *open1.ScreenServed) {
		return func(conn *open1.ScreenServed) {
			if begun(conn, 64, 64) {
				_, _ = conn.Write(b)
				_, _ = io.Copy(io.Discard, conn)
			}
		}
	}
	endless := rfb.UpdateHeader(nil, rfb.AnyCount)
	for range 4096 {
		endless = rfb.AppendCopyRect(endless, rfb.Rect{Width: 64, Height: 64}, 0, 0)
	}
	fences := []byte{}
	for range 1000 {
		fences = (&rfb.Fence{Flags: rfb.FenceRequest, Payload: make([]byte, rfb.MaxFence)}).AppendServer(fences)
	}
	return map[string]func(conn *open1.ScreenServed){
		"silent":              func(conn *open1.ScreenServed) { _, _ = io.Copy(io.Discard, conn) },
		"gone":                func(*open1.ScreenServed) {},
		"no rfb":              func(conn *open1.ScreenServed) { forever(conn, bytes.Repeat([]byte("RFB?"), 1000)) },
		"huge from the start": func(conn *open1.ScreenServed) { begun(conn, 16384, 2048); _, _ = io.Copy(io.Discard, conn) },
		"grows":               after(rfb.AppendDesktopSize(rfb.UpdateHeader(nil, 1), 16384, 16384)),
		"wrong length":        after(append(rfb.RectHeader(rfb.UpdateHeader(nil, 1), rfb.Rect{Width: 64, Height: 64}, rfb.Tight), 0, 0xFF, 0xFF, 0x7F)),
		"outside":             after(rfb.RectHeader(rfb.UpdateHeader(nil, 1), rfb.Rect{X: 60, Width: 64, Height: 64}, rfb.Raw)),
		"bomb":                after(bomb()),
		"endless":             after(bytes.Repeat(endless, 4)),
		"fences": func(conn *open1.ScreenServed) {
			if begun(conn, 64, 64) {
				forever(conn, fences) // and reads nothing
			}
		},
		"drips": func(conn *open1.ScreenServed) {
			if !begun(conn, 64, 64) {
				return
			}
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for b := rfb.AppendRaw(rfb.UpdateHeader(nil, 1), rfb.Native, rfb.NewFramebuffer(64, 64), rfb.Rect{Width: 64, Height: 64}); len(b) > 0; b = b[1:] {
				if _, err := conn.Write(b[:1]); err != nil {
					return
				}
				<-tick.C
			}
		},
		"talks": func(conn *open1.ScreenServed) {
			for conn.Notify(context.Background(), open1.ScreenNotice{Type: "source", Source: strings.Repeat("x", 9000)}) == nil {
			}
		},
	}
}

// A terminal that lies, floods or says nothing harms neither the gateway nor
// another terminal's screen nor its own data plane (standard-interface §5.7).
func TestHostileTerminals(t *testing.T) {
	duty(t, "S3-1-2-1")
	g := newGlass()
	r := newRoom(t, g)
	behind := map[string]*fauxterminal.Terminal{}
	for name, manner := range rude() {
		name = "rude-" + strings.ReplaceAll(name, " ", "-")
		faux := fauxterminal.New(fauxterminal.Config{ID: name})
		mux := http.NewServeMux()
		mux.Handle(open1.PathScreen, &glass{rude: manner})
		mux.Handle("/", faux)
		address := r.listen(mux, r.terminalTLS(name))
		r.must(r.acts.Enrol(t.Context(), act.CommandLine(), terminal.Terminal{
			ID: name, Name: name, Place: "2階", Address: address, Services: []terminal.Service{{ID: service, Name: "Net119"}}, Serials: []string{"1"}, EnrolledAt: r.store.Now(),
		}))
		behind[name] = faux
	}
	r.gate.Follow()
	for name := range behind {
		r.until("the link of "+name, func() bool { return r.gate.Ready(name) })
	}
	l := r.take("a", 0)
	p := r.open("a", l.Token)
	r.until("the picture", func() bool { return p.pixel(1, 1) == 0x204060 && p.linked() })
	defer p.hold()()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name := range behind {
		_, err := r.acts.TakeScreen(t.Context(), who("b"), name, screen.Operate, 0)
		r.must(err)
	}
	worst, peak := time.Duration(0), uint64(0)
	for i := range 20 {
		began, colour := time.Now(), uint32(i+1)
		g.paint(rfb.Rect{X: 8, Y: 8, Width: 16, Height: 16}, colour)
		p.send(key(uint32(0x1000+i), true), key(uint32(0x1000+i), false))
		r.until("a change beside hostile terminals", func() bool { return p.pixel(10, 10) == colour && g.has(fmt.Sprintf("key %x false", 0x1000+i)) })
		worst = max(worst, time.Since(began))
		runtime.ReadMemStats(&after)
		peak = max(peak, after.HeapAlloc)
		for began := time.Now(); time.Since(began) < 5*time.Millisecond; {
			runtime.Gosched() // they go on meanwhile
		}
	}
	t.Logf("worst change and key beside %d hostile terminals: %s; heap grew by at most %d MiB", len(behind), worst, (int64(peak)-int64(before.HeapAlloc))>>20)
	if worst > 3*time.Second {
		t.Errorf("a change took %s", worst)
	}
	if grew := int64(peak) - int64(before.HeapAlloc); grew > 256<<20 {
		t.Errorf("the heap grew by %d MiB", grew>>20)
	}
	for name, faux := range behind {
		number := "N-" + name
		_, err := faux.Put(service, stdif.Actual, stdif.Inbound{Report: &stdif.Report{ID: number, Revision: 1, EventTime: time.Now(), Kind: stdif.IncidentType{Code: stdif.KindOther}, Text: "助けて"}})
		r.must(err)
		r.until("a report of "+name, func() bool { return r.has(number) })
		if v := r.gate.Screen(name); v.Up {
			t.Errorf("%s counts as a screen", name)
		}
	}
}

// A copy that reads nothing slows the holder down by nothing, and is let go.
func TestSlowCopy(t *testing.T) {
	duty(t, "S3-1-2-1")
	g := newGlass()
	r := newRoom(t, g)
	l := r.take("a", 0)
	_, err := r.acts.MirrorScreen(t.Context(), who("a"), id, "m", true)
	r.must(err)
	p := r.open("a", l.Token)
	r.until("the picture", func() bool { return p.pixel(1, 1) == 0x204060 && p.linked() })
	stuck := r.stuck("m")
	worst := time.Duration(0)
	for i := range 25 {
		began, colour := time.Now(), uint32(0xFF)<<(8*(i%3))
		g.noise(uint32(i))
		g.paint(rfb.Rect{Width: 64, Height: 64}, colour)
		r.until("the holder's change", func() bool { return like(p.pixel(30, 30), colour) })
		worst = max(worst, time.Since(began))
	}
	t.Logf("worst change beside a copy that reads nothing: %s", worst)
	if worst > 2*time.Second {
		t.Errorf("a change took %s", worst)
	}
	_ = stuck.CloseNow()
}

// like: what moves may come as JPEG at first.
func like(a, b uint32) bool {
	for shift := 0; shift < 24; shift += 8 {
		if d := int(a>>shift&0xFF) - int(b>>shift&0xFF); d < -60 || d > 60 {
			return false
		}
	}
	return true
}

// stuck is a page that asks for everything and reads nothing after the handshake.
func (r *room) stuck(seat string) *websocket.Conn {
	url := strings.Replace(r.door.URL, "http", "ws", 1) + "/?terminal=" + id + "&console=" + seat
	conn, _, err := websocket.Dial(r.Context(), url, nil)
	r.must(err)
	r.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	in := &binaryOnly{conn: conn}
	_, err = rfb.Join(in, pageWriter{conn}, rfb.Login{Shared: true})
	r.must(err)
	b := (&rfb.SetEncodings{Encodings: []rfb.Encoding{rfb.Raw, rfb.ContinuousUpdates}}).Append(nil)
	b = (&rfb.EnableContinuousUpdates{On: true, Area: rfb.Rect{Width: 320, Height: 200}}).Append(b)
	_, err = pageWriter{conn}.Write(b)
	r.must(err)
	return conn
}

type binaryOnly struct {
	conn *websocket.Conn
	rest []byte
}

func (s *binaryOnly) Read(b []byte) (int, error) {
	for len(s.rest) == 0 {
		kind, m, err := s.conn.Read(context.Background())
		if err != nil {
			return 0, err
		}
		if kind == websocket.MessageBinary {
			s.rest = m
		}
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// noise changes every pixel to something that does not compress.
func (g *glass) noise(seed uint32) {
	g.mu.Lock()
	for i := range g.picture.Pix {
		seed = seed*1664525 + 1013904223
		g.picture.Pix[i] = byte(seed >> 24)
	}
	if g.sender != nil {
		g.sender.Damage(g.picture.Bounds())
	}
	g.mu.Unlock()
	g.flush()
}

// The terminal's screen is lost and comes back: the page keeps its socket and is
// told, what it sends meanwhile never arrives, and the picture is the same again.
func TestScreenComesBack(t *testing.T) {
	duty(t, "S3-1-2-2", "S3-1-1-2")
	g := newGlass()
	r := newRoom(t, g)
	l := r.take("a", 0)
	p := r.open("a", l.Token)
	r.until("the picture", func() bool { return p.pixel(1, 1) == 0x204060 && p.linked() })
	defer p.hold()()
	p.send(key('h', true))
	r.until("input", func() bool { return g.has("key 68 true") })
	g.mu.Lock()
	g.closed = make(chan struct{})
	conn := g.conn
	g.mu.Unlock()
	_ = conn.Close()
	r.until("the page is told", func() bool { m := p.told("link"); return m != nil && m["up"] == false })
	p.send(key('q', true), key('q', false), &rfb.PointerEvent{Buttons: 1}, &rfb.PointerEvent{})
	if !r.ready() {
		t.Error("the data plane fell with the screen")
	}
	r.until("what was sent has been read", func() bool { p.say("renew"); return p.told("state") != nil })
	began := time.Now()
	g.paint(rfb.Rect{X: 8, Y: 8, Width: 16, Height: 16}, 0x00FF00)
	close(g.closed)
	r.until("it is back", func() bool { return p.linked() && p.pixel(10, 10) == 0x00FF00 && p.pixel(100, 100) == 0x204060 })
	t.Logf("back after %s", time.Since(began))
	if took := time.Since(began); took > 2*time.Second+slack {
		t.Errorf("the picture came back after %s", took)
	}
	p.send(key('w', true), key('w', false))
	r.until("input goes on", func() bool { return g.has("key 77 false") })
	if g.has("key 71 true") || slices.ContainsFunc(g.heard(), func(s string) bool { return strings.HasPrefix(s, "pointer 0,0 1") }) {
		t.Errorf("what was typed while the screen was gone arrived: %v", g.heard())
	}
	if r.lease().Token != l.Token {
		t.Error("the lease did not outlive the terminal's connection")
	}
}

// A lease is kept for a moment when the page's connection is lost, for the same
// console alone; then it ends. What a gateway before this one left is ended.
func TestLeaseAfterTheSocket(t *testing.T) {
	g := newGlass()
	r := newRoom(t, g)
	l := r.take("a", 0)
	p := r.open("a", l.Token)
	r.until("the picture", func() bool { return p.pixel(1, 1) == 0x204060 })
	_ = p.conn.CloseNow()
	v := r.gate.screens.relay(id, false)
	until := func() (time.Duration, act.LapseCause) {
		v.mu.Lock()
		defer v.mu.Unlock()
		return time.Until(v.lease.Until), v.cause
	}
	r.until("the time is shortened", func() bool { left, cause := until(); return left <= socketGrace && cause == act.LapseSocket })
	if wrong := r.open("b", l.Token); wrong != nil {
		r.until("another console has no use for the token", func() bool { return wrong.overWith("lease.over") })
	}
	again := r.open("a", l.Token)
	r.until("it is the same lease", func() bool {
		left, cause := until()
		return left > socketGrace && cause == act.LapseExpired && again.pixel(1, 1) == 0x204060
	})
	_ = again.conn.CloseNow()
	r.until("the time is shortened again", func() bool { _, cause := until(); return cause == act.LapseSocket })
	v.mu.Lock()
	v.lease.Until = time.Now()
	v.mu.Unlock()
	v.kick()
	r.until("it ended", func() bool { return r.lease().Holder.Console == "" })
	r.until("it says why", func() bool {
		return slices.ContainsFunc(r.entries(), func(e audit.Body) bool { return e.Act == "screen.lapse" && e.Facts["cause"] == "socket" })
	})

	left := r.take("b", 0)
	r.gate.screens.sweep(t.Context(), r.store.Now())
	if now := r.lease(); now.Holder.Console != "" || now.Token != left.Token {
		t.Errorf("a lease of before: %+v", now)
	}
}

// Pages come and go by the thousand, and leave nothing behind.
func TestManyConnects(t *testing.T) {
	n := 1000
	if os.Getenv("MATOI_SOAK") != "" {
		n = 10000
	}
	g := newGlass()
	r := newRoom(t, g)
	l := r.take("a", 0)
	hello := (&rfb.SetEncodings{Encodings: []rfb.Encoding{rfb.Tight}}).Append(nil)
	hello = (&rfb.UpdateRequest{Area: rfb.Rect{Width: 320, Height: 200}}).Append(hello)
	url := fmt.Sprintf("%s/?terminal=%s&console=a&token=%d", strings.Replace(r.door.URL, "http", "ws", 1), id, l.Token)
	visit := func() {
		conn, _, err := websocket.Dial(t.Context(), url, nil)
		r.must(err)
		defer conn.CloseNow()
		in := &binaryOnly{conn: conn}
		init, err := rfb.Join(in, pageWriter{conn}, rfb.Login{Shared: true})
		r.must(err)
		reader, err := rfb.NewServerReader(in, rfb.Native, int(init.Width), int(init.Height))
		r.must(err)
		_, err = pageWriter{conn}.Write(hello)
		r.must(err)
		for {
			m, err := reader.Next()
			r.must(err)
			if u, ok := m.(*rfb.Update); ok && len(u.Areas) > 0 {
				return
			}
		}
	}
	settled := func() (int, uint64) {
		r.until("every page has left", func() bool {
			v := r.gate.screens.relay(id, false)
			v.mu.Lock()
			defer v.mu.Unlock()
			return len(v.viewers) == 0
		})
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapAlloc
	}
	for range 50 {
		visit()
	}
	goroutines, heap := settled()
	for range n {
		visit()
	}
	r.until("no goroutine is left", func() bool { now, _ := settled(); return now <= goroutines+5 })
	_, now := settled()
	t.Logf("%d connects: heap %+d KiB", n, (int64(now)-int64(heap))>>10)
	if int64(now)-int64(heap) > 8<<20 {
		t.Errorf("the heap grew from %d to %d KiB", heap>>10, now>>10)
	}
	if g.opens() != 1 {
		t.Errorf("the terminal was dialled %d times", g.opens())
	}
}

package guardian

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/matoi119/matoi/internal/agent/capture"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
	dutytest "github.com/matoi119/matoi/test/duty"
)

var duty = dutytest.Holds

func TestMain(m *testing.M) {
	if IsChild(os.Args) {
		os.Exit(Child(os.Stdin, os.Stdout))
	}
	if display := os.Getenv(victimDisplay); display != "" {
		runVictim(display)
		return
	}
	// Guardians that are told to end need not wait for reports of the race detector,
	// which takes a second.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// A headquarters sees what is drawn, in every encoding, and the terminal knows
// who looks.
func TestPictureArrives(t *testing.T) {
	duty(t, "S3-1-2-1")
	s := newStage()
	s.draw(rfb.Rect{X: 10, Y: 10, Width: 50, Height: 20}, 0x336699)
	h := newHeadquarters(t, made(s))
	for _, e := range []rfb.Encoding{rfb.Raw, rfb.ZRLE, rfb.Tight} {
		c := h.dial(e)
		n := c.hears(open1.ScreenSource)
		if n.Source != "page" || n.Clipboard != open1.Yes || n.LocalUse != open1.Yes {
			t.Errorf("the source says %+v", n)
		}
		until(t, "the first picture", func() bool { return c.at(20, 20) == 0x336699 })
		s.draw(rfb.Rect{X: 100, Y: 100, Width: 10, Height: 10}, uint32(e)<<8|0x55)
		until(t, "a change", func() bool { return c.at(105, 105) == uint32(e)<<8|0x55 })
		s.do(func() { s.p = rfb.NewFramebuffer(640, 400); s.p.Fill(s.p.Bounds(), 0x010203) })
		until(t, "another size", func() bool { return c.at(639, 399) == 0x010203 })
		s.do(func() { s.p = rfb.NewFramebuffer(320, 200); s.p.Fill(s.p.Bounds(), 0x336699) })
		until(t, "the first size again", func() bool { return c.at(20, 20) == 0x336699 })
		c.mu.Lock()
		if c.cursor == nil {
			t.Error("no pointer came")
		}
		c.mu.Unlock()
		wire := []byte(`{"viewers":[{"console":"指令台2","person":"例示 花子","operates":true,"since":"2026-04-01T09:12:30+09:00"}]}`)
		if err := c.ws.Write(t.Context(), websocket.MessageText, wire); err != nil {
			t.Fatal(err)
		}
		until(t, "who looks", func() bool { v := h.k.State().Viewers; return len(v) == 1 && v[0].Person == "例示 花子" })
		_ = c.ws.CloseNow()
		until(t, "nobody looks any more", func() bool { return len(h.k.State().Viewers) == 0 })
	}
	if st := h.k.State(); st.State != Ready || st.Source.Source != "page" {
		t.Errorf("the state is %+v", st)
	}
}

// While nobody waits for an update nothing is captured: a screen that nobody sees
// costs nothing.
func TestNobodyWaitsNothingIsCaptured(t *testing.T) {
	s := newStage()
	h := newHeadquarters(t, made(s))
	c := h.dial()
	until(t, "the first picture", func() bool { return c.at(0, 0) == 0 })
	c.say(&rfb.EnableContinuousUpdates{}, &rfb.Fence{Flags: rfb.FenceRequest, Payload: []byte("x")})
	until(t, "the fence", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, m := range c.other {
			if f, ok := m.(*rfb.Fence); ok && string(f.Payload) == "x" {
				return true
			}
		}
		return false
	})
	s.mu.Lock()
	before := s.captures
	s.mu.Unlock()
	for range 20 {
		s.draw(rfb.Rect{Width: 5, Height: 5}, 1)
		wait(t.Context(), 5*time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.captures > before+1 {
		t.Errorf("%d captures while nobody waited", s.captures-before)
	}
}

func press(t *testing.T, s *stage, c *client) {
	t.Helper()
	c.say(&rfb.KeyEvent{Down: true, Keysym: 0xFFE3, Scan: 0x1D}, &rfb.KeyEvent{Down: true, Keysym: 'a'}, &rfb.PointerEvent{Buttons: 1, X: 30, Y: 40})
	until(t, "the press", func() bool { keys, buttons := s.down(); return keys == 2 && buttons == 1 })
}

// Whatever ends it, nothing stays down; what was said before a cut is not done
// after it.
func TestLettingGo(t *testing.T) {
	duty(t, "S3-1-2-2")
	for name, end := range map[string]func(h *headquarters, c *client){
		"silence":            func(*headquarters, *client) {},
		"connection lost":    func(_ *headquarters, c *client) { _ = c.ws.CloseNow() },
		"a newer connection": func(h *headquarters, _ *client) { h.dial() },
		"the agent ends":     func(h *headquarters, _ *client) { h.stop() },
		"a broken message":   func(_ *headquarters, c *client) { _, _ = sends{c.ws}.Write([]byte{99}) },
		"released in order": func(_ *headquarters, c *client) {
			c.say(&rfb.KeyEvent{Keysym: 0xFFE3, Scan: 0x1D}, &rfb.KeyEvent{Keysym: 'a'}, &rfb.PointerEvent{})
		},
		"the person comes":   nil, // see below
		"the screen is gone": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage()
			h := newHeadquarters(t, made(s))
			c := h.dial()
			stop := c.beats() // or silence would be the cause of all
			defer stop()
			press(t, s, c)
			began := time.Now()
			switch {
			case name == "silence":
				stop()
			case end != nil:
				end(h, c)
			case name == "the person comes":
				s.do(func() { s.idle = 0 })
			default:
				s.do(func() { s.broken = errors.New("gone") })
			}
			until(t, "letting go", func() bool { keys, buttons := s.down(); return keys == 0 && buttons == 0 })
			t.Logf("after %v", time.Since(began).Round(time.Millisecond))
		})
	}
}

// A beat while something is held keeps it held.
func TestBeatsHold(t *testing.T) {
	s := newStage()
	h := newHeadquarters(t, made(s))
	c := h.dial()
	press(t, s, c)
	s.mu.Lock()
	before := s.letGo
	s.mu.Unlock()
	for range 10 {
		c.say(&rfb.Fence{Flags: rfb.FenceRequest, Payload: []byte("beat")})
		wait(t.Context(), 50*time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.letGo != before || len(s.keys) != 2 {
		t.Errorf("let go %d times while the headquarters beat", s.letGo-before)
	}
}

// The person at the terminal goes first: what comes from afar is dropped, and the
// console is told.
func TestThePersonAtTheTerminalGoesFirst(t *testing.T) {
	duty(t, "S3-1-1-2")
	s := newStage()
	h := newHeadquarters(t, made(s))
	c := h.dial()
	defer c.beats()()
	press(t, s, c)
	s.do(func() { s.idle = 10 * time.Millisecond })
	c.hears(open1.ScreenLocal)
	until(t, "letting go", func() bool { keys, _ := s.down(); return keys == 0 })
	s.mu.Lock()
	before := s.pressed
	s.mu.Unlock()
	c.say(&rfb.KeyEvent{Down: true, Keysym: 'b'}, &rfb.Clipboard{Flags: rfb.ClipProvide | rfb.ClipText, Text: "x"}, &rfb.PointerEvent{Buttons: 1, X: 3, Y: 4}, &rfb.Fence{Flags: rfb.FenceRequest, Payload: []byte("after")})
	until(t, "the fence", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, m := range c.other {
			if f, ok := m.(*rfb.Fence); ok && string(f.Payload) == "after" {
				return true
			}
		}
		return false
	})
	s.mu.Lock()
	if s.pressed != before || s.pasted != "" {
		t.Error("input from afar was done while the person used the terminal")
	}
	s.mu.Unlock()
	if h.k.State().LocalAt.IsZero() {
		t.Error("the terminal's own page does not know")
	}
}

// Texts go both ways whole, kanji included, and what came from afar is taken away
// at the end.
func TestClipboard(t *testing.T) {
	s := newStage()
	h := newHeadquarters(t, made(s))
	c := h.dial()
	c.say(&rfb.Clipboard{Flags: rfb.ClipProvide | rfb.ClipText, Text: "救急\n髙橋"})
	until(t, "the paste", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.pasted == "救急\n髙橋" })
	s.do(func() { s.copied, s.isCopied = "火災 🚒", true })
	got := func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, m := range c.other {
			if b, ok := m.(*rfb.Clipboard); ok && b.Flags&rfb.ClipProvide != 0 && b.Text == "火災 🚒" {
				c.other = nil
				return true
			}
		}
		return false
	}
	until(t, "the copy", got)
	c.say(&rfb.Clipboard{Flags: rfb.ClipRequest | rfb.ClipText})
	until(t, "the copy again", got)
	c.say(&rfb.CutText{Text: []byte("caf\xe9")})
	until(t, "an old client's paste", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.pasted == "café" })
	_ = c.ws.CloseNow()
	until(t, "an empty clipboard", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.pasted == "" })
}

// One monitor of two is served as a screen of its own.
func TestMonitor(t *testing.T) {
	s := newStage()
	s.monitors = []rfb.Screen{{ID: 1, Area: rfb.Rect{Width: 100, Height: 200}}, {ID: 2, Area: rfb.Rect{X: 100, Width: 120, Height: 150}}}
	s.draw(rfb.Rect{X: 100, Width: 120, Height: 150}, 0x00FF00)
	config := made(s)
	config.Source.Monitor = 1
	c := newHeadquarters(t, config).dial()
	if c.init.Width != 120 || c.init.Height != 150 {
		t.Fatalf("the screen is %d × %d", c.init.Width, c.init.Height)
	}
	until(t, "the picture", func() bool { return c.at(119, 149) == 0x00FF00 })
	c.say(&rfb.PointerEvent{X: 5, Y: 6})
	until(t, "the pointer", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.x == 105 && s.y == 6 })
	s.do(func() { // something scrolls across the border of the monitor
		s.p.Fill(rfb.Rect{X: 90, Y: 50, Width: 50, Height: 10}, 0xFF0000)
		s.changes = append(s.changes, capture.Change{Area: rfb.Rect{X: 90, Y: 50, Width: 50, Height: 10}, Copy: true, FromX: 20, FromY: 20})
	})
	until(t, "what crosses the border", func() bool { return c.at(0, 55) == 0xFF0000 && c.at(39, 55) == 0xFF0000 })
}

// A screen that breaks is told, opened anew, and the picture goes on; one that
// refuses the password says that.
func TestFaultsAreTold(t *testing.T) {
	s := newStage()
	var mu sync.Mutex
	refusing := false
	config := made(s)
	config.Open = func(ctx context.Context) (capture.Screen, error) {
		mu.Lock()
		defer mu.Unlock()
		if refusing {
			return nil, &rfb.Refused{Reason: "password"}
		}
		return s.open(ctx)
	}
	h := newHeadquarters(t, config)
	c := h.dial()
	c.hears(open1.ScreenSource)
	mu.Lock()
	refusing = true
	mu.Unlock()
	s.do(func() { s.broken = errors.New("the display has gone") })
	if n := c.hears(open1.ScreenFault); n.Code != stdif.CodeScreen {
		t.Errorf("said %+v", n)
	}
	if n := c.hears(open1.ScreenFault); n.Code != stdif.CodeScreenLogin || h.k.State().State != Down {
		t.Errorf("said %+v", n)
	}
	mu.Lock()
	refusing = false
	mu.Unlock()
	s.do(func() { s.broken = nil; s.p.Fill(s.p.Bounds(), 0x777777) })
	c.hears(open1.ScreenSource)
	until(t, "the picture again", func() bool { return c.at(300, 150) == 0x777777 })
}

// What comes on the pipe is ours, and is read as if it were not.
func FuzzReadFrame(f *testing.F) {
	f.Add(appendWord(nil, order{Begin: true}))
	f.Add([]byte{kindRFB, 0, 0, 0, 3, 1, 2, 3})
	f.Add([]byte{kindRFB, 0xFF, 0xFF, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := bytes.NewReader(wire)
		for {
			kind, body, err := readFrame(r, nil)
			if err != nil {
				return
			}
			if kind > kindWord || len(body) > len(wire) {
				t.Fatalf("a frame of kind %d with %d bytes out of %d", kind, len(body), len(wire))
			}
		}
	})
}

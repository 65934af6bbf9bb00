package agent

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/agent/capture"
	"github.com/matoi119/matoi/internal/agent/guardian"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// wall is a screen of one colour, on which nothing can be done but pressing keys.
type wall struct {
	capture.Screen
	pressed atomic.Int32
	hint    chan struct{}
}

func (*wall) Desktop() capture.Desktop   { return capture.Desktop{Width: 64, Height: 48} }
func (w *wall) Changed() <-chan struct{} { return w.hint }
func (*wall) Capture(into *rfb.Framebuffer) ([]capture.Change, error) {
	into.Fill(into.Bounds(), 0x3366AA)
	return nil, nil
}
func (*wall) Cursor(uint32) (*rfb.Pointer, uint32, error) { return nil, 0, nil }
func (w *wall) Key(bool, uint32, uint32) error            { w.pressed.Add(1); return nil }
func (*wall) LetGo() error                                { return nil }
func (*wall) ReleaseLeftovers() error                     { return nil }
func (*wall) SetClipboard(string) error                   { return nil }
func (*wall) Abilities() capture.Abilities                { return capture.Abilities{Source: "page"} }
func (*wall) Close() error                                { return nil }

func (b *browser) screen() (s pageScreen) {
	b.s.Helper()
	_, body := b.do("GET", "/page/state", nil)
	var state struct{ Screen pageScreen }
	if err := json.Unmarshal(body, &state); err != nil {
		b.s.Fatal(err)
	}
	return state.Screen
}

// soon polls: another goroutine tells the page.
func (s *site) soon(what string, ok func() bool) {
	s.Helper()
	for late := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(late) {
			s.Fatalf("never came: %s", what)
		}
		pause := time.NewTimer(2 * time.Millisecond)
		<-pause.C
	}
}

// The gateway sees and operates the screen over mutual TLS, whoever sits at the
// terminal sees who does, and data goes on beside it.
func TestScreenPlane(t *testing.T) {
	duty(t, "S3-1-2-1")
	w := &wall{hint: make(chan struct{}, 1)}
	s := newSite(t, func(c *Config) {
		c.Screen = &guardian.Config{Source: guardian.Source{Kind: "page", Monitor: -1}, Open: func(context.Context) (capture.Screen, error) { return w, nil }}
	})
	g, b := s.gateway(), s.open()
	s.soon("a screen that is ready", func() bool {
		h, err := g.Health(t.Context())
		return err == nil && h.Planes["screen"] == "ready"
	})
	c, err := g.Screen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	init, err := rfb.Join(c, c, rfb.Login{Shared: true})
	if err != nil || init.Width != 64 {
		t.Fatalf("Join = %+v, %v", init, err)
	}
	r, err := rfb.NewServerReader(c, rfb.Native, 64, 48)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write((&rfb.UpdateRequest{Area: rfb.Rect{Width: 64, Height: 48}}).Append((&rfb.KeyEvent{Down: true, Keysym: 'a'}).Append(nil))); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err != nil || r.Framebuffer().At(63, 47) != 0x3366AA {
		t.Fatalf("the picture shows %06x, %v", r.Framebuffer().At(63, 47), err)
	}
	s.soon("the key", func() bool { return w.pressed.Load() == 1 })
	since := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	if err := c.Watch(t.Context(), open1.ScreenWatch{Viewers: []open1.ScreenViewer{{Console: "指令台2", Person: "例示 花子", Operates: true, Since: since}}}); err != nil {
		t.Fatal(err)
	}
	s.soon("the page says who", func() bool {
		v := b.screen().Viewers
		return len(v) == 1 && v[0] == pageViewer{"指令台2", "例示 花子", true, false, since}
	})
	if n := <-c.Notices(); n.Type != open1.ScreenSource || n.Source != "page" || n.Clipboard != open1.No {
		t.Errorf("the source says %+v", n)
	}
	s.report("net119", newReport("N-1", 1)) // is taken all the same
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	s.soon("the page says that nobody does", func() bool { return len(b.screen().Viewers) == 0 })
}

// A terminal without a screen says so, and one whose screen cannot be seen says
// what is wrong; both take reports.
func TestNoScreen(t *testing.T) {
	duty(t, "S3-1-1-2")
	s := newSite(t, nil)
	_, err := s.gateway().Screen(t.Context())
	var p *stdif.Problem
	if !errors.As(err, &p) || p.Code != stdif.CodeScreen || s.open().screen().State != "absent" {
		t.Errorf("Screen = %v", err)
	}
	s = newSite(t, func(c *Config) {
		c.Screen = &guardian.Config{Source: guardian.Source{Kind: "vnc", Monitor: -1}, Open: func(context.Context) (capture.Screen, error) { return nil, &rfb.Refused{Reason: "password"} }}
	})
	b := s.open()
	s.soon("what is wrong", func() bool { v := b.screen(); return v.State == "down" && v.Code == stdif.CodeScreenLogin })
	if h, err := s.gateway().Health(t.Context()); err != nil || h.Planes["screen"] != "down" {
		t.Errorf("health says %v, %v", h.Planes, err)
	}
	s.report("net119", newReport("N-1", 1)) // is taken all the same
}

package capture

import (
	"errors"
	"math/rand"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
	"pgregory.net/rapid"

	"github.com/matoi119/matoi/internal/agent/capture/xvfbtest"
	"github.com/matoi119/matoi/rfb"
)

// stage is an X server with a window that covers it and has the focus.
type stage struct {
	t       *testing.T
	x       *X11
	c       *xgb.Conn
	window  xproto.Window
	gc      xproto.Gcontext
	events  chan xgb.Event
	display string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	return stageOn(t, xvfbtest.Start(t, 640, 480))
}

func stageOn(t *testing.T, display string) *stage {
	t.Helper()
	// One connection draws and sees: the library keeps tables of all connections
	// together, and writes them when one is opened.
	events := make(chan xgb.Event, 256)
	x, err := openX11(display, func(e xgb.Event) {
		select {
		case events <- e:
		default: // a test that asks for no events has many of them
		}
	})
	check(t, err)
	t.Cleanup(func() { check(t, x.Close()) })
	c := x.c
	s := &stage{t: t, x: x, c: c, events: events, display: display}
	screen := xproto.Setup(c).DefaultScreen(c)
	s.window, err = xproto.NewWindowId(c)
	check(t, err)
	check(t, xproto.CreateWindowChecked(c, screen.RootDepth, s.window, screen.Root, 0, 0, 640, 480, 0, xproto.WindowClassInputOutput, screen.RootVisual,
		xproto.CwBackPixel|xproto.CwEventMask, []uint32{0, xproto.EventMaskKeyPress | xproto.EventMaskKeyRelease | xproto.EventMaskExposure}).Check())
	check(t, xproto.MapWindowChecked(c, s.window).Check())
	s.gc, err = xproto.NewGcontextId(c)
	check(t, err)
	check(t, xproto.CreateGCChecked(c, s.gc, xproto.Drawable(s.window), 0, nil).Check())
	s.wait(func(e xgb.Event) bool { _, ok := e.(xproto.ExposeEvent); return ok })
	check(t, xproto.SetInputFocusChecked(c, xproto.InputFocusPointerRoot, s.window, xproto.TimeCurrentTime).Check())
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) wait(is func(xgb.Event) bool) xgb.Event {
	s.t.Helper()
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	for {
		select {
		case e := <-s.events:
			if is(e) {
				return e
			}
		case <-late.C:
			s.t.Fatal("the event never came")
		}
	}
}

// soon asks until it is so, and fails after the limit.
func soon(t testing.TB, limit time.Duration, what string, ok func() bool) time.Duration {
	t.Helper()
	began, again := time.Now(), time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !ok() {
		if time.Since(began) > limit {
			t.Fatalf("not within %s: %s", limit, what)
		}
		<-again.C
	}
	return time.Since(began)
}

func (s *stage) draw(r rfb.Rect, colour uint32) {
	s.t.Helper()
	check(s.t, xproto.ChangeGCChecked(s.c, s.gc, xproto.GcForeground, []uint32{colour}).Check())
	check(s.t, xproto.PolyFillRectangleChecked(s.c, xproto.Drawable(s.window), s.gc, []xproto.Rectangle{{X: int16(r.X), Y: int16(r.Y), Width: r.Width, Height: r.Height}}).Check())
}

// Whatever is drawn is captured, and only what changed is named.
func TestWhatIsDrawnIsCaptured(t *testing.T) {
	s := newStage(t)
	fb, want := rfb.NewFramebuffer(640, 480), rfb.NewFramebuffer(640, 480)
	_, err := s.x.Capture(fb)
	check(t, err)
	for range 60 {
		r := rfb.Rect{X: uint16(rand.Intn(600)), Y: uint16(rand.Intn(440)), Width: uint16(1 + rand.Intn(40)), Height: uint16(1 + rand.Intn(40))}
		colour := rand.Uint32() & 0xFFFFFF
		s.draw(r, colour)
		want.Fill(r, colour)
		var changed []Change
		s.until("the drawing", func() bool {
			got, err := s.x.Capture(fb)
			check(t, err)
			changed = append(changed, got...)
			return fb.At(int(r.X), int(r.Y)) == colour && fb.At(int(r.X+r.Width-1), int(r.Y+r.Height-1)) == colour
		})
		area := 0
		for _, c := range changed {
			if !c.Area.Within(640, 480) {
				t.Fatalf("%+v is outside", c)
			}
			area += c.Area.Area()
		}
		if most := 6 * tile * tile; area > most {
			t.Errorf("%d pixels are named for a drawing of %d", area, r.Area())
		}
	}
	for y := range 480 {
		for x := range 640 {
			if fb.At(x, y) != want.At(x, y) {
				t.Fatalf("pixel %d,%d is %06x, want %06x", x, y, fb.At(x, y), want.At(x, y))
			}
		}
	}
	if again, err := s.x.Capture(fb); err != nil || len(again) != 0 {
		t.Errorf("nothing was drawn and %v changed, %v", again, err)
	}
}

// until waits for the hint and asks again.
func (s *stage) until(what string, ok func() bool) {
	s.t.Helper()
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	for !ok() {
		select {
		case <-s.x.Changed():
		case <-late.C:
			s.t.Fatalf("never came: %s", what)
		}
	}
}

// down is which keys and buttons are down, as the X server knows it.
func (s *stage) down() (keys int, buttons uint16) {
	s.t.Helper()
	m, err := xproto.QueryKeymap(s.c).Reply()
	check(s.t, err)
	for _, b := range m.Keys {
		for ; b != 0; b &= b - 1 {
			keys++
		}
	}
	p, err := xproto.QueryPointer(s.c, s.window).Reply()
	check(s.t, err)
	return keys, p.Mask & (xproto.ButtonMask1 | xproto.ButtonMask2 | xproto.ButtonMask3 | xproto.ButtonMask4 | xproto.ButtonMask5)
}

const (
	symControl = 0xFFE3
	symKanji   = 0x01006551 // 救: a character of no keyboard
)

// What was pressed is let go, whatever it was, and no key stays.
func TestLettingGo(t *testing.T) {
	duty(t, "S3-1-2-2")
	s := newStage(t)
	check(t, s.x.Key(true, symControl, 0x1D))
	check(t, s.x.Key(true, 'a', 0x1E))
	check(t, s.x.Key(true, symKanji, 0))
	check(t, s.x.Pointer(100, 120, 0b101))
	if keys, buttons := s.down(); keys != 3 || buttons != xproto.ButtonMask1|xproto.ButtonMask3 {
		t.Fatalf("%d keys and buttons %b are down, want 3 and two", keys, buttons)
	}
	p, err := xproto.QueryPointer(s.c, s.window).Reply()
	check(t, err)
	if p.WinX != 100 || p.WinY != 120 {
		t.Errorf("the pointer is at %d,%d", p.WinX, p.WinY)
	}
	check(t, s.x.LetGo())
	if keys, buttons := s.down(); keys != 0 || buttons != 0 {
		t.Errorf("after letting go %d keys and buttons %b are down", keys, buttons)
	}
	check(t, s.x.Key(false, 'a', 0x1E)) // a release that comes late harms nothing
	if keys, _ := s.down(); keys != 0 {
		t.Errorf("a late release left %d keys down", keys)
	}
}

// Any order of presses and releases leaves nothing down after LetGo.
func TestNothingStaysDown(t *testing.T) {
	s := newStage(t)
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			if rapid.Bool().Draw(t, "pointer") {
				if err := s.x.Pointer(rapid.IntRange(0, 639).Draw(t, "x"), rapid.IntRange(0, 479).Draw(t, "y"), rapid.Uint8Range(0, 31).Draw(t, "buttons")); err != nil {
					t.Fatal(err)
				}
				continue
			}
			keysym := rapid.SampledFrom([]uint32{'a', 'A', '1', '!', symShift, symControl, symKanji, 0x0100706B, 0xFF0D, 0xA5}).Draw(t, "keysym")
			scan := rapid.SampledFrom([]uint32{0, 0x1E, 0x2A, 0x7D, 0xB8}).Draw(t, "scan")
			_ = s.x.Key(rapid.Bool().Draw(t, "down"), keysym, scan) // what no key has is refused
		}
		if err := s.x.LetGo(); err != nil {
			t.Fatal(err)
		}
		if keys, buttons := s.down(); keys != 0 || buttons != 0 {
			t.Fatalf("%d keys and buttons %b stay down", keys, buttons)
		}
	})
}

// What a person typed arrives as the same characters: letters, shifted ones, and
// those that no key of this machine has.
func TestKeysArrive(t *testing.T) {
	s := newStage(t)
	for _, keysym := range []uint32{'a', 'A', '!', '1', 0xFF0D, 0xA5, symKanji, 0x0100706B, 'z'} {
		check(t, s.x.Key(true, keysym, 0))
		e, _ := s.wait(func(e xgb.Event) bool {
			k, ok := e.(xproto.KeyPressEvent)
			return ok && k.Detail != xproto.Keycode(s.x.keys.shift)
		}).(xproto.KeyPressEvent)
		m, err := xproto.GetKeyboardMapping(s.c, e.Detail, 1).Reply()
		check(t, err)
		level := 0
		if e.State&xproto.ModMaskShift != 0 {
			level = 1
		}
		if got := uint32(m.Keysyms[level]); got != keysym {
			t.Errorf("keysym %#x arrives as %#x", keysym, got)
		}
		check(t, s.x.Key(false, keysym, 0))
	}
}

// shrink gives the screen a smaller mode.
func (s *stage) shrink() (width, height int) {
	s.t.Helper()
	root := xproto.Setup(s.c).DefaultScreen(s.c).Root
	res, err := randr.GetScreenResources(s.c, root).Reply()
	check(s.t, err)
	mode, err := randr.CreateMode(s.c, root, randr.ModeInfo{
		Width: 320, Height: 240, DotClock: 5_000_000, HsyncStart: 330, HsyncEnd: 340, Htotal: 400, VsyncStart: 241, VsyncEnd: 243, Vtotal: 250, NameLen: 5,
	}, "small").Reply()
	check(s.t, err)
	check(s.t, randr.AddOutputModeChecked(s.c, res.Outputs[0], mode.Mode).Check())
	_, err = randr.SetCrtcConfig(s.c, res.Crtcs[0], xproto.TimeCurrentTime, res.ConfigTimestamp, 0, 0, mode.Mode, randr.RotationRotate0, res.Outputs).Reply()
	check(s.t, err)
	check(s.t, randr.SetScreenSizeChecked(s.c, root, 320, 240, 200, 150).Check())
	return 320, 240
}

// A screen that changes its size says so, and goes on.
func TestResizing(t *testing.T) {
	s := newStage(t)
	fb := rfb.NewFramebuffer(640, 480)
	_, err := s.x.Capture(fb)
	check(t, err)
	width, height := s.shrink()
	s.until("the new size", func() bool { d := s.x.Desktop(); return d.Width == width && d.Height == height })
	if _, err := s.x.Capture(fb); !errors.Is(err, ErrResized) {
		t.Errorf("a framebuffer of the old size: %v", err)
	}
	d := s.x.Desktop()
	fb = rfb.NewFramebuffer(d.Width, d.Height)
	if _, err := s.x.Capture(fb); err != nil {
		t.Errorf("a framebuffer of the new size: %v", err)
	}
}

// The pointer's shape comes once, and again when it changes.
func TestCursor(t *testing.T) {
	s := newStage(t)
	shape, serial, err := s.x.Cursor(0)
	check(t, err)
	if shape == nil || serial == 0 {
		t.Fatalf("no shape, serial %d", serial)
	}
	if again, same, err := s.x.Cursor(serial); again != nil || same != serial || err != nil {
		t.Errorf("the same shape came again: %v, %d, %v", again, same, err)
	}
}

// Any number of characters that no key has arrives: the key that they borrow is
// one, and it is given back at the end.
func TestOneKeyIsLent(t *testing.T) {
	s := newStage(t)
	for i := range uint32(300) {
		check(t, s.x.Key(true, 0x01004E00+i, 0))
		check(t, s.x.Key(false, 0x01004E00+i, 0))
	}
	check(t, s.x.keys.read())
	lent := s.x.keys.spare
	s.x.keys.giveBack()
	m, err := xproto.GetKeyboardMapping(s.c, lent, 1).Reply()
	check(t, err)
	if m.Keysyms[0] != 0 {
		t.Errorf("the key %d still gives %#x", lent, m.Keysyms[0])
	}
}

// What we press is not the person at the machine; what somebody else presses is.
func TestIdleIsThePersonsOwn(t *testing.T) {
	s := newStage(t)
	for range 20 {
		check(t, s.x.Pointer(5, 5, 0))
		check(t, s.x.Key(true, 'a', 0x1E))
		check(t, s.x.Key(false, 'a', 0x1E))
	}
	if idle, err := s.x.Idle(); err != nil || idle != never {
		t.Fatalf("our own input counts: %s, %v", idle, err)
	}
	var side int16
	soon(t, 10*time.Second, "somebody else's moving of the pointer", func() bool {
		side ^= 1 // until the server's clock of milliseconds has gone on
		xtest.FakeInput(s.c, xproto.MotionNotify, 0, 0, s.x.root, 50+side, 60, 0)
		idle, err := s.x.Idle()
		check(t, err)
		return idle < 5*time.Second
	})
	check(t, s.x.ReleaseLeftovers())
	if idle, err := s.x.Idle(); err != nil || idle != never {
		t.Errorf("what was before counts: %s, %v", idle, err)
	}
}

// The server repeats a key that is held; that is nobody at the terminal. What the
// person does meanwhile still counts.
func TestHeldKeyIsNobodysUse(t *testing.T) {
	s := newStage(t)
	check(t, s.x.Pointer(5, 5, 0))
	check(t, s.x.Key(true, 'a', 0x1E))
	for range 3 {
		ours := s.x.use.ours
		soon(t, 10*time.Second, "a repeat of the key", func() bool {
			asked := time.Now()
			idle, err := s.x.anyIdle()
			check(t, err)
			return asked.Add(-idle).After(ours.Add(slack))
		})
		if idle, err := s.x.Idle(); err != nil || idle != never {
			t.Fatalf("the repeat of our own key counts: %s, %v", idle, err)
		}
	}
	var side int16
	soon(t, 10*time.Second, "the person's moving of the pointer", func() bool {
		side ^= 1
		xtest.FakeInput(s.c, xproto.MotionNotify, 0, 0, s.x.root, 50+side, 60, 0)
		idle, err := s.x.Idle()
		check(t, err)
		return idle < 5*time.Second
	})
	check(t, s.x.Key(false, 'a', 0x1E))
}

// A display that is not there or goes away is an error, never a black screen.
func TestDisplayGone(t *testing.T) {
	if _, err := OpenX11(":4095"); err == nil {
		t.Error("a display that is not there was opened")
	}
}

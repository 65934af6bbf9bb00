package capture

import (
	"bytes"
	"errors"
	"testing"

	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"
	"pgregory.net/rapid"

	"github.com/matoi119/matoi/rfb"
)

// beside is a screen of two monitors, drawn by a test.
type beside struct {
	Screen
	now    *rfb.Framebuffer
	differ differ
	at     [2]int
}

func (b *beside) Desktop() Desktop {
	return Desktop{Width: 400, Height: 200, Monitors: []rfb.Screen{{ID: 1, Area: rfb.Rect{Width: 190, Height: 200}}, {ID: 2, Area: rfb.Rect{X: 190, Width: 210, Height: 190}}}}
}

func (b *beside) Capture(into *rfb.Framebuffer) ([]Change, error) {
	return b.differ.update(into, b.now.Pix, b.now.Stride, b.now.Bounds(), nil), nil
}

func (b *beside) Pointer(x, y int, _ uint8) error { b.at = [2]int{x, y}; return nil }

// Who follows the changes of one monitor sees that monitor, whatever moves across
// its border.
func TestOneMonitor(t *testing.T) {
	text := page(1, 400, 200)
	rapid.Check(t, func(t *rapid.T) {
		b := &beside{now: clone(text)}
		n := rapid.IntRange(0, 2).Draw(t, "monitor")
		m := OneMonitor(b, n)
		d := m.Desktop()
		if _, err := m.Capture(rfb.NewFramebuffer(400, 200)); !errors.Is(err, ErrResized) {
			t.Fatalf("a framebuffer of the whole screen: %v", err)
		}
		into, seen := rfb.NewFramebuffer(d.Width, d.Height), rfb.NewFramebuffer(d.Width, d.Height)
		area := b.Desktop().Monitors[n%2].Area
		for range 3 {
			changes, err := m.Capture(into)
			if err != nil {
				t.Fatal(err)
			}
			replay(seen, into, changes)
			if !bytes.Equal(seen.Pix, into.Pix) {
				t.Fatal("who follows sees something else")
			}
			for y := range into.Height {
				if !bytes.Equal(into.Row(0, y, into.Width), b.now.Row(int(area.X), int(area.Y)+y, into.Width)) {
					t.Fatalf("row %d is not the monitor's, after %v", y, changes)
				}
			}
			by := uint16(rapid.IntRange(1, 60).Draw(t, "by"))
			if rapid.Bool().Draw(t, "sideways") {
				b.now.Move(rfb.Rect{Width: 400 - by, Height: 200}, by, 0)
			} else {
				b.now.Move(rfb.Rect{Y: by, Width: 400, Height: 200 - by}, 0, 0)
			}
			b.now.Fill(rfb.Rect{X: 160, Y: 40, Width: by, Height: by}, 0xAA00AA)
		}
		if err := m.Pointer(10, 20, 0); err != nil || b.at != [2]int{int(area.X) + 10, int(area.Y) + 20} {
			t.Fatalf("the pointer is at %v, %v", b.at, err)
		}
	})
}

// Monitors of an X server are listed, each with its place.
func TestMonitorsAreListed(t *testing.T) {
	s := newStage(t)
	for i, x := range []int16{0, 320} {
		name, err := xproto.InternAtom(s.c, false, 5, []string{"left ", "right"}[i]).Reply()
		check(t, err)
		info := randr.MonitorInfo{Name: name.Atom, X: x, Width: 320, Height: 480, WidthInMillimeters: 200, HeightInMillimeters: 300}
		check(t, randr.SetMonitorChecked(s.c, s.x.root, info).Check())
	}
	d := s.x.Desktop()
	if len(d.Monitors) < 2 || d.Monitors[1].Area.X != 320 {
		t.Fatalf("%+v", d)
	}
	right := OneMonitor(s.x, 1)
	fb := rfb.NewFramebuffer(320, 480)
	s.draw(rfb.Rect{X: 330, Y: 20, Width: 50, Height: 50}, 0x123456)
	s.until("the drawing on the monitor", func() bool {
		_, err := right.Capture(fb)
		check(t, err)
		return fb.At(10, 20) == 0x123456
	})
}

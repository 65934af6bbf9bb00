package xvfbtest

import (
	"math/bits"
	"testing"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// State asks a display what it believes, over a connection of its own. Open one
// in a process at a time: the library keeps tables of all connections together.
type State struct {
	t testing.TB
	c *xgb.Conn
}

// Watch connects to a display until the end of the test.
func Watch(t testing.TB, display string) *State {
	t.Helper()
	c, err := xgb.NewConnDisplay(display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &State{t, c}
}

// Down is how many keys and buttons are down (XQueryKeymap, XQueryPointer).
func (s *State) Down() (keys, buttons int) {
	s.t.Helper()
	m, err := xproto.QueryKeymap(s.c).Reply()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, b := range m.Keys {
		keys += bits.OnesCount8(b)
	}
	p, err := xproto.QueryPointer(s.c, xproto.Setup(s.c).DefaultScreen(s.c).Root).Reply()
	if err != nil {
		s.t.Fatal(err)
	}
	const all = xproto.ButtonMask1 | xproto.ButtonMask2 | xproto.ButtonMask3 | xproto.ButtonMask4 | xproto.ButtonMask5
	return keys, bits.OnesCount16(p.Mask & all)
}

// Paint paints the whole root window.
func (s *State) Paint(colour uint32) {
	s.t.Helper()
	screen := xproto.Setup(s.c).DefaultScreen(s.c)
	gc, err := xproto.NewGcontextId(s.c)
	if err == nil {
		err = xproto.CreateGCChecked(s.c, gc, xproto.Drawable(screen.Root), xproto.GcForeground|xproto.GcSubwindowMode, []uint32{colour, xproto.SubwindowModeIncludeInferiors}).Check()
	}
	if err == nil {
		err = xproto.PolyFillRectangleChecked(s.c, xproto.Drawable(screen.Root), gc, []xproto.Rectangle{{Width: screen.WidthInPixels, Height: screen.HeightInPixels}}).Check()
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

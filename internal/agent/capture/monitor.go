package capture

import (
	"errors"

	"github.com/matoi119/matoi/rfb"
)

// monitor shows one monitor of a screen as if there were no other.
type monitor struct {
	Screen
	n      int
	whole  *rfb.Framebuffer
	area   rfb.Rect // of the monitor, at the last capture
	stale  bool     // everything has to be told
	differ differ
	told   []Change
}

// OneMonitor is the monitor with that number, from 0, of a screen. Where there is
// no such monitor it is the first: somebody who works must not lose the screen
// because a cable was pulled. Pointer positions are those of the monitor.
func OneMonitor(s Screen, n int) Screen {
	return &monitor{Screen: s, n: n, stale: true, differ: differ{plain: true}}
}

func (m *monitor) place() (desktop Desktop, on rfb.Screen) {
	desktop = m.Screen.Desktop()
	if m.n >= 0 && m.n < len(desktop.Monitors) {
		return desktop, desktop.Monitors[m.n]
	}
	return desktop, desktop.Monitors[0]
}

// Desktop implements Screen.
func (m *monitor) Desktop() Desktop {
	_, on := m.place()
	d := Desktop{Width: int(on.Area.Width), Height: int(on.Area.Height)}
	on.Area.X, on.Area.Y = 0, 0
	d.Monitors = []rfb.Screen{on}
	return d
}

// Capture implements Screen.
func (m *monitor) Capture(into *rfb.Framebuffer) ([]Change, error) {
	desktop, on := m.place()
	if m.whole == nil || m.whole.Width != desktop.Width || m.whole.Height != desktop.Height {
		m.whole, m.stale = rfb.NewFramebuffer(desktop.Width, desktop.Height), true
	}
	changes, err := m.Screen.Capture(m.whole)
	if err != nil {
		m.stale = m.stale || errors.Is(err, ErrResized)
		return nil, err
	}
	m.told = m.told[:0]
	if m.stale = m.stale || on.Area != m.area; m.stale || into.Width != int(on.Area.Width) || into.Height != int(on.Area.Height) {
		m.area, m.stale = on.Area, true
		if into.Width != int(on.Area.Width) || into.Height != int(on.Area.Height) {
			return nil, ErrResized
		}
		m.stale = false
		m.told = append(m.told, Change{Area: into.Bounds()})
		take(into, m.pixels(into.Bounds()), m.whole.Stride, into.Bounds(), into.Bounds())
		return m.told, nil
	}
	for _, c := range changes {
		m.tell(into, c)
	}
	for _, c := range m.told { // what a copy did not bring over; the list grows behind us
		if c.Copy {
			m.told = m.differ.update(into, m.pixels(c.Area), m.whole.Stride, c.Area, m.told)
		}
	}
	return m.told, nil
}

// pixels are those of an area of the monitor, in the whole screen.
func (m *monitor) pixels(area rfb.Rect) []byte {
	return m.whole.Pix[(int(m.area.Y)+int(area.Y))*m.whole.Stride+(int(m.area.X)+int(area.X))*4:]
}

// tell passes on what concerns this monitor.
func (m *monitor) tell(into *rfb.Framebuffer, c Change) {
	to := c.Area.Intersect(m.area)
	if to.Empty() {
		return
	}
	from := rfb.Rect{X: c.FromX, Y: c.FromY, Width: c.Area.Width, Height: c.Area.Height}
	to.X, to.Y = to.X-m.area.X, to.Y-m.area.Y
	if c.Copy && to.Width == c.Area.Width && to.Height == c.Area.Height && from.Intersect(m.area) == from {
		c = Change{Area: to, Copy: true, FromX: from.X - m.area.X, FromY: from.Y - m.area.Y}
		into.Move(rfb.Rect{X: c.FromX, Y: c.FromY, Width: to.Width, Height: to.Height}, to.X, to.Y)
		m.told = append(m.told, c)
		return
	}
	take(into, m.pixels(to), m.whole.Stride, to, to)
	m.told = append(m.told, Change{Area: to})
}

// Pointer implements Screen.
func (m *monitor) Pointer(x, y int, buttons uint8) error {
	_, on := m.place()
	x, y = min(max(x, 0), int(on.Area.Width)-1), min(max(y, 0), int(on.Area.Height)-1)
	return m.Screen.Pointer(int(on.Area.X)+x, int(on.Area.Y)+y, buttons)
}

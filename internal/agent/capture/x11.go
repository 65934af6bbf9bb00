package capture

import (
	"errors"
	"fmt"
	"io"
	"log"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/screensaver"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"

	"github.com/matoi119/matoi/rfb"
)

// X11 is the screen of an X server, seen with damage events and shared memory,
// operated with the XTEST extension.
type X11 struct {
	c       *xgb.Conn
	root    xproto.Window
	damage  damage.Damage
	image   image
	changed chan struct{}
	wide    atomic.Int64 // width << 32 | height, as the server last said
	broken  atomic.Pointer[error]

	mu      sync.Mutex // what events find
	parts   rfb.Rect   // bounds of what was damaged since the last capture
	rescale bool

	keys    *keyboard
	buttons uint8
	board   *selections
	use     use
	put     place // where our last input left the pointer, while we hold a key
	differ  differ
	changes []Change // of the last capture

	ended chan struct{}   // the connection's events have ended
	stray func(xgb.Event) // what other parts of the connection's events are for; nil in the product
}

// image is a copy of a part of the screen.
type image interface {
	read(part rfb.Rect) ([]byte, error)
	close()
}

var quiet sync.Once

// OpenX11 connects to a display, for example ":0"; "" is that of the environment.
func OpenX11(display string) (*X11, error) { return openX11(display, nil) }

func openX11(display string, stray func(xgb.Event)) (_ *X11, err error) {
	quiet.Do(func() { xgb.Logger = log.New(io.Discard, "", 0) }) // what it says is returned as well
	c, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, fmt.Errorf("capture: connect to display %q: %w", display, err)
	}
	x := &X11{c: c, changed: make(chan struct{}, 1), ended: make(chan struct{}), stray: stray}
	defer func() {
		if err != nil {
			x.c.Close()
		}
	}()
	screen := xproto.Setup(c).DefaultScreen(c)
	x.root = screen.Root
	if err := native(xproto.Setup(c), screen); err != nil {
		return nil, err
	}
	for name, start := range map[string]func(*xgb.Conn) error{
		"XTEST": xtest.Init, "DAMAGE": damage.Init, "XFIXES": xfixes.Init, "RANDR": randr.Init, "MIT-SCREEN-SAVER": screensaver.Init,
	} {
		if err := start(c); err != nil {
			return nil, fmt.Errorf("capture: the display has no %s: %w", name, err)
		}
	}
	if err := x.watch(screen); err != nil {
		return nil, err
	}
	if x.keys, err = readKeyboard(c, x.root); err != nil {
		return nil, err
	}
	if x.board, err = openSelections(c, x.root); err != nil {
		return nil, err
	}
	if x.image, err = shareImage(c, x.root, int(screen.WidthInPixels), int(screen.HeightInPixels)); err != nil {
		return nil, err
	}
	x.use = use{slack: slack, idle: x.anyIdle, repeats: x.repeats, rested: x.rested}
	if err := x.use.rest(); err != nil {
		return nil, err
	}
	go x.events()
	return x, nil
}

// native reports why the pixels of a screen do not lie as rfb.Native says.
func native(setup *xproto.SetupInfo, screen *xproto.ScreenInfo) error {
	if setup.ImageByteOrder != xproto.ImageOrderLSBFirst || screen.RootDepth < 24 {
		return fmt.Errorf("capture: a display of %d bits, byte order %d; 24 bits, little-endian, are captured", screen.RootDepth, setup.ImageByteOrder)
	}
	for _, f := range setup.PixmapFormats {
		if f.Depth == screen.RootDepth && f.BitsPerPixel == 32 {
			return nil
		}
	}
	return errors.New("capture: the display's pixels do not take 32 bits")
}

// watch asks for events of damage, of the pointer's shape and of the size.
func (x *X11) watch(screen *xproto.ScreenInfo) error {
	if _, err := damage.QueryVersion(x.c, 1, 1).Reply(); err != nil {
		return fmt.Errorf("capture: DAMAGE: %w", err)
	}
	if _, err := xfixes.QueryVersion(x.c, 5, 0).Reply(); err != nil {
		return fmt.Errorf("capture: XFIXES: %w", err)
	}
	id, err := damage.NewDamageId(x.c)
	if err != nil {
		return fmt.Errorf("capture: DAMAGE: %w", err)
	}
	x.damage = id
	if err := damage.CreateChecked(x.c, id, xproto.Drawable(x.root), damage.ReportLevelDeltaRectangles).Check(); err != nil {
		return fmt.Errorf("capture: watch damage: %w", err)
	}
	if err := randr.SelectInputChecked(x.c, x.root, randr.NotifyMaskScreenChange).Check(); err != nil {
		return fmt.Errorf("capture: watch the size: %w", err)
	}
	x.resized(int(screen.WidthInPixels), int(screen.HeightInPixels))
	return nil
}

func (x *X11) resized(width, height int) {
	x.wide.Store(int64(width)<<32 | int64(height))
	x.mu.Lock()
	defer x.mu.Unlock()
	x.parts = rfb.Rect{Width: uint16(width), Height: uint16(height)} //nolint:gosec // X sizes are 16 bits
	x.rescale = true
}

// events runs until the connection ends.
func (x *X11) events() {
	defer close(x.ended)
	for {
		event, err := x.c.WaitForEvent()
		switch e := event.(type) {
		case damage.NotifyEvent:
			x.mu.Lock()
			x.parts = union(x.parts, rfb.Rect{X: uint16(max(e.Area.X, 0)), Y: uint16(max(e.Area.Y, 0)), Width: e.Area.Width, Height: e.Area.Height}) //nolint:gosec // not negative
			x.mu.Unlock()
		case randr.ScreenChangeNotifyEvent:
			width, height := int(e.Width), int(e.Height)
			if e.Rotation&(randr.RotationRotate90|randr.RotationRotate270) != 0 {
				width, height = height, width
			}
			x.resized(width, height)
		case xproto.MappingNotifyEvent:
			x.keys.stale.Store(true)
		case nil:
			if err == nil { // the server is gone
				gone := errors.New("capture: the display has ended the connection")
				x.broken.Store(&gone)
				x.hint()
				return
			}
			continue // the error of a request whose answer nobody waits for
		default:
			if mine, hint := x.board.event(e); mine && !hint {
				continue
			} else if !mine {
				if x.stray != nil {
					x.stray(e)
				}
				continue
			}
		}
		x.hint()
	}
}

func (x *X11) hint() {
	select {
	case x.changed <- struct{}{}:
	default:
	}
}

func union(a, b rfb.Rect) rfb.Rect {
	if a.Empty() {
		return b
	}
	if b.Empty() {
		return a
	}
	left, top := min(a.X, b.X), min(a.Y, b.Y)
	right := max(int(a.X)+int(a.Width), int(b.X)+int(b.Width))
	bottom := max(int(a.Y)+int(a.Height), int(b.Y)+int(b.Height))
	return rfb.Rect{X: left, Y: top, Width: uint16(right - int(left)), Height: uint16(bottom - int(top))} //nolint:gosec // within uint16
}

// Changed implements Screen.
func (x *X11) Changed() <-chan struct{} { return x.changed }

// Desktop implements Screen.
func (x *X11) Desktop() Desktop {
	size := x.wide.Load()
	d := Desktop{Width: int(size >> 32), Height: int(size & 0xFFFFFFFF)}
	monitors, err := randr.GetMonitors(x.c, x.root, true).Reply()
	if err == nil {
		for i, m := range monitors.Monitors {
			if m.X < 0 || m.Y < 0 || len(d.Monitors) == rfb.MaxScreens {
				continue
			}
			d.Monitors = append(d.Monitors, rfb.Screen{ID: uint32(i), Area: rfb.Rect{X: uint16(m.X), Y: uint16(m.Y), Width: m.Width, Height: m.Height}}) //nolint:gosec // an index, and not negative
		}
	}
	if len(d.Monitors) == 0 { // a server without monitors has one
		d.Monitors = []rfb.Screen{{Area: rfb.Rect{Width: uint16(d.Width), Height: uint16(d.Height)}}} //nolint:gosec // X sizes are 16 bits
	}
	return d
}

// Capture implements Screen.
func (x *X11) Capture(into *rfb.Framebuffer) ([]Change, error) {
	if err := x.broken.Load(); err != nil {
		return nil, *err
	}
	size := x.wide.Load()
	width, height := int(size>>32), int(size&0xFFFFFFFF)
	x.mu.Lock()
	part, rescale := x.parts, x.rescale
	x.parts, x.rescale = rfb.Rect{}, false
	x.mu.Unlock()
	if rescale {
		x.image.close()
		var err error
		if x.image, err = shareImage(x.c, x.root, width, height); err != nil {
			return nil, err
		}
	}
	if into.Width != width || into.Height != height {
		x.lost(rfb.Rect{Width: uint16(width), Height: uint16(height)}) //nolint:gosec // X sizes are 16 bits
		return nil, ErrResized
	}
	part = part.Intersect(into.Bounds())
	if part.Empty() {
		return nil, nil
	}
	// Before reading: what is drawn while we read is damage again.
	damage.Subtract(x.c, x.damage, xfixes.RegionNone, xfixes.RegionNone)
	now, err := x.image.read(part)
	if err != nil {
		x.lost(part) // the screen may have been resized between
		return nil, fmt.Errorf("capture: read the screen: %w", err)
	}
	x.changes = x.differ.update(into, now, int(part.Width)*4, part, x.changes[:0])
	return x.changes, nil
}

// lost marks a part for the next capture.
func (x *X11) lost(part rfb.Rect) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.parts = union(x.parts, part)
}

// Cursor implements Screen.
func (x *X11) Cursor(serial uint32) (*rfb.Pointer, uint32, error) {
	c, err := xfixes.GetCursorImage(x.c).Reply()
	if err != nil {
		return nil, serial, fmt.Errorf("capture: read the pointer's shape: %w", err)
	}
	if c.CursorSerial == serial {
		return nil, serial, nil
	}
	width, height := int(c.Width), int(c.Height)
	p := &rfb.Pointer{HotX: int(c.Xhot), HotY: int(c.Yhot), Shape: &rfb.Framebuffer{}}
	if width < 1 || height < 1 || width > rfb.MaxCursor || height > rfb.MaxCursor {
		return p, c.CursorSerial, nil
	}
	p.Shape, p.Mask = rfb.NewFramebuffer(width, height), make([]byte, rfb.MaskSize(width, height))
	for i, v := range c.CursorImage[:width*height] {
		x, y := i%width, i/width
		p.Shape.Set(x, y, v&0xFFFFFF)
		if v>>24 >= 0x80 { // half transparent counts as drawn: the shape matters
			p.Mask[y*((width+7)/8)+x/8] |= 0x80 >> (x % 8)
		}
	}
	return p, c.CursorSerial, nil
}

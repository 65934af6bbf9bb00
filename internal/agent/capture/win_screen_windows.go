package capture

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/matoi119/matoi/rfb"
)

var (
	user32   = windows.NewLazySystemDLL("user32.dll")
	gdi32    = windows.NewLazySystemDLL("gdi32.dll")
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")

	getDC               = user32.NewProc("GetDC")
	releaseDC           = user32.NewProc("ReleaseDC")
	getSystemMetrics    = user32.NewProc("GetSystemMetrics")
	enumDisplayMonitors = user32.NewProc("EnumDisplayMonitors")
	getMonitorInfo      = user32.NewProc("GetMonitorInfoW")
	getCursorInfo       = user32.NewProc("GetCursorInfo")
	getIconInfo         = user32.NewProc("GetIconInfo")
	setDPIContext       = user32.NewProc("SetProcessDpiAwarenessContext")
	setDPIAware         = user32.NewProc("SetProcessDPIAware")

	createCompatibleDC = gdi32.NewProc("CreateCompatibleDC")
	createDIBSection   = gdi32.NewProc("CreateDIBSection")
	selectObject       = gdi32.NewProc("SelectObject")
	deleteObject       = gdi32.NewProc("DeleteObject")
	deleteDC           = gdi32.NewProc("DeleteDC")
	bitBlt             = gdi32.NewProc("BitBlt")
	gdiFlush           = gdi32.NewProc("GdiFlush")
	getObject          = gdi32.NewProc("GetObjectW")
	getBitmapBits      = gdi32.NewProc("GetBitmapBits")
	getDIBits          = gdi32.NewProc("GetDIBits")
)

const (
	smSwapped                                 = 23
	smDeskX, smDeskY, smDeskWidth, smDeskHigh = 76, 77, 78, 79

	copySource    = 0x00CC0020
	captureLayers = 0x40000000

	dpiPerMonitor = ^uintptr(3) // DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2, -4
)

// Windows is the desktop of a session of Windows, seen through GDI and operated
// with SendInput. It sees what its own session sees: the sign-in screen and
// windows of a higher integrity level are out of its reach.
type Windows struct {
	changed chan struct{}
	stop    chan struct{}
	ended   sync.WaitGroup
	still   atomic.Int32 // captures without any change, one after the other

	area    winRect // the virtual desktop, of all monitors
	dc, dib uintptr
	pixels  []byte
	differ  differ
	told    []Change
	keys    []winPressed
	x, y    int
	buttons uint8
	use     use
	board   winBoard
}

// OpenWindows opens the desktop of the session in which the process runs.
func OpenWindows() (Screen, error) {
	w, err := openWindows()
	if err != nil {
		return nil, err
	}
	return w, nil
}

func openWindows() (*Windows, error) {
	if err := errors.Join(user32.Load(), gdi32.Load(), kernel32.Load()); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	// Pixels are those of the screen, whatever the scale of its monitors.
	if setDPIContext.Find() == nil {
		_, _, _ = setDPIContext.Call(dpiPerMonitor)
	} else {
		_, _, _ = setDPIAware.Call()
	}
	w := &Windows{changed: make(chan struct{}, 1), stop: make(chan struct{})}
	w.use = use{slack: winSlack, idle: winAnyIdle}
	if err := w.resize(); err != nil {
		return nil, err
	}
	if err := w.use.rest(); err != nil {
		w.free()
		return nil, err
	}
	if err := w.board.open(&w.ended); err != nil {
		w.free()
		return nil, err
	}
	w.ended.Go(w.hints)
	return w, nil
}

// Windows tells nobody cheaply that something was drawn: the screen is compared
// again and again, less often when it is still.
const (
	winOften = 40 * time.Millisecond
	winStill = 50 // captures without a change until it is looked at less often
)

func (w *Windows) hints() {
	again := time.NewTicker(winOften)
	defer again.Stop()
	for n := int32(0); ; n++ {
		select {
		case <-w.stop:
			return
		case <-again.C:
		}
		if w.still.Load() > winStill && n%3 != 0 {
			continue
		}
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

func metric(which uintptr) int32 {
	v, _, _ := getSystemMetrics.Call(which)
	return int32(v) //nolint:gosec // an int of Windows
}

func virtualDesktop() winRect {
	x, y := metric(smDeskX), metric(smDeskY)
	return winRect{x, y, x + metric(smDeskWidth), y + metric(smDeskHigh)}
}

// resize makes a picture of the size that the desktop has now.
func (w *Windows) resize() error {
	area := virtualDesktop()
	width, height := int(area.right-area.left), int(area.bottom-area.top)
	if err := rfb.CheckSize(width, height); err != nil {
		return fmt.Errorf("capture: the desktop: %w", err)
	}
	w.free()
	info := winBitmapInfo{width: int32(width), height: -int32(height), planes: 1, bits: 32} //nolint:gosec // checked above
	info.size = uint32(unsafe.Sizeof(info))
	var mem unsafe.Pointer
	dc, _, err := createCompatibleDC.Call(0)
	if dc == 0 {
		return fmt.Errorf("capture: CreateCompatibleDC: %w", err)
	}
	dib, _, err := createDIBSection.Call(dc, uintptr(unsafe.Pointer(&info)), 0, uintptr(unsafe.Pointer(&mem)), 0, 0)
	if dib == 0 || mem == nil {
		_, _, _ = deleteDC.Call(dc)
		return fmt.Errorf("capture: CreateDIBSection: %w", err)
	}
	_, _, _ = selectObject.Call(dc, dib)
	w.area, w.dc, w.dib = area, dc, dib
	w.pixels = unsafe.Slice((*byte)(mem), width*height*4)
	return nil
}

func (w *Windows) free() {
	if w.dc != 0 {
		_, _, _ = deleteDC.Call(w.dc)
		_, _, _ = deleteObject.Call(w.dib)
		w.dc, w.dib, w.pixels = 0, 0, nil
	}
}

// Changed implements Screen.
func (w *Windows) Changed() <-chan struct{} { return w.changed }

// Desktop implements Screen.
func (w *Windows) Desktop() Desktop {
	d := Desktop{Width: int(w.area.right - w.area.left), Height: int(w.area.bottom - w.area.top)}
	for i, m := range monitors() {
		area := rfb.Rect{X: uint16(m.left - w.area.left), Y: uint16(m.top - w.area.top), Width: uint16(m.right - m.left), Height: uint16(m.bottom - m.top)} //nolint:gosec // compared with the desktop below
		if area.Within(d.Width, d.Height) && len(d.Monitors) < rfb.MaxScreens {
			d.Monitors = append(d.Monitors, rfb.Screen{ID: uint32(i), Area: area}) //nolint:gosec // an index
		}
	}
	if len(d.Monitors) == 0 {
		d.Monitors = []rfb.Screen{{Area: rfb.Rect{Width: uint16(d.Width), Height: uint16(d.Height)}}} //nolint:gosec // checked when it was made
	}
	return d
}

var (
	listing  sync.Mutex // of found
	found    []winRect
	onScreen = sync.OnceValue(func() uintptr { // callbacks are never given back
		return windows.NewCallback(func(monitor, _, _, _ uintptr) uintptr {
			info := winMonitorInfo{}
			info.size = uint32(unsafe.Sizeof(info))
			if ok, _, _ := getMonitorInfo.Call(monitor, uintptr(unsafe.Pointer(&info))); ok != 0 {
				found = append(found, info.monitor)
			}
			return 1
		})
	})
)

func monitors() []winRect {
	listing.Lock()
	defer listing.Unlock()
	found = nil
	_, _, _ = enumDisplayMonitors.Call(0, 0, onScreen(), 0)
	return found
}

// Capture implements Screen. Where another desktop is shown, that of signing in,
// it is ErrAway.
func (w *Windows) Capture(into *rfb.Framebuffer) ([]Change, error) {
	if virtualDesktop() != w.area {
		if err := w.resize(); err != nil {
			return nil, err
		}
	}
	width, height := int(w.area.right-w.area.left), int(w.area.bottom-w.area.top)
	if into.Width != width || into.Height != height {
		return nil, ErrResized
	}
	if err := w.blit(width, height); err != nil {
		return nil, err
	}
	w.told = w.differ.update(into, w.pixels, width*4, into.Bounds(), w.told[:0])
	if len(w.told) > 0 {
		w.still.Store(0)
	} else {
		w.still.Add(1)
	}
	return w.told, nil
}

func (w *Windows) blit(width, height int) error {
	runtime.LockOSThread() // a screen's context is given back by the thread that took it
	defer runtime.UnlockOSThread()
	screen, _, err := getDC.Call(0)
	if screen == 0 {
		return fmt.Errorf("%w: GetDC: %w", ErrAway, err)
	}
	defer releaseDC.Call(0, screen) //nolint:errcheck // nothing can be done
	ok, _, err := bitBlt.Call(w.dc, 0, 0, uintptr(width), uintptr(height), screen, uintptr(w.area.left), uintptr(w.area.top), copySource|captureLayers)
	if ok == 0 {
		return fmt.Errorf("%w: BitBlt: %w", ErrAway, err)
	}
	_, _, _ = gdiFlush.Call() // the pixels are read without GDI
	return nil
}

// Cursor implements Screen.
func (w *Windows) Cursor(serial uint32) (*rfb.Pointer, uint32, error) {
	info := winCursorInfo{}
	info.size = uint32(unsafe.Sizeof(info))
	if ok, _, err := getCursorInfo.Call(uintptr(unsafe.Pointer(&info))); ok == 0 {
		return nil, serial, fmt.Errorf("capture: GetCursorInfo: %w", err)
	}
	now := uint32(info.cursor)<<1 | info.flags&1 | 1<<31 //nolint:gosec // handles have 32 bits; never 0
	if now == serial {
		return nil, serial, nil
	}
	p := &rfb.Pointer{Shape: &rfb.Framebuffer{}}
	if info.flags&1 == 0 || info.cursor == 0 {
		return p, now, nil // it is hidden
	}
	if err := shapeOf(info.cursor, p); err != nil {
		return nil, serial, err
	}
	return p, now, nil
}

func shapeOf(cursor uintptr, p *rfb.Pointer) error {
	var icon winIconInfo
	if ok, _, err := getIconInfo.Call(cursor, uintptr(unsafe.Pointer(&icon))); ok == 0 {
		return fmt.Errorf("capture: GetIconInfo: %w", err)
	}
	defer deleteObject.Call(icon.mask) //nolint:errcheck // nothing can be done
	if icon.colour != 0 {
		defer deleteObject.Call(icon.colour) //nolint:errcheck // nothing can be done
	}
	var plane winBitmap
	if n, _, err := getObject.Call(icon.mask, unsafe.Sizeof(plane), uintptr(unsafe.Pointer(&plane))); n == 0 {
		return fmt.Errorf("capture: the pointer's mask: %w", err)
	}
	width, height := int(plane.width), int(plane.height)
	if icon.colour == 0 {
		height /= 2
	}
	if width < 1 || height < 1 || width > rfb.MaxCursor || height > rfb.MaxCursor {
		return nil // of no shape that can be told
	}
	and := make([]byte, int(plane.stride)*int(plane.height))
	_, _, _ = getBitmapBits.Call(icon.mask, uintptr(len(and)), uintptr(unsafe.Pointer(&and[0])))
	var colour []byte
	if icon.colour != 0 {
		colour = make([]byte, width*height*4)
		info := winBitmapInfo{width: int32(width), height: -int32(height), planes: 1, bits: 32} //nolint:gosec // at most MaxCursor
		info.size = uint32(unsafe.Sizeof(info))
		dc, _, _ := getDC.Call(0)
		_, _, _ = getDIBits.Call(dc, icon.colour, 0, uintptr(height), uintptr(unsafe.Pointer(&colour[0])), uintptr(unsafe.Pointer(&info)), 0)
		_, _, _ = releaseDC.Call(0, dc)
	}
	pix, mask := winCursor(width, height, and, int(plane.stride), colour)
	p.HotX, p.HotY = int(icon.hotX), int(icon.hotY)
	p.Shape, p.Mask = &rfb.Framebuffer{Width: width, Height: height, Stride: width * 4, Pix: pix}, mask
	return nil
}

// Abilities implements Screen.
func (*Windows) Abilities() Abilities {
	return Abilities{Source: "windows", Clipboard: true, ScanCodes: true, LocalUse: true}
}

// Close implements Screen.
func (w *Windows) Close() error {
	err := w.LetGo()
	close(w.stop)
	w.board.close()
	w.ended.Wait()
	w.free()
	return err
}

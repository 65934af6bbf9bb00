// Package capture sees and operates the screen of the machine that it runs on,
// behind one port, so that the rest of the agent knows no display system. What
// it pressed it can let go; it knows no console, no lease and no policy.
package capture

import (
	"errors"
	"time"

	"github.com/matoi119/matoi/rfb"
)

// Screen is a screen that can be seen and operated. Its methods are called by
// one goroutine, but Changed, which belongs to whoever waits.
type Screen interface {
	// Desktop is how large the screen is now, and which monitors it has.
	Desktop() Desktop
	// Changed hints that Capture may find something; it is never closed.
	Changed() <-chan struct{}
	// Capture brings into up to date and returns the rectangles that changed. A
	// framebuffer of another size than the desktop's is an ErrResized.
	Capture(into *rfb.Framebuffer) ([]rfb.Rect, error)
	// Cursor is the pointer's shape, nil when it is the one of that serial.
	Cursor(serial uint32) (*rfb.Pointer, uint32, error)

	// Key presses or releases a key: by its scan code where that gives the
	// keysym on this machine, else by the keysym.
	Key(down bool, keysym, scan uint32) error
	// Pointer moves the pointer and presses the buttons of the mask, as in RFB.
	Pointer(x, y int, buttons uint8) error
	// LetGo releases every key and button that this Screen has pressed.
	LetGo() error
	// Idle is how long nobody has used keyboard or pointer, this Screen included.
	Idle() (time.Duration, error)

	Close() error
}

// Desktop is the size of a screen and its monitors.
type Desktop struct {
	Width, Height int
	Monitors      []rfb.Screen
}

// ErrResized says that the desktop has another size now.
var ErrResized = errors.New("capture: the desktop was resized")

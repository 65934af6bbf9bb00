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
	Display
	Input
	Board
	// Abilities are what this source can do; they stay what they were.
	Abilities() Abilities
	// Close lets go and ends.
	Close() error
}

// Display is what a screen shows.
type Display interface {
	// Desktop is how large the screen is now, and which monitors it has.
	Desktop() Desktop
	// Changed hints that Capture, Cursor or Clipboard may find something; it is
	// never closed.
	Changed() <-chan struct{}
	// Capture brings into up to date and returns what changed, in the order in
	// which it has to be told; it is valid until the next capture. A framebuffer of
	// another size than the desktop's is an ErrResized.
	Capture(into *rfb.Framebuffer) ([]Change, error)
	// Cursor is the pointer's shape, nil when it is the one of that serial.
	Cursor(serial uint32) (*rfb.Pointer, uint32, error)
}

// Change is a part of the picture that changed: new pixels, or, where Copy says
// so, what stood at FromX, FromY before this change (CopyRect).
type Change struct {
	Area         rfb.Rect
	Copy         bool
	FromX, FromY uint16
}

// Input is what the machine takes for keyboard and pointer.
type Input interface {
	// Key presses or releases a key: by its scan code where that gives the
	// keysym on this machine, else by the keysym.
	Key(down bool, keysym, scan uint32) error
	// Pointer moves the pointer and presses the buttons of the mask, as in RFB.
	Pointer(x, y int, buttons uint8) error
	// LetGo releases every key and button that this Screen has pressed.
	LetGo() error
	// ReleaseLeftovers releases what somebody before us pressed in our way and
	// could not let go of, because his process was killed.
	ReleaseLeftovers() error
	// Idle is how long nobody at the machine has used keyboard or pointer. What
	// this Screen pressed does not count, nor what was before ReleaseLeftovers.
	Idle() (time.Duration, error)
}

// Board is the machine's clipboard, as text.
type Board interface {
	// SetClipboard puts text there; "" takes away what this Screen has put there
	// and leaves what somebody else has copied.
	SetClipboard(text string) error
	// Clipboard is the text that somebody at the machine copied since the last
	// call. It is asked for only when this is called: the answer may come with a
	// later call, after a hint of Changed.
	Clipboard() (text string, changed bool, err error)
}

// Abilities are what a source can do; what it cannot is shown as unsupported.
type Abilities struct {
	Source    string // "x11", "windows", "vnc", "page"
	Clipboard bool   // text in any script, kanji too
	ScanCodes bool   // keys are pressed as they lie on the keyboard
	LocalUse  bool   // Idle tells the person at the machine from us
}

// Desktop is the size of a screen and its monitors.
type Desktop struct {
	Width, Height int
	Monitors      []rfb.Screen
}

var (
	// ErrResized says that the desktop has another size now.
	ErrResized = errors.New("capture: the desktop was resized")
	// ErrUnsupported says that this source cannot do that.
	ErrUnsupported = errors.New("capture: this source cannot do that")
)

// maxClipboard bounds a text in either direction, in bytes.
const maxClipboard = rfb.MaxClipboard

package capture

import (
	"fmt"
	"time"

	"github.com/jezek/xgb/screensaver"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// slack is by how much the server's clock of milliseconds may be off.
const slack = 2 * time.Millisecond

// anyIdle is how long nobody at all has given input.
func (x *X11) anyIdle() (time.Duration, error) {
	r, err := screensaver.QueryInfo(x.c, xproto.Drawable(x.root)).Reply()
	if err != nil {
		return 0, fmt.Errorf("capture: the display does not answer: %w", err)
	}
	return time.Duration(r.MsSinceUserInput) * time.Millisecond, nil
}

// Idle implements Screen. A program that moves the pointer by itself counts as
// a person: the server does not tell them apart.
func (x *X11) Idle() (time.Duration, error) { return x.use.since() }

// Pointer implements Screen. Bit 0 is the left button, 3 and 4 the wheel up and
// down, 5 and 6 left and right (RFC 6143, §7.5.5): X numbers them from 1.
func (x *X11) Pointer(px, py int, buttons uint8) error {
	if err := x.use.look(); err != nil {
		return err
	}
	xtest.FakeInput(x.c, xproto.MotionNotify, 0, 0, x.root, int16(px), int16(py), 0) //nolint:gosec // RFB positions are 16 bits
	return x.press(buttons)
}

func (x *X11) press(buttons uint8) error {
	for i := range 8 {
		bit := uint8(1) << i
		if (buttons^x.buttons)&bit == 0 {
			continue
		}
		kind := byte(xproto.ButtonRelease)
		if buttons&bit != 0 {
			kind = xproto.ButtonPress
		}
		xtest.FakeInput(x.c, kind, byte(i+1), 0, 0, 0, 0, 0)
	}
	x.buttons = buttons
	return x.use.rest()
}

// Key implements Screen.
func (x *X11) Key(down bool, keysym, scan uint32) error {
	if err := x.use.look(); err != nil {
		return err
	}
	if err := x.keys.press(down, keysym, scan); err != nil {
		return err
	}
	return x.use.rest() // answered, so the server has done what was asked before
}

// LetGo implements Screen. It goes on when one release fails: each key matters.
func (x *X11) LetGo() error {
	_ = x.use.look() // whatever it says
	x.keys.letGo()
	return x.press(0)
}

// ReleaseLeftovers implements Screen. Everything that is down is released on the
// device of XTEST; a key that a person holds on a keyboard of flesh is down on
// another device and stays down.
func (x *X11) ReleaseLeftovers() error {
	m, err := xproto.QueryKeymap(x.c).Reply()
	if err != nil {
		return fmt.Errorf("capture: ask which keys are down: %w", err)
	}
	for code := range 256 {
		if m.Keys[code/8]&(1<<(code%8)) != 0 {
			xtest.FakeInput(x.c, xproto.KeyRelease, byte(code), 0, 0, 0, 0, 0)
		}
	}
	for button := byte(1); button <= 9; button++ { // the server tells the state of five
		xtest.FakeInput(x.c, xproto.ButtonRelease, button, 0, 0, 0, 0, 0)
	}
	x.keys.pressed, x.buttons = x.keys.pressed[:0], 0
	return x.use.forget()
}

// Abilities implements Screen.
func (*X11) Abilities() Abilities {
	return Abilities{Source: "x11", Clipboard: true, ScanCodes: true, LocalUse: true}
}

// Close implements Screen.
func (x *X11) Close() error {
	err := x.LetGo()
	if err == nil {
		x.keys.giveBack()
	}
	x.image.close()
	x.c.Close()
	<-x.ended
	return err
}

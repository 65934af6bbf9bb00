package capture

import (
	"fmt"
	"slices"

	"github.com/jezek/xgb/xproto"
)

// A key that is held is repeated by the X server itself, and the server counts
// each repeat as input: by the time alone a console that holds a key for a second
// would be somebody at the terminal, who takes it away. So while one of our keys
// is down, only what the person really changed counts: another key, a button, the
// place of the pointer. A key that was pressed and released between two looks is
// missed then; the next one is not.

// place is where the pointer is, and which buttons are down.
type place struct {
	x, y    int16
	buttons uint16
}

// buttonsOf are the buttons of a pointer's mask.
const buttonsOf = xproto.ButtonMask1 | xproto.ButtonMask2 | xproto.ButtonMask3 | xproto.ButtonMask4 | xproto.ButtonMask5

func (x *X11) place() (place, error) {
	p, err := xproto.QueryPointer(x.c, x.root).Reply()
	if err != nil {
		return place{}, fmt.Errorf("capture: the display does not answer: %w", err)
	}
	return place{p.RootX, p.RootY, p.Mask & buttonsOf}, nil
}

// rested notes where the pointer is after an input of ours.
func (x *X11) rested() (err error) {
	if len(x.keys.pressed) > 0 {
		x.put, err = x.place()
	}
	return err
}

// repeats reports whether the last input can be nothing but the server's repeat
// of a key that we hold.
func (x *X11) repeats() (bool, error) {
	if len(x.keys.pressed) == 0 {
		return false, nil
	}
	at, err := x.place()
	if err != nil || at != x.put {
		return false, err
	}
	down, err := xproto.QueryKeymap(x.c).Reply()
	if err != nil {
		return false, fmt.Errorf("capture: the display does not answer: %w", err)
	}
	for i, bits := range down.Keys {
		for bit := range 8 {
			code := xproto.Keycode(i*8 + bit)
			if bits>>bit&1 == 1 && !slices.ContainsFunc(x.keys.pressed, func(p pressed) bool { return p.code == code }) {
				return false, nil
			}
		}
	}
	return true, nil
}

package capture

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// keyboard presses keys of an X server and knows which are down.
type keyboard struct {
	c     *xgb.Conn
	root  xproto.Window
	stale atomic.Bool // somebody changed the mapping

	first   xproto.Keycode
	width   int // keysyms of one key
	syms    []xproto.Keysym
	spare   xproto.Keycode // a key without a meaning, lent to what has no key
	lent    xproto.Keysym
	shift   xproto.Keycode
	pressed []pressed // in the order in which they went down
}

// pressed is a key that is down: what asked for it, and what it is here.
type pressed struct {
	keysym, scan uint32
	code         xproto.Keycode
	shifted      bool // shift was pressed for it and is not the operator's
}

func readKeyboard(c *xgb.Conn, root xproto.Window) (*keyboard, error) {
	k := &keyboard{c: c, root: root}
	return k, k.read()
}

const (
	symShift  = 0xFFE1
	symShiftR = 0xFFE2
)

func (k *keyboard) read() error {
	setup := xproto.Setup(k.c)
	k.first = setup.MinKeycode
	n := int(setup.MaxKeycode) - int(setup.MinKeycode) + 1
	m, err := xproto.GetKeyboardMapping(k.c, k.first, byte(n)).Reply()
	if err != nil {
		return fmt.Errorf("capture: read the keyboard: %w", err)
	}
	k.width, k.syms = int(m.KeysymsPerKeycode), m.Keysyms
	k.shift = 0
	// Lending a key changes the mapping too: what is lent stays lent, or each new
	// character would take another key.
	lent := k.lent != 0 && k.on(k.spare, false) == k.lent
	if !lent {
		k.spare, k.lent = 0, 0
	}
	for i := range n {
		key := k.syms[i*k.width : (i+1)*k.width]
		code := k.first + xproto.Keycode(i) //nolint:gosec // at most 255
		if !lent && slices.Max(key) == 0 {
			k.spare = code // the last one: the first ones are likelier to be asked for by scan code
		}
		if key[0] == symShift {
			k.shift = code
		}
	}
	return nil
}

// on is the keysym of a key, shifted or not.
func (k *keyboard) on(code xproto.Keycode, shifted bool) xproto.Keysym {
	i := (int(code) - int(k.first)) * k.width
	if i < 0 || i+1 >= len(k.syms) || k.width < 2 {
		return 0
	}
	s := k.syms[i]
	if shifted {
		if up := k.syms[i+1]; up != 0 {
			return up
		}
	}
	return s
}

// find is the key that gives a keysym, and whether with shift.
func (k *keyboard) find(keysym xproto.Keysym) (code xproto.Keycode, shifted, ok bool) {
	for _, shifted := range []bool{false, true} {
		for i := range len(k.syms) / k.width {
			code := k.first + xproto.Keycode(i) //nolint:gosec // at most 255
			if code != k.spare && k.on(code, shifted) == keysym {
				return code, shifted, true
			}
		}
	}
	return 0, false, false
}

// press presses or releases one key.
func (k *keyboard) press(down bool, keysym, scan uint32) error {
	if !down {
		return k.release(keysym, scan)
	}
	if i := k.find2(keysym, scan); i >= 0 { // it repeats
		k.fake(xproto.KeyPress, k.pressed[i].code)
		return nil
	}
	if k.stale.Swap(false) && len(k.pressed) == 0 {
		if err := k.read(); err != nil {
			return err
		}
	}
	p, err := k.choose(xproto.Keysym(keysym), scan)
	if err != nil {
		return err
	}
	p.keysym, p.scan = keysym, scan
	if p.shifted {
		k.fake(xproto.KeyPress, k.shift)
	}
	k.fake(xproto.KeyPress, p.code)
	if p.shifted {
		k.fake(xproto.KeyRelease, k.shift)
		p.shifted = false
	}
	k.pressed = append(k.pressed, p)
	return nil
}

// choose finds the key for a keysym. The scan code names the key that was
// pressed; it is taken where that key means the same here, so that what is
// engraved on a Japanese keyboard arrives, and where the keysym says nothing.
func (k *keyboard) choose(keysym xproto.Keysym, scan uint32) (pressed, error) {
	held := k.shiftHeld()
	if code, ok := keycodeOf(scan); ok && (keysym == 0 || k.on(code, held) == keysym) {
		return pressed{code: code}, nil
	}
	if keysym == 0 {
		return pressed{}, fmt.Errorf("capture: no key has the scan code %#x", scan)
	}
	if code, shifted, ok := k.find(keysym); ok {
		return pressed{code: code, shifted: shifted && !held && k.shift != 0}, nil
	}
	// A character that no key of this machine has: it borrows a key.
	if k.spare == 0 {
		return pressed{}, fmt.Errorf("capture: no key is free for the keysym %#x", keysym)
	}
	if k.lent != keysym {
		if slices.ContainsFunc(k.pressed, func(p pressed) bool { return p.code == k.spare }) {
			k.fake(xproto.KeyRelease, k.spare) // one at a time
			k.pressed = slices.DeleteFunc(k.pressed, func(p pressed) bool { return p.code == k.spare })
		}
		if err := xproto.ChangeKeyboardMappingChecked(k.c, 1, k.spare, 2, []xproto.Keysym{keysym, keysym}).Check(); err != nil {
			return pressed{}, fmt.Errorf("capture: lend a key: %w", err)
		}
		k.lent = keysym
	}
	return pressed{code: k.spare}, nil
}

func (k *keyboard) shiftHeld() bool {
	return slices.ContainsFunc(k.pressed, func(p pressed) bool { return p.keysym == symShift || p.keysym == symShiftR })
}

func (k *keyboard) find2(keysym, scan uint32) int {
	return slices.IndexFunc(k.pressed, func(p pressed) bool {
		if scan != 0 && p.scan != 0 { // the keysym of a key changes with shift while it is down
			return p.scan == scan
		}
		return p.keysym == keysym
	})
}

// release lets go of a key that is down; of one that is not it does nothing.
func (k *keyboard) release(keysym, scan uint32) error {
	if i := k.find2(keysym, scan); i >= 0 {
		k.fake(xproto.KeyRelease, k.pressed[i].code)
		k.pressed = slices.Delete(k.pressed, i, i+1)
	}
	return nil
}

// letGo releases everything, the last pressed first.
func (k *keyboard) letGo() {
	for i := len(k.pressed) - 1; i >= 0; i-- {
		k.fake(xproto.KeyRelease, k.pressed[i].code)
	}
	k.pressed = k.pressed[:0]
}

// giveBack makes the borrowed key one without a meaning again.
func (k *keyboard) giveBack() {
	if k.lent != 0 {
		_ = xproto.ChangeKeyboardMappingChecked(k.c, 1, k.spare, 1, []xproto.Keysym{0}).Check() // we leave; nobody else minds
		k.lent = 0
	}
}

func (k *keyboard) fake(kind byte, code xproto.Keycode) {
	xtest.FakeInput(k.c, kind, byte(code), 0, k.root, 0, 0, 0)
}

// keycodeOf is the key of an X server with the evdev rules for a scan code of the
// XT set as RFB carries it; bit 7 stands for the prefix E0.
func keycodeOf(scan uint32) (xproto.Keycode, bool) {
	if scan == 0 || scan > 0xFF {
		return 0, false
	}
	evdev := xtToEvdev[scan]
	if evdev == 0 {
		return 0, false
	}
	return xproto.Keycode(evdev) + 8, true
}

// xtToEvdev maps scan codes to key numbers of the Linux input layer
// (input-event-codes.h). Below 0x54 they are the same.
var xtToEvdev = func() (t [256]uint8) {
	for i := uint8(1); i <= 0x53; i++ {
		t[i] = i
	}
	for scan, key := range map[uint8]uint8{
		0x54: 99, 0x56: 86, 0x57: 87, 0x58: 88, // SysRq, <>, F11, F12
		0x70: 93, 0x73: 89, 0x79: 92, 0x7B: 94, 0x7D: 124, // かな, ろ, 変換, 無変換, ¥
		0x76: 85, 0x77: 91, 0x78: 90, // 全角/半角 of some boards, ひらがな, カタカナ
		0x9C: 96, 0x9D: 97, 0xB5: 98, 0xB7: 99, 0xB8: 100, // Enter, Ctrl, /, Print, Alt of the right side
		0xC7: 102, 0xC8: 103, 0xC9: 104, 0xCB: 105, 0xCD: 106, 0xCF: 107, 0xD0: 108, 0xD1: 109, 0xD2: 110, 0xD3: 111, // the arrows' block
		0xDB: 125, 0xDC: 126, 0xDD: 127, 0xC6: 119, // Windows, menu, pause
	} {
		t[scan] = key
	}
	return t
}()

package capture

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf16"
	"unsafe"
)

var (
	sendInput        = user32.NewProc("SendInput")
	vkKeyScan        = user32.NewProc("VkKeyScanW")
	mapVirtualKey    = user32.NewProc("MapVirtualKeyW")
	getAsyncKeyState = user32.NewProc("GetAsyncKeyState")
	getLastInputInfo = user32.NewProc("GetLastInputInfo")
	getTickCount     = kernel32.NewProc("GetTickCount")
)

// winPressed is a key that is down: what asked for it, and what it is here, a scan
// code or a text of no key.
type winPressed struct {
	keysym, scan uint32
	here         uint32
	text         []uint16
}

// winSlack: the clock of the last input goes on every 10 to 16 ms.
const winSlack = 40 * time.Millisecond

func winAnyIdle() (time.Duration, error) {
	last := winLastInput{}
	last.size = uint32(unsafe.Sizeof(last))
	if ok, _, err := getLastInputInfo.Call(uintptr(unsafe.Pointer(&last))); ok == 0 {
		return 0, fmt.Errorf("capture: GetLastInputInfo: %w", err)
	}
	now, _, _ := getTickCount.Call()
	return time.Duration(winIdle(uint32(now), last.tick)) * time.Millisecond, nil //nolint:gosec // 32 bits
}

// Idle implements Screen.
func (w *Windows) Idle() (time.Duration, error) { return w.use.since() }

func (w *Windows) send(in []winInput) error {
	if len(in) == 0 {
		return nil
	}
	n, _, err := sendInput.Call(uintptr(len(in)), uintptr(unsafe.Pointer(&in[0])), unsafe.Sizeof(in[0]))
	if int(n) != len(in) { //nolint:gosec // not more than were sent
		return fmt.Errorf("%w: SendInput took %d of %d: %w", ErrAway, n, len(in), err)
	}
	return w.use.rest()
}

// Key implements Screen.
func (w *Windows) Key(down bool, keysym, scan uint32) error {
	if err := w.use.look(); err != nil {
		return err
	}
	i := slices.IndexFunc(w.keys, func(p winPressed) bool {
		if scan != 0 && p.scan != 0 {
			return p.scan == scan
		}
		return p.keysym == keysym
	})
	switch {
	case !down && i < 0:
		return nil // a release that comes late
	case !down:
		p := w.keys[i]
		w.keys = slices.Delete(w.keys, i, i+1)
		return w.send(p.input(false))
	case i >= 0:
		return w.send(w.keys[i].input(true)) // it repeats
	}
	p, before, err := w.choose(keysym, scan)
	if err != nil {
		return err
	}
	w.keys = append(w.keys, p) // noted first: it may have arrived
	in := p.input(true)
	if before != 0 {
		in = append([]winInput{scanInput(before, true)}, append(in, scanInput(before, false))...)
	}
	return w.send(in)
}

func (p winPressed) input(down bool) []winInput {
	if p.text != nil {
		return winTextInput(nil, p.text, down)
	}
	return []winInput{scanInput(p.here, down)}
}

// scanInput is a key as it lies, with the virtual key that the layout gives it:
// Wine knows no scan code alone, and Windows makes the same of it.
func scanInput(scan uint32, down bool) winInput {
	in := winScanInput(scan, down)
	var key uintptr
	if scan&0x80 != 0 {
		key, _, _ = mapVirtualKey.Call(uintptr(scan&0x7F|0xE000), 1)
	}
	if key == 0 {
		key, _, _ = mapVirtualKey.Call(uintptr(scan&0x7F), 1)
	}
	if key != 0 {
		in.body[0], in.body[4] = byte(key), in.body[4]&^winScan
	}
	return in
}

const scanShift, scanShiftR = 0x2A, 0x36

// choose finds the key for a keysym as on X: by scan code where that key gives the
// character on this machine's layout, else the key that gives it, else the
// character itself. before is a shift that has to be pressed for it.
func (w *Windows) choose(keysym, scan uint32) (p winPressed, before uint32, err error) {
	p = winPressed{keysym: keysym, scan: scan, here: scan}
	c := character(keysym)
	if c == 0 {
		if scan == 0 {
			p.here = winKeys[keysym]
		}
		if p.here == 0 {
			return p, 0, fmt.Errorf("capture: no key has the keysym %#x", keysym)
		}
		return p, 0, nil
	}
	shifted := slices.ContainsFunc(w.keys, func(k winPressed) bool { return k.here == scanShift || k.here == scanShiftR })
	if c <= 0xFFFF {
		r, _, _ := vkKeyScan.Call(uintptr(c))
		key, state := uint32(r&0xFF), uint32(r>>8&0xFF) //nolint:gosec // 8 bits each
		if int16(r) != -1 && state <= 1 {               //nolint:gosec // a SHORT
			if code, _, _ := mapVirtualKey.Call(uintptr(key), 0); code != 0 {
				here := uint32(code & 0xFF) //nolint:gosec // 8 bits
				switch {
				case scan != 0 && here == scan&0x7F && scan&0x80 != 0:
					return p, 0, nil // the one of the keypad
				case state == 1 && !shifted:
					p.here = here
					return p, scanShift, nil
				case state == 1 || !shifted || here == scan:
					p.here = here
					return p, 0, nil
				}
			}
		}
	}
	p.text = utf16.Encode([]rune{c})
	return p, 0, nil
}

// Pointer implements Screen.
func (w *Windows) Pointer(x, y int, buttons uint8) error {
	if err := w.use.look(); err != nil {
		return err
	}
	w.x, w.y = x, y
	return w.press(buttons)
}

func (w *Windows) press(buttons uint8) error {
	width, height := int(w.area.right-w.area.left), int(w.area.bottom-w.area.top)
	in := []winInput{winMouseInput(winPlace(w.x, width), winPlace(w.y, height), 0, winMove|winAbsolute|winDesk)}
	in = winPress(in, w.buttons, buttons, metric(smSwapped) != 0)
	before := w.buttons
	w.buttons = buttons | before // noted first: it may have arrived
	if err := w.send(in); err != nil {
		return err
	}
	w.buttons = buttons
	return nil
}

// LetGo implements Screen.
func (w *Windows) LetGo() error {
	_ = w.use.look() // whatever it says
	var in []winInput
	for _, p := range slices.Backward(w.keys) {
		in = append(in, p.input(false)...)
	}
	w.keys = w.keys[:0]
	err := w.send(in)
	if w.buttons != 0 {
		if pressed := w.press(0); err == nil {
			err = pressed
		}
	}
	return err
}

// ReleaseLeftovers implements Screen. Windows keeps one state for all devices: a
// key that a person holds at this moment is released too, and has to be pressed
// again.
func (w *Windows) ReleaseLeftovers() error {
	w.keys, w.buttons = w.keys[:0], 0
	var in []winInput
	for key := uint16(1); key < 255; key++ {
		if state, _, _ := getAsyncKeyState.Call(uintptr(key)); state&0x8000 == 0 {
			continue
		}
		switch key {
		case 1, 2: // the button that sends it, where they are swapped
			swapped := metric(smSwapped) != 0
			in = winPress(in, map[uint16]uint8{1: 1, 2: 4}[key], 0, swapped)
		case 4:
			in = winPress(in, 2, 0, false)
		case 5:
			in = winPress(in, 1<<7, 0, false)
		case 6:
			in = append(in, winMouseInput(0, 0, 2, 0x0100))
		case 0x10, 0x11, 0x12: // their left and right ones follow
		default:
			code, _, _ := mapVirtualKey.Call(uintptr(key), 0)
			flags := uint32(winUp)
			if slices.Contains(winPrefixed, key) {
				flags |= winExtended
			}
			in = append(in, winKeyInput(key, uint16(code), flags)) //nolint:gosec // 8 bits
		}
	}
	if err := w.send(in); err != nil {
		return err
	}
	return w.use.forget()
}

// winPrefixed are the virtual keys whose scan code has the prefix E0: right Ctrl
// and Alt, the arrows' block, Windows, menu, / of the keypad, Print.
var winPrefixed = []uint16{0xA3, 0xA5, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x2D, 0x2E, 0x5B, 0x5C, 0x5D, 0x6F, 0x2C}

package capture

import "math"

// What Windows needs and nothing of Windows: layouts of its structures, tables of
// keys, arithmetic. It has no build tag so that it is tested anywhere.

// winInput is INPUT of 64-bit Windows: a kind and a union of 32 bytes.
type winInput struct {
	kind uint32
	_    uint32
	body [32]byte
}

const (
	winMouse    = 0
	winKeyboard = 1

	winMove, winAbsolute, winDesk = 0x0001, 0x8000, 0x4000
	winWheel, winSideways         = 0x0800, 0x1000
	winNotch                      = 120 // WHEEL_DELTA

	winExtended, winUp, winUnicode, winScan = 0x1, 0x2, 0x4, 0x8
)

func put32(b []byte, v uint32) {
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// winMouseInput is MOUSEINPUT: position, wheel or X button, what happened.
func winMouseInput(x, y, data int32, flags uint32) (in winInput) {
	in.kind = winMouse
	put32(in.body[0:], uint32(x))    //nolint:gosec // the bits
	put32(in.body[4:], uint32(y))    //nolint:gosec // the bits
	put32(in.body[8:], uint32(data)) //nolint:gosec // the bits
	put32(in.body[12:], flags)
	return in
}

// winKeyInput is KEYBDINPUT: a virtual key, and a scan code or a UTF-16 unit.
func winKeyInput(key, scan uint16, flags uint32) (in winInput) {
	in.kind = winKeyboard
	in.body[0], in.body[1], in.body[2], in.body[3] = byte(key), byte(key>>8), byte(scan), byte(scan>>8)
	put32(in.body[4:], flags)
	return in
}

// winPlace is the absolute coordinate for a pixel of the virtual desktop. Windows
// takes it times the size, divided by 65536, rounded down: so it is rounded up.
func winPlace(pixel, size int) int32 {
	pixel = min(max(pixel, 0), size-1)
	return int32((pixel*65536 + size - 1) / size) //nolint:gosec // at most 65536
}

// winButtons are the flags of the buttons of RFB, down and up. The wheel has no
// up: a press is a notch.
var winButtons = [8]struct {
	down, up uint32
	data     int32
}{
	{down: 0x0002, up: 0x0004},           // left
	{down: 0x0020, up: 0x0040},           // middle
	{down: 0x0008, up: 0x0010},           // right
	{down: winWheel, data: winNotch},     // up
	{down: winWheel, data: -winNotch},    // down
	{down: winSideways, data: -winNotch}, // left
	{down: winSideways, data: winNotch},  // right
	{down: 0x0080, up: 0x0100, data: 1},  // back
}

// winPress appends what turns one mask of buttons into another. swapped is that
// of a left-handed mouse: Windows swaps what is sent too.
func winPress(in []winInput, before, after uint8, swapped bool) []winInput {
	for i, b := range winButtons {
		bit := uint8(1) << i
		if swapped && i == 0 {
			b = winButtons[2]
		} else if swapped && i == 2 {
			b = winButtons[0]
		}
		switch {
		case before&bit == after&bit:
		case after&bit != 0:
			in = append(in, winMouseInput(0, 0, b.data, b.down))
		case b.up != 0:
			in = append(in, winMouseInput(0, 0, b.data, b.up))
		}
	}
	return in
}

// winScanInput is a key as it lies on the keyboard: a scan code of the XT set as
// RFB carries it, bit 7 standing for the prefix E0, as Windows has them too.
func winScanInput(scan uint32, down bool) winInput {
	flags := uint32(winScan)
	if scan&0x80 != 0 {
		flags |= winExtended
	}
	if !down {
		flags |= winUp
	}
	return winKeyInput(0, uint16(scan&0x7F), flags) //nolint:gosec // seven bits
}

// winTextInput are the events of a character that no key has.
func winTextInput(in []winInput, units []uint16, down bool) []winInput {
	flags := uint32(winUnicode)
	if !down {
		flags |= winUp
	}
	for _, u := range units {
		in = append(in, winKeyInput(0, u, flags))
	}
	return in
}

// character is the character that a keysym stands for, 0 for other keys.
func character(keysym uint32) rune {
	switch {
	case keysym >= 0x20 && keysym <= 0x7E, keysym >= 0xA0 && keysym <= 0xFF:
		return rune(keysym)
	case keysym > 0x01000000 && keysym <= 0x0110FFFF:
		return rune(keysym - 0x01000000) //nolint:gosec // 24 bits
	case keysym >= 0xFFB0 && keysym <= 0xFFB9: // digits of the keypad, where there is no scan code
		return rune(keysym-0xFFB0) + '0'
	}
	return 0
}

// winKeys are the scan codes of keys that give no character, for consoles that
// know only what was meant.
var winKeys = map[uint32]uint32{
	0xFF08: 0x0E, 0xFF09: 0x0F, 0xFF0D: 0x1C, 0xFF1B: 0x01, 0xFFFF: 0xD3, // BackSpace, Tab, Return, Escape, Delete
	0xFF50: 0xC7, 0xFF51: 0xCB, 0xFF52: 0xC8, 0xFF53: 0xCD, 0xFF54: 0xD0, 0xFF55: 0xC9, 0xFF56: 0xD1, 0xFF57: 0xCF, 0xFF63: 0xD2, // Home, arrows, pages, End, Insert
	0xFFE1: 0x2A, 0xFFE2: 0x36, 0xFFE3: 0x1D, 0xFFE4: 0x9D, 0xFFE9: 0x38, 0xFFEA: 0xB8, 0xFFE5: 0x3A, 0xFFEB: 0xDB, 0xFFEC: 0xDC, 0xFF67: 0xDD, // Shift … menu
	0xFFBE: 0x3B, 0xFFBF: 0x3C, 0xFFC0: 0x3D, 0xFFC1: 0x3E, 0xFFC2: 0x3F, 0xFFC3: 0x40, 0xFFC4: 0x41, 0xFFC5: 0x42, 0xFFC6: 0x43, 0xFFC7: 0x44, 0xFFC8: 0x57, 0xFFC9: 0x58, // F1 … F12
	0xFF8D: 0x9C, 0xFF7F: 0x45, 0xFF14: 0x46, 0xFF61: 0xB7, // Enter of the keypad, locks, Print
	0xFF2A: 0x29, 0xFF22: 0x7B, 0xFF23: 0x79, 0xFF27: 0x70, 0xFF25: 0x70, // 半角/全角, 無変換, 変換, かな
}

// winCursor is the shape of a pointer from its planes, top row first: and of one
// bit a pixel in rows of stride bytes, colour of four bytes a pixel, nil for a
// shape of two colours, whose other plane lies below the first.
func winCursor(width, height int, and []byte, stride int, colour []byte) (pix []byte, mask []byte) {
	pix, mask = make([]byte, width*height*4), make([]byte, (width+7)/8*height)
	bit := func(x, y int) bool {
		i := y*stride + x/8
		return i < len(and) && and[i]&(0x80>>(x%8)) != 0
	}
	alpha := false
	for i := 3; i < len(colour); i += 4 {
		alpha = alpha || colour[i] != 0
	}
	for i := range width * height {
		x, y := i%width, i/width
		var drawn bool
		if colour == nil {
			// Opaque black or white; what inverts the screen is drawn black, that it
			// is seen at all.
			light := bit(x, y+height)
			drawn = !bit(x, y) || light
			if light && !bit(x, y) {
				put32(pix[i*4:], 0xFFFFFF)
			}
		} else {
			copy(pix[i*4:i*4+3], colour[i*4:])
			drawn = !bit(x, y)
			if alpha {
				drawn = colour[i*4+3] >= 0x80
			}
		}
		if drawn {
			mask[y*((width+7)/8)+x/8] |= 0x80 >> (x % 8)
		}
	}
	return pix, mask
}

// winIdle is how long ago a tick of 32 bits was, which begins anew every 49 days.
func winIdle(now, last uint32) uint32 {
	if d := now - last; d <= math.MaxInt32 {
		return d
	}
	return 0 // the input came between the two questions
}

// Structures whose size Windows asks for or checks.
type (
	winRect       struct{ left, top, right, bottom int32 }
	winBitmapInfo struct {
		size                 uint32
		width, height        int32
		planes, bits         uint16
		compression, bytes   uint32
		xPerMetre, yPerMetre int32
		used, important      uint32
	}
	winCursorInfo struct {
		size, flags uint32
		cursor      uintptr
		x, y        int32
	}
	winIconInfo struct {
		icon         int32
		hotX, hotY   uint32
		mask, colour uintptr
	}
	winBitmap struct {
		kind, width, height, stride int32
		planes, bits                uint16
		pixels                      uintptr
	}
	winLastInput   struct{ size, tick uint32 }
	winMonitorInfo struct {
		size          uint32
		monitor, work winRect
		flags         uint32
	}
)

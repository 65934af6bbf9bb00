package capture

import (
	"testing"
	"unicode/utf16"
	"unsafe"
)

// Windows refuses, or reads past, structures of another size (64-bit layouts of
// winuser.h and wingdi.h).
func TestWindowsLayouts(t *testing.T) {
	for name, sizes := range map[string][2]uintptr{
		"INPUT": {unsafe.Sizeof(winInput{}), 40}, "BITMAPINFOHEADER": {unsafe.Sizeof(winBitmapInfo{}), 40},
		"CURSORINFO": {unsafe.Sizeof(winCursorInfo{}), 24}, "ICONINFO": {unsafe.Sizeof(winIconInfo{}), 32},
		"BITMAP": {unsafe.Sizeof(winBitmap{}), 32}, "LASTINPUTINFO": {unsafe.Sizeof(winLastInput{}), 8}, "MONITORINFO": {unsafe.Sizeof(winMonitorInfo{}), 40},
	} {
		if sizes[0] != sizes[1] {
			t.Errorf("%s has %d bytes, want %d", name, sizes[0], sizes[1])
		}
	}
	in := winMouseInput(-1, 2, -120, 0x0801)
	if in.kind != 0 || [16]byte(in.body[:16]) != [16]byte{0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0, 0x88, 0xFF, 0xFF, 0xFF, 1, 8, 0, 0} {
		t.Errorf("MOUSEINPUT is %x", in.body)
	}
	if in := winKeyInput(0, 0x1234, winUnicode); in.kind != 1 || [8]byte(in.body[:8]) != [8]byte{0, 0, 0x34, 0x12, 4, 0, 0, 0} {
		t.Errorf("KEYBDINPUT is %x", in.body)
	}
}

// Every pixel of every desktop is hit exactly.
func TestWindowsHitsThePixel(t *testing.T) {
	for _, size := range []int{1, 2, 639, 640, 1024, 1280, 1366, 1920, 2561, 3840, 5760, 7681, 16384} {
		for pixel := range size {
			if hit := int(winPlace(pixel, size)) * size / 65536; hit != pixel {
				t.Fatalf("pixel %d of %d is hit at %d", pixel, size, hit)
			}
		}
		if winPlace(-5, size) != 0 || int(winPlace(size+7, size))*size/65536 != size-1 {
			t.Errorf("a place outside of %d is not its border", size)
		}
	}
}

// What goes down comes up, and a wheel turns once for a press.
func TestWindowsButtons(t *testing.T) {
	for _, swapped := range []bool{false, true} {
		down := winPress(nil, 0, 0b111, swapped)
		up := winPress(nil, 0b111, 0, swapped)
		if len(down) != 3 || len(up) != 3 {
			t.Fatalf("%d down, %d up", len(down), len(up))
		}
		for i := range down {
			if down[i].body[12]<<1 != up[i].body[12] { // each up flag follows its down flag
				t.Errorf("%x goes down and %x up", down[i].body[12], up[i].body[12])
			}
		}
		if left := winPress(nil, 0, 1, swapped)[0].body[12]; (left == 0x08) != swapped {
			t.Errorf("the first button is %x, swapped %v", left, swapped)
		}
	}
	if in := winPress(nil, 0, 1<<3, false); len(in) != 1 || in[0].body[8] != winNotch {
		t.Errorf("a notch of the wheel is %v", in)
	}
	if in := winPress(nil, 1<<3, 0, false); len(in) != 0 {
		t.Errorf("the end of a notch is %v", in)
	}
}

// Keys of a Japanese keyboard go as they lie, kanji as UTF-16, one outside of the
// first plane in two units.
func TestWindowsKeys(t *testing.T) {
	if in := winScanInput(0xB8, false); in.body[2] != 0x38 || in.body[4] != winScan|winExtended|winUp {
		t.Errorf("the right Alt is %x", in.body[:8])
	}
	if in := winScanInput(0x79, true); in.body[2] != 0x79 || in.body[4] != winScan {
		t.Errorf("変換 is %x", in.body[:8])
	}
	for keysym, want := range map[uint32]rune{'a': 'a', 0xA5: '¥', 0x01006551: '救', 0x01020BB7: '𠮷', 0xFFB5: '5', 0xFF0D: 0, 0xFFE1: 0} {
		if got := character(keysym); got != want {
			t.Errorf("keysym %#x is %q, want %q", keysym, got, want)
		}
	}
	if in := winTextInput(nil, utf16.Encode([]rune("𠮷")), true); len(in) != 2 {
		t.Errorf("𠮷 is %d units", len(in))
	}
	for keysym, scan := range winKeys {
		if scan > 0xFF || character(keysym) != 0 {
			t.Errorf("key %#x has the scan code %#x", keysym, scan)
		}
	}
}

// Shapes of pointers: of two colours, with a mask, and with alpha.
func TestWindowsCursor(t *testing.T) {
	// Two by two: black, white, nothing, inverting; the planes lie one below the other.
	pix, mask := winCursor(2, 2, []byte{0x00, 0, 0xC0, 0, 0x40, 0, 0x40, 0}, 2, nil)
	if mask[0] != 0xC0 || mask[1] != 0x40 || pix[0] != 0 || pix[4] != 0xFF {
		t.Errorf("two colours: % x, mask %08b", pix, mask)
	}
	pix, mask = winCursor(2, 1, []byte{0x40, 0}, 2, []byte{1, 2, 3, 0, 4, 5, 6, 0})
	if mask[0] != 0x80 || [3]byte(pix[:3]) != [3]byte{1, 2, 3} {
		t.Errorf("with a mask: % x, mask %08b", pix, mask)
	}
	if _, mask = winCursor(2, 1, []byte{0, 0}, 2, []byte{1, 2, 3, 0xFF, 4, 5, 6, 0x10}); mask[0] != 0x80 {
		t.Errorf("with alpha: mask %08b", mask)
	}
}

func TestWindowsIdle(t *testing.T) {
	for _, c := range [][3]uint32{{100, 40, 60}, {5, 0xFFFFFFFB, 10}, {40, 41, 0}} {
		if got := winIdle(c[0], c[1]); got != c[2] {
			t.Errorf("from %d to %d: %d, want %d", c[1], c[0], got, c[2])
		}
	}
}

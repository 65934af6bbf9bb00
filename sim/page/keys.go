package page

import (
	"fmt"
	"unicode"
)

// Keysyms of X11 that the page names or obeys (X11/keysymdef.h).
const (
	keyBackSpace = 0xFF08
	keyReturn    = 0xFF0D
	keyEscape    = 0xFF1B
	keyUp        = 0xFF52
	keyDown      = 0xFF54
	keyControlL  = 0xFFE3
	keyControlR  = 0xFFE4
)

var keyNames = map[uint32]string{
	keyBackSpace: "BackSpace", 0xFF09: "Tab", keyReturn: "Return", keyEscape: "Escape", 0xFFFF: "Delete",
	0xFF50: "Home", 0xFF51: "Left", keyUp: "Up", 0xFF53: "Right", keyDown: "Down", 0xFF55: "PageUp", 0xFF56: "PageDown", 0xFF57: "End",
	0xFFE1: "Shift", 0xFFE2: "ShiftRight", keyControlL: "Control", keyControlR: "ControlRight", 0xFFE9: "Alt", 0xFFEA: "AltRight",
	0xFFEB: "Super", 0xFFEC: "SuperRight", 0xFFE7: "Meta", 0xFFE8: "MetaRight", 0xFFE5: "CapsLock", 0xFF7F: "NumLock",
	// What a JIS 106/109 keyboard has beside the space bar.
	0xFF22: "無変換", 0xFF23: "変換", 0xFF27: "かな", 0xFF25: "ひらがな", 0xFF26: "カタカナ", 0xFF2A: "半角/全角", 0xFF30: "英数",
}

// keyName is how the page shows a key.
func keyName(keysym, scan uint32) string {
	switch name, ok := keyNames[keysym]; {
	case ok:
		return name
	case keysym >= 0xFFBE && keysym <= 0xFFC9:
		return fmt.Sprintf("F%d", keysym-0xFFBE+1)
	}
	if r := keyRune(keysym); r == ' ' {
		return "Space"
	} else if r != 0 {
		return string(r)
	}
	if keysym == 0 {
		return fmt.Sprintf("scan %02x", scan)
	}
	return fmt.Sprintf("%04x", keysym)
}

// keyRune is the character of a keysym, 0 when it has none: Latin-1 stands for
// itself, the digits and signs of a number pad for those, kana have a block of
// their own, and all others are Unicode above 0x01000000.
func keyRune(keysym uint32) rune {
	switch {
	case keysym >= 0x20 && keysym <= 0x7E, keysym >= 0xA0 && keysym <= 0xFF:
		return rune(keysym)
	case keysym >= 0x04A1 && keysym <= 0x04DF:
		return rune(keysym - 0x04A1 + 0xFF61) // half-width kana, in the order of JIS X 0201
	case keysym >= 0xFFAA && keysym <= 0xFFB9:
		return rune(keysym - 0xFFAA + '*')
	case keysym >= 0x01000020 && keysym <= 0x0110FFFF:
		if r := rune(keysym - 0x01000000); unicode.IsPrint(r) {
			return r
		}
	}
	return 0
}

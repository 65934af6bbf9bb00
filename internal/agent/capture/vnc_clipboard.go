package capture

import (
	"fmt"

	"github.com/matoi119/matoi/rfb"
)

// vncBoard is what one connection has agreed on.
type vncBoard struct {
	continuous bool   // updates come without being asked for
	extended   bool   // the clipboard is Unicode
	ours       string // what we offer, "" nothing
	fresh      bool   // the server has a text that we have not asked for
}

const clipEverything = rfb.ClipText | rfb.ClipRequest | rfb.ClipPeek | rfb.ClipNotify | rfb.ClipProvide

// clipboard works on a message of the extended clipboard.
func (v *VNC) clipboard(m *rfb.Clipboard) {
	switch {
	case m.Flags&rfb.ClipCaps != 0:
		// A library of servers (LibVNCServer) announces what the program above it may
		// not do, and lacks the notification; those that have that one mean it.
		// x0vncserver of TigerVNC 1.12 announces it and does nothing: nobody can tell
		// that one from Xvnc.
		v.board.extended = m.Flags&rfb.ClipText != 0 && m.Flags&rfb.ClipNotify != 0
		if !v.board.extended {
			return
		}
		v.out.send(&rfb.Clipboard{Flags: rfb.ClipCaps | clipEverything, Sizes: []uint32{maxClipboard}})
	case m.Flags&rfb.ClipRequest != 0:
		if m.Flags&rfb.ClipText != 0 && v.board.ours != "" {
			v.out.send(&rfb.Clipboard{Flags: rfb.ClipProvide | rfb.ClipText, Text: v.board.ours})
		}
	case m.Flags&rfb.ClipPeek != 0:
		v.offer()
	case m.Flags&rfb.ClipNotify != 0:
		// Somebody there copied something. It is asked for when it is wanted.
		if v.board.fresh = m.Flags&rfb.ClipText != 0; v.board.fresh {
			v.board.ours = ""
			v.hint()
		}
	case m.Flags&rfb.ClipProvide != 0 && m.Flags&rfb.ClipText != 0:
		v.copiedThere(m.Text)
	}
}

func (v *VNC) offer() {
	flags := rfb.ClipNotify
	if v.board.ours != "" {
		flags |= rfb.ClipText
	}
	v.out.send(&rfb.Clipboard{Flags: flags})
}

func (v *VNC) copiedThere(text string) {
	v.board.ours = ""
	v.came, v.copied = text, true
	v.hint()
}

// SetClipboard implements Screen. A server without the extended clipboard takes
// Latin-1 alone; a text with kanji is refused whole, never half of it.
func (v *VNC) SetClipboard(text string) error {
	if len(text) > maxClipboard {
		return fmt.Errorf("capture: a clipboard of %d bytes, at most %d", len(text), maxClipboard)
	}
	if v.out.away() {
		return ErrAway
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if text == "" && v.board.ours == "" {
		return nil // what is there is somebody else's
	}
	if v.board.extended {
		v.board.ours = text
		v.offer()
		return nil
	}
	plain, ok := toLatin1(text)
	if !ok {
		return fmt.Errorf("%w: its clipboard has no kanji", ErrUnsupported)
	}
	if len(plain) > rfb.MaxCutText {
		return fmt.Errorf("capture: a clipboard of %d bytes, at most %d", len(plain), rfb.MaxCutText)
	}
	v.board.ours = text
	v.out.send(&rfb.CutText{Text: plain})
	return nil
}

// Clipboard implements Screen.
func (v *VNC) Clipboard() (string, bool, error) {
	if v.out.away() {
		return "", false, ErrAway
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.copied {
		text := v.came
		v.came, v.copied = "", false
		return text, true, nil
	}
	if v.board.fresh {
		v.board.fresh = false
		v.out.send(&rfb.Clipboard{Flags: rfb.ClipRequest | rfb.ClipText})
	}
	return "", false, nil
}

func fromLatin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func toLatin1(text string) ([]byte, bool) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xFF {
			return nil, false
		}
		out = append(out, byte(r))
	}
	return out, true
}

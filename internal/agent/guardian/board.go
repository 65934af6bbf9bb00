package guardian

import (
	"fmt"
	"slices"

	"github.com/matoi119/matoi/rfb"
)

// board is what the client can do with texts, and the text that it did not take.
type board struct {
	extended bool
	unasked  uint32 // bytes that it takes without having asked
	text     string
	has      bool
}

// meets tells a client that knows the extended clipboard what is taken here.
func (s *server) meets(m *rfb.SetEncodings) {
	if s.board.extended || !slices.Contains(m.Encodings, rfb.ExtendedClipboard) || !s.screenCan() {
		return
	}
	s.board.extended, s.board.unasked = true, rfb.MaxClipboard
	caps := rfb.Clipboard{Flags: rfb.ClipCaps | rfb.ClipText | rfb.ClipRequest | rfb.ClipPeek | rfb.ClipNotify | rfb.ClipProvide, Sizes: []uint32{rfb.MaxClipboard}}
	s.extra = caps.AppendServer(s.extra)
}

func (s *server) screenCan() bool { return s.screen != nil && s.screen.Abilities().Clipboard }

// clip does what the client says of its clipboard.
func (s *server) clip(m *rfb.Clipboard) {
	switch {
	case m.Flags&rfb.ClipCaps != 0:
		if m.Flags&rfb.ClipText != 0 && len(m.Sizes) > 0 {
			s.board.unasked = m.Sizes[0]
		}
	case m.Flags&rfb.ClipProvide != 0:
		if m.Flags&rfb.ClipText != 0 {
			s.paste(m.Text)
		}
	case m.Flags&rfb.ClipNotify != 0:
		if m.Flags&rfb.ClipText != 0 {
			s.extra = (&rfb.Clipboard{Flags: rfb.ClipRequest | rfb.ClipText}).AppendServer(s.extra)
		}
	case m.Flags&rfb.ClipRequest != 0:
		if s.board.has {
			s.provide()
		}
	case m.Flags&rfb.ClipPeek != 0:
		flags := rfb.ClipNotify
		if s.board.has {
			flags |= rfb.ClipText
		}
		s.extra = (&rfb.Clipboard{Flags: flags}).AppendServer(s.extra)
	}
}

func (s *server) provide() {
	s.extra = (&rfb.Clipboard{Flags: rfb.ClipProvide | rfb.ClipText, Text: s.board.text}).AppendServer(s.extra)
}

// paste gives the terminal a text of the console.
func (s *server) paste(text string) {
	if s.screenCan() && s.mayPress() {
		_ = s.screen.SetClipboard(text) // a display that is gone is noticed by the next capture
	}
}

// clipboard tells the client what somebody copied at the terminal.
func (s *server) clipboard() {
	if !s.board.extended || !s.screenCan() {
		return
	}
	text, changed, err := s.screen.Clipboard()
	if err != nil || !changed {
		return
	}
	s.board.text, s.board.has = text, true
	if len(text) <= int(s.board.unasked) {
		s.provide()
		return
	}
	s.extra = (&rfb.Clipboard{Flags: rfb.ClipNotify | rfb.ClipText}).AppendServer(s.extra)
}

// latin1 is the text of a client without the extended clipboard (RFC 6143, §7.5.6).
func latin1(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

// noted writes what went wrong where it ends nothing: standard error, which is the
// agent's log. It holds no key and no text.
func (s *server) noted(err error) {
	if err != nil {
		fmt.Fprintln(s.log, err)
	}
}

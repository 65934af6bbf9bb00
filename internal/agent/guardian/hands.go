package guardian

import (
	"time"

	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif/open1"
)

// hands know what is held, and until when the console's input waits.
type hands struct {
	keys    map[uint64]bool
	buttons uint8
	timer   *time.Timer
	rest    time.Time // the person at the terminal uses it until then
	told    time.Time
}

func (h *hands) held() bool { return len(h.keys) > 0 || h.buttons != 0 }

// empty says that nothing is held any more.
func (h *hands) empty() {
	clear(h.keys)
	h.buttons = 0
}

// silence fires when something is held and nothing was heard.
func (h *hands) silence() <-chan time.Time {
	if h.timer == nil {
		return nil
	}
	return h.timer.C
}

// heard begins the wait for the next sign.
func (h *hands) heard() {
	switch {
	case !h.held():
		if h.timer != nil {
			h.timer.Stop()
		}
	case h.timer == nil:
		h.timer = time.NewTimer(silenceAfter)
	default:
		h.timer.Reset(silenceAfter)
	}
}

// key names a key as it is held: by its place, where the client told it.
func key(m *rfb.KeyEvent) uint64 {
	if m.Scan != 0 {
		return 1<<32 | uint64(m.Scan)
	}
	return uint64(m.Keysym)
}

// letGo releases every key and button.
func (s *server) letGo() {
	s.hands.empty()
	s.hands.heard()
	if s.screen != nil {
		s.noted(s.screen.LetGo())
	}
}

// handle does what the client said. Everything it says is a sign that it lives.
func (s *server) handle(m rfb.ClientMessage) {
	switch m := m.(type) {
	case *rfb.KeyEvent:
		if s.mayPress() {
			s.key(m)
		}
	case *rfb.PointerEvent:
		if s.mayPress() {
			s.pointer(m)
		}
	case *rfb.CutText:
		s.paste(latin1(m.Text))
	case *rfb.Clipboard:
		s.clip(m)
	default:
		if e, ok := m.(*rfb.SetEncodings); ok {
			s.meets(e)
		}
		s.sender.Handle(m)
	}
	s.hands.heard()
}

func (s *server) key(m *rfb.KeyEvent) {
	if s.hands.keys == nil {
		s.hands.keys = map[uint64]bool{}
	}
	if m.Down {
		s.hands.keys[key(m)] = true
	} else {
		delete(s.hands.keys, key(m))
	}
	// A key that this machine has not is no fault of the screen, and which one it was
	// is nobody's business but the operator's.
	_ = s.screen.Key(m.Down, m.Keysym, m.Scan)
}

func (s *server) pointer(m *rfb.PointerEvent) {
	s.hands.buttons = m.Buttons
	s.noted(s.screen.Pointer(min(int(m.X), s.picture.Width-1), min(int(m.Y), s.picture.Height-1), m.Buttons))
}

// mayPress reports whether input of the console may be done now: the person at the
// terminal goes first, for as long as they use it and three seconds more.
func (s *server) mayPress() bool {
	if s.screen == nil {
		return false
	}
	s.local()
	return !time.Now().Before(s.hands.rest)
}

// local asks whether somebody at the machine used it, and says so.
func (s *server) local() {
	if s.screen == nil || !s.screen.Abilities().LocalUse {
		return
	}
	idle, err := s.screen.Idle()
	if err != nil || idle >= localRest {
		return
	}
	now := time.Now()
	if !now.Before(s.hands.rest) || s.hands.held() {
		s.letGo()
	}
	s.hands.rest = now.Add(localRest - idle)
	if now.Sub(s.hands.told) >= time.Second {
		s.hands.told = now
		s.words = appendWord(s.words, open1.ScreenNotice{Type: open1.ScreenLocal})
	}
}

// look does what nobody asks for.
func (s *server) look() {
	s.local()
	if s.screen != nil {
		s.clipboard()
	}
}

package capture

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
)

// selections is the clipboard of an X server: the selection CLIPBOARD, owned or
// asked for through a window that nobody sees (ICCCM, §2). Events work on it in
// their goroutine, the Screen's user in his.
type selections struct {
	c      *xgb.Conn
	window xproto.Window
	atom   map[string]xproto.Atom
	chunk  int // bytes of one property; more goes by INCR

	mu       sync.Mutex
	ours     string // what we offer
	owned    bool
	since    xproto.Timestamp
	wanted   func(xproto.Timestamp) // waits for the server's time
	fresh    bool                   // somebody copied something that we have not read
	asked    time.Time              // when we asked its owner
	incoming *[]byte                // what comes piece by piece; nil: nothing does
	text     string
	come     bool // text has not been handed out
	outgoing []transfer
}

// transfer is a text that goes to somebody piece by piece (ICCCM, §2.7.2).
type transfer struct {
	to       xproto.Window
	property xproto.Atom
	kind     xproto.Atom
	rest     []byte
}

const (
	clipboardWait = 2 * time.Second // for the server's time, and for an owner's answer
	maxTransfers  = 8
)

var clipboardAtoms = []string{
	"CLIPBOARD", "TARGETS", "TIMESTAMP", "UTF8_STRING", "STRING", "TEXT", "text/plain;charset=utf-8", "INCR", "MATOI_CLIPBOARD", "MATOI_TIME",
}

func openSelections(c *xgb.Conn, root xproto.Window) (*selections, error) {
	s := &selections{c: c, atom: map[string]xproto.Atom{}, chunk: min(int(xproto.Setup(c).MaximumRequestLength)*4-64, 128<<10)}
	for _, name := range clipboardAtoms {
		r, err := xproto.InternAtom(c, false, uint16(len(name)), name).Reply() //nolint:gosec // names of ours
		if err != nil {
			return nil, fmt.Errorf("capture: clipboard: %w", err)
		}
		s.atom[name] = r.Atom
	}
	var err error
	if s.window, err = xproto.NewWindowId(c); err != nil {
		return nil, fmt.Errorf("capture: clipboard: %w", err)
	}
	if err := xproto.CreateWindowChecked(c, 0, s.window, root, -1, -1, 1, 1, 0, xproto.WindowClassInputOnly, 0,
		xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange}).Check(); err != nil {
		return nil, fmt.Errorf("capture: clipboard: %w", err)
	}
	if err := xfixes.SelectSelectionInputChecked(c, s.window, s.atom["CLIPBOARD"], xfixes.SelectionEventMaskSetSelectionOwner).Check(); err != nil {
		return nil, fmt.Errorf("capture: watch the clipboard: %w", err)
	}
	return s, nil
}

// set offers text, or takes back what we offer.
func (s *selections) set(text string) error {
	if len(text) > maxClipboard {
		return fmt.Errorf("capture: a clipboard of %d bytes, at most %d", len(text), maxClipboard)
	}
	s.mu.Lock()
	owned := s.owned
	s.ours = text
	if text == "" {
		s.owned, s.outgoing = false, nil
	}
	since := s.since
	s.mu.Unlock()
	if text == "" {
		if owned {
			return xproto.SetSelectionOwnerChecked(s.c, xproto.WindowNone, s.atom["CLIPBOARD"], since).Check()
		}
		return nil
	}
	now, err := s.now()
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.owned, s.since = true, now
	s.mu.Unlock()
	if err := xproto.SetSelectionOwnerChecked(s.c, s.window, s.atom["CLIPBOARD"], now).Check(); err != nil {
		return fmt.Errorf("capture: own the clipboard: %w", err)
	}
	return nil
}

// now is the server's time; owners must not say CurrentTime (ICCCM, §2.1).
func (s *selections) now() (xproto.Timestamp, error) {
	came := make(chan xproto.Timestamp, 1)
	s.mu.Lock()
	s.wanted = func(t xproto.Timestamp) { came <- t }
	s.mu.Unlock()
	xproto.ChangeProperty(s.c, xproto.PropModeAppend, s.window, s.atom["MATOI_TIME"], xproto.AtomString, 8, 0, nil)
	late := time.NewTimer(clipboardWait)
	defer late.Stop()
	select {
	case t := <-came:
		return t, nil
	case <-late.C:
		return 0, errors.New("capture: the display does not tell its time")
	}
}

// take hands out what was copied, or asks for it.
func (s *selections) take() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.come {
		text := s.text
		s.text, s.come = "", false
		return text, true
	}
	if s.fresh && (s.asked.IsZero() || time.Since(s.asked) > clipboardWait) {
		s.fresh, s.incoming, s.asked = false, nil, time.Now()
		xproto.ConvertSelection(s.c, s.window, s.atom["CLIPBOARD"], s.atom["UTF8_STRING"], s.atom["MATOI_CLIPBOARD"], xproto.TimeCurrentTime)
	}
	return "", false
}

// event works on one event and says whether it was the clipboard's, and whether
// there is something to take.
func (s *selections) event(event xgb.Event) (mine, hint bool) {
	switch e := event.(type) {
	case xfixes.SelectionNotifyEvent:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.owned = e.Owner == s.window
		s.fresh = !s.owned && e.Owner != xproto.WindowNone
		return true, s.fresh
	case xproto.SelectionClearEvent:
		return true, false // the notification above says it too
	case xproto.SelectionRequestEvent:
		s.answer(e)
		return true, false
	case xproto.SelectionNotifyEvent:
		return true, s.arrived(e)
	case xproto.PropertyNotifyEvent:
		return true, s.property(e)
	}
	return false, false
}

func (s *selections) property(e xproto.PropertyNotifyEvent) (hint bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case e.Window == s.window && e.Atom == s.atom["MATOI_TIME"]:
		if s.wanted != nil {
			s.wanted(e.Time)
			s.wanted = nil
		}
	case e.Window == s.window && e.Atom == s.atom["MATOI_CLIPBOARD"] && e.State == xproto.PropertyNewValue && s.incoming != nil:
		return s.piece()
	case e.State == xproto.PropertyDelete:
		s.next(e.Window, e.Atom)
	}
	return false
}

// arrived reads the owner's answer.
func (s *selections) arrived(e xproto.SelectionNotifyEvent) (hint bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked.IsZero() || e.Requestor != s.window {
		return false
	}
	if e.Property == xproto.AtomNone { // it has no text
		s.asked = time.Time{}
		return s.fresh
	}
	if data, kind := s.read(); kind == s.atom["INCR"] {
		s.incoming = new([]byte)
		return false
	} else {
		return s.whole(data)
	}
}

// read takes the property and deletes it, which asks for the next piece.
func (s *selections) read() ([]byte, xproto.Atom) {
	r, err := xproto.GetProperty(s.c, true, s.window, s.atom["MATOI_CLIPBOARD"], xproto.GetPropertyTypeAny, 0, maxClipboard/4+1).Reply()
	if err != nil {
		return nil, 0
	}
	return r.Value, r.Type
}

// piece reads one piece of several; an empty one is the end. What is too long is
// read to its end and forgotten.
func (s *selections) piece() (hint bool) {
	data, _ := s.read()
	s.asked = time.Now()
	if len(data) > 0 {
		if len(*s.incoming) <= maxClipboard {
			*s.incoming = append(*s.incoming, data...)
		}
		return false
	}
	all := *s.incoming
	s.incoming = nil
	return s.whole(all)
}

func (s *selections) whole(data []byte) (hint bool) {
	s.asked = time.Time{}
	if len(data) > 0 && len(data) <= maxClipboard && utf8.Valid(data) {
		s.text, s.come = strings.ReplaceAll(string(data), "\r\n", "\n"), true
	}
	return s.come || s.fresh
}

// answer gives our text to somebody who pastes it.
func (s *selections) answer(e xproto.SelectionRequestEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	said := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: e.Property}
	if said.Property == xproto.AtomNone { // an old client (ICCCM, §2.2)
		said.Property = e.Target
	}
	if !s.owned || e.Selection != s.atom["CLIPBOARD"] || !s.convert(said) {
		said.Property = xproto.AtomNone
	}
	xproto.SendEvent(s.c, false, e.Requestor, 0, string(said.Bytes()))
}

func (s *selections) convert(to xproto.SelectionNotifyEvent) bool {
	long := func(kind xproto.Atom, values ...uint32) bool {
		var data []byte
		for _, v := range values {
			data = append(data, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		xproto.ChangeProperty(s.c, xproto.PropModeReplace, to.Requestor, to.Property, kind, 32, uint32(len(values)), data) //nolint:gosec // few
		return true
	}
	switch to.Target {
	case s.atom["TARGETS"]:
		return long(xproto.AtomAtom, uint32(s.atom["TARGETS"]), uint32(s.atom["TIMESTAMP"]), uint32(s.atom["UTF8_STRING"]),
			uint32(s.atom["text/plain;charset=utf-8"]), uint32(s.atom["TEXT"]), uint32(s.atom["STRING"]))
	case s.atom["TIMESTAMP"]:
		return long(xproto.AtomInteger, uint32(s.since))
	case s.atom["STRING"]: // Latin-1 (ICCCM, §2.6.2)
		return s.give(to, s.atom["STRING"], latin1(s.ours))
	case s.atom["TEXT"]:
		return s.give(to, s.atom["UTF8_STRING"], []byte(s.ours))
	case s.atom["UTF8_STRING"], s.atom["text/plain;charset=utf-8"]:
		return s.give(to, to.Target, []byte(s.ours))
	}
	return false
}

// give writes data for somebody, at once or piece by piece.
func (s *selections) give(to xproto.SelectionNotifyEvent, kind xproto.Atom, data []byte) bool {
	if len(data) <= s.chunk {
		xproto.ChangeProperty(s.c, xproto.PropModeReplace, to.Requestor, to.Property, kind, 8, uint32(len(data)), data) //nolint:gosec // at most maxClipboard
		return true
	}
	if len(s.outgoing) == maxTransfers { // somebody never fetched the oldest
		s.outgoing = s.outgoing[1:]
	}
	s.outgoing = append(s.outgoing, transfer{to.Requestor, to.Property, kind, data})
	xproto.ChangeWindowAttributes(s.c, to.Requestor, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange})
	n := uint32(len(data)) //nolint:gosec // at most maxClipboard
	xproto.ChangeProperty(s.c, xproto.PropModeReplace, to.Requestor, to.Property, s.atom["INCR"], 32, 1, []byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
	return true
}

// next sends the next piece, or the empty one that ends a transfer.
func (s *selections) next(window xproto.Window, property xproto.Atom) {
	for i, t := range s.outgoing {
		if t.to != window || t.property != property {
			continue
		}
		n := min(len(t.rest), s.chunk)
		xproto.ChangeProperty(s.c, xproto.PropModeReplace, t.to, t.property, t.kind, 8, uint32(n), t.rest[:n]) //nolint:gosec // at most a chunk
		if s.outgoing[i].rest = t.rest[n:]; n == 0 {
			s.outgoing = append(s.outgoing[:i], s.outgoing[i+1:]...)
		}
		return
	}
}

// latin1 is a text with ? for what Latin-1 does not have.
func latin1(text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xFF {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

// SetClipboard implements Screen.
func (x *X11) SetClipboard(text string) error { return x.board.set(text) }

// Clipboard implements Screen.
func (x *X11) Clipboard() (string, bool, error) {
	if err := x.broken.Load(); err != nil {
		return "", false, *err
	}
	text, changed := x.board.take()
	return text, changed, nil
}

package gateway

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/rfb"
)

// maxHeld is how many keys may be down at once: more than fingers.
const maxHeld = 32

// grant is what one grant of a screen holds down and has sent. It counts; it
// keeps nothing of what was typed.
type grant struct {
	viewer  *viewer // the holder's page; nil: none is connected
	keys    map[uint64]rfb.KeyEvent
	buttons uint8
	x, y    uint16
	heard   time.Time // last beat of the page, or input
	pasted  bool
	counts  act.ScreenCounts
}

func newGrant() grant { return grant{keys: map[uint64]rfb.KeyEvent{}} }

func (g *grant) holds() bool { return len(g.keys) > 0 || g.buttons != 0 }

// forget: nothing is held any more, and nobody is to be told.
func (g *grant) forget() {
	clear(g.keys)
	g.buttons = 0
}

// keyOf is what a key is known by while it is down: its place on the keyboard, or
// its meaning where the page gives no place.
func keyOf(m *rfb.KeyEvent) uint64 {
	if m.Scan != 0 {
		return uint64(m.Scan) << 32
	}
	return uint64(m.Keysym)
}

// letGo releases every key and button at the terminal; mu is held.
func (r *relay) letGo() {
	g := &r.grant
	if g.holds() && r.up != nil {
		var b []byte
		for _, k := range g.keys {
			k.Down = false
			b = k.Append(b)
		}
		if g.buttons != 0 {
			b = (&rfb.PointerEvent{X: g.x, Y: g.y}).Append(b)
		}
		r.up.send(b)
	}
	g.forget()
}

// beat: the holder's page says that it lives.
func (r *relay) beat(v *viewer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.grant.viewer == v {
		r.grant.heard = time.Now()
	}
}

// renew keeps the lease for another while.
func (r *relay) renew(v *viewer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.grant.viewer != v {
		return
	}
	if l, err := r.lease.Renew(v.p.Token, time.Now()); err == nil {
		r.lease, r.cause = l, act.LapseExpired
	}
	r.kick()
}

func (r *relay) releaseKeys(v *viewer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.grant.viewer == v {
		r.letGo()
	}
}

// kindOf is the right that a message needs; 0: it is no input.
func kindOf(m rfb.ClientMessage) screen.Input {
	switch m.(type) {
	case *rfb.KeyEvent:
		return screen.Keyboard
	case *rfb.PointerEvent:
		return screen.Pointer
	case *rfb.CutText, *rfb.Clipboard:
		return screen.Clipboard
	}
	return 0
}

// input passes one message to the terminal, if the lease as it is stored now and
// the person's rights allow that very message. Everything else is dropped and
// counted: what a modified page sends ends here.
func (r *relay) input(ctx context.Context, v *viewer, m rfb.ClientMessage) {
	kind := kindOf(m)
	for {
		if !r.s.current(ctx) {
			return // nobody knows whose screen it is: nothing passes
		}
		r.mu.Lock()
		if r.s.seen.Load() == r.s.changed.Load() {
			break // no act that changed a lease was answered since
		}
		r.mu.Unlock()
	}
	defer r.mu.Unlock()
	now := time.Now()
	held := r.grant.viewer == v && v.p.Token != 0
	if !held || !r.lease.Allows(v.p.Token, kind, now) || v.p.May()&kind != kind {
		if held {
			r.grant.counts.Refused++
		}
		return
	}
	if !r.linked() {
		return // dropped: it would arrive out of its time
	}
	wasIdle := !r.grant.holds()
	r.grant.heard = now
	switch m := m.(type) {
	case *rfb.KeyEvent:
		r.key(m)
	case *rfb.PointerEvent:
		r.point(m)
	case *rfb.CutText:
		r.paste(latin1(m.Text))
	case *rfb.Clipboard:
		r.clipboard(m)
	}
	if wasIdle && r.grant.holds() {
		r.kick()
	}
}

func (r *relay) key(m *rfb.KeyEvent) {
	g, id := &r.grant, keyOf(m)
	down, is := g.keys[id]
	switch {
	case m.Down:
		if !is && len(g.keys) == maxHeld {
			return
		}
		if !is {
			g.counts.Keys++
		}
		g.keys[id] = *m
	case !is:
		return // let go of before
	default:
		m = &rfb.KeyEvent{Keysym: down.Keysym, Scan: down.Scan} // what was pressed, not what it means by now
		delete(g.keys, id)
	}
	r.up.send(m.Append(nil))
}

func (r *relay) point(m *rfb.PointerEvent) {
	g := &r.grant
	if m.Buttons&^g.buttons != 0 {
		g.counts.Clicks++
	}
	g.buttons, g.x, g.y = m.Buttons, m.X, m.Y
	r.up.send(m.Append(nil))
}

func (r *relay) paste(text string) {
	r.grant.pasted = true
	r.grant.counts.Clipboard++
	r.up.send((&rfb.Clipboard{Flags: rfb.ClipProvide | rfb.ClipText, Text: text}).Append(nil))
}

// clipboard: the page offers, gives or asks for a text.
func (r *relay) clipboard(m *rfb.Clipboard) {
	switch {
	case m.Flags&rfb.ClipProvide != 0 && m.Flags&rfb.ClipText != 0:
		r.paste(m.Text)
	case m.Flags&rfb.ClipNotify != 0 && m.Flags&rfb.ClipText != 0:
		r.grant.viewer.answer((&rfb.Clipboard{Flags: rfb.ClipRequest | rfb.ClipText}).AppendServer(nil))
	case m.Flags&rfb.ClipRequest != 0:
		r.up.send((&rfb.Clipboard{Flags: rfb.ClipRequest | rfb.ClipText}).Append(nil))
	}
}

// clipCaps is what the gateway says of its clipboard to either side: texts may be
// sent unasked.
var clipCaps = rfb.Clipboard{
	Flags: rfb.ClipCaps | rfb.ClipText | rfb.ClipRequest | rfb.ClipNotify | rfb.ClipProvide, Sizes: []uint32{rfb.MaxClipboard},
}

// fromTerminal: the terminal's clipboard goes to the holder alone, and only where
// the grant has that right. Nothing of it stays here.
func (r *relay) fromTerminal(u *upstream, m *rfb.Clipboard) {
	switch {
	case m.Flags&rfb.ClipCaps != 0:
		u.send(clipCaps.Append(nil))
		return
	case m.Flags&rfb.ClipNotify != 0 && m.Flags&rfb.ClipText != 0:
		u.send((&rfb.Clipboard{Flags: rfb.ClipRequest | rfb.ClipText}).Append(nil))
		return
	case m.Flags&rfb.ClipProvide == 0 || m.Flags&rfb.ClipText == 0:
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	v := r.grant.viewer
	l := r.lease
	if v == nil || l.Holder.Console == "" || l.Purpose != screen.Operate || l.Input&v.p.May()&screen.Clipboard == 0 {
		return
	}
	v.answer((&rfb.Clipboard{Flags: rfb.ClipProvide | rfb.ClipText, Text: m.Text}).AppendServer(nil))
}

func latin1(b []byte) string {
	text := make([]rune, len(b))
	for i, c := range b {
		text[i] = rune(c)
	}
	return string(text)
}

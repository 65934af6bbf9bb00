package capture

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/matoi119/matoi/rfb"
)

// found takes a new connection.
func (o *vncOut) found(conn net.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conn = conn
}

// lost forgets the connection. What was down stays noted: the next one owes its
// release.
func (o *vncOut) lost() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conn = nil
}

// refused notes that there is no server at all: it was ended.
func (o *vncOut) refused() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.restarted = true
}

func (o *vncOut) away() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.conn == nil
}

// send writes one message. Where the server is away it is dropped: nothing that
// was meant for then is done later.
func (o *vncOut) send(m rfb.ClientMessage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b = m.Append(o.b[:0])
	_ = o.write() // the reader finds the end of the connection
}

// write sends o.b.
func (o *vncOut) write() error {
	if o.conn == nil {
		return ErrAway
	}
	_ = o.conn.SetWriteDeadline(time.Now().Add(vncWrite)) // a closed connection says so when it is written
	if _, err := o.conn.Write(o.b); err != nil {
		_ = o.conn.Close() // half a message may be written: no other can follow
		o.conn = nil
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return nil
}

// settle releases on a new connection what was down when the last one ended:
// servers do not do it by themselves.
func (o *vncOut) settle() {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.letGo(true) // the reader finds the end of the connection
	o.restarted = false
}

// letGo releases everything, the last pressed first. On a new connection the
// buttons are pressed first: see heldNote. A server that was itself restarted
// passes on the release of no key that it does not know as down, and its display
// may still have it down; so it is pressed again, modifiers first, that the
// others do nothing but repeat.
func (o *vncOut) letGo(anew bool) error {
	o.b = o.b[:0]
	if anew && o.restarted {
		slices.SortStableFunc(o.pressed, func(a, b vncKey) int { return cmp.Compare(modifier(a), modifier(b)) })
	}
	for _, k := range slices.Backward(o.pressed) {
		if anew && o.restarted {
			o.b = (&rfb.KeyEvent{Down: true, Keysym: k.keysym, Scan: k.scan}).Append(o.b)
		}
		o.b = (&rfb.KeyEvent{Keysym: k.keysym, Scan: k.scan}).Append(o.b)
	}
	if o.buttons != 0 {
		if anew {
			o.b = (&rfb.PointerEvent{X: o.x, Y: o.y, Buttons: o.buttons}).Append(o.b)
		}
		o.b = (&rfb.PointerEvent{X: o.x, Y: o.y}).Append(o.b)
	}
	if len(o.b) == 0 {
		return nil
	}
	if err := o.write(); err != nil {
		return err // and it stays noted
	}
	o.pressed, o.buttons = o.pressed[:0], 0
	o.note.write(0, o.x, o.y)
	return nil
}

// modifier is 1 for a key that changes what others mean.
func modifier(k vncKey) int {
	if k.keysym >= symShift && k.keysym <= 0xFFEE || k.keysym == 0xFE03 || k.keysym == 0xFF7E {
		return 1
	}
	return 0
}

// Key implements Screen. The keysym says what is meant; the scan code goes with
// it where the server takes one.
func (v *VNC) Key(down bool, keysym, scan uint32) error {
	v.mu.Lock()
	if !v.scans {
		scan = 0
	}
	v.mu.Unlock()
	if keysym == 0 && scan == 0 {
		return fmt.Errorf("%w: a key without a keysym", ErrUnsupported)
	}
	o := &v.out
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.pressed, func(k vncKey) bool {
		if scan != 0 && k.scan != 0 { // the keysym of a key changes with shift while it is down
			return k.scan == scan
		}
		return k.keysym == keysym
	})
	k := vncKey{keysym, scan}
	switch {
	case i >= 0:
		k = o.pressed[i]
	case !down:
		return nil // a release that comes late
	}
	o.b = (&rfb.KeyEvent{Down: down, Keysym: k.keysym, Scan: k.scan}).Append(o.b[:0])
	if i < 0 { // noted first: half a write may have arrived
		if o.conn == nil {
			return ErrAway
		}
		o.pressed = append(o.pressed, k)
	}
	if err := o.write(); err != nil {
		return err
	}
	if !down {
		o.pressed = slices.Delete(o.pressed, i, i+1)
	}
	return nil
}

// Pointer implements Screen.
func (v *VNC) Pointer(x, y int, buttons uint8) error {
	o := &v.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn == nil {
		return ErrAway
	}
	o.x, o.y = uint16(x), uint16(y) //nolint:gosec // RFB positions are 16 bits
	o.b = (&rfb.PointerEvent{Buttons: buttons, X: o.x, Y: o.y}).Append(o.b[:0])
	o.buttons |= buttons // noted first: half a write may have arrived
	o.note.write(o.buttons, o.x, o.y)
	if err := o.write(); err != nil {
		return err
	}
	o.buttons = buttons
	o.note.write(buttons, o.x, o.y)
	return nil
}

// LetGo implements Screen. While the server is away it is ErrAway, and the next
// connection begins with it.
func (v *VNC) LetGo() error {
	v.out.mu.Lock()
	defer v.out.mu.Unlock()
	return v.out.letGo(false)
}

// ReleaseLeftovers implements Screen. A server does not say what is down; every
// key that a keyboard has is released, and every button. No server that we know
// minds the release of a key that is up, and none types something for it.
func (v *VNC) ReleaseLeftovers() error {
	v.mu.Lock()
	scans := v.scans
	v.mu.Unlock()
	o := &v.out
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.letGo(false); err != nil {
		return err
	}
	o.b = o.b[:0]
	for _, keysym := range everyKey {
		o.b = (&rfb.KeyEvent{Keysym: keysym}).Append(o.b)
	}
	if scans {
		for scan := range uint32(256) {
			if xtToEvdev[scan] != 0 {
				o.b = (&rfb.KeyEvent{Scan: scan}).Append(o.b)
			}
		}
	}
	if buttons, x, y := o.note.read(); buttons != 0 {
		o.x, o.y = x, y
		o.b = (&rfb.PointerEvent{X: x, Y: y, Buttons: buttons}).Append(o.b)
	}
	o.b = (&rfb.PointerEvent{X: o.x, Y: o.y}).Append(o.b)
	err := o.write()
	if err == nil {
		o.note.last = 1 // whatever it was
		o.note.write(0, o.x, o.y)
	}
	return err
}

// Idle implements Screen: a server tells nobody from anybody.
func (*VNC) Idle() (time.Duration, error) { return never, nil }

// everyKey are the keysyms of the keys of a keyboard, as they are without shift:
// which key is down is what counts.
var everyKey = func() (all []uint32) {
	span := func(first, last uint32) {
		for k := first; k <= last; k++ {
			all = append(all, k)
		}
	}
	span(0xFFE1, 0xFFEE)              // Shift … Hyper
	all = append(all, 0xFE03, 0xFF7E) // AltGr, mode switch
	span(0xFF20, 0xFF31)              // 変換, 無変換, かな, 半角/全角 and their kind
	span(0xFF50, 0xFF58)              // arrows and their block
	span(0xFFBE, 0xFFD5)              // F1 … F24
	span(0xFF8D, 0xFF9F)              // keypad
	span(0xFFAA, 0xFFB9)              //
	all = append(all, 0xFF08, 0xFF09, 0xFF0D, 0xFF13, 0xFF14, 0xFF1B, 0xFF61, 0xFF63, 0xFF67, 0xFF7F, 0xFFFF)
	span(' ', '@')
	span('[', '~') // small letters; capitals are on the same keys
	return append(all, 0xA5)
}()

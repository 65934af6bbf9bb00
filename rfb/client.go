package rfb

import "io"

// ClientMessage is one message of a client. Append adds its wire form.
type ClientMessage interface {
	Append(b []byte) []byte
	client()
}

// Types of client messages on the wire.
const (
	typeSetPixelFormat    = 0
	typeSetEncodings      = 2
	typeUpdateRequest     = 3
	typeKey               = 4
	typePointer           = 5
	typeClientCutText     = 6
	typeContinuousUpdates = 150
	typeClientFence       = 248
	typeSetDesktopSize    = 251
	typeQEMU              = 255
	qemuKey               = 0 // the one message of type 255 that we know
)

// SetPixelFormat chooses the format of later updates (RFC 6143, §7.5.1).
type SetPixelFormat struct{ Format PixelFormat }

// SetEncodings says what the client understands, best first (§7.5.2).
type SetEncodings struct{ Encodings []Encoding }

// UpdateRequest asks for a part of the framebuffer (§7.5.3).
type UpdateRequest struct {
	Incremental bool
	Area        Rect
}

// KeyEvent presses or releases a key (§7.5.4). Scan is the XT scan code of the
// QEMU extension, 0 without it.
type KeyEvent struct {
	Down   bool
	Keysym uint32
	Scan   uint32
}

// PointerEvent moves the pointer and says which buttons are down, bit 0 the left
// one (§7.5.5).
type PointerEvent struct {
	Buttons uint8
	X, Y    uint16
}

// CutText is a text in Latin-1, of either side (§7.5.6, §7.6.4).
type CutText struct{ Text []byte }

// EnableContinuousUpdates asks for updates of an area without further requests.
type EnableContinuousUpdates struct {
	On   bool
	Area Rect
}

// Flags of a Fence.
const (
	FenceBlockBefore uint32 = 1 << 0
	FenceBlockAfter  uint32 = 1 << 1
	FenceSyncNext    uint32 = 1 << 2
	FenceRequest     uint32 = 1 << 31
	fenceKnown              = FenceBlockBefore | FenceBlockAfter | FenceSyncNext
)

// Fence marks a place in the stream, of either side.
type Fence struct {
	Flags   uint32
	Payload []byte
}

// Answer is the fence that the other side expects: what was asked for, without
// the request.
func (f Fence) Answer() Fence { return Fence{Flags: f.Flags & fenceKnown, Payload: f.Payload} }

// SetDesktopSize asks for another size or arrangement of screens.
type SetDesktopSize struct {
	Width, Height uint16
	Screens       []Screen
}

func (*SetPixelFormat) client()          {}
func (*SetEncodings) client()            {}
func (*UpdateRequest) client()           {}
func (*KeyEvent) client()                {}
func (*PointerEvent) client()            {}
func (*CutText) client()                 {}
func (*Clipboard) client()               {}
func (*EnableContinuousUpdates) client() {}
func (*Fence) client()                   {}
func (*SetDesktopSize) client()          {}

// Append implements ClientMessage.
func (m *SetPixelFormat) Append(b []byte) []byte {
	return m.Format.append(append(b, typeSetPixelFormat, 0, 0, 0))
}

// Append implements ClientMessage.
func (m *SetEncodings) Append(b []byte) []byte {
	b = append(b, typeSetEncodings, 0)
	b = be.AppendUint16(b, uint16(len(m.Encodings))) //nolint:gosec // at most MaxEncodings are read or made
	for _, e := range m.Encodings {
		b = be.AppendUint32(b, uint32(e)) //nolint:gosec // two's complement, as the wire has it
	}
	return b
}

// Append implements ClientMessage.
func (m *UpdateRequest) Append(b []byte) []byte {
	return m.Area.append(append(b, typeUpdateRequest, flag(m.Incremental)))
}

// Append implements ClientMessage. With a scan code it is the QEMU message.
func (m *KeyEvent) Append(b []byte) []byte {
	if m.Scan == 0 {
		b = append(b, typeKey, flag(m.Down), 0, 0)
		return be.AppendUint32(b, m.Keysym)
	}
	b = append(b, typeQEMU, qemuKey, 0, flag(m.Down))
	b = be.AppendUint32(b, m.Keysym)
	return be.AppendUint32(b, m.Scan)
}

// Append implements ClientMessage.
func (m *PointerEvent) Append(b []byte) []byte {
	b = append(b, typePointer, m.Buttons)
	b = be.AppendUint16(b, m.X)
	return be.AppendUint16(b, m.Y)
}

// Append implements ClientMessage and, with the other type, ServerMessage.
func (m *CutText) Append(b []byte) []byte { return m.appendAs(b, typeClientCutText) }

func (m *CutText) appendAs(b []byte, kind byte) []byte {
	b = append(b, kind, 0, 0, 0)
	b = be.AppendUint32(b, uint32(len(m.Text))) //nolint:gosec // at most MaxCutText
	return append(b, m.Text...)
}

// Append implements ClientMessage.
func (m *EnableContinuousUpdates) Append(b []byte) []byte {
	return m.Area.append(append(b, typeContinuousUpdates, flag(m.On)))
}

// Append implements ClientMessage; both sides write it alike.
func (m *Fence) Append(b []byte) []byte {
	b = append(b, typeClientFence, 0, 0, 0)
	b = be.AppendUint32(b, m.Flags)
	b = append(b, byte(len(m.Payload)))
	return append(b, m.Payload...)
}

// Append implements ClientMessage.
func (m *SetDesktopSize) Append(b []byte) []byte {
	b = append(b, typeSetDesktopSize, 0)
	b = be.AppendUint16(b, m.Width)
	b = be.AppendUint16(b, m.Height)
	b = append(b, byte(len(m.Screens)), 0)
	for _, s := range m.Screens {
		b = s.append(b)
	}
	return b
}

// ClientReader reads what a client sends. A message is valid until the next one
// is read: events come hundreds of times a second and cost no allocation.
type ClientReader struct {
	r       *reader
	format  SetPixelFormat
	encs    SetEncodings
	request UpdateRequest
	key     KeyEvent
	pointer PointerEvent
	cut     CutText
	cont    EnableContinuousUpdates
	fence   Fence
	resize  SetDesktopSize
	board   clipboardReader
}

// NewClientReader reads a client's messages from r, after the handshake.
func NewClientReader(r io.Reader) *ClientReader { return &ClientReader{r: newReader(r)} }

// Next returns the next message. It is io.EOF where the client left between two
// messages, an *Error where it broke the protocol.
func (c *ClientReader) Next() (ClientMessage, error) {
	kind := c.r.u8()
	if c.r.err != nil {
		return nil, c.r.err
	}
	m := c.read(kind)
	if err := c.r.end(); err != nil {
		return nil, err
	}
	return m, nil
}

func (c *ClientReader) read(kind uint8) ClientMessage {
	r := c.r
	switch kind {
	case typeSetPixelFormat:
		r.skip(3)
		c.format.Format = r.format()
		if r.err == nil {
			r.fail(c.format.Format.Validate())
		}
		return &c.format
	case typeSetEncodings:
		return c.setEncodings()
	case typeUpdateRequest:
		c.request = UpdateRequest{Incremental: r.u8() != 0, Area: r.rect()}
		return &c.request
	case typeKey:
		c.key = KeyEvent{Down: r.u8() != 0}
		r.skip(2)
		c.key.Keysym = r.u32()
		return &c.key
	case typePointer:
		c.pointer = PointerEvent{Buttons: r.u8(), X: r.u16(), Y: r.u16()}
		return &c.pointer
	case typeClientCutText:
		return c.cutText()
	case typeContinuousUpdates:
		c.cont = EnableContinuousUpdates{On: r.u8() != 0, Area: r.rect()}
		return &c.cont
	case typeClientFence:
		return c.r.fence(&c.fence)
	case typeSetDesktopSize:
		r.skip(1)
		c.resize = SetDesktopSize{Width: r.u16(), Height: r.u16()}
		n := int(r.u8())
		r.skip(1)
		c.resize.Screens = r.screens(n)
		return &c.resize
	case typeQEMU:
		return c.qemu()
	}
	r.fail(broken("client", "message type %d", kind))
	return nil
}

func (c *ClientReader) setEncodings() ClientMessage {
	c.r.skip(1)
	n := int(c.r.u16())
	if n > MaxEncodings {
		c.r.fail(broken("SetEncodings", "%d encodings, at most %d", n, MaxEncodings))
		return nil
	}
	c.encs.Encodings = c.encs.Encodings[:0]
	for range n {
		c.encs.Encodings = append(c.encs.Encodings, Encoding(c.r.s32()))
	}
	return &c.encs
}

func (c *ClientReader) cutText() ClientMessage {
	c.r.skip(3)
	n := c.r.s32()
	if n < 0 { // the extended clipboard says its length as a negative one
		return c.board.read(c.r, -int64(n))
	}
	if n > MaxCutText {
		c.r.fail(broken("ClientCutText", "%d bytes, at most %d", n, MaxCutText))
		return nil
	}
	c.cut.Text = c.r.bytes(c.cut.Text, int(n))
	return &c.cut
}

func (r *reader) fence(f *Fence) *Fence {
	r.skip(3)
	f.Flags = r.u32()
	n := int(r.u8())
	if n > MaxFence {
		r.fail(broken("Fence", "%d bytes, at most %d", n, MaxFence))
		return nil
	}
	f.Payload = r.bytes(f.Payload, n)
	return f
}

func (c *ClientReader) qemu() ClientMessage {
	if sub := c.r.u8(); sub != qemuKey {
		c.r.fail(broken("client", "message type 255, kind %d", sub))
		return nil
	}
	c.key = KeyEvent{Down: c.r.u16() != 0, Keysym: c.r.u32(), Scan: c.r.u32()}
	return &c.key
}

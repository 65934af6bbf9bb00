package rfb

// ServerMessage is one message of a server that is no update of the framebuffer.
type ServerMessage interface {
	AppendServer(b []byte) []byte
	server()
}

// Types of server messages on the wire.
const (
	typeUpdate        = 0
	typeColourMap     = 1
	typeBell          = 2
	typeServerCutText = 3
	typeEndContinuous = 150
	typeServerFence   = 248
)

// Bell rings (RFC 6143, §7.6.3).
type Bell struct{}

// EndOfContinuousUpdates says that they have stopped; sent unasked it says that
// the server knows them.
type EndOfContinuousUpdates struct{}

func (*Bell) server()                   {}
func (*EndOfContinuousUpdates) server() {}
func (*CutText) server()                {}
func (*Clipboard) server()              {}
func (*Fence) server()                  {}

// AppendServer implements ServerMessage.
func (*Bell) AppendServer(b []byte) []byte { return append(b, typeBell) }

// AppendServer implements ServerMessage.
func (*EndOfContinuousUpdates) AppendServer(b []byte) []byte { return append(b, typeEndContinuous) }

// AppendServer implements ServerMessage.
func (m *CutText) AppendServer(b []byte) []byte { return m.appendAs(b, typeServerCutText) }

// AppendServer implements ServerMessage.
func (m *Fence) AppendServer(b []byte) []byte { return m.Append(b) }

// UpdateHeader begins an update of count rectangles; AnyCount where a LastRect
// ends them.
func UpdateHeader(b []byte, count int) []byte {
	return be.AppendUint16(append(b, typeUpdate, 0), uint16(count)) //nolint:gosec // callers cut updates at AnyCount
}

// AnyCount as the number of rectangles says that a LastRect will end the update.
const AnyCount = 0xFFFF

// RectHeader begins a rectangle.
func RectHeader(b []byte, area Rect, e Encoding) []byte {
	return be.AppendUint32(area.append(b), uint32(e)) //nolint:gosec // two's complement, as the wire has it
}

// End of an update whose count was AnyCount.
func AppendLastRect(b []byte) []byte { return RectHeader(b, Rect{}, LastRect) }

// AppendDesktopSize writes the rectangle that tells a new size.
func AppendDesktopSize(b []byte, width, height uint16) []byte {
	return RectHeader(b, Rect{Width: width, Height: height}, DesktopSize)
}

// Causes of an ExtendedDesktopSize, and the outcome of a client's own wish.
const (
	ResizeByServer  = 0
	ResizeByClient  = 1
	ResizeByAnother = 2
	ResizeDone      = 0
	ResizeForbidden = 1
)

// AppendExtendedDesktopSize writes the rectangle that tells size and screens.
func AppendExtendedDesktopSize(b []byte, width, height uint16, cause, outcome uint16, screens []Screen) []byte {
	b = RectHeader(b, Rect{X: cause, Y: outcome, Width: width, Height: height}, ExtendedDesktopSize)
	b = append(b, byte(len(screens)), 0, 0, 0)
	for _, s := range screens {
		b = s.append(b)
	}
	return b
}

// AppendCursor writes the shape of the pointer: pixels of the picture p in the
// format, and which of them are drawn, a bit each, rows padded to bytes.
func AppendCursor(b []byte, f PixelFormat, p *Framebuffer, mask []byte, hotX, hotY uint16) []byte {
	b = RectHeader(b, Rect{X: hotX, Y: hotY, Width: uint16(p.Width), Height: uint16(p.Height)}, Cursor) //nolint:gosec // at most MaxCursor
	for y := range p.Height {
		for x := range p.Width {
			b = f.put(b, f.fromNative(p.At(x, y)))
		}
	}
	return append(b, mask...)
}

// MaskSize is the number of bytes of a cursor's mask.
func MaskSize(width, height int) int { return (width + 7) / 8 * height }

// AppendQEMUKeys writes the rectangle by which a server says that it takes scan
// codes.
func AppendQEMUKeys(b []byte) []byte { return RectHeader(b, Rect{}, QEMUKeys) }

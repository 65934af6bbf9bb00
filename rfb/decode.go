package rfb

import (
	"bytes"
	"compress/zlib"
	"io"
)

// Update is one update of the framebuffer, as it was applied.
type Update struct {
	Areas   []Rect   // that changed, in the order in which they came
	Copies  []Copy   // which of them were copied from another place, in the same order
	Resized bool     // the framebuffer has another size now
	Screens []Screen // where the server told them with this update
	Cursor  *Pointer // where the pointer's shape came with this update
	Scans   bool     // the server takes scan codes (QEMU)
}

// Copy says that one of an update's areas looks as another part of the picture
// did when it came.
type Copy struct {
	Area         int // index in Areas
	FromX, FromY uint16
}

// Pointer is the shape of the pointer.
type Pointer struct {
	Shape      *Framebuffer
	Mask       []byte // a bit for each pixel that is drawn, rows padded to bytes
	HotX, HotY int
}

func (*Update) server()                       {}
func (*Update) AppendServer(b []byte) []byte  { return b } // an update is written rectangle by rectangle
func (*ColourMap) server()                    {}
func (*ColourMap) AppendServer([]byte) []byte { return nil }

// ColourMap is read past: only true colour is spoken, and some servers send one
// all the same.
type ColourMap struct{ First, Count uint16 }

// ServerReader reads what a server sends and applies it to a picture. A message
// is valid until the next one is read.
type ServerReader struct {
	r       *reader
	format  PixelFormat
	picture *Framebuffer

	// MaxPixels bounds the sizes that the server may change to; twelve bytes can ask
	// for a framebuffer of a gigabyte. NewServerReader sets it to the package's.
	MaxPixels int

	update Update
	cut    CutText
	fence  Fence
	colour ColourMap
	board  clipboardReader

	data  []byte    // of one rectangle as it came
	plain []byte    // of one rectangle, inflated
	tight [4]stream // Tight's zlib streams
	zrle  stream
}

// NewServerReader reads a server's messages from r, after the handshake, with
// pixels in format f. It draws into a picture of its own.
func NewServerReader(r io.Reader, f PixelFormat, width, height int) (*ServerReader, error) {
	if err := CheckSize(width, height); err != nil {
		return nil, err
	}
	if err := f.Validate(); err != nil {
		return nil, err
	}
	return &ServerReader{r: newReader(r), format: f, picture: NewFramebuffer(width, height), MaxPixels: MaxPixels}, nil
}

// Framebuffer is the screen after the last message; another one after it was
// resized.
func (s *ServerReader) Framebuffer() *Framebuffer { return s.picture }

// Next returns the next message, applied. It is io.EOF where the server left
// between two messages, an *Error where it broke the protocol.
func (s *ServerReader) Next() (ServerMessage, error) {
	kind := s.r.u8()
	if s.r.err != nil {
		return nil, s.r.err
	}
	m := s.read(kind)
	if err := s.r.end(); err != nil {
		return nil, err
	}
	return m, nil
}

func (s *ServerReader) read(kind uint8) ServerMessage {
	r := s.r
	switch kind {
	case typeUpdate:
		return s.readUpdate()
	case typeColourMap:
		r.skip(1)
		s.colour = ColourMap{r.u16(), r.u16()}
		if s.colour.Count > MaxColours {
			r.fail(broken("SetColourMapEntries", "%d entries", s.colour.Count))
			return nil
		}
		s.data = r.bytes(s.data, int(s.colour.Count)*6)
		return &s.colour
	case typeBell:
		return &Bell{}
	case typeServerCutText:
		return s.cutText()
	case typeEndContinuous:
		return &EndOfContinuousUpdates{}
	case typeServerFence:
		return r.fence(&s.fence)
	}
	r.fail(broken("server", "message type %d", kind))
	return nil
}

func (s *ServerReader) cutText() ServerMessage {
	s.r.skip(3)
	n := s.r.s32()
	if n < 0 {
		return s.board.read(s.r, -int64(n))
	}
	if n > MaxCutText {
		s.r.fail(broken("ServerCutText", "%d bytes, at most %d", n, MaxCutText))
		return nil
	}
	s.cut.Text = s.r.bytes(s.cut.Text, int(n))
	return &s.cut
}

// maxWork bounds what one update may cost: so many times the framebuffer's
// pixels, or an endless one would keep a viewer busy without an end.
const maxWork = 16

func (s *ServerReader) readUpdate() ServerMessage {
	s.r.skip(1)
	count := int(s.r.u16())
	s.update = Update{Areas: s.update.Areas[:0], Copies: s.update.Copies[:0]}
	work := 0
	for i := 0; i < count && s.r.err == nil; i++ {
		area, e := s.r.rect(), Encoding(s.r.s32())
		if s.r.err != nil {
			break
		}
		if e == LastRect {
			return &s.update
		}
		if work += area.Area(); e >= 0 && work > maxWork*s.picture.Width*s.picture.Height {
			s.r.fail(broken("update", "rectangles cover the framebuffer more than %d times", maxWork))
			break
		}
		s.rectangle(area, e)
	}
	if count == AnyCount && s.r.err == nil {
		s.r.fail(broken("update", "no end after %d rectangles", count))
	}
	return &s.update
}

func (s *ServerReader) rectangle(area Rect, e Encoding) {
	switch e {
	case Raw, CopyRect, Tight, ZRLE:
		if !area.Within(s.picture.Width, s.picture.Height) {
			s.r.fail(broken("rectangle", "%+v is outside of %d × %d", area, s.picture.Width, s.picture.Height))
			return
		}
		s.pixels(area, e)
		s.update.Areas = append(s.update.Areas, area)
	case DesktopSize:
		s.resize(area)
	case ExtendedDesktopSize:
		n := int(s.r.u8())
		s.r.skip(3)
		s.update.Screens = s.r.screens(n)
		if area.Y == ResizeDone {
			s.resize(area)
		}
	case Cursor:
		s.cursor(area)
	case PointerPosition:
	case QEMUKeys:
		s.update.Scans = true
	default:
		s.r.fail(broken("rectangle", "encoding %d was not asked for", e))
	}
}

func (s *ServerReader) pixels(area Rect, e Encoding) {
	if area.Empty() && e != ZRLE && e != Tight {
		return
	}
	switch e {
	case Raw:
		size := s.format.Bytes()
		s.data = s.r.bytes(s.data, area.Area()*size)
		s.draw(area, s.data, size, s.format.get)
	case CopyRect:
		from := Rect{s.r.u16(), s.r.u16(), area.Width, area.Height}
		s.update.Copies = append(s.update.Copies, Copy{len(s.update.Areas), from.X, from.Y})
		if s.r.err == nil && !from.Within(s.picture.Width, s.picture.Height) {
			s.r.fail(broken("CopyRect", "from outside"))
		}
		if s.r.err == nil {
			s.picture.Move(from, area.X, area.Y)
		}
	case Tight:
		s.readTight(area)
	case ZRLE:
		s.readZRLE(area)
	}
}

// draw paints pixels that lie one after the other, size bytes each.
func (s *ServerReader) draw(area Rect, data []byte, size int, get func([]byte) uint32) {
	if s.r.err != nil {
		return
	}
	for y := range int(area.Height) {
		if s.format == Native && size == 4 {
			copy(s.picture.Row(int(area.X), int(area.Y)+y, int(area.Width)), data)
			data = data[int(area.Width)*4:]
			continue
		}
		for x := range int(area.Width) {
			s.picture.Set(int(area.X)+x, int(area.Y)+y, s.format.toNative(get(data)))
			data = data[size:]
		}
	}
}

func (s *ServerReader) resize(area Rect) {
	width, height := int(area.Width), int(area.Height)
	if err := CheckSize(width, height); err != nil {
		s.r.fail(err)
		return
	}
	if width == s.picture.Width && height == s.picture.Height {
		return
	}
	if width*height > s.MaxPixels || s.update.Resized {
		s.r.fail(broken("DesktopSize", "%d × %d pixels; at most %d, and once in an update", width, height, s.MaxPixels))
		return
	}
	before := s.picture
	s.picture = NewFramebuffer(width, height)
	for y := range min(height, before.Height) {
		copy(s.picture.Row(0, y, width), before.Row(0, y, min(width, before.Width)))
	}
	s.update.Resized = true
}

func (s *ServerReader) cursor(area Rect) {
	if area.Width > MaxCursor || area.Height > MaxCursor {
		s.r.fail(broken("Cursor", "%d × %d pixels", area.Width, area.Height))
		return
	}
	p := &Pointer{HotX: int(area.X), HotY: int(area.Y), Shape: &Framebuffer{}}
	if !area.Empty() {
		p.Shape = NewFramebuffer(int(area.Width), int(area.Height))
		size := s.format.Bytes()
		s.data = s.r.bytes(s.data, area.Area()*size)
		for i := range area.Area() {
			p.Shape.Set(i%p.Shape.Width, i/p.Shape.Width, s.format.toNative(s.format.get(s.data[i*size:])))
		}
		p.Mask = s.r.bytes(nil, MaskSize(int(area.Width), int(area.Height)))
	}
	s.update.Cursor = p
}

// stream is a zlib stream that goes on from rectangle to rectangle.
type stream struct {
	in    bytes.Buffer
	z     io.ReadCloser // kept from stream to stream: it is 40 KiB of tables
	begun bool
}

func (s *stream) reset() {
	s.in.Reset()
	s.begun = false
}

// begin reads the head of a new stream.
func (s *stream) begin() (err error) {
	if s.begun {
		return nil
	}
	if s.z == nil {
		s.z, err = zlib.NewReader(&s.in)
	} else {
		err = s.z.(zlib.Resetter).Reset(&s.in, nil)
	}
	s.begun = err == nil
	return err
}

// left is how much of a stream may stay unread after a rectangle: the marks of a
// flush. More is data that nobody asked for.
const left = 1024

// inflate gives exactly n bytes of what data holds, and no more may be in it.
func (s *stream) inflate(r *reader, where string, data, into []byte, n int) []byte {
	into = s.inflatePart(r, where, data, into, n)
	if r.err == nil && s.in.Len() > left {
		r.fail(broken(where, "%d bytes are left of the zlib stream", s.in.Len()))
	}
	return into
}

// inflatePart adds data to the stream and gives its next n bytes.
func (s *stream) inflatePart(r *reader, where string, data, into []byte, n int) []byte {
	if cap(into) < n {
		into = make([]byte, n)
	}
	into = into[:n]
	if r.err != nil {
		clear(into)
		return into
	}
	s.in.Write(data)
	if s.begin() != nil {
		r.fail(broken(where, "no zlib stream"))
		return into
	}
	if _, err := io.ReadFull(s.z, into); err != nil {
		r.fail(broken(where, "the zlib stream does not hold %d bytes", n))
	}
	return into
}

package rfb

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
)

// AppendRaw writes a rectangle with its pixels as they are.
func AppendRaw(b []byte, f PixelFormat, p *Framebuffer, area Rect) []byte {
	b = RectHeader(b, area, Raw)
	return appendPixels(b, f, p, area)
}

func appendPixels(b []byte, f PixelFormat, p *Framebuffer, area Rect) []byte {
	for y := range int(area.Height) {
		row := p.Row(int(area.X), int(area.Y)+y, int(area.Width))
		if f == Native {
			b = append(b, row...)
			continue
		}
		for x := 0; x < len(row); x += 4 {
			b = f.put(b, f.fromNative(uint32(row[x])|uint32(row[x+1])<<8|uint32(row[x+2])<<16))
		}
	}
	return b
}

// AppendCopyRect writes that a rectangle looks as another part of the
// framebuffer did.
func AppendCopyRect(b []byte, area Rect, fromX, fromY uint16) []byte {
	b = RectHeader(b, area, CopyRect)
	b = be.AppendUint16(b, fromX)
	return be.AppendUint16(b, fromY)
}

// TightEncoder writes rectangles in Tight. Each one stands alone: its zlib stream
// begins anew, so that the same bytes may go to several viewers, whenever each of
// them came. Keep one per goroutine; it keeps its buffers.
type TightEncoder struct {
	level   int // of zlib
	quality int // of JPEG, 1 … 100; 0 = never
	z       *zlib.Writer
	out     bytes.Buffer
	pixels  []byte
	palette palette
	photo   *jpegEncoder // made when it is first needed
	near    bool         // bytes are cheap, see newNearEncoder
}

// Levels of NewTightEncoder.
const (
	NoJPEG           = 0
	defaultTightZlib = 1
)

// NewTightEncoder makes an encoder. quality is that of JPEG, 1 … 100, or NoJPEG:
// then every pixel arrives as it is.
func NewTightEncoder(quality int) *TightEncoder {
	z, _ := zlib.NewWriterLevel(nil, defaultTightZlib) // the level is a valid one
	return &TightEncoder{quality: min(max(quality, 0), 100), z: z}
}

// newNearEncoder makes the encoder of a client that asks for compression level 0:
// it is near, and the time of both machines is worth more than bytes between them.
// Few colours are indexed and stored, many are sent as they are (AppendRaw).
func newNearEncoder() *TightEncoder {
	z, _ := zlib.NewWriterLevel(nil, zlib.NoCompression) // a valid one
	return &TightEncoder{z: z, near: true}
}

// Control bytes of Tight: the low four bits begin zlib streams anew, the high
// ones say what follows.
const (
	tightReset   = 0x0F
	tightFilter  = 0x40 // a byte says which filter
	tightFill    = 0x80
	tightJPEG    = 0x90
	tightPalette = 1
	// Shorter than this, pixels are sent without zlib.
	tightPlain = 12
	// TightMaxWidth is how wide a rectangle may be.
	TightMaxWidth = 2048
)

// Rectangles with more colours than maxPalette look like a photograph when they
// are not tiny; JPEG is worth its header from jpegArea on.
const (
	maxPalette  = 256
	nearPalette = 64 // beyond it, to look each pixel up costs more than its bytes
	jpegArea    = 32 * 32
)

// Append writes one rectangle, at most TightMaxWidth wide. The format must have
// eight bits of each colour; AppendRaw and ZRLE take the others.
func (e *TightEncoder) Append(b []byte, f PixelFormat, p *Framebuffer, area Rect) []byte {
	most := maxPalette
	if e.near {
		most = nearPalette
	}
	colours := e.palette.of(p, area, most)
	if e.near && colours > most {
		return AppendRaw(b, f, p, area)
	}
	b = RectHeader(b, area, Tight)
	switch {
	case colours == 1:
		v := e.palette.colours[0]
		return append(b, tightFill|tightReset, byte(v>>16), byte(v>>8), byte(v))
	case colours > 1 && colours <= maxPalette:
		return e.indexed(b, p, area, colours)
	case e.quality > 0 && area.Area() >= jpegArea:
		return e.jpeg(b, p, area)
	}
	e.pixels = e.pixels[:0]
	for y := range int(area.Height) {
		row := p.Row(int(area.X), int(area.Y)+y, int(area.Width))
		for x := 0; x < len(row); x += 4 {
			e.pixels = append(e.pixels, row[x+2], row[x+1], row[x])
		}
	}
	b = append(b, tightReset)
	return e.deflate(b, e.pixels)
}

// indexed writes a palette and an index for each pixel: a bit with two colours,
// else a byte.
func (e *TightEncoder) indexed(b []byte, p *Framebuffer, area Rect, colours int) []byte {
	b = append(b, tightFilter|tightReset, tightPalette, byte(colours-1))
	for _, v := range e.palette.colours[:colours] {
		b = append(b, byte(v>>16), byte(v>>8), byte(v))
	}
	e.pixels = e.pixels[:0]
	last, at := e.palette.colours[0], byte(0)
	for y := range int(area.Height) {
		row := p.Row(int(area.X), int(area.Y)+y, int(area.Width))
		if colours > 2 {
			for x := 0; x < len(row); x += 4 {
				if v := native(row[x:]); v != last { // most pixels are as the one before
					last, at = v, e.palette.index(v)
				}
				e.pixels = append(e.pixels, at)
			}
			continue
		}
		e.pixels = appendBits(e.pixels, row, e.palette.colours[1])
	}
	return e.deflate(b, e.pixels)
}

// appendBits packs a row of two colours, one bit each, the first pixel highest.
func appendBits(b, row []byte, one uint32) []byte {
	var bits byte
	n := 0
	for x := 0; x < len(row); x += 4 {
		bits <<= 1
		if native(row[x:]) == one {
			bits |= 1
		}
		if n++; n == 8 {
			b = append(b, bits)
			bits, n = 0, 0
		}
	}
	if n > 0 {
		b = append(b, bits<<(8-n))
	}
	return b
}

func native(b []byte) uint32 { return binary.LittleEndian.Uint32(b) & 0xFFFFFF }

func (e *TightEncoder) deflate(b, data []byte) []byte {
	if len(data) < tightPlain {
		return append(b, data...)
	}
	e.out.Reset()
	e.z.Reset(&e.out)
	_, _ = e.z.Write(data)
	_ = e.z.Flush() // a buffer takes everything; the stream is left open, as viewers expect
	b = appendCompact(b, e.out.Len())
	return append(b, e.out.Bytes()...)
}

func (e *TightEncoder) jpeg(b []byte, p *Framebuffer, area Rect) []byte {
	if e.photo == nil {
		e.photo = newJPEGEncoder(e.quality)
	}
	data := e.photo.encode(p, area)
	b = append(b, tightJPEG|tightReset)
	b = appendCompact(b, len(data))
	return append(b, data...)
}

// appendCompact writes a length in one to three bytes of seven bits.
func appendCompact(b []byte, n int) []byte {
	switch {
	case n < 1<<7:
		return append(b, byte(n))
	case n < 1<<14:
		return append(b, byte(n)|0x80, byte(n>>7))
	}
	return append(b, byte(n)|0x80, byte(n>>7)|0x80, byte(n>>14))
}

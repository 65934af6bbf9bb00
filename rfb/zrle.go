package rfb

import (
	"bytes"
	"compress/zlib"
)

// ZRLEEncoder writes rectangles in ZRLE (RFC 6143, §7.7.6). Its zlib stream goes
// through the whole connection: one encoder for each client.
type ZRLEEncoder struct {
	z       *zlib.Writer
	out     bytes.Buffer
	data    []byte
	palette palette
}

// NewZRLEEncoder makes the encoder of one client.
func NewZRLEEncoder() *ZRLEEncoder {
	e := new(ZRLEEncoder)
	e.z, _ = zlib.NewWriterLevel(&e.out, defaultTightZlib) // the level is a valid one
	return e
}

const (
	zrleTile = 64
	// Subencodings of a tile.
	zrleRaw        = 0
	zrleSolid      = 1
	zrlePacked     = 16 // at most so many colours, packed
	zrleRuns       = 128
	zrlePaletteRun = 128 // plus the number of colours, 2 … 127
	maxRunPalette  = 127
)

// Append writes one rectangle.
func (e *ZRLEEncoder) Append(b []byte, f PixelFormat, p *Framebuffer, area Rect) []byte {
	e.data = e.data[:0]
	for y := uint16(0); y < area.Height; y += zrleTile {
		for x := uint16(0); x < area.Width; x += zrleTile {
			e.tile(f, p, Rect{area.X + x, area.Y + y, min(zrleTile, area.Width-x), min(zrleTile, area.Height-y)})
		}
	}
	e.out.Reset()
	_, _ = e.z.Write(e.data)
	_ = e.z.Flush() // a buffer takes everything
	b = RectHeader(b, area, ZRLE)
	b = be.AppendUint32(b, uint32(e.out.Len())) //nolint:gosec // a rectangle's data is far below
	return append(b, e.out.Bytes()...)
}

// tile writes one tile in the subencoding that takes the fewest bytes before zlib.
func (e *ZRLEEncoder) tile(f PixelFormat, p *Framebuffer, t Rect) {
	colours := e.palette.of(p, t, maxPalette)
	size := f.Bytes()
	if ok, _ := f.compact(); ok {
		size = 3
	}
	runs, single, long := countRuns(p, t)
	raw := t.Area() * size
	best, cost := zrleRaw, raw
	if colours > 1 && colours <= zrlePacked {
		if c := colours*size + packedRow(int(t.Width), colours)*int(t.Height); c < cost {
			best, cost = colours, c
		}
	}
	if c := runs*size + single + long; c < cost {
		best, cost = zrleRuns, c
	}
	if colours > 1 && colours <= maxRunPalette {
		if c := colours*size + runs + long; c < cost {
			best = zrlePaletteRun + colours
		}
	}
	if colours == 1 {
		best = zrleSolid
	}
	e.data = append(e.data, byte(best))
	switch {
	case best == zrleSolid:
		e.data = f.putCompact(e.data, f.fromNative(e.palette.colours[0]))
	case best == zrleRaw:
		e.each(p, t, func(v uint32) { e.data = f.putCompact(e.data, f.fromNative(v)) })
	case best < zrleRuns:
		e.colours(f, colours)
		e.packed(p, t, colours)
	case best == zrleRuns:
		eachRun(p, t, func(v uint32, n int) {
			e.data = appendRun(f.putCompact(e.data, f.fromNative(v)), n)
		})
	default:
		e.colours(f, colours)
		eachRun(p, t, func(v uint32, n int) {
			if n == 1 {
				e.data = append(e.data, e.palette.index(v))
				return
			}
			e.data = appendRun(append(e.data, e.palette.index(v)|0x80), n)
		})
	}
}

func (e *ZRLEEncoder) colours(f PixelFormat, n int) {
	for _, v := range e.palette.colours[:n] {
		e.data = f.putCompact(e.data, f.fromNative(v))
	}
}

func (e *ZRLEEncoder) each(p *Framebuffer, t Rect, do func(v uint32)) {
	for y := range int(t.Height) {
		row := p.Row(int(t.X), int(t.Y)+y, int(t.Width))
		for x := 0; x < len(row); x += 4 {
			do(native(row[x:]))
		}
	}
}

// packedBits is how many bits an index takes.
func packedBits(colours int) int {
	switch {
	case colours <= 2:
		return 1
	case colours <= 4:
		return 2
	}
	return 4
}

func packedRow(width, colours int) int { return (width*packedBits(colours) + 7) / 8 }

func (e *ZRLEEncoder) packed(p *Framebuffer, t Rect, colours int) {
	bits := packedBits(colours)
	for y := range int(t.Height) {
		row := p.Row(int(t.X), int(t.Y)+y, int(t.Width))
		var acc byte
		free := 8
		for x := 0; x < len(row); x += 4 {
			free -= bits
			acc |= e.palette.index(native(row[x:])) << free
			if free == 0 {
				e.data = append(e.data, acc)
				acc, free = 0, 8
			}
		}
		if free < 8 {
			e.data = append(e.data, acc)
		}
	}
}

// eachRun walks the tile in rows; a run goes over their ends.
func eachRun(p *Framebuffer, t Rect, do func(v uint32, n int)) {
	last, n := uint32(0), 0
	for y := range int(t.Height) {
		row := p.Row(int(t.X), int(t.Y)+y, int(t.Width))
		for x := 0; x < len(row); x += 4 {
			v := native(row[x:])
			if n > 0 && v == last {
				n++
				continue
			}
			if n > 0 {
				do(last, n)
			}
			last, n = v, 1
		}
	}
	do(last, n)
}

// countRuns is how many runs there are, how many of them are of one pixel, and
// how many bytes the lengths of the others take.
func countRuns(p *Framebuffer, t Rect) (runs, single, long int) {
	eachRun(p, t, func(_ uint32, n int) {
		runs++
		if n == 1 {
			single++
			return
		}
		long += (n-1)/255 + 1
	})
	return runs, single, long
}

// appendRun writes a run's length, one less, as a sum of bytes of which the last
// is not 255.
func appendRun(b []byte, n int) []byte {
	for n--; n >= 255; n -= 255 {
		b = append(b, 255)
	}
	return append(b, byte(n))
}

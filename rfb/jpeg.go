package rfb

import (
	"math/bits"
	"slices"
)

// jpegEncoder writes baseline JPEG (ITU-T T.81) from the native format, with
// colour at half the resolution (4:2:0), as servers in the field send it inside
// Tight. The standard library's encoder takes two to three times as long: it
// converts a copy of the picture and divides where this one multiplies, and video
// is the largest cost of a screen.
type jpegEncoder struct {
	quality int
	head    []byte         // everything before the scan; sizes at sizeAt
	scale   [2][64]float32 // of luminance and colour: 1 / (quantum × the transform's own scale), in zigzag order of rows
	sizeAt  int

	out  []byte
	acc  uint64 // bits not written yet, the last ones lowest
	held uint   // how many
	dc   [3]int32

	luma   [4][64]float32
	colour [2][64]float32
}

// quanta at quality 50 (T.81, tables K.1 and K.2), by rows.
var jpegQuanta = [2][64]uint8{
	{
		16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
	},
	{
		17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	},
}

// zigzag is the order in which coefficients are written (T.81, figure 5).
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// jpegCodes are the Huffman tables of T.81, K.3 to K.6: how many codes there are of
// each length, and what they stand for. DC and AC of luminance, then of colour.
var jpegCodes = [4]struct {
	count [16]uint8
	value []uint8
}{
	{[16]uint8{0, 1, 5, 1, 1, 1, 1, 1, 1}, []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
	{[16]uint8{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125}, []uint8{
		0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08,
		0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28,
		0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
		0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
		0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6,
		0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
		0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
	}},
	{[16]uint8{0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}, []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
	{[16]uint8{0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119}, []uint8{
		0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91,
		0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26,
		0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
		0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87,
		0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4,
		0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
		0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
	}},
}

// huffman is a table turned round: for each value its code and its length.
type huffman [256]struct {
	code uint16
	size uint8
}

var huffmans = func() (out [4]huffman) {
	for i := range jpegCodes {
		code, k := uint16(0), 0
		for length, n := range jpegCodes[i].count {
			for range n {
				v := jpegCodes[i].value[k]
				out[i][v].code, out[i][v].size = code, uint8(length+1) //nolint:gosec // at most 16
				code++
				k++
			}
			code <<= 1
		}
	}
	return out
}()

// aanScale is what the transform leaves for the quanta to take away (Arai, Agui
// and Nakajima 1988).
var aanScale = [8]float64{1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.541196100, 0.275899379}

func newJPEGEncoder(quality int) *jpegEncoder {
	e := &jpegEncoder{quality: quality}
	factor := 200 - quality*2
	if quality < 50 {
		factor = 5000 / quality
	}
	b := []byte{0xFF, 0xD8} // start of image
	for i := range jpegQuanta {
		b = append(b, 0xFF, 0xDB, 0, 67, byte(i))
		for _, at := range zigzag {
			q := min(max((int(jpegQuanta[i][at])*factor+50)/100, 1), 255)
			b = append(b, byte(q)) //nolint:gosec // at most 255
			e.scale[i][at] = float32(1 / (float64(q) * aanScale[at/8] * aanScale[at%8] * 8))
		}
	}
	b = append(b, 0xFF, 0xC0, 0, 17, 8) // baseline, eight bits
	e.sizeAt = len(b)
	b = append(b, 0, 0, 0, 0, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1)
	for i, t := range jpegCodes {
		b = append(b, 0xFF, 0xC4, byte((19+len(t.value))>>8), byte(19+len(t.value)), byte(i%2<<4|i/2)) //nolint:gosec // small
		b = append(b, t.count[:]...)
		b = append(b, t.value...)
	}
	e.head = append(b, 0xFF, 0xDA, 0, 12, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0)
	return e
}

// encode returns the picture of an area; it is valid until the next one.
func (e *jpegEncoder) encode(p *Framebuffer, area Rect) []byte {
	x0, y0, w, h := int(area.X), int(area.Y), int(area.Width), int(area.Height)
	e.out = append(e.out[:0], e.head...)
	be.PutUint16(e.out[e.sizeAt:], area.Height)
	be.PutUint16(e.out[e.sizeAt+2:], area.Width)
	e.acc, e.held, e.dc = 0, 0, [3]int32{}
	for y := 0; y < h; y += 16 {
		e.out = slices.Grow(e.out, w*48) // more than a row of blocks takes
		for x := 0; x < w; x += 16 {
			e.load(p, x0+x, y0+y, min(w-x, 16), min(h-y, 16))
			for i := range e.luma {
				e.block(&e.luma[i], 0, 0)
			}
			e.block(&e.colour[0], 1, 1)
			e.block(&e.colour[1], 1, 2)
		}
	}
	e.emit(0x7F, 7) // the last byte is filled with ones (T.81, F.1.2.3)
	for e.held >= 8 {
		e.held -= 8
		e.byte(byte(e.acc >> e.held))
	}
	return append(e.out, 0xFF, 0xD9)
}

// load converts 16 × 16 pixels. Where the picture has fewer, its last ones stand
// again.
func (e *jpegEncoder) load(p *Framebuffer, x0, y0, w, h int) {
	var edge [2][64]byte
	for y := 0; y < 16; y += 2 {
		above, below := p.Row(x0, y0+min(y, h-1), w), p.Row(x0, y0+min(y+1, h-1), w)
		if w < 16 {
			above, below = widened(&edge[0], above), widened(&edge[1], below)
		}
		half, at := y/8*2, y%8*8
		e.pair((*[32]byte)(above), (*[32]byte)(below), &e.luma[half], at, y/2*8)
		e.pair((*[32]byte)(above[32:]), (*[32]byte)(below[32:]), &e.luma[half+1], at, y/2*8+4)
	}
}

func widened(to *[64]byte, row []byte) []byte {
	n := copy(to[:], row)
	for ; n < len(to); n += 4 {
		copy(to[n:], row[len(row)-4:])
	}
	return to[:]
}

// pair converts eight pixels of two rows: luminance of each, colour of four
// together (T.871, clause 7).
func (e *jpegEncoder) pair(above, below *[32]byte, luma *[64]float32, at, colour int) {
	up, low := (*[8]float32)(luma[at:]), (*[8]float32)(luma[at+8:])
	blue, red := (*[4]float32)(e.colour[0][colour:]), (*[4]float32)(e.colour[1][colour:])
	for k := range 4 {
		i := k * 8
		b1, g1, r1 := int32(above[i]), int32(above[i+1]), int32(above[i+2])
		b2, g2, r2 := int32(above[i+4]), int32(above[i+5]), int32(above[i+6])
		b3, g3, r3 := int32(below[i]), int32(below[i+1]), int32(below[i+2])
		b4, g4, r4 := int32(below[i+4]), int32(below[i+5]), int32(below[i+6])
		up[k*2], up[k*2+1] = bright(r1, g1, b1), bright(r2, g2, b2)
		low[k*2], low[k*2+1] = bright(r3, g3, b3), bright(r4, g4, b4)
		b, g, r := b1+b2+b3+b4, g1+g2+g3+g4, r1+r2+r3+r4
		blue[k] = float32((-11056*r - 21712*g + 32768*b + 1<<17) >> 18)
		red[k] = float32((32768*r - 27440*g - 5328*b + 1<<17) >> 18)
	}
}

func bright(r, g, b int32) float32 {
	return float32((19595*r + 38470*g + 7471*b - 128<<16 + 1<<15) >> 16)
}

// block transforms, divides by the quanta and writes eight by eight values.
func (e *jpegEncoder) block(d *[64]float32, kind, part int) {
	transform(d)
	var q [64]int32
	var there uint64 // which of them are not zero
	scale := &e.scale[kind]
	for i := range 64 {
		at := zigzag[i] & 63
		// Truncation of something positive rounds alike on both sides of zero.
		v := int32(d[at]*scale[at]+16384.5) - 16384
		q[i] = v
		if v != 0 {
			there |= 1 << i
		}
	}
	dc, ac := &huffmans[kind*2], &huffmans[kind*2+1]
	diff := q[0] - e.dc[part]
	e.dc[part] = q[0]
	e.value(dc, 0, diff)
	there &^= 1
	last := 0
	for there != 0 {
		i := bits.TrailingZeros64(there) & 63
		there &= there - 1
		run := i - last - 1
		for ; run > 15; run -= 16 {
			e.emit(uint64(ac[0xF0].code), uint(ac[0xF0].size))
		}
		e.value(ac, run, q[i])
		last = i
	}
	if last != 63 {
		e.emit(uint64(ac[0].code), uint(ac[0].size))
	}
}

// value writes the code of a run of zeros and a size, and then the value in that
// many bits (T.81, F.1.2.1 and F.1.2.2).
func (e *jpegEncoder) value(t *huffman, run int, v int32) {
	a, b := v, v
	if v < 0 {
		a, b = -v, v-1
	}
	n := bits.Len32(uint32(a))                                                 //nolint:gosec // positive
	h := t[(run<<4|n)&255]                                                     // at most ten bits of value
	e.emit(uint64(h.code)<<n|uint64(uint32(b)&(1<<n-1)), uint(h.size)+uint(n)) //nolint:gosec // two's complement
}

func (e *jpegEncoder) emit(code uint64, n uint) {
	e.acc = e.acc<<n | code
	e.held += n
	if e.held < 32 {
		return
	}
	e.held -= 32
	v := uint32(e.acc >> e.held)           //nolint:gosec // the rest follows later
	if (^v-0x01010101)&v&0x80808080 == 0 { // no byte is 0xFF
		e.out = append(e.out, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
		return
	}
	for shift := 24; shift >= 0; shift -= 8 {
		e.byte(byte(v >> shift))
	}
}

// byte writes one of the scan; after 0xFF stands a zero, so that it is no marker.
func (e *jpegEncoder) byte(v byte) {
	e.out = append(e.out, v)
	if v == 0xFF {
		e.out = append(e.out, 0)
	}
}

// transform is the forward cosine transform after Arai, Agui and Nakajima; its
// results are larger by aanScale of row and column, times eight.
func transform(d *[64]float32) {
	for i := 0; i < 64; i += 8 {
		r := (*[8]float32)(d[i : i+8])
		r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7] = eight(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7])
	}
	for i := range 8 {
		d[i], d[i+8], d[i+16], d[i+24], d[i+32], d[i+40], d[i+48], d[i+56] = eight(d[i], d[i+8], d[i+16], d[i+24], d[i+32], d[i+40], d[i+48], d[i+56])
	}
}

func eight(a, b, c, d, e, f, g, h float32) (_, _, _, _, _, _, _, _ float32) {
	s0, s1, s2, s3 := a+h, b+g, c+f, d+e
	d0, d1, d2, d3 := a-h, b-g, c-f, d-e

	p0, p1, m0, m1 := s0+s3, s1+s2, s0-s3, s1-s2
	z1 := (m1 + m0) * 0.707106781

	t0, t1, t2 := d3+d2, d2+d1, d1+d0
	z5 := (t0 - t2) * 0.382683433
	z2, z4 := 0.541196100*t0+z5, 1.306562965*t2+z5
	z3 := t1 * 0.707106781
	u, v := d0+z3, d0-z3
	return p0 + p1, u + z4, m0 + z1, v - z2, p0 - p1, v + z2, m0 - z1, u - z4
}

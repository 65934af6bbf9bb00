package rfb

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
)

// maxCompressed bounds the bytes of one compressed rectangle: its pixels as they
// are, and what a compressor may add to data that cannot be compressed.
func maxCompressed(pixels int) int { return pixels*5 + 4096 }

// readTight reads a rectangle of the Tight encoding.
func (s *ServerReader) readTight(area Rect) {
	control := s.r.u8()
	for i := range s.tight {
		if control&(1<<i) != 0 {
			s.tight[i].reset()
		}
	}
	switch kind := control & 0xF0; {
	case s.r.err != nil:
	case kind == tightFill:
		v := s.tightPixel()
		if s.r.err == nil {
			s.picture.Fill(area, v)
		}
	case kind == tightJPEG:
		s.tightJPEG(area)
	case kind&0x80 != 0:
		s.r.fail(broken("Tight", "control byte %#02x", control))
	default:
		filter := uint8(0)
		if control&tightFilter != 0 {
			filter = s.r.u8()
		}
		s.tightBasic(area, &s.tight[control>>4&3], filter)
	}
}

// tightSize is how many bytes a pixel takes in Tight.
func (s *ServerReader) tightSize() int {
	if s.format.whole() {
		return 3
	}
	return s.format.Bytes()
}

func (s *ServerReader) tightGet(b []byte) uint32 {
	if s.format.whole() {
		return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
	}
	return s.format.toNative(s.format.get(b))
}

func (s *ServerReader) tightPixel() uint32 {
	return s.tightGet(s.r.take(s.tightSize()))
}

func (r *reader) compact() int {
	n := 0
	for shift := 0; shift <= 14; shift += 7 {
		b := r.u8()
		if shift == 14 {
			return n | int(b)<<14
		}
		n |= int(b&0x7F) << shift
		if b&0x80 == 0 {
			break
		}
	}
	return n
}

// tightData reads n bytes that may be compressed.
func (s *ServerReader) tightData(z *stream, n int) []byte {
	if n < tightPlain {
		s.plain = s.r.bytes(s.plain, n)
		return s.plain
	}
	size := s.r.compact()
	if size > maxCompressed(n) {
		s.r.fail(broken("Tight", "%d bytes for %d", size, n))
		return nil
	}
	s.data = s.r.bytes(s.data, size)
	s.plain = z.inflate(s.r, "Tight", s.data, s.plain, n)
	return s.plain
}

func (s *ServerReader) tightBasic(area Rect, z *stream, filter uint8) {
	size := s.tightSize()
	switch filter {
	case 0:
		data := s.tightData(z, area.Area()*size)
		s.tightPixels(area, data, size)
	case tightPalette:
		s.tightIndexed(area, z)
	case 2:
		data := s.tightData(z, area.Area()*size)
		if s.r.err == nil && !s.format.whole() {
			s.r.fail(broken("Tight", "a gradient of pixels that are not 24 bits"))
		}
		if s.r.err == nil {
			ungradient(data, int(area.Width), int(area.Height))
		}
		s.tightPixels(area, data, size)
	default:
		s.r.fail(broken("Tight", "filter %d", filter))
	}
}

func (s *ServerReader) tightPixels(area Rect, data []byte, size int) {
	if s.r.err != nil {
		return
	}
	whole := s.format.whole() // three bytes, red first
	for y := range int(area.Height) {
		row := s.picture.Row(int(area.X), int(area.Y)+y, int(area.Width))
		if whole {
			for ; len(row) >= 4 && len(data) >= 3; row, data = row[4:], data[3:] {
				row[0], row[1], row[2] = data[2], data[1], data[0]
			}
			continue
		}
		for x := range int(area.Width) {
			s.picture.Set(int(area.X)+x, int(area.Y)+y, s.tightGet(data))
			data = data[size:]
		}
	}
}

func (s *ServerReader) tightIndexed(area Rect, z *stream) {
	n := int(s.r.u8()) + 1
	var colours [maxPalette]uint32
	for i := range n {
		colours[i] = s.tightPixel()
	}
	width := int(area.Width)
	row := width
	if n <= 2 {
		row = (width + 7) / 8
	}
	data := s.tightData(z, row*int(area.Height))
	if s.r.err != nil {
		return
	}
	for y := range int(area.Height) {
		to := s.picture.Row(int(area.X), int(area.Y)+y, width)
		most := byte(0)
		if n <= 2 {
			for x := range width {
				i := data[x/8] >> (7 - x%8) & 1
				most |= i
				putNative(to[x*4:], colours[i])
			}
		} else {
			for x, i := range data[:width] {
				most = max(most, i)
				putNative(to[x*4:], colours[i])
			}
		}
		if int(most) >= n {
			s.r.fail(broken("Tight", "index %d of %d colours", most, n))
			return
		}
		data = data[row:]
	}
}

// putNative writes a pixel; b holds four bytes at least.
func putNative(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }

// ungradient undoes the filter that predicts a pixel from its neighbours.
func ungradient(data []byte, width, height int) {
	for y := range height {
		for x := range width {
			for c := range 3 {
				at := func(x, y int) int {
					if x < 0 || y < 0 {
						return 0
					}
					return int(data[(y*width+x)*3+c])
				}
				guess := min(max(at(x-1, y)+at(x, y-1)-at(x-1, y-1), 0), 255)
				data[(y*width+x)*3+c] += byte(guess)
			}
		}
	}
}

func (s *ServerReader) tightJPEG(area Rect) {
	size := s.r.compact()
	if size > maxCompressed(area.Area()) {
		s.r.fail(broken("Tight", "a JPEG of %d bytes for %d pixels", size, area.Area()))
		return
	}
	s.data = s.r.bytes(s.data, size)
	if s.r.err != nil {
		return
	}
	// The size first: a JPEG may claim more pixels than any memory holds.
	head, err := jpeg.DecodeConfig(bytes.NewReader(s.data))
	if err != nil || head.Width != int(area.Width) || head.Height != int(area.Height) {
		s.r.fail(broken("Tight", "a JPEG that is not %d × %d", area.Width, area.Height))
		return
	}
	img, err := jpeg.Decode(bytes.NewReader(s.data))
	if err != nil {
		s.r.fail(broken("Tight", "a JPEG that cannot be read"))
		return
	}
	s.paint(area, img)
}

func (s *ServerReader) paint(area Rect, img image.Image) {
	at := img.Bounds().Min
	film, is := img.(*image.YCbCr)
	for y := range int(area.Height) {
		if row := s.picture.Row(int(area.X), int(area.Y)+y, int(area.Width)); is {
			paintRow(row, film, at.X, at.Y+y)
			continue
		}
		for x := range int(area.Width) { // grey, which is rare
			r, g, b, _ := img.At(at.X+x, at.Y+y).RGBA()
			s.picture.Set(int(area.X)+x, int(area.Y)+y, r>>8<<16|g>>8<<8|b>>8)
		}
	}
}

// paintRow converts a row of a colour JPEG (JFIF 1.02, page 3).
func paintRow(row []byte, img *image.YCbCr, x0, y int) {
	shift := 0
	switch img.SubsampleRatio {
	case image.YCbCrSubsampleRatio420, image.YCbCrSubsampleRatio422:
		shift = 1
	case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
		shift = 2
	}
	luma, colour := img.Y[img.YOffset(x0, y):], img.COffset(x0, y)
	blue, red := img.Cb[colour:], img.Cr[colour:]
	for x := 0; len(row) >= 4; x, row = x+1, row[4:] {
		c := x >> shift
		v, cb, cr := int32(luma[x])<<16+1<<15, int32(blue[c])-128, int32(red[c])-128
		row[0] = clamped((v + 116130*cb) >> 16)
		row[1] = clamped((v - 22554*cb - 46802*cr) >> 16)
		row[2] = clamped((v + 91881*cr) >> 16)
	}
}

func clamped(v int32) byte {
	if uint32(v) > 255 { //nolint:gosec // a negative one is larger than 255 as well
		if v < 0 {
			return 0
		}
		return 255
	}
	return byte(v)
}

package rfb

// readZRLE reads a rectangle of ZRLE. How long its data is shows only while the
// tiles are read, so they are read from the stream itself.
func (s *ServerReader) readZRLE(area Rect) {
	size := int64(s.r.u32())
	if s.r.err == nil && size > int64(maxCompressed(area.Area())) {
		s.r.fail(broken("ZRLE", "%d bytes for %d pixels", size, area.Area()))
		return
	}
	s.data = s.r.bytes(s.data, int(size))
	t := zrleReader{s: s}
	for y := uint16(0); y < area.Height && s.r.err == nil; y += zrleTile {
		for x := uint16(0); x < area.Width && s.r.err == nil; x += zrleTile {
			t.tile(Rect{area.X + x, area.Y + y, min(zrleTile, area.Width-x), min(zrleTile, area.Height-y)})
		}
	}
	t.done()
}

// zrleReader takes bytes out of the stream as a tile needs them.
type zrleReader struct {
	s   *ServerReader
	fed bool
}

func (t *zrleReader) bytes(n int) []byte {
	var data []byte
	if !t.fed {
		data, t.fed = t.s.data, true
	}
	// What is left is judged when the rectangle is done.
	t.s.plain = t.s.zrle.inflatePart(t.s.r, "ZRLE", data, t.s.plain, n)
	return t.s.plain
}

func (t *zrleReader) done() {
	if t.s.r.err == nil && t.s.zrle.in.Len() > left {
		t.s.r.fail(broken("ZRLE", "%d bytes are left of the zlib stream", t.s.zrle.in.Len()))
	}
}

func (t *zrleReader) byte() byte { return t.bytes(1)[0] }

func (t *zrleReader) pixel() uint32 {
	f := t.s.format
	if ok, high := f.compact(); ok {
		return f.toNative(f.getCompact(t.bytes(3), high))
	}
	return f.toNative(f.get(t.bytes(f.Bytes())))
}

// run reads a length.
func (t *zrleReader) run(limit int) int {
	n := 1
	for {
		b := t.byte()
		n += int(b)
		if b < 255 || n > limit || t.s.r.err != nil {
			break
		}
	}
	if n > limit {
		t.s.r.fail(broken("ZRLE", "a run over the end of its tile"))
		return limit
	}
	return n
}

func (t *zrleReader) tile(area Rect) {
	kind := int(t.byte())
	var colours [maxPalette]uint32
	n := 0
	switch {
	case t.s.r.err != nil:
		return
	case kind >= 2 && kind <= zrlePacked:
		n = kind
	case kind > zrlePaletteRun+1:
		n = kind - zrlePaletteRun
	}
	for i := range n {
		colours[i] = t.pixel()
	}
	switch {
	case kind == zrleRaw:
		t.raw(area)
	case kind == zrleSolid:
		v := t.pixel()
		if t.s.r.err == nil {
			t.s.picture.Fill(area, v)
		}
	case kind <= zrlePacked:
		t.packed(area, colours[:n])
	case kind == zrleRuns:
		t.runs(area, func() (uint32, int) { return t.pixel(), -1 })
	case n > 0:
		t.runs(area, func() (uint32, int) {
			i := t.byte()
			if int(i&0x7F) >= n {
				t.s.r.fail(broken("ZRLE", "index %d of %d colours", i&0x7F, n))
				return 0, 1
			}
			if i&0x80 == 0 {
				return colours[i], 1
			}
			return colours[i&0x7F], -1
		})
	default:
		t.s.r.fail(broken("ZRLE", "subencoding %d", kind))
	}
}

func (t *zrleReader) raw(area Rect) {
	f := t.s.format
	size, get := f.Bytes(), f.get
	if ok, high := f.compact(); ok {
		size, get = 3, func(b []byte) uint32 { return f.getCompact(b, high) }
	}
	data := t.bytes(area.Area() * size)
	t.s.draw(area, data, size, get)
}

func (t *zrleReader) packed(area Rect, colours []uint32) {
	bits := packedBits(len(colours))
	row := packedRow(int(area.Width), len(colours))
	data := t.bytes(row * int(area.Height))
	if t.s.r.err != nil {
		return
	}
	for y := range int(area.Height) {
		for x := range int(area.Width) {
			at := x * bits
			i := int(data[y*row+at/8]>>(8-bits-at%8)) & (1<<bits - 1)
			if i >= len(colours) {
				t.s.r.fail(broken("ZRLE", "index %d of %d colours", i, len(colours)))
				return
			}
			t.s.picture.Set(int(area.X)+x, int(area.Y)+y, colours[i])
		}
	}
}

// runs paints runs until the tile is full. next gives a colour and a length, -1
// where the length follows.
func (t *zrleReader) runs(area Rect, next func() (v uint32, n int)) {
	total := area.Area()
	for at := 0; at < total; {
		v, n := next()
		if n < 0 {
			n = t.run(total - at)
		}
		if t.s.r.err != nil {
			return
		}
		for range n {
			t.s.picture.Set(int(area.X)+at%int(area.Width), int(area.Y)+at/int(area.Width), v)
			at++
		}
	}
}

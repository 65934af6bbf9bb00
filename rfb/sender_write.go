package rfb

import "time"

// Append writes the next messages of the server behind b: answers to fences at
// any time, an update where the client waits for one. b comes back unchanged when
// there is nothing. p is the picture; it has the size of NewSender or the last
// Resize, or its size is taken as one.
func (s *Sender) Append(b []byte, p *Framebuffer) []byte {
	b = append(b, s.hello...)
	s.hello = s.hello[:0]
	for i := range s.waiting {
		f := &s.fences[i]
		b = (&Fence{Flags: f.flags, Payload: f.payload[:f.size]}).AppendServer(b)
	}
	s.waiting = 0
	if p.Width != s.width || p.Height != s.height {
		s.Resize(nil, p.Width, p.Height)
	}
	asked, ok := s.client.asked()
	if !ok {
		return b
	}
	if s.refused || s.resizes() {
		s.client.waits = false
		return s.size(b)
	}
	return s.update(b, p, s.inside(asked))
}

// size writes an update that tells the size, or that a wish for another was
// refused. It stands alone: what follows has the new size.
func (s *Sender) size(b []byte) []byte {
	b = UpdateHeader(b, 1)
	width, height := uint16(s.width), uint16(s.height) //nolint:gosec // at most MaxSide
	if s.refused && !s.resizes() {
		s.refused = false
		return AppendExtendedDesktopSize(b, width, height, ResizeByClient, ResizeForbidden, s.screens)
	}
	if s.told = true; s.width != s.seenW || s.height != s.seenH {
		s.seenW, s.seenH = s.width, s.height
		s.picture(s.screens, s.width, s.height) // what was cut off at the old border
		s.told = true
	}
	if s.client.extended {
		return AppendExtendedDesktopSize(b, width, height, ResizeByServer, ResizeDone, s.screens)
	}
	return AppendDesktopSize(b, width, height)
}

// maxRects keeps an update's count below AnyCount.
const maxRects = 4096

// update writes one update: copies first, because they speak of what the client
// saw before it.
func (s *Sender) update(b []byte, p *Framebuffer, area Rect) []byte {
	start := len(b)
	b = UpdateHeader(b, 0)
	rects := 0
	if s.scans {
		s.scans = false
		b = AppendQEMUKeys(b)
		rects++
	}
	if s.shape && s.client.cursor {
		s.shape = false
		b = s.cursor(b)
		rects++
	}
	for _, c := range s.copies {
		b = AppendCopyRect(b, c.to, c.fromX, c.fromY)
		rects++
	}
	s.copies = s.copies[:0]
	b, n := s.pixels(b, p, area)
	if rects += n; rects == 0 {
		return b[:start]
	}
	be.PutUint16(b[start+2:], uint16(rects)) //nolint:gosec // at most maxRects and a few
	s.client.waits = false
	return b
}

func (s *Sender) cursor(b []byte) []byte {
	p := s.pointer
	if p == nil || p.Shape == nil || p.Shape.Width < 1 || p.Shape.Height < 1 {
		return RectHeader(b, Rect{}, Cursor)
	}
	return AppendCursor(b, s.client.format, p.Shape, p.Mask, uint16(p.HotX), uint16(p.HotY)) //nolint:gosec // at most MaxCursor
}

// pixels writes what is dirty in the area, and then what has been still, until
// the work or the bytes of one update are used up.
func (s *Sender) pixels(b []byte, p *Framebuffer, area Rect) (_ []byte, rects int) {
	began := s.o.Now()
	start := len(b)
	over := func() bool {
		return rects >= maxRects || len(b)-start >= SenderBytes || s.o.Now().Sub(began) >= SenderWork
	}
	t := &s.tiles
	all := t.span(area)
	for t.any(area) && (rects == 0 || !over()) {
		b = s.rect(b, p, t.dirtyFrom(&s.next, all), began, true)
		rects++
	}
	since := began.Add(-SenderStill).UnixMilli()
	for rects == 0 && t.still(area, since) || rects > 0 && !t.any(area) && !over() && t.still(area, since) {
		b = s.rect(b, p, t.stillIn(all, since), began, false)
		rects++
	}
	return b, rects
}

// dirtyFrom takes the next rectangle of dirty tiles from a block on, going round:
// what changes all the time at the top starves nothing below it.
func (t *tiles) dirtyFrom(next *int, all span) span {
	columns := (t.columns + senderRect - 1) / senderRect
	n := columns * ((t.rows + senderRect - 1) / senderRect)
	for range n + 1 {
		if *next >= n {
			*next = 0
		}
		x, y := *next%columns*senderRect, *next/columns*senderRect
		block := span{max(x, all.left), max(y, all.top), min(x+senderRect, all.right), min(y+senderRect, all.bottom)}
		if s := t.firstIn(block, func(i int) bool { return t.dirty[i] }); s != (span{}) {
			return s
		}
		*next++
	}
	return span{}
}

// stillIn takes the next rectangle of tiles that have been still.
func (t *tiles) stillIn(all span, since int64) span {
	return t.firstIn(all, func(i int) bool { return t.rests(i, since) })
}

// firstIn takes the first rectangle of tiles that are so; the zero span is none.
func (t *tiles) firstIn(all span, is func(i int) bool) span {
	for y := all.top; y < all.bottom; y++ {
		for x := all.left; x < all.right; x++ {
			if is(y*t.columns + x) {
				return t.grow(x, y, all, is)
			}
		}
	}
	return span{}
}

// grow makes a rectangle of tiles that are all alike, to the right and then down.
func (t *tiles) grow(x, y int, all span, is func(i int) bool) span {
	s := span{x, y, x + 1, y + 1}
	for s.right < min(all.right, x+senderRect) && is(y*t.columns+s.right) {
		s.right++
	}
	for s.bottom < min(all.bottom, y+senderRect) {
		for i := s.left; i < s.right; i++ {
			if !is(s.bottom*t.columns + i) {
				return s
			}
		}
		s.bottom++
	}
	return s
}

// rect writes one rectangle and marks it as seen.
func (s *Sender) rect(b []byte, p *Framebuffer, tiles span, now time.Time, moving bool) []byte {
	area := s.inside(s.tiles.area(tiles))
	start := len(b)
	b = s.encode(b, p, area, moving && s.client.quality > 0)
	jpegAt := int64(0)
	if s.client.pixels == Tight && b[start+rectSize+4]&0xF0 == tightJPEG && be.Uint32(b[start+rectSize:]) == uint32(Tight) {
		jpegAt = now.UnixMilli()
	}
	s.tiles.sent(tiles, jpegAt)
	return b
}

func (s *Sender) encode(b []byte, p *Framebuffer, area Rect, lossy bool) []byte {
	w := &s.client
	switch {
	case w.pixels == Tight && w.format.whole():
		return s.tightEncoder(lossy).Append(b, w.format, p, area)
	case w.pixels == ZRLE || w.pixels == Tight && w.zrle:
		if s.zrle == nil {
			s.zrle = NewZRLEEncoder()
		}
		return s.zrle.Append(b, w.format, p, area)
	}
	return AppendRaw(b, w.format, p, area)
}

// tightEncoder is the one for pixels as they are, the one with JPEG, or the one of a
// client that is near.
func (s *Sender) tightEncoder(lossy bool) *TightEncoder {
	if s.client.near {
		if s.near == nil {
			s.near = newNearEncoder()
		}
		return s.near
	}
	if !lossy {
		if s.tight[0] == nil {
			s.tight[0] = NewTightEncoder(NoJPEG)
		}
		return s.tight[0]
	}
	if s.tight[1] == nil || s.level != s.client.quality {
		s.level = s.client.quality
		s.tight[1] = NewTightEncoder(s.level)
	}
	return s.tight[1]
}

package rfb

import "slices"

// wishes are what a client said that it wants and understands.
type wishes struct {
	format   PixelFormat
	pixels   Encoding // how it likes them best
	zrle     bool     // and where Tight cannot say its format
	quality  int      // of JPEG, 1 … 100; 0 = never
	near     bool     // it wishes no compression
	copies   bool
	cursor   bool
	resizes  bool
	extended bool
	scans    bool
	fences   bool
	endless  bool // it knows ContinuousUpdates

	area       Rect // asked for
	waits      bool
	continuous bool
	always     Rect // the area of continuous updates
}

// asked is the part that the client waits for.
func (w *wishes) asked() (Rect, bool) {
	switch {
	case w.continuous && w.waits:
		return bound(w.always, w.area), true
	case w.continuous:
		return w.always, true
	}
	return w.area, w.waits
}

// bound is the smallest rectangle around both.
func bound(a, b Rect) Rect {
	switch {
	case a.Empty():
		return b
	case b.Empty():
		return a
	}
	x, y := min(a.X, b.X), min(a.Y, b.Y)
	right := min(max(int(a.X)+int(a.Width), int(b.X)+int(b.Width)), 0xFFFF)
	bottom := min(max(int(a.Y)+int(a.Height), int(b.Y)+int(b.Height)), 0xFFFF)
	return Rect{x, y, uint16(right - int(x)), uint16(bottom - int(y))} //nolint:gosec // within uint16
}

// Handle takes what a client said. Messages that are not about updates it leaves
// alone.
func (s *Sender) Handle(m ClientMessage) {
	w := &s.client
	switch m := m.(type) {
	case *SetPixelFormat:
		if m.Format.Validate() == nil {
			w.format = m.Format
		}
	case *SetEncodings:
		s.understands(m.Encodings)
	case *UpdateRequest:
		if !m.Incremental {
			s.tiles.damage(m.Area)
		}
		if m.Area.Empty() || w.continuous && m.Incremental {
			return
		}
		if w.waits {
			w.area = bound(w.area, m.Area)
		} else {
			w.area, w.waits = m.Area, true
		}
	case *EnableContinuousUpdates:
		if w.continuous && !m.On {
			s.hello = (&EndOfContinuousUpdates{}).AppendServer(s.hello)
		}
		w.continuous, w.always = m.On, m.Area
	case *Fence:
		s.fence(m)
	case *SetDesktopSize:
		s.refused = w.extended
	}
}

// fence keeps a fence until its answer is written. Of a client that asks without
// reading only the first ones are answered.
func (s *Sender) fence(m *Fence) {
	if m.Flags&FenceRequest == 0 || s.waiting == maxAnswers || len(m.Payload) > MaxFence {
		return
	}
	f := &s.fences[s.waiting]
	f.flags, f.size = m.Answer().Flags, copy(f.payload[:], m.Payload)
	s.waiting++
}

func (s *Sender) understands(all []Encoding) {
	w := &s.client
	before := *w
	w.pixels, w.zrle, w.quality, w.near = Raw, slices.Contains(all, ZRLE), NoJPEG, slices.Contains(all, CompressionLow)
	w.copies, w.cursor, w.resizes, w.extended = false, false, false, false
	chosen := false
	for _, e := range all {
		switch e {
		case Raw, Tight, ZRLE:
			if !chosen {
				w.pixels, chosen = e, true
			}
		case CopyRect:
			w.copies = true
		case Cursor:
			w.cursor = true
		case DesktopSize:
			w.resizes = true
		case ExtendedDesktopSize:
			w.extended = true
		case QEMUKeys:
			s.scans = s.scans || s.o.Keys && !w.scans
			w.scans = true
		case FencePseudo:
			if !w.fences { // the first one tells the client that fences are known here
				s.hello = (&Fence{Flags: FenceRequest}).AppendServer(s.hello)
			}
			w.fences = true
		case ContinuousUpdates:
			if !w.endless {
				s.hello = (&EndOfContinuousUpdates{}).AppendServer(s.hello)
			}
			w.endless = true
		}
		if q, ok := e.Quality(); ok {
			w.quality = jpegQuality[q]
		}
	}
	if !w.copies {
		for _, c := range s.copies {
			s.tiles.damage(c.to)
		}
		s.copies = s.copies[:0]
	}
	if w.cursor && !before.cursor {
		s.shape = s.pointer != nil
	}
	if w.extended && !before.extended {
		s.told = false
	}
}

// jpegQuality is what the ten levels of Tight mean.
var jpegQuality = [10]int{15, 25, 35, 45, 55, 65, 72, 80, 88, 95}

package rfb

// Rect is a part of the framebuffer in pixels.
type Rect struct {
	X, Y, Width, Height uint16
}

const rectSize = 8

// Within reports whether the rectangle lies inside width × height.
func (r Rect) Within(width, height int) bool {
	return int(r.X)+int(r.Width) <= width && int(r.Y)+int(r.Height) <= height
}

// Empty reports whether it holds no pixel.
func (r Rect) Empty() bool { return r.Width == 0 || r.Height == 0 }

// Area is its number of pixels.
func (r Rect) Area() int { return int(r.Width) * int(r.Height) }

// Intersect is what both hold.
func (r Rect) Intersect(o Rect) Rect {
	x, y := max(r.X, o.X), max(r.Y, o.Y)
	right := min(int(r.X)+int(r.Width), int(o.X)+int(o.Width))
	bottom := min(int(r.Y)+int(r.Height), int(o.Y)+int(o.Height))
	if right <= int(x) || bottom <= int(y) {
		return Rect{}
	}
	return Rect{x, y, uint16(right - int(x)), uint16(bottom - int(y))} //nolint:gosec // both are within uint16
}

func (r Rect) append(b []byte) []byte {
	b = be.AppendUint16(b, r.X)
	b = be.AppendUint16(b, r.Y)
	b = be.AppendUint16(b, r.Width)
	return be.AppendUint16(b, r.Height)
}

func (r *reader) rect() Rect { return Rect{r.u16(), r.u16(), r.u16(), r.u16()} }

// Screen is one monitor of a desktop (ExtendedDesktopSize).
type Screen struct {
	ID    uint32
	Area  Rect
	Flags uint32
}

const screenSize = 16

func (s Screen) append(b []byte) []byte {
	b = be.AppendUint32(b, s.ID)
	b = s.Area.append(b)
	return be.AppendUint32(b, s.Flags)
}

func (r *reader) screens(n int) []Screen {
	if n > MaxScreens {
		r.fail(broken("screens", "%d, at most %d", n, MaxScreens))
		return nil
	}
	out := make([]Screen, 0, n)
	for range n {
		out = append(out, Screen{ID: r.u32(), Area: r.rect(), Flags: r.u32()})
	}
	return out
}

// CheckSize reports why a framebuffer of that size is not taken.
func CheckSize(width, height int) error {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide || width*height > MaxPixels {
		return broken("framebuffer", "%d × %d pixels", width, height)
	}
	return nil
}

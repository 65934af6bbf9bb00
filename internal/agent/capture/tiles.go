package capture

import (
	"bytes"

	"github.com/matoi119/matoi/rfb"
)

// tile is the side of the squares in which a screen is compared with what it was.
const tile = 64

// differ brings framebuffers up to date and says what changed. It keeps its
// buffers: after the first time it allocates nothing.
type differ struct {
	marks  []bool // squares that differ
	scroll scroller
	plain  bool // no scrolls are looked for: to compare the two
}

// scrolled is how many pixels must have changed before a scroll is looked for:
// below that the pixels cost less than the search.
const scrolled = 4 * tile * tile

// update compares a part of a screen with what was there, square by square, copies
// what is new and appends what changed, joined along rows. now begins with the
// part's first pixel, stride is from row to row. Where much of it has moved, the
// first change is a copy.
func (d *differ) update(into *rfb.Framebuffer, now []byte, stride int, part rfb.Rect, changed []Change) []Change {
	before := len(changed)
	if bounds, pixels := d.compare(into, now, stride, part); pixels >= scrolled && !d.plain {
		if c, ok := d.scroll.find(into, now, stride, part, bounds); ok {
			into.Move(rfb.Rect{X: c.FromX, Y: c.FromY, Width: c.Area.Width, Height: c.Area.Height}, c.Area.X, c.Area.Y)
			changed = append(changed, c)
			d.compareAfter(c.Area, into, now, stride, part)
		}
	}
	i := 0
	for y := 0; y < int(part.Height); {
		height := step(int(part.Y)+y, int(part.Height)-y)
		last := -1 // index of the change that the next square may join
		for x := 0; x < int(part.Width); {
			width := step(int(part.X)+x, int(part.Width)-x)
			switch {
			case !d.marks[i]:
				last = -1
			case last >= 0:
				changed[last].Area.Width += uint16(width) //nolint:gosec // within the screen
			default:
				changed = append(changed, Change{Area: at(part, x, y, width, height)})
				last = len(changed) - 1
			}
			i++
			x += width
		}
		y += height
	}
	for _, c := range changed[before:] {
		if !c.Copy {
			take(into, now, stride, part, c.Area)
		}
	}
	return changed
}

// step is from a place to the next line of a grid that lies on the screen, so
// that parts of different captures give the same squares.
func step(place, left int) int { return min(tile-place%tile, left) }

func at(part rfb.Rect, x, y, width, height int) rfb.Rect {
	return rfb.Rect{X: part.X + uint16(x), Y: part.Y + uint16(y), Width: uint16(width), Height: uint16(height)} //nolint:gosec // within the screen
}

// compare marks the squares that differ, in the order of update, and returns
// their bounds and how many pixels they have.
func (d *differ) compare(into *rfb.Framebuffer, now []byte, stride int, part rfb.Rect) (bounds rfb.Rect, pixels int) {
	d.marks = d.marks[:0]
	for y := 0; y < int(part.Height); {
		height := step(int(part.Y)+y, int(part.Height)-y)
		for x := 0; x < int(part.Width); {
			width := step(int(part.X)+x, int(part.Width)-x)
			differs := !same(into, int(part.X)+x, int(part.Y)+y, now[y*stride+x*4:], stride, width, height)
			if d.marks = append(d.marks, differs); differs {
				square := at(part, x, y, width, height)
				bounds, pixels = union(bounds, square), pixels+square.Area()
			}
			x += width
		}
		y += height
	}
	return bounds, pixels
}

// compareAfter marks anew what a copy has touched. Rows that the search has
// compared over the copy's width are not compared again.
func (d *differ) compareAfter(copied rfb.Rect, into *rfb.Framebuffer, now []byte, stride int, part rfb.Rect) {
	i := 0
	for y := 0; y < int(part.Height); {
		height := step(int(part.Y)+y, int(part.Height)-y)
		for x := 0; x < int(part.Width); {
			width := step(int(part.X)+x, int(part.Width)-x)
			if square := at(part, x, y, width, height); !square.Intersect(copied).Empty() {
				d.marks[i] = !d.sameAfter(copied, into, square, now[y*stride+x*4:], stride)
			}
			i++
			x += width
		}
		y += height
	}
}

func (d *differ) sameAfter(copied rfb.Rect, into *rfb.Framebuffer, square rfb.Rect, now []byte, stride int) bool {
	width, across := int(square.Width)*4, square.X >= copied.X && square.X+square.Width <= copied.X+copied.Width
	for row := range int(square.Height) {
		y := int(square.Y) + row
		if across && y >= int(copied.Y) && y < int(copied.Y)+int(copied.Height) && d.scroll.proved(y) {
			continue
		}
		if !bytes.Equal(into.Row(int(square.X), y, int(square.Width)), now[row*stride:row*stride+width]) {
			return false
		}
	}
	return true
}

func same(into *rfb.Framebuffer, x, y int, now []byte, stride, width, height int) bool {
	for row := range height {
		if !bytes.Equal(into.Row(x, y+row, width), now[row*stride:row*stride+width*4]) {
			return false
		}
	}
	return true
}

// take copies an area of what is new.
func take(into *rfb.Framebuffer, now []byte, stride int, part, area rfb.Rect) {
	for row := range int(area.Height) {
		from := (int(area.Y)-int(part.Y)+row)*stride + (int(area.X)-int(part.X))*4
		copy(into.Row(int(area.X), int(area.Y)+row, int(area.Width)), now[from:])
	}
}

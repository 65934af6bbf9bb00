package capture

import (
	"bytes"

	"github.com/matoi119/matoi/rfb"
)

// tile is the side of the squares in which a screen is compared with what it was.
const tile = 64

// differ compares the part of a screen that may have changed with what was there,
// square by square, copies what is new and appends its rectangles, joined along
// rows. now begins with the part's first pixel, stride is from row to row.
func differ(into *rfb.Framebuffer, now []byte, stride int, part rfb.Rect, changed []Change) []Change {
	for y := 0; y < int(part.Height); {
		// Squares lie on a grid of the screen, so that parts of different
		// captures give the same ones.
		height := min(tile-(int(part.Y)+y)%tile, int(part.Height)-y)
		last := -1 // index of the rectangle that the next square may join
		for x := 0; x < int(part.Width); {
			width := min(tile-(int(part.X)+x)%tile, int(part.Width)-x)
			at := rfb.Rect{X: part.X + uint16(x), Y: part.Y + uint16(y), Width: uint16(width), Height: uint16(height)} //nolint:gosec // within the screen
			if !renew(into, at, now[y*stride+x*4:], stride) {
				last = -1
			} else if last >= 0 {
				changed[last].Area.Width += at.Width
			} else {
				changed = append(changed, Change{Area: at})
				last = len(changed) - 1
			}
			x += width
		}
		y += height
	}
	return changed
}

// renew copies a square when it differs and says whether it did.
func renew(into *rfb.Framebuffer, at rfb.Rect, now []byte, stride int) bool {
	n := int(at.Width) * 4
	for row := range int(at.Height) {
		if bytes.Equal(into.Row(int(at.X), int(at.Y)+row, int(at.Width)), now[row*stride:row*stride+n]) {
			continue
		}
		for ; row < int(at.Height); row++ {
			copy(into.Row(int(at.X), int(at.Y)+row, int(at.Width)), now[row*stride:row*stride+n])
		}
		return true
	}
	return false
}

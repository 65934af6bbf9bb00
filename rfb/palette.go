package rfb

// palette counts the colours of a rectangle, up to one more than a palette holds.
type palette struct {
	colours [maxPalette]uint32
	slots   [1024]int16 // open hash of colour to index + 1
	used    int
}

// of fills the palette and returns how many colours there are, most + 1 where
// there are more than that.
func (l *palette) of(p *Framebuffer, area Rect, most int) int {
	clear(l.slots[:])
	l.used = 0
	last := ^uint32(0)
	for y := range int(area.Height) {
		row := p.Row(int(area.X), int(area.Y)+y, int(area.Width))
		for x := 0; x < len(row); x += 4 {
			v := native(row[x:])
			if v == last {
				continue
			}
			last = v
			if !l.add(v, most) {
				return most + 1
			}
		}
	}
	return l.used
}

func (l *palette) slot(v uint32) int {
	h := int(v*2654435761>>22) & (len(l.slots) - 1)
	for l.slots[h] != 0 && l.colours[l.slots[h]-1] != v {
		h = (h + 1) & (len(l.slots) - 1)
	}
	return h
}

func (l *palette) add(v uint32, most int) bool {
	h := l.slot(v)
	if l.slots[h] != 0 {
		return true
	}
	if l.used == most {
		return false
	}
	l.colours[l.used] = v
	l.used++
	l.slots[h] = int16(l.used) //nolint:gosec // at most maxPalette
	return true
}

func (l *palette) index(v uint32) byte { return byte(l.slots[l.slot(v)] - 1) }

package rfb

// senderTile is the side of the squares in which a Sender remembers changes;
// senderRect is how many of them a rectangle holds at most in one direction.
const (
	senderTile = 32
	senderRect = 4
)

// tiles remember which parts of a picture a client has not seen, and which it has
// seen only as a JPEG.
type tiles struct {
	width, height int // of the picture in pixels
	columns, rows int
	dirty         []bool
	count         int     // of dirty ones
	jpegAt        []int64 // ms at which it was sent as JPEG; 0 = as it is
	lossy         int     // how many of those there are
	moved         []Rect  // scratch
}

func (t *tiles) reset(width, height int) {
	t.width, t.height = width, height
	t.columns, t.rows = (width+senderTile-1)/senderTile, (height+senderTile-1)/senderTile
	n := t.columns * t.rows
	if cap(t.dirty) < n {
		t.dirty, t.jpegAt = make([]bool, n), make([]int64, n)
	}
	t.dirty, t.jpegAt = t.dirty[:n], t.jpegAt[:n]
	clear(t.dirty)
	clear(t.jpegAt)
	t.count, t.lossy = 0, 0
}

// span is the range of tiles that touch a rectangle.
type span struct{ left, top, right, bottom int }

func (t *tiles) span(r Rect) span {
	right, bottom := min(int(r.X)+int(r.Width), t.width), min(int(r.Y)+int(r.Height), t.height)
	if r.Empty() || int(r.X) >= right || int(r.Y) >= bottom {
		return span{}
	}
	return span{int(r.X) / senderTile, int(r.Y) / senderTile, (right + senderTile - 1) / senderTile, (bottom + senderTile - 1) / senderTile}
}

func (t *tiles) damage(r Rect) {
	s := t.span(r)
	for y := s.top; y < s.bottom; y++ {
		row := t.dirty[y*t.columns+s.left : y*t.columns+s.right]
		for x, d := range row {
			if !d {
				row[x] = true
				t.count++
			}
		}
	}
}

// any reports whether something in the area is dirty.
func (t *tiles) any(r Rect) bool {
	if t.count == 0 {
		return false
	}
	s := t.span(r)
	for y := s.top; y < s.bottom; y++ {
		for _, d := range t.dirty[y*t.columns+s.left : y*t.columns+s.right] {
			if d {
				return true
			}
		}
	}
	return false
}

// still reports whether a part of the area is lossy and has been since.
func (t *tiles) still(r Rect, since int64) bool {
	if t.lossy == 0 {
		return false
	}
	s := t.span(r)
	for y := s.top; y < s.bottom; y++ {
		for i := y*t.columns + s.left; i < y*t.columns+s.right; i++ {
			if t.rests(i, since) {
				return true
			}
		}
	}
	return false
}

func (t *tiles) rests(i int, since int64) bool {
	return t.jpegAt[i] != 0 && t.jpegAt[i] <= since && !t.dirty[i]
}

// sent marks what a rectangle showed as seen: as a JPEG at that time, or, with 0,
// as it is. The rectangle ends at borders of tiles or of the picture.
func (t *tiles) sent(s span, jpegAt int64) {
	for y := s.top; y < s.bottom; y++ {
		for i := y*t.columns + s.left; i < y*t.columns+s.right; i++ {
			if t.dirty[i] {
				t.dirty[i] = false
				t.count--
			}
			t.mark(i, jpegAt)
		}
	}
}

func (t *tiles) mark(i int, jpegAt int64) {
	if t.jpegAt[i] != 0 {
		t.lossy--
	}
	if t.jpegAt[i] = jpegAt; jpegAt != 0 {
		t.lossy++
	}
}

// area is the pixels of a span.
func (t *tiles) area(s span) Rect {
	x, y := s.left*senderTile, s.top*senderTile
	return Rect{uint16(x), uint16(y), uint16(min(s.right*senderTile, t.width) - x), uint16(min(s.bottom*senderTile, t.height) - y)} //nolint:gosec // within the picture
}

// move makes what the client knows of one part what it knows of another, and
// says whether a copy is worth it: not when most of the source is to be sent
// anyway. Both lie within the picture.
func (t *tiles) move(from, to Rect) bool {
	s := t.span(from)
	if !t.worth(s) {
		return false
	}
	t.moved = t.moved[:0]
	if t.count > 0 {
		for y := s.top; y < s.bottom; y++ {
			for x := s.left; x < s.right; x++ {
				if t.dirty[y*t.columns+x] {
					t.moved = append(t.moved, shift(t.area(span{x, y, x + 1, y + 1}).Intersect(from), from, to))
				}
			}
		}
	}
	t.moveLossy(s, from, to)
	t.clean(to)
	for _, r := range t.moved {
		t.damage(r)
	}
	return true
}

// worth reports whether at most half of the span is dirty.
func (t *tiles) worth(s span) bool {
	if t.count == 0 {
		return true
	}
	dirty := 0
	for y := s.top; y < s.bottom; y++ {
		for _, d := range t.dirty[y*t.columns+s.left : y*t.columns+s.right] {
			if d {
				dirty++
			}
		}
	}
	return 2*dirty <= (s.right-s.left)*(s.bottom-s.top)
}

// clean forgets the damage of the tiles that lie whole in a part.
func (t *tiles) clean(part Rect) {
	s := t.span(part)
	for y := s.top; y < s.bottom; y++ {
		for x := s.left; x < s.right; x++ {
			i := y*t.columns + x
			if one := t.area(span{x, y, x + 1, y + 1}); t.dirty[i] && one.Intersect(part) == one {
				t.dirty[i] = false
				t.count--
			}
		}
	}
}

// moveLossy marks where a lossy part goes. What was marked there stays so: it is
// sent once more than needed, never once less.
func (t *tiles) moveLossy(s span, from, to Rect) {
	if t.lossy == 0 {
		return
	}
	begin := len(t.moved)
	latest := int64(0)
	for y := s.top; y < s.bottom; y++ {
		for x := s.left; x < s.right; x++ {
			if at := t.jpegAt[y*t.columns+x]; at != 0 {
				latest = max(latest, at)
				t.moved = append(t.moved, shift(t.area(span{x, y, x + 1, y + 1}).Intersect(from), from, to))
			}
		}
	}
	for _, r := range t.moved[begin:] {
		for s, y := t.span(r), t.span(r).top; y < s.bottom; y++ {
			for x := s.left; x < s.right; x++ {
				t.mark(y*t.columns+x, latest)
			}
		}
	}
	t.moved = t.moved[:begin]
}

func shift(r, from, to Rect) Rect {
	return Rect{r.X - from.X + to.X, r.Y - from.Y + to.Y, r.Width, r.Height}
}

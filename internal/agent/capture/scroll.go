package capture

import (
	"bytes"
	"encoding/binary"

	"github.com/matoi119/matoi/rfb"
)

// scroller finds that a large part of a screen has moved. Lines of a few narrow
// bands are known again by their hashes and vote for a distance; only then are
// the pixels compared. Where nothing has moved it reads a small part of the
// screen. What it finds is near enough: what does not fit is told as changed.
type scroller struct {
	table [tableSize]slot
	used  []uint16 // slots to be cleared
	votes []int32
	old   []uint64
	now   []uint64
	fits  []int32
	top   int // the row of the first of fits, when a move was found

	missed int // searches one after the other that found nothing
}

type slot struct {
	hash uint64
	line int32 // -1: several lines look like this, none can vote
	full bool
}

const (
	tableBits = 14
	tableSize = 1 << tableBits // several times the lines of the largest screen that is common
	bands     = 3
	bandWidth = 32 // pixels, a multiple of 2
	minVotes  = 9
	minMoved  = tile * tile // pixels of a copy that is worth telling
	sampled   = 4           // each how manieth row says which strips have moved
)

// moved is what a search looks at: the screen as it was and as it is.
type moved struct {
	into   *rfb.Framebuffer
	now    []byte
	stride int
	part   rfb.Rect // of which now begins with the first pixel
	area   rfb.Rect // in which something changed
}

func (m *moved) row(x, y, width int) []byte {
	i := (y-int(m.part.Y))*m.stride + (x-int(m.part.X))*4
	return m.now[i : i+width*4]
}

// tighten makes the area that of the pixels that changed, from that of squares.
func (m *moved) tighten() {
	left, top, width, bottom := int(m.area.X), int(m.area.Y), int(m.area.Width), int(m.area.Y)+int(m.area.Height)
	for top < bottom && bytes.Equal(m.row(left, top, width), m.into.Row(left, top, width)) {
		top++
	}
	for top < bottom && bytes.Equal(m.row(left, bottom-1, width), m.into.Row(left, bottom-1, width)) {
		bottom--
	}
	before, after := width, width // pixels that are the same in every row
	for y := top; y < bottom; y++ {
		now, was := m.row(left, y, width), m.into.Row(left, y, width)
		for n := range before {
			if pixel(now, n) != pixel(was, n) {
				before = n
				break
			}
		}
		for n := range after {
			if pixel(now, width-1-n) != pixel(was, width-1-n) {
				after = n
				break
			}
		}
	}
	if top == bottom || before+after >= width {
		m.area = rfb.Rect{}
		return
	}
	m.area = at(rfb.Rect{}, left+before, top, width-before-after, bottom-top)
}

func pixel(row []byte, x int) uint32 { return binary.LittleEndian.Uint32(row[x*4:]) }

// patience is how many searches may find nothing before only each fourth one is
// made: a video changes much of a screen for hours and never scrolls.
const patience = 4

func (s *scroller) find(into *rfb.Framebuffer, now []byte, stride int, part, area rfb.Rect) (Change, bool) {
	if s.missed++; s.missed > patience && s.missed%4 != 0 {
		return Change{}, false
	}
	c, ok := s.search(into, now, stride, part, area)
	if ok {
		s.missed = 0
	}
	return c, ok
}

// search looks for a vertical, then for a horizontal move of pixels into area.
func (s *scroller) search(into *rfb.Framebuffer, now []byte, stride int, part, area rfb.Rect) (Change, bool) {
	m := &moved{into: into, now: now, stride: stride, part: part, area: area}
	m.tighten()
	area = m.area
	if area.Width < 2*bandWidth || area.Height < 2*bandWidth {
		return Change{}, false
	}
	if by := s.distance(m, int(area.Height), false); by != 0 {
		if c, ok := s.vertical(m, by); ok {
			return c, true
		}
	}
	if by := s.distance(m, int(area.Width), true); by != 0 {
		return s.horizontal(m, by)
	}
	return Change{}, false
}

// distance lets n lines of each band vote: line i looks now as line i+by did.
func (s *scroller) distance(m *moved, n int, columns bool) (by int) {
	s.votes = resized(s.votes, 2*n)
	s.old, s.now = resized(s.old, n), resized(s.now, n)
	if 2*n > tableSize {
		return 0
	}
	for band := range bands {
		if columns {
			s.columns(m, band)
		} else {
			s.rows(m, band)
		}
		s.forget()
		for i, h := range s.old {
			s.remember(h, int32(i)) //nolint:gosec // at most 65535
		}
		for i, h := range s.now {
			if h == s.old[i] {
				continue
			}
			if j := s.recall(h); j >= 0 {
				s.votes[int(j)-i+n]++
			}
		}
	}
	best, second := 0, int32(0)
	for i, v := range s.votes {
		if v > s.votes[best] {
			second = s.votes[best]
			best = i
		} else if i != best && v > second {
			second = v
		}
	}
	if s.votes[best] < minVotes || s.votes[best] < 2*second {
		return 0
	}
	return best - n
}

// rows hashes the rows of a band, columns its columns.
func (s *scroller) rows(m *moved, band int) {
	x := int(m.area.X) + (int(m.area.Width)-bandWidth)*(2*band+1)/(2*bands)
	for i := range s.old {
		y := int(m.area.Y) + i
		s.old[i], s.now[i] = hashed(m.into.Row(x, y, bandWidth)), hashed(m.row(x, y, bandWidth))
	}
}

func (s *scroller) columns(m *moved, band int) {
	y := int(m.area.Y) + (int(m.area.Height)-bandWidth)*(2*band+1)/(2*bands)
	clear(s.old)
	clear(s.now)
	for row := range bandWidth {
		fold(s.old, m.into.Row(int(m.area.X), y+row, int(m.area.Width)))
		fold(s.now, m.row(int(m.area.X), y+row, int(m.area.Width)))
	}
}

const prime = 0x9E3779B97F4A7C15

// hashed works on two halves at a time: neither waits for the other's product.
func hashed(b []byte) uint64 {
	h, g := uint64(1), uint64(2)
	for ; len(b) >= 16; b = b[16:] {
		h = (h ^ binary.LittleEndian.Uint64(b)) * prime
		g = (g ^ binary.LittleEndian.Uint64(b[8:])) * prime
		h ^= h >> 29
		g ^= g >> 31
	}
	return (h ^ g>>7) * prime
}

func fold(into []uint64, row []byte) {
	for i := range into {
		h := (into[i] ^ uint64(pixel(row, i)) ^ 1<<40) * prime
		into[i] = h ^ h>>29
	}
}

func (s *scroller) forget() {
	for _, i := range s.used {
		s.table[i] = slot{}
	}
	s.used = s.used[:0]
}

// place is where a hash is or would be.
func (s *scroller) place(hash uint64) uint16 {
	i := hash >> (64 - tableBits)
	for s.table[i].full && s.table[i].hash != hash {
		i = (i + 1) % tableSize
	}
	return uint16(i) //nolint:gosec // below tableSize
}

func (s *scroller) remember(hash uint64, line int32) {
	i := s.place(hash)
	if s.table[i].full {
		s.table[i].line = -1
		return
	}
	s.table[i] = slot{hash, line, true}
	s.used = append(s.used, i)
}

func (s *scroller) recall(hash uint64) int32 {
	if e := s.table[s.place(hash)]; e.full {
		return e.line
	}
	return -1
}

// vertical finds the columns of squares and then the rows that moved by by.
func (s *scroller) vertical(m *moved, by int) (Change, bool) {
	top, bottom := max(int(m.area.Y), -by), min(int(m.area.Y)+int(m.area.Height), m.into.Height-by)
	if bottom-top < bandWidth {
		return Change{}, false
	}
	// A strip that stands still beside one that moves must not hide it.
	strips := (int(m.area.Width) + tile - 1) / tile
	s.fits = resized(s.fits, strips)
	for i := range strips {
		x := int(m.area.X) + i*tile
		width := min(tile, int(m.area.X)+int(m.area.Width)-x)
		fit, of := int32(0), int32(0)
		for y := top; y < bottom; y += sampled {
			if of++; bytes.Equal(m.row(x, y, width), m.into.Row(x, y+by, width)) {
				fit++
			}
		}
		s.fits[i] = 5*fit - 3*of // positive when three of five rows fit
	}
	first, end := best(s.fits)
	left, right := int(m.area.X)+first*tile, min(int(m.area.X)+end*tile, int(m.area.X)+int(m.area.Width))
	if left >= right {
		return Change{}, false
	}
	s.fits = resized(s.fits, bottom-top)
	for i := range s.fits {
		s.fits[i] = -2
		if bytes.Equal(m.row(left, top+i, right-left), m.into.Row(left, top+i+by, right-left)) {
			s.fits[i] = 1
		}
	}
	s.top = top
	first, end = best(s.fits)
	return told(left, top+first, right-left, end-first, 0, by)
}

// horizontal finds the rows that moved by by over the whole width.
func (s *scroller) horizontal(m *moved, by int) (Change, bool) {
	left, right := max(int(m.area.X), int(m.area.X)-by), min(int(m.area.X)+int(m.area.Width), int(m.area.X)+int(m.area.Width)-by)
	if right-left < bandWidth {
		return Change{}, false
	}
	s.fits = resized(s.fits, int(m.area.Height))
	for i := range s.fits {
		y := int(m.area.Y) + i
		s.fits[i] = -2
		if bytes.Equal(m.row(left, y, right-left), m.into.Row(left+by, y, right-left)) {
			s.fits[i] = 1
		}
	}
	s.top = int(m.area.Y)
	first, end := best(s.fits)
	return told(left, int(m.area.Y)+first, right-left, end-first, by, 0)
}

func told(x, y, width, height, dx, dy int) (Change, bool) {
	if width*height < minMoved {
		return Change{}, false
	}
	return Change{
		Area: rfb.Rect{X: uint16(x), Y: uint16(y), Width: uint16(width), Height: uint16(height)}, //nolint:gosec // within the screen
		Copy: true, FromX: uint16(x + dx), FromY: uint16(y + dy),                                 //nolint:gosec // within the screen
	}, true
}

// proved reports whether a row of the copy that was found is as it is now, over
// the whole width of the copy: the search has compared it.
func (s *scroller) proved(y int) bool { return s.fits[y-s.top] > 0 }

// best is the run with the largest sum, empty when no sum is positive.
func best(values []int32) (first, end int) {
	sum, most, from := int32(0), int32(0), 0
	for i, v := range values {
		if sum <= 0 {
			sum, from = 0, i
		}
		if sum += v; sum > most {
			most, first, end = sum, from, i+1
		}
	}
	return first, end
}

// resized is a cleared slice of n, from the one that there is where it is large enough.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

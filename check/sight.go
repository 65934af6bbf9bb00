package check

import (
	_ "embed"
	"encoding/binary"
	"errors"

	"github.com/matoi119/matoi/rfb"
)

// The runner's own page (Page) shows what reaches it in a strip of black and
// white squares that can be read out of a picture: where the pointer is and
// what is held. The strip is 32 squares wide and 4 high, 12 pixels a square. The
// first row is sightMark, the others are 96 bits, most significant first:
//
//	version 4 (1) · keys held 8 · buttons held 8 · presses 8 · last key 16 ·
//	pointer x 14, y 14 from the strip's upper left corner · clicks 8 · CRC-16 16
//
// The CRC is CRC-16/CCITT-FALSE over the ten bytes before it. White is 1.
const (
	sightMark   = 0xB2E4_9D1B
	sightCell   = 12
	sightWide   = 32
	sightHigh   = 4
	sightBits   = 96
	sightWidth  = sightWide * sightCell
	sightHeight = sightHigh * sightCell
)

// sight is what the strip says, and where it stands in the picture.
type sight struct {
	x, y    int // of the strip
	held    int
	buttons int
	presses int
	key     int
	px, py  int // of the pointer, from the strip's corner
	clicks  int
}

var errNoSight = errors.New("the page of the test is not on the screen")

// findSight looks for the strip everywhere in a picture. Squares are looked at
// in their centres, so the mark is seen from half a square before to half a
// square behind its place, and half a square is the step.
func findSight(p *rfb.Framebuffer) (sight, error) {
	const step = sightCell / 2
	for y := 0; y+sightHeight <= p.Height; y += step {
		for x := 0; x+sightWidth <= p.Width; x += step {
			if marked(p, x, y) {
				return readSight(p, middle(x, p.Width-sightWidth, func(x int) bool { return marked(p, x, y) }),
					middle(y, p.Height-sightHeight, func(y int) bool { return marked(p, x, y) }))
			}
		}
	}
	return sight{}, errNoSight
}

// middle finds the true place from one at which the mark is seen.
func middle(at, most int, seen func(int) bool) int {
	first, last := at, at
	for first > 0 && seen(first-1) {
		first--
	}
	for last < most && seen(last+1) {
		last++
	}
	if first == 0 { // the edge hides where it begins
		return max(0, last-sightCell/2+1)
	}
	return min(first+sightCell/2, most)
}

// seeAgain looks where the strip stood before, and everywhere when it is gone.
func (s sight) seeAgain(p *rfb.Framebuffer) (sight, error) {
	if (s.x > 0 || s.y > 0) && s.x+sightWidth <= p.Width && s.y+sightHeight <= p.Height && marked(p, s.x, s.y) {
		if next, err := readSight(p, s.x, s.y); err == nil {
			return next, nil
		}
	}
	return findSight(p)
}

func marked(p *rfb.Framebuffer, x, y int) bool {
	for i := range sightWide {
		bit, ok := square(p, x, y, i, 0)
		if !ok || bit != (sightMark>>(31-i)&1 == 1) {
			return false
		}
	}
	return true
}

// square reads one square; what is neither black nor white is none.
func square(p *rfb.Framebuffer, x, y, column, row int) (white, ok bool) {
	v := p.At(x+column*sightCell+sightCell/2, y+row*sightCell+sightCell/2)
	light := int(v>>16&0xff) + int(v>>8&0xff) + int(v&0xff)
	return light > 3*160, light > 3*160 || light < 3*96
}

func readSight(p *rfb.Framebuffer, x, y int) (sight, error) {
	if !marked(p, x, y) {
		return sight{}, errNoSight
	}
	var bits [sightBits / 8]byte
	for i := range sightBits {
		white, ok := square(p, x, y, i%sightWide, 1+i/sightWide)
		if !ok {
			return sight{}, errNoSight
		}
		if white {
			bits[i/8] |= 1 << (7 - i%8)
		}
	}
	if binary.BigEndian.Uint16(bits[10:]) != crc16(bits[:10]) || bits[0]>>4 != 1 {
		return sight{}, errNoSight // in the middle of a change: the next picture says it
	}
	at := 0
	take := func(n int) (v int) {
		for range n {
			v = v<<1 | int(bits[at/8]>>(7-at%8)&1)
			at++
		}
		return v
	}
	take(4)
	return sight{x: x, y: y, held: take(8), buttons: take(8), presses: take(8), key: take(16), px: take(14), py: take(14), clicks: take(8)}, nil
}

// crc16 is CRC-16/CCITT-FALSE.
func crc16(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

//go:embed page.html
var page string

// Page is the page of the test: somebody opens it in the terminal's browser, in
// front of everything else, before screen and operation are tested. It is one
// file, loads nothing and sends nothing.
func Page() string { return page }

package page

import "github.com/matoi119/matoi/rfb"

// Colours of the page, 0xRRGGBB.
const (
	paper  = 0xF5F7FA
	white  = 0xFFFFFF
	ink    = 0x1B2430
	faint  = 0x5B6675
	line   = 0xC3CAD4
	bar    = 0x17324D
	chosen = 0xD8E8FB
	fire   = 0xB3261E
	aid    = 0x1560A8
	ready  = 0x1E6B3A
	soft   = 0xE6EBF2
)

// canvas draws into a part of a picture; nothing leaves clip.
type canvas struct {
	to      *rfb.Framebuffer
	clip    box
	letters *letters
}

// box is a rectangle in pixels; unlike rfb.Rect it may lie outside.
type box struct{ x, y, w, h int }

func (b box) inset(n int) box { return box{b.x + n, b.y + n, b.w - 2*n, b.h - 2*n} }
func (b box) has(x, y int) bool {
	return x >= b.x && y >= b.y && x < b.x+b.w && y < b.y+b.h
}

func (b box) meet(o box) box {
	x, y := max(b.x, o.x), max(b.y, o.y)
	return box{x, y, max(min(b.x+b.w, o.x+o.w)-x, 0), max(min(b.y+b.h, o.y+o.h)-y, 0)}
}

// rect is the box where it lies inside a picture of rfb's limits.
func (b box) rect() rfb.Rect {
	return rfb.Rect{X: uint16(b.x), Y: uint16(b.y), Width: uint16(b.w), Height: uint16(b.h)} //nolint:gosec // met with the picture before
}

func (c *canvas) within(b box) *canvas { return &canvas{c.to, b.meet(c.clip), c.letters} }

func (c *canvas) fill(b box, colour uint32) {
	if b = b.meet(c.clip); b.w > 0 && b.h > 0 {
		c.to.Fill(b.rect(), colour)
	}
}

func (c *canvas) frame(b box, colour uint32) {
	c.fill(box{b.x, b.y, b.w, 1}, colour)
	c.fill(box{b.x, b.y + b.h - 1, b.w, 1}, colour)
	c.fill(box{b.x, b.y, 1, b.h}, colour)
	c.fill(box{b.x + b.w - 1, b.y, 1, b.h}, colour)
}

// text writes a line whose letters hang below y, and returns where it ends.
func (c *canvas) text(x, y, size int, colour uint32, s string) int {
	base := y + size*7/8
	for _, r := range s {
		g := c.letters.of(r, size)
		c.letter(x+g.at.Min.X, base+g.at.Min.Y, g, colour)
		x += g.advance
	}
	return x
}

func (c *canvas) letter(x, y int, g letter, colour uint32) {
	w, h := g.at.Dx(), g.at.Dy()
	seen := box{x, y, w, h}.meet(c.clip)
	for py := seen.y; py < seen.y+seen.h; py++ {
		row := c.to.Row(seen.x, py, seen.w)
		alpha := g.alpha[(py-y)*w+seen.x-x:]
		for i := range seen.w {
			if a := uint32(alpha[i]); a > 0 {
				p := row[i*4 : i*4+3]
				p[0] = blend(p[0], colour, a)
				p[1] = blend(p[1], colour>>8, a)
				p[2] = blend(p[2], colour>>16, a)
			}
		}
	}
}

func blend(under byte, over, alpha uint32) byte {
	return byte((uint32(under)*(255-alpha) + over&0xFF*alpha + 127) / 255) //nolint:gosec // at most 255
}

func (c *canvas) width(size int, s string) (n int) {
	for _, r := range s {
		n += c.letters.of(r, size).advance
	}
	return n
}

// lines breaks a text where a line of that width is full.
func (c *canvas) lines(size, width int, s string) (out []string) {
	begin, used := 0, 0
	for i, r := range s {
		n := c.letters.of(r, size).advance
		if r == '\n' || used+n > width && i > begin {
			out = append(out, s[begin:i])
			begin, used = i, 0
			if r == '\n' {
				begin, n = i+1, 0
			}
		}
		used += n
	}
	return append(out, s[begin:])
}

// paragraph writes a text over several lines and returns where the next begins.
func (c *canvas) paragraph(b box, size int, colour uint32, s string) int {
	y := b.y
	for _, l := range c.lines(size, b.w, s) {
		c.text(b.x, y, size, colour, l)
		y += size * 3 / 2
	}
	return y
}

// button is a word that can be pressed.
func (c *canvas) button(b box, word string, colour uint32) {
	c.fill(b, colour)
	c.text(b.x+(b.w-c.width(18, word))/2, b.y+(b.h-18)/2, 18, white, word)
}

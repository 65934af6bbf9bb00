package capture

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/matoi119/matoi/rfb"
)

// page paints something like a page of text: lines of marks on white, with a
// margin and empty lines.
func page(seed uint64, width, height int) *rfb.Framebuffer {
	p := rfb.NewFramebuffer(width, height)
	p.Fill(p.Bounds(), 0xFFFFFF)
	r := rand.New(rand.NewPCG(seed, 1))
	for y := 10; y+14 < height; y += 18 {
		if r.IntN(6) == 0 {
			continue
		}
		for x := 20; x+8 < width-20 && r.IntN(90) != 0; x += 9 {
			for range 14 {
				p.Set(x+r.IntN(8), y+r.IntN(14), r.Uint32()&0x3F3F3F)
			}
		}
	}
	return p
}

func clone(p *rfb.Framebuffer) *rfb.Framebuffer {
	c := rfb.NewFramebuffer(p.Width, p.Height)
	copy(c.Pix, p.Pix)
	return c
}

// replay does what somebody does who is told of changes: copies, and takes the
// pixels of the framebuffer as it is in the end.
func replay(seen, now *rfb.Framebuffer, changes []Change) {
	for _, c := range changes {
		if c.Copy {
			seen.Move(rfb.Rect{X: c.FromX, Y: c.FromY, Width: c.Area.Width, Height: c.Area.Height}, c.Area.X, c.Area.Y)
			continue
		}
		take(seen, now.Pix, now.Stride, now.Bounds(), c.Area)
	}
}

func pixels(changes []Change) (copied, sent int) {
	for _, c := range changes {
		if c.Copy {
			copied += c.Area.Area()
		} else {
			sent += c.Area.Area()
		}
	}
	return copied, sent
}

// Whatever has moved or changed, who follows the changes sees what is there; and
// what has merely moved is not sent again.
func TestScrollsAreCopies(t *testing.T) {
	const width, height = 340, 300
	pages := []*rfb.Framebuffer{page(1, width, height), page(2, width, height), page(3, width, height)}
	rapid.Check(t, func(t *rapid.T) {
		var d differ
		before := rapid.SampledFrom(pages).Draw(t, "page")
		now := clone(before)
		left, top := rapid.IntRange(0, 60).Draw(t, "left"), rapid.IntRange(0, 60).Draw(t, "top")
		w, h := rapid.IntRange(200, width-left).Draw(t, "width"), rapid.IntRange(200, height-top).Draw(t, "height")
		by := rapid.IntRange(1, 120).Draw(t, "by")
		area := func(x, y, w, h int) rfb.Rect {
			return rfb.Rect{X: uint16(x), Y: uint16(y), Width: uint16(w), Height: uint16(h)}
		}
		kind := rapid.SampledFrom([]string{"up", "down", "left", "right", "none"}).Draw(t, "kind")
		switch kind {
		case "up":
			now.Move(area(left, top+by, w, h-by), uint16(left), uint16(top))
		case "down":
			now.Move(area(left, top, w, h-by), uint16(left), uint16(top+by))
		case "left":
			now.Move(area(left+by, top, w-by, h), uint16(left), uint16(top))
		case "right":
			now.Move(area(left, top, w-by, h), uint16(left+by), uint16(top))
		}
		if rapid.Bool().Draw(t, "caret") {
			now.Fill(area(left+w/2, top+h/2, 2, 16), 0xFF0000)
		}
		into, seen := clone(before), clone(before)
		part := now.Bounds()
		if rapid.Bool().Draw(t, "part") {
			part = area(left, top, w, h)
		}
		changes := d.update(into, now.Pix[int(part.Y)*now.Stride+int(part.X)*4:], now.Stride, part, nil)
		if !bytes.Equal(into.Pix, now.Pix) {
			t.Fatalf("the framebuffer is not what is there, after %v", changes)
		}
		if replay(seen, into, changes); !bytes.Equal(seen.Pix, now.Pix) {
			t.Fatalf("who follows %v sees something else", changes)
		}
	})
}

// Several parts of one capture make one list.
func TestPartsMakeOneList(t *testing.T) {
	a, b := page(1, 300, 300), page(2, 300, 300)
	var d differ
	var changes []Change
	for _, part := range []rfb.Rect{{X: 70, Y: 90, Width: 200, Height: 130}, {X: 3, Y: 230, Width: 90, Height: 16}, {Width: 300, Height: 300}} {
		changes = d.update(a, b.Pix[int(part.Y)*b.Stride+int(part.X)*4:], b.Stride, part, changes)
	}
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("the framebuffer is not what is there")
	}
}

// A window of text that scrolls is a copy and a strip of new lines.
func TestScrollOfAWindow(t *testing.T) {
	for name, by := range map[string][2]int{"up": {0, 54}, "down": {0, -31}, "left": {40, 0}, "right": {-7, 0}} {
		t.Run(name, func(t *testing.T) {
			before, lines := page(1, 700, 600), page(2, 700, 600)
			now := clone(before)
			window := rfb.Rect{X: 130, Y: 101, Width: 500, Height: 401}
			for y := range int(window.Height) {
				for x := range int(window.Width) {
					fx, fy := x+by[0], y+by[1]
					v := lines.At(x, y)
					if fx >= 0 && fy >= 0 && fx < int(window.Width) && fy < int(window.Height) {
						v = before.At(int(window.X)+fx, int(window.Y)+fy)
					}
					now.Set(int(window.X)+x, int(window.Y)+y, v)
				}
			}
			var d differ
			into := clone(before)
			changes := d.update(into, now.Pix, now.Stride, now.Bounds(), nil)
			copied, sent := pixels(changes)
			if copied < window.Area()*3/4 || sent > window.Area()*4/10 {
				t.Errorf("%d pixels of %d are copied, %d sent: %v", copied, window.Area(), sent, changes)
			}
			if !bytes.Equal(into.Pix, now.Pix) {
				t.Error("the framebuffer is not what is there")
			}
		})
	}
}

// Comparing and scrolling allocate nothing, once the buffers are there.
func TestComparingAllocatesNothing(t *testing.T) {
	a, b := page(1, 640, 480), page(2, 640, 480)
	var d differ
	into := clone(a)
	changes := d.update(into, b.Pix, b.Stride, b.Bounds(), nil)
	n := testing.AllocsPerRun(10, func() {
		changes = d.update(into, a.Pix, a.Stride, a.Bounds(), changes[:0])
		changes = d.update(into, b.Pix, b.Stride, b.Bounds(), changes[:0])
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func noise(seed uint64, width, height int) *rfb.Framebuffer {
	p, r := rfb.NewFramebuffer(width, height), rand.New(rand.NewPCG(seed, 2))
	for i := 0; i < len(p.Pix); i += 8 {
		v := r.Uint64()
		for j := range 8 {
			p.Pix[i+j] = byte(v >> (8 * j))
		}
	}
	return p
}

// BenchmarkCompare is a comparison of 1920 × 1080 pixels: what looking for scrolls
// costs beside plain comparing, where nothing changed, where everything did
// without scrolling (a video), and where a page of text scrolls.
func BenchmarkCompare(b *testing.B) {
	const width, height = 1920, 1080
	text := page(3, width, height+600)
	view := func(y int) *rfb.Framebuffer {
		p := rfb.NewFramebuffer(width, height)
		copy(p.Pix, text.Pix[y*text.Stride:])
		return p
	}
	for name, pair := range map[string][2]*rfb.Framebuffer{
		"still": {view(0), view(0)}, "video": {noise(1, width, height), noise(2, width, height)}, "text": {view(0), view(54)}, "other page": {view(0), page(9, width, height)},
	} {
		for _, search := range []bool{false, true} {
			kind := "plain"
			if search {
				kind = "scrolls"
			}
			b.Run(name+"/"+kind, func(b *testing.B) {
				var d differ
				d.plain = !search
				into, changes := clone(pair[0]), []Change(nil)
				sent := 0
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					now := pair[(i+1)%2]
					changes = d.update(into, now.Pix, now.Stride, now.Bounds(), changes[:0])
					_, s := pixels(changes)
					sent += s
				}
				b.ReportMetric(float64(sent)/float64(b.N), "pixels/op")
			})
		}
	}
}

package rfb

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"pgregory.net/rapid"
)

// scene is a picture between a photograph and noise.
func scene(t *rapid.T, w, h int) *Framebuffer {
	p := NewFramebuffer(w, h)
	v := rapid.Uint32().Draw(t, "seed")
	rough := rapid.IntRange(0, 31).Draw(t, "noise")
	for y := range h {
		for x := range w {
			v = v*1664525 + 1013904223
			n := v >> 27 * uint32(rough) / 32
			p.Set(x, y, (uint32(x*3)&0xFF+n)&0xFF<<16|(uint32(y*2)&0xFF+n)&0xFF<<8|(uint32(x+y)&0xFF+n)&0xFF)
		}
	}
	return p
}

func toImage(p *Framebuffer, area Rect) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, int(area.Width), int(area.Height)))
	for y := range int(area.Height) {
		for x := range int(area.Width) {
			v := p.At(int(area.X)+x, int(area.Y)+y)
			i := img.PixOffset(x, y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = byte(v>>16), byte(v>>8), byte(v), 255
		}
	}
	return img
}

// away is the mean square of how far a decoded picture is from what it shows.
func away(t interface{ Fatal(...any) }, of *image.RGBA, b []byte) (sum float64) {
	got, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != of.Bounds() {
		t.Fatal("another size: ", got.Bounds())
	}
	for y := range of.Rect.Dy() {
		for x := range of.Rect.Dx() {
			r, g, bl, _ := got.At(x, y).RGBA()
			i := of.PixOffset(x, y)
			for k, v := range []uint32{r, g, bl} {
				d := float64(v>>8) - float64(of.Pix[i+k])
				sum += d * d
			}
		}
	}
	return sum / float64(of.Rect.Dx()*of.Rect.Dy()*3)
}

// Whatever the picture, its size and its quality, what is written is a JPEG that
// the standard library reads, about as true and about as large as its own.
func TestJPEGIsAsTrueAsTheStandardOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 90).Draw(t, "width"), rapid.IntRange(1, 90).Draw(t, "height")
		quality := rapid.IntRange(15, 100).Draw(t, "quality")
		p := scene(t, w+20, h+20)
		area := Rect{uint16(rapid.IntRange(0, 20).Draw(t, "x")), uint16(rapid.IntRange(0, 20).Draw(t, "y")), uint16(w), uint16(h)}
		ours := newJPEGEncoder(quality).encode(p, area)
		var theirs bytes.Buffer
		img := toImage(p, area)
		if err := jpeg.Encode(&theirs, img, &jpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		a, b := away(t, img, ours), away(t, img, theirs.Bytes())
		slack := 8 + 4096/float64(w*h) // in a few blocks one coefficient that is rounded the other way is much
		if a > b*1.25+slack {
			t.Fatalf("quality %d: %.1f away from the picture, the standard one %.1f", quality, a, b)
		}
		if len(ours) > theirs.Len()*11/10+64 {
			t.Fatalf("quality %d: %d bytes, the standard one %d", quality, len(ours), theirs.Len())
		}
	})
}

// BenchmarkJPEG encodes a tile of a film; the standard library is the reference.
func BenchmarkJPEG(b *testing.B) {
	p := NewFramebuffer(256, 256)
	v := uint32(1)
	for y := range p.Height {
		for x := range p.Width {
			v = v*1664525 + 1013904223
			p.Set(x, y, uint32(x)<<16|uint32(y)<<8|uint32(x+y)/2+v>>29)
		}
	}
	b.Run("standard", func(b *testing.B) {
		img := toImage(p, p.Bounds())
		var out bytes.Buffer
		b.SetBytes(int64(len(p.Pix)))
		for b.Loop() {
			out.Reset()
			if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 72}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(out.Len())/1024, "KiB")
	})
	b.Run("ours", func(b *testing.B) {
		e := newJPEGEncoder(72)
		var out []byte
		b.SetBytes(int64(len(p.Pix)))
		b.ReportAllocs()
		for b.Loop() {
			out = e.encode(p, p.Bounds())
		}
		b.ReportMetric(float64(len(out))/1024, "KiB")
	})
}

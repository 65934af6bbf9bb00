package bench

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"math"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/sandbox"
	"github.com/matoi119/matoi/internal/sandbox/sandboxtest"
)

// scene is a picture with the detail of a photograph: waves, and noise on them.
func scene(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	noise := uint32(1)
	for y := range h {
		for x := range w {
			noise = noise*1664525 + 1013904223
			v := 120 + 60*math.Sin(float64(x)/37)*math.Cos(float64(y)/53) + float64(noise>>28)
			i := img.PixOffset(x, y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = uint8(v), uint8(v*0.8), uint8(v*0.6), 255
		}
	}
	return img
}

// BenchmarkPictures measures what one picture costs, from its bytes to the inert
// copy, beside the same decoding and encoding without a child.
func BenchmarkPictures(b *testing.B) {
	t := Table{
		Title: "A picture made anew in the confined child, and the same in this process without protection",
		Heads: []string{"picture", "KB", "child ms", "plain ms", "child / plain", "child's memory MB"},
	}
	box := &sandbox.Sandbox{Self: sandboxtest.Child(b)}
	if err := box.Check(b.Context()); err != nil {
		b.Fatal(err)
	}
	for _, p := range []struct {
		name, kind string
		w, h       int
	}{{"JPEG 2 MP", "image/jpeg", 1600, 1200}, {"JPEG 12 MP", "image/jpeg", 4000, 3000}, {"PNG 2 MP", "image/png", 1600, 1200}} {
		var original bytes.Buffer
		encode := func() error { return jpeg.Encode(&original, scene(p.w, p.h), &jpeg.Options{Quality: 90}) }
		if p.kind == "image/png" {
			encode = func() error { return png.Encode(&original, scene(p.w, p.h)) }
		}
		if err := encode(); err != nil {
			b.Fatal(err)
		}
		var confined, plain []float64
		var memory int64
		for range 5 { // interleaved, so that other load falls on both
			began := time.Now()
			r, err := box.Image(b.Context(), p.kind, bytes.NewReader(original.Bytes()))
			if err != nil || r.Reason != "" {
				b.Fatal(r.Reason, err)
			}
			confined, memory = append(confined, ms(began)), max(memory, r.Memory)
			began = time.Now()
			img, _, err := image.Decode(bytes.NewReader(original.Bytes()))
			if err != nil {
				b.Fatal(err)
			}
			if err := jpeg.Encode(new(bytes.Buffer), img, &jpeg.Options{Quality: 85}); err != nil {
				b.Fatal(err)
			}
			plain = append(plain, ms(began))
		}
		c, d := Median(confined), Median(plain)
		t.Row(p.name, float64(original.Len()>>10), c, d, c/d, float64(memory>>20))
	}
	t.Note("Medians of 5. The child starts anew for each picture; one works at a time.")
	print(b, &t)
}

func ms(began time.Time) float64 { return float64(time.Since(began).Microseconds()) / 1000 }

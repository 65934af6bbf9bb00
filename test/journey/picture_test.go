package journey

import (
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// shrink writes the pictures of a folder with the 128 colours that fill most of
// them: pages have few, and the repository keeps every byte for ever.
func shrink(t *testing.T, folder string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, name := range names {
		total += paint(t, name)
	}
	if len(names) == 0 || total > 300<<10 {
		t.Errorf("%d pictures of %d KiB", len(names), total>>10)
	}
}

func paint(t *testing.T, name string) (size int64) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(f)
	if e := f.Close(); err != nil || e != nil {
		t.Fatal(err, e)
	}
	out := image.NewPaletted(picture.Bounds(), palette(picture, 128))
	draw.Draw(out, out.Bounds(), picture, picture.Bounds().Min, draw.Src)
	if f, err = os.Create(name); err != nil {
		t.Fatal(err)
	}
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, out); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if e := f.Close(); err != nil || e != nil {
		t.Fatal(err, e)
	}
	return info.Size()
}

// palette is the commonest colours, and only one of those that no eye tells apart.
func palette(p image.Image, most int) color.Palette {
	count := map[color.RGBA]int{}
	for y := p.Bounds().Min.Y; y < p.Bounds().Max.Y; y++ {
		for x := p.Bounds().Min.X; x < p.Bounds().Max.X; x++ {
			r, g, b, _ := p.At(x, y).RGBA()
			count[color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}]++
		}
	}
	near := func(a, b color.RGBA) bool {
		return max(a.R, b.R)-min(a.R, b.R) < 12 && max(a.G, b.G)-min(a.G, b.G) < 12 && max(a.B, b.B)-min(a.B, b.B) < 12
	}
	var out color.Palette
	for _, c := range slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int { return cmp.Compare(count[b], count[a]) }) {
		if len(out) < most && (count[c] > 2000 || !slices.ContainsFunc(out, func(o color.Color) bool { return near(o.(color.RGBA), c) })) {
			out = append(out, c)
		}
	}
	return out
}

package page

import (
	"fmt"
	"image"
	"image/draw"
	"io/fs"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// Fonts are the letters that pages are drawn in. They may be shared by pages.
type Fonts struct{ fonts []*sfnt.Font }

// ReadFonts reads web fonts (WOFF 1.0) of a folder; a letter is drawn in the
// first one that has it.
func ReadFonts(files fs.FS, names ...string) (*Fonts, error) {
	out := new(Fonts)
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("page: read font: %w", err)
		}
		if b, err = unpack(b); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		f, err := opentype.Parse(b)
		if err != nil {
			return nil, fmt.Errorf("page: font %s: %w", name, err)
		}
		out.fonts = append(out.fonts, f)
	}
	return out, nil
}

// letter is one glyph at one size: how opaque each pixel is.
type letter struct {
	at      image.Rectangle // relative to the pen on the base line
	alpha   []byte          // a byte a pixel, rows of at.Dx()
	advance int
}

type letterKey struct {
	r    rune
	size int
}

// letters draws glyphs once and keeps them. Not safe for concurrent use.
type letters struct {
	fonts *Fonts
	faces map[int][]font.Face // by size
	kept  map[letterKey]letter
	look  sfnt.Buffer
}

// A page that is asked for ever new characters does not keep all of them.
const keptLetters = 8192

func newLetters(f *Fonts) *letters {
	if f == nil {
		f = new(Fonts)
	}
	return &letters{fonts: f, faces: map[int][]font.Face{}, kept: map[letterKey]letter{}}
}

func (l *letters) of(r rune, size int) letter {
	k := letterKey{r, size}
	if g, ok := l.kept[k]; ok {
		return g
	}
	if len(l.kept) >= keptLetters {
		clear(l.kept)
	}
	g := l.make(r, size)
	l.kept[k] = g
	return g
}

func (l *letters) make(r rune, size int) letter {
	face, wide := l.face(r, size)
	box, mask, from, advance, ok := face.Glyph(fixed.P(0, 0), r)
	if !ok {
		return letter{advance: size}
	}
	g := letter{at: box, advance: advance.Round(), alpha: make([]byte, box.Dx()*box.Dy())}
	if !wide && r > 0x2E80 {
		g.advance = max(g.advance, size) // the plain face has one box for all of them
	}
	a := &image.Alpha{Pix: g.alpha, Stride: box.Dx(), Rect: image.Rect(0, 0, box.Dx(), box.Dy())}
	draw.Draw(a, a.Rect, mask, from, draw.Src)
	return g
}

// face finds the font that has the letter; without any, letters of Latin are
// drawn plainly and all others as a box.
func (l *letters) face(r rune, size int) (font.Face, bool) {
	faces, ok := l.faces[size]
	if !ok {
		for _, f := range l.fonts.fonts {
			face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
			if err == nil { // sizes are our own and valid
				faces = append(faces, face)
			}
		}
		l.faces[size] = faces
	}
	for i, f := range l.fonts.fonts {
		if n, err := f.GlyphIndex(&l.look, r); err == nil && n != 0 {
			return faces[i], true
		}
	}
	return basicfont.Face7x13, false
}

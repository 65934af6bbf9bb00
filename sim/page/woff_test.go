package page

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"testing"
	"testing/fstest"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
)

// packed makes a WOFF of a font; every second table is left as it is, as the
// format allows.
func packed(font []byte) []byte {
	be := binary.BigEndian
	n := int(be.Uint16(font[4:]))
	head := append([]byte("wOFF"), font[:4]...)
	head = be.AppendUint32(head, 0)
	head = be.AppendUint16(head, uint16(n))
	head = append(head, make([]byte, woffHead-len(head))...)
	var tables []byte
	for i := range n {
		e := font[sfntHead+i*sfntEntry:]
		data := font[be.Uint32(e[8:]) : be.Uint32(e[8:])+be.Uint32(e[12:])]
		var out bytes.Buffer
		if i%2 == 0 {
			z := zlib.NewWriter(&out)
			_, _ = z.Write(data)
			_ = z.Close()
		}
		if out.Len() == 0 || out.Len() >= len(data) {
			out.Reset()
			out.Write(data)
		}
		head = append(head, e[:4]...)
		head = be.AppendUint32(head, uint32(woffHead+n*woffEntry+len(tables)))
		head = be.AppendUint32(head, uint32(out.Len()))
		head = be.AppendUint32(head, uint32(len(data)))
		head = append(head, e[4:8]...)
		tables = append(tables, out.Bytes()...)
	}
	return append(head, tables...)
}

// A packed font has the letters of the font that was packed.
func TestUnpackGivesTheFont(t *testing.T) {
	b, err := unpack(packed(goregular.TTF))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opentype.Parse(b); err != nil {
		t.Fatal(err)
	}
	fonts, err := ReadFonts(fstest.MapFS{"a.woff": {Data: packed(goregular.TTF)}}, "a.woff")
	if err != nil {
		t.Fatal(err)
	}
	wide, narrow := newLetters(fonts), newLetters(nil)
	if g, p := wide.of('W', 40), narrow.of('W', 40); g.advance < 30 || p.advance > 10 {
		t.Fatalf("W is %d wide in the font and %d without it", g.advance, p.advance)
	}
	if g := wide.of('火', 20); g.advance < 20 {
		t.Fatalf("a letter that no font has is %d wide, want a box of its size", g.advance)
	}
}

func TestUnpackRefuses(t *testing.T) {
	whole := packed(goregular.TTF)
	for name, b := range map[string][]byte{"nothing": nil, "half": whole[:len(whole)/2], "a bare font": goregular.TTF, "head only": whole[:woffHead]} {
		if _, err := unpack(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	whole := packed(goregular.TTF)
	f.Add(whole[:600])
	f.Add(whole[:woffHead])
	f.Add([]byte("wOFF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, err := unpack(b); err == nil && len(out) > woffSize+woffTables*4 {
			t.Fatalf("%d bytes from %d", len(out), len(b))
		}
	})
}

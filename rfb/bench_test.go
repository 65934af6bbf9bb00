package rfb

import (
	"bytes"
	"testing"
)

// desktop is a page of text with a photograph, 1280 × 1024.
func desktop() *Framebuffer {
	p := NewFramebuffer(1280, 1024)
	p.Fill(p.Bounds(), 0xF0F0F0)
	v := uint32(1)
	for y := 40; y < 1000; y += 18 {
		for x := 20; x < 860; x++ {
			if v = v*1664525 + 1013904223; v>>30 == 0 {
				p.Fill(Rect{uint16(x), uint16(y), 1, uint16(4 + v>>28)}, 0x202020)
			}
		}
	}
	for y := 100; y < 600; y++ {
		for x := 900; x < 1240; x++ {
			v = v*1664525 + 1013904223
			p.Set(x, y, uint32(x/2)&0xFF<<16|uint32(y/2)&0xFF<<8|v>>26)
		}
	}
	return p
}

// BenchmarkEncode is a whole screen in each encoding, in tiles as a server sends
// them; raw is the reference.
func BenchmarkEncode(b *testing.B) {
	p := desktop()
	var out []byte
	tiles := func(tile uint16, each func(area Rect)) {
		for y := uint16(0); y < uint16(p.Height); y += tile {
			for x := uint16(0); x < uint16(p.Width); x += tile {
				each(Rect{x, y, min(tile, uint16(p.Width)-x), min(tile, uint16(p.Height)-y)})
			}
		}
	}
	lossless, photo, zrle := NewTightEncoder(NoJPEG), NewTightEncoder(80), NewZRLEEncoder()
	for _, how := range []struct {
		name   string
		append func(area Rect)
	}{
		{"raw", func(area Rect) { out = AppendRaw(out, Native, p, area) }},
		{"tight", func(area Rect) { out = lossless.Append(out, Native, p, area) }},
		{"tight and JPEG", func(area Rect) { out = photo.Append(out, Native, p, area) }},
		{"ZRLE", func(area Rect) { out = zrle.Append(out, Native, p, area) }},
	} {
		b.Run(how.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(p.Pix)))
			for b.Loop() {
				out = out[:0]
				tiles(128, how.append)
			}
			b.ReportMetric(float64(len(out))/1024, "KiB")
		})
	}
}

// BenchmarkDecode is what a viewer in Go, and whoever checks a terminal, pays.
func BenchmarkDecode(b *testing.B) {
	p := desktop()
	for name, wire := range map[string][]byte{
		"raw":   AppendRaw(UpdateHeader(nil, 1), Native, p, p.Bounds()),
		"tight": NewTightEncoder(NoJPEG).Append(UpdateHeader(nil, 1), Native, p, p.Bounds()),
		"ZRLE":  NewZRLEEncoder().Append(UpdateHeader(nil, 1), Native, p, p.Bounds()),
		"near":  newNearEncoder().Append(UpdateHeader(nil, 1), Native, p, Rect{0, 0, 860, 1024}),
		"JPEG":  NewTightEncoder(80).Append(UpdateHeader(nil, 1), Native, p, p.Bounds()),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(p.Pix)))
			for b.Loop() {
				s, err := NewServerReader(bytes.NewReader(wire), Native, p.Width, p.Height)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := s.Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSender is what a server pays for one client: a first picture, a line of
// text, a page that scrolls.
func BenchmarkSender(b *testing.B) {
	p := desktop()
	for _, how := range []struct {
		name   string
		change func(s *Sender)
	}{
		{"whole", func(s *Sender) { s.Damage(p.Bounds()) }},
		{"line", func(s *Sender) { s.Damage(Rect{100, 110, 600, 16}) }},
		{"scroll", func(s *Sender) {
			s.Copied(Rect{0, 0, 1280, 1006}, 0, 18)
			s.Damage(Rect{0, 1006, 1280, 18})
		}},
	} {
		for _, e := range []struct {
			name string
			list []Encoding
		}{{"raw", []Encoding{Raw, CopyRect}}, {"near", []Encoding{Tight, CopyRect, CompressionLow}}, {"tight", []Encoding{Tight, CopyRect}}, {"JPEG", []Encoding{Tight, CopyRect, QualityLow + 6}}, {"ZRLE", []Encoding{ZRLE, CopyRect}}} {
			b.Run(how.name+"/"+e.name, func(b *testing.B) {
				s := NewSender(SenderOptions{Width: p.Width, Height: p.Height})
				s.Handle(&SetEncodings{e.list})
				s.Handle(&EnableContinuousUpdates{true, p.Bounds()})
				var out []byte
				for s.Wants() {
					out = s.Append(out[:0], p)
				}
				b.ReportAllocs()
				bytes := 0
				for b.Loop() {
					how.change(s)
					for s.Wants() {
						out = s.Append(out[:0], p)
						bytes += len(out)
					}
				}
				b.ReportMetric(float64(bytes)/1024/float64(b.N), "KiB")
			})
		}
	}
}

package rfb

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"testing"
)

// Messages of a client that are over a limit or make no sense.
func TestHostileClients(t *testing.T) {
	for name, wire := range map[string]string{
		"unknown type":            "\x09",
		"unknown extension":       "\xFF\x01",
		"65535 encodings":         "\x02\x00\xFF\xFF",
		"2 GiB of text":           "\x06\x00\x00\x00\x7F\xFF\xFF\xFF",
		"2 GiB of clipboard":      "\x06\x00\x00\x00\x80\x00\x00\x00",
		"clipboard without flags": "\x06\x00\x00\x00\xFF\xFF\xFF\xFFx",
		"255 bytes of fence":      "\xF8\x00\x00\x00\x00\x00\x00\x00\xFF",
		"255 screens":             "\xFB\x00\x00\x10\x00\x10\xFF\x00",
		"colour map":              "\x00\x00\x00\x00\x08\x08\x00\x00\x00\x07\x00\x07\x00\x03\x00\x03\x06\x00\x00\x00",
		"24 bits per pixel":       "\x00\x00\x00\x00\x18\x18\x00\x01\x00\xFF\x00\xFF\x00\xFF\x10\x08\x00\x00\x00\x00",
		"a colour of no bits":     "\x00\x00\x00\x00\x20\x18\x00\x01\x00\x00\x00\xFF\x00\xFF\x10\x08\x00\x00\x00\x00",
		"shifted out":             "\x00\x00\x00\x00\x20\x18\x00\x01\x00\xFF\x00\xFF\x00\xFF\x1F\x08\x00\x00\x00\x00",
		"a bomb in the clipboard": bomb(),
		"clipboard no zlib":       "\x06\x00\x00\x00\xFF\xFF\xFF\xF4\x10\x00\x00\x01abcdefgh",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewClientReader(strings.NewReader(wire)).Next()
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("Next = %v, want an *Error", err)
			}
		})
	}
}

// bomb is a clipboard of a few hundred bytes that says a gigabyte and holds one.
func bomb() string {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, _ = z.Write([]byte{0x40, 0, 0, 0})
	_, _ = z.Write(make([]byte, 1<<16))
	_ = z.Close()
	body := append(be.AppendUint32(nil, ClipProvide|ClipText), out.Bytes()...)
	head := be.AppendUint32([]byte{typeClientCutText, 0, 0, 0}, uint32(-int32(len(body))))
	return string(append(head, body...))
}

// Updates that a broken or hostile terminal may send.
func TestHostileServers(t *testing.T) {
	rect := func(area Rect, e Encoding, payload string) string {
		return string(RectHeader(UpdateHeader(nil, 1), area, e)) + payload
	}
	full := Rect{0, 0, 64, 64}
	endless := string(UpdateHeader(nil, AnyCount)) + strings.Repeat(string(RectHeader(nil, full, CopyRect))+"\x00\x00\x00\x00", 100)
	for name, wire := range map[string]string{
		"unknown type":           "\x63",
		"unknown encoding":       rect(full, 5, ""),
		"outside":                rect(Rect{60, 60, 10, 10}, Raw, ""),
		"far outside":            rect(Rect{65535, 65535, 65535, 65535}, Raw, ""),
		"copied from outside":    rect(Rect{0, 0, 10, 10}, CopyRect, "\x00\x3C\x00\x3C"),
		"billions of pixels":     rect(Rect{0, 0, 65535, 65535}, DesktopSize, ""),
		"no pixels":              rect(Rect{0, 0, 0, 10}, DesktopSize, ""),
		"255 screens":            rect(full, ExtendedDesktopSize, "\xFF\x00\x00\x00"),
		"a huge cursor":          rect(Rect{0, 0, 9999, 9999}, Cursor, ""),
		"endless copies":         endless,
		"ZRLE of 4 GiB":          rect(full, ZRLE, "\xFF\xFF\xFF\xFF"),
		"ZRLE, no zlib":          rect(full, ZRLE, "\x00\x00\x00\x04abcd"),
		"ZRLE, index beyond":     rect(full, ZRLE, zipped("\x02\x00\x00\x00\xFF\xFF\xFF")),
		"ZRLE, subencoding 17":   rect(full, ZRLE, zipped("\x11")),
		"ZRLE, subencoding 129":  rect(full, ZRLE, zipped("\x81")),
		"ZRLE, a run too long":   rect(full, ZRLE, zipped("\x80abc"+strings.Repeat("\xFF", 40)+"\x00")),
		"Tight, control byte":    rect(full, Tight, "\xA0"),
		"Tight, filter 3":        rect(full, Tight, "\x40\x03"),
		"Tight, no JPEG":         rect(full, Tight, "\x90\x04abcd"),
		"Tight, too long a JPEG": rect(full, Tight, "\x90\xFF\xFF\xFF"),
		"Tight, no zlib":         rect(full, Tight, "\x00\x04abcd"),
		"Tight, index beyond":    rect(Rect{0, 0, 4, 1}, Tight, "\x40\x01\x02abcdefghi\x00\x01\x02\x03"),
		"text of 2 GiB":          "\x03\x00\x00\x00\x7F\xFF\xFF\xFF",
		"65535 colours":          "\x01\x00\x00\x00\xFF\xFF",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewServerReader(strings.NewReader(wire), Native, 64, 64)
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Next()
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("Next = %v, want an *Error", err)
			}
		})
	}
	for _, size := range [][2]int{{0, 1}, {1, 0}, {MaxSide + 1, 1}, {MaxSide, MaxSide}, {-1, -1}} {
		if _, err := NewServerReader(nil, Native, size[0], size[1]); err == nil {
			t.Errorf("a framebuffer of %v was taken", size)
		}
	}
}

func zipped(data string) string {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, _ = z.Write([]byte(data))
	_ = z.Flush()
	return string(be.AppendUint32(nil, uint32(out.Len()))) + out.String()
}

func FuzzClient(f *testing.F) {
	for _, m := range []ClientMessage{
		&SetPixelFormat{Native}, &SetEncodings{[]Encoding{Tight, ZRLE, QualityHigh}}, &UpdateRequest{true, Rect{1, 2, 3, 4}},
		&KeyEvent{true, 0xFF0D, 28}, &KeyEvent{false, 0x61, 0}, &PointerEvent{1, 2, 3}, &CutText{[]byte("text")}, &Fence{FenceRequest, []byte("f")},
		&Clipboard{Flags: ClipProvide | ClipText, Text: "救急"}, &SetDesktopSize{4, 3, []Screen{{1, Rect{0, 0, 4, 3}, 0}}}, &EnableContinuousUpdates{true, Rect{0, 0, 4, 3}},
	} {
		f.Add(m.Append(nil))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := NewClientReader(bytes.NewReader(wire))
		for {
			m, err := r.Next()
			if err != nil {
				var e *Error
				if !errors.As(err, &e) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("%T: %v", err, err)
				}
				return
			}
			// What was read can be written and read as the same again.
			again, err := NewClientReader(bytes.NewReader(m.Append(nil))).Next()
			if err != nil || !bytes.Equal(again.Append(nil), m.Append(nil)) {
				t.Fatalf("%+v is written as something else: %+v, %v", m, again, err)
			}
		}
	})
}

func FuzzServer(f *testing.F) {
	p := NewFramebuffer(33, 33) // small: what the fuzzer finds, it makes smaller byte by byte
	p.Fill(Rect{3, 3, 20, 5}, 0x00FF00)
	for i := range 33 * 20 {
		p.Set(i%33, 13+i/33, uint32(i*i)&0x3F3F3F)
	}
	tight, photo, zrle := NewTightEncoder(NoJPEG), NewTightEncoder(50), NewZRLEEncoder()
	f.Add(tight.Append(UpdateHeader(nil, 1), Native, p, p.Bounds()))
	f.Add(photo.Append(UpdateHeader(nil, 1), Native, p, p.Bounds()))
	f.Add(zrle.Append(UpdateHeader(nil, 1), Native, p, p.Bounds()))
	f.Add(AppendRaw(UpdateHeader(nil, 1), Native, p, Rect{0, 0, 3, 3}))
	f.Add(AppendLastRect(AppendCopyRect(UpdateHeader(nil, AnyCount), Rect{0, 0, 9, 9}, 3, 3)))
	f.Add((&Clipboard{Flags: ClipProvide | ClipText, Text: "x"}).AppendServer(nil))
	f.Fuzz(func(t *testing.T, wire []byte) {
		s, err := NewServerReader(bytes.NewReader(wire), Native, 33, 33)
		if err != nil {
			t.Fatal(err)
		}
		s.MaxPixels = 1 << 16
		for range 64 {
			if _, err := s.Next(); err != nil {
				var e *Error
				if !errors.As(err, &e) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("%T: %v", err, err)
				}
				return
			}
		}
	})
}

func FuzzJoin(f *testing.F) {
	f.Add([]byte("RFB 003.008\n\x01\x01\x00\x00\x00\x00"))
	f.Add([]byte("RFB 003.003\n\x00\x00\x00\x02"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		init, err := Join(bytes.NewReader(wire), io.Discard, Login{Password: []byte("x")})
		if err == nil && CheckSize(int(init.Width), int(init.Height)) != nil {
			t.Fatalf("joined a desktop of %d × %d", init.Width, init.Height)
		}
	})
}

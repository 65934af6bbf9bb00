package rfb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// formats are what clients in the field ask for, and odd ones.
var formats = map[string]PixelFormat{
	"native":         Native,
	"big-endian":     {32, 24, true, true, 255, 255, 255, 16, 8, 0},
	"high bytes":     {32, 24, false, true, 255, 255, 255, 24, 16, 8},
	"high, reversed": {32, 24, true, true, 255, 255, 255, 8, 16, 24},
	"32 bits":        {32, 32, false, true, 1023, 1023, 1023, 20, 10, 0},
	"16 bits":        {16, 16, false, true, 31, 63, 31, 11, 5, 0},
	"8 bits":         {8, 8, false, true, 7, 7, 3, 0, 3, 6},
}

// drawn makes pictures as screens are: few colours, many colours, runs, noise.
func drawn(t *rapid.T) *Framebuffer {
	p := NewFramebuffer(rapid.IntRange(1, 200).Draw(t, "width"), rapid.IntRange(1, 150).Draw(t, "height"))
	colours := rapid.SliceOfN(rapid.Uint32Range(0, 0xFFFFFF), 1, 300).Draw(t, "colours")
	seed := rapid.Uint32().Draw(t, "seed")
	run := rapid.IntRange(1, 400).Draw(t, "run")
	for i := range p.Width * p.Height {
		if i%run == 0 {
			seed = seed*1664525 + 1013904223
		}
		p.Set(i%p.Width, i/p.Width, colours[int(seed>>8)%len(colours)])
	}
	return p
}

func within(t *rapid.T, p *Framebuffer) Rect {
	x, y := rapid.IntRange(0, p.Width-1).Draw(t, "x"), rapid.IntRange(0, p.Height-1).Draw(t, "y")
	return Rect{uint16(x), uint16(y), uint16(rapid.IntRange(1, p.Width-x).Draw(t, "w")), uint16(rapid.IntRange(1, p.Height-y).Draw(t, "h"))}
}

// Whatever a picture shows, a reader of any encoding in any format sees the same,
// as far as the format can hold it.
func TestPicturesArrive(t *testing.T) {
	for name, f := range formats {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				p := drawn(t)
				tight, zrle := NewTightEncoder(NoJPEG), NewZRLEEncoder()
				var wire []byte
				var areas []Rect
				n := rapid.IntRange(1, 4).Draw(t, "rectangles")
				wire = UpdateHeader(wire, n)
				for range n {
					area := within(t, p)
					areas = append(areas, area)
					switch how := rapid.IntRange(0, 2).Draw(t, "how"); {
					case how == 0:
						wire = AppendRaw(wire, f, p, area)
					case how == 1 && f.whole():
						wire = tight.Append(wire, f, p, area)
					default:
						wire = zrle.Append(wire, f, p, area)
					}
				}
				s, err := NewServerReader(bytes.NewReader(wire), f, p.Width, p.Height)
				if err != nil {
					t.Fatal(err)
				}
				m, err := s.Next()
				if err != nil {
					t.Fatal(err)
				}
				if u, ok := m.(*Update); !ok || !slices.Equal(u.Areas, areas) {
					t.Fatalf("read %+v", m)
				}
				for _, area := range areas {
					same(t, f, p, s.Framebuffer(), area)
				}
				if _, err := s.Next(); !errors.Is(err, io.EOF) {
					t.Fatalf("after the update: %v", err)
				}
			})
		})
	}
}

func same(t *rapid.T, f PixelFormat, want, got *Framebuffer, area Rect) {
	for y := int(area.Y); y < int(area.Y+area.Height); y++ {
		for x := int(area.X); x < int(area.X+area.Width); x++ {
			w := f.toNative(f.fromNative(want.At(x, y)))
			if g := got.At(x, y); g != w {
				t.Fatalf("pixel %d,%d of %+v is %06x, want %06x", x, y, area, g, w)
			}
		}
	}
}

// What a format can hold survives being read and written again.
func TestFormatsKeepWhatTheyHold(t *testing.T) {
	for name, f := range formats {
		if err := f.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		rapid.Check(t, func(t *rapid.T) {
			v := rapid.Uint32Range(0, 0xFFFFFF).Draw(t, "colour")
			once := f.toNative(f.fromNative(v))
			if twice := f.toNative(f.fromNative(once)); twice != once {
				t.Fatalf("%s: %06x becomes %06x, then %06x", name, v, once, twice)
			}
			if b := f.put(nil, f.fromNative(v)); f.get(b) != f.fromNative(v) || len(b) != f.Bytes() {
				t.Fatalf("%s: %06x is written as % x", name, v, b)
			}
		})
	}
}

// JPEG is for photographs: near enough, and of the right size.
func TestJPEGIsNearEnough(t *testing.T) {
	p := NewFramebuffer(128, 96)
	for y := range p.Height {
		for x := range p.Width {
			p.Set(x, y, uint32(x*2)<<16|uint32(y*2)<<8|uint32((x+y)&0xFF))
		}
	}
	e := NewTightEncoder(90)
	wire := e.Append(UpdateHeader(nil, 1), Native, p, p.Bounds())
	if wire[4+12]>>4 != tightJPEG>>4 {
		t.Fatalf("control byte %#x is no JPEG", wire[4+12])
	}
	s, err := NewServerReader(bytes.NewReader(wire), Native, p.Width, p.Height)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); err != nil {
		t.Fatal(err)
	}
	far := 0
	for y := range p.Height {
		for x := range p.Width {
			a, b := p.At(x, y), s.Framebuffer().At(x, y)
			for shift := 0; shift < 24; shift += 8 {
				if d := int(a>>shift&0xFF) - int(b>>shift&0xFF); d > 40 || d < -40 {
					far++
				}
			}
		}
	}
	if far > p.Width*p.Height/50 {
		t.Errorf("%d of %d colours are far from what was sent", far, p.Width*p.Height*3)
	}
}

// Tight rectangles of one encoder stand alone: a viewer who came late reads the
// second without the first.
func TestTightRectanglesStandAlone(t *testing.T) {
	p := NewFramebuffer(64, 64)
	for i := range 64 * 64 {
		p.Set(i%64, i/64, uint32(i*2654435761)&0xFFFFFF)
	}
	e := NewTightEncoder(NoJPEG)
	e.Append(nil, Native, p, p.Bounds())
	second := e.Append(UpdateHeader(nil, 1), Native, p, p.Bounds())
	s, err := NewServerReader(bytes.NewReader(second), Native, 64, 64)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); err != nil || !bytes.Equal(s.Framebuffer().Pix, p.Pix) {
		t.Errorf("the second alone: %v", err)
	}
}

func TestMoveOverlaps(t *testing.T) {
	for _, to := range []struct{ x, y uint16 }{{1, 1}, {0, 0}, {2, 0}, {0, 2}, {3, 3}} {
		p, want := NewFramebuffer(8, 8), NewFramebuffer(8, 8)
		for i := range 64 {
			p.Set(i%8, i/8, uint32(i+1))
			want.Set(i%8, i/8, uint32(i+1))
		}
		from := Rect{1, 1, 4, 4}
		for y := range 4 {
			for x := range 4 {
				want.Set(int(to.x)+x, int(to.y)+y, p.At(1+x, 1+y))
			}
		}
		p.Move(from, to.x, to.y)
		if !bytes.Equal(p.Pix, want.Pix) {
			t.Errorf("to %v: rows were overwritten before they were read", to)
		}
	}
}

func clientMessages(t *rapid.T) ClientMessage {
	area := Rect{rapid.Uint16().Draw(t, "x"), rapid.Uint16().Draw(t, "y"), rapid.Uint16().Draw(t, "w"), rapid.Uint16().Draw(t, "h")}
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		names := make([]string, 0, len(formats))
		for n := range formats {
			names = append(names, n)
		}
		slices.Sort(names)
		return &SetPixelFormat{formats[rapid.SampledFrom(names).Draw(t, "format")]}
	case 1:
		var m SetEncodings
		for _, e := range rapid.SliceOfN(rapid.Int32(), 1, 20).Draw(t, "encodings") {
			m.Encodings = append(m.Encodings, Encoding(e))
		}
		return &m
	case 2:
		return &UpdateRequest{rapid.Bool().Draw(t, "incremental"), area}
	case 3:
		return &KeyEvent{rapid.Bool().Draw(t, "down"), rapid.Uint32().Draw(t, "keysym"), rapid.Uint32().Draw(t, "scan")}
	case 4:
		return &PointerEvent{rapid.Uint8().Draw(t, "buttons"), area.X, area.Y}
	case 5:
		return &CutText{[]byte(rapid.String().Draw(t, "text") + " ")}
	case 6:
		return &EnableContinuousUpdates{rapid.Bool().Draw(t, "on"), area}
	case 7:
		return &Fence{rapid.Uint32().Draw(t, "flags"), []byte(rapid.StringN(1, 16, MaxFence).Draw(t, "payload"))}
	case 8:
		return &SetDesktopSize{area.Width, area.Height, []Screen{{1, area, 0}, {2, area, 7}}}
	}
	text := strings.NewReplacer("\r", "", "\x00", "").Replace(rapid.String().Draw(t, "clipboard"))
	return rapid.SampledFrom([]*Clipboard{
		{Flags: ClipProvide | ClipText, Text: text}, {Flags: ClipNotify | ClipText}, {Flags: ClipRequest | ClipText},
		{Flags: ClipCaps | ClipText | ClipProvide, Sizes: []uint32{MaxClipboard}},
	}).Draw(t, "message")
}

// Every message that is written is read as the same one, and what follows it too.
func TestClientMessagesArrive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var wire []byte
		var want []ClientMessage
		for range rapid.IntRange(1, 8).Draw(t, "messages") {
			m := clientMessages(t)
			want = append(want, m)
			wire = m.Append(wire)
		}
		r := NewClientReader(bytes.NewReader(wire))
		for i, w := range want {
			got, err := r.Next()
			if err != nil {
				t.Fatalf("message %d, %+v: %v", i, w, err)
			}
			if d := cmp.Diff(w, got); d != "" {
				t.Fatalf("message %d: %s", i, d)
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("at the end: %v", err)
		}
		if len(wire) > 1 {
			cut := NewClientReader(bytes.NewReader(wire[:len(wire)-1]))
			var err error
			for err == nil {
				_, err = cut.Next()
			}
			if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
				t.Fatalf("cut by one byte: %v", err)
			}
		}
	})
}

func TestServerMessagesArrive(t *testing.T) {
	p := NewFramebuffer(40, 30)
	p.Fill(Rect{1, 1, 8, 8}, 0x123456)
	shape := NewFramebuffer(9, 3)
	mask := bytes.Repeat([]byte{0xA5}, MaskSize(9, 3))
	wire := (&Bell{}).AppendServer(nil)
	wire = (&CutText{[]byte("a\xe9")}).AppendServer(wire)
	wire = (&Clipboard{Flags: ClipProvide | ClipText, Text: "救急\n火災"}).AppendServer(wire)
	wire = (&Fence{Flags: FenceRequest | FenceSyncNext, Payload: []byte("x")}).AppendServer(wire)
	wire = (&EndOfContinuousUpdates{}).AppendServer(wire)
	wire = UpdateHeader(wire, AnyCount)
	wire = AppendCursor(wire, Native, shape, mask, 2, 1)
	wire = AppendQEMUKeys(wire)
	wire = AppendRaw(wire, Native, p, Rect{0, 0, 10, 10})
	wire = AppendCopyRect(wire, Rect{20, 10, 8, 8}, 1, 1)
	wire = AppendExtendedDesktopSize(wire, 50, 40, ResizeByServer, ResizeDone, []Screen{{7, Rect{0, 0, 50, 40}, 0}})
	wire = AppendLastRect(wire)

	s, err := NewServerReader(bytes.NewReader(wire), Native, 40, 30)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []ServerMessage{
		&Bell{}, &CutText{[]byte("a\xe9")}, &Clipboard{Flags: ClipProvide | ClipText, Text: "救急\n火災"},
		&Fence{Flags: FenceRequest | FenceSyncNext, Payload: []byte("x")}, &EndOfContinuousUpdates{},
		&Update{
			Areas: []Rect{{0, 0, 10, 10}, {20, 10, 8, 8}}, Copies: []Copy{{1, 1, 1}}, Resized: true, Screens: []Screen{{7, Rect{0, 0, 50, 40}, 0}}, Scans: true,
			Cursor: &Pointer{Shape: shape, Mask: mask, HotX: 2, HotY: 1},
		},
	} {
		got, err := s.Next()
		if err != nil {
			t.Fatalf("%T: %v", want, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%T: %s", want, d)
		}
	}
	if q := s.Framebuffer(); q.Width != 50 || q.At(20, 10) != 0x123456 || q.At(27, 17) != 0x123456 || q.At(28, 17) != 0 {
		t.Errorf("the picture is %d wide, %06x, %06x, %06x", q.Width, q.At(20, 10), q.At(27, 17), q.At(28, 17))
	}
	if a := (Fence{Flags: FenceRequest | FenceSyncNext | 1<<20}).Answer(); a.Flags != FenceSyncNext {
		t.Errorf("the answer to a fence has flags %#x", a.Flags)
	}
}

// Events come hundreds of times a second, from several terminals at once.
func TestEventsCostNoAllocation(t *testing.T) {
	var wire []byte
	for i := range 64 {
		wire = (&PointerEvent{1, uint16(i), 2}).Append(wire)
		wire = (&KeyEvent{true, 0x61, 30}).Append(wire)
		wire = (&UpdateRequest{true, Rect{0, 0, 100, 100}}).Append(wire)
	}
	source := bytes.NewReader(wire)
	r := NewClientReader(source)
	if n := testing.AllocsPerRun(50, func() {
		source.Reset(wire)
		for range 3 * 64 {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations for 192 messages", n)
	}
}

// Both sides of the handshake, over a connection.
func TestHandshake(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	want := ServerInit{Width: 1280, Height: 1024, Format: Native, Name: "専用端末"}
	done := make(chan error, 1)
	go func() {
		shared, err := Accept(a, want)
		if err == nil && !shared {
			err = errors.New("the wish to share did not arrive")
		}
		done <- err
	}()
	got, err := Join(b, b, Login{Shared: true})
	if err != nil || got != want {
		t.Errorf("Join = %+v, %v", got, err)
	}
	if err := <-done; err != nil {
		t.Errorf("Accept = %v", err)
	}
}

// The client against what servers say, given as text.
func TestJoin(t *testing.T) {
	init := be.AppendUint32(Native.append([]byte{0, 4, 0, 3}), 1)
	init = append(init, 'x')
	challenge := strings.Repeat("0123456789abcdef", 1)
	for name, tt := range map[string]struct {
		server   string
		password string
		fault    string // "" = joined
	}{
		"3.8, None":               {"RFB 003.008\n\x01\x01\x00\x00\x00\x00" + string(init), "", ""},
		"3.7, None, no result":    {"RFB 003.007\n\x02\x10\x01" + string(init), "", ""},
		"3.3, None":               {"RFB 003.003\n\x00\x00\x00\x01" + string(init), "", ""},
		"5.0":                     {"RFB 005.000\n\x01\x01\x00\x00\x00\x00" + string(init), "", "version"},
		"apple's 3.889 is 3.8":    {"RFB 003.889\n\x01\x01\x00\x00\x00\x00" + string(init), "", ""},
		"password":                {"RFB 003.008\n\x01\x02" + challenge + "\x00\x00\x00\x00" + string(init), "geheim", ""},
		"wrong password":          {"RFB 003.008\n\x01\x02" + challenge + "\x00\x00\x00\x01\x00\x00\x00\x02no", "geheim", "refused: no"},
		"a password, none given":  {"RFB 003.008\n\x01\x02", "", "types [2]"},
		"no type, and why":        {"RFB 003.008\n\x00\x00\x00\x00\x04busy", "", "refused: busy"},
		"an endless reason":       {"RFB 003.008\n\x00\xFF\xFF\xFF\xFF", "", "reason"},
		"an endless name":         {"RFB 003.008\n\x01\x01\x00\x00\x00\x00\x00\x04\x00\x03" + string(Native.append(nil)) + "\xFF\xFF\xFF\xFF", "", "name"},
		"no pixels":               {"RFB 003.008\n\x01\x01\x00\x00\x00\x00\x00\x00\x00\x03" + string(Native.append(nil)) + "\x00\x00\x00\x00", "", "framebuffer"},
		"billions of pixels":      {"RFB 003.008\n\x01\x01\x00\x00\x00\x00\xFF\xFF\xFF\xFF" + string(Native.append(nil)) + "\x00\x00\x00\x00", "", "framebuffer"},
		"another protocol":        {"HTTP/1.1 400\r\n", "", "version"},
		"cut in the middle":       {"RFB 003.008\n\x01\x01\x00\x00", "", "unexpected EOF"},
		"silence after a version": {"RFB 003.008\n", "", "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			login := Login{}
			if tt.password != "" {
				login.Password = []byte(tt.password)
			}
			got, err := Join(strings.NewReader(tt.server), &said, login)
			if tt.fault == "" {
				if err != nil || got.Width != 4 || got.Height != 3 || got.Name != "x" {
					t.Errorf("Join = %+v, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("Join = %v, want %q in it", err, tt.fault)
			}
		})
	}
}

// The answer to a challenge (RFC 6143, §7.2.2), as another implementation of DES
// computes it with the mirrored key 0e 86 ce ce ee f6 4e 26.
func TestVNCAuthentication(t *testing.T) {
	const want = "5645abeb5f1e6475e8feb11beb66ea19"
	for _, password := range []string{"password", "password and what is over eight"} {
		var said bytes.Buffer
		if err := answer(newReader(strings.NewReader("0123456789abcdef")), &said, []byte(password)); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", said.Bytes()); got != want {
			t.Errorf("%q answers %s, want %s", password, got, want)
		}
	}
}

// A server refuses what it does not speak, and says why.
func TestAcceptRefuses(t *testing.T) {
	for name, client := range map[string]string{
		"3.3":               "RFB 003.003\n",
		"VNC password":      "RFB 003.008\n\x02",
		"another protocol":  "GET / HTTP/1.",
		"cut":               "RFB 003.0",
		"cut at the wish":   "RFB 003.008\n\x01",
		"cut at the choice": "RFB 003.008\n",
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			_, err := Accept(struct {
				io.Reader
				io.Writer
			}{strings.NewReader(client), &said}, ServerInit{Width: 4, Height: 3, Format: Native})
			if err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := Accept(nil, ServerInit{}); err == nil {
		t.Error("a desktop without pixels was offered")
	}
}

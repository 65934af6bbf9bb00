package rfb

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// viewer is a client as a ServerReader sees it, beside the picture that it is to
// have.
type viewer struct {
	t     rapid.TB
	now   time.Time
	p     *Framebuffer
	s     *Sender
	wire  bytes.Buffer
	r     *ServerReader
	reads []ServerMessage // what is no update
	last  Update
	out   []byte
}

func newViewer(t rapid.TB, p *Framebuffer, o SenderOptions) *viewer {
	v := &viewer{t: t, now: time.UnixMilli(1), p: p}
	o.Width, o.Height, o.Now = p.Width, p.Height, func() time.Time { return v.now }
	v.s = NewSender(o)
	r, err := NewServerReader(&v.wire, Native, p.Width, p.Height)
	if err != nil {
		t.Fatal(err)
	}
	v.r = r
	return v
}

// pump takes what the server writes and reads it; false when there is nothing.
func (v *viewer) pump() bool {
	v.t.Helper()
	wants := v.s.Wants()
	v.out = v.s.Append(v.out[:0], v.p)
	if wants != (len(v.out) > 0) {
		v.t.Fatalf("Wants = %v, and %d bytes were written", wants, len(v.out))
	}
	v.wire.Write(v.out)
	for v.wire.Len() > 0 || v.r.r.b.Buffered() > 0 {
		m, err := v.r.Next()
		if err != nil {
			v.t.Fatal(err)
		}
		switch m := m.(type) {
		case *Update:
			v.last = *m
		case *Fence:
			v.reads = append(v.reads, &Fence{m.Flags, slices.Clone(m.Payload)})
		default:
			v.reads = append(v.reads, m)
		}
	}
	return wants
}

func (v *viewer) ask(incremental bool) {
	v.s.Handle(&UpdateRequest{incremental, Rect{Width: MaxSide, Height: MaxSide}})
}

// settle asks until nothing comes any more, and waits until JPEGs are replaced.
func (v *viewer) settle() {
	v.t.Helper()
	v.s.Handle(&EnableContinuousUpdates{}) // while they are on, requests for changes do nothing
	for range 10000 {
		v.ask(true)
		if v.pump() {
			continue
		}
		if _, ok := v.s.Later(); !ok {
			return
		}
		v.now = v.now.Add(SenderStill)
	}
	v.t.Fatal("the server never comes to an end")
}

func (v *viewer) same(f PixelFormat) {
	v.t.Helper()
	got := v.r.Framebuffer()
	for y := range min(v.p.Height, got.Height) {
		for x := range min(v.p.Width, got.Width) {
			if want := f.toNative(f.fromNative(v.p.At(x, y))); got.At(x, y) != want {
				v.t.Fatalf("pixel %d,%d is %06x, want %06x", x, y, got.At(x, y), want)
			}
		}
	}
}

// everything is what our own clients say that they understand.
func everything(pixels ...Encoding) *SetEncodings {
	return &SetEncodings{append(pixels, CopyRect, Cursor, ExtendedDesktopSize, DesktopSize, LastRect, QEMUKeys, FencePseudo, ContinuousUpdates)}
}

func paint(t *rapid.T, p *Framebuffer) Rect {
	area := within(t, p)
	seed := rapid.Uint32().Draw(t, "seed")
	if rapid.Bool().Draw(t, "plain") {
		p.Fill(area, seed&0xFFFFFF)
		return area
	}
	for y := area.Y; y < area.Y+area.Height; y++ {
		for x := area.X; x < area.X+area.Width; x++ {
			seed = seed*1664525 + 1013904223
			p.Set(int(x), int(y), seed>>8)
		}
	}
	return area
}

// Whatever order changes, copies, sizes, formats, encodings and requests come in:
// when the picture rests, the client has the same pixels.
func TestSenderBringsTheSamePicture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := newViewer(t, drawn(t), SenderOptions{Keys: true})
		f := Native
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0, 1:
				v.s.Damage(paint(t, v.p))
			case 2, 3:
				from := within(t, v.p)
				x := uint16(rapid.IntRange(0, v.p.Width-int(from.Width)).Draw(t, "to x"))
				y := uint16(rapid.IntRange(0, v.p.Height-int(from.Height)).Draw(t, "to y"))
				v.p.Move(from, x, y)
				v.s.Copied(Rect{x, y, from.Width, from.Height}, from.X, from.Y)
			case 4:
				v.p = drawn(t)
				v.s.Resize(nil, v.p.Width, v.p.Height)
			case 5:
				list := rapid.Permutation([]Encoding{Tight, ZRLE, Raw, CopyRect, DesktopSize, ExtendedDesktopSize, Cursor, QualityLow + 5, CompressionLow}).Draw(t, "encodings")
				v.s.Handle(&SetEncodings{list[:rapid.IntRange(0, len(list)).Draw(t, "known")]})
			case 6:
				if v.wire.Len() > 0 {
					continue
				}
				for v.pump() { // a client changes the format when nothing is on its way
				}
				name := rapid.SampledFrom(slices.Sorted(func(yield func(string) bool) {
					for n := range formats {
						if !yield(n) {
							return
						}
					}
				})).Draw(t, "format")
				f = formats[name]
				v.s.Handle(&SetPixelFormat{f})
				v.r.format = f
				v.ask(false)
			case 7:
				v.s.Handle(&EnableContinuousUpdates{rapid.Bool().Draw(t, "on"), within(t, v.p)})
			case 8:
				v.s.Handle(&UpdateRequest{rapid.Bool().Draw(t, "incremental"), within(t, v.p)})
			case 9:
				v.now = v.now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "ms")) * time.Millisecond)
				v.pump()
			}
		}
		v.settle()
		v.same(f)
		v.s.Handle(everything(Tight)) // and now it can be told the size
		v.settle()
		v.same(f)
		if got := v.r.Framebuffer(); got.Width != v.p.Width || got.Height != v.p.Height {
			t.Fatalf("the client believes in %d × %d of %d × %d", got.Width, got.Height, v.p.Width, v.p.Height)
		}
	})
}

// Two in a row, as the gateway stands between a terminal and a page: the second
// follows what the first one's client read.
func TestSenderFollowsAReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := newViewer(t, drawn(t), SenderOptions{})
		second := newViewer(t, first.r.Framebuffer(), SenderOptions{})
		first.s.Handle(everything(rapid.SampledFrom([][]Encoding{{Raw}, {ZRLE}, {Tight}, {Tight, CompressionLow}}).Draw(t, "near")...))
		second.s.Handle(everything(rapid.SampledFrom([]Encoding{Raw, ZRLE, Tight}).Draw(t, "far")))
		pass := func() bool {
			first.ask(true)
			second.ask(true)
			again := first.pump()
			if again {
				second.p = first.r.Framebuffer()
				second.s.Follow(&first.last, second.p)
				first.last = Update{}
			}
			return second.pump() || again
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				first.s.Damage(paint(t, first.p))
			case 1:
				from := within(t, first.p)
				x := uint16(rapid.IntRange(0, first.p.Width-int(from.Width)).Draw(t, "to x"))
				first.p.Move(from, x, from.Y)
				first.s.Copied(Rect{x, from.Y, from.Width, from.Height}, from.X, from.Y)
			case 2:
				first.p = drawn(t)
				first.s.Resize([]Screen{{ID: 3, Area: first.p.Bounds()}}, first.p.Width, first.p.Height)
			default:
				pass()
			}
		}
		for pass() {
		}
		second.p = first.p
		second.same(Native)
	})
}

func TestSenderTellsWhatItCan(t *testing.T) {
	p := NewFramebuffer(100, 60)
	screens := []Screen{{1, Rect{0, 0, 50, 60}, 0}, {2, Rect{50, 0, 50, 60}, 0}}
	v := newViewer(t, p, SenderOptions{Screens: screens, Keys: true})
	if v.pump() {
		t.Error("something was sent that nobody asked for")
	}
	v.s.Pointer(&Pointer{Shape: NewFramebuffer(8, 2), Mask: make([]byte, MaskSize(8, 2)), HotX: 3, HotY: 1})
	v.s.Handle(everything(Tight))
	v.s.Handle(&Fence{Flags: FenceRequest | FenceSyncNext | 1<<20, Payload: []byte("beat")})
	v.s.Handle(&Fence{Flags: FenceSyncNext, Payload: []byte("an answer")})
	v.pump()
	want := []ServerMessage{
		&Fence{Flags: FenceRequest}, &EndOfContinuousUpdates{}, &Fence{FenceSyncNext, []byte("beat")},
	}
	slices.SortFunc(v.reads[:2], func(a, b ServerMessage) int {
		if _, ok := a.(*Fence); ok {
			return -1
		}
		return 1
	})
	if d := cmp.Diff(want, v.reads, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("said without a request: %s", d)
	}
	v.ask(true)
	v.pump()
	if d := cmp.Diff(screens, v.last.Screens); d != "" {
		t.Errorf("the monitors come first: %s", d)
	}
	v.ask(true)
	v.pump()
	if v.last.Cursor == nil || v.last.Cursor.HotX != 3 || !v.last.Scans || len(v.last.Areas) == 0 {
		t.Errorf("the first picture came with %+v", v.last)
	}
	v.settle()
	v.s.Handle(&SetDesktopSize{Width: 7, Height: 7})
	v.ask(true)
	if !v.pump() || v.r.Framebuffer().Width != 100 {
		t.Error("a wish for another size is not refused")
	}
	v.reads = nil
	v.s.Handle(&EnableContinuousUpdates{true, p.Bounds()})
	v.s.Damage(Rect{1, 1, 1, 1})
	if !v.pump() {
		t.Error("no update comes by itself")
	}
	v.s.Handle(&EnableContinuousUpdates{false, Rect{}})
	v.s.Damage(Rect{1, 1, 1, 1})
	if v.pump(); len(v.reads) != 1 || v.pump() {
		t.Errorf("after the end of continuous updates %v was said", v.reads)
	}
}

// A client that scrolls is sent a copy and the line that is new.
func TestSenderCopies(t *testing.T) {
	p := desktop()
	v := newViewer(t, p, SenderOptions{})
	v.s.Handle(everything(Raw))
	v.settle()
	p.Move(Rect{0, 16, 1280, 1008}, 0, 0)
	v.s.Copied(Rect{0, 0, 1280, 1008}, 0, 16)
	line := Rect{0, 1008, 1280, 16}
	p.Fill(line, 0x123456)
	v.s.Damage(line)
	v.ask(true)
	v.pump()
	v.same(Native)
	if want := []Copy{{0, 0, 16}}; !slices.Equal(v.last.Copies, want) || len(v.out) > 200<<10 {
		t.Errorf("%d bytes with the copies %v", len(v.out), v.last.Copies)
	}
}

// A whole picture is cut, so that what changes meanwhile does not stand behind it;
// what changes all the time starves nothing.
func TestSenderCutsAndGoesRound(t *testing.T) {
	p := desktop()
	v := newViewer(t, p, SenderOptions{})
	v.s.Handle(everything(Raw))
	seen := map[Rect]bool{}
	for range 400 {
		v.s.Damage(Rect{0, 0, 1280, 512}) // a video
		v.ask(true)
		v.pump()
		if len(v.out) > SenderBytes+128*128*4+64 {
			t.Fatalf("an update of %d bytes", len(v.out))
		}
		for _, a := range v.last.Areas {
			seen[a] = true
		}
	}
	if !seen[Rect{1152, 896, 128, 128}] {
		t.Error("the last corner never came")
	}
}

// Where JPEG is wished, what moves comes as JPEG and what rests as it is.
func TestSenderSharpens(t *testing.T) {
	p := desktop()
	v := newViewer(t, p, SenderOptions{})
	v.s.Handle(&SetEncodings{[]Encoding{Tight, QualityLow + 4}})
	photo := Rect{900, 100, 300, 300}
	differs := func() bool {
		for y := 128; y < 384; y++ {
			if !bytes.Equal(p.Row(928, y, 256), v.r.Framebuffer().Row(928, y, 256)) {
				return true
			}
		}
		return false
	}
	for range 40 {
		v.ask(true)
		v.pump()
	}
	if !differs() {
		t.Fatal("no JPEG came")
	}
	if wait, ok := v.s.Later(); !ok || wait <= 0 || v.s.Wants() {
		t.Errorf("Later = %v, %v", wait, ok)
	}
	v.now = v.now.Add(SenderStill - time.Millisecond)
	v.s.Damage(photo) // it moves again
	for range 10 {
		v.ask(true)
		v.pump()
	}
	v.now = v.now.Add(2 * time.Millisecond)
	if v.ask(true); !differs() {
		t.Error("what moves is not JPEG any more")
	}
	v.settle()
	v.same(Native)
}

// The hot path of a server: a small change to a client that waits.
func TestSenderCostsNoAllocation(t *testing.T) {
	p := desktop()
	for _, list := range [][]Encoding{{Raw, CopyRect}, {Tight, CopyRect}, {Tight, CompressionLow, CopyRect}, {ZRLE, CopyRect}} {
		s := NewSender(SenderOptions{Width: p.Width, Height: p.Height})
		s.Handle(&SetEncodings{list})
		s.Handle(&EnableContinuousUpdates{true, p.Bounds()})
		var b []byte
		for s.Wants() {
			b = s.Append(b[:0], p)
		}
		request, area := &UpdateRequest{true, p.Bounds()}, []Rect{{40, 40, 300, 20}}
		if n := testing.AllocsPerRun(50, func() {
			s.Handle(request)
			s.Damage(area...)
			s.Copied(Rect{0, 0, 400, 400}, 0, 16)
			b = s.Append(b[:0], p)
		}); n != 0 {
			t.Errorf("encodings %v: %v allocations", list, n)
		}
	}
}

// Whatever a client says, nothing panics and what is written can be read.
func FuzzSender(f *testing.F) {
	for _, m := range []ClientMessage{
		&SetPixelFormat{formats["16 bits"]}, everything(Tight, QualityHigh), everything(ZRLE), &UpdateRequest{false, Rect{1, 2, 3, 4}},
		&UpdateRequest{true, Rect{65535, 65535, 65535, 65535}}, &EnableContinuousUpdates{true, Rect{60000, 1, 60000, 3}},
		&Fence{FenceRequest, []byte("f")}, &SetDesktopSize{4, 3, nil}, &KeyEvent{true, 0x61, 30},
	} {
		f.Add((&UpdateRequest{true, Rect{0, 0, 90, 70}}).Append(m.Append(everything(Tight).Append(nil))))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		p := NewFramebuffer(90, 70)
		for i := range 90 * 70 {
			p.Set(i%90, i/90, uint32(i*i))
		}
		v := newViewer(t, p, SenderOptions{Keys: true})
		c := NewClientReader(bytes.NewReader(wire))
		for range 64 {
			m, err := c.Next()
			if err != nil {
				return
			}
			if m, ok := m.(*SetPixelFormat); ok {
				for v.pump() {
				}
				v.r.format = m.Format
			}
			v.s.Handle(m)
			v.s.Copied(Rect{10, 10, 50, 40}, 12, 12)
			p.Move(Rect{12, 12, 50, 40}, 10, 10)
			v.pump()
		}
	})
}

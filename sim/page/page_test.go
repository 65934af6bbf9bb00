package page

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/rfb"
)

var noon = time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)

func still() time.Time { return noon }

// serve runs a page whose clock stands still.
func serve(t *testing.T, c Config) (*Page, string) {
	t.Helper()
	c.Clock = still
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p, l.Addr().String()
}

// viewer is a client of a page.
type viewer struct {
	t    *testing.T
	conn net.Conn
	in   *rfb.ServerReader
	init rfb.ServerInit
	seen []rfb.ServerMessage
}

func view(t *testing.T, address string, encodings ...rfb.Encoding) *viewer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	r := bufio.NewReader(conn)
	v := &viewer{t: t, conn: conn}
	if v.init, err = rfb.Join(r, conn, rfb.Login{Shared: true}); err != nil {
		t.Fatal(err)
	}
	if v.in, err = rfb.NewServerReader(r, rfb.Native, int(v.init.Width), int(v.init.Height)); err != nil {
		t.Fatal(err)
	}
	v.send(&rfb.SetEncodings{Encodings: encodings})
	return v
}

func (v *viewer) send(all ...rfb.ClientMessage) {
	v.t.Helper()
	var b []byte
	for _, m := range all {
		b = m.Append(b)
	}
	if _, err := v.conn.Write(b); err != nil {
		v.t.Fatal(err)
	}
}

// until reads updates until the viewer's picture is the page's.
func (v *viewer) until(p *Page) {
	v.t.Helper()
	want := p.Picture()
	for !same(v.in.Framebuffer(), want) {
		v.send(&rfb.UpdateRequest{Incremental: true, Area: rfb.Rect{Width: rfb.MaxSide, Height: rfb.MaxSide}})
		for {
			m, err := v.in.Next()
			if err != nil {
				v.t.Fatalf("the pictures differ, and then: %v", err)
			}
			if _, is := m.(*rfb.Update); is {
				break
			}
		}
		want = p.Picture()
	}
}

func same(a, b *rfb.Framebuffer) bool {
	if a.Width != b.Width || a.Height != b.Height {
		return false
	}
	if bytes.Equal(a.Pix, b.Pix) {
		return true
	}
	for y := range a.Height {
		x, z := a.Row(0, y, a.Width), b.Row(0, y, b.Width)
		if bytes.Equal(x, z) {
			continue
		}
		for i := range x {
			if i%4 != 3 && x[i] != z[i] {
				return false
			}
		}
	}
	return true
}

// Whatever happens on the page, and whichever way a client likes its pixels, it
// decodes what was drawn.
func TestClientsSeeWhatIsDrawn(t *testing.T) {
	for _, kind := range [][]rfb.Encoding{
		{rfb.Raw}, {rfb.ZRLE, rfb.CopyRect, rfb.DesktopSize}, {rfb.Tight, rfb.CopyRect, rfb.ExtendedDesktopSize, rfb.DesktopSize, rfb.LastRect, rfb.Cursor},
	} {
		t.Run(fmt.Sprint(kind[0]), func(t *testing.T) {
			p, address := serve(t, Config{Width: 640, Height: 480})
			v := view(t, address, kind...)
			v.until(p)
			chance := rand.New(rand.NewPCG(1, uint64(len(kind))))
			for range 16 {
				happens(t, p, chance, len(kind) > 1)
				if chance.IntN(3) == 0 {
					v.until(p)
				}
			}
			v.until(p)
		})
	}
}

// happens lets the page change in one way of many.
func happens(t *testing.T, p *Page, chance *rand.Rand, sizes bool) {
	t.Helper()
	switch chance.IntN(6) {
	case 0, 1:
		for range chance.IntN(4) {
			p.Step(true, false)
		}
	case 2:
		p.Step(false, true)
	case 3:
		p.change(func(m *model) {
			m.key(&rfb.KeyEvent{Down: true, Keysym: 'a' + uint32(chance.IntN(26))})
			m.key(&rfb.KeyEvent{Down: true, Keysym: keyReturn})
		})
	case 4:
		p.change(func(m *model) {
			m.pointer(&rfb.PointerEvent{Buttons: uint8(chance.IntN(2)), X: uint16(chance.IntN(600)), Y: uint16(chance.IntN(500))})
		})
	case 5:
		if sizes && chance.IntN(3) == 0 {
			if err := p.Resize(640+chance.IntN(64), 480+chance.IntN(64)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// eventually waits until the page says what it should.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-late.C:
			t.Fatal("did not come true: " + what)
		case <-tick.C:
		}
	}
}

// Keys are shown while they are held, also when their client goes away; what was
// typed and pasted is told, and the kanji of a paste arrive whole.
func TestKeysClicksAndPaste(t *testing.T) {
	p, address := serve(t, Config{})
	v := view(t, address, rfb.Tight, rfb.ExtendedClipboard, rfb.QEMUKeys)
	key := func(keysym, scan uint32, down bool) *rfb.KeyEvent {
		return &rfb.KeyEvent{Down: down, Keysym: keysym, Scan: scan}
	}
	v.send(key('a', 0x1E, true), key('a', 0x1E, false), key(0xA5, 0x7D, true), key(0xA5, 0x7D, false), key(0x0100706B, 0, true), key(0x0100706B, 0, false))
	eventually(t, "typed", func() bool { return p.Typed() == "a¥火" })
	v.send(key(0xFF23, 0x79, true), key(0xFFE1, 0x2A, true), &rfb.PointerEvent{Buttons: 1, X: 20, Y: 220})
	eventually(t, "held", func() bool { return slices.Equal(p.Held(), []string{"変換", "Shift", "ボタン1"}) })
	v.send(key(0xFF23, 0x79, false), key(0, 0x2A, false), &rfb.PointerEvent{X: 20, Y: 220})
	eventually(t, "let go", func() bool { return len(p.Held()) == 0 })
	if got := p.Clicks(); len(got) != 1 || got[0] != (Click{20, 220, 1}) {
		t.Fatalf("clicks %v", got)
	}
	text := "救急車を二台お願いします。髙﨑\n"
	v.send(&rfb.Clipboard{Flags: rfb.ClipProvide | rfb.ClipText, Text: text}, key(keyControlL, 0, true), key('v', 0, true), key('v', 0, false), key(keyControlL, 0, false))
	eventually(t, "pasted", func() bool { return strings.HasSuffix(p.Typed(), text) && p.Clipboard() == text })
	v.send(&rfb.Clipboard{Flags: rfb.ClipNotify})
	eventually(t, "emptied", func() bool { return p.Clipboard() == "" })
	v.send(key('k', 0x25, true))
	eventually(t, "held again", func() bool { return slices.Equal(p.Held(), []string{"k"}) })
	_ = v.conn.Close()
	eventually(t, "the client left", func() bool { return p.Status().Clients == 0 })
	if got := p.Held(); !slices.Equal(got, []string{"k"}) {
		t.Fatalf("after the client went, %v is held: nobody let go of k", got)
	}
}

// What was copied on the page is offered and given to a client that asks.
func TestCopyReachesTheClient(t *testing.T) {
	p, address := serve(t, Config{})
	v := view(t, address, rfb.Raw, rfb.ExtendedClipboard)
	p.change(func(m *model) { m.write([]rune("火災")) })
	v.send(&rfb.KeyEvent{Down: true, Keysym: keyControlL}, &rfb.KeyEvent{Down: true, Keysym: 'c'})
	for {
		m, err := v.in.Next()
		if err != nil {
			t.Fatal(err)
		}
		clip, is := m.(*rfb.Clipboard)
		switch {
		case is && clip.Flags&rfb.ClipNotify != 0 && clip.Flags&rfb.ClipCaps == 0:
			v.send(&rfb.Clipboard{Flags: rfb.ClipRequest | rfb.ClipText})
		case is && clip.Flags&rfb.ClipProvide != 0 && clip.Flags&rfb.ClipCaps == 0:
			if clip.Text != "火災" {
				t.Fatalf("the clipboard is %q", clip.Text)
			}
			return
		}
	}
}

// Every fault is what its name says, for a client that reads as ours does.
func TestFaults(t *testing.T) {
	breaks := []Fault{BadVersion, Lengths, Huge, Outside, BadCursor, BigText, Unknown}
	silent := []Fault{Mute, Silence, Drip}
	for _, f := range Faults() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			_, address := serve(t, Config{Fault: f})
			err := suffer(t, address)
			var broken *rfb.Error
			var late net.Error
			switch {
			case slices.Contains(breaks, f) && !errors.As(err, &broken):
				t.Errorf("%v, want a broken protocol", err)
			case slices.Contains(silent, f) && (!errors.As(err, &late) || !late.Timeout()):
				t.Errorf("%v, want silence", err)
			case f == Torn && !errors.Is(err, io.ErrUnexpectedEOF):
				t.Errorf("%v, want an end within a rectangle", err)
			case f == Endless && err != nil && !errors.As(err, &broken) && !errors.As(err, &late):
				t.Errorf("%v, want an update without end", err)
			}
		})
	}
}

// suffer reads from a page until it fails, for at most a little while.
func suffer(t *testing.T, address string) error {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(700 * time.Millisecond))
	r := bufio.NewReader(conn)
	init, err := rfb.Join(r, conn, rfb.Login{})
	if err != nil {
		return err
	}
	in, err := rfb.NewServerReader(r, rfb.Native, int(init.Width), int(init.Height))
	if err != nil {
		return err
	}
	ask := (&rfb.SetEncodings{Encodings: []rfb.Encoding{rfb.ZRLE, rfb.DesktopSize, rfb.LastRect, rfb.Cursor}}).Append(nil)
	if _, err := conn.Write((&rfb.UpdateRequest{Area: rfb.Rect{Width: 64, Height: 64}}).Append(ask)); err != nil {
		return err
	}
	for range 100 {
		if _, err := in.Next(); err != nil {
			return err
		}
	}
	return nil
}

// A fault comes after the honest updates that were asked for.
func TestFaultAfter(t *testing.T) {
	p, address := serve(t, Config{Fault: Torn, After: 3})
	v := view(t, address, rfb.Raw)
	for updates := 0; ; {
		v.send(&rfb.UpdateRequest{Area: rfb.Rect{Width: 64, Height: 64}})
		m, err := v.in.Next()
		if errors.Is(err, io.ErrUnexpectedEOF) && updates == 3 {
			return
		}
		if err != nil {
			t.Fatalf("after %d updates: %v", updates, err)
		}
		if _, is := m.(*rfb.Update); is {
			updates++
		}
		p.Step(true, true)
	}
}

func TestStatusAndLoadOverHTTP(t *testing.T) {
	p, address := serve(t, Config{Load: Quiet})
	h := p.Handler()
	get := func(method, url string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, url, nil))
		return w
	}
	view(t, address, rfb.Raw)
	eventually(t, "one client", func() bool { return p.Status().Served == 1 })
	var s Status
	if err := json.Unmarshal(get("GET", "/status").Body.Bytes(), &s); err != nil || s.Width != 1280 || s.Height != 1024 || s.Held == nil {
		t.Fatalf("%+v, %v", s, err)
	}
	if code := get("POST", "/load?to=busy").Code; code != 204 {
		t.Fatalf("load: %d", code)
	}
	before := p.Picture()
	eventually(t, "the page moves", func() bool { return !same(before, p.Picture()) })
	if code := get("POST", "/load?to=none").Code; code != 400 {
		t.Fatalf("a load that there is not: %d", code)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []Config{{Width: 100, Height: 100}, {Width: 30000, Height: 1000}, {Monitors: 17}, {Load: "much"}, {Fault: "none"}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

// The web app's own font has what a service's page says.
func TestPlainFonts(t *testing.T) {
	const folder = "../../ui/node_modules/@fontsource/biz-udgothic/files"
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the packages of the web app are not here")
	}
	fonts, err := ReadFonts(os.DirFS(folder), "biz-udgothic-latin-400-normal.woff", "biz-udgothic-japanese-400-normal.woff")
	if err != nil {
		t.Fatal(err)
	}
	l := newLetters(fonts)
	for _, r := range "通報一覧救急例示高崎A9¥|_@^:~" {
		if _, ok := l.face(r, 20); !ok {
			t.Errorf("no letter %c", r)
		}
	}
}

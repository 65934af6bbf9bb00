package bench

import (
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"github.com/matoi119/matoi/internal/agent/capture/xvfbtest"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/sim/page"
)

// source is a screen that says what is held on it.
type source struct {
	name   string
	screen string // as the terminal's command names it
	held   func() bool
}

func builtIn(b testing.TB) source {
	display := xvfbtest.Start(b, 640, 480)
	c, err := xgb.NewConnDisplay(display)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	return source{"X11, built in", "x11" + display, func() bool {
		k, err := xproto.QueryKeymap(c).Reply()
		return err == nil && fmt.Sprint(k.Keys) != fmt.Sprint(make([]byte, 32))
	}}
}

func simulated(b testing.TB) source {
	p, err := page.New(page.Config{Width: 640, Height: 480})
	if err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- p.Serve(b.Context(), l) }() // its context ends before the benchmark's cleanups
	b.Cleanup(func() { <-done })
	return source{"simulated, by VNC", "vnc:" + l.Addr().String(), func() bool { return len(p.Held()) > 0 }}
}

// causes end the pressing of a key.
var causes = []struct {
	name string
	end  func(testing.TB, *door, *glance)
}{
	{"key released", func(b testing.TB, _ *door, g *glance) { g.put(b, nil, &rfb.KeyEvent{Keysym: 'a', Scan: 0x1E}) }},
	{"screen given back", func(b testing.TB, d *door, _ *glance) { giveBack(b, d.site.consoles[0]) }},
	{"page closed", func(_ testing.TB, _ *door, g *glance) { go g.conn.Close(websocket.StatusGoingAway, "") }},
	{"connection cut", func(_ testing.TB, _ *door, g *glance) { _ = g.conn.CloseNow() }},
	{"page silent (console off)", func(_ testing.TB, _ *door, g *glance) { g.mute.Store(true) }},
	{"server killed", func(_ testing.TB, d *door, _ *glance) { d.site.server.kill() }},
	{"terminal's agent killed", func(_ testing.TB, d *door, _ *glance) { d.site.terminal.kill() }},
	{"guardian killed", func(_ testing.TB, d *door, _ *glance) {
		for _, pid := range tree([]int{d.site.terminal.cmd.Process.Pid})[1:] {
			if p, err := os.FindProcess(pid); err == nil {
				_ = p.Kill()
			}
		}
	}},
}

// BenchmarkScreenLetGo measures how long a key stays down after whatever ended its
// pressing.
func BenchmarkScreenLetGo(b *testing.B) {
	t := Table{Title: "Until every key is up", Heads: []string{"cause", "source", "ms, median of 3", "most"}}
	for _, cause := range causes {
		for _, of := range []func(testing.TB) source{builtIn, simulated} {
			var times []float64
			var name string
			for range 3 {
				b.Run("round", func(b *testing.B) {
					s := of(b)
					name = s.name
					times = append(times, letGo(b, s, cause.end))
				})
			}
			m := Median(times)
			t.Row(cause.name, name, m, times[len(times)-1])
		}
	}
	t.Note("From the cause until the display (or the simulated page) holds nothing, asked every millisecond.")
	print(b, &t)
}

func letGo(b testing.TB, s source, end func(testing.TB, *door, *glance)) float64 {
	b.Helper()
	d := product(b, "Matoi", s.screen)
	g := look(b, d)
	defer g.close()
	g.whole(b)
	go g.beat()
	until := func(held bool) {
		for late := time.Now().Add(10 * time.Second); s.held() != held; <-time.After(time.Millisecond) {
			if time.Now().After(late) {
				b.Fatalf("held is still %t", !held)
			}
		}
	}
	g.put(b, nil, &rfb.KeyEvent{Down: true, Keysym: 'a', Scan: 0x1E})
	until(true)
	began := time.Now()
	end(b, d, g)
	until(false)
	return ms(began)
}

// beat says that somebody still holds a key, as the page does.
func (g *glance) beat() {
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for !g.mute.Load() {
		g.send.Lock()
		err := g.conn.Write(g.ctx, websocket.MessageText, []byte(`{"type":"beat"}`))
		g.send.Unlock()
		if err != nil {
			return
		}
		<-t.C
	}
}

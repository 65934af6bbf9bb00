package guardian

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/agent/capture/xvfbtest"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif/open1"
)

// victimDisplay names the variable that makes this test binary an agent with the
// screen of that display.
const victimDisplay = "MATOI_TEST_AGENT_DISPLAY"

// runVictim is an agent's half in a process of its own. It prints its address and
// runs until it is killed.
func runVictim(display string) {
	k := NewKeeper(Config{Source: Source{Kind: KindX11, Address: display, Monitor: -1}, Self: os.Args[0]})
	go k.Run(context.Background())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println("ws://" + l.Addr().String())
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, err := open1.AcceptScreen(w, r); err == nil {
			k.Serve(context.Background(), conn)
		}
	}))
}

// beats says every 50 ms that it holds, until it is stopped.
func (c *client) beats() (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
				_, _ = sends{c.ws}.Write((&rfb.Fence{Flags: rfb.FenceRequest, Payload: []byte("beat")}).Append(nil)) // it may be cut
			}
		}
	}()
	return sync.OnceFunc(func() { close(over); <-done })
}

// cause is one way in which the line between an operator and a display ends.
type cause struct {
	name string
	cut  func(t *testing.T, h *headquarters, c *client, victim *exec.Cmd)
}

var causes = []cause{
	{"silence", func(*testing.T, *headquarters, *client, *exec.Cmd) {}},
	{"connection reset", func(t *testing.T, _ *headquarters, c *client, _ *exec.Cmd) {
		if err := c.tcp.SetLinger(0); err != nil {
			t.Error(err)
		}
		_ = c.tcp.Close()
	}},
	{"a newer connection", func(_ *testing.T, h *headquarters, _ *client, _ *exec.Cmd) { h.connect() }},
	{"guardian killed", func(t *testing.T, h *headquarters, _ *client, _ *exec.Cmd) { kill(t, h.serving().pid) }},
	{"agent killed", func(t *testing.T, _ *headquarters, _ *client, victim *exec.Cmd) {
		kill(t, victim.Process.Pid)
		_ = victim.Wait()
	}},
}

func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Errorf("kill -9 %d: %v", pid, err)
	}
}

// serving is the guardian that serves.
func (h *headquarters) serving() *process {
	h.k.mu.Lock()
	defer h.k.mu.Unlock()
	return h.k.link.guardian
}

// Whatever ends it, every key and button of a real display is up within 200 ms; as
// X knows them, not as we do. A machine under load gets three attempts for the time,
// and none for anything that stays down.
func TestEverythingIsUpOnARealDisplay(t *testing.T) {
	duty(t, "S3-1-2-2")
	display := xvfbtest.Start(t, 320, 240)
	state := xvfbtest.Watch(t, display)
	for _, why := range causes {
		t.Run(why.name, func(t *testing.T) { upInTime(t, Source{Kind: KindX11, Address: display, Monitor: -1}, state, why) })
	}
}

// The same behind installed VNC servers of three kinds.
func TestEverythingIsUpBehindInstalledServers(t *testing.T) {
	duty(t, "S3-1-2-2")
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			display, address := start(t)
			state := xvfbtest.Watch(t, display)
			source := Source{Kind: KindVNC, Address: address, Monitor: -1, Dir: t.TempDir()}
			for _, why := range []cause{causes[0], causes[3]} { // the others are the agent's doing and the same
				t.Run(why.name, func(t *testing.T) { upInTime(t, source, state, why) })
			}
		})
	}
}

func upInTime(t *testing.T, source Source, state *xvfbtest.State, why cause) {
	var took time.Duration
	for range 3 {
		if took = upAfter(t, source, state, why); took <= 200*time.Millisecond {
			t.Logf("all is up after %v", took.Round(time.Millisecond))
			return
		}
	}
	t.Errorf("all was up after %v only, three times", took)
}

// servers show a display by VNC on loopback, as terminals have them installed.
var servers = map[string]func(t *testing.T) (display, address string){
	"Xvnc": func(t *testing.T) (display, address string) {
		address, port := freePort(t)
		display = xvfbtest.StartAs(t, "Xvnc", "-displayfd", "3", "-geometry", "320x240", "-depth", "24", "-SecurityTypes", "None", "-localhost", "-AlwaysShared", "-rfbport", port)
		answers(t, address)
		return display, address
	},
	"x0vncserver": func(t *testing.T) (display, address string) {
		display = xvfbtest.Start(t, 320, 240)
		return display, shown(t, "X0tigervnc", func(port string) []string {
			return []string{"-display", display, "-rfbport", port, "-SecurityTypes", "None", "-localhost", "-AlwaysShared"}
		})
	},
	"x11vnc": func(t *testing.T) (display, address string) {
		display = xvfbtest.Start(t, 320, 240)
		return display, shown(t, "x11vnc", func(port string) []string {
			return []string{"-display", display, "-rfbport", port, "-nopw", "-localhost", "-shared", "-forever", "-noipv6", "-nolookup", "-quiet"}
		})
	},
}

// shown starts a server until the end of the test.
func shown(t *testing.T, program string, args func(port string) []string) (address string) {
	t.Helper()
	address, port := freePort(t)
	cmd := exec.Command(program, args(port)...)
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s (make setup installs it): %v", program, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	answers(t, address)
	return address
}

func freePort(t *testing.T) (address, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return l.Addr().String(), port
}

func answers(t *testing.T, address string) {
	t.Helper()
	until(t, "an answer of "+address, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

func upAfter(t *testing.T, source Source, state *xvfbtest.State, why cause) time.Duration {
	h, victim := &headquarters{t: t}, (*exec.Cmd)(nil)
	if why.name == "agent killed" {
		victim = exec.Command(os.Args[0], "-test.run=^$")
		victim.Env = append(os.Environ(), victimDisplay+"="+source.Address)
		out, err := victim.StdoutPipe()
		if err == nil {
			err = victim.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatalf("the agent did not start: %q, %v", line, err)
		}
		h.url = strings.TrimSpace(line)
	} else {
		h = newHeadquarters(t, Config{Source: source, Self: os.Args[0]})
		defer h.stop()
	}
	c := h.dial()
	stop := c.beats()
	defer stop()
	if victim == nil { // the next guardian waits, as it does half a second after the first one
		until(t, "a successor", func() bool {
			h.k.mu.Lock()
			defer h.k.mu.Unlock()
			return h.k.warm != nil && h.k.warm.seen()
		})
	}
	c.say(&rfb.KeyEvent{Down: true, Keysym: 0xFFE3, Scan: 0x1D}, &rfb.KeyEvent{Down: true, Keysym: 'a', Scan: 0x1E}, &rfb.PointerEvent{Buttons: 0b101, X: 30, Y: 40})
	until(t, "the press", func() bool { keys, buttons := state.Down(); return keys == 2 && buttons == 2 })
	if why.name == "silence" {
		stop()
		c.say(&rfb.Fence{Flags: rfb.FenceRequest, Payload: []byte("last")})
	}
	began := time.Now()
	why.cut(t, h, c, victim)
	until(t, "everything up", func() bool { keys, buttons := state.Down(); return keys == 0 && buttons == 0 })
	return time.Since(began)
}

// What is on a real display reaches the headquarters, and what is typed reaches
// the display.
func TestRealDisplay(t *testing.T) {
	duty(t, "S3-1-2-1")
	display := xvfbtest.Start(t, 640, 480, "-br")
	h := newHeadquarters(t, Config{Source: Source{Kind: KindX11, Address: display, Monitor: -1}, Self: os.Args[0]})
	c := h.dial()
	n := c.hears(open1.ScreenSource)
	if n.Source != "x11" || n.ScanCodes != open1.Yes || n.LocalUse != open1.Yes || len(n.Monitors) != 1 || n.Monitors[0].Width != 640 {
		t.Errorf("the source says %+v", n)
	}
	until(t, "the first picture", func() bool { return c.at(639, 479) == 0 })
	state := xvfbtest.Watch(t, display)
	state.Paint(0x00AA55)
	until(t, "what was painted", func() bool { return c.at(320, 240) == 0x00AA55 })
	kill(t, h.serving().pid)
	if err := <-c.lost; err == nil {
		t.Error("the connection outlives its guardian")
	}
	again := h.dial()
	until(t, "the picture of the next guardian", func() bool { return again.at(320, 240) == 0x00AA55 })
}

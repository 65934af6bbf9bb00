package capture

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/agent/capture/xvfbtest"
	"github.com/matoi119/matoi/rfb"
)

// server is an installed VNC server, and the display that it shows.
type server struct {
	t       *testing.T
	name    string
	display string
	address string
	notes   string // directory
	args    func(port string) []string
	cmd     *exec.Cmd
}

// servers are those that headquarters' terminals have on Linux: a display of its
// own, and two that show a display that is there.
var servers = map[string]func(t *testing.T) *server{
	"Xvnc": func(t *testing.T) *server {
		s := &server{t: t, name: "Xvnc"}
		s.display = xvfbtest.StartAs(t, "Xvnc", "-displayfd", "3", "-geometry", "640x480", "-depth", "24", "-SecurityTypes", "None", "-localhost", "-AlwaysShared", "-rfbport", s.port())
		return s
	},
	"x0vncserver": func(t *testing.T) *server {
		s := &server{t: t, name: "X0tigervnc", display: xvfbtest.Start(t, 640, 480)}
		s.args = func(port string) []string {
			return []string{"-display", s.display, "-rfbport", port, "-SecurityTypes", "None", "-localhost", "-AlwaysShared"}
		}
		s.start()
		return s
	},
	"x11vnc": func(t *testing.T) *server {
		s := &server{t: t, name: "x11vnc", display: xvfbtest.Start(t, 640, 480)}
		s.args = func(port string) []string {
			return []string{"-display", s.display, "-rfbport", port, "-nopw", "-localhost", "-shared", "-forever", "-noipv6", "-nolookup", "-quiet"}
		}
		s.start()
		return s
	},
}

// port is one that nobody listens on.
func (s *server) port() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(s.t, err)
	defer l.Close()
	s.address = l.Addr().String()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func (s *server) start() {
	s.t.Helper()
	port := ""
	if s.address == "" {
		port = s.port()
	} else {
		_, port, _ = net.SplitHostPort(s.address)
	}
	s.cmd = exec.Command(s.name, s.args(port)...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start %s (make setup installs it): %v", s.name, err)
	}
	s.t.Cleanup(s.stop)
	s.answers()
}

func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *server) answers() {
	s.t.Helper()
	soon(s.t, 10*time.Second, s.name+" answers", func() bool {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

func (s *server) open() *VNC {
	s.t.Helper()
	v, err := OpenVNC(context.Background(), s.address, nil, s.notes)
	check(s.t, err)
	s.t.Cleanup(func() { check(s.t, v.Close()) })
	return v
}

func eachServer(t *testing.T, test func(t *testing.T, s *server, on *stage)) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.notes = t.TempDir()
			s.answers()
			test(t, s, stageOn(t, s.display))
		})
	}
}

// shows waits until a pixel of the source has a colour.
func shows(t *testing.T, v Screen, fb **rfb.Framebuffer, x, y int, colour uint32) {
	t.Helper()
	soon(t, 10*time.Second, "the colour", func() bool {
		if _, err := v.Capture(*fb); errors.Is(err, ErrResized) {
			d := v.Desktop()
			*fb = rfb.NewFramebuffer(d.Width, d.Height)
		} else if err != nil && !errors.Is(err, ErrAway) {
			t.Fatal(err)
		}
		return (*fb).At(x, y) == colour
	})
}

// What is drawn behind an installed server is seen, and what is pressed arrives.
func TestInstalledServerIsSeenAndOperated(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server, on *stage) {
		v := s.open()
		fb := rfb.NewFramebuffer(640, 480)
		for i := range uint16(20) {
			colour := uint32(i+1) * 0x0A0B0C
			on.draw(rfb.Rect{X: 30 * i, Y: 20 * i, Width: 25, Height: 15}, colour)
			shows(t, v, &fb, int(30*i+24), int(20*i+14), colour)
		}
		t.Logf("%s: %+v, %+v", s.name, v.Abilities(), v.Desktop())
		check(t, hold(v))
		soon(t, 10*time.Second, "what was pressed is down", func() bool { keys, buttons := on.down(); return keys == 2 && buttons == 1<<8 })
		check(t, v.LetGo())
		on.by(letGo)
	})
}

// letGo is how soon everything has to be up, whatever ended.
const letGo = 200 * time.Millisecond

// The table of stuck input, for an installed server: it does not release by
// itself, so we do, by each way in which a source can end.
func TestInstalledServerLetsGo(t *testing.T) {
	duty(t, "S3-1-2-2")
	eachServer(t, func(t *testing.T, s *server, on *stage) {
		held := func(v *VNC) {
			t.Helper()
			check(t, hold(v))
			soon(t, 10*time.Second, "what was pressed is down", func() bool { keys, buttons := on.down(); return keys == 2 && buttons == 1<<8 })
		}
		v := s.open()
		held(v)
		check(t, v.LetGo())
		on.by(letGo)
		held(v)
		check(t, v.Close())
		on.by(letGo)
		v = s.open()
		held(v)
		// Our connection dies; the next one, made by itself, begins by letting go.
		began := time.Now()
		v.out.mu.Lock()
		_ = v.out.conn.(*net.TCPConn).SetLinger(0)
		_ = v.out.conn.Close()
		v.out.mu.Unlock()
		on.by(2 * time.Second)
		t.Logf("after a reset: %s", time.Since(began))
		// A process that pressed is killed; the next one is told to begin.
		killed(t, "vnc "+s.address, s.notes)
		v = s.open()
		check(t, v.ReleaseLeftovers())
		on.by(letGo)
		if s.args == nil { // its display goes with it
			return
		}
		// The server is killed with keys down and started again.
		held(v)
		s.stop()
		soon(t, 10*time.Second, s.name+" is missed", v.out.away)
		s.start()
		soon(t, 10*time.Second, s.name+" is back", func() bool { return !v.out.away() })
		on.by(10 * time.Second) // the server itself takes its time
	})
}

// Text with kanji goes through a server that has a Unicode clipboard, both ways;
// one that has not refuses it whole.
func TestInstalledServersClipboard(t *testing.T) {
	eachServer(t, func(t *testing.T, s *server, on *stage) {
		v := s.open()
		text := texts["kanji"]
		switch err := v.SetClipboard(text); s.name {
		case "Xvnc":
			check(t, err)
			soon(t, 10*time.Second, "the text there", func() bool { return on.paste("-target", "UTF8_STRING") == text })
			on.copied(text + "！")
			soon(t, 10*time.Second, "the text here", func() bool {
				got, changed, err := v.Clipboard()
				check(t, err)
				return changed && got == text+"！"
			})
		case "x11vnc":
			if !errors.Is(err, ErrUnsupported) || v.Abilities().Clipboard {
				t.Errorf("took kanji that it cannot carry: %v, %+v", err, v.Abilities())
			}
		}
	})
}

// A server of another machine is refused by name, before anything is sent to it.
func TestOnlyThisMachine(t *testing.T) {
	for _, address := range []string{"192.0.2.7:5900", "terminal-2.example:5900", "[2001:db8::1]:5900", "0.0.0.0:5900", "localhost.example:5900"} {
		host, _, _ := net.SplitHostPort(address)
		if _, err := OpenVNC(context.Background(), address, nil, ""); err == nil || !strings.Contains(err.Error(), host) {
			t.Errorf("%s: %v", address, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := OpenVNC(ctx, "127.0.0.1:1", nil, ""); err == nil {
		t.Error("a server that is not there was opened")
	}
}

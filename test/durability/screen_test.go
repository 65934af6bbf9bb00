package durability

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/internal/agent/capture/xvfbtest"
	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/rfb"
)

// shown is a terminal with a screen of its own: a real display, and what shows it.
type shown struct {
	*site
	source string // as the table names it
	flag   string // --screen
	id     string
	dir    string
	face   string
	intake string
	state  *xvfbtest.State
	run    *process
}

// sources are those of standard-interface 5.2: our own capture, and three servers
// that are installed already.
var sources = []string{"x11", "Xvnc", "x0vncserver", "x11vnc"}

func newShown(s *site, h *app.House, source string) *shown {
	s.Helper()
	id := "t-" + strings.ToLower(source)
	v := &shown{site: s, source: source, id: id, dir: filepath.Join(s.dir, id), face: free(s.T), intake: free(s.T)}
	display := v.display()
	v.state = xvfbtest.Watch(s.T, display)
	c := app.TerminalConfig{Dir: v.dir, ID: id, Name: id, Intake: v.intake, Face: v.face, Version: "test", Reserve: s.spoolReserve, Log: quiet()}
	s.enrol(h, c)
	return v
}

// display starts the source and says how the terminal reaches it.
func (v *shown) display() string {
	v.Helper()
	_, port, err := net.SplitHostPort(free(v.T))
	if err != nil {
		v.Fatal(err)
	}
	v.flag = "vnc:127.0.0.1:" + port
	switch v.source {
	case "x11":
		display := xvfbtest.Start(v.T, 640, 480)
		v.flag = "x11:" + display
		return display
	case "Xvnc":
		return xvfbtest.StartAs(v.T, "Xvnc", "-displayfd", "3", "-geometry", "640x480", "-depth", "24", "-SecurityTypes", "None", "-localhost", "-AlwaysShared", "-rfbport", port)
	case "x0vncserver":
		display := xvfbtest.Start(v.T, 640, 480)
		v.serve("X0tigervnc", "-display", display, "-rfbport", port, "-SecurityTypes", "None", "-localhost", "-AlwaysShared")
		return display
	}
	display := xvfbtest.Start(v.T, 640, 480)
	v.serve("x11vnc", "-display", display, "-rfbport", port, "-nopw", "-localhost", "-shared", "-forever", "-noipv6", "-nolookup", "-quiet")
	return display
}

func (v *shown) serve(program string, args ...string) {
	v.Helper()
	cmd := exec.Command(program, args...)
	if err := cmd.Start(); err != nil {
		v.Fatalf("start %s (make setup installs it): %v", program, err)
	}
	v.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

func (v *shown) start() {
	v.Helper()
	v.run = launch(v.T, v.id, filepath.Join(v.site.dir, v.id+".log"), "terminal", "run", "--data", v.dir,
		"--intake", v.intake, "--face", v.face, "--screen", v.flag, "--reserve", strconv.FormatInt(v.spoolReserve, 10))
	v.run.up(v.T)
}

// glass is a page that holds keys down, over a connection of its own.
type glass struct {
	c    *console
	tcp  net.Conn
	conn *websocket.Conn
	stop context.CancelFunc
	done sync.WaitGroup

	mu  sync.Mutex
	up  bool
	saw bool // a picture

	rest []byte // of a binary message
}

type taken struct {
	Token  int64 `json:"token"`
	Holder struct {
		ConsoleName string `json:"consoleName"`
		PersonName  string `json:"personName"`
	} `json:"holder"`
}

func (c *console) screen(ctx context.Context, terminal, what string, body any) (taken, error) {
	var got taken
	err := c.ask(ctx, http.MethodPost, "/api/v1/terminals/"+terminal+"/screen/"+what, body, &got)
	return got, err
}

var operate = map[string]any{"purpose": "operate"}

// look takes the screen and opens its socket as a page does.
func (c *console) look(t *testing.T, terminal string, token int64) *glass {
	t.Helper()
	g := &glass{c: c}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(c.Authority))
	tr := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"}},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
			g.tcp = conn
			return conn, err
		},
	}
	url := fmt.Sprintf("%s/api/v1/terminals/%s/screen/socket?token=%d&console=%s", strings.Replace(c.Base, "https", "wss", 1), terminal, token, c.Console)
	var err error
	g.conn, _, err = websocket.Dial(t.Context(), url, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: tr}, Subprotocols: []string{"matoi.screen.v1"},
		HTTPHeader: http.Header{"Cookie": {"matoi_console_" + c.Console + "=" + c.Secret + "; matoi_session_" + c.Console + "=" + c.Token}, "Origin": {c.Base}},
	})
	if err != nil {
		t.Fatal(err)
	}
	g.conn.SetReadLimit(64 << 20)
	ctx, stop := context.WithCancel(context.Background())
	g.stop = stop
	g.done.Go(func() { g.read(ctx) })
	g.done.Go(func() { g.beat(ctx) })
	t.Cleanup(func() {
		stop()
		_ = g.conn.CloseNow()
		g.done.Wait()
	})
	until(t, "the screen of "+terminal, 20*time.Second, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.up && g.saw
	})
	return g
}

// Read is the stream of binary messages; texts are taken between.
func (g *glass) Read(b []byte) (int, error) {
	for len(g.rest) == 0 {
		kind, m, err := g.conn.Read(context.Background())
		if err != nil {
			return 0, err
		}
		if kind == websocket.MessageBinary {
			g.rest = m
			continue
		}
		var text struct {
			Type string `json:"type"`
			Up   bool   `json:"up"`
		}
		if json.Unmarshal(m, &text) == nil && text.Type == "link" {
			g.mu.Lock()
			g.up = text.Up
			g.mu.Unlock()
		}
	}
	n := copy(b, g.rest)
	g.rest = g.rest[n:]
	return n, nil
}

func (g *glass) Write(b []byte) (int, error) {
	return len(b), g.conn.Write(context.Background(), websocket.MessageBinary, b)
}

func (g *glass) read(ctx context.Context) {
	in := bufio.NewReader(g)
	init, err := rfb.Join(in, g, rfb.Login{Shared: true})
	if err != nil {
		return
	}
	s, err := rfb.NewServerReader(in, rfb.Native, int(init.Width), int(init.Height))
	if err != nil {
		return
	}
	b := (&rfb.SetEncodings{Encodings: []rfb.Encoding{rfb.Tight, rfb.CopyRect, rfb.ExtendedDesktopSize, rfb.QEMUKeys}}).Append(nil)
	_, _ = g.Write((&rfb.UpdateRequest{Area: rfb.Rect{Width: 0xFFFF, Height: 0xFFFF}}).Append(b))
	for ctx.Err() == nil {
		m, err := s.Next()
		if err != nil {
			return
		}
		if u, ok := m.(*rfb.Update); ok {
			g.mu.Lock()
			g.saw = g.saw || len(u.Areas) > 0
			g.mu.Unlock()
			_, _ = g.Write((&rfb.UpdateRequest{Incremental: true, Area: rfb.Rect{Width: 0xFFFF, Height: 0xFFFF}}).Append(nil))
		}
	}
}

// beat is the page's sign of life, until it stops.
func (g *glass) beat(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if g.conn.Write(context.Background(), websocket.MessageText, []byte(`{"type":"beat"}`)) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// press holds two keys and a button down.
func (v *shown) press(t *testing.T, g *glass) {
	t.Helper()
	b := (&rfb.PointerEvent{X: 50, Y: 60}).Append(nil)
	b = (&rfb.KeyEvent{Down: true, Keysym: 0xFFE1, Scan: 0x2A}).Append(b)
	b = (&rfb.KeyEvent{Down: true, Keysym: 'A', Scan: 0x1E}).Append(b)
	b = (&rfb.PointerEvent{X: 50, Y: 60, Buttons: 1}).Append(b)
	if _, err := g.Write(b); err != nil {
		t.Fatal(err)
	}
	until(t, "two keys and a button are down at "+v.source, 10*time.Second, func() bool {
		keys, buttons := v.state.Down()
		return keys >= 2 && buttons == 1
	})
}

// released measures until nothing is down.
func (v *shown) released(t *testing.T, began time.Time) time.Duration {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if keys, buttons := v.state.Down(); keys+buttons == 0 {
			return time.Since(began)
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%s: something is still down after 10 s", v.source)
		}
		<-tick.C
	}
}

// letGoWithin is the time of standard-interface 5.3, and what a machine that does
// other things at the same time may add in this test. What was measured stands in
// docs/benchmarks.md.
const (
	letGoWithin = 200 * time.Millisecond
	letGoSlack  = 300 * time.Millisecond
)

// times are what was measured, by cause and source.
type times struct {
	mu sync.Mutex
	of map[string]map[string]time.Duration
}

func (m *times) note(t *testing.T, cause, source string, took time.Duration) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of[cause] == nil {
		m.of[cause] = map[string]time.Duration{}
	}
	m.of[cause][source] = took
	if took > letGoWithin+letGoSlack {
		t.Errorf("%s, %s: everything was up after %s", cause, source, took.Round(time.Millisecond))
	}
}

func (m *times) print(t *testing.T) {
	t.Logf("| until every key and button is up, ms | %s |", strings.Join(sources, " | "))
	for _, cause := range append(causeNames(), "agent killed", "server killed") {
		line := "| " + cause
		for _, s := range sources {
			line += fmt.Sprintf(" | %.0f", float64(m.of[cause][s].Microseconds())/1000)
		}
		t.Log(line + " |")
	}
}

// cause is one way in which a grant, or the page that has it, ends.
type cause struct {
	name string
	does func(t *testing.T, s *site, terminal string, g *glass) time.Time // when it began
	free bool                                                             // the lease has ended, or is another's
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func causes() []cause {
	return []cause{
		{"release", func(t *testing.T, s *site, terminal string, _ *glass) time.Time {
			began := time.Now()
			_, err := s.consoles[0].screen(t.Context(), terminal, "release", map[string]any{})
			must(t, err)
			return began
		}, true},
		{"hand-over", func(t *testing.T, s *site, terminal string, _ *glass) time.Time {
			_, err := s.consoles[0].screen(t.Context(), terminal, "offer", map[string]any{"consoleId": s.consoles[1].Console})
			must(t, err)
			began := time.Now()
			_, err = s.consoles[1].screen(t.Context(), terminal, "accept", map[string]any{})
			must(t, err)
			return began
		}, true},
		{"preemption", func(t *testing.T, s *site, terminal string, _ *glass) time.Time {
			began := time.Now()
			_, err := s.consoles[2].screen(t.Context(), terminal, "preempt", map[string]any{"purpose": "view", "reason": "応答がない"})
			must(t, err)
			return began
		}, true},
		{"socket closed", func(_ *testing.T, _ *site, _ string, g *glass) time.Time {
			began := time.Now()
			go func() { _ = g.conn.Close(websocket.StatusNormalClosure, "") }()
			return began
		}, false},
		{"TCP reset", func(t *testing.T, _ *site, _ string, g *glass) time.Time {
			began := time.Now()
			if tcp, ok := g.tcp.(*net.TCPConn); ok {
				must(t, tcp.SetLinger(0))
			}
			_ = g.tcp.Close()
			return began
		}, false},
		{"page silent", func(_ *testing.T, _ *site, _ string, g *glass) time.Time {
			g.stop() // no beat any more; the connection stays
			return time.Now()
		}, false},
	}
}

func causeNames() (out []string) {
	for _, c := range causes() {
		out = append(out, c.name)
	}
	return out
}

// hold has the first console take a screen and press something there.
func (v *shown) hold(t *testing.T) *glass {
	t.Helper()
	got, err := v.consoles[0].screen(t.Context(), v.id, "take", operate)
	must(t, err)
	g := v.consoles[0].look(t, v.id, got.Token)
	v.press(t, g)
	return g
}

// free gives a screen back, whoever has it.
func (v *shown) giveBack(t *testing.T) {
	t.Helper()
	for _, c := range v.consoles {
		_, _ = c.screen(t.Context(), v.id, "release", map[string]any{}) // one of them holds it
	}
}

// Whatever ends it, every key and button is up at the terminal within 200 ms, for
// every source of a screen: real displays, real processes, the real wire.
func TestEverythingIsUp(t *testing.T) {
	duty(t, "S3-1-2-2")
	s := newSite(t, 2)
	h, err := app.OpenHouse(t.Context(), s.house())
	must(t, err)
	s.consoles = append(s.consoles, s.seatAs(h, 2, staff.Supervisor))
	var all []*shown
	for _, source := range sources {
		all = append(all, newShown(s, h, source))
	}
	must(t, h.Close())
	s.startServer()
	s.server.up(t)
	t.Cleanup(func() {
		for _, log := range []string{"server", all[0].id} {
			if t.Failed() {
				t.Logf("%s: %s", log, tail(filepath.Join(s.dir, log+".log")))
			}
		}
	})
	m := &times{of: map[string]map[string]time.Duration{}}
	for _, v := range all {
		v.start()
	}
	t.Run("causes", func(t *testing.T) {
		for _, v := range all {
			t.Run(v.source, func(t *testing.T) { v.endings(t, m) })
		}
	})
	if os.Getenv("MATOI_SOAK") != "" {
		expire(t, all, m)
	}
	for _, v := range all {
		v.hold(t)
	}
	began := time.Now()
	s.server.kill()
	for _, v := range all {
		m.note(t, "server killed", v.source, v.released(t, began))
	}
	m.print(t)
}

// endings lets every cause happen at one source, and kills its agent at the end.
func (v *shown) endings(t *testing.T, m *times) {
	for _, c := range causes() {
		g := v.hold(t)
		m.note(t, c.name, v.source, v.released(t, c.does(t, v.site, v.id, g)))
		v.giveBack(t)
	}
	v.hold(t)
	began := time.Now()
	v.run.kill()
	m.note(t, "agent killed", v.source, v.released(t, began))
	v.giveBack(t)
	v.start()
}

// expire lets pages beat that never renew their lease: it ends after 30 s.
func expire(t *testing.T, all []*shown, m *times) {
	began := make([]time.Time, len(all))
	for i, v := range all {
		v.hold(t)
		began[i] = time.Now()
	}
	for i, v := range all {
		until(t, v.source+" is free", time.Minute, func() bool { keys, _ := v.state.Down(); return keys == 0 })
		if held := time.Since(began[i]); held < 25*time.Second {
			t.Errorf("%s: it ended after %s", v.source, held)
		}
		m.note(t, "expiry", v.source, 0)
	}
}

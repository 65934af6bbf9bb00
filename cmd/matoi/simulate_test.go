package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/sim/intaketest"
	"github.com/matoi119/matoi/sim/page"
)

// paper is what a command prints, for a test that waits for a line of it.
type paper struct {
	mu   sync.Mutex
	text bytes.Buffer
	wake chan struct{}
}

func newPaper() *paper { return &paper{wake: make(chan struct{})} }

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.wake)
	p.wake = make(chan struct{})
	return p.text.Write(b)
}

func (p *paper) wait(t *testing.T, pattern string) []string {
	t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for {
		p.mu.Lock()
		text, wake := p.text.String(), p.wake
		p.mu.Unlock()
		if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
			return m
		}
		select {
		case <-wake:
		case <-late.C:
			t.Fatalf("%q was not printed:\n%s", pattern, text)
		}
	}
}

// simulate runs one command as main does.
func simulate(ctx context.Context, out io.Writer, args ...string) error {
	var cli struct {
		Simulate simulateCommand `cmd:""`
	}
	parser, err := kong.New(&cli, simulateVars(), kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(out, (*io.Writer)(nil)))
	if err != nil {
		return err
	}
	k, err := parser.Parse(append([]string{"simulate"}, args...))
	if err != nil {
		return err
	}
	return k.Run()
}

func credential(t *testing.T) (term *intaketest.Terminal, url, file string) {
	t.Helper()
	term = intaketest.New("secret", "")
	srv := httptest.NewServer(term)
	t.Cleanup(srv.CloseClientConnections)
	t.Cleanup(srv.Close)
	t.Cleanup(srv.CloseClientConnections)
	file = filepath.Join(t.TempDir(), "credential")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return term, srv.URL, file
}

// A story of two services is played to its end, and one that does not come
// true is a failed command.
func TestSimulateServicePlaysAStory(t *testing.T) {
	term, url, file := credential(t)
	story := filepath.Join(t.TempDir(), "story.txt")
	text := "mode test\nat 0s net119 sends kind=ems place=home as R1\nat 0s aacn crashes as A1\nexpect R1 step spooled within 20s\nexpect A1 step spooled within 20s\n"
	for more, fails := range map[string]bool{"": false, "expect R1 closed within 100ms\n": true} {
		if err := os.WriteFile(story, []byte(text+more), 0o600); err != nil {
			t.Fatal(err)
		}
		out := newPaper()
		err := simulate(t.Context(), out, "service", "net119", "--intake", url, "--credential-file", file, "--story", story)
		if (err != nil) != fails {
			t.Fatalf("%q: %v\n%s", more, err, out.text.String())
		}
	}
	if ids := term.IDs(); len(ids) != 4 {
		t.Fatalf("the terminal has %v, want two reports of each run", ids)
	}
}

// The simulated terminal and the simulated headquarters find each other by a
// folder of certificates.
func TestSimulateTerminalAndHeadquarters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certificates")
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	term, hq := newPaper(), newPaper()
	wg.Go(func() { _ = simulate(ctx, term, "terminal", "--certificates", dir, "--every", "1h") })
	address := term.wait(t, `at (127\.0\.0\.1:\d+)`)[1]
	wg.Go(func() {
		_ = simulate(ctx, hq, "headquarters", "--address", address, "--certificates", dir, "--story", "", "--ask", "10ms")
	})
	hq.wait(t, `report\.upsert net119\.example test`)
	hq.wait(t, `data request: 1 answers`)
	stop()
	wg.Wait()
}

func TestSimulateSaysWhatIsWrong(t *testing.T) {
	_, url, file := credential(t)
	for _, args := range [][]string{
		{"service", "net119", "--intake", url},
		{"service", "net119", "--intake", url, "--credential-file", file, "--story", "none"},
		{"service", "voice", "--intake", url, "--credential-file", file},
		{"headquarters", "--address", "127.0.0.1:1"},
		{"headquarters", "--address", "127.0.0.1:1", "--dir", t.TempDir()},
		{"terminal", "--certificates", t.TempDir(), "--manners", "{"},
		{"load", "--service", "http://127.0.0.1:1"},
		{"screen", "--listen", "0.0.0.0:0"},
		{"screen", "--status", "0.0.0.0:0"},
		{"screen", "--size", "large"},
		{"screen", "--fault", "none"},
	} {
		if err := simulate(t.Context(), io.Discard, args...); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

func TestSimulateLoadCountsWithoutConsoles(t *testing.T) {
	_, url, file := credential(t)
	out := newPaper()
	err := simulate(t.Context(), out, "load", "--service", fmt.Sprintf("%s=%s", url, file), "--rate", "20", "--warmup", "0s", "--measure", "200ms", "--drain", "20ms", "--json")
	if err != nil || !strings.Contains(out.text.String(), `"sent":4,"acknowledged":4,"refused":0`) {
		t.Fatalf("%v\n%s", err, out.text.String())
	}
}

// The screen is a VNC server, and its state is told to other processes.
func TestSimulateScreen(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	out := newPaper()
	wg.Go(func() {
		_ = simulate(ctx, out, "screen", "--status", "127.0.0.1:0", "--size", "640x480", "--monitors", "2")
	})
	address, status := out.wait(t, `VNC\): (\S+)`)[1], out.wait(t, `(http://\S+/status)`)[1]
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	init, err := rfb.Join(conn, conn, rfb.Login{})
	if err != nil || init.Width != 1280 || init.Height != 480 {
		t.Fatalf("%+v, %v", init, err)
	}
	if _, err := conn.Write((&rfb.KeyEvent{Down: true, Keysym: 'k'}).Append(nil)); err != nil {
		t.Fatal(err)
	}
	for s := (page.Status{}); s.Typed != "k"; {
		answer, err := http.Get(status)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(json.NewDecoder(answer.Body).Decode(&s), answer.Body.Close(), t.Context().Err()); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	wg.Wait()
}

package journey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/test/duty"
)

var duties = duty.Holds

// act is what a script may ask of the world around its browsers.
type act func(ctx context.Context, in json.RawMessage) (any, error)

// do is an act without words.
func do(f func(context.Context) error) act {
	return func(ctx context.Context, _ json.RawMessage) (any, error) { return nil, f(ctx) }
}

const (
	longest = 4 * time.Minute // for a script that hangs; none takes a quarter of it
	setUp   = "run `make setup`: it installs the browser that journeys drive, and `npm ci` in ui their driver"
)

// browser is Debian's Chromium, or the one that CHROMIUM names.
func browser(t testing.TB) string {
	t.Helper()
	name := os.Getenv("CHROMIUM")
	if name == "" {
		name = "chromium"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("no Chromium: %v; %s", err, setUp)
	}
	return path
}

// scene is a journey before it is played: where failures go, what programs log.
type scene struct {
	t   testing.TB
	dir string // of pictures and logs
	log *slog.Logger

	also  map[string]any  // what a script is given beside the addresses
	media app.MediaConfig // of a house
}

func newScene(t testing.TB) *scene {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is slow")
	}
	dir, err := os.MkdirTemp("", "matoi-journey-")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "programs.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("pictures and logs: %s", dir)
		} else if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return &scene{t: t, dir: dir, log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo}))}
}

// play runs a script to its end. What it is given stands on its standard input.
func (s *scene) play(script string, given map[string]any, acts map[string]act) {
	s.t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		s.t.Fatalf("no Node: %v; %s", err, setUp)
	}
	in, err := json.Marshal(map[string]any{"given": given, "control": s.control(acts), "folder": s.dir, "chromium": browser(s.t)})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", script)
	cmd.Stdin = strings.NewReader(string(in))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // the script closes its browser
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Errorf("%s: %v\n%s", script, errors.Join(err, ctx.Err()), out)
		return
	}
	s.t.Logf("%s", out)
}

// control answers the script: POST /name with JSON.
func (s *scene) control(acts map[string]act) string {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		a, ok := acts[name]
		if !ok {
			http.Error(w, "this journey has no act "+name, http.StatusNotFound)
			return
		}
		var in json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out, err := a(r.Context(), in)
		if err != nil {
			http.Error(w, fmt.Sprintf("%s: %v", name, err), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(out) // the script is gone if this fails
	})}
	go func() { _ = server.Serve(l) }() // ends with Close
	s.t.Cleanup(func() {
		if err := server.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

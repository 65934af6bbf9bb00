package guardian

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/matoi119/matoi/internal/agent/capture"
)

// command is the word after which our own binary is a guardian, see Child.
const command = "guardian"

// Kinds of sources.
const (
	KindX11     = "x11"
	KindWindows = "windows"
	KindVNC     = "vnc"
)

// Source is the screen that a guardian guards. It reaches it through its pipe: a
// password stands in no argument and no environment.
type Source struct {
	Kind     string `json:"kind"`
	Address  string `json:"address,omitempty"` // a display, or host:port on loopback
	Password []byte `json:"password,omitempty"`
	Monitor  int    `json:"monitor"` // its number from 0, see capture.OneMonitor; -1: all
	// Dir is where a source notes what is held, should a killed guardian leave it.
	Dir string `json:"dir,omitempty"`
}

// IsChild reports whether the arguments of the program are those of a guardian.
// main, and the TestMain of whoever tests with guardians, asks first.
func IsChild(args []string) bool { return len(args) == 2 && args[1] == command }

// Child is the whole life of a guardian; it returns the exit code.
func Child(in io.Reader, out io.Writer) int {
	// Whoever ends the agent from its terminal ends this too; it lets go first, as
	// when the pipe closes.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kind, body, err := readFrame(in, nil)
	var first order
	if err != nil || kind != kindWord || json.Unmarshal(body, &first) != nil || first.Source == nil {
		return 2
	}
	source := *first.Source
	s := newServer(endsWith(ctx, in), out, os.Stderr, func(ctx context.Context) (capture.Screen, error) { return source.open(ctx) }, source.Monitor)
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// endsWith is a reader that also ends with ctx.
func endsWith(ctx context.Context, in io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, in)
		_ = w.CloseWithError(err) // nil is EOF
	}()
	context.AfterFunc(ctx, func() { _ = w.Close() })
	return r
}

// open opens the screen.
func (c Source) open(ctx context.Context) (capture.Screen, error) {
	switch c.Kind {
	case KindX11:
		return capture.OpenX11(c.Address)
	case KindWindows:
		return capture.OpenWindows()
	case KindVNC:
		return capture.OpenVNC(ctx, c.Address, c.Password, c.Dir)
	}
	return nil, fmt.Errorf("guardian: no source is called %q", c.Kind)
}

// appendSource is the first frame of a guardian's life.
func appendSource(b []byte, c Source) []byte {
	return appendWord(b, order{Source: &c})
}

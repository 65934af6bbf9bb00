// Package sandbox makes inert copies of strangers' media. Decoding happens in a
// child process of our own binary that can open no file and no connection, has
// bounded memory, processor time and wall-clock time, and hands back pixels that
// were encoded anew. Nothing that a sender wrote reaches a console but what is
// seen (and, where headquarters wants it, heard).
//
// There is no other way to decode here: where the kernel cannot confine a child,
// Check says so and every medium is held back (docs/decisions/0008).
package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// Limits of one child.
const (
	MaxPixels     = 40_000_000 // refused by its header, before anything is decoded
	MaxImageBytes = 64 << 20   // of the original
	maxResult     = 48 << 20   // of what a child hands back
	memoryLimit   = 1 << 30    // bytes of memory that can be written to
	cpuSeconds    = 20         // processor time
	wallTime      = 40 * time.Second
	maxEdge       = 4096 // pixels of the shown copy's longer edge
)

// Reasons that a child gives; they are those of report.MediumReason.
const (
	reasonType      = "type"
	reasonPolyglot  = "polyglot"
	reasonDecode    = "decode"
	reasonPixels    = "pixels"
	reasonResources = "resources"
)

// command is the word after which our own binary is a child, see Child.
const command = "sandbox"

// Sandbox starts children. It is safe for concurrent use.
type Sandbox struct {
	// Self is the binary whose main gives way to Child: our own. Without one
	// nothing can be confined; a guess could start something else.
	Self string
	// FFmpeg and FFprobe are the programs for videos; looked up when empty.
	FFmpeg, FFprobe string

	once    sync.Once
	checked error
	video   error
}

// Result is what became of a medium: a reason why it is held back, or its copy.
type Result struct {
	Reason   string          `json:"reason,omitempty"`
	MIME     string          `json:"mime,omitempty"`
	Width    int             `json:"width,omitempty"`
	Height   int             `json:"height,omitempty"`
	Location *stdif.Location `json:"location,omitempty"`
	Bytes    int             `json:"bytes,omitempty"`
	Memory   int64           `json:"memory,omitempty"` // that the child took from the system, for tests and benchmarks
	Data     []byte          `json:"-"`

	// Of videos alone.
	Duration time.Duration `json:"-"`
	Sound    bool          `json:"-"`
	Poster   []byte        `json:"-"`
	File     *os.File      `json:"-"` // the copy; to be closed
}

// ErrNoSandbox means that this machine cannot confine a child.
var ErrNoSandbox = errors.New("sandbox: this machine cannot confine a child")

// Check tries once whether children can be confined here: a child confines
// itself and then tries what it must not be able to do.
func (s *Sandbox) Check(ctx context.Context) error {
	s.once.Do(func() {
		if s.Self == "" {
			s.checked = ErrNoSandbox
			return
		}
		var out bytes.Buffer
		if err := s.run(ctx, job{name: jobCheck}, nil, &out); err != nil || out.String() != checkPassed {
			s.checked = fmt.Errorf("%w: %s (%w)", ErrNoSandbox, out.String(), errors.Join(err, errNotConfined))
		}
		s.video = s.checkVideo(ctx)
	})
	return s.checked
}

var errNotConfined = errors.New("the child was not confined")

// Image makes an inert copy of a still image, or says why not. stated is the
// media type that the sender gave. An error is ours, never the picture's.
func (s *Sandbox) Image(ctx context.Context, stated string, original io.Reader) (Result, error) {
	if err := s.Check(ctx); err != nil {
		return Result{}, err
	}
	out := &bounded{left: maxResult}
	err := s.run(ctx, job{name: jobImage, args: []string{stated}}, original, out)
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	if err != nil && !died(err) {
		return Result{}, err
	}
	r, read := parse(out.b)
	if err != nil || !read {
		return Result{Reason: reasonResources}, nil // it was stopped: too much memory or time
	}
	return r, nil
}

// parse reads what a child handed back: a line of JSON, then the bytes.
func parse(b []byte) (Result, bool) {
	var r Result
	head, data, ok := bytes.Cut(b, []byte("\n"))
	if !ok || json.Unmarshal(head, &r) != nil || r.Bytes != len(data) || (r.Reason == "") != (len(data) > 0) {
		return Result{}, false
	}
	r.Data = data
	return r, true
}

// job is what a child is to do.
type job struct {
	name  string
	args  []string
	files []*os.File    // 3, 4, … in the child
	wall  time.Duration // 0 = wallTime
}

// died reports whether a child ended itself or was ended, as opposed to one that
// could not be started.
func died(err error) bool {
	_, ok := errors.AsType[*exec.ExitError](err)
	return ok || errors.Is(err, exec.ErrWaitDelay) || errors.Is(err, errTooMuch) || errors.Is(err, context.DeadlineExceeded)
}

// run starts one child and waits for it.
func (s *Sandbox) run(ctx context.Context, j job, in io.Reader, out io.Writer) error {
	wall := wallTime
	if j.wall > 0 {
		wall = j.wall
	}
	ctx, cancel := context.WithTimeout(ctx, wall)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Self, append([]string{command, j.name}, j.args...)...)
	cmd.Env, cmd.Dir = []string{"PATH=/usr/bin:/bin", "GOMAXPROCS=1"}, "/"
	cmd.Stdin, cmd.Stdout, cmd.ExtraFiles = in, out, j.files
	cmd.WaitDelay = time.Second
	harden(cmd)
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the child ends with the thread that started it
		defer runtime.UnlockOSThread()
		result <- cmd.Run()
	}()
	return <-result
}

var errTooMuch = errors.New("sandbox: the child handed back too much")

// bounded keeps what a child writes, up to a limit.
type bounded struct {
	b    []byte
	left int
}

// Write implements io.Writer.
func (w *bounded) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, errTooMuch
	}
	w.left -= len(p)
	w.b = append(w.b, p...)
	return len(p), nil
}

// Package media brings the bytes of media to headquarters: it pulls what
// terminals announced, lets the sandbox make inert copies, and destroys what was
// kept long enough. The report is on the screen whatever happens here.
//
// Nothing of it is remembered outside of the rows and the sealed files: after a
// kill the worker reads which media are unfinished and goes on behind the last
// sealed chunk of each.
package media

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/sandbox"
	"github.com/matoi119/matoi/internal/store/blob"
)

// Stories are the acts that the worker runs.
type Stories interface {
	KeepMedium(ctx context.Context, who act.Who, id string, size int64, sum []byte) error
	ShowMedium(ctx context.Context, who act.Who, id string, made report.Made) error
	MissMedium(ctx context.Context, who act.Who, id string) error
	DisposeMedium(ctx context.Context, who act.Who, id, why string) error
}

// Reads is what the worker reads of reports.
type Reads interface {
	Report(ctx context.Context, id string) (report.Report, error)
}

// Fetcher opens the stream of a medium at its terminal; from is the byte that it
// begins with. fault.Unavailable: no link now; fault.NotFound: not there.
type Fetcher interface {
	Medium(ctx context.Context, terminalID, service, report, medium string, offset int64) (stream io.ReadCloser, from int64, err error)
}

// Maker makes inert copies (sandbox.Sandbox).
type Maker interface {
	Image(ctx context.Context, stated string, original io.Reader) (sandbox.Result, error)
	Video(ctx context.Context, original io.Reader, size int64, sound bool) (sandbox.Result, error)
}

// Config of a worker. Everything is required but the limits: 0 = none.
type Config struct {
	Acts     Stories
	Media    report.MediaReader
	Reports  Reads
	OnCommit func(hook func(seq int64))
	Blobs    *blob.Store
	Fetch    Fetcher
	Make     Maker
	Now      func() time.Time
	Log      *slog.Logger

	// Also is a round of whoever keeps bytes under the same rules; nil: nobody.
	Also func(ctx context.Context) error

	Sound       bool             // a video's shown copy keeps its sound
	Retention   report.Retention // 0 = for ever
	Quota       int64            // bytes of all media here
	PerService  int64            // bytes of one service's media here
	PerTerminal int64            // bytes of one terminal's media here
	Floor       int64            // bytes of the disk that media leave free
}

// How much is done at once, and how often.
const (
	pulls       = 4 // at once, at most
	perTerminal = 2
	look        = 250 * time.Millisecond // commits within this time are one hint
	idle        = 5 * time.Second
	tidyEvery   = 10 * time.Minute
	batch       = 128
	orphanAge   = time.Hour
)

var backoff = [...]time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute}

// Notes say why a medium is not coming at the moment; pages have words for them.
const (
	NoteLink  = "link"  // no link to the terminal
	NoteThere = "there" // the terminal does not have the bytes (yet)
	NoteRetry = "retry" // the connection broke; it goes on where it stopped
	NoteQuota = "quota" // this headquarters takes no more media (of this service)
	NoteRoom  = "room"  // the disk is too full
)

// Progress is how far a pull has come.
type Progress struct {
	Bytes  int64
	Active bool
	Note   string
}

// Worker pulls, makes and disposes. Run owns its goroutines.
type Worker struct {
	c    Config
	who  act.Who
	hint chan struct{}

	mu    sync.Mutex
	state map[string]*state
	quota quota
}

// state is what is known of a medium that is not finished.
type state struct {
	Progress
	busy  bool
	tries int
	next  time.Time
	seen  bool // in the present look
}

// New makes a worker; Run starts it.
func New(c Config) *Worker {
	return &Worker{c: c, who: act.Gateway(), hint: make(chan struct{}, 1), state: map[string]*state{}}
}

// Progress says how far the pull of a medium has come.
func (w *Worker) Progress(id string) Progress {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.state[id]; s != nil {
		return s.Progress
	}
	return Progress{}
}

// Open opens a copy of a medium.
func (w *Worker) Open(m report.Medium, c report.Copy) (*blob.Blob, error) {
	return w.c.Blobs.Reader(m.Blob(c))
}

func (w *Worker) kick() {
	select {
	case w.hint <- struct{}{}:
	default:
	}
}

// Run works until ctx ends and every goroutine of it has ended.
func (w *Worker) Run(ctx context.Context) error {
	w.c.OnCommit(func(int64) { w.kick() })
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { w.tidy(ctx) })
	for ctx.Err() == nil {
		if err := w.assign(ctx, &wg); err != nil && ctx.Err() == nil {
			w.c.Log.Error("read which media are unfinished", "err", err)
		}
		w.wait(ctx)
	}
	return nil
}

// wait returns when there may be something to do: after a hint, when a retry is
// due, or after some seconds.
func (w *Worker) wait(ctx context.Context) {
	settle := time.NewTimer(look)
	defer settle.Stop()
	select {
	case <-settle.C:
	case <-ctx.Done():
		return
	}
	again := time.NewTimer(w.until())
	defer again.Stop()
	select {
	case <-again.C:
	case <-w.hint:
	case <-ctx.Done():
	}
}

// until is how long nothing is due.
func (w *Worker) until() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	least := idle
	for _, s := range w.state {
		if !s.busy && !s.next.IsZero() {
			least = min(least, max(0, s.next.Sub(w.c.Now())))
		}
	}
	return least
}

// assign gives unfinished media to goroutines, live ones and the newest first.
func (w *Worker) assign(ctx context.Context, wg *sync.WaitGroup) error {
	waiting, err := w.c.Media.Unfinished(ctx, batch)
	if err != nil {
		return err
	}
	for _, m := range w.choose(waiting) {
		wg.Go(func() {
			defer w.kick()
			defer w.done(m.ID)
			if m.State == report.MediumKept {
				w.make(ctx, m)
				return
			}
			w.pull(ctx, m)
		})
	}
	return nil
}

// choose marks what is begun now and forgets what is finished.
func (w *Worker) choose(waiting []report.Medium) []report.Medium {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, busy, making, at := w.c.Now(), 0, false, map[string]int{}
	for _, s := range w.state {
		s.seen = false
	}
	for _, m := range waiting {
		s := w.state[m.ID]
		if s == nil {
			s = new(state)
			w.state[m.ID] = s
		}
		s.seen = true
		if s.busy && m.State == report.MediumKept {
			making = true
		} else if s.busy {
			busy++
			at[m.Terminal]++
		}
	}
	for id, s := range w.state {
		if !s.seen && !s.busy {
			delete(w.state, id)
		}
	}
	var out []report.Medium
	for _, m := range waiting {
		s := w.state[m.ID]
		if s.busy || s.next.After(now) {
			continue
		}
		if m.State == report.MediumKept {
			if making { // one child at a time: its memory is the greatest there is
				continue
			}
			making = true
		} else {
			if busy >= pulls || at[m.Terminal] >= perTerminal {
				continue
			}
			busy++
			at[m.Terminal]++
		}
		s.busy, s.Active = true, true
		out = append(out, m)
	}
	return out
}

func (w *Worker) done(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.state[id]
	s.busy, s.Active = false, false
}

// later puts a medium off. A link that is down does not make the next try later.
func (w *Worker) later(id, note string, counts bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.state[id]
	s.Note = note
	s.next = w.c.Now().Add(backoff[min(s.tries, len(backoff)-1)])
	if counts {
		s.tries++
	}
}

func (w *Worker) advance(id string, bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.state[id]
	if bytes > s.Bytes {
		s.tries = 0 // a connection that brings something is tried again at once
	}
	s.Bytes, s.Note = bytes, ""
}

package recording

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/store/blob"
	"github.com/matoi119/matoi/rfb"
)

// Stories are the acts that the recorder runs.
type Stories interface {
	BeginRecording(ctx context.Context, who act.Who, w act.RecordingWanted) (screen.Recording, bool, error)
	EndRecording(ctx context.Context, who act.Who, d act.RecordingDone) error
	DisposeRecording(ctx context.Context, who act.Who, id string) error
}

// Config of a recorder. Everything is required but the limits: 0 = none.
type Config struct {
	Acts  Stories
	Read  screen.RecordingReader
	Blobs *blob.Store
	Film  Encoder
	Now   func() time.Time
	Log   *slog.Logger

	Quota int64         // bytes of all recordings here
	Floor int64         // bytes of the disk that recordings leave free
	Keep  time.Duration // how long recordings are kept; 0 = for ever
}

// Recorder records the screens that the policy names. Run owns its goroutines.
type Recorder struct {
	c     Config
	films chan struct{}

	mu      sync.Mutex
	run     context.Context // nil before Run, ended after it
	running sync.WaitGroup
	active  map[string]int // terminals that are recorded now
	written int64          // bytes of the files that are written now
	full    screen.RecordingEnd
}

// How much is done at once, and how often.
const (
	films      = 2 // that are made at once
	checkEach  = time.Second
	orphanAge  = time.Hour
	disposedBy = 128
)

// New makes a recorder; Run starts it.
func New(c Config) *Recorder {
	return &Recorder{c: c, films: make(chan struct{}, films), active: map[string]int{}}
}

// Run ends what a killed program left, and records until ctx ends and every
// recording has its end.
func (r *Recorder) Run(ctx context.Context) error {
	if err := r.recover(ctx); err != nil && ctx.Err() == nil {
		r.c.Log.Error("end the recordings of before", "err", err)
	}
	r.mu.Lock()
	r.run = ctx
	r.mu.Unlock()
	<-ctx.Done()
	r.running.Wait()
	return nil
}

// recover gives an end to recordings that a killed program left running.
func (r *Recorder) recover(ctx context.Context) error {
	left, err := r.c.Read.RunningRecordings(ctx)
	if err != nil {
		return err
	}
	for _, one := range left {
		d := act.RecordingDone{ID: one.ID, End: screen.EndKilled, At: one.BeganAt}
		if d.Bytes, err = r.c.Blobs.JournalSize(one.ID); err != nil {
			return err
		}
		if d.Bytes > 0 {
			length, width, height := r.measure(one.ID)
			d.At, d.Width, d.Height = one.BeganAt.Add(length), width, height
		}
		if err := r.c.Acts.EndRecording(ctx, act.Gateway(), d); err != nil {
			return err
		}
	}
	return nil
}

// measure reads how far a file goes; one that breaks off in the middle goes as
// far as it is good.
func (r *Recorder) measure(id string) (length time.Duration, width, height int64) {
	f, err := Open(r.c.Blobs, id)
	if err != nil {
		return 0, 0, 0
	}
	defer f.Close() //nolint:errcheck // opened for reading
	if f.Seek(maxLength) != nil {
		return 0, 0, 0
	}
	for {
		if _, err := f.Next(); err != nil {
			return f.At(), width, height
		}
		if p := f.Shown(); p != nil {
			width, height = max(width, int64(p.Width)), max(height, int64(p.Height))
		}
	}
}

// Recorded reports whether a terminal's screen is recorded at this moment.
func (r *Recorder) Recorded(terminal string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.active[terminal] > 0
}

// Full says why nothing is recorded although it should be; "" = there is room.
func (r *Recorder) Full() screen.RecordingEnd {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.full
}

// Recording is one use of a screen on its way into a file. Its methods may be
// called from one goroutine at a time, do not block on the disk and do nothing
// where the policy records nothing.
type Recording struct {
	take take
	done chan struct{}
	once sync.Once
}

// Begin looks whether the policy wants a recording, in the background, and makes
// it. by is who holds the screen at this moment.
func (r *Recorder) Begin(terminal string, by screen.By) *Recording {
	rec := &Recording{done: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.run == nil || r.run.Err() != nil {
		rec.take.drop()
		return rec
	}
	ctx := r.run
	r.running.Go(func() { r.record(ctx, rec, act.RecordingWanted{Terminal: terminal, By: by, At: r.c.Now()}) })
	return rec
}

// Update shows the recording what changed; fb is read during the call alone. The
// time is the recording's own: a corrected clock must not bend it.
func (c *Recording) Update(_ time.Time, fb *rfb.Framebuffer, changes []rfb.Rect) {
	c.take.update(fb, changes)
}

// Resize is of no interest: the next Update shows the size.
func (c *Recording) Resize(time.Time, int, int) {}

// Pointer shows the recording where the pointer is.
func (c *Recording) Pointer(x, y uint16) { c.take.point(x, y) }

// Close ends the recording; what was shown to it is written. It does not wait.
func (c *Recording) Close() { c.once.Do(func() { close(c.done) }) }

// record is the life of one recording.
func (r *Recorder) record(ctx context.Context, rec *Recording, w act.RecordingWanted) {
	defer rec.take.drop()
	w.Missed = r.room(ctx)
	row, wanted, err := r.c.Acts.BeginRecording(ctx, act.Gateway(), w)
	if err != nil {
		r.c.Log.Error("begin a recording", "terminal", w.Terminal, "err", err)
		return
	}
	if !wanted {
		return
	}
	r.count(row.Terminal, 1)
	defer r.count(row.Terminal, -1)
	d := r.write(ctx, rec, row)
	if err := r.c.Acts.EndRecording(context.WithoutCancel(ctx), act.Gateway(), d); err != nil {
		r.c.Log.Error("end a recording", "recording", row.ID, "err", err) // the next start does it
	}
}

// write makes the file, until somebody ends it or it cannot go on.
func (r *Recorder) write(ctx context.Context, rec *Recording, row screen.Recording) act.RecordingDone {
	d := act.RecordingDone{ID: row.ID, End: screen.EndFault, At: row.BeganAt}
	j, err := r.c.Blobs.Begin(row.ID)
	if err != nil {
		r.c.Log.Error("begin the file of a recording", "recording", row.ID, "err", err)
		return d
	}
	w := newWriter(j)
	begun := time.Now() // the monotonic clock: a corrected one must not bend the film
	d.End, err = r.loop(ctx, rec, row, w, begun)
	if err == nil {
		err = w.end(&rec.take, time.Since(begun))
	} else {
		err = errors.Join(err, j.Close())
	}
	if err != nil {
		d.End = screen.EndFault
		r.c.Log.Error("write a recording", "recording", row.ID, "err", err)
	}
	r.wrote(-w.counted)
	d.At, d.Bytes, d.Width, d.Height = row.BeganAt.Add(w.last), j.Bytes(), w.width, w.height
	return d
}

func (r *Recorder) loop(ctx context.Context, rec *Recording, row screen.Recording, w *writer, begun time.Time) (screen.RecordingEnd, error) {
	frame := time.NewTicker(frameEach)
	defer frame.Stop()
	check := time.NewTicker(checkEach)
	defer check.Stop()
	for {
		select {
		case <-rec.done:
			return screen.EndOver, nil
		case <-ctx.Done():
			return screen.EndOver, nil
		case <-frame.C:
			if err := w.step(&rec.take, time.Since(begun)); err != nil {
				return screen.EndFault, err
			}
			r.wrote(w.j.Bytes() - w.counted)
			w.counted = w.j.Bytes()
		case <-check.C:
			if end := r.room(ctx); end != "" {
				return end, nil
			}
			if !r.Wanted(ctx, row.Terminal) {
				return screen.EndOver, nil
			}
		}
	}
}

// Wanted reads the policy of a terminal; a store that cannot be read changes
// nothing.
func (r *Recorder) Wanted(ctx context.Context, terminal string) bool {
	all, err := r.c.Read.RecordPolicies(ctx)
	if err != nil {
		return true
	}
	for _, p := range all {
		if p.Terminal == terminal {
			return p.On
		}
	}
	return false
}

// room says why nothing more can be recorded. What is still to be kept is never
// destroyed for something new.
func (r *Recorder) room(ctx context.Context) screen.RecordingEnd {
	end := screen.RecordingEnd("")
	if free, err := r.c.Blobs.Free(); err == nil && r.c.Floor > 0 && free < r.c.Floor {
		end = screen.EndRoom
	}
	if stored, err := r.c.Read.RecordedBytes(ctx); err == nil && r.c.Quota > 0 && stored+r.wrote(0) >= r.c.Quota {
		end = screen.EndQuota
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.full = end
	return end
}

func (r *Recorder) wrote(n int64) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written += n
	return r.written
}

func (r *Recorder) count(terminal string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.active[terminal] += n
}

// Tidy destroys what was kept long enough, and the files that no row names.
func (r *Recorder) Tidy(ctx context.Context) error {
	now := r.c.Now()
	for r.c.Keep > 0 {
		old, err := r.c.Read.OldRecordings(ctx, now.Add(-r.c.Keep), disposedBy)
		if err != nil {
			return err
		}
		for _, one := range old {
			if err := r.c.Acts.DisposeRecording(ctx, act.Timer(), one.ID); err != nil {
				return err
			}
			if err := r.c.Blobs.Remove(one.ID); err != nil {
				return err
			}
		}
		if len(old) < disposedBy {
			break
		}
	}
	named := func(id string) bool {
		one, err := r.c.Read.Recording(ctx, id)
		if err != nil {
			return fault.Of(err) != fault.NotFound // whoever cannot be asked may still name it
		}
		return one.Readable()
	}
	_, err := r.c.Blobs.Sweep(named, orphanAge, now)
	r.room(ctx) // it may have room again
	return err
}

// Encoder makes a film of frames that come as an uncompressed stream
// (sandbox.Sandbox).
type Encoder interface {
	Encode(ctx context.Context, frames io.Reader, film io.Writer) error
}

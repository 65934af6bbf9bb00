package recording

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/sandbox"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/store/blob"
	"github.com/matoi119/matoi/rfb"
)

func TestMain(m *testing.M) {
	if sandbox.IsChild(os.Args) {
		os.Exit(sandbox.Child(os.Args, os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

// house keeps rows in memory and obeys the rules of the field.
type house struct {
	testing.TB
	dir   string
	blobs *blob.Store

	mu   sync.Mutex
	rows map[string]screen.Recording
	on   bool
	ends int
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{TB: t, dir: t.TempDir(), rows: map[string]screen.Recording{}, on: true}
	keys, err := seal.OpenDir(filepath.Join(h.dir, "keys"))
	h.must(err)
	h.blobs, err = blob.Open(filepath.Join(h.dir, "recordings"), "279999", keys)
	h.must(err)
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) recorder(c Config) *Recorder {
	c.Acts, c.Read, c.Blobs, c.Now, c.Log = h, h, h.blobs, time.Now, slog.New(slog.DiscardHandler)
	return New(c)
}

func (h *house) BeginRecording(_ context.Context, _ act.Who, w act.RecordingWanted) (screen.Recording, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.on {
		return screen.Recording{}, false, nil
	}
	r := screen.Recording{ID: "rec-" + strconv.Itoa(len(h.rows)), Terminal: w.Terminal, By: w.By, State: screen.RecordingRuns, BeganAt: w.At}
	if w.Missed != "" {
		r, _ = r.Finish(w.Missed, 0, 0, 0, w.At)
	}
	h.rows[r.ID] = r
	return r, w.Missed == "", nil
}

func (h *house) EndRecording(_ context.Context, _ act.Who, d act.RecordingDone) error {
	return h.change(d.ID, func(r screen.Recording) (screen.Recording, bool) {
		return r.Finish(d.End, d.Bytes, d.Width, d.Height, d.At)
	})
}

func (h *house) DisposeRecording(_ context.Context, _ act.Who, id string) error {
	return h.change(id, func(r screen.Recording) (screen.Recording, bool) { return r.Dispose(time.Now()) })
}

func (h *house) change(id string, rule func(screen.Recording) (screen.Recording, bool)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, changed := rule(h.rows[id])
	if changed {
		h.rows[id] = n
		h.ends++
	}
	return nil
}

func (h *house) Recording(_ context.Context, id string) (screen.Recording, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r, ok := h.rows[id]
	if !ok {
		return r, fault.New(fault.NotFound, "recording.unknown")
	}
	return r, nil
}

func (h *house) filter(f func(screen.Recording) bool) (out []screen.Recording) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rows {
		if f(r) {
			out = append(out, r)
		}
	}
	return out
}

func (h *house) Recordings(context.Context, time.Time, int) ([]screen.Recording, error) {
	return nil, nil
}

func (h *house) RunningRecordings(context.Context) ([]screen.Recording, error) {
	return h.filter(func(r screen.Recording) bool { return r.State == screen.RecordingRuns }), nil
}

func (h *house) OldRecordings(_ context.Context, before time.Time, _ int) ([]screen.Recording, error) {
	return h.filter(func(r screen.Recording) bool { return r.State == screen.RecordingEnded && r.BeganAt.Before(before) }), nil
}

func (h *house) RecordedBytes(context.Context) (n int64, _ error) {
	for _, r := range h.filter(func(r screen.Recording) bool { return r.State == screen.RecordingEnded }) {
		n += r.Bytes
	}
	return n, nil
}

func (h *house) RecordingLooks(context.Context, string) ([]screen.RecordingLook, error) {
	return nil, nil
}

func (h *house) RecordPolicies(context.Context) ([]screen.RecordPolicy, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return []screen.RecordPolicy{{Terminal: "t-01", On: h.on}}, nil
}

// stage is a picture that changes.
type stage struct {
	fb *rfb.Framebuffer
	r  *rand.Rand
}

func newStage(width, height int) *stage {
	s := &stage{fb: rfb.NewFramebuffer(width, height), r: rand.New(rand.NewPCG(1, 2))}
	s.fb.Fill(s.fb.Bounds(), 0x204060)
	return s
}

// change paints a rectangle in one colour: what has few colours is kept exactly.
func (s *stage) change() []rfb.Rect {
	x, y := s.r.IntN(s.fb.Width-1), s.r.IntN(s.fb.Height-1)
	a := rfb.Rect{X: uint16(x), Y: uint16(y), Width: uint16(1 + s.r.IntN(s.fb.Width-x)), Height: uint16(1 + s.r.IntN(s.fb.Height-y))}
	s.fb.Fill(a, []uint32{0xFFFFFF, 0xC00000, 0x00C000, 0x0000C0}[s.r.IntN(4)])
	return []rfb.Rect{a}
}

func same(a, b *rfb.Framebuffer) bool {
	for y := range a.Height {
		for x := range a.Width {
			if a.At(x, y) != b.At(x, y) {
				return false
			}
		}
	}
	return a.Width == b.Width && a.Height == b.Height
}

// Every picture that was shown comes back, at its time, from the beginning and
// from any place that is sought.
func TestPlaysWhatWasShown(t *testing.T) {
	h := newHouse(t)
	j, err := h.blobs.Begin("r")
	h.must(err)
	w, s, shown := newWriter(j), newStage(90, 70), map[time.Duration]*rfb.Framebuffer{}
	var tk take
	tk.update(s.fb, nil)
	for at := time.Duration(0); at < time.Minute; at += frameEach {
		if at == 30*time.Second { // another monitor
			s = newStage(60, 100)
			tk.update(s.fb, nil)
		}
		tk.update(s.fb, s.change())
		tk.point(uint16(at/time.Second), 7)
		h.must(w.step(&tk, at))
		shown[at] = &rfb.Framebuffer{Width: s.fb.Width, Height: s.fb.Height, Stride: s.fb.Stride, Pix: bytes.Clone(s.fb.Pix)}
	}
	h.must(w.end(&tk, time.Minute+time.Second))
	shown[time.Minute+time.Second] = shown[time.Minute-frameEach] // once more, whole

	f, err := Open(h.blobs, "r")
	h.must(err)
	defer f.Close() //nolint:errcheck // opened for reading
	for _, from := range []time.Duration{0, 9 * time.Second, 29*time.Second + 900*time.Millisecond, 45 * time.Second, time.Hour} {
		h.must(f.Seek(from))
		steps, first := 0, time.Duration(-1)
		for {
			changed, err := f.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			h.must(err)
			if first < 0 {
				first = f.At()
			}
			if len(changed) == 0 {
				continue
			}
			steps++
			if want := shown[f.At()]; want == nil || !same(f.Shown(), want) {
				t.Fatalf("from %v: another picture at %v", from, f.At())
			}
		}
		if f.Cut() || f.At() != time.Minute+time.Second || steps == 0 || first > from || min(from, time.Minute)-first > keyEach+entryEach {
			t.Errorf("from %v: began at %v, %d pictures, ended at %v, cut %t", from, first, steps, f.At(), f.Cut())
		}
	}
	if x, y, ok := f.Pointer(); !ok || x != 59 || y != 7 {
		t.Errorf("pointer at %d,%d, %t", x, y, ok)
	}
}

// A still screen costs next to nothing.
func TestStillScreenIsSmall(t *testing.T) {
	h := newHouse(t)
	j, err := h.blobs.Begin("r")
	h.must(err)
	w, s := newWriter(j), newStage(640, 512)
	var tk take
	tk.update(s.fb, nil)
	for at := time.Duration(0); at < time.Hour; at += time.Second {
		h.must(w.step(&tk, at))
	}
	h.must(w.end(&tk, time.Hour))
	if n := j.Bytes(); n > 64<<10 {
		t.Errorf("an hour of nothing takes %d bytes", n)
	}
}

// run starts the recorder inside a bubble; the result ends it.
func (h *house) run(r *Recorder) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.Run(ctx) // it has no other end than ctx's
	}()
	synctest.Wait()
	return func() { cancel(); <-done }
}

func (h *house) row(id string) screen.Recording {
	r, err := h.Recording(h.Context(), id)
	h.must(err)
	return r
}

var sato = screen.By{Console: "console-a", Person: "sato"}

// Where the policy says nothing, nothing is made; a policy that is taken back ends
// what runs.
func TestPolicyDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.on = false
		r := h.recorder(Config{})
		defer h.run(r)()
		s := newStage(64, 48)
		none := r.Begin("t-01", sato)
		none.Update(time.Time{}, s.fb, s.change())
		time.Sleep(time.Minute)
		none.Close()
		files, err := filepath.Glob(filepath.Join(h.dir, "recordings", "*"))
		if h.must(err); len(files)+len(h.rows) > 0 {
			t.Fatalf("without a policy there are %v and %d rows", files, len(h.rows))
		}
		h.mu.Lock()
		h.on = true
		h.mu.Unlock()
		rec := r.Begin("t-01", sato)
		rec.Update(time.Time{}, s.fb, s.change())
		time.Sleep(3 * time.Second)
		if !r.Recorded("t-01") {
			t.Error("it is not said that it is recorded")
		}
		h.mu.Lock()
		h.on = false
		h.mu.Unlock()
		time.Sleep(3 * time.Second)
		if row := h.row("rec-0"); row.State != screen.RecordingEnded || row.End != screen.EndOver || row.By != sato || row.Width != 64 || r.Recorded("t-01") {
			t.Errorf("after the policy was taken back: %+v", row)
		}
		rec.Update(time.Time{}, s.fb, s.change()) // the operation goes on
		rec.Close()
		rec.Close()
	})
}

// A killed program loses a second at most; the next start gives the recording its
// end, and it plays.
func TestKilledInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		row, _, err := h.BeginRecording(t.Context(), act.Gateway(), act.RecordingWanted{Terminal: "t-01", By: sato, At: time.Now()})
		h.must(err)
		j, err := h.blobs.Begin(row.ID)
		h.must(err)
		w, s := newWriter(j), newStage(200, 100)
		var tk take
		for at := time.Duration(0); at <= 47*time.Second; at += frameEach {
			tk.update(s.fb, s.change())
			h.must(w.step(&tk, at))
		}
		h.must(j.Close()) // killed: what was not flushed is gone
		file := filepath.Join(h.dir, "recordings", row.ID+".journal")
		whole, err := os.ReadFile(file)
		h.must(err)
		h.must(os.WriteFile(file, whole[:len(whole)-3], 0o600)) // in the middle of a write

		r := h.recorder(Config{})
		defer h.run(r)()
		row = h.row(row.ID)
		length := row.EndedAt.Sub(row.BeganAt)
		if row.End != screen.EndKilled || length < 44*time.Second || length > 47*time.Second || row.Width != 200 || row.Height != 100 {
			t.Errorf("after the kill: %+v, %v long", row, length)
		}
		f, err := Open(h.blobs, row.ID)
		h.must(err)
		defer f.Close() //nolint:errcheck // opened for reading
		for err == nil {
			_, err = f.Next()
		}
		if !errors.Is(err, io.EOF) || !f.Cut() || f.At() != length {
			t.Errorf("it plays until %v, cut %t, %v", f.At(), f.Cut(), err)
		}
	})
}

// A full quota ends the recording and says so; nothing older is destroyed before
// its time, and with its time over there is room again.
func TestQuotaAndRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		r := h.recorder(Config{Quota: 40_000, Keep: 24 * time.Hour})
		defer h.run(r)()
		rec, noisy := r.Begin("t-01", sato), newStage(100, 100)
		for range 60 {
			for i := range noisy.fb.Pix {
				noisy.fb.Pix[i] = byte(noisy.r.Uint32())
			}
			rec.Update(time.Time{}, noisy.fb, []rfb.Rect{noisy.fb.Bounds()})
			time.Sleep(frameEach)
		}
		rec.Close()
		if row := h.row("rec-0"); row.End != screen.EndQuota || row.Bytes < 40_000 || r.Full() != screen.EndQuota || h.ends != 1 {
			t.Fatalf("%+v, full %q", row, r.Full())
		}
		next := r.Begin("t-01", sato)
		next.Update(time.Time{}, noisy.fb, nil)
		time.Sleep(time.Second)
		next.Close()
		if row := h.row("rec-1"); row.State != screen.RecordingMissed || row.End != screen.EndQuota {
			t.Errorf("with a full quota: %+v", row)
		}
		h.must(r.Tidy(t.Context()))
		if size, err := h.blobs.JournalSize("rec-0"); err != nil || size == 0 || h.row("rec-0").State != screen.RecordingEnded {
			t.Errorf("destroyed before its time: %d bytes, %v", size, err)
		}
		time.Sleep(25 * time.Hour)
		h.must(r.Tidy(t.Context()))
		if size, err := h.blobs.JournalSize("rec-0"); err != nil || size != 0 || h.row("rec-0").State != screen.RecordingDisposed || r.Full() != "" {
			t.Errorf("after its time: %d bytes, %v, %+v, full %q", size, err, h.row("rec-0"), r.Full())
		}
	})
}

// The file on the disk holds neither pixels nor anything else in clear.
func TestNothingOnDiskInClear(t *testing.T) {
	h := newHouse(t)
	j, err := h.blobs.Begin("r")
	h.must(err)
	s, canary := newStage(64, 64), []byte("CANARY pixels in clear")
	for i := range s.fb.Pix {
		s.fb.Pix[i] = canary[i%len(canary)]
	}
	var tk take
	tk.update(s.fb, nil)
	w := newWriter(j)
	w.tight = rfb.NewTightEncoder(rfb.NoJPEG)
	h.must(w.step(&tk, 0))
	h.must(w.end(&tk, time.Second))
	b, err := os.ReadFile(filepath.Join(h.dir, "recordings", "r.journal"))
	h.must(err)
	if bytes.Contains(b, canary[:8]) || bytes.Contains(b, []byte{0x78, 0x01}) && bytes.Contains(b, []byte("CANARY")) {
		t.Error("the file holds the picture in clear")
	}
}

// probe is what ffprobe says of a film.
func probe(t *testing.T, film string) (seconds float64, width, height, streams int) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-of", "json", "-show_entries", "stream=codec_name,width,height:format=duration", film).Output()
	if err != nil {
		t.Fatalf("ffprobe: %v; make setup installs it", err)
	}
	var p struct {
		Streams []struct {
			Codec         string `json:"codec_name"`
			Width, Height int
		}
		Format struct{ Duration string }
	}
	if err := json.Unmarshal(out, &p); err != nil || len(p.Streams) == 0 || p.Streams[0].Codec != "h264" {
		t.Fatalf("ffprobe: %s, %v", out, err)
	}
	seconds, err = strconv.ParseFloat(p.Format.Duration, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seconds, p.Streams[0].Width, p.Streams[0].Height, len(p.Streams)
}

// A film of it plays with other people's programs: as long, as large and as
// coloured as the screen was, without sound, from the beginning and from a later
// point on.
func TestFilm(t *testing.T) {
	h := newHouse(t)
	row := screen.Recording{ID: "r", Terminal: "t-01", State: screen.RecordingEnded, Width: 321, Height: 201, BeganAt: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)}
	j, err := h.blobs.Begin(row.ID)
	h.must(err)
	w, s := newWriter(j), newStage(321, 201)
	var tk take
	tk.update(s.fb, nil)
	for at := time.Duration(0); at <= 20*time.Second; at += frameEach {
		if at%time.Second == 0 {
			s.fb.Fill(s.fb.Bounds(), 0xE00000)
			tk.update(s.fb, []rfb.Rect{s.fb.Bounds()})
		}
		h.must(w.step(&tk, at))
	}
	h.must(w.end(&tk, 30*time.Second))
	self, err := os.Executable()
	h.must(err)
	r := h.recorder(Config{Film: &sandbox.Sandbox{Self: self}})
	for _, from := range []time.Duration{0, 12 * time.Second} {
		film := filepath.Join(t.TempDir(), "film.mp4")
		out, err := os.Create(film)
		h.must(err)
		h.must(r.Film(t.Context(), row, from, out))
		h.must(out.Close())
		seconds, width, height, streams := probe(t, film)
		if want := (30*time.Second - from).Seconds(); math.Abs(seconds-want) > 1.5 || width != 322 || height != 226 || streams != 1 {
			t.Errorf("from %v: %.2f s, %d × %d, %d streams; want %.0f s, 322 × 226, one", from, seconds, width, height, streams, want)
		}
		pixel, err := exec.Command("ffmpeg", "-v", "error", "-i", film, "-frames:v", "1", "-vf", "crop=2:2:100:100", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1").Output()
		if err != nil || len(pixel) < 3 || pixel[0] < 0xC0 || pixel[1] > 0x30 || pixel[2] > 0x30 {
			t.Errorf("from %v: the first picture is %v, %v; want red", from, pixel, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Film(ctx, row, 0, io.Discard); err == nil {
		t.Error("a film that nobody waits for has no error")
	}
}

// Bytes that are no recording are refused, whatever they are.
func FuzzEntry(f *testing.F) {
	good := appendRecord(nil, recordSize, 0, []byte{0, 4, 0, 4})
	good = appendRecord(good, recordUpdate, time.Second, rfb.AppendRaw(rfb.UpdateHeader(nil, 1), rfb.Native, rfb.NewFramebuffer(4, 4), rfb.Rect{Width: 4, Height: 4}))
	good = appendRecord(good, recordPointer, time.Second, []byte{0, 1, 0, 2})
	f.Add(appendRecord(good, recordTime, time.Minute, nil))
	f.Add([]byte{recordUpdate, 0, 0xFF, 0xFF, 0xFF, 0x7F})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newPlayer()
		for len(b) > 0 {
			rec, rest, err := cut(b)
			if err != nil {
				return
			}
			if len(rest) >= len(b) {
				t.Fatal("a record without a byte")
			}
			if rec.kind == recordSize && len(rec.payload) == 4 && (rec.payload[0] > 1 || rec.payload[2] > 1) {
				return // large ones only take time
			}
			b = rest
			before := p.at
			if _, err := p.apply(rec); err != nil {
				return
			}
			if p.at < before {
				t.Fatal("time went back")
			}
		}
	})
}

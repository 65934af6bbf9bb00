package media_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/media"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/sandbox"
	"github.com/matoi119/matoi/internal/sandbox/sandboxtest"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/blob"
	"github.com/matoi119/matoi/stdif"
	dutytest "github.com/matoi119/matoi/test/duty"
)

var duty = dutytest.Holds

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a headquarters whose terminal is a table of bytes.
type house struct {
	testing.TB
	*act.Acts
	store *store.Store
	keys  *seal.Keeper
	dir   string
	make  *sandbox.Sandbox
	seq   int64

	mu      sync.Mutex
	shift   time.Duration
	changed chan struct{}
	at      map[string][]byte // media at the terminal
	offsets map[string][]int64
	cut     func(medium string, from, size int64) int64 // where a stream breaks
	down    bool
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{TB: t, dir: t.TempDir(), at: map[string][]byte{}, offsets: map[string][]int64{}, changed: make(chan struct{}, 1)}
	h.make = &sandbox.Sandbox{Self: sandboxtest.Child(t)}
	var err error
	h.keys, err = seal.OpenDir(filepath.Join(h.dir, "keys"))
	h.must(err)
	config := store.Config{HQ: "279999", Dir: h.dir, Now: h.now}
	h.store, err = store.Open(t.Context(), config, h.keys)
	h.must(err)
	may, err := authz.New()
	h.must(err)
	h.Acts, err = act.New(h.store, may)
	h.must(err)
	h.store.OnCommit(func(int64) {
		select {
		case h.changed <- struct{}{}:
		default:
		}
	})
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
		if r, err := store.Verify(context.Background(), config); err != nil || !r.OK() {
			t.Errorf("verify: %v %v", r.Findings, err)
		}
	})
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.shift)
}

// Medium is the terminal: it serves from an offset, and breaks where the test
// says.
func (h *house) Medium(ctx context.Context, _, _, _, medium string, offset int64) (io.ReadCloser, int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b, ok := h.at[medium]
	switch {
	case h.down:
		return nil, 0, fault.New(fault.Unavailable, "medium.no-link")
	case !ok:
		return nil, 0, fault.New(fault.NotFound, "medium.unknown")
	}
	h.offsets[medium] = append(h.offsets[medium], offset)
	end := int64(len(b))
	var broken error
	if h.cut != nil {
		if at := h.cut(medium, offset, end); at < end {
			end, broken = max(at, offset), errors.New("connection reset")
		}
	}
	return &stream{r: bytes.NewReader(b[offset:end]), err: broken, ctx: ctx}, offset, nil
}

type stream struct {
	r   io.Reader
	err error
	ctx context.Context
}

func (s *stream) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p)
	if err != nil && s.err != nil {
		err = s.err
	}
	return n, err
}

func (s *stream) Close() error { return nil }

// worker makes a worker with its own view of the files, as a new process has.
func (h *house) worker(change func(*media.Config)) *media.Worker {
	h.Helper()
	blobs, err := blob.Open(filepath.Join(h.dir, "media"), "279999", h.keys)
	h.must(err)
	c := media.Config{
		Acts: h.Acts, Media: h.store.Media(), Reports: h.store.Reports(), OnCommit: h.store.OnCommit, Blobs: blobs, Fetch: h, Make: h.make,
		Now: h.now, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&c)
	}
	return media.New(c)
}

// run lets a worker work until stop is called.
func (h *house) run(w *media.Worker) (stop func()) {
	ctx, cancel := context.WithCancel(h.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				h.Error(err)
			}
		})
	}
	h.Cleanup(stop)
	return stop
}

// announce lets a report arrive that refers to a medium.
func (h *house) announce(m stdif.Media) {
	h.Helper()
	h.seq++
	r := stdif.Report{ID: fmt.Sprintf("N-%d", h.seq), Revision: 1, EventTime: h.now(), Kind: stdif.IncidentType{Code: stdif.KindOther}, Text: "助けて", Media: []stdif.Media{m}}
	who := act.Gateway()
	p, err := h.Arrive(h.Context(), who, act.Incoming{
		Frame: fmt.Sprintf("t-01/s/%d", h.seq), Terminal: "t-01", Spool: "s", Seq: h.seq, Service: "net119.example", Type: "report.upsert",
		Mode: stdif.Actual, SentAt: h.now(), Wire: []byte("{}"), Inbound: stdif.Inbound{Report: &r},
	})
	h.must(err)
	h.must(p.Wait(h.Context()))
}

// offer puts a medium at the terminal and announces it as it is.
func (h *house) offer(id, mime string, b []byte) {
	h.Helper()
	h.mu.Lock()
	h.at[id] = b
	h.mu.Unlock()
	h.announce(stated(id, mime, b))
}

func stated(id, mime string, b []byte) stdif.Media {
	sum := sha256.Sum256(b)
	return stdif.Media{ID: id, MIME: mime, Bytes: int64(len(b)), SHA256: hex.EncodeToString(sum[:]), Label: "現場 CANARY"}
}

// find waits until a medium is as wanted, commit by commit.
func (h *house) find(id string, want func(report.Medium) bool) report.Medium {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), 60*time.Second)
	defer cancel()
	for {
		open, err := h.store.Reports().Board(ctx)
		h.must(err)
		for _, r := range open {
			m, err := h.store.Media().OfReport(ctx, r.ID)
			h.must(err)
			for _, m := range m {
				if m.Media.ID == id && want(m) {
					return m
				}
			}
		}
		select {
		case <-h.changed:
		case <-ctx.Done():
			h.Fatalf("medium %s never came so far", id)
		}
	}
}

func ended(m report.Medium) bool { return !m.EndedAt.IsZero() }

func (h *house) history(m report.Medium) (acts []string, all []audit.Body) {
	h.Helper()
	all, err := h.store.History(h.Context(), "report/"+m.Report, 100)
	h.must(err)
	for _, e := range all {
		acts = append(acts, e.Act)
	}
	return acts, all
}

func photo(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.UintN(256))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A connection that breaks at any byte costs at most what did not fill a sealed
// chunk: nothing begins from zero again (AC-16).
func TestPullGoesOnWhereItBroke(t *testing.T) {
	duty(t, "FD-20")
	h := newHouse(t)
	b := photo(t, 900, 700)
	var at []int64
	h.cut = func(_ string, from, size int64) int64 {
		if len(at) >= 6 {
			return size
		}
		next := from + 100_000 + rand.Int64N(120_000)
		at = append(at, next)
		return next
	}
	h.run(h.worker(nil))
	h.offer("m1", "image/jpeg", b)
	m := h.find("m1", ended)
	if m.State != report.MediumShown || m.Width != 900 || m.Scan != report.NotScanned {
		t.Fatalf("medium = %+v", m)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.offsets["m1"]) < 4 {
		t.Fatalf("it broke only at %v of %d", at, len(b))
	}
	for i, from := range h.offsets["m1"][1:] {
		if broke := min(at[i], int64(len(b))); from > broke || broke-from >= 64<<10 {
			t.Errorf("it broke at %d and went on at %d", broke, from)
		}
	}
	if acts, _ := h.history(m); !strings.Contains(strings.Join(acts, " "), "media.keep media.show") {
		t.Errorf("history: %v", acts)
	}
}

// A server that is stopped in the middle leaves what a new one goes on with.
func TestNewProcessGoesOn(t *testing.T) {
	h := newHouse(t)
	b := photo(t, 900, 700)
	h.cut = func(_ string, _, size int64) int64 { return size / 2 }
	first := h.worker(nil)
	stop := h.run(first)
	h.offer("m1", "image/jpeg", b)
	m := h.find("m1", func(report.Medium) bool { return true })
	for first.Progress(m.ID).Note != media.NoteRetry { // the stream has broken
		runtime.Gosched()
	}
	stop()
	h.mu.Lock()
	h.cut = nil
	h.mu.Unlock()
	h.run(h.worker(nil))
	if m := h.find("m1", ended); m.State != report.MediumShown {
		t.Fatalf("medium = %+v", m)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if last := h.offsets["m1"][len(h.offsets["m1"])-1]; last < int64(len(b))/2-64<<10 {
		t.Errorf("the new process began at %d of %d", last, len(b))
	}
}

func (h *house) fetched(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.offsets[id]) > 0
}

func enormous(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	img := image.NewPaletted(image.Rect(0, 0, 10_000, 10_000), color.Palette{color.Black, color.White})
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is not as it was said, or is no picture, is held back with its reason and
// code; the report rings on the board all the same, and memory stays flat.
func TestHeldBack(t *testing.T) {
	duty(t, "FD-20")
	h := newHouse(t)
	good := photo(t, 60, 40)
	other := append(bytes.Clone(good), 0)
	huge := enormous(t)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	h.run(h.worker(nil))
	for id, b := range map[string][]byte{"digest": good, "short": good[:len(good)-9], "long": other} {
		h.mu.Lock()
		h.at[id] = b
		h.mu.Unlock()
		m := stated(id, "image/jpeg", good)
		if id == "digest" {
			m.SHA256 = strings.Repeat("0", 64)
		}
		h.announce(m)
	}
	h.offer("page", "image/jpeg", []byte("<html>"))
	h.offer("huge", "image/png", huge)
	h.offer("cut", "image/jpeg", good[:len(good)/2])
	h.offer("good", "image/jpeg", good)
	for id, want := range map[string]struct {
		reason report.MediumReason
		code   stdif.Code
	}{
		"digest": {report.HeldDigest, 602}, "short": {report.HeldSize, 602}, "long": {report.HeldSize, 602}, "page": {report.HeldType, 601},
		"huge": {report.HeldPixels, 603}, "cut": {report.HeldDecode, 603}, "good": {"", 0},
	} {
		m := h.find(id, ended)
		if m.Reason != want.reason || m.Reason.Code() != want.code || (m.State == report.MediumShown) != (want.reason == "") {
			t.Errorf("%s: %s %s (%d), want %s", id, m.State, m.Reason, m.Reason.Code(), want.reason)
		}
		if want.reason != "" && (m.Has(report.ShownCopy) || m.Has(report.PosterCopy)) {
			t.Errorf("%s is held back and has a copy to show", id)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 48<<20 {
		t.Errorf("the server's memory grew by %d MB", grown>>20)
	}
	open, err := h.store.Reports().Board(t.Context())
	h.must(err)
	if len(open) != 7 {
		t.Errorf("%d reports on the board, want 7", len(open))
	}
	for _, r := range open {
		if r.State != report.Presented || r.MediaCount != 1 {
			t.Errorf("report %s: %s with %d media", r.Number, r.State, r.MediaCount)
		}
	}
}

// Nothing of a picture, its label or its place stands on the disk in clear.
func TestNothingOnDiskInClear(t *testing.T) {
	b, err := os.ReadFile("../../../shared/samples/own/images/exif-gps-tokyo-orientation6.jpg")
	if err != nil {
		t.Skip("the samples are not here")
	}
	h := newHouse(t)
	stop := h.run(h.worker(nil))
	h.offer("m1", "image/jpeg", b)
	m := h.find("m1", ended)
	stop()
	if m.Location == nil || m.Location.Role != "media" {
		t.Fatalf("location = %+v", m.Location)
	}
	h.must(filepath.WalkDir(h.dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		disk, err := os.ReadFile(name)
		for _, canary := range [][]byte{[]byte("CANARY"), []byte("Exif"), b[:40], []byte("35.681")} {
			if bytes.Contains(disk, canary) {
				t.Errorf("%s holds %q", filepath.Base(name), canary)
			}
		}
		return err
	}))
}

// Bytes are destroyed when their time is over and nobody works on the report any
// more; that they existed stays in the log.
func TestDisposal(t *testing.T) {
	h := newHouse(t)
	w := h.worker(func(c *media.Config) {
		c.Retention = report.Retention{Actual: 100 * time.Hour, Quarantined: 10 * time.Hour}
	})
	stop := h.run(w)
	h.offer("kept", "image/jpeg", photo(t, 60, 40))
	h.offer("held", "image/jpeg", []byte("<html>"))
	kept, held := h.find("kept", ended), h.find("held", ended)
	stop()
	gone := func(m report.Medium) bool {
		files, err := filepath.Glob(filepath.Join(h.dir, "media", m.ID+".*"))
		h.must(err)
		n, err := h.store.Media().Medium(t.Context(), m.ID)
		h.must(err)
		if (n.State == report.MediumDisposed) != (len(files) == 0) {
			t.Errorf("%s and %d files", n.State, len(files))
		}
		return len(files) == 0
	}
	pass := func(d time.Duration) {
		h.mu.Lock()
		h.shift += d
		h.mu.Unlock()
		h.must(w.Tidy(t.Context()))
	}
	pass(200 * time.Hour)
	if gone(kept) || gone(held) {
		t.Fatal("destroyed while the reports are open")
	}
	h.mu.Lock()
	h.shift = 0
	h.mu.Unlock()
	for _, m := range []report.Medium{kept, held} {
		h.must(h.Close(t.Context(), yamada, m.Report, report.Handled, ""))
	}
	pass(20 * time.Hour)
	if gone(kept) || !gone(held) {
		t.Error("after 20 h only what is held back goes")
	}
	pass(100 * time.Hour)
	if !gone(kept) {
		t.Error("after its time it is still there")
	}
	_, all := h.history(kept)
	last := all[len(all)-1]
	if last.Act != "media.dispose" || last.Facts["type"] != "image/jpeg" || last.Facts["bytes"] == "" || last.Facts["digestIndex"] == "" || last.Facts["why"] != "retention" {
		t.Errorf("entry = %+v", last)
	}
}

var yamada = act.Who{Principal: authz.Principal{Kind: authz.KindPerson, ID: "yamada", Roles: []staff.Role{staff.Dispatcher}}, Console: "console-a"}

// Looking is recorded once per person.
func TestLookIsRecordedOnce(t *testing.T) {
	h := newHouse(t)
	h.run(h.worker(nil))
	h.offer("m1", "image/jpeg", photo(t, 60, 40))
	m := h.find("m1", ended)
	for range 3 {
		h.must(h.LookMedium(t.Context(), yamada, m.Report, m.ID))
	}
	acts, _ := h.history(m)
	if n := strings.Count(strings.Join(acts, " "), "media.look"); n != 1 {
		t.Errorf("%d looks are recorded, want 1", n)
	}
	looked, err := h.store.Media().Looked(t.Context(), m.Report, "yamada")
	if err != nil || len(looked) != 1 || looked[0] != m.ID {
		t.Errorf("looked = %v, %v", looked, err)
	}
	if err := h.LookMedium(t.Context(), yamada, "another", m.ID); fault.Of(err) != fault.NotFound {
		t.Errorf("through another report: %v", err)
	}
}

// Where nothing can be confined, nothing is decoded.
func TestWithoutSandboxNothingIsShown(t *testing.T) {
	h := newHouse(t)
	h.make = &sandbox.Sandbox{Self: "/bin/false"}
	h.run(h.worker(nil))
	h.offer("m1", "image/jpeg", photo(t, 60, 40))
	if m := h.find("m1", ended); m.Reason != report.HeldNoSandbox {
		t.Errorf("medium = %s %s, want held back", m.State, m.Reason)
	}
}

// A full quota, of all, of a service or of a terminal, leaves media at their
// terminal and says so.
func TestQuota(t *testing.T) {
	for name, limit := range map[string]func(c *media.Config, n int64){
		"all":      func(c *media.Config, n int64) { c.Quota = n },
		"service":  func(c *media.Config, n int64) { c.PerService = n },
		"terminal": func(c *media.Config, n int64) { c.PerTerminal = n },
	} {
		t.Run(name, func(t *testing.T) { noRoom(t, limit) })
	}
}

func noRoom(t *testing.T, limit func(c *media.Config, n int64)) {
	t.Helper()
	h := newHouse(t)
	b := photo(t, 60, 40)
	w := h.worker(func(c *media.Config) { limit(c, int64(len(b))-1) })
	h.run(w)
	h.offer("m1", "image/jpeg", b)
	m := h.find("m1", func(report.Medium) bool { return true })
	for w.Progress(m.ID).Note != media.NoteQuota {
		runtime.Gosched()
	}
	if h.fetched("m1") {
		t.Error("it was fetched although there is no room")
	}
}

package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
)

// sizesVariable says to which sizes the store grows, for a shorter run:
// MATOI_BENCH_SIZES=10000,100000.
const sizesVariable = "MATOI_BENCH_SIZES"

const (
	stillOpen  = 100 // reports on the board, whatever lies behind it
	frameBytes = 700
)

// BenchmarkGrowth loads a store without HTTP and measures at each size what a
// report costs, what pages read, and what verification takes.
func BenchmarkGrowth(b *testing.B) {
	t := Table{Title: "Cost as the store grows", Heads: []string{"store", "reports", "acts/s, 32 submitters", "p50 ms", "p99 ms", "board p50 µs", "closed list p50 µs",
		"by telephone p50 µs", "verify entries/s", "bytes/report", "cold start ms", "idle MB"}}
	sizes := []int{10_000, 100_000, 1_000_000}
	if text := os.Getenv(sizesVariable); text != "" {
		sizes = nil
		for _, word := range strings.Split(text, ",") {
			n, err := strconv.Atoi(word)
			if err != nil {
				b.Fatal(err)
			}
			sizes = append(sizes, n)
		}
	}
	for _, e := range engines(b) {
		b.Run(e.name, func(b *testing.B) {
			if e.name != "SQLite" {
				sizes = sizes[:min(2, len(sizes))]
			}
			grow(b, &t, e.name, role{Role: "server", Dir: filepath.Join(b.TempDir(), "headquarters"), Postgres: e.dsn()}, sizes)
		})
	}
	t.Note("Each act stores what the arrival of a report stores (frame of %d bytes sealed, report, number, entry, nodes, change), the report closed at once; %d stay open. PostgreSQL grows to the second size only.", frameBytes, stillOpen)
	t.Note("Board, closed list (100) and telephone: the store's query and its rows, without HTTP. Cold start: `matoi server` to the first 200 on /healthz, median of 5.")
	print(b, &t)
}

func grow(b *testing.B, t *Table, name string, hq role, sizes []int) {
	binary := build(b)
	h := house(b, hq)
	g := &grown{h: h}
	for i := range stillOpen {
		if err := g.arrive(b.Context(), i, false).Wait(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	for _, size := range sizes {
		g.load(b, int64(size))
		rate, lat := drive(b, Cell{Name: "arrival", Write: func(ctx context.Context, _ int64) error {
			return g.arrive(ctx, 0, true).Wait(ctx)
		}}, new(atomic.Int64))
		row := []any{name, size, rate, lat.P50, lat.P99}
		reports := h.Store.Reports()
		for _, read := range []func(context.Context) (int, error){
			func(ctx context.Context) (int, error) { r, err := reports.Board(ctx); return len(r), err },
			func(ctx context.Context) (int, error) {
				r, err := reports.Closed(ctx, time.Now(), 100)
				return len(r), err
			},
			func(ctx context.Context) (int, error) {
				r, err := reports.ByPhone(ctx, h.Store.PhoneIndex(phone(77)), 100)
				return len(r), err
			},
		} {
			row = append(row, g.time(b, read))
		}
		row = append(row, g.verify(b, hq), g.bytes(b, hq))
		if err := h.Close(); err != nil {
			b.Fatal(err)
		}
		start, resident := coldStart(b, binary, hq)
		t.Row(append(row, start, resident)...)
		h = house(b, hq)
		g.h = h
	}
	if err := h.Close(); err != nil {
		b.Fatal(err)
	}
}

func house(b *testing.B, hq role) *app.House {
	b.Helper()
	h, err := app.OpenHouse(b.Context(), hq.house())
	if err != nil {
		b.Fatal(err)
	}
	return h
}

// grown is a store that grows.
type grown struct {
	h *app.House
	n atomic.Int64
}

func phone(n int64) string { return fmt.Sprintf("090%08d", n%1_000_000) }

// arrive submits what the arrival of a report stores.
func (g *grown) arrive(ctx context.Context, _ int, closed bool) *writer.Pending {
	n := g.n.Add(1)
	id := fmt.Sprintf("0197f3c2-%04x-7000-8000-%012x", n>>16, n)
	frame := fmt.Sprintf("t-01/spool/%d", n)
	return g.h.Store.Submit(ctx, func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
		service := fmt.Sprintf("S-%d", n)
		if _, err := u.Reports().ByService(ctx, "net119.example", service); err == nil {
			return entry.Entry{}, fmt.Errorf("report %s is there already", service)
		}
		count, err := u.Reports().NextNumber(ctx, "test/day")
		if err != nil {
			return entry.Entry{}, err
		}
		now := u.Now()
		r := report.Arrive(report.Arrival{Terminal: "t-01", Service: "net119.example", ServiceReport: service, Mode: stdif.Test, Revision: 1, Frame: frame,
			Kind: stdif.KindOther, PhoneIndex: u.PhoneIndex(phone(n)), EventAt: now, SentAt: now}, id, strconv.FormatInt(count, 10), now)
		if closed {
			by := report.By{Console: "c", Person: "p"}
			r.State, r.Closing, r.Due = report.Closed, report.Closing{By: by, Reason: "handled", At: now}, time.Time{}
			r.IntegratedAt, r.SeenAt, r.Step = now, now, stdif.Seen // as every closed report was
		}
		if _, err := u.Reports().AddFrame(ctx, report.Frame{ID: frame, Terminal: "t-01", Spool: "spool", Seq: n, MsgID: id, Service: "net119.example", Report: id,
			Type: "report.upsert", Mode: stdif.Test, Revision: 1, SentAt: now, ReceivedAt: now, Body: make([]byte, frameBytes)}); err != nil {
			return entry.Entry{}, err
		}
		u.Changed("report", id, string(act.ReportArrive))
		return entry.Entry{Act: string(act.ReportArrive), Actor: entry.Actor{Terminal: "t-01", System: "gateway"}, Subject: "report/" + id, Mode: stdif.Test}, u.Reports().Save(ctx, r)
	})
}

// load brings the store to a size, many acts on their way at once.
func (g *grown) load(b *testing.B, size int64) {
	b.Helper()
	waiting := make(chan *writer.Pending, 2048)
	done := make(chan error, 1)
	go func() {
		var first error
		for p := range waiting {
			if err := p.Wait(context.Background()); err != nil && first == nil {
				first = err
			}
		}
		done <- first
	}()
	for g.n.Load() < size {
		waiting <- g.arrive(context.Background(), 0, true)
	}
	close(waiting)
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// time gives the median of a read in microseconds.
func (g *grown) time(b *testing.B, read func(context.Context) (int, error)) float64 {
	b.Helper()
	var took []float64
	for range 101 {
		at := time.Now()
		n, err := read(b.Context())
		if err != nil || n == 0 {
			b.Fatalf("read %d rows: %v", n, err)
		}
		took = append(took, float64(time.Since(at).Microseconds()))
	}
	return Median(took)
}

func (g *grown) verify(b *testing.B, hq role) float64 {
	b.Helper()
	at := time.Now()
	r, err := app.VerifyHouse(b.Context(), hq.house())
	if err != nil {
		b.Fatal(err)
	}
	if !r.OK() {
		b.Fatalf("findings: %v", r.Findings)
	}
	return float64(r.Entries) / time.Since(at).Seconds()
}

// bytes is what a report takes on disk; 0 on PostgreSQL, whose files are its own.
func (g *grown) bytes(b *testing.B, hq role) float64 {
	b.Helper()
	info, err := os.Stat(filepath.Join(hq.Dir, store.File))
	if err != nil {
		return 0
	}
	return float64(info.Size()) / float64(g.n.Load())
}

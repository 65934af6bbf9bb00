package spool

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// benchmark shares b.N among 32 callers that each wait for their commit.
func benchmark(b *testing.B, one func(i int64) error) {
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				if err := one(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "/s")
}

// rawInserts is the reference of the same run: the frame's row alone through
// group commit in a database of its own. Nothing is sealed, read, numbered in
// the act, kept per report or written as evidence.
func rawInserts(b *testing.B) {
	dir := b.TempDir()
	db, err := sqlite.Open(b.Context(), databaseFile(dir))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := writer.Migrate(b.Context(), goose.DialectSQLite3, db.Write, schema()); err != nil {
		b.Fatal(err)
	}
	w, err := writer.Open(b.Context(), db.Write, writer.Options{HQ: HQ, Tables: Tables(), Unlogged: true})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	body, err := open1.Marshal(report("N-1", 1))
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, func(i int64) error {
		return w.Do(b.Context(), func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			return entry.Entry{Act: "bench"}, tx.Put(ctx, tableFrame, query.SpoolFrame{Hq: HQ, Seq: i, Service: "net119", Body: body})
		})
	})
}

// What a report costs: sealed, with evidence, beside the raw row.
func BenchmarkTake(b *testing.B) {
	s := start(b)
	b.Run("report", func(b *testing.B) {
		benchmark(b, func(i int64) error {
			_, err := s.Take(b.Context(), Intake{Service: "net119", Mode: stdif.Actual, Inbound: stdif.Inbound{Report: report(fmt.Sprintf("%s-%d", b.Name(), i), 1)}})
			return err
		})
	})
	b.Run("raw insert", func(b *testing.B) { rawInserts(b) })
	b.Run("frames out", func(b *testing.B) {
		next := int64(1)
		for range b.N {
			frames, err := s.Frames(b.Context(), next, s.Through(), 1)
			if err != nil {
				b.Fatal(err)
			}
			if len(frames) == 0 {
				next = 1
				continue
			}
			if _, err := open1.Encode(frames[0]); err != nil {
				b.Fatal(err)
			}
			next++
		}
	})
}

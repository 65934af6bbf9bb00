package agent

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
)

// BenchmarkIntake is HTTP → durable, with the evidence, for 32 services at
// once; BenchmarkTake is the same without HTTP and decoding. Both print what
// one report costs; internal/store/writer prints the raw insert.
func BenchmarkIntake(b *testing.B) {
	s := newSite(b, nil)
	var n atomic.Int64
	parallel(b, func() { s.report("net119", newReport(fmt.Sprintf("N-%d", n.Add(1)), 1)) })
}

func BenchmarkTake(b *testing.B) {
	s := newSite(b, nil)
	var n atomic.Int64
	parallel(b, func() {
		r := newReport(fmt.Sprintf("N-%d", n.Add(1)), 1)
		if _, err := s.Spool().Take(b.Context(), spool.Intake{Service: "net119", Mode: stdif.Actual, Inbound: stdif.Inbound{Report: &r}}); err != nil {
			b.Error(err)
		}
	})
}

// parallel shares b.N among 32 callers that each wait for their answer.
func parallel(b *testing.B, one func()) {
	b.ReportAllocs()
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for next.Add(1) <= int64(b.N) {
				one()
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reports/s")
}

// BenchmarkLive is from the service's request to the frame at the gateway,
// through mutual TLS, one report at a time.
func BenchmarkLive(b *testing.B) {
	s := newSite(b, nil)
	g, _ := s.connect("", nil)
	g.snapshot()
	took := make([]time.Duration, b.N)
	b.ResetTimer()
	for i := range b.N {
		began := time.Now()
		s.report("net119", newReport(fmt.Sprintf("N-%d", i), 1))
		g.numbered(1)
		took[i] = time.Since(began)
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

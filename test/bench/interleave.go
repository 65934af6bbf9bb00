package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/sim/load"
)

// How cells are compared.
const (
	Submitters = 32 // callers that each wait for their commit
	Rounds     = 5
	CellTime   = time.Second
)

// Cell is one way of doing the same work. Write makes the n-th piece durable.
// Extends is the index of the cell that it adds something to.
type Cell struct {
	Name    string
	Write   func(ctx context.Context, n int64) error
	Extends int
}

// WriteHeads are the columns that Interleave fills.
func WriteHeads() []string {
	return []string{"store", "what", "/s", "p50 ms", "p99 ms", "of the first line", "of the line it extends"}
}

// Interleave runs every cell in turn, round after round, so that a neighbour's
// load falls on all of them, and adds the medians to t. Ratios are medians of
// the ratios within a round.
func Interleave(b testing.TB, t *Table, store string, cells []Cell) {
	b.Helper()
	rate, p50, p99 := make([][]float64, len(cells)), make([][]float64, len(cells)), make([][]float64, len(cells))
	next := make([]atomic.Int64, len(cells))
	for round := range Rounds {
		for k := range cells {
			i := (k + round) % len(cells)
			perSecond, lat := drive(b, cells[i], &next[i])
			rate[i], p50[i], p99[i] = append(rate[i], perSecond), append(p50[i], lat.P50), append(p99[i], lat.P99)
		}
	}
	ratio := func(i, of int) float64 {
		out := make([]float64, Rounds)
		for r := range out {
			out[r] = rate[i][r] / rate[of][r]
		}
		return Median(out)
	}
	for i, c := range cells {
		t.Row(store, c.Name, Median(append([]float64{}, rate[i]...)), Median(p50[i]), Median(p99[i]), ratio(i, 0), ratio(i, c.Extends))
	}
}

// drive lets the submitters write for a while.
func drive(b testing.TB, c Cell, next *atomic.Int64) (perSecond float64, latency load.Percentiles) {
	b.Helper()
	begin := time.Now()
	took := make([][]int64, Submitters)
	var wg sync.WaitGroup
	for s := range Submitters {
		wg.Go(func() {
			for time.Since(begin) < CellTime {
				at := time.Now()
				if err := c.Write(context.Background(), next.Add(1)); err != nil {
					b.Errorf("%s: %v", c.Name, err)
					return
				}
				took[s] = append(took[s], int64(time.Since(at)))
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(begin).Seconds()
	var all []int64
	for _, t := range took {
		all = append(all, t...)
	}
	return float64(len(all)) / elapsed, load.Of(all)
}

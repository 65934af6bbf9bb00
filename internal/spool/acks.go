package spool

import (
	"slices"
	"sync"

	"github.com/matoi119/matoi/stdif/open1"
)

// run is one row of spool_ack: a run of frames that are durable at the
// headquarters, with the reading of the retention counter when that was told.
type run struct{ from, to, kept int64 }

// acks is what the headquarters has, in memory: sorted runs that do not
// overlap. It follows spool_ack, which is written first.
type acks struct {
	mu   sync.RWMutex
	runs []run
}

// find returns the index of the first run that ends at or after seq.
func (a *acks) find(seq int64) int {
	i, _ := slices.BinarySearchFunc(a.runs, seq, func(r run, n int64) int {
		if r.to < n {
			return -1
		}
		return 1
	})
	return i
}

// has reports whether the frame is acknowledged, and since which reading.
func (a *acks) has(seq int64) (kept int64, ok bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	i := a.find(seq)
	if i == len(a.runs) || a.runs[i].from > seq {
		return 0, false
	}
	return a.runs[i].kept, true
}

// missing returns the parts of r that no run covers.
func (a *acks) missing(r open1.Range) []open1.Range {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var out []open1.Range
	next := r.From
	for i := a.find(r.From); next <= r.To; i++ {
		if i == len(a.runs) || a.runs[i].from > r.To {
			return append(out, open1.Range{From: next, To: r.To})
		}
		if a.runs[i].from > next {
			out = append(out, open1.Range{From: next, To: a.runs[i].from - 1})
		}
		next = a.runs[i].to + 1
	}
	return out
}

// add takes a run that overlaps none.
func (a *acks) add(r run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.runs = slices.Insert(a.runs, a.find(r.from), r)
}

// replace exchanges the runs that lie within r for r.
func (a *acks) replace(r run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.find(r.from)
	j := i
	for j < len(a.runs) && a.runs[j].to <= r.to {
		j++
	}
	a.runs = slices.Replace(a.runs, i, j, r)
}

// clear forgets everything: the numbers belong to a new spool id.
func (a *acks) clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.runs = nil
}

// through returns the last frame up to which nothing is missing.
func (a *acks) through() int64 {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var n int64
	for _, r := range a.runs {
		if r.from != n+1 {
			break
		}
		n = r.to
	}
	return n
}

// count returns how many frames up to seq are acknowledged.
func (a *acks) count(seq int64) int64 {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var n int64
	for _, r := range a.runs {
		if r.from > seq {
			break
		}
		n += min(r.to, seq) - r.from + 1
	}
	return n
}

// joinable returns the first pair of neighbours that were both told before the
// reading, as one run, and whether there is one.
func (a *acks) joinable(before int64, most int) (run, []int64) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for i := 0; i+1 < len(a.runs); i++ {
		whole, rest := a.runs[i], []int64(nil)
		for _, r := range a.runs[i+1:] {
			if whole.kept > before || r.kept > before || r.from != whole.to+1 || len(rest) == most {
				break
			}
			whole.to, whole.kept = r.to, max(whole.kept, r.kept)
			rest = append(rest, r.from)
		}
		if len(rest) > 0 {
			return whole, rest
		}
	}
	return run{}, nil
}

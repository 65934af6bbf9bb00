package spool

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/matoi119/matoi/stdif/open1"
)

// The runs against a deliberately dumb set.
func TestAcksAgainstSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const top = 60
		var a acks
		dumb := map[int64]int64{}
		for range rapid.IntRange(1, 20).Draw(t, "calls") {
			from := rapid.Int64Range(1, top).Draw(t, "from")
			to := rapid.Int64Range(from, top).Draw(t, "to")
			kept := rapid.Int64Range(0, 9).Draw(t, "kept")
			for _, m := range a.missing(open1.Range{From: from, To: to}) {
				for n := m.From; n <= m.To; n++ {
					if _, ok := dumb[n]; ok {
						t.Fatalf("missing(%d-%d) names %d, which is there", from, to, n)
					}
					dumb[n] = kept
				}
				a.add(run{m.From, m.To, kept})
			}
			for n := from; n <= to; n++ {
				if _, ok := dumb[n]; !ok {
					t.Fatalf("missing(%d-%d) does not name %d", from, to, n)
				}
			}
			if whole, rest := a.joinable(5, 3); len(rest) > 0 {
				for n := whole.from; n <= whole.to; n++ {
					if dumb[n] > 5 {
						t.Fatalf("joined %d, told at %d", n, dumb[n])
					}
					dumb[n] = whole.kept
				}
				a.replace(whole)
			}
			check(t, &a, dumb, top)
		}
	})
}

func check(t *rapid.T, a *acks, dumb map[int64]int64, top int64) {
	var count, through int64
	for n := int64(1); n <= top; n++ {
		kept, ok := a.has(n)
		want, there := dumb[n]
		if ok != there || kept != want {
			t.Fatalf("has(%d) = %d, %v, want %d, %v", n, kept, ok, want, there)
		}
		if there {
			count++
			if through == n-1 {
				through = n
			}
		}
	}
	if got := a.count(top); got != count {
		t.Fatalf("count = %d, want %d", got, count)
	}
	if got := a.through(); got != through {
		t.Fatalf("through = %d, want %d", got, through)
	}
}

package open1

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Ranges against a set so dumb that it must be right.
func TestRangesAgainstDumbSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Ranges
		set := map[int64]bool{}
		number := rapid.Int64Range(1, 40)
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			from := number.Draw(t, "from")
			to := from
			if rapid.Bool().Draw(t, "run") {
				to = number.Draw(t, "to") // also runs that end before they begin
				r.AddRange(Range{from, to})
			} else {
				r.Add(from)
			}
			for n := from; n <= to; n++ {
				set[n] = true
			}
		}
		checkAgainst(t, r, set)
		through := rapid.Int64Range(0, 45).Draw(t, "through")
		missing := r.Missing(through)
		for n := int64(1); n <= 45; n++ {
			if want := n <= through && !set[n]; missing.Contains(n) != want {
				t.Fatalf("Missing(%d) of %v = %v, %d wrong", through, r, missing, n)
			}
		}
	})
}

func TestRangesNormalize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var wild Ranges
		set := map[int64]bool{}
		for range rapid.IntRange(0, 20).Draw(t, "runs") {
			x := Range{rapid.Int64Range(1, 40).Draw(t, "from"), rapid.Int64Range(1, 40).Draw(t, "to")}
			wild = append(wild, x)
			for n := x.From; n <= x.To; n++ {
				set[n] = true
			}
		}
		before := append(Ranges(nil), wild...)
		checkAgainst(t, wild.Normalize(), set)
		if d := cmp.Diff(before, wild); d != "" {
			t.Fatalf("Normalize changed its receiver:\n%s", d)
		}
	})
}

func checkAgainst(t *rapid.T, r Ranges, set map[int64]bool) {
	last := int64(0)
	for i, x := range r {
		if x.To < x.From || i > 0 && x.From <= r[i-1].To+1 {
			t.Fatalf("%v is no proper set", r)
		}
	}
	for n := int64(0); n <= 45; n++ {
		if r.Contains(n) != set[n] {
			t.Fatalf("%v: Contains(%d) = %v", r, n, r.Contains(n))
		}
		if set[n] {
			last = n
		}
	}
	if r.Count() != int64(len(set)) || r.Last() != last {
		t.Fatalf("%v: Count %d Last %d, want %d %d", r, r.Count(), r.Last(), len(set), last)
	}
}

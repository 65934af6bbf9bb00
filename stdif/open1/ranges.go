package open1

import "slices"

// maxSeq is the highest number that every JSON reader takes exactly (RFC 7493).
const maxSeq = 1<<53 - 1

// Ranges is a set of sequence numbers as ascending runs that neither overlap
// nor touch. The zero value is the empty set. It stays small as long as frames
// arrive nearly in order, which they do: one run for the week that was.
type Ranges []Range

// Add puts one number into the set.
func (r *Ranges) Add(seq int64) { r.AddRange(Range{seq, seq}) }

// AddRange puts a run into the set. A run that ends before it begins is empty.
func (r *Ranges) AddRange(add Range) {
	if add.To < add.From {
		return
	}
	s := *r
	// first run that reaches or touches add, first run wholly behind it
	from, _ := slices.BinarySearchFunc(s, add.From, func(x Range, n int64) int { return before(x.To, n-1) })
	to := from
	for to < len(s) && s[to].From-1 <= add.To {
		add.From = min(add.From, s[to].From)
		add.To = max(add.To, s[to].To)
		to++
	}
	*r = slices.Replace(s, from, to, add)
}

func before(a, b int64) int {
	if a < b {
		return -1
	}
	return 1 // never equal: the search wants the first that is not before
}

// Contains reports whether the number is in the set.
func (r Ranges) Contains(seq int64) bool {
	i, _ := slices.BinarySearchFunc(r, seq, func(x Range, n int64) int { return before(x.To, n) })
	return i < len(r) && r[i].From <= seq
}

// Missing returns the runs of 1 … through that are not in the set.
func (r Ranges) Missing(through int64) Ranges {
	var out Ranges
	next := int64(1)
	for _, x := range r {
		if x.From > through {
			break
		}
		if x.From > next {
			out = append(out, Range{next, x.From - 1})
		}
		next = max(next, x.To+1)
	}
	if next <= through {
		out = append(out, Range{next, through})
	}
	return out
}

// Count returns how many numbers are in the set.
func (r Ranges) Count() (n int64) {
	for _, x := range r {
		n += x.To - x.From + 1
	}
	return n
}

// Last returns the highest number in the set, 0 for the empty set.
func (r Ranges) Last() int64 {
	if len(r) == 0 {
		return 0
	}
	return r[len(r)-1].To
}

// Normalize returns the same numbers as a proper set, whatever r looked like:
// unsorted, overlapping, with empty runs. It never changes r.
func (r Ranges) Normalize() Ranges {
	sorted := slices.Clone(r)
	slices.SortFunc(sorted, func(a, b Range) int {
		switch {
		case a.From < b.From:
			return -1
		case a.From > b.From:
			return 1
		}
		return 0
	})
	var out Ranges
	for _, x := range sorted {
		switch last := len(out) - 1; {
		case x.To < x.From:
		case last >= 0 && x.From-1 <= out[last].To:
			out[last].To = max(out[last].To, x.To)
		default:
			out = append(out, x)
		}
	}
	return out
}

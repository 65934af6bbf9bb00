package net119

import (
	"slices"

	"github.com/matoi119/matoi/sim/intake"
)

// queue holds what the terminal has not yet answered for, in order.
type queue struct {
	last  int64 // highest number given
	items []intake.Item
}

// add numbers an item. A heartbeat replaces the one that waits at the end of
// its call: only the newest is worth something. It returns what must be kept
// in the journal.
func (q *queue) add(i intake.Item) []record {
	var recs []record
	if i.Heartbeat() {
		for n := len(q.items) - 1; n >= 0; n-- {
			if q.items[n].ReportID() != i.ReportID() {
				continue
			}
			if q.items[n].Heartbeat() {
				recs = append(recs, record{Done: q.items[n].Number})
				q.items = slices.Delete(q.items, n, n+1)
			}
			break
		}
	}
	q.last++
	i.Number = q.last
	q.items = append(q.items, i)
	return append(recs, record{Item: &i})
}

// restore puts back an item of the journal.
func (q *queue) restore(i intake.Item) {
	q.items = append(q.items, i)
	q.last = max(q.last, i.Number)
}

func (q *queue) find(n int64) (intake.Item, bool) {
	k, ok := q.index(n)
	if !ok {
		return intake.Item{}, false
	}
	return q.items[k], true
}

func (q *queue) remove(n int64) {
	if k, ok := q.index(n); ok {
		q.items = slices.Delete(q.items, k, k+1)
	}
}

func (q *queue) index(n int64) (int, bool) {
	return slices.BinarySearchFunc(q.items, n, func(i intake.Item, n int64) int { return int(i.Number - n) })
}

// after returns the items above n.
func (q *queue) after(n int64) []intake.Item {
	k, ok := q.index(n)
	if ok {
		k++
	}
	return slices.Clone(q.items[k:])
}

func (q *queue) waiting(report string) int {
	n := 0
	for _, i := range q.items {
		if i.ReportID() == report && !i.Heartbeat() {
			n++
		}
	}
	return n
}

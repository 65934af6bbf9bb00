package gateway

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// A new spool in the middle of a connection: what is still on its way of the
// old one does not make the new one's numbers forgotten.
func TestTallyKeepsSpoolsApart(t *testing.T) {
	told := newTally(open1.Hello{Spool: "old", Have: []open1.Range{{From: 1, To: 3}}})
	refused := &act.Refused{Problem: stdif.Problemf(stdif.CodeMode, "/mode", "no")}
	for _, in := range []act.Incoming{{Spool: "new", Seq: 1}, {Spool: "old", Seq: 5}, {Spool: "new", Seq: 2, Refused: refused}, {Spool: "", Seq: 9}, {Spool: "new"}} {
		told.mark(in)
	}
	want := map[string]open1.Ranges{"old": {{From: 1, To: 3}, {From: 5, To: 5}}, "new": {{From: 1, To: 2}}}
	if diff := cmp.Diff(want, told.have); diff != "" {
		t.Errorf("have:\n%s", diff)
	}
	if r := told.refused["new"]; len(r) != 1 || r[0].Seq != 2 || len(told.refused["old"]) != 0 {
		t.Errorf("refused = %+v", told.refused)
	}
}

// Whatever is left out is asked for after the snapshot, and what came is not;
// nobody asks for ever.
func TestGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		through := rapid.Int64Range(0, 20).Draw(t, "through")
		g := gaps{spool: "s"}
		g.begin(open1.Snapshot{Spool: "s", Through: through})
		lost := map[int64]bool{}
		frame := func(seq int64, late bool) bool {
			if rapid.IntRange(0, 4).Draw(t, "lose") == 0 {
				lost[seq] = true
				return false
			}
			return g.numbered(open1.Frame{Spool: "s", Seq: seq, Late: late})
		}
		for n := int64(1); n <= through; n++ {
			if frame(n, true) {
				t.Fatal("asked within a snapshot")
			}
		}
		if asked := g.end(); asked != (len(lost) > 0) {
			t.Fatalf("after the snapshot without %v: asked %t", lost, asked)
		}
		if len(lost) > 0 { // the answer brings all of it
			g.begin(open1.Snapshot{Spool: "s", Through: through})
			for n := range lost {
				g.numbered(open1.Frame{Spool: "s", Seq: n, Late: true})
			}
			if g.end() {
				t.Fatal("asked for what came")
			}
		}
		if !g.numbered(open1.Frame{Spool: "s", Seq: through + 2}) {
			t.Fatal("a live number was left out and nobody asked")
		}
		asks := 1
		for range 10 { // it never comes
			g.begin(open1.Snapshot{Spool: "s", Through: through + 2})
			if g.end() {
				asks++
			}
		}
		if asks != maxGapTries {
			t.Fatalf("asked %d times for what never comes", asks)
		}
		if g.numbered(open1.Frame{Spool: "other", Seq: 7}) {
			t.Fatal("asked in a new spool before its snapshot")
		}
	})
}

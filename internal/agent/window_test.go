package agent

import (
	"fmt"
	"sync"
	"testing"

	"github.com/matoi119/matoi/stdif/open1"
)

// A headquarters that does not acknowledge gets a window of late frames and no
// more at once, so that a new report never stands behind thousands that are
// written already. It gets the others all the same: what it cannot store, it
// still rings from memory.
func TestLateWindow(t *testing.T) {
	s := newSite(t, nil)
	const n = lateWindow + 3*lateBatch
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := worker; i < n; i += 8 {
				s.report("net119", newReport(fmt.Sprintf("OLD-%d", i), 1))
			}
		})
	}
	wg.Wait()
	g, snap := s.connect("", nil)
	if snap.Missing != n {
		t.Fatalf("%d frames are announced, want %d", snap.Missing, n)
	}
	late := 0
	for range lateWindow {
		if f := g.next(); !f.Late {
			t.Fatalf("after %d late frames: %s, late %t", late, f.Type, f.Late)
		}
		late++
	}
	s.report("net119", newReport("NEW", 1))
	live := 0
	for f := g.next(); f.Type != open1.TypeSnapshotEnd; f = g.next() {
		switch {
		case f.Late:
			late++
		case f.Type == open1.TypeReport:
			live++
			if late >= n {
				t.Error("the new report came after all old ones")
			}
		}
	}
	if late != n || live != 1 {
		t.Errorf("%d late and %d live frames, want %d and 1", late, live, n)
	}
}

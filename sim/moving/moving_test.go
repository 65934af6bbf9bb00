package moving

import (
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// The places that must not be drawn are there, and the interface takes them all.
func TestRevisions(t *testing.T) {
	now := time.Now()
	all := Revisions("M-1", now)
	if len(all) != 5 {
		t.Fatalf("%d revisions", len(all))
	}
	shapes := map[string]bool{}
	for i, r := range all {
		if r.Revision != int64(i+1) {
			t.Errorf("revision %d stands at %d", r.Revision, i)
		}
		for _, l := range r.Locations {
			shapes[l.Shape] = true
			if l.AcquiredAt != nil && l.AcquiredAt.After(now) {
				t.Errorf("revision %d has a fix of the future", r.Revision)
			}
		}
	}
	for _, s := range []string{"point", "circle", "ellipse", "arc-band", "polygon"} {
		if !shapes[s] {
			t.Errorf("no %s", s)
		}
	}
	late, before := all[3].Locations[0], all[2].Locations[0]
	if !late.AcquiredAt.Before(*before.AcquiredAt) {
		t.Error("the fourth revision's fix is not late")
	}
	if stdif.ValidPosition(0, 0) || workplace().HasPosition() {
		t.Error("a place that must not be drawn can be")
	}
}

package town

import (
	"bytes"
	"testing"
)

// The numbers of tiles on the curve, from PMTiles v3, §4.1.
func TestTileNumbers(t *testing.T) {
	for _, c := range []struct {
		z    int
		x, y uint32
		want uint64
	}{{0, 0, 0, 0}, {1, 0, 0, 1}, {1, 0, 1, 2}, {1, 1, 1, 3}, {1, 1, 0, 4}, {2, 0, 0, 5}, {12, 3423, 1763, 19078479}} {
		if got := tileID(c.z, c.x, c.y); got != c.want {
			t.Errorf("tileID(%d, %d, %d) = %d, want %d", c.z, c.x, c.y, got, c.want)
		}
	}
}

func TestTheTownIsSmallAndTheSameEachTime(t *testing.T) {
	var a, b bytes.Buffer
	if err := Write(&a); err != nil {
		t.Fatal(err)
	}
	if err := Write(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two towns differ")
	}
	if a.Len() > 1<<20 {
		t.Errorf("the town has %d bytes, want less than 1 MiB", a.Len())
	}
}

func TestCuttingKeepsWhatIsInside(t *testing.T) {
	square := []xy{{-1000, -1000}, {9000, -1000}, {9000, 9000}, {-1000, 9000}}
	for _, p := range cutArea(square) {
		if max(-margin-p.x, p.x-extent-margin, -margin-p.y, p.y-extent-margin) > 1e-6 {
			t.Errorf("a corner at %v is outside of the margin", p)
		}
	}
	parts := cutLine([]xy{{-500, 100}, {200, 100}, {200, 9000}, {300, 9000}, {300, 100}})
	if len(parts) != 2 {
		t.Errorf("a line that leaves and comes back has %d parts, want 2: %v", len(parts), parts)
	}
}

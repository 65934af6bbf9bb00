package screen

import (
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

func TestRecordPolicy(t *testing.T) {
	at := time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)
	by := By{Console: "c", Person: "chief"}
	p := RecordPolicy{Terminal: "t-01"}
	for _, reason := range []string{"", " ", strings.Repeat("理", MaxReason+1)} {
		if _, _, err := p.Decide(true, reason, by, at); fault.Of(err) != fault.Invalid {
			t.Errorf("Decide with %d characters = %v, want invalid", len([]rune(reason)), err)
		}
	}
	on, changed, err := p.Decide(true, "訓練の振り返りに使う", by, at)
	if err != nil || !changed || !on.On || on.By != by || on.Terminal != "t-01" {
		t.Fatalf("Decide = %+v, %t, %v", on, changed, err)
	}
	if _, changed, err := on.Decide(true, "もう一度", by, at); changed || err != nil {
		t.Errorf("the same again: %t, %v", changed, err)
	}
}

func TestRecordingEndsOnce(t *testing.T) {
	at := time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)
	r := Recording{ID: "r", State: RecordingRuns, BeganAt: at}
	if _, changed := r.Dispose(at); changed {
		t.Error("a running recording was disposed of")
	}
	done, changed := r.Finish(EndQuota, 10, 4, 3, at)
	if !changed || done.State != RecordingEnded || done.End != EndQuota || !done.Readable() {
		t.Errorf("Finish = %+v", done)
	}
	if again, changed := done.Finish(EndOver, 20, 4, 3, at.Add(time.Hour)); changed || again != done {
		t.Error("it ended twice")
	}
	if none, _ := r.Finish(EndRoom, 0, 0, 0, at); none.State != RecordingMissed || none.Readable() {
		t.Errorf("without a byte: %s", none.State)
	}
	if gone, changed := done.Dispose(at); !changed || gone.Readable() || gone.Bytes != 10 {
		t.Errorf("Dispose = %+v", gone)
	}
}

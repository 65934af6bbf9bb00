package terminal

import (
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

func TestDrill(t *testing.T) {
	duty(t, "S3-1-1-2")
	at := time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)
	d := Drill{ID: "d", Terminal: "t-01", Reason: "四半期の訓練", Leader: "佐藤"}
	for name, bad := range map[string]func() error{
		"no reason": func() error { d := d; d.Reason = " "; _, err := d.Begin(time.Minute, 0, at); return err },
		"a long reason": func() error {
			d := d
			d.Reason = strings.Repeat("理", 401)
			_, err := d.Begin(time.Minute, 0, at)
			return err
		},
		"no leader": func() error { d := d; d.Leader = ""; _, err := d.Begin(time.Minute, 0, at); return err },
		"no time":   func() error { _, err := d.Begin(0, 0, at); return err },
		"too long":  func() error { _, err := d.Begin(MaxDrill+1, 0, at); return err },
	} {
		if err := bad(); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
	if _, err := d.Begin(time.Minute, 1, at); fault.Of(err) != fault.Conflict {
		t.Errorf("with an actual report open: %v, want conflict", err)
	}
	cut, err := d.Begin(time.Minute, 0, at)
	if err != nil || !cut.Cut(at) || !cut.Cut(at.Add(59*time.Second)) || cut.Cut(at.Add(time.Minute)) {
		t.Fatalf("Begin = %+v, %v: the line must come back by itself", cut, err)
	}
	if _, err := cut.Finish(true, "", nil, at); err == nil {
		t.Error("finished while the line is cut")
	}
	back, changed := cut.Restore(RestoreDone, at.Add(time.Second))
	if !changed || back.Cut(at.Add(2*time.Second)) {
		t.Errorf("Restore = %+v", back)
	}
	if _, changed := back.Restore(RestoreLapsed, at.Add(time.Hour)); changed {
		t.Error("restored twice")
	}
	passed, err := back.Finish(true, "ab", []byte("{}"), at.Add(time.Minute))
	if err != nil || passed.State != DrillPassed {
		t.Errorf("Finish = %+v, %v", passed, err)
	}
	if _, err := passed.Finish(false, "", nil, at); err == nil {
		t.Error("finished twice")
	}
	if gone, _ := cut.Restore(RestoreStopped, at); gone.State != DrillAbandoned {
		t.Errorf("stopped: %s", gone.State)
	}
}

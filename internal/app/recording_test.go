package app

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/sandbox/sandboxtest"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/staff"
)

// What a console sees of a terminal's screen is recorded through the relay where
// the policy says so, plays without us, and lies nowhere in clear.
func TestRecordsThroughTheRelay(t *testing.T) {
	d, err := StartDemo(t.Context(), DemoConfig{Dir: filepath.Join(t.TempDir(), "demo"), Media: MediaConfig{Child: sandboxtest.Child(t)}, Version: "test", Log: slog.New(slog.DiscardHandler)})
	ok(t, err)
	t.Cleanup(func() { ok(t, d.Close()) })
	ok(t, d.linked(t.Context(), "t-01"))
	ctx, a, s := t.Context(), d.server.Acts, d.server.Store
	console := d.consoles["a"].id
	who := act.Who{Principal: authz.OfPerson(staff.Person{ID: "sato", Roles: []staff.Role{staff.Dispatcher}}), Console: console}
	chief := act.Who{Principal: authz.OfPerson(staff.Person{ID: "chief", Roles: []staff.Role{staff.Supervisor}}), Console: console}
	if err := a.DecideRecording(ctx, who, "t-01", true, "理由"); fault.Of(err) != fault.Denied {
		t.Fatalf("a dispatcher decides on recordings: %v", err)
	}
	ok(t, a.DecideRecording(ctx, chief, "t-01", true, "CANARY-REASON 訓練の振り返り"))
	_, err = a.TakeScreen(ctx, who, "t-01", screen.Operate, screen.AllInput)
	ok(t, err)
	wait(t, "nothing is recorded", func() bool { return d.server.recorder.Recorded("t-01") })
	var rec screen.Recording
	file := func() string { return filepath.Join(d.dir, "headquarters", RecordingDir, rec.ID+".journal") }
	wait(t, "nothing is written", func() bool {
		all, err := s.Recordings().Recordings(ctx, time.Now().Add(time.Minute), 10)
		if err != nil || len(all) != 1 {
			return false
		}
		rec = all[0]
		info, err := os.Stat(file())
		return err == nil && info.Size() > 4096
	})
	_, err = a.ReleaseScreen(ctx, who, "t-01")
	ok(t, err)
	wait(t, "the recording does not end", func() bool {
		rec, err = s.Recordings().Recording(ctx, rec.ID)
		return err == nil && rec.State == screen.RecordingEnded && !d.server.recorder.Recorded("t-01")
	})
	if rec.End != screen.EndOver || rec.By != (screen.By{Console: console, Person: "sato"}) || rec.Width == 0 || rec.Bytes == 0 {
		t.Errorf("%+v", rec)
	}
	film := filepath.Join(t.TempDir(), "film.mp4")
	out, err := os.Create(film)
	ok(t, err)
	looked, err := a.LookRecording(ctx, chief, rec.ID, 0, true)
	ok(t, err)
	ok(t, d.server.recorder.Film(ctx, looked, 0, out))
	ok(t, out.Close())
	var seen struct{ Streams []struct{ Width, Height int } }
	ok(t, json.Unmarshal(must[[]byte](t)(exec.Command("ffprobe", "-v", "error", "-of", "json", "-show_entries", "stream=width,height", film).Output()), &seen))
	if len(seen.Streams) != 1 || seen.Streams[0].Width < int(rec.Width) || seen.Streams[0].Height < int(rec.Height) {
		t.Errorf("the screen is %d × %d, the film %+v", rec.Width, rec.Height, seen)
	}
	looks, err := s.Recordings().RecordingLooks(ctx, rec.ID)
	if err != nil || len(looks) != 1 || !looks[0].Export || looks[0].By.Person != "chief" {
		t.Errorf("looks: %+v, %v", looks, err)
	}
	var acts []string
	history, err := s.History(ctx, "terminal/t-01", 1000)
	ok(t, err)
	for _, e := range history {
		acts = append(acts, e.Act)
	}
	for _, want := range []act.Name{act.ScreenRecordPolicy, act.RecordingBegin, act.RecordingEnd, act.RecordingExport} {
		if !slices.Contains(acts, string(want)) {
			t.Errorf("no entry %s: %v", want, acts)
		}
	}
	ok(t, filepath.WalkDir(filepath.Join(d.dir, "headquarters"), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if b, err := os.ReadFile(name); err == nil && bytes.Contains(b, []byte("CANARY-REASON")) {
			t.Errorf("%s holds the reason in clear", filepath.Base(name))
		}
		return nil
	}))
}

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/drill"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
	dutytest "github.com/matoi119/matoi/test/duty"
)

func drillDemo(t *testing.T) *Demo {
	t.Helper()
	d, err := StartDemo(t.Context(), DemoConfig{Dir: filepath.Join(t.TempDir(), "demo"), Version: "test", Log: slog.New(slog.DiscardHandler), grace: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ok(t, d.Close()) })
	return d
}

// One demo for all of it: a house takes seconds to build.
func TestStandaloneDrill(t *testing.T) {
	dutytest.Holds(t, "S3-1-1-2")
	d := drillDemo(t)
	ok(t, d.linked(t.Context(), "t-01"))
	t.Run("passes", func(t *testing.T) { standaloneDrill(t, d) })
	t.Run("finds a lost line", func(t *testing.T) { drillFindsALostLine(t, d) })
	t.Run("never keeps the line", func(t *testing.T) { drillNeverKeepsTheLine(t, d) })
}

func drillConfig(t *testing.T) DrillConfig {
	return DrillConfig{Reason: "四半期の訓練 CANARY-REASON", Leader: "佐藤", Lasting: 2 * time.Minute, Out: t.TempDir(), Say: func(string) {}, Version: "test", patience: 20 * time.Second}
}

// A whole case on the terminal alone, and not one message lost: the record says
// so, is kept, and is the one of its digest.
func standaloneDrill(t *testing.T, d *Demo) {
	c := drillConfig(t)
	cut := false
	c.Say = func(step string) {
		if step == drill.StepArrived {
			l := must[terminal.Link](t)(d.server.Store.Terminals().Link(t.Context(), "t-01"))
			cut = d.server.gateway.Cut("t-01") && l.State == terminal.Down && !d.server.gateway.Cut("t-02")
		}
	}
	done, err := d.drill(t.Context(), c)
	ok(t, err)
	r := done.Record
	if !r.Passed || !cut || r.Counts.Said != 3 || r.Counts.LinesSaid != 3 || r.Counts.Lines != 3 || r.Counts.Terminal < 5 || r.Counts.Terminal != r.Counts.Headquarters || len(r.Messages) != r.Counts.Terminal {
		t.Errorf("cut while it was played: %t; checks %+v, counts %+v", cut, r.Checks, r.Counts)
	}
	var acts []string
	for _, p := range r.Evidence {
		acts = append(acts, p.Act)
	}
	for _, want := range []act.Name{act.DrillCut, act.DrillRestore, act.ReportArrive, act.ChatReceive} {
		if !slices.Contains(acts, string(want)) {
			t.Errorf("evidence without %s: %v", want, acts)
		}
	}
	kept := must[terminal.Drill](t)(d.server.Store.Drills().Drill(t.Context(), r.Drill))
	if kept.State != terminal.DrillPassed || kept.Digest != done.Digest || !drill.Holds(kept.Record, kept.Digest) || !bytes.Equal(kept.Record, done.Canonical) {
		t.Errorf("kept: %s, digest %s", kept.State, kept.Digest)
	}
	if len(done.Files) != 2 {
		t.Fatalf("files: %v", done.Files)
	}
	var file struct {
		Record json.RawMessage
		Digest string `json:"sha256"`
	}
	ok(t, json.Unmarshal(must[[]byte](t)(os.ReadFile(done.Files[0])), &file))
	if !drill.Holds(file.Record, file.Digest) || file.Digest != done.Digest {
		t.Error("the file is not the record of its digest")
	}
	page := string(must[[]byte](t)(os.ReadFile(done.Files[1])))
	for _, want := range []string{"合格", "佐藤", done.Digest, "端末の画面が呼び出した", "通信室 東側"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page to print does not say %q", want)
		}
	}
	for _, word := range []string{"台所", "逃げました", "消防車"} {
		if strings.Contains(page, word) || bytes.Contains(file.Record, []byte(word)) {
			t.Errorf("the record holds what was said: %q", word)
		}
	}
	if !d.server.gateway.Ready("t-01") {
		t.Error("after the drill the line is down")
	}
}

// A terminal that loses one line of the chat fails the drill, and the record
// names it.
func drillFindsALostLine(t *testing.T, d *Demo) {
	c := drillConfig(t)
	c.patience = 2 * time.Second
	lose := func(ctx context.Context) {
		db, err := sqlite.Open(ctx, filepath.Join(d.dir, "t-01", "spool", "spool.db"))
		ok(t, err)
		res, err := db.Write.ExecContext(ctx, "DELETE FROM spool_frame WHERE seq = (SELECT MAX(seq) FROM spool_frame WHERE item = 'c2')")
		ok(t, err)
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			t.Errorf("%d lines lost, %v", n, err)
		}
		ok(t, db.Close())
	}
	link := must[string](t)(d.terms[0].PageLink())
	c.Terminal, c.simulated = "t-01", true
	c.Case = &playedCase{service: "relay.example", intake: &d.relay, link: link, after: func(step string) {
		if step == drill.StepClosed {
			lose(t.Context())
		}
	}}
	ok(t, d.linked(t.Context(), "t-01"))
	done, err := d.server.RunDrill(t.Context(), c)
	ok(t, err)
	bad := map[string][]string{}
	for _, check := range done.Record.Checks {
		if !check.OK {
			bad[check.Name] = check.What
		}
	}
	if done.Record.Passed || len(bad[drill.CheckSaid]) != 1 || len(bad[drill.CheckNumbers]) != 1 || len(bad[drill.CheckLines]) != 1 {
		t.Errorf("passed: %t, found %v", done.Record.Passed, bad)
	}
	if kept := must[terminal.Drill](t)(d.server.Store.Drills().Drill(t.Context(), done.Record.Drill)); kept.State != terminal.DrillFailed {
		t.Errorf("kept as %s", kept.State)
	}
}

// A drill waits for the last actual report, gives the line back when whoever runs
// it gives up, and by itself when its time is over.
func drillNeverKeepsTheLine(t *testing.T, d *Demo) {
	cl := act.CommandLine()
	short := must[terminal.Drill](t)(d.server.Acts.CutForDrill(t.Context(), cl, act.NewDrill{Terminal: "t-01", Reason: "訓練", Leader: "佐藤", Lasting: 300 * time.Millisecond}))
	if _, err := d.server.Acts.CutForDrill(t.Context(), cl, act.NewDrill{Terminal: "t-01", Reason: "訓練", Leader: "佐藤", Lasting: time.Minute}); fault.Of(err) != fault.Conflict {
		t.Errorf("a second drill: %v", err)
	}
	wait(t, "the drill was not ended when its time was over", func() bool {
		l, err := d.server.Store.Drills().Drill(t.Context(), short.ID)
		return err == nil && l.State == terminal.DrillAbandoned && l.Restored == terminal.RestoreLapsed
	})
	wait(t, "the line did not come back", func() bool { return d.server.gateway.Ready("t-01") })

	report := "N-actual"
	_, err := d.relay.Report(t.Context(), stdif.Actual, stdif.Report{ID: report, Revision: 1, EventTime: time.Now(), Kind: stdif.IncidentType{Code: stdif.KindFire}, Text: "例示"})
	ok(t, err)
	wait(t, "the report did not arrive", func() bool {
		_, err := d.server.Store.ReportOf(t.Context(), "relay.example", report)
		return err == nil
	})
	if _, err := d.server.Acts.CutForDrill(t.Context(), cl, act.NewDrill{Terminal: "t-01", Reason: "訓練", Leader: "佐藤", Lasting: time.Minute}); fault.Of(err) != fault.Conflict {
		t.Errorf("with an actual report open: %v", err)
	}
}

// wait looks until something is so.
func wait(t *testing.T, what string, good func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !good() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(what)
		}
	}
}

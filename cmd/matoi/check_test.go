package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matoi119/matoi/check"
)

// The command finds the fault of a simulated terminal, says so with its code, and
// writes what a machine and a person read.
func TestCheckCommand(t *testing.T) {
	for _, c := range []struct {
		broken string
		code   int
		says   string
	}{{"", 0, "合格 13"}, {"garbles", exitFailed, "C131a +fail"}} {
		t.Run("broken "+c.broken, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			dir := t.TempDir()
			said := newPaper()
			done := make(chan error, 1)
			go func() {
				done <- simulate(ctx, said, "terminal", "--certificates", filepath.Join(dir, "pem"), "--every", "0", "--intake", "127.0.0.1:0", "--broken", c.broken)
			}()
			defer func() {
				cancel()
				if err := <-done; ended(err) != nil {
					t.Error(err)
				}
			}()
			at := said.wait(t, `terminal t-faux at (\S+)`)[1]
			intake := said.wait(t, `intake (\S+)`)[1]
			var out, errs bytes.Buffer
			result, report := filepath.Join(dir, "result.json"), filepath.Join(dir, "report.html")
			code := run([]string{"check", "t-faux", "--hq", "hq-sim", "--certificates", filepath.Join(dir, "pem"), "--address", at, "--intake", intake,
				"--person", "例示 花子", "--json", result, "--report", report, "--only", "C131a,C131b,C131c,C132,D-01,C121a,C121b,C121c,C122a,C122b,C122c,D-02a,D-02b,C242"}, &out, &errs)
			if code != c.code || !strings.Contains(strings.Join(strings.Fields(out.String()), " "), strings.ReplaceAll(c.says, " +", " ")) {
				t.Errorf("code %d, want %d\n%s%s", code, c.code, out.String(), errs.String())
			}
			text, err := os.ReadFile(result)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := check.Read(text); err != nil || r.Person != "例示 花子" || r.Terminal != "t-faux" {
				t.Errorf("result %+v, %v", r, err)
			}
			if page, err := os.ReadFile(report); err != nil || !bytes.Contains(page, []byte("受入試験の結果")) {
				t.Errorf("report: %v", err)
			}
		})
	}
}

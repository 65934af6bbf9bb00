package check

import (
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/agent"
	"github.com/matoi119/matoi/internal/agent/capture/xvfbtest"
	"github.com/matoi119/matoi/internal/agent/guardian"
	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/sim/headquarters"
	"github.com/matoi119/matoi/stdif/open1"
)

// browse opens the page of the test on a display, in front of everything.
func browse(t *testing.T, display string) {
	t.Helper()
	name := os.Getenv("CHROMIUM")
	if name == "" {
		name = "chromium"
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, []byte(Page()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--kiosk", "--window-position=0,0", "--window-size=800,600", "--password-store=basic", "file://"+file)
	cmd.Env = append(os.Environ(), "DISPLAY="+display, "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the browser (make setup installs it): %v", err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
}

// Our own terminal, with a real browser on a real X server and the guardian in a
// process of its own, passes everything that can be seen from outside.
func TestOurTerminalPasses(t *testing.T) {
	duty(t, "S3-1-2-1")
	duty(t, "S3-1-2-2")
	display := xvfbtest.Start(t, 800, 600)
	browse(t, display)
	ca, err := headquarters.NewAuthority("hq-example")
	if err != nil {
		t.Fatal(err)
	}
	own, err := ca.Issue("t-01")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, log := t.TempDir(), slog.New(slog.NewTextHandler(io.Discard, nil))
	credential, err := app.AddService(t.Context(), app.TerminalConfig{Dir: dir, Name: "通信室", Reserve: 1 << 16, Log: log}, "check.example", "受入試験", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.Start(t.Context(), agent.Config{Dir: filepath.Join(dir, "spool"), Intake: "127.0.0.1:0", Face: "127.0.0.1:0", Name: "通信室", Version: "test", Reserve: 1 << 16, Log: log,
		Member: &agent.Member{TerminalID: "t-01", Headquarters: "hq-example", HeadquartersName: "例示消防本部", TLS: open1.TerminalTLS(own, ca.Pool(), open1.GatewayName("hq-example"))},
		Screen: &guardian.Config{Source: guardian.Source{Kind: guardian.KindX11, Address: display, Monitor: -1}, Self: self}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	dial, err := ca.Gateway("t-01")
	if err != nil {
		t.Fatal(err)
	}
	w := world{target: Target{Profile: "open/1", Address: a.FaceAddr(), Headquarters: "hq-example", TLS: dial}, intake: &Intake{Base: a.IntakeURL(), Credential: credential}}
	w.untilSeen(t)
	r := w.run(t, Options{Patience: 2 * patience})
	if got := answers(r, Pass); !slices.Equal(got, automatic) {
		t.Errorf("passed %v, want %v", got, automatic)
		explain(t, r, Fail)
		explain(t, r, Error)
		explain(t, r, NotRun)
	}
	if a.Spool().Pending() != a.Spool().Through() {
		t.Errorf("%d of %d frames wait for the headquarters: the runner acknowledged something", a.Spool().Pending(), a.Spool().Through())
	}
}

// untilSeen waits until the browser shows the page.
func (w world) untilSeen(t *testing.T) {
	t.Helper()
	r, err := newRunner(w.target, Options{Patience: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer r.port.close()
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); {
		x := &run{runner: r}
		v, no := x.operating(t.Context(), "A")
		if no == nil {
			v.close()
			return
		}
		if no.Answer != NotRun {
			t.Logf("%+v", no)
		}
	}
	t.Fatal("the browser never showed the page")
}

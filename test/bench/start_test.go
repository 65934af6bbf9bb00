package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/app"
)

// build makes the binary as `make build` does, without the web app's sources.
func build(b *testing.B) string {
	b.Helper()
	out := filepath.Join(b.TempDir(), "matoi")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-o", out, "github.com/matoi119/matoi/cmd/matoi")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFIPS140=v1.0.0")
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, text)
	}
	return out
}

// BenchmarkColdStart starts the real program on an empty store.
func BenchmarkColdStart(b *testing.B) {
	t := Table{Title: "matoi server, from its start to the first 200 on /healthz", Heads: []string{"store", "ms, median of 5", "idle MB"}}
	binary := build(b)
	for _, e := range engines(b) {
		hq := role{Role: "server", Dir: filepath.Join(b.TempDir(), "headquarters"), Postgres: e.dsn()}
		within(b, hq, func(context.Context, *app.House) error { return nil }) // keys and schema are made once in a life
		start, resident := coldStart(b, binary, hq)
		t.Row(e.name+", empty", start, resident)
	}
	print(b, &t)
}

// coldStart starts the program five times and returns the median milliseconds
// to its first healthy answer, and its memory after a quiet while.
func coldStart(b *testing.B, binary string, hq role) (milliseconds, resident float64) {
	b.Helper()
	pool := x509.NewCertPool()
	within(b, hq, func(_ context.Context, h *app.House) error {
		pool.AppendCertsFromPEM(h.CA.PEM())
		return nil
	})
	var took []float64
	for range 5 {
		ms, mb := coldStartOnce(b, binary, hq, pool)
		took, resident = append(took, ms), mb
	}
	return Median(took), resident
}

func coldStartOnce(b *testing.B, binary string, hq role, pool *x509.CertPool) (milliseconds, mb float64) {
	b.Helper()
	address := freeAddress(b)
	cmd := exec.Command(binary, "server", "--hq", headquarters, "--data", hq.Dir, "--postgres", hq.Postgres, "--listen", address, "--reserve", "4194304")
	cmd.Stderr = os.Stderr
	at := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}
	client := &http.Client{Transport: transport, Timeout: time.Second}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(time.Minute); ; {
		if res, err := client.Get("https://" + address + "/healthz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				break
			}
		}
		select {
		case <-tick.C:
		case <-late:
			b.Fatal("the server is not healthy within a minute")
		}
	}
	milliseconds = float64(time.Since(at).Microseconds()) / 1000
	transport.CloseIdleConnections()
	<-time.After(2 * time.Second) // idle: its timers have run, nobody is connected
	mb = resident(cmd.Process.Pid)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatalf("the server ended: %v", err)
	}
	return milliseconds, mb
}

package durability

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is the program, running.
type process struct {
	name  string
	cmd   *exec.Cmd
	ready chan struct{} // closed when it said its address
	ended chan struct{} // closed when it is gone
	log   *os.File
	err   error // how it ended
}

// launch starts the program. It says its address on standard output when every
// door is open.
func launch(t *testing.T, name, log string, args ...string) *process {
	t.Helper()
	p := &process{name: name, ready: make(chan struct{}), ended: make(chan struct{})}
	var err error
	if p.log, err = os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.CommandContext(context.Background(), program, args...)
	p.cmd.Stderr = p.log
	p.cmd.Env = append(os.Environ(), "MATOI_LOG_LEVEL=warn")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		r := bufio.NewReader(out)
		if line, err := r.ReadString('\n'); err == nil && strings.Contains(line, "http") {
			close(p.ready)
		}
		_, _ = io.Copy(io.Discard, r)
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() { p.kill() })
	return p
}

// up waits until the program answers.
func (p *process) up(t *testing.T) {
	t.Helper()
	select {
	case <-p.ready:
	case <-p.ended:
		t.Fatalf("%s ended by itself: %v\n%s", p.name, p.err, tail(p.log.Name()))
	case <-time.After(30 * time.Second):
		t.Fatalf("%s does not start\n%s", p.name, tail(p.log.Name()))
	}
}

// kill is kill -9. It reports whether the process lived until then.
func (p *process) kill() bool {
	lived := true
	select {
	case <-p.ended:
		lived = false
	default:
	}
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // gone already if this fails
	<-p.ended
	_ = p.log.Close()
	return lived
}

// stop ends the program as its supervisor does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("%s: %v", p.name, err)
	}
	select {
	case <-p.ended:
	case <-time.After(30 * time.Second):
		t.Errorf("%s does not end\n%s", p.name, tail(p.log.Name()))
	}
	if p.err != nil {
		t.Errorf("%s ended: %v\n%s", p.name, p.err, tail(p.log.Name()))
	}
}

func tail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-4000):])
}

// call runs a command of the program to its end and returns what it printed.
func call(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	return string(out), err
}

// sound runs matoi verify on a directory.
func sound(t *testing.T, dir string) {
	t.Helper()
	out, err := call(t, "verify", dir)
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err != nil {
		t.Errorf("verify %s: %v\n%s", dir, err, out)
		return
	}
	t.Logf("verify: %s", strings.TrimSpace(out))
}

// until waits for a condition.
func until(t *testing.T, what string, most time.Duration, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.NewTimer(most)
	defer late.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatalf("not within %v: %s", most, what)
		case <-t.Context().Done():
			t.Fatal(what)
		}
	}
}

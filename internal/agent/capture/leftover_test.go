package capture

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be a process that presses keys and is killed.
func TestMain(m *testing.M) {
	if source := os.Getenv("MATOI_PRESSES"); source != "" {
		presses(source)
	}
	os.Exit(m.Run())
}

// openSource opens what "x11 :7" or "vnc 127.0.0.1:5901" name.
func openSource(source string) (Screen, error) {
	kind, where, _ := strings.Cut(source, " ")
	switch kind {
	case "windows":
		return OpenWindows()
	case "vnc":
		return OpenVNC(context.Background(), where, nil, os.Getenv("MATOI_NOTES"))
	}
	return OpenX11(where)
}

// hold presses Ctrl, a and the left button.
func hold(s Screen) error {
	if err := s.Key(true, symControl, 0x1D); err != nil {
		return err
	}
	if err := s.Key(true, 'a', 0x1E); err != nil {
		return err
	}
	return s.Pointer(100, 100, 1)
}

func presses(source string) {
	s, err := openSource(source)
	if err == nil {
		err = hold(s)
	}
	fmt.Println("pressed:", err)
	select {} // until it is killed
}

// killed is a process that pressed Ctrl, a and the left button and was killed.
func killed(t *testing.T, source, notes string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "MATOI_PRESSES="+source, "MATOI_NOTES="+notes)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	said, err := bufio.NewReader(out).ReadString('\n')
	check(t, cmd.Process.Kill())
	_ = cmd.Wait()
	if err != nil || said != "pressed: <nil>\n" {
		t.Fatalf("the process that presses said %q, %v", said, err)
	}
}

// by waits until nothing is down, no longer than the duty allows.
func (s *stage) by(limit time.Duration) {
	s.t.Helper()
	var keys int
	var buttons uint16
	began, again := time.Now(), time.NewTicker(time.Millisecond)
	defer again.Stop()
	for {
		if keys, buttons = s.down(); keys == 0 && buttons == 0 {
			s.t.Logf("all up after %s", time.Since(began).Round(100*time.Microsecond))
			return
		}
		if time.Since(began) > limit {
			s.t.Fatalf("after %s %d keys and buttons %b are down", limit, keys, buttons)
		}
		<-again.C
	}
}

// A process that is killed with keys down cannot let go; the next one does.
func TestNextReleasesWhatAKilledOneHeld(t *testing.T) {
	duty(t, "S3-1-2-2")
	s := newStage(t)
	killed(t, "x11 "+s.display, "")
	if keys, buttons := s.down(); keys != 2 || buttons == 0 {
		t.Fatalf("%d keys and buttons %b are down after the kill, want 2 and one", keys, buttons)
	}
	check(t, s.x.ReleaseLeftovers())
	if keys, buttons := s.down(); keys != 0 || buttons != 0 {
		t.Errorf("%d keys and buttons %b are left", keys, buttons)
	}
	check(t, hold(s.x)) // and it works on
	if keys, buttons := s.down(); keys != 2 || buttons == 0 {
		t.Errorf("afterwards %d keys and buttons %b are down, want 2 and one", keys, buttons)
	}
}

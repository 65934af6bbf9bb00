// Package xvfbtest starts X servers without a screen for tests, each on a display
// of its own.
package xvfbtest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Start runs Xvfb with the size and returns its display, for example ":7". It
// ends with the test.
func Start(t testing.TB, width, height int, more ...string) string {
	t.Helper()
	return StartAs(t, "Xvfb", append([]string{"-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", width, height), "-nolisten", "tcp"}, more...)...)
}

// StartAs runs an X server that writes its display's number to file 3.
func StartAs(t testing.TB, program string, args ...string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(program, args...)
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s (make setup installs it): %v", program, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("%s said no display: %v", program, err)
	}
	return ":" + strings.TrimSpace(number)
}

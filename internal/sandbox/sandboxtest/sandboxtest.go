// Package sandboxtest builds the program that tests of the sandbox start as a
// child: without the race detector, whose memory no limit would admit.
package sandboxtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "matoi-sandbox-")
	if err != nil {
		return "", err
	}
	child := filepath.Join(dir, "child")
	out, err := exec.Command("go", "build", "-o", child, "github.com/matoi119/matoi/internal/sandbox/sandboxtest/child").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the child: %w\n%s", err, out)
	}
	return child, nil
})

// Child is the path of the program.
func Child(t testing.TB) string {
	t.Helper()
	child, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return child
}

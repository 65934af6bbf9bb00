package journey

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// run runs a program and tells what it said when it fails.
func run(ctx context.Context, program string, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", args, err, out)
	}
	return nil
}

// build makes the command line as it is shipped, without the pages' build.
func build(t testing.TB, path string) {
	t.Helper()
	if err := run(t.Context(), "go", os.Environ(), "build", "-o", path, "../../cmd/matoi"); err != nil {
		t.Fatal(err)
	}
}

package journey

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/matoi119/matoi/internal/fault"
)

// smallDisk names the variable that says where the child may mount.
const smallDisk = "MATOI_TEST_SMALL_DISK"

// The server's disk is really full: the journey runs in a child with a mount
// namespace of its own, where a small disk can be mounted without rights.
func TestUnsaved(t *testing.T) {
	if dir := os.Getenv(smallDisk); dir != "" {
		unsaved(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("a browser is slow")
	}
	browser(t) // its absence is a failure, not a skip
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUnsaved$", "-test.v")
	cmd.Env = append(os.Environ(), smallDisk+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	out, err := cmd.CombinedOutput()
	if cmd.Process == nil || bytes.Contains(out, []byte("--- SKIP")) {
		t.Skipf("no small disk can be mounted here: %v\n%s", err, out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func unsaved(t *testing.T, dir string) {
	s := newScene(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("mount: %v", err)
	}
	h := s.newHouse(filepath.Join(dir, "hq"), 1<<20)
	ballast := filepath.Join(dir, "ballast")
	acts := h.acts()
	acts["fillDisk"] = do(func(ctx context.Context) error { return h.fill(ctx, ballast) })
	acts["freeDisk"] = do(func(context.Context) error { return os.Remove(ballast) })
	s.play("unsaved.mjs", h.given, acts)
}

// fill takes every free byte, also those that the server gives back from its
// reserve and those within its files, until an act cannot be stored.
func (h *house) fill(ctx context.Context, ballast string) error {
	f, err := os.OpenFile(ballast, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 1<<16)
	for n := 0; n < 20_000; n++ {
		for size := len(block); size >= 1; {
			if _, err := f.Write(block[:size]); errors.Is(err, syscall.ENOSPC) {
				size /= 2
			} else if err != nil {
				return err
			}
		}
		_, err := h.server.IssueConsole(ctx, "", fmt.Sprintf("席 %d", n), false)
		if fault.Of(err) == fault.Unavailable {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return errors.New("the disk does not fill up")
}

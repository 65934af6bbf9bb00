//go:build linux

package agent

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// fullDisk names the variable that says where the child may mount.
const fullDisk = "MATOI_TEST_FULL_DISK"

// A full disk: the reserve is released first and reports are still taken; then
// the answer is 507, the report rings on the page from memory marked as not
// saved, health says so, and nothing has to be restarted when there is room
// again. It runs on a real small disk, mounted in a namespace of a child.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(fullDisk); dir != "" {
		fullDiskChild(t, dir)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), fullDisk+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	out, err := cmd.CombinedOutput()
	if bytes.Contains(out, []byte("SKIP")) || cmd.Process == nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func fullDiskChild(t *testing.T, dir string) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("mount: %v", err)
	}
	s := newSite(t, func(c *Config) { c.Dir, c.Reserve = filepath.Join(dir, "spool"), 4<<20 })
	b := s.open()
	s.report("net119", newReport("BEFORE", 1))
	// Somebody else fills the disk.
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	taken, refused := 0, ""
	for i := 0; refused == "" && i < 20_000; i++ {
		id := fmt.Sprintf("N-%d", i)
		switch a := s.do("net119", "POST", open1.PathIntakeReports, withMode(stdif.Actual), mustJSON(newReport(id, 1))); a.code {
		case http.StatusCreated:
			taken++
		case http.StatusInsufficientStorage:
			if p := a.problem(t); p.Code != stdif.CodeStorage || p.Kept {
				t.Errorf("problem = %+v", p)
			}
			refused = id
		default:
			t.Fatalf("%s: %d %s", id, a.code, a.body)
		}
	}
	t.Logf("taken on the reserve: %d, then refused %s", taken, refused)
	if taken < 100 || refused == "" {
		t.Fatalf("taken %d on the reserve, refused %q", taken, refused)
	}
	if r := b.report(refused); !r.Unsaved || !r.Ringing || r.Text != "息が苦しい" {
		t.Errorf("on the page: %+v", r)
	}
	if v := b.state(); v.Storable {
		t.Error("the page says that it can store")
	}
	if h, err := s.gateway().Health(t.Context()); err != nil || h.Storable {
		t.Errorf("health = %+v, %v", h, err)
	}
	// What is durable can still be asked for.
	if got, err := s.gateway().Request(t.Context(), stdif.DataRequest{ServiceID: "net119", ReportID: "BEFORE"}); err != nil || len(got) != 1 {
		t.Errorf("data request on a full disk: %d, %v", len(got), err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.until("the spool recovers by itself", func() bool { return s.Spool().Storable() == nil })
	s.report("net119", newReport(refused, 1)) // the service tries again
	if r := b.report(refused); r.Unsaved {
		t.Errorf("after saving: %+v", r)
	}
	if got := s.Spool().Through(); got != int64(taken+2) {
		t.Errorf("spooled %d, want %d: every 201 and no other", got, taken+2)
	}
	s.sound()
}

// fill writes until the disk is full.
func fill(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := f.Write(block); err != nil {
			block = block[:len(block)/2]
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

//go:build linux

package durability

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
)

// fullVariable says where the child may mount a small disk.
const fullVariable = "MATOI_DURABILITY_FULL"

// A full disk at the server: the reserve is given back first; then a report
// rings on every console from memory, marked 未保存, is not acknowledged, and
// stays in the spool; when there is room it is stored and the steps go on. It
// runs on a real small disk, mounted in a namespace of a child.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(fullVariable); dir != "" {
		fullDisk(t, dir)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), fullVariable+"="+t.TempDir(), programVariable+"="+program)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	switch {
	case bytes.Contains(out, []byte("--- SKIP")) || cmd.Process == nil:
		t.Skipf("no small disk can be mounted here: %v\n%s", err, out)
	case err != nil || !bytes.Contains(out, []byte("--- PASS: TestFullDisk")):
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func fullDisk(t *testing.T, dir string) {
	disk := filepath.Join(dir, "hq")
	if err := os.MkdirAll(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("mount: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) }) // goes with the namespace anyway
	f := &full{site: siteAt(t, dir, 2)}
	f.reserve = 4 << 20
	f.c = f.service()
	ctx, stop := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	for _, c := range f.consoles {
		watching.Go(func() { c.follow(ctx) })
	}
	defer watching.Wait()
	defer stop()
	f.startServer()
	f.startTerminal()
	f.server.up(t)
	f.terminal.up(t)
	f.send(f.c, newReport("BEFORE"))
	f.everywhere("BEFORE", (*console).has)
	f.holdsReserve()

	ballast := filepath.Join(disk, "ballast") // somebody else fills the disk
	fill(t, ballast)
	first := f.untilUnsaved()
	f.rings(first)
	f.send(f.c, newReport("SECOND"))
	f.rings("SECOND")
	f.refuses()

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	f.recovers(first, "SECOND")
	stop()
	watching.Wait()
	f.server.stop(t)
	f.terminal.stop(t)
	spooled, _ := spoolCounts(t, f.term)
	stored, _ := storeCounts(t, f.hq)
	for id := range spooled {
		if spooled[id] != 1 || stored[id] != 1 {
			t.Errorf("%s: %d times in the spool, %d in the store", id, spooled[id], stored[id])
		}
	}
	sound(t, f.hq)
	sound(t, f.term)
}

type full struct {
	*site
	c     *intake.Client
	taken int
}

func (f *full) everywhere(id string, holds func(*console, string) bool) {
	f.Helper()
	for _, c := range f.consoles {
		until(f.T, id+" on "+c.Name, 30*time.Second, func() bool { return holds(c, id) })
	}
}

type health struct {
	OK    bool              `json:"ok"`
	Parts map[string]string `json:"parts"`
}

func (f *full) health() health {
	f.Helper()
	var h health
	err := f.consoles[0].ask(f.Context(), http.MethodGet, "/healthz", nil, &h)
	if no, ok := errors.AsType[*refused](err); ok && no.Status == http.StatusServiceUnavailable {
		return h // it says by its status that something is wrong
	}
	if err != nil {
		f.Fatal(err)
	}
	return h
}

func (f *full) holdsReserve() {
	f.Helper()
	if h := f.health(); !h.OK || h.Parts["reserve"] != "ok" || h.Parts["store"] != "ok" {
		f.Errorf("health before: %+v", h)
	}
	if st, err := os.Stat(filepath.Join(f.hq, "reserve")); err != nil || st.Size() != f.reserve {
		f.Errorf("reserve: %v %v", st, err)
	}
}

// untilUnsaved sends until a report cannot be stored any more.
func (f *full) untilUnsaved() string {
	f.Helper()
	for i := range 5000 {
		r := newReport(fmt.Sprintf("F-%d", i))
		r.Text = strings.Repeat("煙が出ています。", 200)
		f.send(f.c, r)
		a := f.consoles[0]
		until(f.T, r.ID+" rings", 30*time.Second, func() bool { return a.has(r.ID) || a.hasUnsaved(r.ID) })
		if a.hasUnsaved(r.ID) {
			f.Logf("%d reports were stored after the disk was full, then %s was not", i, r.ID)
			if i < 10 {
				f.Errorf("only %d reports fitted: the reserve was of no use", i)
			}
			return r.ID
		}
	}
	f.Fatal("the disk is never full")
	return ""
}

// rings checks what must hold for a report that could not be stored.
func (f *full) rings(id string) {
	f.Helper()
	f.everywhere(id, (*console).hasUnsaved)
	for _, c := range f.consoles {
		if c.has(id) {
			f.Errorf("%s looks stored on %s", id, c.Name)
		}
	}
	if step := f.step(f.c, id); step != stdif.Spooled {
		f.Errorf("%s was acknowledged: %s", id, step)
	}
	var b board
	if err := f.consoles[1].ask(f.Context(), http.MethodGet, "/api/v1/board", nil, &b); err != nil {
		f.Fatal(err)
	}
	shown := false
	for _, c := range b.Unsaved {
		shown = shown || c.ServiceReportID == id && c.Unsaved
	}
	if !shown {
		f.Errorf("a page that opens now does not see %s: %+v", id, b.Unsaved)
	}
	if _, err := os.Stat(filepath.Join(f.hq, "reserve")); err == nil {
		f.Error("the reserve was not given back")
	}
	if h := f.health(); h.OK || h.Parts["store"] == "ok" || h.Parts["reserve"] == "ok" {
		f.Errorf("health: %+v", h)
	}
}

// refuses: nothing may be answered that is not durable.
func (f *full) refuses() {
	f.Helper()
	all, err := f.consoles[0].reports(f.Context())
	if err != nil || len(all) == 0 {
		f.Fatalf("%d reports, %v", len(all), err)
	}
	err = f.consoles[0].ask(f.Context(), http.MethodPost, "/api/v1/reports/"+all[0].ID+"/claim", map[string]string{}, nil)
	if no, ok := errors.AsType[*refused](err); !ok || no.Status != http.StatusServiceUnavailable || no.Key != "store.full" {
		f.Errorf("a claim on a full disk: %v", err)
	}
}

func (f *full) recovers(ids ...string) {
	f.Helper()
	for _, id := range ids {
		f.everywhere(id, (*console).has)
		until(f.T, id+" is acknowledged", 30*time.Second, func() bool { return stdif.Spooled.Before(f.step(f.c, id)) })
	}
	until(f.T, "every console is told that they are saved", 30*time.Second, func() bool {
		for _, c := range f.consoles {
			c.mu.Lock()
			saved := c.saved
			c.mu.Unlock()
			if saved < len(ids) {
				return false
			}
		}
		return true
	})
	until(f.T, "health is good and the reserve is there again", time.Minute, func() bool { return f.health().OK })
	var b board
	if err := f.consoles[1].ask(f.Context(), http.MethodGet, "/api/v1/board", nil, &b); err != nil || len(b.Unsaved) != 0 {
		f.Errorf("still unsaved: %+v, %v", b.Unsaved, err)
	}
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

package agent

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// samples is the folder of other people's files, where it is there.
func samples(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, "..", "shared", "samples")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the folder of samples is not here")
	}
	return dir
}

// Whatever comes is taken or kept: every file of the folders that hold the
// worst is durable in the spool after its answer, and no answer is our fault.
func TestNothingIsDropped(t *testing.T) {
	root := samples(t)
	s := newSite(t, nil)
	n := int64(0)
	for _, folder := range []string{"json-test-suite", "own/text", "cap-ts", "cap-library", "naughty-strings", "go-fuzz-corpus/json", "go-fuzz-corpus/xml",
		"own/veds", "own/xml", "go-fuzz-corpus/multipart", "ng911-dev/multipart", "ng911lib/pidf-lo"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "LICENSE") {
				return err
			}
			wire, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			wire = append(wire, strings.Repeat(" ", int(n))...) // no two are the same message
			kind := "application/json"
			if strings.Contains(folder, "cap") || strings.HasSuffix(folder, "xml") {
				kind = "application/cap+xml"
			}
			if strings.HasSuffix(folder, "multipart") {
				kind = "multipart/mixed"
			}
			before := s.Spool().Through()
			a := s.do("net119", "POST", open1.PathIntakeReports, http.Header{"Content-Type": {kind}, ModeHeader: {string(stdif.Test)}}, wire)
			n++
			kept := a.code == http.StatusCreated || a.code >= 400 && a.code < 500 && a.problem(t).Kept && a.problem(t).Code != 0
			if !kept || s.Spool().Through() != before+1 {
				t.Errorf("%s: %d %s, %d frames", path[len(root):], a.code, a.body, s.Spool().Through()-before)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 100 {
		t.Errorf("only %d files were found", n)
	}
	g, _ := s.connect("", nil)
	if got := int64(len(g.snapshot())); got != n {
		t.Errorf("the headquarters got %d of %d", got, n)
	}
	s.sound()
}

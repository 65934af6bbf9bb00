// Package samples finds the folder of real inputs that stands beside the
// repository on a developer's machine and in CI, for tests that run over its
// index. Its files are other people's and are never copied into the product;
// where the folder is absent the tests skip.
package samples

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Verdicts of the index.
const (
	Accept  = "accept"
	Reject  = "reject"
	KeepRaw = "keep-raw"
	Either  = "either"
)

// File is one line of the index.
type File struct {
	Name   string // path within the folder
	Expect string
	Why    string
	dir    string
}

// Read returns the bytes of the file.
func (f File) Read(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(f.dir, filepath.FromSlash(f.Name)))
	if err != nil {
		t.Fatalf("read sample %s: %v", f.Name, err)
	}
	return b
}

// Below returns the files below any of the folders, or skips the test. A folder
// of which the index holds nothing fails the test: nobody would notice else
// that it tests nothing.
func Below(t testing.TB, folders ...string) []File {
	t.Helper()
	dir := folder(t)
	f, err := os.Open(filepath.Join(dir, "index.csv"))
	if err != nil {
		t.Skipf("no samples beside the repository: %v", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatalf("read index of samples: %v", err)
	}
	column := make(map[string]int)
	for i, name := range rows[0] {
		column[name] = i
	}
	var out []File
	for _, want := range folders {
		before := len(out)
		for _, row := range rows[1:] {
			if name := row[column["file"]]; strings.HasPrefix(name, want) {
				out = append(out, File{name, row[column["expect"]], row[column["why"]], dir})
			}
		}
		if len(out) == before {
			t.Fatalf("the index of samples holds nothing below %s", want)
		}
	}
	return out
}

// folder returns the samples beside the root of the module.
func folder(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(filepath.Dir(dir), "shared", "samples")
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Skip("not inside a module")
		}
		dir = parent
	}
}

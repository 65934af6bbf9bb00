// Package house reads the tree as a reader would, file by file, so that its
// tests can hold what docs, glossary and house rules promise: who may import
// whom, which room owns which third-party module, that words are the
// glossary's, and that links and commands in the documents work. It looks at
// the files that git tracks or would track, whatever their build tags, and
// compiles nothing except the program whose commands the documents name.
package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// module is our import path.
const module = "github.com/matoi119/matoi"

// root returns the top of the tree: the folder of go.mod above the test.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

// files lists what git tracks or would track, as slash paths from the root. A
// file that was removed and not yet committed is left out.
func files(t testing.TB, keep func(name string) bool) []string {
	t.Helper()
	top := root(t)
	cmd := exec.Command("git", "-c", "core.quotePath=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = top
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var names []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(top, name))
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if keep == nil || keep(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 && keep == nil {
		t.Fatal("git ls-files names no file")
	}
	return names
}

// read returns the text of a file of the tree.
func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// suffix keeps the files whose name ends with one of ends.
func suffix(ends ...string) func(string) bool {
	return func(name string) bool {
		for _, e := range ends {
			if strings.HasSuffix(name, e) {
				return true
			}
		}
		return false
	}
}

// source is one parsed Go file.
type source struct {
	name      string // slash path from the root
	room      string // its folder: "internal/report", "stdif/open1", "." for the root
	test      bool   // a _test.go file, or a file of a room that only tests use
	generated bool
	syntax    *ast.File
	positions *token.FileSet
}

// sources parses every Go file of our module; tools/ is a module of its own.
func sources(t testing.TB) []source {
	t.Helper()
	var all []source
	for _, name := range files(t, suffix(".go")) {
		if strings.HasPrefix(name, "tools/") || strings.Contains(name, "testdata/") {
			continue
		}
		positions := token.NewFileSet()
		f, err := parser.ParseFile(positions, name, read(t, name), parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		room := path.Dir(name)
		all = append(all, source{
			name: name, room: room, test: strings.HasSuffix(name, "_test.go") || helper(room),
			generated: ast.IsGenerated(f), syntax: f, positions: positions,
		})
	}
	return all
}

// helper reports whether only tests may use the room.
func helper(room string) bool {
	return helpers[room] != "" || strings.HasSuffix(room, "test") && !within(room, "test")
}

// imports returns the import paths of the file.
func (s source) imports() []string {
	var paths []string
	for _, spec := range s.syntax.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// at names a place in the file for a person: name:line.
func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.name, s.positions.Position(n.Pos()).Line)
}

// within reports whether room is one of the named rooms or below one of them.
func within(room string, names ...string) bool {
	for _, n := range names {
		if room == n || strings.HasPrefix(room, n+"/") {
			return true
		}
	}
	return false
}

// ours returns the room of an import path of our module.
func ours(importPath string) (string, bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// standard reports whether an import path is the standard library's: its first
// element has no dot.
func standard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

package house

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mostLines is where a file is no longer read from top to bottom.
const mostLines = 800

func TestFilesStayReadable(t *testing.T) {
	generated := map[string]bool{}
	for _, s := range sources(t) {
		generated[s.name] = s.generated
	}
	for _, name := range files(t, suffix(".go", ".ts", ".svelte", ".mjs")) {
		if generated[name] || strings.HasSuffix(name, ".d.ts") {
			continue
		}
		if n := strings.Count(read(t, name), "\n"); n > mostLines {
			t.Errorf("%s has %d lines, want at most %d: find the second thing it does", name, n, mostLines)
		}
	}
}

// unfinished is put together from pieces so that this file does not name itself.
var unfinished = regexp.MustCompile(`\b(?:TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

func TestNothingIsLeftForLater(t *testing.T) {
	for _, name := range files(t, suffix(".go", ".ts", ".svelte", ".mjs", ".sql", ".sh", ".md", ".css", ".html", "Makefile")) {
		for i, line := range strings.Split(read(t, name), "\n") {
			if m := unfinished.FindString(line); m != "" {
				t.Errorf("%s:%d: %s", name, i+1, m)
			}
		}
	}
}

// sleepers are test files that may wait by the real clock, each with the reason
// why a bubble or an event cannot do it.
var sleepers = map[string]string{}

func TestTestsDoNotSleep(t *testing.T) {
	for _, s := range sources(t) {
		if !s.test && !within(s.room, "test") || slices.Contains(s.imports(), "testing/synctest") || sleepers[s.name] != "" {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && calls(call, "time", "Sleep") {
				t.Errorf("%s sleeps: wait for the event, or use a bubble of testing/synctest", s.at(n))
			}
			return true
		})
	}
	for name, why := range sleepers {
		if _, err := os.Stat(filepath.Join(root(t), name)); err != nil || why == "" {
			t.Errorf("sleepers names %s, which is gone or has no reason", name)
		}
	}
}

func calls(call *ast.CallExpr, pkg, name string) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg
}

// Small things that a reader of this tree may rely on.
func TestHabitsOfTheCode(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		documented[s.room] = documented[s.room] || s.syntax.Doc != nil || s.generated
		for _, d := range s.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: func init runs before anybody asked for it", s.at(d))
			}
		}
		if s.generated {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if ok && lit.Kind == token.STRING && strings.HasPrefix(strings.ToLower(strings.Trim(lit.Value, "\"`")), "failed to") {
				t.Errorf("%s: an error says what was tried, not that it %s", s.at(n), lit.Value)
			}
			return true
		})
	}
	for room, ok := range documented {
		if !ok {
			t.Errorf("package %s has no comment that says what it is for", room)
		}
	}
	for _, folder := range []string{"util", "utils", "common", "helpers", "types", "models", "core", "misc"} {
		for room := range documented {
			if path.Base(room) == folder {
				t.Errorf("%s: a room is named by the field, not %s", room, folder)
			}
		}
	}
}

// elsewhere finds places that exist on one person's machine only, and hosts
// from which packages come: a lock file that names one works for one network.
var elsewhere = regexp.MustCompile(`(?:^|[\s"'=(:` + "`" + `])(/root/|/home/[a-z]|/Users/[A-Za-z]|[A-Z]:\\Users\\)` +
	`|registry\.npm` + `js\.org|registry\.yarn` + `pkg\.com|proxy\.golang` + `\.org|sum\.golang` + `\.org|deb\.debian` + `\.org` +
	`|"resolved":|artifact` + `ory|verdac` + `cio|:\d{4,5}/(?:npm|goproxy|simple)\b`)

func TestNoMachineAndNoRegistryInTheTree(t *testing.T) {
	for _, name := range files(t, nil) {
		if name == "test/house/files_test.go" {
			continue
		}
		text := read(t, name)
		if strings.ContainsRune(text[:min(len(text), 8000)], 0) {
			continue // pictures, fonts, sounds
		}
		for i, line := range strings.Split(text, "\n") {
			if m := elsewhere.FindString(line); m != "" {
				t.Errorf("%s:%d names %q, which is of one machine or network", name, i+1, m)
			}
		}
	}
	for _, seen := range []string{"see /root/x", `"resolved": "x"`, "https://registry.npm" + "js.org/x", "'/home/a/x'"} {
		if !elsewhere.MatchString(seen) {
			t.Errorf("%q passes, want it found", seen)
		}
	}
}

package house

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var requirement = regexp.MustCompile(`(?m)^(?:require )?\s*([a-z0-9.-]+\.[a-z]+/\S+) v\S+( // indirect)?$`)

// required returns the modules of a go.mod and whether it calls them direct.
func required(mod string) map[string]bool {
	found := map[string]bool{}
	for _, m := range requirement.FindAllStringSubmatch(mod, -1) {
		found[m[1]] = m[2] == ""
	}
	return found
}

// used returns the required modules whose packages our files import.
func used(t *testing.T, modules map[string]bool) map[string]string {
	t.Helper()
	byFile := map[string]string{}
	for _, s := range sources(t) {
		for _, p := range s.imports() {
			if standard(p) || strings.HasPrefix(p, module) {
				continue
			}
			best := ""
			for m := range modules {
				if (p == m || strings.HasPrefix(p, m+"/")) && len(m) > len(best) {
					best = m
				}
			}
			if best == "" {
				t.Errorf("%s imports %s, which go.mod does not require", s.name, p)
				continue
			}
			byFile[best] = s.name
		}
	}
	return byFile
}

// parts returns the rows of docs/dependencies.md: name to its other cells.
func parts(t *testing.T) map[string][]string {
	t.Helper()
	rows := map[string][]string{}
	for _, line := range prose(read(t, "docs/dependencies.md")) {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		name := strings.TrimSpace(cells[0])
		if len(cells) < 4 || !strings.HasPrefix(name, "`") {
			continue
		}
		name = strings.Trim(name, "`")
		if rows[name] != nil {
			t.Errorf("docs/dependencies.md names %s twice", name)
		}
		rows[name] = cells[1:]
	}
	return rows
}

func TestEveryDependencyHasItsReason(t *testing.T) {
	rows := parts(t)
	named := map[string]bool{}
	need := func(name, where string) {
		named[name] = true
		if rows[name] == nil {
			t.Errorf("%s: %s has no row in docs/dependencies.md", where, name)
		}
	}
	modules := required(read(t, "go.mod"))
	if len(modules) < 10 {
		t.Fatalf("go.mod requires %d modules: it was not understood", len(modules))
	}
	inUse := used(t, modules)
	for m, file := range inUse {
		need(m, file)
		if !modules[m] {
			t.Errorf("go.mod calls %s indirect, and %s imports it: run go mod tidy", m, file)
		}
	}
	for m, direct := range modules {
		if direct && inUse[m] == "" {
			t.Errorf("go.mod requires %s, which no file imports: run go mod tidy", m)
		}
	}
	for _, line := range strings.Split(read(t, "tools/go.mod"), "\n") {
		if rest, ok := strings.CutPrefix(line, "\t"); ok && strings.Count(rest, " ") == 0 {
			need(rest, "tools/go.mod")
		}
	}
	for _, p := range packages(t) {
		need(p, "ui/package.json")
	}
	for name := range rows {
		if !named[name] {
			t.Errorf("docs/dependencies.md names %s, which nothing uses", name)
		}
	}
}

func packages(t *testing.T) []string {
	t.Helper()
	var p struct {
		Dependencies    map[string]string
		DevDependencies map[string]string
	}
	if err := json.Unmarshal([]byte(read(t, "ui/package.json")), &p); err != nil {
		t.Fatal(err)
	}
	return slices.Concat(slices.Sorted(maps.Keys(p.Dependencies)), slices.Sorted(maps.Keys(p.DevDependencies)))
}

// A row says why and under which licence; copyleft must not reach the binary.
func TestEveryDependencyRowIsWhole(t *testing.T) {
	known := []string{"MIT", "BSD-3-Clause", "BSD-2-Clause", "Apache-2.0", "ISC", "OFL-1.1", "MPL-2.0 (tests only", "GPL-3.0 (a program we run, not a part)"}
	for name, cells := range parts(t) {
		for _, c := range cells {
			if strings.TrimSpace(c) == "" {
				t.Errorf("docs/dependencies.md: a cell of %s is empty", name)
			}
		}
		licence := strings.TrimSpace(cells[len(cells)-2])
		if !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(licence, k) }) {
			t.Errorf("docs/dependencies.md: %s is under %q, which nobody judged", name, licence)
		}
	}
}

func TestRequirementsOfAModule(t *testing.T) {
	got := required("require (\n\tgithub.com/a/b v1.0.0 // indirect\n\tmodernc.org/sqlite v1.61.1\n)\n\nrequire golang.org/x/mod v0.1.0\n")
	want := map[string]bool{"github.com/a/b": false, "modernc.org/sqlite": true, "golang.org/x/mod": true}
	if !maps.Equal(got, want) {
		t.Errorf("required = %v, want %v", got, want)
	}
}

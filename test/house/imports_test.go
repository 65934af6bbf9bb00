package house

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

// ruleFor returns the first rule that names the room.
func ruleFor(room string) (rule, bool) {
	for _, r := range rules {
		if within(room, r.rooms...) {
			return r, true
		}
	}
	return rule{}, false
}

// judge returns what is wrong with one import of our own tree, or "".
func judge(room, imported string) string {
	r, ok := ruleFor(room)
	switch {
	case !ok:
		return room + " is in no rule of rooms.go: decide who may import whom, then add it"
	case room == imported || slices.Contains(r.may, ".") || within(imported, r.may...):
		return ""
	case exceptions[room+" imports "+imported] != "":
		return ""
	}
	return room + " must not import " + imported + " (" + r.why + ")"
}

func TestWhoImportsWhom(t *testing.T) {
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		if _, ok := ruleFor(s.room); !ok {
			t.Errorf("%s: %s is in no rule of rooms.go", s.name, s.room)
		}
		for _, p := range s.imports() {
			imported, ok := ours(p)
			if !ok {
				continue
			}
			used[s.room+" imports "+imported] = true
			if helper(imported) && !within(s.room, "test") {
				t.Errorf("%s: product code imports %s, which is for tests", s.name, imported)
			}
			if wrong := judge(s.room, imported); wrong != "" {
				t.Errorf("%s: %s", s.name, wrong)
			}
		}
	}
	for e, why := range exceptions {
		if !used[e] || why == "" {
			t.Errorf("exception %q is not needed or has no reason: take it out", e)
		}
	}
}

// The table must be able to say no; this is what it says about imports that
// house.md names as wrong.
func TestTheTableRefuses(t *testing.T) {
	wrong := map[string]string{
		"internal/report":  "internal/store/writer",
		"internal/console": "internal/report",
		"internal/agent":   "internal/store/query/report",
		"internal/httpapi": "internal/gateway",
		"internal/gateway": "internal/agent",
		"internal/act":     "internal/httpapi",
		"stdif/open1":      "internal/fault",
		"sim/service":      "internal/app",
		"check":            "internal/pki",
		"internal/wake":    "internal/outbox",
		"internal/seal":    "internal/store",
		"internal/util":    "internal/fault",
	}
	for _, room := range slices.Sorted(maps.Keys(wrong)) {
		if judge(room, wrong[room]) == "" {
			t.Errorf("the table lets %s import %s", room, wrong[room])
		}
	}
	right := map[string]string{
		"cmd/matoi":         "internal/app",
		"internal/report":   "stdif",
		"internal/act":      "internal/report",
		"internal/store/x":  "internal/audit",
		"internal/spool":    "internal/seal",
		"sim/service":       "stdif/open1",
		"test/duty/cmd/any": "internal/act",
	}
	for room, imported := range right {
		if wrong := judge(room, imported); wrong != "" {
			t.Errorf("the table refuses what it should allow: %s", wrong)
		}
	}
}

func TestNoRoomReachesWhatItMustNot(t *testing.T) {
	graph := map[string]map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		if graph[s.room] == nil {
			graph[s.room] = map[string]bool{}
		}
		for _, p := range s.imports() {
			if imported, ok := ours(p); ok {
				graph[s.room][imported] = true
			}
		}
	}
	for _, r := range reach {
		for room := range graph {
			if !within(room, r.room) {
				continue
			}
			from := map[string]string{room: ""}
			for queue := []string{room}; len(queue) > 0; queue = queue[1:] {
				for next := range graph[queue[0]] {
					if _, seen := from[next]; seen {
						continue
					}
					from[next] = queue[0]
					queue = append(queue, next)
					if within(next, r.not...) {
						t.Errorf("%s reaches %s: %s (%s)", room, next, chain(from, next), r.why)
					}
				}
			}
		}
	}
}

func chain(from map[string]string, end string) string {
	path := []string{end}
	for at := from[end]; at != ""; at = from[at] {
		path = append(path, at)
	}
	slices.Reverse(path)
	return strings.Join(path, " → ")
}

func TestForbiddenStandardPackages(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, f := range forbidden {
			if !within(s.room, f.rooms...) {
				continue
			}
			for _, p := range s.imports() {
				if slices.Contains(f.imports, p) {
					t.Errorf("%s imports %s: %s", s.name, p, f.why)
				}
			}
		}
	}
}

// The field takes time as an argument: what asks the clock cannot be tried at
// another hour, and two answers of one act would differ.
func TestTheFieldHasNoClock(t *testing.T) {
	asks := map[string]bool{"Now": true, "Since": true, "Until": true, "After": true, "AfterFunc": true, "NewTimer": true, "NewTicker": true, "Tick": true, "Sleep": true}
	for _, s := range sources(t) {
		if s.test || !within(s.room, append([]string{"stdif"}, field...)...) {
			continue
		}
		if within(s.room, "stdif/open1") {
			continue // the profile's client and server keep deadlines on real connections
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && asks[sel.Sel.Name] {
				t.Errorf("%s asks the clock: time.%s", s.at(n), sel.Sel.Name)
			}
			return true
		})
	}
}

// ownerOf returns the owner whose module holds the import path.
func ownerOf(importPath string) (owner, bool) {
	for _, o := range owners {
		if importPath == o.module || strings.HasPrefix(importPath, o.module+"/") {
			return o, true
		}
	}
	return owner{}, false
}

func TestThirdPartyModulesStayInTheirRooms(t *testing.T) {
	for _, s := range sources(t) {
		for _, p := range s.imports() {
			if standard(p) || strings.HasPrefix(p, module) {
				continue
			}
			o, ok := ownerOf(p)
			switch {
			case !ok:
				t.Errorf("%s imports %s, which no room owns: add it to owners in rooms.go and to docs/dependencies.md, with the reason", s.name, p)
			case s.test || within(s.room, "test"):
				// tests put together what they need
			case !within(s.room, o.rooms...):
				t.Errorf("%s imports %s, which belongs to %v", s.name, p, o.rooms)
			}
		}
	}
}

package house

import (
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/matoi119/matoi/i18n"
)

// package i18n holds that both languages have the same keys and places and
// that every fault has its sentence. Here stands what needs the whole tree:
// the keys of the pages, the values of the places, and keys that nobody says.

var (
	pageKey    = regexp.MustCompile(`\bt\(\s*['"]([^'"]+)['"]`)
	pagePrefix = regexp.MustCompile(`\b(?:named|counted)\(\s*['"]([^'"]+)['"]`)
	template   = regexp.MustCompile("`([a-zA-Z][a-zA-Z0-9.-]*\\.)\\$\\{")
	quoted     = regexp.MustCompile(`['"]([a-z][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]+)+\.?)['"]`)
	place      = regexp.MustCompile(`\{([a-zA-Z]+)\}`)
)

func pages(t *testing.T) []string {
	t.Helper()
	return files(t, func(name string) bool {
		return strings.HasPrefix(name, "ui/src/") && suffix(".ts", ".svelte")(name) && !strings.HasSuffix(name, ".test.ts")
	})
}

func TestEveryKeyOfThePagesIsInTheCatalogue(t *testing.T) {
	all := i18n.Keys(i18n.Japanese)
	for _, name := range pages(t) {
		text := read(t, name)
		for _, m := range pageKey.FindAllStringSubmatch(text, -1) {
			if !i18n.Has(m[1]) {
				t.Errorf("%s says %q, which is in no catalogue", name, m[1])
			}
		}
		for _, m := range pagePrefix.FindAllStringSubmatch(text, -1) {
			if !slices.ContainsFunc(all, func(k string) bool { return strings.HasPrefix(k, m[1]+".") }) {
				t.Errorf("%s looks up %q, and no key begins with it", name, m[1]+".")
			}
		}
	}
}

// A key that nobody says is a sentence that somebody will translate for
// nothing, or the trace of a message that no longer reaches anybody.
func TestEveryKeyIsSaid(t *testing.T) {
	said, begun := map[string]bool{}, map[string]bool{}
	note := func(literal string) {
		if strings.HasSuffix(literal, ".") {
			begun[literal] = true
			return
		}
		said[literal] = true
	}
	for _, name := range pages(t) {
		text := read(t, name)
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			note(m[1])
		}
		for _, m := range template.FindAllStringSubmatch(text, -1) {
			begun[m[1]] = true
		}
		for _, m := range pagePrefix.FindAllStringSubmatch(text, -1) {
			begun[m[1]+"."] = true
		}
	}
	for _, s := range sources(t) {
		if s.test || within(s.room, "test", "i18n") {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if v, err := strconv.Unquote(lit.Value); err == nil {
					note(v)
				}
			}
			return true
		})
	}
	prefixes := slices.Sorted(maps.Keys(begun))
	for _, key := range i18n.Keys(i18n.Japanese) {
		whole := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		if said[key] || said[whole] || slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			continue
		}
		t.Errorf("nobody says %q", key)
	}
}

// A place without its value reaches a person as {consoleName}. The field knows
// ids only, so a fault may give consoleId; the door then looks the name up.
func TestEveryFaultFillsItsPlaces(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 || call.Ellipsis.IsValid() || !isFaultNew(call.Fun) {
				return true
			}
			key, ok := literal(call.Args[1])
			if !ok || !i18n.Has(key) {
				return true
			}
			given := map[string]bool{"receipt": true} // made at the door, which logs the cause under it
			for i := 2; i < len(call.Args); i += 2 {
				name, ok := literal(call.Args[i])
				if !ok {
					return true // names that are put together at run time
				}
				given[name] = true
			}
			if len(call.Args)%2 == 1 {
				t.Errorf("%s: fault %s has a name without a value", s.at(n), key)
			}
			for _, lang := range []string{i18n.Japanese, i18n.English} {
				for _, m := range place.FindAllStringSubmatch(i18n.Sentence(lang, key, nil), -1) {
					if !given[m[1]] && !given[strings.TrimSuffix(m[1], "Name")+"Id"] {
						t.Errorf("%s: fault %s gives no {%s}, which its %s sentence shows", s.at(n), key, m[1], lang)
					}
				}
			}
			return true
		})
	}
}

func isFaultNew(fun ast.Expr) bool {
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "New" {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == "fault"
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	v, err := strconv.Unquote(lit.Value)
	return v, err == nil
}

// The page that tells an operator where to walk uses the very words that stand
// on the board.
func TestTheLinkStripsPageUsesItsWords(t *testing.T) {
	page := read(t, "docs/operations/link-strip.md")
	count := 0
	for _, key := range i18n.Keys(i18n.Japanese) {
		state, ok := strings.CutPrefix(key, "link.state.")
		if !ok {
			continue
		}
		count++
		if want := i18n.Sentence(i18n.Japanese, key, nil) + " (" + state + ")"; !strings.Contains(page, want) {
			t.Errorf("docs/operations/link-strip.md does not explain %q", want)
		}
	}
	if count == 0 {
		t.Error("the catalogue has no link.state.*")
	}
}

package i18n_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/i18n"
)

var places = regexp.MustCompile(`\{[a-zA-Z]+\}`)

func TestBothLanguagesHoldTheSameKeysAndPlaces(t *testing.T) {
	ja, en := i18n.Keys(i18n.Japanese), i18n.Keys(i18n.English)
	if diff := cmp.Diff(ja, en); diff != "" {
		t.Fatalf("keys differ (-ja +en):\n%s", diff)
	}
	for _, key := range ja {
		inJa := places.FindAllString(i18n.Sentence("ja", key, nil), -1)
		inEn := places.FindAllString(i18n.Sentence("en", key, nil), -1)
		slices.Sort(inJa)
		slices.Sort(inEn)
		inJa, inEn = slices.Compact(inJa), slices.Compact(inEn)
		if strings.HasSuffix(key, ".one") {
			continue // "1 report" names no place
		}
		if diff := cmp.Diff(inJa, inEn); diff != "" {
			t.Errorf("%s: places differ (-ja +en):\n%s", key, diff)
		}
	}
}

func TestSentenceFillsPlacesOnce(t *testing.T) {
	got := i18n.Sentence("ja", "claim.held", map[string]string{"consoleName": "指令台B", "personName": "{consoleName}"})
	if want := "指令台B {consoleName} が先に受け付けました。"; got != want {
		t.Errorf("Sentence(claim.held) = %q, want %q: a value must not be searched for places", got, want)
	}
}

func TestMissingKeyIsNotSilent(t *testing.T) {
	if got := i18n.Sentence("ja", "no.such.key", nil); got != "no.such.key" {
		t.Errorf("Sentence(no.such.key) = %q, want the key", got)
	}
	if i18n.Has("no.such.key") {
		t.Error("Has(no.such.key) = true")
	}
}

func TestUnknownLanguageReadsJapanese(t *testing.T) {
	if got, want := i18n.Sentence("fr", "act.claim", nil), "受付"; got != want {
		t.Errorf("Sentence(fr, act.claim) = %q, want %q", got, want)
	}
}

func TestLanguage(t *testing.T) {
	for accept, want := range map[string]string{
		"":                        "ja",
		"ja,en-US;q=0.9,en;q=0.8": "ja",
		"en-GB,en;q=0.9":          "en",
		"fr, en;q=0.5":            "en",
		"fr":                      "ja",
		"*":                       "ja",
		"EN":                      "en",
	} {
		if got := i18n.Language(accept); got != want {
			t.Errorf("Language(%q) = %q, want %q", accept, got, want)
		}
	}
}

// TestEveryFaultHasItsSentence reads the Go source of the house: a key given to
// fault.New and held by no catalogue would reach a person as a bare key.
func TestEveryFaultHasItsSentence(t *testing.T) {
	found := 0
	for _, room := range []string{"../internal", "../cmd"} {
		err := filepath.WalkDir(room, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				if os.IsNotExist(err) {
					return nil
				}
				return err
			}
			if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			for _, key := range faultKeys(t, path) {
				found++
				if !i18n.Has(key) {
					t.Errorf("%s: fault key %q is in no catalogue", path, key)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("walk %s: %v", room, err)
		}
	}
	t.Logf("%d fault keys", found)
}

// faultKeys lists the literal keys of fault.New(kind, key, …) and of the doors'
// own say(w, r, status, key) in one file.
func faultKeys(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Logf("%s does not parse now: %v", path, err)
		return nil
	}
	var keys []string
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if arg := keyOf(call); arg != nil && arg.Kind == token.STRING {
			key, err := strconv.Unquote(arg.Value)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			keys = append(keys, key)
		}
		return true
	})
	return keys
}

// keyOf is the literal key of a call that names a sentence, or nil.
func keyOf(call *ast.CallExpr) *ast.BasicLit {
	at := -1
	switch fun := call.Fun.(type) {
	case *ast.SelectorExpr:
		if pkg, ok := fun.X.(*ast.Ident); ok && pkg.Name == "fault" && fun.Sel.Name == "New" {
			at = 1
		}
	case *ast.Ident:
		if fun.Name == "say" && len(call.Args) == 4 {
			at = 3
		}
	}
	if at < 0 || at >= len(call.Args) {
		return nil
	}
	lit, _ := call.Args[at].(*ast.BasicLit)
	return lit
}

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/matoi119/matoi/test/duty"
)

var rows = []duty.Row{
	{ID: "A-1", Duty: "text is carried", Owner: "here"},
	{ID: "A-2", Duty: "voice is not", Owner: "here"},
	{ID: "B-1", Duty: "later", Owner: "there"},
}

func TestPrintRows(t *testing.T) {
	const began, pass = "duty: A-1 github.com/matoi119/matoi/x TestX began\n", "duty: A-1 github.com/matoi119/matoi/x TestX pass\n"
	const second = "duty: A-2 github.com/matoi119/matoi/x TestY pass\n"
	cases := []struct {
		name, lines, owner string
		ok                 bool
		says               string
	}{
		{"all held", began + pass + second, "here", true, "2 rows: 2 held"},
		{"not held by anybody", began + pass, "here", false, "held by nobody"},
		{"nobody, but no owner asked", began + pass, "", true, "3 rows: 1 held by tests that pass, 0 held by tests that do not, 2 held by nobody"},
		{"process died", began + second, "here", false, "crashed  x.TestX"},
		{"skipped", strings.Replace(pass, " pass", " skip", 1) + second, "here", false, "skip     x.TestX"},
		{"failed after it passed", pass + strings.Replace(pass, " pass", " fail", 1) + second, "here", false, "fail     x.TestX"},
	}
	for _, c := range cases {
		results, err := collect(c.lines)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if ok := printRows(&out, rows, results, c.owner); ok != c.ok || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: printRows = %v, want %v and %q in\n%s", c.name, ok, c.ok, c.says, out.String())
		}
	}
}

func TestCallers(t *testing.T) {
	file := func(body string) string {
		path := filepath.Join(t.TempDir(), "x_test.go")
		if err := os.WriteFile(path, []byte("package x\n"+body), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests, helper, err := callers(file(`
func TestA(t *T) { duty(t, "A-1") }
func TestB(t *T) { t.Run("x", func(t *T) { duty.Holds(t, "A-2") }) }
func TestC(t *T) { other(t) } // duty(t, "A-1")
`))
	if want := []string{"TestA", "TestB"}; err != nil || helper || !slices.Equal(tests, want) {
		t.Errorf("callers = %v, %v, %v; want %v", tests, helper, err, want)
	}
	if _, helper, err := callers(file("func start(t *T) { duty(t, \"A-1\") }\n")); err != nil || !helper {
		t.Errorf("callers of a helper = %v, %v; want true", helper, err)
	}
}

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/matoi119/matoi/test/duty"
)

// A module of two lines with a good and a useless test: only the good one
// catches what was broken, and a mutant that does not compile is no catch.
func TestTryMutation(t *testing.T) {
	if testing.Short() {
		t.Skip("runs go test inside")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.test/x\n\ngo 1.26\n")
	write("x.go", "package x\n\nfunc Loud() bool { return true }\n")
	write("x_test.go", "package x\n\nimport \"testing\"\n\n"+
		"func TestGood(t *testing.T) {\n\tif !Loud() {\n\t\tt.Error(\"silent\")\n\t}\n}\n\nfunc TestUseless(t *testing.T) { Loud() }\n")
	t.Chdir(dir)

	silent := duty.Mutation{ID: "S3-L8", File: "x.go", Was: "return true", Becomes: "return false"}
	torn := duty.Mutation{ID: "S3-L8", File: "x.go", Was: "return true", Becomes: "return"}
	good := []outcome{{pkg: "example.test/x", test: "TestGood/part"}}
	useless := []outcome{{pkg: "example.test/x", test: "TestUseless"}}
	cases := []struct {
		m       duty.Mutation
		holders []outcome
		want    string
	}{
		{silent, good, "caught"},
		{silent, useless, "NOT CAUGHT"},
		{torn, good, "no build"},
		{silent, nil, "no test"},
	}
	for _, c := range cases {
		got, err := tryMutation(t.Context(), c.m, c.holders)
		if err != nil || got != c.want {
			t.Errorf("%q by %v = %q, %v; want %q", c.m.Becomes, c.holders, got, err, c.want)
		}
	}
	if text, err := os.ReadFile("x.go"); err != nil || string(text) != "package x\n\nfunc Loud() bool { return true }\n" {
		t.Errorf("the tree was touched: %q, %v", text, err)
	}
}

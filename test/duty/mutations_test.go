package duty_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/matoi119/matoi/test/duty"
)

// A mutation that no longer applies proves nothing; it is mended together with
// the code that moved.
func TestEveryMutationApplies(t *testing.T) {
	rows, err := duty.Rows()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, r := range rows {
		known[r.ID] = true
	}
	mutations, err := duty.Mutations()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutations {
		if !known[m.ID] || m.Why == "" {
			t.Errorf("mutation of %q: no such row, or no reason", m.ID)
		}
		text, err := os.ReadFile(filepath.Join("..", "..", m.File))
		if err != nil {
			t.Errorf("mutation of %s: %v", m.ID, err)
			continue
		}
		if _, err := m.Apply(string(text)); err != nil {
			t.Error(err)
		}
	}
}

func TestApply(t *testing.T) {
	m := duty.Mutation{ID: "S3-L8", File: "x.go", Was: "a == b", Becomes: "a != b"}
	if got, err := m.Apply("if a == b {"); err != nil || got != "if a != b {" {
		t.Errorf("Apply = %q, %v", got, err)
	}
	for _, text := range []string{"", "a == b; a == b"} {
		if _, err := m.Apply(text); err == nil {
			t.Errorf("Apply(%q) passes, want an error", text)
		}
	}
	m.Becomes = m.Was
	if _, err := m.Apply("a == b"); err == nil {
		t.Error("a mutation that changes nothing passes")
	}
}

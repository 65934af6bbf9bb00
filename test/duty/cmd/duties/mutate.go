package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/matoi119/matoi/test/duty"
)

// tryMutations breaks the product in each of the listed ways, without touching
// the tree (the compiler reads an overlay, and so does a test that builds the
// program), and reports whether the tests that hold the row noticed each time.
func tryMutations(ctx context.Context, w io.Writer, results map[string][]outcome, wanted func(id string) bool) (bool, error) {
	mutations, err := duty.Mutations()
	if err != nil {
		return false, err
	}
	ok := true
	for _, m := range mutations {
		if !wanted(m.ID) {
			continue
		}
		verdict, err := tryMutation(ctx, m, results[m.ID])
		if err != nil {
			return false, err
		}
		fmt.Fprintf(w, "%-9s %-10s %s (%s)\n", m.ID, verdict, m.Why, m.File)
		ok = ok && verdict == "caught"
	}
	return ok, nil
}

func tryMutation(ctx context.Context, m duty.Mutation, holders []outcome) (string, error) {
	if len(holders) == 0 {
		return "no test", nil
	}
	dir, err := os.MkdirTemp("", "matoi-mutation-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	overlay, err := writeOverlay(dir, m)
	if err != nil {
		return "", err
	}
	for pkg, tests := range byPackage(holders) {
		// A mutant that does not compile fails every test and proves nothing.
		if err := quietGo(ctx, overlay, "vet", pkg); err != nil {
			return "no build", ignoreExit(err)
		}
		err := quietGo(ctx, overlay, "test", "-count=1", "-timeout=10m", "-run", "^("+strings.Join(tests, "|")+")$", pkg)
		if err != nil {
			return "caught", ignoreExit(err)
		}
	}
	return "NOT CAUGHT", nil
}

// writeOverlay writes the broken file and the overlay that puts it in place.
func writeOverlay(dir string, m duty.Mutation) (string, error) {
	original, err := filepath.Abs(m.File)
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	broken, err := m.Apply(string(text))
	if err != nil {
		return "", err
	}
	mutant := filepath.Join(dir, filepath.Base(m.File))
	if err := os.WriteFile(mutant, []byte(broken), 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {original: mutant}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, list, 0o600)
}

// byPackage groups the tests, without the names of their parts.
func byPackage(holders []outcome) map[string][]string {
	sets := map[string]map[string]bool{}
	for _, h := range holders {
		whole, _, _ := strings.Cut(h.test, "/")
		if sets[h.pkg] == nil {
			sets[h.pkg] = map[string]bool{}
		}
		sets[h.pkg][whole] = true
	}
	grouped := map[string][]string{}
	for pkg, set := range sets {
		grouped[pkg] = slices.Sorted(maps.Keys(set))
	}
	return grouped
}

func quietGo(ctx context.Context, overlay string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), strings.TrimSpace("GOFLAGS="+os.Getenv("GOFLAGS")+" -overlay="+overlay))
	return cmd.Run()
}

// ignoreExit drops the error that says that the command ended with 1, which is
// the answer and no failure of ours.
func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// Command duties runs every test that holds a duty and prints each row of
// docs/requirements.csv with the tests that hold it and how they ended, the
// rows that nobody holds included.
//
//	go run ./test/duty/cmd/duties                          every row
//	go run ./test/duty/cmd/duties -owner "report arrives"  the rows of one work; a row not held is an error
//
// It ends with 1 when a test fails, crashes or is skipped, and, with -owner,
// when a row of that work is held by nobody.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/matoi119/matoi/test/duty"
)

func main() {
	owner := flag.String("owner", "", "print only the rows of this work and demand that each is held")
	short := flag.Bool("short", false, "pass -short to go test")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, *owner, *short)
	if err != nil {
		fmt.Fprintln(os.Stderr, "duties:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, owner string, short bool) (bool, error) {
	rows, err := duty.Rows()
	if err != nil {
		return false, err
	}
	holders, err := findHolders(ctx)
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "matoi-duties-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	recorded := filepath.Join(dir, "lines")

	testsPass := true
	for _, h := range holders {
		if err := h.run(ctx, recorded, short); err != nil {
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				return false, fmt.Errorf("run tests of %s: %w", h.pkg, err)
			}
			testsPass = false
		}
	}
	text, err := os.ReadFile(recorded)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	results, err := collect(string(text))
	if err != nil {
		return false, err
	}
	held := printRows(os.Stdout, rows, results, owner)
	return testsPass && held, nil
}

// run starts the tests of one package that hold duties, one package at a time:
// they start servers, browsers and databases.
func (h holder) run(ctx context.Context, recorded string, short bool) error {
	args := []string{"test", "-count=1", "-timeout=20m"}
	if short {
		args = append(args, "-short")
	}
	if h.tests != nil {
		args = append(args, "-run", "^("+strings.Join(h.tests, "|")+")$")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, h.pkg)...)
	cmd.Env = append(os.Environ(), duty.RecordFile+"="+recorded)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// outcome is one test that holds a row and how it ended last.
type outcome struct {
	test   string
	result duty.Result
}

// collect keeps, for each row, the last result of each test.
func collect(text string) (map[string][]outcome, error) {
	results := map[string][]outcome{}
	for line := range strings.Lines(text) {
		l, err := duty.ParseLine(line)
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(l.Package, "github.com/matoi119/matoi/") + "." + l.Test
		list := results[l.ID]
		at := slices.IndexFunc(list, func(o outcome) bool { return o.test == name })
		if at < 0 {
			results[l.ID] = append(list, outcome{name, l.Result})
			continue
		}
		list[at].result = l.Result
	}
	return results, nil
}

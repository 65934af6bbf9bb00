// Command duties runs every test that holds a duty and prints each row of
// docs/requirements.csv with the tests that hold it and how they ended, the
// rows that nobody holds included.
//
//	go run ./test/duty/cmd/duties                          every row
//	go run ./test/duty/cmd/duties -owner "report arrives"  the rows of one work; a row not held is an error
//	go run ./test/duty/cmd/duties -mutate                  break the product as test/duty/mutations.csv says, too
//
// It ends with 1 when a test fails, crashes or is skipped, with -owner when a
// row of that work is held by nobody, and with -mutate when the tests of a row
// do not notice that the product was broken.
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
	mutate := flag.Bool("mutate", false, "then break the product and look whether the tests notice")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, *owner, *short, *mutate)
	if err != nil {
		fmt.Fprintln(os.Stderr, "duties:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, owner string, short, mutate bool) (bool, error) {
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
	ok := printRows(os.Stdout, rows, results, owner) && testsPass
	if !mutate {
		return ok, nil
	}
	fmt.Println("\nbroken on purpose:")
	noticed, err := tryMutations(ctx, os.Stdout, results, func(id string) bool {
		return slices.ContainsFunc(rows, func(r duty.Row) bool { return r.ID == id && (owner == "" || r.Owner == owner) })
	})
	return ok && noticed, err
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
	pkg, test string
	result    duty.Result
}

// name is how a person finds the test: its room and its name.
func (o outcome) name() string {
	return strings.TrimPrefix(o.pkg, "github.com/matoi119/matoi/") + "." + o.test
}

// collect keeps, for each row, the last result of each test.
func collect(text string) (map[string][]outcome, error) {
	results := map[string][]outcome{}
	for line := range strings.Lines(text) {
		l, err := duty.ParseLine(line)
		if err != nil {
			return nil, err
		}
		list := results[l.ID]
		at := slices.IndexFunc(list, func(o outcome) bool { return o.pkg == l.Package && o.test == l.Test })
		if at < 0 {
			results[l.ID] = append(list, outcome{l.Package, l.Test, l.Result})
			continue
		}
		list[at].result = l.Result
	}
	return results, nil
}

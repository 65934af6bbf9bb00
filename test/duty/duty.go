// Package duty counts duties by running them. A test that calls
//
//	duty.Holds(t, "S3-1-3-1")
//
// says: while I pass, this row of docs/requirements.csv is kept. `make duties`
// runs all such tests and prints every row with its tests and their results,
// the rows that nobody holds included. An id in a comment does not count,
// because nothing fails when a comment is wrong.
//
// A package that holds several rows defines the alias `var duty = duty.Holds`
// (under an import name) so that the call reads duty(t, "S3-1-3-1").
package duty

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// RecordFile names the environment variable with the absolute path of the file
// to which Holds appends. Tests of many packages run at once in processes of
// their own, and `go test` swallows the output of those that pass; a file
// opened for appending takes lines of all of them whole.
const RecordFile = "MATOI_DUTIES"

// Holds registers that t holds the rows with these ids. An id that is not in
// requirements.csv fails the test at once: a duty that was renamed must not
// fall out of the count in silence.
func Holds(t testing.TB, ids ...string) {
	t.Helper()
	rows, err := Rows()
	if err != nil {
		t.Fatalf("duty: %v", err)
	}
	if len(ids) == 0 {
		t.Fatalf("duty: no id given")
	}
	known := make(map[string]bool, len(rows))
	for _, r := range rows {
		known[r.ID] = true
	}
	for _, id := range ids {
		if !known[id] {
			t.Fatalf("duty: %q is no row of docs/requirements.csv", id)
		}
	}
	path := os.Getenv(RecordFile)
	if path == "" {
		return
	}
	pkg := callerPackage()
	// The first line says that the test began. A test whose process dies leaves
	// only this one, and is reported as crashed instead of being forgotten.
	record(t, path, pkg, ids, Began)
	t.Cleanup(func() {
		switch {
		case t.Failed():
			record(t, path, pkg, ids, Fail)
		case t.Skipped():
			record(t, path, pkg, ids, Skip)
		default:
			record(t, path, pkg, ids, Pass)
		}
	})
}

func record(t testing.TB, path, pkg string, ids []string, result Result) {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(Line{ID: id, Package: pkg, Test: t.Name(), Result: result}.String())
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Errorf("duty: %v", err)
		return
	}
	_, err = f.WriteString(b.String()) // one write, so that lines of other processes cannot fall between
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		t.Errorf("duty: %v", err)
	}
}

// callerPackage returns the import path of the test that called Holds.
func callerPackage() string {
	pc, _, _, ok := runtime.Caller(2)
	if !ok {
		return "?"
	}
	name := runtime.FuncForPC(pc).Name() // github.com/…/internal/store_test.TestX.func1
	slash := strings.LastIndexByte(name, '/')
	if dot := strings.IndexByte(name[slash+1:], '.'); dot >= 0 {
		name = name[:slash+1+dot]
	}
	return strings.TrimSuffix(name, "_test")
}

// Result is how a test that holds a row ended.
type Result string

// The results. Began without a later line of the same test means that the
// process died or was stopped.
const (
	Began Result = "began"
	Pass  Result = "pass"
	Fail  Result = "fail"
	Skip  Result = "skip"
)

// Line is one record: this test ended like this while it held this row.
type Line struct {
	ID, Package, Test string
	Result            Result
}

func (l Line) String() string {
	return fmt.Sprintf("duty: %s %s %s %s\n", l.ID, l.Package, l.Test, l.Result)
}

// ParseLine reads what String wrote. Test names hold no spaces: the testing
// package replaces them.
func ParseLine(s string) (Line, error) {
	f := strings.Fields(s)
	if len(f) != 5 || f[0] != "duty:" {
		return Line{}, fmt.Errorf("no duty line: %q", s)
	}
	return Line{ID: f[1], Package: f[2], Test: f[3], Result: Result(f[4])}, nil
}

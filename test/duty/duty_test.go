package duty_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matoi119/matoi/test/duty"
)

// stopped is what a fake test panics with where a real one would stop.
type stopped string

// fake stands for a test that must fail, which a real one cannot do and pass.
type fake struct {
	testing.TB
	cleanups []func()
	failed   bool
	skipped  bool
}

func (f *fake) Helper()                      {}
func (f *fake) Name() string                 { return "TestFake" }
func (f *fake) Cleanup(fn func())            { f.cleanups = append(f.cleanups, fn) }
func (f *fake) Failed() bool                 { return f.failed }
func (f *fake) Skipped() bool                { return f.skipped }
func (f *fake) Fatalf(text string, _ ...any) { panic(stopped(text)) }
func (f *fake) end() {
	for _, fn := range f.cleanups {
		fn()
	}
}

func TestUnknownIDStopsTheTest(t *testing.T) {
	defer func() {
		if _, ok := recover().(stopped); !ok {
			t.Error("Holds with an unknown id went on, want the test stopped")
		}
	}()
	duty.Holds(&fake{}, "S3-1-3-1", "S3-99-9")
}

func TestResultsAreRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duties")
	t.Setenv(duty.RecordFile, path)
	for _, f := range []*fake{{}, {failed: true}, {skipped: true}} {
		duty.Holds(f, "S3-1-3-1", "FD-18")
		f.end()
	}
	duty.Holds(&fake{}, "S3-L8") // its process dies: no end

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		l, err := duty.ParseLine(line)
		if err != nil {
			t.Fatal(err)
		}
		if l.Package != "github.com/matoi119/matoi/test/duty" || l.Test != "TestFake" {
			t.Errorf("line %q names %s %s, want this package and TestFake", line, l.Package, l.Test)
		}
		got = append(got, l.ID+" "+string(l.Result))
	}
	want := "S3-1-3-1 began,FD-18 began,S3-1-3-1 pass,FD-18 pass," +
		"S3-1-3-1 began,FD-18 began,S3-1-3-1 fail,FD-18 fail," +
		"S3-1-3-1 began,FD-18 began,S3-1-3-1 skip,FD-18 skip,S3-L8 began"
	if strings.Join(got, ",") != want {
		t.Errorf("recorded %v, want %s", got, want)
	}
}

// The three source texts have 134 rows; fewer means that one was dropped in
// silence, which product.md forbids.
func TestEveryRowIsThere(t *testing.T) {
	rows, err := duty.Rows()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 134 {
		t.Errorf("%d rows, want at least 134", len(rows))
	}
	for _, r := range rows {
		if r.Duty == "" || r.Proof == "" || r.Owner == "" {
			t.Errorf("row %s lacks its duty, its proof or its owner", r.ID)
		}
	}
}

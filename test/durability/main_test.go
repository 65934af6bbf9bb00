package durability

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	dutytest "github.com/matoi119/matoi/test/duty"
)

var duty = dutytest.Holds

// program is the built binary.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv(racerVariable) != "" {
		return race() // this process is a console of the race
	}
	dir, err := os.MkdirTemp("", "matoi-durability-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if program = os.Getenv(programVariable); program == "" { // a child in a namespace is given it
		program = filepath.Join(dir, "matoi")
		build := exec.Command("go", "build", "-trimpath", "-o", program, "github.com/matoi119/matoi/cmd/matoi")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFIPS140=v1.0.0") // as make build does
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

const programVariable = "MATOI_DURABILITY_PROGRAM"

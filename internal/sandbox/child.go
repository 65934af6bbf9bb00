package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
)

// The jobs of a child.
const (
	jobCheck     = "check"
	jobCheckExec = "check-exec"
	jobImage     = "image"
	jobExec      = "exec"
	jobEncode    = "encode" // exec with the processor time of a long film
)

const checkPassed = "confined"

// IsChild reports whether the arguments of the program are those of a child.
// main, and the TestMain of whoever tests with children, asks first.
func IsChild(args []string) bool { return len(args) > 2 && args[1] == command }

// Child is the whole life of a child: it confines itself, does its job and
// returns the exit code. args are those of the program.
func Child(args []string, in io.Reader, out io.Writer) int {
	if !IsChild(args) {
		return 2
	}
	switch name, rest := args[2], args[3:]; {
	case name == jobCheck:
		return check(out)
	case name == jobCheckExec && len(rest) == 1:
		return checkExec(rest[0], out)
	case name == jobImage && len(rest) == 1:
		return imageChild(rest[0], in, out)
	case name == jobExec && len(rest) > 0:
		fmt.Fprintln(os.Stderr, execConfined(rest, cpuSeconds)) // it returns only when it could not
		return 2
	case name == jobEncode && len(rest) > 0:
		fmt.Fprintln(os.Stderr, execConfined(rest, encodeSeconds))
		return 2
	}
	return 2
}

// imageChild reads an original, makes its copy and writes the result.
func imageChild(stated string, in io.Reader, out io.Writer) int {
	// What is collected late is memory that the limit counts.
	debug.SetGCPercent(20)
	debug.SetMemoryLimit(memoryLimit * 3 / 4)
	if err := confine(); err != nil {
		return 3
	}
	r := safely(func() Result { return remake(stated, in) })
	var m runtime.MemStats
	runtime.ReadMemStats(&m) // not the kernel's figure: that one begins with our parent's
	r.Bytes, r.Memory = len(r.Data), int64(m.Sys)
	head, err := json.Marshal(r)
	if err != nil {
		return 4
	}
	if _, err := out.Write(append(head, '\n')); err != nil {
		return 4
	}
	if _, err := out.Write(r.Data); err != nil {
		return 4
	}
	return 0
}

// safely turns a decoder that panics into a picture that is broken.
func safely(work func() Result) (r Result) {
	defer func() {
		if recover() != nil {
			r = Result{Reason: reasonDecode}
		}
	}()
	return work()
}

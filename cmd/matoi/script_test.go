package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"matoi": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// TestScripts plays the journeys of testdata on the real command line.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		e.Setenv("MATOI_HQ", "279999")
		e.Setenv("MATOI_LOG_LEVEL", "error")
		e.Setenv("MATOI_RESERVE", "4096")
		return nil
	}})
}

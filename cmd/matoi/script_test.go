package main

import (
	"os"
	"testing"

	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/sim/town"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if code, is := app.GuardianChild(os.Args, os.Stdin, os.Stdout); is {
		os.Exit(code)
	}
	testscript.Main(m, map[string]func(){
		"matoi": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// TestScripts plays the journeys of testdata on the real command line.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Cmds: map[string]func(*testscript.TestScript, bool, []string){"town": writeTown}, Setup: func(e *testscript.Env) error {
		e.Setenv("MATOI_HQ", "279999")
		e.Setenv("MATOI_LOG_LEVEL", "error")
		e.Setenv("MATOI_RESERVE", "4096")
		return nil
	}})
}

// writeTown is the command "town FILE": a made-up map.
func writeTown(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(town.Write(f))
	ts.Check(f.Close())
}

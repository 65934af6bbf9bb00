// Command matoi is the whole program: a fire headquarters' server, the
// dedicated terminal of its report services, simulators of both sides, and the
// tools that prove what happened. Each command is one file; they parse, call
// internal/app and print.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/matoi119/matoi/i18n"
	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/internal/fault"
)

// commands is the command line. Values come from defaults, then the file named
// by --config, then the environment, then flags; `matoi config` says where each
// came from.
type commands struct {
	Config   kong.ConfigFlag `help:"File with settings (JSON: flag names and values)." placeholder:"FILE" env:"MATOI_CONFIG"`
	LogLevel slog.Level      `default:"info" env:"MATOI_LOG_LEVEL" help:"debug, info, warn or error."`

	Demo     demoCommand     `cmd:"" help:"A made-up headquarters on this machine, for trying everything."`
	Server   serverCommand   `cmd:"" help:"The headquarters' server."`
	Terminal terminalCommand `cmd:"" help:"The dedicated terminal."`
	Enrol    enrolCommand    `cmd:"" help:"Make the terminal that shows a code one of this headquarters."`
	Revoke   revokeCommand   `cmd:"" help:"Take a terminal out of service at once."`
	Console  consoleCommand  `cmd:"" help:"Consoles: codes, list, revoke."`
	Client   clientCommand   `cmd:"" help:"Clients of the API: add, list, console, revoke."`
	Person   personCommand   `cmd:"" help:"Persons: add, list, password, suspend."`
	Partner  partnerCommand  `cmd:"" help:"Other headquarters: add, list, revoke, our own authority for them."`
	Map      mapCommand      `cmd:"" help:"The map that consoles draw: import, show, remove."`
	Simulate simulateCommand `cmd:"" help:"Play a service, a terminal, a headquarters or a crowd."`
	Check    checkCommand    `cmd:"" help:"Acceptance test of a dedicated terminal, with a report to print."`
	Probe    probeCommand    `cmd:"" help:"Look at an endpoint's TLS from outside and judge it by a dated list."`
	Drill    drillCommand    `cmd:"" help:"Drills with a record: a terminal that must work alone."`
	Verify   verifyCommand   `cmd:"" help:"Compare a store or a spool with its evidence log."`
	Settings settingsCommand `cmd:"" name:"config" help:"Every setting, its value, and where it came from."`
	Version  versionCommand  `cmd:"" help:"Version of the program and of its parts."`
}

func main() {
	// A child that decodes a stranger's picture is none of the commands: it has
	// nothing but its input and its output (internal/sandbox).
	if code, is := app.SandboxChild(os.Args, os.Stdin, os.Stdout); is {
		os.Exit(code)
	}
	// So is the guardian of a terminal's screen, which has a pipe to its agent and
	// the display (internal/agent/guardian).
	if code, is := app.GuardianChild(os.Args, os.Stdin, os.Stdout); is {
		os.Exit(code)
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process: it parses, runs and gives the exit code.
func run(args []string, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	code := -1
	parser, err := kong.New(&c, kong.Name("matoi"), kong.Description("Emergency reports as data, for a fire headquarters."),
		kong.UsageOnError(), kong.Writers(out, errs), kong.Exit(func(n int) { code = n }), kong.Configuration(kong.JSON),
		simulateVars(), kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(out, (*io.Writer)(nil)), kong.DefaultEnvars(""))
	if err != nil {
		fmt.Fprintln(errs, err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if code >= 0 {
		return code // help was asked for
	}
	if err != nil {
		fmt.Fprintf(errs, "matoi: %v\n", err)
		return 2
	}
	log := slog.New(slog.NewJSONHandler(errs, &slog.HandlerOptions{Level: c.LogLevel}))
	if err := parsed.Run(log, parser); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(errs, "matoi: "+sentence(err))
		if coded := (exitCode{}); errors.As(err, &coded) {
			return coded.code
		}
		return 1
	}
	return 0
}

// sentence is what a person reads of a failure: the words of the catalogue, or
// the cause where nobody has words for it.
func sentence(err error) string {
	f := fault.As(err)
	if f == nil || f.Kind == fault.Internal {
		return err.Error()
	}
	lang := i18n.Japanese
	if os.Getenv("MATOI_LANG") == i18n.English {
		lang = i18n.English
	}
	words := i18n.Sentence(lang, f.Key, f.Args)
	if f.Cause != nil {
		words += " (" + f.Cause.Error() + ")"
	}
	return words
}

// version is the module's version, or the commit that was built.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "commit " + s.Value[:12]
		}
	}
	return "development"
}

type versionCommand struct {
	Modules bool `help:"Also list every module in this binary with its version."`
}

// Run prints the version.
func (c *versionCommand) Run(out io.Writer) error {
	fmt.Fprintln(out, "matoi", version())
	info, ok := debug.ReadBuildInfo()
	if !c.Modules || !ok {
		return nil
	}
	fmt.Fprintln(out, info.GoVersion)
	for _, m := range info.Deps {
		fmt.Fprintln(out, m.Path, m.Version)
	}
	return nil
}

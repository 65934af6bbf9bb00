package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/matoi119/matoi/i18n"
	"github.com/matoi119/matoi/internal/app"
)

type drillCommand struct {
	Standalone drillStandalone `cmd:"" help:"Cut a terminal's line, work a case through on it alone, reconnect and count both sides (condition 1-1-2)."`
	Restore    drillRestore    `cmd:"" help:"End the drill of a terminal at once: the line comes back."`
	List       drillList       `cmd:"" default:"1" help:"Drills and their results, the newest first."`
	Try        drillTry        `cmd:"" help:"See the standalone drill in a demo of its own, played by simulators."`
}

type drillStandalone struct {
	house
	Terminal string        `arg:"" help:"Id of the terminal."`
	Reason   string        `required:"" help:"Why; consoles show it." placeholder:"TEXT"`
	Leader   string        `required:"" help:"Who leads the drill at the terminal." placeholder:"NAME"`
	Lasting  time.Duration `default:"20m" help:"The line comes back by itself after that; at most an hour."`
	Out      string        `default:"." type:"path" help:"Directory for the record (JSON) and its page to print (HTML)."`
}

// errDrillFailed ends the command with a code that a script sees.
var errDrillFailed = errors.New("the drill did not pass; the record says what is missing")

// Run guides a person through the drill.
func (c *drillStandalone) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		guide := &guidedCase{in: bufio.NewReader(os.Stdin), out: out}
		d, err := h.RunDrill(ctx, app.DrillConfig{Terminal: c.Terminal, Reason: c.Reason, Leader: c.Leader, Lasting: c.Lasting, Out: c.Out,
			Case: guide, Say: guide.say, Version: version()})
		if err != nil {
			return err
		}
		return printDrill(out, d)
	})
}

func printDrill(out io.Writer, d app.Drilled) error {
	for _, check := range d.Record.Checks {
		answer := "drill.good"
		if !check.OK {
			answer = "drill.bad"
		}
		fmt.Fprintln(out, words(answer), words("drill.check."+check.Name), strings.Join(check.What, " "))
	}
	for _, file := range d.Files {
		fmt.Fprintln(out, file)
	}
	if !d.Record.Passed {
		return errDrillFailed
	}
	fmt.Fprintln(out, words("drill.passed"))
	return nil
}

func words(key string) string {
	lang := i18n.Japanese
	if os.Getenv("MATOI_LANG") == i18n.English {
		lang = i18n.English
	}
	return i18n.Sentence(lang, key, nil)
}

// guidedCase tells a person at the terminal what to do, step by step.
type guidedCase struct {
	in  *bufio.Reader
	out io.Writer
}

func (g *guidedCase) say(step string) { fmt.Fprintln(g.out, words("drill.step."+step)) }

// Play implements the case of a drill.
func (g *guidedCase) Play(ctx context.Context, did func(step string)) (said app.DrillSaid, err error) {
	fmt.Fprintln(g.out, words("drill.ask.emergency"))
	for _, step := range app.DrillSteps() {
		if _, err := g.ask(ctx, "drill.ask."+step); err != nil {
			return said, err
		}
		did(step)
	}
	if said.Service, err = g.ask(ctx, "drill.ask.service"); err != nil {
		return said, err
	}
	if said.Report, err = g.ask(ctx, "drill.ask.report"); err != nil {
		return said, err
	}
	for {
		n, err := g.ask(ctx, "drill.ask.lines")
		if err != nil {
			return said, err
		}
		if said.Lines, err = strconv.Atoi(n); err == nil && said.Lines >= 0 {
			return said, nil
		}
	}
}

// ask reads one line. It gives up when the drill ends: the line of the terminal
// must not wait for a keyboard.
func (g *guidedCase) ask(ctx context.Context, key string) (string, error) {
	fmt.Fprint(g.out, words(key), " ")
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		line, err := g.in.ReadString('\n')
		read <- answer{strings.TrimSpace(line), err}
	}()
	select {
	case a := <-read:
		return a.line, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

type drillTry struct {
	Out string `default:"." type:"path" help:"Directory for the record (JSON) and its page to print (HTML)."`
}

// Run plays the drill in a demo.
func (c *drillTry) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	guide := &guidedCase{out: out}
	d, err := app.DrillDemo(ctx, app.DemoConfig{Version: version(), Log: log}, app.DrillConfig{Reason: words("drill.try.reason"), Leader: words("drill.try.leader"),
		Lasting: 2 * time.Minute, Out: c.Out, Say: guide.say, Version: version()})
	if err != nil {
		return err
	}
	return printDrill(out, d)
}

type drillRestore struct {
	house
	Terminal string `arg:"" help:"Id of the terminal."`
}

// Run ends a drill.
func (c *drillRestore) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		was, err := h.RestoreDrill(ctx, c.Terminal)
		if err == nil && !was {
			fmt.Fprintln(out, words("drill.none"))
		}
		return err
	})
}

type drillList struct{ house }

// Run lists drills.
func (c *drillList) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		all, err := h.Drills(ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, d := range all {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", d.CutAt.Format(time.RFC3339), d.Terminal, d.State, d.ID, d.Digest)
		}
		return t.Flush()
	})
}

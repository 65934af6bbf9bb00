package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/matoi119/matoi/check"
	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/sim/headquarters"
)

type checkCommand struct {
	Terminal string `arg:"" optional:"" help:"Id of the terminal."`

	HQ       string `name:"hq" env:"MATOI_HQ" help:"Id of the headquarters." placeholder:"ID"`
	Data     string `env:"MATOI_DATA" help:"Data directory of the headquarters, for the credential with which it dials." placeholder:"DIR"`
	Keys     string `env:"MATOI_KEYS" help:"Directory of the keys; DATA/keys when not given." placeholder:"DIR"`
	Postgres string `env:"MATOI_POSTGRES" help:"PostgreSQL in which the store lies." placeholder:"DSN"`
	Reserve  int64  `default:"268435456" env:"MATOI_RESERVE" hidden:""`

	Certificates string `type:"path" help:"Test a simulated terminal in place of one of the headquarters: the folder of certificates that it made." placeholder:"DIR"`
	Address      string `help:"host:port of the terminal; the registered one when not given." placeholder:"HOST:PORT"`
	Profile      string `default:"open/1" help:"Profile of the standard interface that the terminal speaks."`

	Intake     string        `help:"The services' face of the terminal, where test reports are handed over (on the terminal itself, or through a tunnel)." placeholder:"URL"`
	Credential string        `type:"existingfile" help:"File with the credential of a service that was added for the test." placeholder:"FILE"`
	Evidence   string        `type:"existingfile" help:"What cannot be seen from outside: declaration, logs, record of the exercise (JSON)." placeholder:"FILE"`
	TakeLine   bool          `help:"Take the data line from the headquarters for some seconds."`
	TakeScreen bool          `help:"Take the screen from the console that holds it."`
	Only       []string      `help:"Run these tests only." placeholder:"ID"`
	Patience   time.Duration `default:"3s" help:"After how long nothing is nothing."`

	Person string `help:"Who runs the test, for the report." placeholder:"NAME"`
	JSON   string `name:"json" type:"path" help:"Write the result for machines." placeholder:"FILE"`
	Report string `type:"path" help:"Write the report to print (HTML, Japanese)." placeholder:"FILE"`
	Page   string `type:"path" help:"Write the page that has to be open on the terminal's screen, and end." placeholder:"FILE"`
}

// exitCode is an error that says with which code the program ends.
type exitCode struct {
	code int
	text string
}

func (e exitCode) Error() string { return e.text }

// What `matoi check` ends with when everything was written. 1 is any other
// failure, 2 a wrong command line.
const (
	exitFailed = 3 // a test failed
	exitBroken = 4 // none failed, and at least one could not be answered for a fault of the runner or the line
)

// Run tests the terminal.
func (c *checkCommand) Run(ctx context.Context, out io.Writer) error {
	if c.Page != "" {
		return os.WriteFile(c.Page, []byte(check.Page()), 0o644) //nolint:gosec // the page is public
	}
	target, watched, err := c.target(ctx)
	if err != nil {
		return err
	}
	o := check.Options{Person: c.Person, Version: version(), TakeLine: c.TakeLine, TakeScreen: c.TakeScreen, ScreenTaken: watched, Only: c.Only, Patience: c.Patience}
	if err := c.given(&o); err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	r, err := check.Run(ctx, target, o)
	if err != nil {
		return err
	}
	for _, t := range r.Tests {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", t.ID, t.Answer, t.Title.Ja, t.Because.Ja)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n合格 %d　不合格 %d　試験の故障 %d　対象外 %d　未実施 %d\n%s\n%s\n", r.Count(check.Pass), r.Count(check.Fail), r.Count(check.Error), r.Count(check.NotApplicable), r.Count(check.NotRun), r.Leaves.Ja, r.Claim.Ja)
	if err := errors.Join(write(c.JSON, r.WriteJSON), write(c.Report, r.WriteHTML)); err != nil {
		return err
	}
	switch {
	case r.Count(check.Fail) > 0:
		return exitCode{exitFailed, "不合格の試験があります"}
	case r.Count(check.Error) > 0:
		return exitCode{exitBroken, "試験する側か回線の故障で、答えの出ない試験があります"}
	}
	return nil
}

// given reads what was handed in beside the terminal.
func (c *checkCommand) given(o *check.Options) error {
	if c.Evidence != "" {
		text, err := os.ReadFile(c.Evidence)
		if err != nil {
			return fmt.Errorf("read the evidence: %w", err)
		}
		if o.Evidence, err = check.ReadEvidence(text); err != nil {
			return err
		}
	}
	if c.Intake == "" {
		return nil
	}
	intake := &check.Intake{Base: strings.TrimSuffix(c.Intake, "/")}
	if c.Credential != "" {
		text, err := os.ReadFile(c.Credential)
		if err != nil {
			return fmt.Errorf("read the credential: %w", err)
		}
		intake.Credential = strings.TrimSpace(string(text))
	}
	o.Service = intake
	return nil
}

func (c *checkCommand) target(ctx context.Context) (check.Target, bool, error) {
	t := check.Target{Profile: c.Profile, Address: c.Address, Headquarters: c.HQ}
	if c.Certificates != "" {
		if c.Terminal == "" || c.Address == "" || c.HQ == "" {
			return t, false, errors.New("a simulated terminal needs its id, --address and --hq")
		}
		settings, err := headquarters.GatewayFiles(c.Certificates, c.Terminal)
		t.TLS = settings
		return t, false, err
	}
	if c.Terminal == "" || c.HQ == "" || c.Data == "" {
		return t, false, errors.New("the terminal's id, --hq and --data are required")
	}
	watched := false
	err := house{HQ: c.HQ, Data: c.Data, Keys: c.Keys, Postgres: c.Postgres, Reserve: c.Reserve}.open(ctx, func(h *app.House) error {
		d, err := h.Dial(ctx, c.Terminal)
		if t.Address == "" {
			t.Address = d.Address
		}
		t.TLS, watched = d.TLS, d.Watched
		return err
	})
	return t, watched, err
}

// write writes a file, when one was asked for. A result names persons of the
// house and addresses: it is for its owner alone.
func write(name string, what func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return errors.Join(what(f), f.Close())
}

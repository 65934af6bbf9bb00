package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/matoi119/matoi/internal/app"
)

type verifyCommand struct {
	Dir      string `arg:"" type:"existingdir" help:"Data directory of a headquarters or of a terminal."`
	HQ       string `name:"hq" env:"MATOI_HQ" help:"Id of the headquarters, where the database holds several." placeholder:"ID"`
	Postgres string `env:"MATOI_POSTGRES" help:"PostgreSQL in which the store lies." placeholder:"DSN"`
}

var errFindings = errors.New("記録と一致しないものがあります。上の一覧を見てください")

// Run verifies and prints what it found.
func (c *verifyCommand) Run(ctx context.Context, out io.Writer, log *slog.Logger) error {
	start := time.Now()
	check := app.VerifyHouse
	if _, err := os.Stat(filepath.Join(c.Dir, "spool")); err == nil {
		check = func(ctx context.Context, h app.HouseConfig) (app.Verified, error) {
			return app.VerifyTerminal(ctx, app.TerminalConfig{Dir: h.Dir, Log: log})
		}
	}
	r, err := check(ctx, app.HouseConfig{HQ: c.HQ, Dir: c.Dir, Postgres: c.Postgres})
	if err != nil {
		return err
	}
	for _, f := range r.Findings {
		fmt.Fprintln(out, f)
	}
	if r.More > 0 {
		fmt.Fprintf(out, "… %d more\n", r.More)
	}
	fmt.Fprintf(out, "%d entries, %d rows, %d changes, root %s, %s\n", r.Entries, r.Rows, r.Changes, r.Root, time.Since(start).Round(time.Millisecond))
	if !r.OK() {
		return errFindings
	}
	return nil
}

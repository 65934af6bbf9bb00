package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/matoi119/matoi/internal/app"
)

type consoleCommand struct {
	Add    consoleAdd    `cmd:"" help:"Print a code with which one browser becomes this console."`
	List   consoleList   `cmd:"" help:"List the consoles."`
	Revoke consoleRevoke `cmd:"" help:"Take a console out of service at once."`
}

type consoleAdd struct {
	house
	Label      string `arg:"" help:"Name of the console, for example 指令台1."`
	ID         string `help:"Id of an existing console whose browser is to be replaced." placeholder:"ID"`
	Supervisor bool   `help:"This is the 指揮台."`
}

// Run prints the code.
func (c *consoleAdd) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		code, err := h.IssueConsole(ctx, c.ID, c.Label, c.Supervisor)
		if err == nil {
			fmt.Fprintf(out, "登録コード: %s\n15分以内に、指令台のブラウザーで一度だけ使えます。\n", code)
		}
		return err
	})
}

type consoleList struct{ house }

// Run prints the consoles.
func (c *consoleList) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		list, err := h.Store.Consoles().Consoles(ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, v := range list {
			fmt.Fprintf(t, "%s\t%s\t%s\n", v.ID, v.Name, map[bool]string{true: "revoked", false: "in service"}[v.Revoked()])
		}
		return t.Flush()
	})
}

type consoleRevoke struct {
	house
	ID string `arg:"" help:"Id of the console."`
}

// Run revokes the console.
func (c *consoleRevoke) Run(ctx context.Context) error {
	return c.open(ctx, func(h *app.House) error { return h.RevokeConsole(ctx, c.ID) })
}

type personCommand struct {
	Add      personAdd      `cmd:"" help:"Register a person; the password is read from standard input."`
	List     personList     `cmd:"" help:"List the persons."`
	Password personPassword `cmd:"" help:"Set a new password, read from standard input; the person is logged out everywhere."`
	Suspend  personSuspend  `cmd:"" help:"Suspend a person and log the person out everywhere."`
	Logout   personLogout   `cmd:"" name:"log-out" help:"End every session of a person, in force on the next request."`
	Resume   personResume   `cmd:"" help:"Let a suspended person log in again."`
}

type personAdd struct {
	house
	Account string   `arg:"" help:"Account, for example sato."`
	Person  string   `arg:"" help:"Name as colleagues read it."`
	Roles   []string `default:"dispatcher" help:"dispatcher, supervisor, maintainer, auditor."`
}

// Run registers the person.
func (c *personAdd) Run(ctx context.Context, out io.Writer) error {
	password, err := readPassword(os.Stdin)
	if err != nil {
		return err
	}
	return c.open(ctx, func(h *app.House) error {
		id, err := h.AddPerson(ctx, c.Account, c.Person, password, c.Roles)
		if err == nil {
			fmt.Fprintln(out, id)
		}
		return err
	})
}

// readPassword takes the first line: a password on the command line would be
// in the shell's history and in the list of processes.
func readPassword(r io.Reader) (string, error) {
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

type personList struct{ house }

// Run prints the persons.
func (c *personList) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		list, err := h.Store.Staff().People(ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, p := range list {
			fmt.Fprintf(t, "%s\t%s\t%s\t%v\t%s\n", p.ID, p.Account, p.Name, p.Roles, p.State)
		}
		return t.Flush()
	})
}

type personPassword struct {
	house
	Account string `arg:""`
}

// Run sets the password.
func (c *personPassword) Run(ctx context.Context) error {
	password, err := readPassword(os.Stdin)
	if err != nil {
		return err
	}
	return c.open(ctx, func(h *app.House) error { return h.SetPassword(ctx, c.Account, password) })
}

type personSuspend struct {
	house
	Account string `arg:""`
}

// Run suspends the person.
func (c *personSuspend) Run(ctx context.Context) error {
	return c.open(ctx, func(h *app.House) error { return h.Suspend(ctx, c.Account, true) })
}

type personResume struct {
	house
	Account string `arg:""`
}

// Run lets the person in again.
func (c *personResume) Run(ctx context.Context) error {
	return c.open(ctx, func(h *app.House) error { return h.Suspend(ctx, c.Account, false) })
}

type personLogout struct {
	house
	Account string `arg:""`
}

// Run ends the person's sessions.
func (c *personLogout) Run(ctx context.Context) error {
	return c.open(ctx, func(h *app.House) error { return h.LogOut(ctx, c.Account) })
}

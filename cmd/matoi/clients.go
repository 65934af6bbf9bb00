package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/matoi119/matoi/internal/app"
)

type clientCommand struct {
	Add        clientAdd        `cmd:"" help:"Register a client and print its token, once."`
	List       clientList       `cmd:"" help:"List the clients, their credentials and their consoles."`
	Credential clientCredential `cmd:"" help:"Print one more token for a client, once; revoke the old one when the new one is in use."`
	Console    clientConsole    `cmd:"" help:"Enrol a console that a client speaks for."`
	Revoke     clientRevoke     `cmd:"" help:"Take a client, or one of its credentials, out of service at once."`
}

type clientAdd struct {
	house
	Label       string   `arg:"" help:"Name of the client, for example 'command system'."`
	Owner       string   `required:"" help:"Who answers for it, with a telephone number."`
	Scopes      []string `required:"" help:"read, voice, webhook, eido, console."`
	Days        int      `default:"397" help:"How long it is valid."`
	Certificate string   `type:"existingfile" help:"Certificate (PEM) that must come with the token; needs --client-listen at the server." placeholder:"FILE"`
}

// Run registers the client.
func (c *clientAdd) Run(ctx context.Context, out io.Writer) error {
	pin, err := fingerprint(c.Certificate)
	if err != nil {
		return err
	}
	return c.open(ctx, func(h *app.House) error {
		id, token, err := h.AddClient(ctx, c.Label, c.Owner, c.Scopes, pin, days(c.Days))
		if err == nil {
			fmt.Fprintf(out, "%s\n%s\nこのトークンは一度しか表示されません。\n", id, token)
		}
		return err
	})
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// fingerprint is the SHA-256 of the first certificate of a PEM file.
func fingerprint(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the certificate: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return "", fmt.Errorf("read the certificate: %s holds none in PEM", file)
	}
	sum := sha256.Sum256(block.Bytes)
	return hex.EncodeToString(sum[:]), nil
}

type clientList struct{ house }

// Run prints the clients.
func (c *clientList) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		list, err := h.Store.Clients().Clients(ctx)
		if err != nil {
			return err
		}
		for _, v := range list {
			fmt.Fprintf(t, "%s\t%s\t%v\t%s\t%s\n", v.ID, v.Name, v.Scopes, v.Owner, until(v.RevokedAt, v.ExpiresAt))
			keys, err := h.Store.Clients().Credentials(ctx, v.ID)
			if err != nil {
				return err
			}
			for _, k := range keys {
				used := "never used"
				if !k.UsedAt.IsZero() {
					used = "used " + k.UsedAt.Format(time.RFC3339)
				}
				fmt.Fprintf(t, "  credential\t%s\t%s\t%s\t\n", k.Name, used, until(k.RevokedAt, k.ExpiresAt))
			}
			consoles, err := h.Store.ClientConsoles().ConsolesOf(ctx, v.ID)
			if err != nil {
				return err
			}
			if len(consoles) > 0 {
				fmt.Fprintf(t, "  consoles\t%s\t\t\t\n", strings.Join(consoles, " "))
			}
		}
		return t.Flush()
	})
}

func until(revoked, expires time.Time) string {
	if !revoked.IsZero() {
		return "revoked " + revoked.Format(time.RFC3339)
	}
	return "until " + expires.Format(time.RFC3339)
}

type clientCredential struct {
	house
	ID          string `arg:"" help:"Id of the client."`
	Label       string `arg:"" help:"Name of the credential, for example the year."`
	Days        int    `default:"397" help:"How long it is valid."`
	Certificate string `type:"existingfile" help:"Certificate (PEM) that must come with the token." placeholder:"FILE"`
}

// Run prints the token.
func (c *clientCredential) Run(ctx context.Context, out io.Writer) error {
	pin, err := fingerprint(c.Certificate)
	if err != nil {
		return err
	}
	return c.open(ctx, func(h *app.House) error {
		token, err := h.IssueCredential(ctx, c.ID, c.Label, pin, days(c.Days))
		if err == nil {
			fmt.Fprintf(out, "%s\nこのトークンは一度しか表示されません。\n", token)
		}
		return err
	})
}

type clientConsole struct {
	house
	ID         string `arg:"" help:"Id of the client."`
	Label      string `arg:"" help:"Name of the console, as the room calls that position."`
	Supervisor bool   `help:"This is the 指揮台."`
}

// Run enrols the console.
func (c *clientConsole) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		id, err := h.AddClientConsole(ctx, c.ID, c.Label, c.Supervisor)
		if err == nil {
			fmt.Fprintln(out, id)
		}
		return err
	})
}

type clientRevoke struct {
	house
	ID         string `arg:"" help:"Id of the client."`
	Credential string `help:"Revoke this credential alone." placeholder:"NAME"`
}

// Run revokes.
func (c *clientRevoke) Run(ctx context.Context) error {
	return c.open(ctx, func(h *app.House) error { return h.RevokeClient(ctx, c.ID, c.Credential) })
}

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/matoi119/matoi/internal/app"
)

type partnerCommand struct {
	Add       partnerAdd       `cmd:"" help:"Register another headquarters, or change what is known of it."`
	List      partnerList      `cmd:"" help:"List the headquarters to which reports can be handed over."`
	Revoke    partnerRevoke    `cmd:"" help:"End every exchange with another headquarters at once."`
	Authority partnerAuthority `cmd:"" help:"Print the certificate of our own authority, for the other headquarters."`
}

type partnerAdd struct {
	house
	Partner   string `arg:"" help:"Id of the other headquarters, as its own Matoi is called."`
	Title     string `arg:"" help:"Its name, for example 隣市消防本部."`
	Code      string `help:"Its six-digit local government code; the id when not given." placeholder:"CODE"`
	Phone     string `help:"Its telephone number." placeholder:"NUMBER"`
	Address   string `help:"host:port of its exchange; without it reports go by telephone only." placeholder:"ADDRESS"`
	Authority string `type:"existingfile" help:"File with the certificate that its 'matoi partner authority' printed." placeholder:"FILE"`
}

// Run registers the partner.
func (c *partnerAdd) Run(ctx context.Context, out io.Writer) error {
	p := app.Partner{ID: c.Partner, Name: c.Title, Code: c.Code, Phone: c.Phone, Address: c.Address}
	if p.Code == "" {
		p.Code = p.ID
	}
	if c.Authority != "" {
		text, err := os.ReadFile(c.Authority)
		if err != nil {
			return fmt.Errorf("read the authority: %w", err)
		}
		p.Authority = string(text)
	}
	return c.open(ctx, func(h *app.House) error {
		err := h.RegisterPartner(ctx, p)
		if err == nil {
			fmt.Fprintf(out, "登録しました: %s %s\n", p.ID, p.Name)
		}
		return err
	})
}

type partnerList struct{ house }

// Run prints the partners.
func (c *partnerList) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		list, err := h.Store.Transfers().Partners(ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, p := range list {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", p.ID, p.Name, p.Phone, p.Address, map[bool]string{true: "revoked", false: "in service"}[p.Revoked()])
		}
		return t.Flush()
	})
}

type partnerRevoke struct {
	house
	Partner string `arg:"" help:"Id of the other headquarters."`
}

// Run ends the exchange.
func (c *partnerRevoke) Run(ctx context.Context) error {
	return c.open(ctx, func(h *app.House) error { return h.RevokePartner(ctx, c.Partner) })
}

type partnerAuthority struct{ house }

// Run prints the certificate; it is no secret, but it must come from you.
func (c *partnerAuthority) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		_, err := out.Write(h.CA.PEM())
		return err
	})
}

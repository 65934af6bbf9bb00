package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/matoi119/matoi/probe"
)

type probeCommand struct {
	Address   string `arg:"" help:"host:port of the endpoint." placeholder:"HOST:PORT"`
	Name      string `help:"Name that the certificate must speak for; the host when not given."`
	Authority string `type:"existingfile" help:"Authorities that the chain must lead to (PEM); the system's when not given." placeholder:"FILE"`
	List      string `type:"existingfile" help:"Another list to judge by than the embedded one (JSON)." placeholder:"FILE"`
	Mutual    bool   `help:"It is a fault when somebody without a certificate of that authority is let in."`
	JSON      bool   `name:"json" help:"Print the report as JSON."`
}

var errProbe = errors.New("一覧に照らして使えないもの、または成り立たない証明書が見つかりました")

// Run looks at the endpoint and prints what it found; faults end with code 1.
func (c *probeCommand) Run(ctx context.Context, out io.Writer) error {
	e := probe.Endpoint{Address: c.Address, Name: c.Name}
	if c.Authority != "" {
		text, err := os.ReadFile(c.Authority)
		if err != nil {
			return fmt.Errorf("read the authority: %w", err)
		}
		e.Roots = x509.NewCertPool()
		if !e.Roots.AppendCertsFromPEM(text) {
			return errors.New("read the authority: the file holds no certificate")
		}
	}
	if c.List != "" {
		text, err := os.ReadFile(c.List)
		if err != nil {
			return fmt.Errorf("read the list: %w", err)
		}
		if e.List, err = probe.ReadList(text); err != nil {
			return err
		}
	}
	r, err := probe.TLS(ctx, e)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", " ")
		err = enc.Encode(r)
	} else {
		err = r.Text(out)
	}
	faults := append(r.Protocol(r.At), r.Certificate(r.At)...)
	if c.Mutual {
		faults = append(faults, r.Admits()...)
	}
	if err == nil && len(faults) > 0 {
		for _, f := range faults {
			if !c.JSON {
				fmt.Fprintln(out, "✗ "+f.What)
			}
		}
		err = errProbe
	}
	return err
}

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"time"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/load"
	"github.com/matoi119/matoi/stdif"
)

// simulateLoad sends reports and listens as consoles.
type simulateLoad struct {
	Service  []string      `required:"" help:"Intake and credential file of a service; may be given several times." placeholder:"URL=FILE"`
	Server   string        `help:"The server, when consoles listen." placeholder:"URL"`
	CA       string        `name:"ca" type:"existingfile" help:"Authority of the server's certificate (PEM)." placeholder:"FILE"`
	Console  []string      `help:"One-time code of a console; may be given several times." placeholder:"CODE"`
	Account  string        `help:"Account of the person at all consoles."`
	Password string        `type:"existingfile" help:"File with that person's password." placeholder:"FILE"`
	Rate     float64       `default:"50" help:"Reports a second, all services together; 0 as fast as they are answered."`
	Workers  int           `default:"32" help:"Reports on their way at once, per service."`
	Warmup   time.Duration `default:"5s" help:"Sent and counted, not measured."`
	Measure  time.Duration `default:"30s" help:"How long to measure."`
	Drain    time.Duration `default:"10s" help:"How long to wait for the last ones to be stored and shown."`
	Paint    bool          `default:"true" negatable:"" help:"Consoles confirm what they show."`
	JSON     bool          `name:"json" help:"Print the result as JSON."`
}

// Run measures once. All reports carry the mode test.
func (c *simulateLoad) Run(ctx context.Context, out io.Writer) error {
	config := load.Config{Rate: c.Rate, Workers: c.Workers, Warmup: c.Warmup, Measure: c.Measure, Drain: c.Drain, Paint: c.Paint, Mode: stdif.Test}
	for _, s := range c.Service {
		url, file, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("--service is URL=FILE")
		}
		credential, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the credential: %w", err)
		}
		pool := &http.Transport{MaxIdleConnsPerHost: c.Workers + 1}
		defer pool.CloseIdleConnections()
		config.Services = append(config.Services, &intake.Client{Base: url, Credential: strings.TrimSpace(string(credential)), HTTP: &http.Client{Transport: pool}})
	}
	if err := c.consoles(ctx, &config); err != nil {
		return err
	}
	result, err := load.Run(ctx, config)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(result)
	}
	return result.WriteText(out)
}

func (c *simulateLoad) consoles(ctx context.Context, config *load.Config) error {
	if len(c.Console) == 0 {
		return nil
	}
	password, err := os.ReadFile(c.Password)
	if err != nil {
		return fmt.Errorf("read the password: %w", err)
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS13}
	if c.CA != "" {
		text, err := os.ReadFile(c.CA)
		if err != nil {
			return fmt.Errorf("read the authority: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(text) {
			return errors.New("the authority's file holds no certificate")
		}
	}
	for _, code := range c.Console {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return fmt.Errorf("make a cookie jar: %w", err)
		}
		client := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: settings.Clone(), ForceAttemptHTTP2: true}}
		console, err := load.Enrol(ctx, c.Server, client, code, c.Account, strings.TrimSpace(string(password)))
		if err != nil {
			return err
		}
		config.Consoles = append(config.Consoles, console)
	}
	return nil
}

package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/sim/fauxterminal"
	"github.com/matoi119/matoi/sim/headquarters"
	"github.com/matoi119/matoi/stdif"
)

// simulateTerminal listens as a terminal of a simulated headquarters.
type simulateTerminal struct {
	Listen       string        `default:"127.0.0.1:0" help:"Address of the headquarters' face."`
	ID           string        `name:"id" default:"t-faux" help:"The terminal's id."`
	Headquarters string        `default:"hq-sim" help:"Id of the headquarters that may dial."`
	Certificates string        `required:"" type:"path" help:"Folder of throw-away certificates; made when it is empty." placeholder:"DIR"`
	Every        time.Duration `default:"5s" help:"How often a test report is spooled; 0 never."`
	Broken       string        `help:"One fault of the terminal, for trying matoi check: ${defects}." placeholder:"NAME"`
	Intake       string        `help:"Loopback address on which test reports are taken." placeholder:"ADDRESS"`
	Manners      string        `help:"How it misbehaves, as JSON, for example {\"TornEvery\":3,\"Skew\":600000000000}." placeholder:"JSON"`
}

// Run listens until ctx ends.
func (c *simulateTerminal) Run(ctx context.Context, out io.Writer) error {
	var manners fauxterminal.Manners
	if c.Manners != "" {
		if err := json.Unmarshal([]byte(c.Manners), &manners); err != nil {
			return fmt.Errorf("read manners: %w", err)
		}
	}
	settings, err := c.settings(&manners)
	if err != nil {
		return err
	}
	ln, err := tls.Listen("tcp", c.Listen, settings)
	if err != nil {
		return fmt.Errorf("listen as a terminal: %w", err)
	}
	fmt.Fprintf(out, "terminal %s at %s\n", c.ID, ln.Addr())
	term := fauxterminal.New(fauxterminal.Config{ID: c.ID, Manners: manners})
	group, ctx := errgroup.WithContext(ctx)
	srv := &http.Server{Handler: term, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	group.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return srv.Close()
	})
	group.Go(func() error { return c.spool(ctx, out, term) })
	group.Go(func() error { return c.take(ctx, out, term) })
	return group.Wait()
}

// settings makes certificates where there are none, and the fault that was asked
// for.
func (c *simulateTerminal) settings(manners *fauxterminal.Manners) (*tls.Config, error) {
	var d fauxterminal.Defect
	if c.Broken != "" {
		all := fauxterminal.Defects()
		i := slices.IndexFunc(all, func(d fauxterminal.Defect) bool { return d.Name == c.Broken })
		if i < 0 {
			return nil, fmt.Errorf("no fault is called %q", c.Broken)
		}
		d = all[i]
		*manners = d.Manners
	}
	valid := 24 * time.Hour
	if d.Expired {
		valid = -time.Minute
	}
	if err := headquarters.WriteFilesUntil(c.Certificates, c.Headquarters, c.ID, time.Now().Add(valid)); err != nil {
		return nil, err
	}
	settings, err := headquarters.TerminalFiles(c.Certificates, c.Headquarters)
	if err != nil {
		return nil, err
	}
	settings.NextProtos = []string{"http/1.1"} // RFC 6455 upgrades HTTP/1.1
	if d.TLS != nil {
		d.TLS(settings)
	}
	return settings, nil
}

// take serves the services' face until ctx ends.
func (c *simulateTerminal) take(ctx context.Context, out io.Writer, term *fauxterminal.Terminal) error {
	if c.Intake == "" {
		return nil
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Intake)
	if err != nil {
		return fmt.Errorf("listen for services: %w", err)
	}
	if at, ok := ln.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return errors.Join(errors.New("services are taken on loopback only"), ln.Close())
	}
	fmt.Fprintf(out, "intake http://%s\n", ln.Addr())
	srv := &http.Server{Handler: term.Intake(), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() }) // it ends with the terminal
	defer stop()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (c *simulateTerminal) spool(ctx context.Context, out io.Writer, term *fauxterminal.Terminal) error {
	if c.Every <= 0 {
		return nil
	}
	tick := time.NewTicker(c.Every)
	defer tick.Stop()
	for n := 1; ; n++ {
		r := &stdif.Report{ID: fmt.Sprintf("F-%x-%d", time.Now().UnixMilli(), n), Revision: 1, EventTime: time.Now(),
			Kind: stdif.IncidentType{Code: stdif.KindOther, Label: "試験"}, Text: "模擬端末の試験通報です。"}
		seq, err := term.Put("net119.example", stdif.Test, stdif.Inbound{Report: r})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "spooled %d, acknowledged %d\n", seq, term.Heard().Have.Count())
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// simulateHeadquarters dials a terminal. A real one is enrolled with its code
// at the first time; a simulated one shares a folder of certificates.
type simulateHeadquarters struct {
	Address      string        `required:"" help:"The terminal's address." placeholder:"HOST:PORT"`
	Code         string        `help:"Enrol a real terminal with the code that it shows; kept in --dir." placeholder:"CODE"`
	Dir          string        `type:"path" help:"Where the trial headquarters keeps its authority and what it enrolled." placeholder:"DIR"`
	Certificates string        `type:"path" help:"Folder of throw-away certificates that a simulated terminal made." placeholder:"DIR"`
	Terminal     string        `default:"t-faux" help:"With --certificates: the terminal's id."`
	Headquarters string        `default:"hq-sim" help:"Id of this headquarters."`
	Story        string        `default:"headquarters" help:"How to answer: a file, or one of ${stories}." placeholder:"STORY"`
	Stall        bool          `help:"Acknowledge nothing."`
	Lie          bool          `help:"Acknowledge what never came."`
	Forget       bool          `help:"Know nothing of earlier connections."`
	Refuse       int           `help:"Refuse every report with this code of the profile." placeholder:"CODE"`
	Ask          time.Duration `help:"Request data this often." placeholder:"TIME"`
}

// Run dials until ctx ends.
func (c *simulateHeadquarters) Run(ctx context.Context, out io.Writer) error {
	settings, err := c.settings(ctx, out)
	if err != nil {
		return err
	}
	s, err := readStory(c.Story)
	if err != nil {
		return err
	}
	config := headquarters.Config{
		ID: c.Headquarters, Address: c.Address, TLS: settings,
		Manners: headquarters.Manners{Stall: c.Stall, Lie: c.Lie, Forget: c.Forget, Refuse: stdif.Code(c.Refuse)},
		Tell:    func(e headquarters.Event) { fmt.Fprintf(out, "%s %s\n", e.At.Format("15:04:05.000"), e.Text) },
	}
	if s != nil {
		config.Story = s.Scenario
	}
	hq := headquarters.New(config)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return ended(hq.Run(ctx)) })
	group.Go(func() error { return c.ask(ctx, out, hq) })
	return group.Wait()
}

func (c *simulateHeadquarters) settings(ctx context.Context, out io.Writer) (*tls.Config, error) {
	switch {
	case c.Certificates != "":
		return headquarters.GatewayFiles(c.Certificates, c.Terminal)
	case c.Dir == "":
		return nil, errors.New("give --dir for a real terminal, or --certificates for a simulated one")
	}
	settings, terminal, err := app.Trial(ctx, app.TrialOf{Dir: c.Dir, Headquarters: c.Headquarters, Name: "模擬消防本部", Address: c.Address, Code: c.Code})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "terminal %s belongs to the trial headquarters %s\n", terminal, c.Headquarters)
	return settings, nil
}

func (c *simulateHeadquarters) ask(ctx context.Context, out io.Writer, hq *headquarters.Headquarters) error {
	if c.Ask <= 0 {
		return nil
	}
	tick := time.NewTicker(c.Ask)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		answers, err := hq.Ask(ctx, stdif.DataRequest{})
		fmt.Fprintf(out, "data request: %d answers, %v\n", len(answers), err)
	}
}

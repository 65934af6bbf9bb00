package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/matoi119/matoi/internal/agent"
	"github.com/matoi119/matoi/internal/agent/guardian"
	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/pki"
	"github.com/matoi119/matoi/internal/spool"
)

// TerminalConfig is a dedicated terminal: a spool and what it stands on.
type TerminalConfig struct {
	Dir     string // spool, keys and membership
	ID      string // proposed at enrolment: a DNS label such as t-01
	Name    string // shown on its page
	Intake  string // loopback address of the services' face
	Face    string // address of the headquarters' face
	Version string
	Reserve int64
	Log     *slog.Logger

	// Screen is what headquarters may see and operate; nil: nothing. ParseScreen
	// makes one.
	Screen *guardian.Config

	grace time.Duration // 0 = the agent's: how long the link may be down before its own page rings
}

func (c TerminalConfig) spoolDir() string  { return filepath.Join(c.Dir, "spool") }
func (c TerminalConfig) memberDir() string { return filepath.Join(c.Dir, "member") }

// Terminal is a running terminal.
type Terminal struct{ *agent.Agent }

// StartTerminal opens the spool and both faces. A terminal that was never
// enrolled takes reports all the same and shows them on its own page.
func StartTerminal(ctx context.Context, c TerminalConfig) (*Terminal, error) {
	member, err := c.member()
	if err != nil {
		return nil, err
	}
	if c.Screen != nil {
		screen := *c.Screen
		screen.Source.Dir = c.Dir
		c.Screen = &screen
		if err := os.MkdirAll(c.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("terminal: %w", err)
		}
	}
	a, err := agent.Start(ctx, agent.Config{Dir: c.spoolDir(), Intake: c.Intake, Face: c.Face, Name: c.Name, Version: c.Version, Log: c.Log,
		Member: member, Enrolled: c.member, Reserve: c.Reserve, Screen: c.Screen, LinkGrace: c.grace})
	if err != nil {
		return nil, err
	}
	return &Terminal{a}, nil
}

// member reads who the terminal belongs to; nil before enrolment.
func (c TerminalConfig) member() (*agent.Member, error) {
	m, err := pki.LoadMembership(c.memberDir())
	if fault.Of(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	holder := pki.NewHolder(c.memberDir(), m)
	return &agent.Member{TerminalID: m.TerminalID, Headquarters: m.Headquarters, HeadquartersName: m.HeadquartersName,
		TLS: pki.TerminalTLS(holder.Membership), Renewal: holder, RenewalPath: pki.PathRenewal}, nil
}

// EnrolHere shows a code and waits on the headquarters' face until a server has
// used it, the code is dead, or ctx ends.
func EnrolHere(ctx context.Context, c TerminalConfig, show func(code string, until time.Time)) error {
	proposal := pki.Proposal{TerminalID: c.ID, Name: c.Name}
	services, err := c.services(ctx)
	if err != nil {
		return err
	}
	for _, s := range services {
		proposal.Services = append(proposal.Services, pki.ProposedService{ID: s.ID, Name: s.Name, OutputOnly: s.OutputOnly})
	}
	if err := os.MkdirAll(c.memberDir(), 0o700); err != nil {
		return fmt.Errorf("membership: %w", err)
	}
	e, err := pki.NewEnrolment(c.memberDir(), proposal, time.Now)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Face)
	if err != nil {
		return fmt.Errorf("open the headquarters' face: %w", err)
	}
	show(e.Code(), e.Expires())
	_, err = e.Serve(ctx, l)
	return err
}

func (c TerminalConfig) services(ctx context.Context) (out []spool.Service, err error) {
	err = c.WithSpool(ctx, func(s *spool.Spool) error {
		out, err = s.Services(ctx)
		return err
	})
	return out, err
}

// WithSpool opens the spool for a command and closes it again.
func (c TerminalConfig) WithSpool(ctx context.Context, use func(*spool.Spool) error) error {
	s, err := spool.Open(ctx, spool.Options{Dir: c.spoolDir(), Reserve: c.Reserve, Log: c.Log})
	if err != nil {
		return err
	}
	return errors.Join(use(s), s.Close())
}

// AddService registers a service at the terminal and returns its credential,
// which is shown this once.
func AddService(ctx context.Context, c TerminalConfig, id, name string, outputOnly bool, origins []string) (credential string, err error) {
	err = c.WithSpool(ctx, func(s *spool.Spool) error {
		credential, err = s.AddService(ctx, spool.Service{ID: id, Name: name, OutputOnly: outputOnly, Origins: origins})
		return err
	})
	return credential, err
}

// RemoveService takes a service's credential away.
func RemoveService(ctx context.Context, c TerminalConfig, id string) error {
	return c.WithSpool(ctx, func(s *spool.Spool) error { return s.RemoveService(ctx, id) })
}

// Services lists who shares the terminal.
func Services(ctx context.Context, c TerminalConfig) ([]spool.Service, error) { return c.services(ctx) }

// TerminalStatus is what a terminal's directory says of itself, running or not.
type TerminalStatus struct {
	ID               string // "" before enrolment
	Headquarters     string
	HeadquartersName string
	NotAfter         time.Time // of the certificate
	Spool            string
	Through, Pending int64 // newest frame; how many the headquarters does not have
	Services         []spool.Service
}

// StatusHere reads the status of a terminal. The link itself is seen at the
// terminal's page and at the consoles.
func StatusHere(ctx context.Context, c TerminalConfig) (out TerminalStatus, err error) {
	if _, err := os.Stat(c.spoolDir()); errors.Is(err, fs.ErrNotExist) {
		return out, fault.New(fault.NotFound, "terminal.unknown")
	}
	switch m, err := pki.LoadMembership(c.memberDir()); {
	case err == nil:
		out.ID, out.Headquarters, out.HeadquartersName, out.NotAfter = m.TerminalID, m.Headquarters, m.HeadquartersName, m.NotAfter()
	case fault.Of(err) != fault.NotFound:
		return out, err
	}
	err = c.WithSpool(ctx, func(s *spool.Spool) error {
		out.Spool, out.Through, out.Pending = s.ID(), s.Through(), s.Pending()
		out.Services, err = s.Services(ctx)
		return err
	})
	return out, err
}

// VerifyTerminal compares a terminal's spool with its log.
func VerifyTerminal(ctx context.Context, c TerminalConfig) (audit.Result, error) {
	if _, err := os.Stat(c.spoolDir()); errors.Is(err, fs.ErrNotExist) {
		return audit.Result{}, fault.New(fault.NotFound, "terminal.unknown")
	}
	return spool.Verify(ctx, c.spoolDir())
}

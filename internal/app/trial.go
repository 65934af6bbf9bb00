package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/matoi119/matoi/internal/pki"
)

// TrialOf is a headquarters of one terminal, for a provider's engineer. It has
// an authority of its own and no store.
type TrialOf struct {
	Dir          string // keeps the authority and what was enrolled
	Headquarters string
	Name         string
	Address      string // of the terminal
	Code         string // enrols; empty when the terminal was enrolled before
}

// trialTerminal is what a trial headquarters remembers.
type trialTerminal struct {
	TerminalID string `json:"terminalId"`
	Serial     string `json:"serial"`
}

// Trial enrols a terminal with a trial headquarters, or finds the one enrolled
// before, and returns the settings to dial it with.
func Trial(ctx context.Context, t TrialOf) (*tls.Config, string, error) {
	if err := os.MkdirAll(t.Dir, 0o700); err != nil {
		return nil, "", fmt.Errorf("make the trial's directory: %w", err)
	}
	ca, err := pki.OpenCA(t.Dir, t.Headquarters, time.Now())
	if err != nil {
		return nil, "", err
	}
	known, err := t.terminal(ctx, ca)
	if err != nil {
		return nil, "", err
	}
	refused := func(serial string) bool { return serial != known.Serial }
	return pki.GatewayTLS(ca, ca.Gateway(time.Now), known.TerminalID, refused), known.TerminalID, nil
}

func (t TrialOf) terminal(ctx context.Context, ca *pki.CA) (known trialTerminal, err error) {
	file := filepath.Join(t.Dir, "terminal.json")
	if t.Code == "" {
		b, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			return known, errors.New("no terminal was enrolled with this trial headquarters; give the code that the terminal shows")
		}
		if err != nil {
			return known, fmt.Errorf("read the trial's terminal: %w", err)
		}
		return known, json.Unmarshal(b, &known)
	}
	_, err = pki.Enrol(ctx, ca, pki.Enrolling{
		Address: t.Address, Code: t.Code, HQName: t.Name, Now: time.Now,
		Admit: func(_ context.Context, p pki.Proposal) (string, error) { return p.TerminalID, nil },
		Commit: func(_ context.Context, e pki.Enrolled) error {
			known = trialTerminal{TerminalID: e.TerminalID, Serial: e.Serial}
			b, err := json.Marshal(known)
			if err != nil {
				return err
			}
			return os.WriteFile(file, b, 0o600)
		},
	})
	return known, err
}

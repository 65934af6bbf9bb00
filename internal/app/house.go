// Package app puts the program together: it is the only place that knows every
// door. A headquarters' server, the tools of its command line and the demo are
// values that start, answer and close; main only parses.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/pki"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
)

// HouseConfig says which headquarters this is and where its data lies.
type HouseConfig struct {
	HQ       string // id: the six-digit local government code, or the headquarters' own
	Name     string
	Dir      string // data directory: store.db, reserve
	Keys     string // keys and authority; "" = Dir/keys. Keep it on another medium than backups of Dir
	Postgres string // connection string; "" = SQLite in Dir
	Reserve  int64  // bytes held back for a full disk
	Now      func() time.Time
}

func (c HouseConfig) keys() string {
	if c.Keys != "" {
		return c.Keys
	}
	return filepath.Join(c.Dir, "keys")
}

// House is the part of a headquarters that needs no network: store, stories,
// policy and authority. Commands use it beside a running server.
type House struct {
	c     HouseConfig
	Store *store.Store
	Keys  *seal.Keeper
	Acts  *act.Acts
	May   *authz.Decider
	CA    *pki.CA
}

// OpenHouse opens or makes a headquarters.
func OpenHouse(ctx context.Context, c HouseConfig) (_ *House, err error) {
	if c.HQ == "" || c.Dir == "" {
		return nil, fault.New(fault.Invalid, "config.headquarters-missing")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	keys, err := seal.OpenDir(c.keys())
	if err != nil {
		return nil, err
	}
	h := &House{c: c, Keys: keys}
	if h.May, err = authz.New(); err != nil {
		return nil, err
	}
	if h.CA, err = pki.OpenCA(filepath.Join(c.keys(), "authority"), c.HQ, c.Now()); err != nil {
		return nil, err
	}
	known, err := c.founded()
	if err != nil {
		return nil, err
	}
	h.Store, err = store.Open(ctx, store.Config{HQ: c.HQ, Dir: c.Dir, Postgres: c.Postgres, Reserve: c.Reserve, Now: c.Now, Known: known}, keys)
	if err != nil {
		return nil, err
	}
	if !known {
		if err := c.found(); err != nil {
			return nil, errors.Join(err, h.Store.Close())
		}
	}
	if h.Acts, err = act.New(h.Store, h.May); err != nil {
		return nil, errors.Join(err, h.Store.Close())
	}
	return h, nil
}

// foundedFile lies beside the keys once the store was made. Keys outlive a lost
// store: with it, a store that is gone or empty is refused in place of being made
// anew without a word. Who wants to begin anew removes it.
const foundedFile = "founded"

func (c HouseConfig) founded() (bool, error) {
	_, err := os.Stat(filepath.Join(c.keys(), foundedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("keys: %w", err)
	}
	return true, nil
}

func (c HouseConfig) found() error {
	text := c.HQ + " " + c.Now().UTC().Format(time.RFC3339) + "\n"
	if err := os.WriteFile(filepath.Join(c.keys(), foundedFile), []byte(text), 0o600); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}

// Close closes the store.
func (h *House) Close() error { return h.Store.Close() }

// EnrolTerminal makes the terminal that shows a code one of this headquarters.
func (h *House) EnrolTerminal(ctx context.Context, who act.Who, t terminal.Terminal, code string) (terminal.Terminal, error) {
	if err := terminal.CheckAddress(t.Address); err != nil {
		return t, err
	}
	_, err := pki.Enrol(ctx, h.CA, pki.Enrolling{Address: t.Address, Code: code, HQName: h.c.Name, Now: h.c.Now,
		Admit: func(_ context.Context, p pki.Proposal) (string, error) {
			t.ID = p.TerminalID
			if t.Name == "" {
				t.Name = p.Name
			}
			t.Services = services(p)
			t.Serials = []string{"pending"}
			return t.ID, t.Check()
		},
		Commit: func(ctx context.Context, e pki.Enrolled) error {
			t = t.Enrolled(e.Serial, t.Services, h.c.Now())
			return h.Acts.Enrol(ctx, who, t)
		}})
	if fault.As(err) == nil && err != nil {
		return t, fault.New(fault.Unavailable, "enrol.refused").Because(err)
	}
	return t, err
}

func services(p pki.Proposal) []terminal.Service {
	out := make([]terminal.Service, 0, len(p.Services))
	for _, s := range p.Services {
		out = append(out, terminal.Service{ID: s.ID, Name: s.Name, OutputOnly: s.OutputOnly})
	}
	return out
}

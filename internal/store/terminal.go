package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	terminalq "github.com/matoi119/matoi/internal/store/query/terminal"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
)

// terminals implements terminal.Store; tx is nil outside of acts.
type terminals struct {
	q  *terminalq.Queries
	hq string
	tx *writer.Tx
}

func (t terminals) Terminal(ctx context.Context, id string) (terminal.Terminal, error) {
	row, err := t.q.Terminal(ctx, terminalq.TerminalParams{HQ: t.hq, ID: id})
	return found(row, err, "terminal", toTerminal)
}

func (t terminals) Terminals(ctx context.Context) ([]terminal.Terminal, error) {
	rows, err := t.q.Terminals(ctx, t.hq)
	return list(rows, err, "terminal", toTerminal)
}

func (t terminals) SaveTerminal(ctx context.Context, v terminal.Terminal) error {
	services, err := json.Marshal(terminal.SortServices(v.Services))
	if err != nil {
		return fmt.Errorf("encode services: %w", err)
	}
	return put(ctx, t.tx, "terminal_register", terminalq.TerminalRegister{
		HQ: t.hq, ID: v.ID, Name: v.Name, Place: v.Place, Phone: v.Phone,
		Address: v.Address, Services: string(services), Serials: strings.Join(v.Serials, " "),
		EnrolledAt: micros(v.EnrolledAt), RevokedAt: micros(v.RevokedAt),
	})
}

func toTerminal(r terminalq.TerminalRegister) (terminal.Terminal, error) {
	v := terminal.Terminal{
		ID: r.ID, Name: r.Name, Place: r.Place, Phone: r.Phone, Address: r.Address,
		Serials: strings.Fields(r.Serials), EnrolledAt: instant(r.EnrolledAt), RevokedAt: instant(r.RevokedAt),
	}
	if err := json.Unmarshal([]byte(r.Services), &v.Services); err != nil {
		return v, fmt.Errorf("services of terminal %s: %w", r.ID, err)
	}
	return v, nil
}

func (t terminals) Link(ctx context.Context, id string) (terminal.Link, error) {
	row, err := t.q.Link(ctx, terminalq.LinkParams{HQ: t.hq, Terminal: id})
	if errors.Is(err, sql.ErrNoRows) {
		return terminal.Link{TerminalID: id}, nil
	}
	return found(row, err, "link", toLink)
}

func (t terminals) Links(ctx context.Context) ([]terminal.Link, error) {
	rows, err := t.q.Links(ctx, t.hq)
	return list(rows, err, "link", toLink)
}

func (t terminals) SaveLink(ctx context.Context, l terminal.Link) error {
	return put(ctx, t.tx, "terminal_link", terminalq.TerminalLink{
		HQ: t.hq, Terminal: l.TerminalID, State: string(l.State), Since: micros(l.Since),
		Tries: int64(l.Tries), Missing: l.Missing, PlanesDown: terminal.JoinPlanes(l.PlanesDown), Problem: int64(l.Problem),
	})
}

func toLink(r terminalq.TerminalLink) (terminal.Link, error) {
	return terminal.Link{
		TerminalID: r.Terminal, State: terminal.LinkState(r.State), Since: instant(r.Since), Tries: int(r.Tries),
		Missing: r.Missing, PlanesDown: terminal.SplitPlanes(r.PlanesDown), Problem: stdif.Code(r.Problem),
	}, nil
}

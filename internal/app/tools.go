package app

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/httpapi"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
)

// The tools of the command line act in its own name: whoever has the server's
// account may do what the policy gives to the command line, and it is recorded.

// IssueConsole makes a code for a console; an empty id makes a new console.
func (h *House) IssueConsole(ctx context.Context, id, name string, supervisor bool) (code string, err error) {
	if id == "" {
		id = uuid.NewString()
	}
	return h.Acts.IssueConsole(ctx, act.CommandLine(), id, name, supervisor)
}

// RevokeConsole takes a console out of service.
func (h *House) RevokeConsole(ctx context.Context, id string) error {
	return h.inForce(ctx, h.Acts.RevokeConsole(ctx, act.CommandLine(), id))
}

// RevokeTerminal takes a terminal out of service; a running server ends its link
// within seconds.
func (h *House) RevokeTerminal(ctx context.Context, id string) error {
	return h.Acts.RevokeTerminal(ctx, act.CommandLine(), id)
}

// AddPerson registers somebody and returns the id.
func (h *House) AddPerson(ctx context.Context, account, name, password string, roles []string) (string, error) {
	var given []staff.Role
	for _, r := range roles {
		given = append(given, staff.Role(r))
	}
	p, err := h.Acts.AddPerson(ctx, act.CommandLine(), account, name, password, given)
	return p.ID, err
}

// SetPassword gives somebody a new password.
func (h *House) SetPassword(ctx context.Context, account, password string) error {
	return h.change(ctx, account, nil, &password)
}

// Suspend bars somebody from logging in, or lets the person in again.
func (h *House) Suspend(ctx context.Context, account string, suspended bool) error {
	state := staff.Active
	if suspended {
		state = staff.Suspended
	}
	return h.change(ctx, account, &state, nil)
}

// LogOut ends every session of somebody.
func (h *House) LogOut(ctx context.Context, account string) error {
	account, _ = staff.NormalAccount(account)
	p, err := h.Store.Staff().PersonByAccount(ctx, account)
	if err != nil {
		return err
	}
	return h.inForce(ctx, h.Acts.RevokeSessions(ctx, act.CommandLine(), p.ID))
}

func (h *House) change(ctx context.Context, account string, state *staff.State, password *string) error {
	account, _ = staff.NormalAccount(account)
	p, err := h.Store.Staff().PersonByAccount(ctx, account)
	if err != nil {
		return err
	}
	return h.inForce(ctx, h.Acts.ChangePerson(ctx, act.CommandLine(), p.ID, state, nil, password))
}

// inForce waits until a running server has seen what was taken away: when the
// command ends, the next request is refused.
func (h *House) inForce(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	wait := time.NewTimer(httpapi.IdentityKept)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Enrol makes the terminal that shows a code one of this headquarters.
func (h *House) Enrol(ctx context.Context, address, code, name, place, phone string) (string, error) {
	t, err := h.EnrolTerminal(ctx, act.CommandLine(), terminal.Terminal{Name: name, Place: place, Phone: phone, Address: address}, code)
	return t.ID, err
}

// Verified is what a verification saw.
type Verified = audit.Result

// VerifyHouse compares a headquarters' store with its log. It needs no key,
// writes nothing and may run beside a server; c.HQ may be empty.
func VerifyHouse(ctx context.Context, c HouseConfig) (Verified, error) {
	return store.Verify(ctx, store.Config{HQ: c.HQ, Dir: c.Dir, Postgres: c.Postgres})
}

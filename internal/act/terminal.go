package act

import (
	"context"
	"slices"
	"strconv"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
)

func onTerminal(id string) authz.Resource { return authz.Resource{Type: "Terminal", ID: id} }

// Link records that a terminal's link looks different to consoles.
func (a *Acts) Link(ctx context.Context, who Who, l terminal.Link) error {
	return a.do(ctx, who, TerminalLink, onTerminal(l.TerminalID), func(ctx context.Context, u *store.Unit) (Told, error) {
		if err := u.Terminals().SaveLink(ctx, l); err != nil {
			return Told{}, err
		}
		u.Changed("terminal", l.TerminalID, string(l.Shown()))
		return Told{Subject: "terminal/" + l.TerminalID, Facts: map[string]string{
			"state":   string(l.Shown()),
			"missing": strconv.FormatInt(l.Missing, 10), "code": strconv.Itoa(int(l.Problem)),
		}}, nil
	})
}

// Enrol puts a terminal into the register (again): from now on only this
// certificate is admitted.
func (a *Acts) Enrol(ctx context.Context, who Who, t terminal.Terminal) error {
	if err := t.Check(); err != nil {
		return err
	}
	return a.do(ctx, who, TerminalEnrol, onTerminal(t.ID), func(ctx context.Context, u *store.Unit) (Told, error) {
		if err := u.Terminals().SaveTerminal(ctx, t); err != nil {
			return Told{}, err
		}
		u.Changed("terminal", t.ID, string(TerminalEnrol))
		return Told{Subject: "terminal/" + t.ID, Facts: map[string]string{"serial": t.Serials[len(t.Serials)-1]}}, nil
	})
}

// Services takes over what a terminal says about the services that share it.
func (a *Acts) Services(ctx context.Context, who Who, id string, services []terminal.Service) error {
	return a.changeTerminal(ctx, who, TerminalServices, id, func(t terminal.Terminal, _ *store.Unit) (terminal.Terminal, map[string]string) {
		sorted := terminal.SortServices(services)
		if slices.EqualFunc(sorted, t.Services, terminal.Service.Equal) {
			return t, nil
		}
		t.Services = sorted
		return t, map[string]string{"services": strconv.Itoa(len(sorted))}
	})
}

// Renew admits a renewed certificate beside the one that was shown.
func (a *Acts) Renew(ctx context.Context, who Who, id, shown, fresh string) error {
	return a.changeTerminal(ctx, who, TerminalRenew, id, func(t terminal.Terminal, _ *store.Unit) (terminal.Terminal, map[string]string) {
		return t.Renewed(shown, fresh), map[string]string{"serial": fresh}
	})
}

// RevokeTerminal takes a terminal out of service at once.
func (a *Acts) RevokeTerminal(ctx context.Context, who Who, id string) error {
	return a.changeTerminal(ctx, who, TerminalRevoke, id, func(t terminal.Terminal, u *store.Unit) (terminal.Terminal, map[string]string) {
		return t.Revoke(u.Now()), map[string]string{}
	})
}

// changeTerminal applies a rule to one terminal; nil facts mean no change.
func (a *Acts) changeTerminal(ctx context.Context, who Who, name Name, id string,
	rule func(terminal.Terminal, *store.Unit) (terminal.Terminal, map[string]string),
) error {
	return a.do(ctx, who, name, onTerminal(id), func(ctx context.Context, u *store.Unit) (Told, error) {
		t, err := u.Terminals().Terminal(ctx, id)
		if err != nil {
			return Told{}, err
		}
		n, facts := rule(t, u)
		if facts == nil {
			return Told{}, nil
		}
		if err := n.Check(); err != nil {
			return Told{}, err
		}
		if err := u.Terminals().SaveTerminal(ctx, n); err != nil {
			return Told{}, err
		}
		u.Changed("terminal", id, string(name))
		return Told{Subject: "terminal/" + id, Facts: facts}, nil
	})
}

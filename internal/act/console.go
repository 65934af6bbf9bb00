package act

import (
	"context"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
)

// IssueConsole makes a code with which one browser becomes this seat, once.
func (a *Acts) IssueConsole(ctx context.Context, who Who, id, name string, supervisor bool) (code string, err error) {
	err = a.do(ctx, who, ConsoleIssue, authz.Resource{Type: "Console", ID: id}, func(ctx context.Context, u *store.Unit) (Told, error) {
		by := who.ID
		if by == "" {
			by = string(who.Kind)
		}
		var e console.Enrolment
		var err error
		if code, e, err = console.Issue(id, name, supervisor, by, u.Now()); err != nil {
			return Told{}, err
		}
		return Told{Subject: "console/" + id}, u.Consoles().SaveEnrolment(ctx, e)
	})
	return code, err
}

// JoinConsole turns a typed code into an enrolled seat. The secret belongs
// into the browser's cookie.
func (a *Acts) JoinConsole(ctx context.Context, who Who, typed string) (c console.Console, secret string, err error) {
	hash, err := console.CodeHash(typed)
	if err != nil {
		return c, "", err
	}
	err = a.do(ctx, who, ConsoleEnrol, authz.Resource{Type: "Console"}, func(ctx context.Context, u *store.Unit) (Told, error) {
		e, err := u.Consoles().Enrolment(ctx, hash)
		if fault.Of(err) == fault.NotFound {
			return Told{}, console.ErrCode()
		}
		if err != nil {
			return Told{}, err
		}
		var used console.Enrolment
		if used, c, secret, err = e.Redeem(u.Now()); err != nil {
			return Told{}, err
		}
		if err := u.Consoles().SaveEnrolment(ctx, used); err != nil {
			return Told{}, err
		}
		u.Changed("console", c.ID, string(ConsoleEnrol))
		return Told{Subject: "console/" + c.ID}, u.Consoles().SaveConsole(ctx, c)
	})
	return c, secret, err
}

// RevokeConsole takes a seat out of service and ends who is logged in there.
func (a *Acts) RevokeConsole(ctx context.Context, who Who, id string) error {
	return a.do(ctx, who, ConsoleRevoke, authz.Resource{Type: "Console", ID: id}, func(ctx context.Context, u *store.Unit) (Told, error) {
		c, err := u.Consoles().Console(ctx, id)
		if err != nil {
			return Told{}, err
		}
		if err := u.Consoles().SaveConsole(ctx, c.Revoke(u.Now())); err != nil {
			return Told{}, err
		}
		u.Changed("console", id, string(ConsoleRevoke))
		return Told{Subject: "console/" + id}, endSessions(ctx, u, staff.EndRevoked, func(s staff.Session) bool { return s.ConsoleID == id })
	})
}

func endSessions(ctx context.Context, u *store.Unit, why staff.End, of func(staff.Session) bool) error {
	open, err := u.Staff().Sessions(ctx)
	if err != nil {
		return err
	}
	for _, s := range open {
		if !of(s) {
			continue
		}
		if err := u.Staff().SaveSession(ctx, s.End(why, u.Now())); err != nil {
			return err
		}
	}
	return nil
}

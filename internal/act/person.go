package act

import (
	"context"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
)

// AddPerson registers somebody. An account is given once for ever.
func (a *Acts) AddPerson(ctx context.Context, who Who, account, name, password string, roles []staff.Role) (staff.Person, error) {
	account, ok := staff.NormalAccount(account)
	if !ok {
		return staff.Person{}, fault.New(fault.Invalid, "person.account-invalid")
	}
	if err := staff.CheckPassword(password, account, name); err != nil {
		return staff.Person{}, err
	}
	id := newID()
	if err := a.permit(who, PersonAdd, authz.PersonResource(id)); err != nil {
		return staff.Person{}, err // before a password is hashed, which costs on purpose
	}
	p := staff.Person{
		ID: id, Account: account, Name: strings.TrimSpace(name), Roles: roles, State: staff.Active,
		PasswordHash: staff.HashPassword(password),
	}
	err := a.do(ctx, who, PersonAdd, authz.PersonResource(p.ID), func(ctx context.Context, u *store.Unit) (Told, error) {
		p.CreatedAt, p.ChangedAt, p.PasswordAt = u.Now(), u.Now(), u.Now()
		if err := p.Check(); err != nil {
			return Told{}, err
		}
		switch _, err := u.Staff().PersonByAccount(ctx, account); {
		case err == nil:
			return Told{}, fault.New(fault.Conflict, "person.account-taken")
		case fault.Of(err) != fault.NotFound:
			return Told{}, err
		}
		u.Changed("person", p.ID, string(PersonAdd))
		return Told{Subject: "person/" + p.ID, Facts: map[string]string{"roles": staff.JoinRoles(roles)}}, u.Staff().SavePerson(ctx, p)
	})
	return p, err
}

// ChangePerson sets state, roles or password of somebody; what is nil stays.
// Whoever is suspended, or gets a new password, is logged out everywhere.
func (a *Acts) ChangePerson(ctx context.Context, who Who, id string, state *staff.State, roles []staff.Role, password *string) error {
	if err := a.permit(who, PersonChange, authz.PersonResource(id)); err != nil {
		return err
	}
	var hash string
	if password != nil {
		hash = staff.HashPassword(*password)
	}
	return a.do(ctx, who, PersonChange, authz.PersonResource(id), func(ctx context.Context, u *store.Unit) (Told, error) {
		p, err := u.Staff().Person(ctx, id)
		if err != nil {
			return Told{}, err
		}
		facts := map[string]string{}
		if state != nil {
			p.State, facts["state"] = *state, string(*state)
		}
		if roles != nil {
			p.Roles, facts["roles"] = roles, staff.JoinRoles(roles)
		}
		if password != nil {
			if err := staff.CheckPassword(*password, p.Account, p.Name); err != nil {
				return Told{}, err
			}
			p.PasswordHash, p.PasswordAt, facts["password"] = hash, u.Now(), "set"
		}
		p.ChangedAt = u.Now()
		if err := p.Check(); err != nil {
			return Told{}, err
		}
		u.Changed("person", id, string(PersonChange))
		if p.State != staff.Active || password != nil {
			if err := endSessions(ctx, u, staff.EndRevoked, func(s staff.Session) bool { return s.PersonID == id }); err != nil {
				return Told{}, err
			}
		}
		return Told{Subject: "person/" + id, Facts: facts}, u.Staff().SavePerson(ctx, p)
	})
}

// LogIn opens a session at a console. The password is compared outside of the
// transaction, because that costs a fifth of a second on purpose.
func (a *Acts) LogIn(ctx context.Context, who Who, account, password string) (p staff.Person, token string, err error) {
	return a.logIn(ctx, who, "", account, password)
}

// LogInThrough is LogIn at a console of a client: the session stands only as
// long as the credential does.
func (a *Acts) LogInThrough(ctx context.Context, who Who, credential, account, password string) (p staff.Person, token string, err error) {
	p, token, err = a.logIn(ctx, who, credential, account, password)
	return p, client.SessionToken(token), err
}

func (a *Acts) logIn(ctx context.Context, who Who, credential, account, password string) (p staff.Person, token string, err error) {
	if err := a.permit(who, SessionOpen, authz.Resource{Type: "Console", ID: who.Console}); err != nil {
		return p, "", err
	}
	account, _ = staff.NormalAccount(account)
	accountThrottle, consoleThrottle := staff.AccountSubject(account), staff.ConsoleSubject(who.Console)
	found, matched, err := a.compare(ctx, account, accountThrottle, consoleThrottle, password)
	if err != nil {
		return p, "", err
	}
	var refused error
	err = a.do(ctx, who, SessionOpen, authz.Resource{Type: "Console", ID: who.Console}, func(ctx context.Context, u *store.Unit) (Told, error) {
		refused = nil
		t, err := throttles(ctx, u.Throttles(), accountThrottle, consoleThrottle)
		if err != nil {
			return Told{}, err
		}
		person, ok, err := stillSo(ctx, u, found, matched)
		if err != nil {
			return Told{}, err
		}
		judged, verdict := staff.Judge(t, person, ok, u.Now())
		if err := saveThrottles(ctx, u, t, judged); err != nil {
			return Told{}, err
		}
		if verdict != nil {
			refused = verdict
			if judged == t {
				return Told{}, nil // not even counted: still waiting
			}
			return Told{Act: SessionRefuse, Subject: "console/" + who.Console}, nil
		}
		p = *person
		var hash string
		token, hash = staff.NewToken()
		if err := endSessions(ctx, u, staff.EndReplaced, func(s staff.Session) bool { return s.ConsoleID == who.Console }); err != nil {
			return Told{}, err
		}
		u.Changed("console", who.Console, string(SessionOpen))
		if credential != "" {
			if err := u.ClientConsoles().SaveSession(ctx, client.Session{TokenHash: hash, ClientID: who.Client, Credential: credential}); err != nil {
				return Told{}, err
			}
		}
		return Told{Subject: "person/" + p.ID}, u.Staff().SaveSession(ctx, staff.NewSession(hash, p.ID, who.Console, u.Now()))
	})
	if err == nil {
		err = refused
	}
	return p, token, err
}

// stillSo reads a person again inside the act: while the password was compared,
// somebody may have suspended the person or set another password.
func stillSo(ctx context.Context, u *store.Unit, found *staff.Person, matched bool) (*staff.Person, bool, error) {
	if found == nil {
		return nil, matched, nil
	}
	p, err := u.Staff().Person(ctx, found.ID)
	return &p, matched && p.PasswordHash == found.PasswordHash, err
}

func (a *Acts) compare(ctx context.Context, account, accountThrottle, consoleThrottle, password string) (*staff.Person, bool, error) {
	t, err := throttles(ctx, a.store.Throttles(), accountThrottle, consoleThrottle)
	if err != nil {
		return nil, false, err
	}
	if err := staff.Admit(t, a.store.Now()); err != nil {
		return nil, false, err
	}
	p, err := a.store.Staff().PersonByAccount(ctx, account)
	done, gone := a.turn(ctx)
	if gone != nil {
		return nil, false, gone
	}
	defer done()
	if fault.Of(err) == fault.NotFound {
		return nil, staff.VerifyNobody(password), nil
	}
	if err != nil {
		return nil, false, err
	}
	ok, _ := staff.VerifyPassword(p.PasswordHash, password)
	return &p, ok, nil
}

// turn waits until a password may be compared. One costs a tenth of a second of
// a core: whoever sends many must not take all of them from reports.
func (a *Acts) turn(ctx context.Context) (done func(), err error) {
	select {
	case a.comparing <- struct{}{}:
		return func() { <-a.comparing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func throttles(ctx context.Context, s staff.Throttles, account, console string) (t staff.Try, err error) {
	if t.Account, err = s.Throttle(ctx, account); err != nil {
		return t, err
	}
	t.Console, err = s.Throttle(ctx, console)
	return t, err
}

func saveThrottles(ctx context.Context, u *store.Unit, before, after staff.Try) error {
	if before.Account != after.Account {
		if err := u.Throttles().SaveThrottle(ctx, after.Account); err != nil {
			return err
		}
	}
	if before.Console != after.Console {
		return u.Throttles().SaveThrottle(ctx, after.Console)
	}
	return nil
}

// Touch notes that a session is in use; at most once a minute it is a write.
func (a *Acts) Touch(ctx context.Context, who Who, tokenHash string) error {
	return a.onSession(ctx, who, SessionTouch, tokenHash, func(s staff.Session, now time.Time) (staff.Session, bool) { return s.Touch(now) })
}

// LogOut ends one's own session.
func (a *Acts) LogOut(ctx context.Context, who Who, tokenHash string) error {
	return a.onSession(ctx, who, SessionClose, tokenHash, func(s staff.Session, now time.Time) (staff.Session, bool) {
		return s.End(staff.EndLogOut, now), true
	})
}

func (a *Acts) onSession(ctx context.Context, who Who, name Name, tokenHash string, rule func(staff.Session, time.Time) (staff.Session, bool)) error {
	return a.do(ctx, who, name, authz.PersonResource(who.ID), func(ctx context.Context, u *store.Unit) (Told, error) {
		s, err := u.Staff().Session(ctx, tokenHash)
		if err != nil {
			return Told{}, err
		}
		n, changed := rule(s, u.Now())
		if !changed || n == s {
			return Told{}, nil
		}
		if name == SessionClose {
			u.Changed("console", s.ConsoleID, string(name))
		}
		return Told{Subject: "person/" + s.PersonID}, u.Staff().SaveSession(ctx, n)
	})
}

// RevokeSessions logs somebody out everywhere, in force on the next request.
func (a *Acts) RevokeSessions(ctx context.Context, who Who, personID string) error {
	return a.do(ctx, who, SessionRevoke, authz.PersonResource(personID), func(ctx context.Context, u *store.Unit) (Told, error) {
		u.Changed("person", personID, string(SessionRevoke))
		return Told{Subject: "person/" + personID}, endSessions(ctx, u, staff.EndRevoked, func(s staff.Session) bool { return s.PersonID == personID })
	})
}

package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/matoi119/matoi/internal/staff"
	staffq "github.com/matoi119/matoi/internal/store/query/staff"
	"github.com/matoi119/matoi/internal/store/writer"
)

// people implements the ports of package staff; tx is nil outside of acts.
type people struct {
	q  *staffq.Queries
	hq string
	tx *writer.Tx
}

func (p people) Person(ctx context.Context, id string) (staff.Person, error) {
	row, err := p.q.Person(ctx, staffq.PersonParams{HQ: p.hq, ID: id})
	return found(row, err, "person", toPerson)
}

func (p people) PersonByAccount(ctx context.Context, account string) (staff.Person, error) {
	row, err := p.q.PersonByAccount(ctx, staffq.PersonByAccountParams{HQ: p.hq, Account: account})
	return found(row, err, "person", toPerson)
}

func (p people) People(ctx context.Context) ([]staff.Person, error) {
	rows, err := p.q.People(ctx, p.hq)
	return list(rows, err, "person", toPerson)
}

func (p people) SavePerson(ctx context.Context, v staff.Person) error {
	return put(ctx, p.tx, "staff_person", staffq.StaffPerson{
		HQ: p.hq, ID: v.ID, Account: v.Account, Name: v.Name, Roles: staff.JoinRoles(v.Roles),
		PasswordHash: v.PasswordHash, State: string(v.State), CreatedAt: micros(v.CreatedAt), ChangedAt: micros(v.ChangedAt), PasswordAt: micros(v.PasswordAt),
	})
}

func toPerson(r staffq.StaffPerson) (staff.Person, error) {
	return staff.Person{
		ID: r.ID, Account: r.Account, Name: r.Name, Roles: staff.SplitRoles(r.Roles), PasswordHash: r.PasswordHash,
		State: staff.State(r.State), CreatedAt: instant(r.CreatedAt), ChangedAt: instant(r.ChangedAt), PasswordAt: instant(r.PasswordAt),
	}, nil
}

func (p people) Session(ctx context.Context, tokenHash string) (staff.Session, error) {
	row, err := p.q.Session(ctx, staffq.SessionParams{HQ: p.hq, TokenHash: tokenHash})
	return found(row, err, "session", toSession)
}

func (p people) Sessions(ctx context.Context) ([]staff.Session, error) {
	rows, err := p.q.Sessions(ctx, p.hq)
	return list(rows, err, "session", toSession)
}

func (p people) SaveSession(ctx context.Context, s staff.Session) error {
	return put(ctx, p.tx, "staff_session", staffq.StaffSession{
		HQ: p.hq, TokenHash: s.TokenHash, Person: s.PersonID, Console: s.ConsoleID,
		CreatedAt: micros(s.CreatedAt), ExpiresAt: micros(s.ExpiresAt), LastSeenAt: micros(s.LastSeenAt), EndedAt: micros(s.EndedAt), Ended: string(s.Ended),
	})
}

func toSession(r staffq.StaffSession) (staff.Session, error) {
	return staff.Session{
		TokenHash: r.TokenHash, PersonID: r.Person, ConsoleID: r.Console, CreatedAt: instant(r.CreatedAt),
		ExpiresAt: instant(r.ExpiresAt), LastSeenAt: instant(r.LastSeenAt), EndedAt: instant(r.EndedAt), Ended: staff.End(r.Ended),
	}, nil
}

func (p people) Throttle(ctx context.Context, subject string) (staff.Throttle, error) {
	row, err := p.q.Throttle(ctx, staffq.ThrottleParams{HQ: p.hq, Subject: subject})
	if errors.Is(err, sql.ErrNoRows) {
		return staff.Throttle{Subject: subject}, nil
	}
	return found(row, err, "throttle", func(r staffq.StaffThrottle) (staff.Throttle, error) {
		return staff.Throttle{Subject: r.Subject, Tries: int(r.Tries), WaitUntil: instant(r.WaitUntil)}, nil
	})
}

func (p people) SaveThrottle(ctx context.Context, t staff.Throttle) error {
	return put(ctx, p.tx, "staff_throttle", staffq.StaffThrottle{HQ: p.hq, Subject: t.Subject, Tries: int64(t.Tries), WaitUntil: micros(t.WaitUntil)})
}

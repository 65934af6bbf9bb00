package store

import (
	"context"

	"github.com/matoi119/matoi/internal/console"
	consoleq "github.com/matoi119/matoi/internal/store/query/console"
	"github.com/matoi119/matoi/internal/store/writer"
)

// consoles implements console.Store; tx is nil outside of acts.
type consoles struct {
	q  *consoleq.Queries
	hq string
	tx *writer.Tx
}

func (c consoles) Console(ctx context.Context, id string) (console.Console, error) {
	row, err := c.q.Console(ctx, consoleq.ConsoleParams{HQ: c.hq, ID: id})
	return found(row, err, "console", toConsole)
}

func (c consoles) Consoles(ctx context.Context) ([]console.Console, error) {
	rows, err := c.q.Consoles(ctx, c.hq)
	return list(rows, err, "console", toConsole)
}

func (c consoles) SaveConsole(ctx context.Context, v console.Console) error {
	return put(ctx, c.tx, "console_register", consoleq.ConsoleRegister{
		HQ: c.hq, ID: v.ID, Name: v.Name, Supervisor: flag(v.Supervisor),
		SecretHash: v.SecretHash, EnrolledAt: micros(v.EnrolledAt), RevokedAt: micros(v.RevokedAt),
	})
}

func toConsole(r consoleq.ConsoleRegister) (console.Console, error) {
	return console.Console{
		ID: r.ID, Name: r.Name, Supervisor: r.Supervisor == 1, SecretHash: r.SecretHash,
		EnrolledAt: instant(r.EnrolledAt), RevokedAt: instant(r.RevokedAt),
	}, nil
}

func (c consoles) Enrolment(ctx context.Context, codeHash string) (console.Enrolment, error) {
	row, err := c.q.Enrolment(ctx, consoleq.EnrolmentParams{HQ: c.hq, CodeHash: codeHash})
	return found(row, err, "enrolment", func(r consoleq.ConsoleEnrolment) (console.Enrolment, error) {
		return console.Enrolment{
			CodeHash: r.CodeHash, ConsoleID: r.Console, Name: r.Name, Supervisor: r.Supervisor == 1, IssuedBy: r.IssuedBy,
			CreatedAt: instant(r.CreatedAt), ExpiresAt: instant(r.ExpiresAt), UsedAt: instant(r.UsedAt),
		}, nil
	})
}

func (c consoles) SaveEnrolment(ctx context.Context, e console.Enrolment) error {
	return put(ctx, c.tx, "console_enrolment", consoleq.ConsoleEnrolment{
		HQ: c.hq, CodeHash: e.CodeHash, Console: e.ConsoleID, Name: e.Name,
		Supervisor: flag(e.Supervisor), IssuedBy: e.IssuedBy, CreatedAt: micros(e.CreatedAt), ExpiresAt: micros(e.ExpiresAt), UsedAt: micros(e.UsedAt),
	})
}

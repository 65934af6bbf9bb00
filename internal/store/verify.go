package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/store/postgres"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/internal/store/writer"
)

// Verify compares a store with its evidence log: every row, entry, tree node and
// change, and the database file by the engine's own check. It needs no key and
// writes nothing, so it may run beside a server; it sees one moment. c.HQ may be
// empty where the database holds one headquarters.
//
// A store that cannot be read is a finding, not an error: an error means that
// there was nothing to look at.
func Verify(ctx context.Context, c Config) (r audit.Result, err error) {
	db, check, err := openRead(ctx, c)
	if sqlite.Damaged(err) {
		return unreadable(r, err), nil
	}
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if c.HQ == "" {
		if c.HQ, err = only(ctx, db); err != nil {
			return broken(ctx, c, r, err)
		}
	}
	r, err = writer.Verify(ctx, db, c.HQ, Tables())
	if err != nil {
		if r, err = broken(ctx, c, r, err); err != nil {
			return r, err
		}
	}
	wrong, err := check(ctx, db)
	for _, w := range wrong {
		r.Findings = append(r.Findings, audit.Finding{Where: "database", What: w})
	}
	if err != nil {
		return broken(ctx, c, r, err)
	}
	return r, nil
}

// openRead opens the database for reading alone, with the engine's own check.
func openRead(ctx context.Context, c Config) (*sql.DB, func(context.Context, *sql.DB) ([]string, error), error) {
	if c.Postgres != "" {
		db, err := postgres.OpenRead(ctx, c.Postgres)
		return db, func(context.Context, *sql.DB) ([]string, error) { return nil, nil }, err
	}
	file := filepath.Join(c.Dir, File)
	if err := sqlite.There(file); err != nil {
		return nil, nil, fault.New(fault.NotFound, "store.gone").Because(err)
	}
	db, err := sqlite.OpenRead(ctx, file)
	if err != nil {
		return nil, nil, err
	}
	return db.Read, sqlite.Check, nil
}

// only is the headquarters of a database that holds one.
func only(ctx context.Context, db *sql.DB) (string, error) {
	found, err := writer.Headquarters(ctx, db)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", fault.New(fault.NotFound, "store.gone")
	case len(found) > 1:
		return "", fault.New(fault.Invalid, "verify.which-headquarters", "list", strings.Join(found, ", "))
	}
	return found[0], nil
}

// broken makes a finding of a database that answers with an error, and leaves
// the errors of this side: the end of ctx, a lost connection, what is classified.
func broken(ctx context.Context, c Config, r audit.Result, err error) (audit.Result, error) {
	if ctx.Err() != nil || fault.As(err) != nil || c.Postgres != "" && postgres.CannotStore(err) || sqlite.Busy(err) {
		return r, fmt.Errorf("verify store: %w", err)
	}
	return unreadable(r, err), nil
}

func unreadable(r audit.Result, err error) audit.Result {
	r.Findings = append(r.Findings, audit.Finding{Where: "database", What: "cannot be read: " + err.Error()})
	return r
}

package spool

import (
	"context"
	"errors"
	"fmt"

	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/internal/store/writer"
)

// Verify compares a spool with its evidence log and needs no key: every row,
// entry and tree node, every byte of every media file, and the database by the
// engine's own check. It writes nothing; the spool may be in use. A spool that
// cannot be read is a finding; an error means that there was nothing to look at.
func Verify(ctx context.Context, dir string) (r audit.Result, err error) {
	if err := sqlite.There(databaseFile(dir)); err != nil { // opening would make an empty one, and find nothing
		return r, fault.New(fault.NotFound, "spool.gone").Because(err)
	}
	db, err := sqlite.OpenRead(ctx, databaseFile(dir))
	if sqlite.Damaged(err) {
		return unreadable(r, err), nil
	}
	if err != nil {
		return r, fmt.Errorf("verify spool: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	r, err = writer.Verify(ctx, db.Read, HQ, Tables())
	if err == nil {
		err = verifyMedia(ctx, dir, db, &r)
	}
	wrong, broken := sqlite.Check(ctx, db.Read)
	for _, w := range wrong {
		r.Findings = append(r.Findings, audit.Finding{Where: "database", What: w})
	}
	if err = errors.Join(err, broken); err == nil {
		return r, nil
	}
	if ctx.Err() != nil || sqlite.Busy(err) {
		return r, fmt.Errorf("verify spool: %w", err)
	}
	return unreadable(r, err), nil
}

func unreadable(r audit.Result, err error) audit.Result {
	r.Findings = append(r.Findings, audit.Finding{Where: "database", What: "cannot be read: " + err.Error()})
	return r
}

func verifyMedia(ctx context.Context, dir string, db *sqlite.DB, r *audit.Result) error {
	rows, err := query.New(db.Read).MediaFiles(ctx, HQ)
	if err != nil {
		return fmt.Errorf("verify media: %w", err)
	}
	checkMedia(dir, rows, func(file, what string) {
		r.Findings = append(r.Findings, audit.Finding{Where: "medium " + file, What: what})
	})
	return nil
}

package spool

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/internal/store/writer"
)

// Verify compares a spool with its evidence log and needs no key: every row,
// entry and tree node, every byte of every media file, and the indexes of the
// database by the engine's own check. The spool may be in use.
func Verify(ctx context.Context, dir string) (_ audit.Result, err error) {
	if _, err := os.Stat(databaseFile(dir)); err != nil {
		return audit.Result{}, fmt.Errorf("verify spool: %w", err) // opening would make an empty one, and find nothing
	}
	db, err := sqlite.Open(ctx, databaseFile(dir))
	if err != nil {
		return audit.Result{}, fmt.Errorf("verify spool: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	r, err := writer.Verify(ctx, db.Read, HQ, Tables())
	if err != nil {
		return r, fmt.Errorf("verify spool: %w", err)
	}
	rows, err := query.New(db.Read).MediaFiles(ctx, HQ)
	if err != nil {
		return r, fmt.Errorf("verify media: %w", err)
	}
	checkMedia(dir, rows, func(file, what string) {
		r.Findings = append(r.Findings, audit.Finding{Where: "medium " + file, What: what})
	})
	err = checkEngine(ctx, db, &r)
	return r, err
}

func checkEngine(ctx context.Context, db *sqlite.DB, r *audit.Result) (err error) {
	rows, err := db.Read.QueryContext(ctx, "PRAGMA integrity_check(20)")
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var what string
		if err := rows.Scan(&what); err != nil {
			return fmt.Errorf("check database: %w", err)
		}
		if what != "ok" {
			r.Findings = append(r.Findings, audit.Finding{Where: "database", What: what})
		}
	}
	return rows.Err()
}

// Package sqlite opens the embedded engine: one connection that writes, a pool
// that only reads, write-ahead log, an fsync for every commit. The server's
// store and a terminal's spool both stand on it.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// DB is an open database file. Write has one connection, because SQLite has one
// writer; Read cannot write.
type DB struct {
	Write *sql.DB
	Read  *sql.DB
}

// Open opens or makes the file. Its directory must exist.
func Open(ctx context.Context, file string) (_ *DB, err error) {
	d := new(DB)
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	// synchronous=FULL: a commit is on disk when it returns (AC-01). immediate:
	// a writing transaction takes its lock at once instead of failing half-way.
	if d.Write, err = open(file, "immediate", "journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)",
		"foreign_keys(1)", "cache_size(-65536)", "temp_store(2)", "trusted_schema(0)"); err != nil {
		return nil, err
	}
	d.Write.SetMaxOpenConns(1)
	if err = d.Write.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if d.Read, err = open(file, "deferred", "query_only(1)", "busy_timeout(10000)", "cache_size(-16384)", "trusted_schema(0)"); err != nil {
		return nil, err
	}
	d.Read.SetMaxOpenConns(max(4, 2*runtime.NumCPU()))
	return d, nil
}

func open(file, lock string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {lock}, "_defensive": {"1"}}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(file), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

// Close closes both pools; the last one out folds the write-ahead log back.
func (d *DB) Close() error {
	var err error
	for _, p := range []*sql.DB{d.Read, d.Write} {
		if p != nil {
			err = errors.Join(err, p.Close())
		}
	}
	return err
}

// CannotStore reports whether err means that the file cannot be written or
// read now: full disk, I/O error, damaged file, a lock that is never let go.
func CannotStore(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff { // extended codes carry the primary one in their low byte
	case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_CORRUPT,
		lib.SQLITE_NOTADB, lib.SQLITE_NOMEM, lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_PROTOCOL:
		return true
	}
	return false
}

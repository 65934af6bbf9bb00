// Package sqlite opens the embedded engine: one connection that writes, a pool
// that only reads, write-ahead log, an fsync for every commit. The server's
// store and a terminal's spool both stand on it.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"

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
	if d.Write, err = open(file, "", "immediate", "journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)",
		"foreign_keys(1)", "cache_size(-65536)", "temp_store(2)", "trusted_schema(0)"); err != nil {
		return nil, err
	}
	d.Write.SetMaxOpenConns(1)
	if err = d.Write.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if d.Read, err = open(file, "", "deferred", "query_only(1)", "busy_timeout(10000)", "cache_size(-16384)", "trusted_schema(0)"); err != nil {
		return nil, err
	}
	d.Read.SetMaxOpenConns(max(4, 2*runtime.NumCPU()))
	return d, nil
}

// OpenRead opens the file for reading alone, beside whoever writes it: nothing
// is made, changed or folded back. Only Read of the result is set.
func OpenRead(ctx context.Context, file string) (*DB, error) {
	read, err := open(file, "ro", "deferred", "query_only(1)", "busy_timeout(10000)", "trusted_schema(0)")
	if err != nil {
		return nil, err
	}
	d := &DB{Read: read}
	if err := d.Read.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), d.Close())
	}
	return d, nil
}

// magic is how every database file begins.
const magic = "SQLite format 3\x00"

// There reports why a file cannot be a database that was in use before: it is
// gone, empty, or begins with something else. SQLite would make a new database
// of the first two without a word.
func There(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil {
		return fmt.Errorf("%s is empty or cut off: %w", filepath.Base(file), err)
	}
	if string(head) != magic {
		return fmt.Errorf("%s is not a database", filepath.Base(file))
	}
	return nil
}

// Check asks the engine whether the file is whole: pages, indexes, orders of
// keys. It returns what is wrong.
func Check(ctx context.Context, db *sql.DB) (wrong []string, err error) {
	rows, err := db.QueryContext(ctx, "PRAGMA integrity_check(20)")
	if err != nil {
		return nil, fmt.Errorf("check database: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var what string
		if err := rows.Scan(&what); err != nil {
			return wrong, fmt.Errorf("check database: %w", err)
		}
		if what != "ok" {
			wrong = append(wrong, what)
		}
	}
	if err := rows.Err(); err != nil {
		return wrong, fmt.Errorf("check database: %w", err)
	}
	return wrong, nil
}

func open(file, mode, lock string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {lock}, "_defensive": {"1"}}
	if mode != "" {
		q.Set("mode", mode)
	}
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

// Damaged reports whether err means that the file's content is broken, which
// no waiting mends.
func Damaged(err error) bool { return is(err, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB) }

// Busy reports whether err means that somebody else holds the file.
func Busy(err error) bool { return is(err, lib.SQLITE_BUSY, lib.SQLITE_LOCKED) }

// OutOfRoom reports whether err may mean that the disk is full: some places of
// the engine tell it as an I/O error.
func OutOfRoom(err error) bool { return is(err, lib.SQLITE_FULL, lib.SQLITE_IOERR) }

// CannotStore reports whether err means that the file cannot be written or
// read now: full disk, I/O error, damaged file, a lock that is never let go.
func CannotStore(err error) bool {
	return Damaged(err) || Busy(err) || OutOfRoom(err) ||
		is(err, lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_NOMEM, lib.SQLITE_PROTOCOL)
}

// is reports whether err is the engine's, with one of the primary codes;
// extended ones carry theirs in the low byte.
func is(err error, codes ...int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && slices.Contains(codes, e.Code()&0xff)
}

// Package store keeps everything of a headquarters: it implements the ports of
// the fields on the group-commit writer, seals what callers said before it
// reaches a row, and opens it for those who read. Acts get a Unit; pages and
// workers get the readers.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store/postgres"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/pressly/goose/v3"
)

//go:embed schema/*.sql
var schema embed.FS

// Config says where a headquarters keeps its data.
type Config struct {
	HQ       string // id of the headquarters
	Dir      string // data directory; made when missing
	Postgres string // connection string; "" = SQLite in Dir
	Reserve  int64  // bytes held back for a full disk (SQLite)
	// Known says that this headquarters had a store before. Then one that is gone
	// or empty is refused: an empty board must not look like a quiet day.
	Known bool
	Now   func() time.Time
}

// Store is an open store. It is safe for everybody.
type Store struct {
	hq      string
	keys    Sealer
	write   *sql.DB
	read    writer.DBTX // prepared once
	writer  *writer.Writer
	reserve *sqlite.Reserve
	now     func() time.Time
	close   func() error

	pipeline func(context.Context, *sql.Conn, []writer.Statement) error // nil for SQLite
}

// Sealer is what the store needs of the keys.
type Sealer interface {
	Seal(class string, plain, place []byte) ([]byte, error)
	Open(class string, sealed, place []byte) ([]byte, error)
	Blind(purpose, value string) []byte
}

// File is the name of the embedded database in the data directory.
const File = "store.db"

// Open opens or makes the store, with its newest schema.
func Open(ctx context.Context, c Config, keys Sealer) (*Store, error) {
	return open(ctx, c, keys, false)
}

func open(ctx context.Context, c Config, keys Sealer, unlogged bool) (_ *Store, err error) {
	s := &Store{hq: c.HQ, keys: keys, now: c.Now}
	if s.now == nil {
		s.now = time.Now
	}
	dialect, broken, err := s.connect(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(damaged(err), s.close())
		}
	}()
	if err = s.known(ctx, c, broken); err != nil {
		return nil, err
	}
	room, err := fs.Sub(schema, "schema")
	if err != nil {
		return nil, err
	}
	if err = writer.Migrate(ctx, dialect, s.write, room); err != nil {
		return nil, err
	}
	s.writer, err = writer.Open(ctx, s.write, writer.Options{
		HQ: c.HQ, Tables: Tables(), Now: s.now,
		Storage: broken, Relieve: s.relieve, Pipeline: s.pipeline, Unlogged: unlogged,
	})
	return s, err
}

func (s *Store) connect(ctx context.Context, c Config) (goose.Dialect, func(error) bool, error) {
	if c.Postgres != "" {
		db, err := postgres.Open(ctx, c.Postgres)
		if err != nil {
			return "", nil, err
		}
		s.write, s.read, s.close = db.Write, writer.Safe(db.Read), db.Close
		s.pipeline = postgres.Pipeline
		return goose.DialectPostgres, postgres.CannotStore, nil
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("data directory: %w", err)
	}
	file := filepath.Join(c.Dir, File)
	if c.Known {
		if err := sqlite.There(file); err != nil {
			return "", nil, fault.New(fault.Unavailable, "store.gone").Because(err)
		}
	}
	db, err := sqlite.Open(ctx, file)
	if err != nil {
		return "", nil, damaged(err)
	}
	s.write, s.read, s.close = db.Write, writer.Safe(sqlite.NewPrepared(db.Read)), db.Close
	s.reserve = &sqlite.Reserve{File: filepath.Join(c.Dir, "reserve"), Size: c.Reserve}
	return goose.DialectSQLite3, sqlite.CannotStore, nil
}

// known looks, before anything is made, whether the log that must be there is.
func (s *Store) known(ctx context.Context, c Config, broken func(error) bool) error {
	if !c.Known {
		return nil
	}
	found, err := writer.Headquarters(ctx, s.write)
	switch {
	case err == nil && slices.Contains(found, c.HQ):
		return nil
	case broken(err):
		return err
	case err == nil:
		err = errors.New("the database holds no log of this headquarters")
	}
	return fault.New(fault.Unavailable, "store.gone").Because(err)
}

// damaged puts words to a database file that cannot be read.
func damaged(err error) error {
	if sqlite.Damaged(err) && fault.As(err) == nil {
		return fault.New(fault.Unavailable, "store.damaged").Because(err)
	}
	return err
}

// Close commits what waits and closes the database.
func (s *Store) Close() error { return errors.Join(s.writer.Close(), s.close()) }

// HQ is the id of the headquarters.
func (s *Store) HQ() string { return s.hq }

// OnCommit adds a hint that runs after each commit of this process.
func (s *Store) OnCommit(hook func(seq int64)) {
	s.writer.OnCommit(func(h writer.Head) { hook(h.Seq) })
}

// OnWrite adds a hook that runs after each commit of this process that wrote
// one of the tables, before anybody is answered.
func (s *Store) OnWrite(hook func(), tables ...string) {
	s.writer.OnCommit(func(h writer.Head) {
		if slices.ContainsFunc(h.Tables, func(t string) bool { return slices.Contains(tables, t) }) {
			hook()
		}
	})
}

// Fault is why the store could not be written at the last try, or nil.
func (s *Store) Fault() error { return s.writer.Fault() }

// relieve gives the reserve back when the disk is full.
func (s *Store) relieve(err error) bool {
	return s.reserve != nil && sqlite.OutOfRoom(err) && s.reserve.Release()
}

// KeepReserve makes the reserve again when there is room.
func (s *Store) KeepReserve() error {
	if s.reserve == nil {
		return nil
	}
	return s.reserve.Ensure()
}

// ReserveHeld is false while the disk is too full for the reserve: a reason to
// act, shown on the health page.
func (s *Store) ReserveHeld() bool { return s.reserve == nil || s.reserve.Held() }

// Recover tries whether a store that could not write can write again, so that
// its state is told as it is although nobody happens to write.
func (s *Store) Recover(ctx context.Context) error {
	if s.Fault() == nil {
		return nil
	}
	return s.Do(ctx, func(context.Context, *Unit) (entry.Entry, error) { return entry.Entry{}, nil })
}

// Act is one story: it reads and writes through the Unit and returns the entry
// that says why. It may run twice; see package writer.
type Act func(ctx context.Context, u *Unit) (entry.Entry, error)

// Do runs an act and returns when it is durable or was refused.
func (s *Store) Do(ctx context.Context, act Act) error {
	return s.Submit(ctx, act).Wait(ctx)
}

// Submit hands an act in; acts of one caller are committed in order.
func (s *Store) Submit(ctx context.Context, act Act) *writer.Pending {
	return s.writer.Submit(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		return act(ctx, &Unit{s: s, tx: tx})
	})
}

// Unit is what one act works with.
type Unit struct {
	s  *Store
	tx *writer.Tx
}

// Now is the time of the act.
func (u *Unit) Now() time.Time { return u.tx.Now() }

// Changed announces that a subject looks different now.
func (u *Unit) Changed(kind, subject, detail string) {
	u.tx.Changed(entry.Change{Kind: kind, Subject: subject, Detail: detail})
}

// Reports, Dialog, Terminals, Consoles, Staff and Throttles are the fields'
// ports inside the act.
func (u *Unit) Reports() report.Store { return u.reports() }
func (u *Unit) Dialog() report.Dialog { return u.reports() }
func (u *Unit) Media() report.Media {
	return media{u.s.mediaQueries(u.tx.Query()), u.s, u.tx}
}
func (u *Unit) Terminals() terminal.Store {
	return terminals{u.s.terminalQueries(u.tx.Query()), u.s.hq, u.tx}
}

func (u *Unit) Consoles() console.Store {
	return consoles{u.s.consoleQueries(u.tx.Query()), u.s.hq, u.tx}
}
func (u *Unit) Staff() staff.Store { return people{u.s.staffQueries(u.tx.Query()), u.s.hq, u.tx} }
func (u *Unit) Throttles() staff.Throttles {
	return people{u.s.staffQueries(u.tx.Query()), u.s.hq, u.tx}
}

func (u *Unit) reports() reports { return reports{u.s.reportQueries(u.tx.Query()), u.s, u.tx} }

// Reports and Content read reports outside of acts; Terminals, Consoles and
// Staff likewise. Their Save methods refuse.
func (s *Store) Reports() report.Reader    { return reports{s.reportQueries(s.read), s, nil} }
func (s *Store) Content() report.Content   { return reports{s.reportQueries(s.read), s, nil} }
func (s *Store) Media() report.MediaReader { return media{s.mediaQueries(s.read), s, nil} }
func (s *Store) Terminals() terminal.Store { return terminals{s.terminalQueries(s.read), s.hq, nil} }
func (s *Store) Consoles() console.Store   { return consoles{s.consoleQueries(s.read), s.hq, nil} }
func (s *Store) Staff() staff.Store        { return people{s.staffQueries(s.read), s.hq, nil} }

func (s *Store) Throttles() staff.Throttles { return people{s.staffQueries(s.read), s.hq, nil} }

// Now is the store's clock.
func (s *Store) Now() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// Blind is the keyed index under which a sealed value can be found again.
func (s *Store) Blind(purpose, value string) []byte { return s.keys.Blind(purpose, value) }

// errReadOnly guards against writing outside of an act: no row without a reason.
var errReadOnly = errors.New("store: writing outside of an act")

func put(ctx context.Context, tx *writer.Tx, table string, row any) error {
	if tx == nil {
		return errReadOnly
	}
	return tx.Put(ctx, table, row)
}

func add(ctx context.Context, tx *writer.Tx, table string, row any) (bool, error) {
	if tx == nil {
		return false, errReadOnly
	}
	return tx.Add(ctx, table, row)
}

// found classifies the absence of a row.
func found[R, V any](row R, err error, what string, convert func(R) (V, error)) (V, error) {
	var none V
	if errors.Is(err, sql.ErrNoRows) {
		return none, fault.New(fault.NotFound, what+".unknown")
	}
	if err != nil {
		return none, fmt.Errorf("read %s: %w", what, err)
	}
	return convert(row)
}

func list[R, V any](rows []R, err error, what string, convert func(R) (V, error)) ([]V, error) {
	if err != nil {
		return nil, fmt.Errorf("read %ss: %w", what, err)
	}
	out := make([]V, 0, len(rows))
	for _, r := range rows {
		v, err := convert(r)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// orNothing reads an absent row as the zero value.
func orNothing[V any](v V, err error) (V, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return v, nil
	}
	return v, err
}

// Times are epoch µs in tables; 0 is the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

package spool

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/pressly/goose/v3"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/internal/store/writer"
)

// HQ is the value of the column hq in every table of a spool. A terminal takes
// reports before it has a headquarters, and its rows must not move when it gets
// one; the enrolled headquarters is a row of spool_meta.
const HQ = "spool"

// DefaultReserve is the size of the reserve file.
const DefaultReserve = 32 << 20

//go:embed schema/*.sql
var migrations embed.FS

// Tables lists what acts of a spool write.
func Tables() []writer.Table {
	return []writer.Table{
		{Name: tableFrame, Key: []string{"hq", "seq"}},
		{Name: tableReport, Key: []string{"hq", "service", "report_id"}},
		{Name: tableAck, Key: []string{"hq", "from_seq"}},
		{Name: tableInput, Key: []string{"hq", "seq"}},
		{Name: tableMedia, Key: []string{"hq", "service", "report_id", "medium"}},
		{Name: tableService, Key: []string{"hq", "id"}},
		{Name: tableMeta, Key: []string{"hq", "name"}},
		{Name: tableOffer, Key: []string{"hq", "service"}},
	}
}

const (
	tableFrame   = "spool_frame"
	tableReport  = "spool_report"
	tableAck     = "spool_ack"
	tableInput   = "spool_input"
	tableMedia   = "spool_media"
	tableService = "spool_service"
	tableMeta    = "spool_meta"
	tableOffer   = "spool_offer"
)

// Names of rows in spool_meta.
const (
	metaSpool = "spool" // id of the spool
	metaKept  = "kept"  // retention counter, µs of running time
	metaPage  = "page." // + number: SHA-256 of a session of the terminal's own page
)

// Options of a spool. Dir is required.
type Options struct {
	Dir      string
	Terminal string // id, for the evidence; may be empty before enrolment
	Reserve  int64  // bytes of the reserve file; 0 is DefaultReserve, negative none
	Log      *slog.Logger
	// Notify is told after each commit what looks different now. It must not
	// block; whoever gets it reads the spool again.
	Notify func(Notice)
	// Elapsed is the monotonic clock that retention counts with; time since
	// Open when nil. Tests let a week pass with it.
	Elapsed func() time.Duration
	// Now is the clock of the writer; time.Now when nil.
	Now func() time.Time
}

// Kind of a Notice.
type Kind int

// The kinds of notices.
const (
	Framed   Kind = iota // a frame was spooled: Through moved
	Stepped              // a report's step or state moved
	Inputted             // the headquarters handed something to a service
	Other                // services, storage state, page
)

// Notice is a hint that something looks different now.
type Notice struct {
	Kind     Kind
	Service  string
	ReportID string
}

// Spool is an open spool. It is safe for concurrent use.
type Spool struct {
	dir      string
	terminal atomic.Pointer[string]
	log      *slog.Logger
	notify   func(Notice)
	elapsed  func() time.Duration

	db      *sqlite.DB
	keys    *seal.Keeper
	w       *writer.Writer
	read    *query.Queries
	reserve sqlite.Reserve

	id       atomic.Pointer[string]
	through  atomic.Int64 // highest number committed
	acked    acks
	ackMu    sync.Mutex // one acknowledgement at a time: memory follows the table
	keptBase atomic.Int64
}

// Open opens or makes the spool in o.Dir.
func Open(ctx context.Context, o Options) (_ *Spool, err error) {
	s := &Spool{dir: o.Dir, log: o.Log, notify: o.Notify, elapsed: o.Elapsed,
		reserve: sqlite.Reserve{File: filepath.Join(o.Dir, "reserve"), Size: o.Reserve}}
	s.Belongs(o.Terminal)
	s.defaults(o)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := os.MkdirAll(s.mediaDir(), 0o700); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	if err := lost(o.Dir); err != nil {
		return nil, err
	}
	if s.db, err = sqlite.Open(ctx, databaseFile(o.Dir)); err != nil {
		return nil, damaged(err)
	}
	if err := writer.Migrate(ctx, goose.DialectSQLite3, s.db.Write, schema()); err != nil {
		return nil, damaged(err)
	}
	if s.keys, err = seal.OpenDir(filepath.Join(o.Dir, "keys")); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	s.read = query.New(sqlite.NewPrepared(s.db.Read))
	s.w, err = writer.Open(ctx, s.db.Write, writer.Options{HQ: HQ, Tables: Tables(), Now: o.Now,
		Storage: sqlite.CannotStore, Relieve: s.relieve})
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	if err := s.reserve.Ensure(); err != nil {
		s.log.Warn("the spool has no reserve", "error", err)
	}
	return s, s.sweep(ctx)
}

// lost refuses a spool whose keys are there and whose database is not: what was
// spooled is gone, and an empty spool in its place would look as if nothing had
// been. The keys are made after the first database, so a first start that was
// interrupted does not look like this.
func lost(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "keys", "master.key")); err != nil {
		return nil // never opened
	}
	if err := sqlite.There(databaseFile(dir)); err != nil {
		return fault.New(fault.Unavailable, "spool.gone").Because(err)
	}
	return nil
}

// damaged puts words to a database file that cannot be read.
func damaged(err error) error {
	if sqlite.Damaged(err) {
		return fault.New(fault.Unavailable, "spool.damaged").Because(err)
	}
	return fmt.Errorf("open spool: %w", err)
}

func (s *Spool) defaults(o Options) {
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.notify == nil {
		s.notify = func(Notice) {}
	}
	if s.elapsed == nil {
		start := time.Now()
		s.elapsed = func() time.Duration { return time.Since(start) }
	}
	switch {
	case o.Reserve == 0:
		s.reserve.Size = DefaultReserve
	case o.Reserve < 0:
		s.reserve.Size = 0
	}
}

// load reads what is kept in memory, and names a new spool.
func (s *Spool) load(ctx context.Context) error {
	meta, err := s.meta(ctx)
	if err != nil {
		return err
	}
	if meta[metaSpool] == "" {
		if meta[metaSpool], err = s.name(ctx, "spool.new"); err != nil {
			return err
		}
	}
	id := meta[metaSpool]
	s.id.Store(&id)
	if kept := meta[metaKept]; kept != "" {
		n, err := parseMicro(kept)
		if err != nil {
			return fmt.Errorf("read retention counter: %w", err)
		}
		s.keptBase.Store(n)
	}
	last, err := s.read.LastSeq(ctx, HQ)
	if err != nil {
		return fmt.Errorf("read last frame: %w", err)
	}
	s.through.Store(last)
	rows, err := s.read.Acks(ctx, HQ)
	if err != nil {
		return fmt.Errorf("read acknowledgements: %w", err)
	}
	for _, r := range rows {
		s.acked.add(run{r.FromSeq, r.ToSeq, r.Kept})
	}
	return nil
}

// name gives the spool a new id.
func (s *Spool) name(ctx context.Context, act string) (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("new spool id: %w", err)
	}
	err = s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		if err := tx.Put(ctx, tableMeta, query.SpoolMeta{Hq: HQ, Name: metaSpool, Value: id.String()}); err != nil {
			return entry.Entry{}, err
		}
		return entry.Entry{Act: act, Actor: s.actor(""), Subject: "spool/" + id.String()}, nil
	})
	return id.String(), err
}

// Close stops the writer and closes the database.
func (s *Spool) Close() error {
	var err error
	if s.w != nil {
		err = s.w.Close()
	}
	if s.db != nil {
		err = errors.Join(err, s.db.Close())
	}
	return err
}

// ID is the id of the spool; with a frame's number it identifies the frame.
func (s *Spool) ID() string { return *s.id.Load() }

// Through is the highest number spooled.
func (s *Spool) Through() int64 { return s.through.Load() }

// Pending is how many frames the headquarters has not acknowledged.
func (s *Spool) Pending() int64 {
	n := s.Through()
	return n - s.acked.count(n)
}

// Storable is nil when the last write reached the disk.
func (s *Spool) Storable() error { return s.w.Fault() }

// Belongs says which terminal this is, for frames and evidence, once the
// headquarters has decided it.
func (s *Spool) Belongs(terminal string) { s.terminal.Store(&terminal) }

func (s *Spool) actor(service string) entry.Actor {
	return entry.Actor{Terminal: *s.terminal.Load(), Service: service}
}

func (s *Spool) meta(ctx context.Context) (map[string]string, error) {
	rows, err := s.read.Meta(ctx, HQ)
	if err != nil {
		return nil, fmt.Errorf("read settings of the spool: %w", err)
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Name] = r.Value
	}
	return out, nil
}

// relieve is what the writer calls once when the disk is full.
func (s *Spool) relieve(cause error) bool {
	released := sqlite.OutOfRoom(cause) && s.reserve.Release()
	if released {
		s.log.Error("the spool cannot write; its reserve is released", "error", cause)
		s.notify(Notice{Kind: Other})
	}
	return released
}

// committed moves the hint after an act that numbered a frame.
func (s *Spool) committed(seq int64) {
	for {
		old := s.through.Load()
		if seq <= old || s.through.CompareAndSwap(old, seq) {
			return
		}
	}
}

// found turns the database's "no rows" into a plain answer.
func found[T any](v T, err error) (T, bool, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return v, false, nil
	}
	return v, err == nil, err
}

func databaseFile(dir string) string { return filepath.Join(dir, "spool.db") }

func schema() fs.FS {
	sub, err := fs.Sub(migrations, "schema")
	if err != nil {
		panic("spool: the embedded schema is missing: " + err.Error())
	}
	return sub
}

func parseMicro(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) }

// storageFault classifies what a file operation returned as the writer does
// for the database: the caller keeps what it has and tries again.
func (s *Spool) storageFault(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Unavailable, "store.full").Because(err)
}

package writer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
)

const (
	maxBatch = 256  // acts in one transaction
	maxQueue = 4096 // acts waiting; a full queue makes callers wait
)

// Act reads, decides and writes through tx, and returns the entry that says
// why. The zero Entry means that nothing had to be written.
type Act func(ctx context.Context, tx *Tx) (entry.Entry, error)

// Head is where the log and the feed stand after a commit.
type Head struct {
	Size int64 // leaves
	Seq  int64 // last change

	Tables []string // that the commit wrote rows of, each once
}

// Options of a writer. HQ and Tables are required.
type Options struct {
	HQ     string
	Tables []Table
	Now    func() time.Time // the clock; time.Now when nil
	// Storage classifies an error of the database: true means that the store
	// cannot write now (full disk, I/O error, connection lost).
	Storage func(error) bool
	// Relieve is called once when the store cannot write, and may free space
	// (the reserve file). True means: try the same batch again.
	Relieve func(error) bool
	// Pipeline runs statements on the writer's connection in one round trip; their
	// results are not needed. Nil where there is no network between: each
	// statement then runs at once.
	Pipeline func(context.Context, *sql.Conn, []Statement) error
	// Unlogged leaves out entries and tree nodes. Only the benchmark sets it, to
	// show what evidence costs; nothing outside a test file can reach it.
	Unlogged bool
}

// Writer commits acts. Close it before its database.
type Writer struct {
	db      *sql.DB
	hq      string
	now     func() time.Time
	storage func(error) bool
	relieve func(error) bool
	send    func(context.Context, *sql.Conn, []Statement) error
	plain   bool
	tables  map[string]Table

	queue chan *Pending
	stop  chan struct{}
	done  chan struct{}

	mu    sync.Mutex
	plans map[planKey]*plan
	hooks []func(Head)
	head  Head
	fault error // the last commit failed because of the store

	// Owned by the loop. conn is held for as long as it works, so that its
	// statements are prepared once.
	edge  *audit.Edge
	conn  *sql.Conn
	stmts map[string]*known
	later later
}

type planKey struct {
	table string
	typ   reflect.Type
}

// Pending is an act that was handed in.
type Pending struct {
	act  Act
	ctx  context.Context
	done chan struct{}
	err  error
}

// Wait returns when the act is durable or was refused. It returns ctx.Err()
// when ctx ends first; the act may still be committed then.
func (p *Pending) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Open starts the writer on a migrated database and holds one of db's
// connections until Close.
func Open(ctx context.Context, db *sql.DB, o Options) (*Writer, error) {
	w := &Writer{
		db: db, hq: o.HQ, now: o.Now, storage: o.Storage, relieve: o.Relieve, send: o.Pipeline, plain: o.Unlogged,
		tables: map[string]Table{}, plans: map[planKey]*plan{},
		queue: make(chan *Pending, maxQueue), stop: make(chan struct{}), done: make(chan struct{}),
	}
	if w.now == nil {
		w.now = time.Now
	}
	if w.storage == nil {
		w.storage = func(error) bool { return false }
	}
	for _, t := range o.Tables {
		w.tables[t.Name] = t
	}
	if err := w.start(ctx); err != nil {
		return nil, err
	}
	go w.loop()
	return w, nil
}

// start makes the head row and loads the edge.
func (w *Writer) start(ctx context.Context) error {
	if _, err := w.db.ExecContext(ctx, "INSERT INTO evidence_head (hq, size, seq) VALUES ($1, 0, 0) ON CONFLICT (hq) DO NOTHING", w.hq); err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	if err := w.db.QueryRowContext(ctx, "SELECT size, seq FROM evidence_head WHERE hq = $1", w.hq).Scan(&w.head.Size, &w.head.Seq); err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	var err error
	w.edge, err = loadEdge(ctx, w.db, w.hq, w.head.Size)
	return err
}

// OnCommit adds a hook that runs after each commit with the new head. It must
// not block: it is a hint, and whoever gets it reads the feed.
func (w *Writer) OnCommit(hook func(Head)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hooks = append(w.hooks, hook)
}

// Head is the head after the last commit of this process.
func (w *Writer) Head() Head {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.head
}

// Fault is why the store could not be written at the last try, or nil.
func (w *Writer) Fault() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fault
}

// Do runs an act and returns when it is durable or was refused.
func (w *Writer) Do(ctx context.Context, act Act) error {
	return w.Submit(ctx, act).Wait(ctx)
}

// Submit hands an act in. Acts of one caller are committed in the order of its
// calls. It blocks while the queue is full.
func (w *Writer) Submit(ctx context.Context, act Act) *Pending {
	p := &Pending{act: act, ctx: ctx, done: make(chan struct{})}
	select {
	case <-w.stop:
		p.finish(closed)
		return p
	default:
	}
	select {
	case w.queue <- p:
	case <-w.stop:
		p.finish(closed)
	case <-ctx.Done():
		p.finish(ctx.Err())
	}
	return p
}

var closed = fault.New(fault.Unavailable, "store.unavailable").Because(errors.New("writer is closed"))

func (p *Pending) finish(err error) {
	p.err = err
	close(p.done)
}

// Close commits what waits and stops.
func (w *Writer) Close() error {
	close(w.stop)
	<-w.done
	// A connection that broke after the last commit has nothing left to lose.
	if err := w.disconnect(); err != nil && !w.storage(err) {
		return err
	}
	return nil
}

// begin starts a transaction on the writer's own connection.
func (w *Writer) begin(ctx context.Context) (*sql.Tx, error) {
	if w.conn == nil {
		c, err := w.db.Conn(ctx)
		if err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		w.conn, w.stmts = c, map[string]*known{}
	}
	tx, err := w.conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	return tx, nil
}

// disconnect gives the connection back: the next batch starts on a fresh one.
func (w *Writer) disconnect() error {
	if w.conn == nil {
		return nil
	}
	var err error
	for _, s := range w.stmts {
		err = errors.Join(err, s.Close())
	}
	err = errors.Join(err, w.conn.Close())
	w.conn, w.stmts = nil, nil
	return err
}

func (w *Writer) loop() {
	defer close(w.done)
	batch := make([]*Pending, 0, maxBatch)
	for {
		batch = batch[:0]
		select {
		case p := <-w.queue:
			batch = append(batch, p)
		case <-w.stop:
			w.drain(batch)
			return
		}
		w.run(w.fill(batch))
	}
}

// fill takes what already waits: no timer, so an idle system commits at once.
func (w *Writer) fill(batch []*Pending) []*Pending {
	for len(batch) < maxBatch {
		select {
		case p := <-w.queue:
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

func (w *Writer) drain(batch []*Pending) {
	for {
		batch = w.fill(batch[:0])
		if len(batch) == 0 {
			return
		}
		w.run(batch)
	}
}

// run commits a batch, act by act when it has to, and answers everybody.
func (w *Writer) run(batch []*Pending) {
	errs, err := w.commit(batch)
	if err != nil && w.storage(err) && w.relieve != nil && w.relieve(err) {
		errs, err = w.commit(batch)
	}
	switch {
	case err == nil:
		w.settle(nil)
		for i, p := range batch {
			p.finish(errs[i])
		}
	case w.storage(err):
		w.settle(err)
		for _, p := range batch {
			p.finish(fault.New(fault.Unavailable, "store.full").Because(err))
		}
	case len(batch) == 1:
		batch[0].finish(err)
	default: // one of them broke the transaction: each runs alone
		for i := range batch {
			w.run(batch[i : i+1])
		}
	}
}

func (w *Writer) settle(err error) {
	w.mu.Lock()
	w.fault = err
	head, hooks := w.head, w.hooks
	w.mu.Unlock()
	if err == nil {
		for _, h := range hooks {
			h(head)
		}
	}
}

// commit runs the batch in one transaction. errs holds each act's refusal; err
// means that nothing of the batch was committed.
func (w *Writer) commit(batch []*Pending) (errs []error, err error) {
	ctx := context.Background() // a caller that goes away must not undo others
	w.later = later{}
	tx, err := w.begin(ctx)
	defer func() {
		if err == nil {
			return
		}
		w.edge = nil // what was appended is not there; the next batch loads it again
		if tx != nil {
			_ = tx.Rollback() // the batch failed already, and the connection may be gone
		}
		if w.storage(err) {
			_ = w.disconnect()
		}
	}()
	if err != nil {
		return nil, err
	}
	head, err := w.lock(ctx, tx)
	if err != nil {
		return nil, err
	}
	l := &log{w: w, head: head, tables: map[string]bool{}}
	errs = make([]error, len(batch))
	for i, p := range batch {
		t := &Tx{w: w, tx: tx, now: w.now().UTC().Truncate(time.Microsecond)}
		e, aerr := runAct(p, t)
		if aerr == nil {
			aerr = t.finish(e)
		}
		if aerr != nil {
			if breaks(t, aerr) {
				return nil, errors.Join(w.later.err, aerr)
			}
			errs[i] = aerr
			continue
		}
		if err := l.add(t, e); err != nil {
			return nil, err
		}
	}
	if err := l.flush(ctx); err != nil {
		return nil, err
	}
	if err := w.flush(ctx); err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	w.mu.Lock()
	w.head = l.head
	w.head.Tables = slices.Collect(maps.Keys(l.tables))
	w.mu.Unlock()
	return errs, nil
}

// runAct turns a panic of an act into that act's error: one broken story must
// not stop the writing of all others.
func runAct(p *Pending, t *Tx) (e entry.Entry, err error) {
	if err := p.ctx.Err(); err != nil {
		return entry.Entry{}, err // nobody waits for it any more
	}
	t.ran = true
	defer func() {
		if r := recover(); r != nil {
			t.dirty = true
			err = fmt.Errorf("act panicked: %v\n%s", r, debug.Stack())
		}
	}()
	// A caller that goes away while its act runs must not break the transaction
	// that holds the acts of others: a cancelled statement closes the connection.
	return p.act(context.WithoutCancel(p.ctx), t)
}

// breaks reports whether an act that failed may have left the transaction
// unusable. A refusal (fault) is a decision; anything else may be a statement
// that failed, after which PostgreSQL refuses every other one.
func breaks(t *Tx, err error) bool {
	return t.dirty || fault.As(err) == nil && t.ran
}

func (w *Writer) planFor(table string, typ reflect.Type) (*plan, error) {
	k := planKey{table, typ}
	w.mu.Lock()
	defer w.mu.Unlock()
	if p, ok := w.plans[k]; ok {
		return p, nil
	}
	t, ok := w.tables[table]
	if !ok {
		return nil, fmt.Errorf("writer: table %s is not registered", table)
	}
	p, err := newPlan(t, typ)
	if err == nil {
		w.plans[k] = p
	}
	return p, err
}

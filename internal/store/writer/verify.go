package writer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/matoi119/matoi/internal/audit"
	"golang.org/x/mod/sumdb/tlog"
)

// Verify compares everything stored for one headquarters with the log, in one
// read transaction: acts may go on meanwhile, and what is read is one moment.
func Verify(ctx context.Context, db *sql.DB, hq string, tables []Table) (audit.Result, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return audit.Result{}, fmt.Errorf("begin to verify: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	return audit.Verify(ctx, &source{db: tx, hq: hq, tables: tables})
}

// Headquarters lists whose logs a database holds.
func Headquarters(ctx context.Context, db *sql.DB) (_ []string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT hq FROM evidence_head UNION SELECT DISTINCT hq FROM evidence_entry ORDER BY hq")
	if err != nil {
		return nil, fmt.Errorf("list headquarters: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []string
	for rows.Next() {
		var hq string
		if err := rows.Scan(&hq); err != nil {
			return nil, fmt.Errorf("list headquarters: %w", err)
		}
		out = append(out, hq)
	}
	return out, rows.Err()
}

// source reads a database for audit.Verify. It orders by key and scans into the
// three types that tables hold, whatever the engine.
type source struct {
	db     *sql.Tx
	hq     string
	tables []Table
}

func (s *source) Head(ctx context.Context) (size, seq int64, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT size, seq FROM evidence_head WHERE hq = $1", s.hq).Scan(&size, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		err = audit.ErrNoHead
	}
	return size, seq, err
}

func (s *source) Entries(ctx context.Context) iter.Seq2[audit.StoredEntry, error] {
	return scanAll(ctx, s.db, "SELECT leaf, at, act, subject, body FROM evidence_entry WHERE hq = $1 ORDER BY leaf", s.hq,
		func(r *sql.Rows) (e audit.StoredEntry, err error) {
			err = r.Scan(&e.Leaf, &e.At, &e.Act, &e.Subject, &e.Body)
			return e, err
		})
}

func (s *source) Nodes(ctx context.Context) iter.Seq2[audit.Node, error] {
	return scanAll(ctx, s.db, "SELECT idx, hash FROM evidence_node WHERE hq = $1 ORDER BY idx", s.hq,
		func(r *sql.Rows) (n audit.Node, err error) {
			var h []byte
			if err = r.Scan(&n.Index, &h); err == nil && len(h) == tlog.HashSize {
				n.Hash = tlog.Hash(h) // another length leaves the zero hash, which matches nothing
			}
			return n, err
		})
}

func (s *source) Changes(ctx context.Context) iter.Seq2[audit.StoredChange, error] {
	return scanAll(ctx, s.db, "SELECT seq, at, kind, subject, detail, leaf FROM feed_change WHERE hq = $1 ORDER BY seq", s.hq,
		func(r *sql.Rows) (c audit.StoredChange, err error) {
			err = r.Scan(&c.Seq, &c.At, &c.Kind, &c.Subject, &c.Detail, &c.Leaf)
			return c, err
		})
}

// Strangers finds rows that no verification of a known headquarters would read.
func (s *source) Strangers(ctx context.Context) ([]string, error) {
	names := []string{"evidence_entry", "evidence_node", "feed_change"}
	for _, t := range s.tables {
		names = append(names, t.Name)
	}
	var out []string
	for _, t := range names {
		var n int64
		err := s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+t+" WHERE hq NOT IN (SELECT hq FROM evidence_head)").Scan(&n)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			out = append(out, t)
		}
	}
	return out, nil
}

// Rows reads every table that acts write.
func (s *source) Rows(ctx context.Context) iter.Seq2[audit.StoredRow, error] {
	return func(yield func(audit.StoredRow, error) bool) {
		for _, t := range s.tables {
			for row, err := range s.table(ctx, t) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

func (s *source) table(ctx context.Context, t Table) iter.Seq2[audit.StoredRow, error] {
	return func(yield func(audit.StoredRow, error) bool) {
		rows, err := s.db.QueryContext(ctx, "SELECT * FROM "+t.Name+" WHERE hq = $1 ORDER BY "+strings.Join(t.Key, ", "), s.hq)
		if err != nil {
			yield(audit.StoredRow{}, fmt.Errorf("read %s: %w", t.Name, err))
			return
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil {
			yield(audit.StoredRow{}, fmt.Errorf("read %s: %w", t.Name, err))
			return
		}
		o := orderOf(columns)
		for rows.Next() {
			row, err := o.read(rows, t)
			if !yield(row, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(audit.StoredRow{}, fmt.Errorf("read %s: %w", t.Name, err))
		}
	}
}

// order maps the database's column order to the canonical one.
type order struct {
	names []string // sorted
	at    []int    // position of each in the query
}

func orderOf(columns []string) order {
	names := slices.Clone(columns)
	slices.Sort(names)
	o := order{names: names}
	for _, n := range names {
		o.at = append(o.at, slices.Index(columns, n))
	}
	return o
}

func (o order) read(rows *sql.Rows, t Table) (audit.StoredRow, error) {
	raw := make([]any, len(o.at))
	into := make([]any, len(o.at))
	for i := range raw {
		into[i] = &raw[i]
	}
	out := audit.StoredRow{Table: t.Name}
	if err := rows.Scan(into...); err != nil {
		return out, fmt.Errorf("read %s: %w", t.Name, err)
	}
	values := make([]any, len(o.at))
	for i, at := range o.at {
		values[i] = raw[at]
	}
	var key []any
	for _, k := range t.Key[1:] {
		key = append(key, values[slices.Index(o.names, k)])
	}
	var err error
	if out.Key, err = audit.RowKey(key); err != nil {
		return out, err
	}
	out.Digest, out.Fault = audit.RowDigest(t.Name, o.names, values)
	return out, nil
}

func scanAll[T any](ctx context.Context, db *sql.Tx, query, hq string, scan func(*sql.Rows) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := db.QueryContext(ctx, query, hq)
		if err != nil {
			yield(none, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			v, err := scan(rows)
			if !yield(v, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, err)
		}
	}
}

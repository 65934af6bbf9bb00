package writer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/entry"
)

// DBTX is what generated queries need; Tx.Query gives one inside the transaction.
type DBTX interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	PrepareContext(context.Context, string) (*sql.Stmt, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// Tx is what one act reads and writes with. It is valid only within the act.
type Tx struct {
	w       *Writer
	tx      *sql.Tx
	now     time.Time
	rows    []audit.Row
	changes []entry.Change
	dirty   bool // wrote something
	ran     bool // was handed to its act
}

// HQ is the headquarters whose rows these are.
func (t *Tx) HQ() string { return t.w.hq }

// Now is the act's time: UTC, whole microseconds.
func (t *Tx) Now() time.Time { return t.now }

// Query reads inside the transaction, so an act sees what earlier acts of its
// batch wrote. Writing through it is a bug: the log would not know the row.
func (t *Tx) Query() DBTX { return safeReads{prepared{t.w, t.tx}} }

// Put writes a row, replacing the one with the same key. row is a struct (or a
// pointer to one) whose fields carry `db:"column"` tags for every column.
func (t *Tx) Put(ctx context.Context, table string, row any) error {
	_, err := t.write(ctx, table, row, true)
	return err
}

// Add writes a row unless one with the same key is there, and reports whether
// it did.
func (t *Tx) Add(ctx context.Context, table string, row any) (bool, error) {
	return t.write(ctx, table, row, false)
}

func (t *Tx) write(ctx context.Context, table string, row any, replace bool) (bool, error) {
	v := reflect.Indirect(reflect.ValueOf(row))
	p, err := t.w.planFor(table, v.Type())
	if err != nil {
		return false, err
	}
	values := p.values(v)
	if values[p.hq] != t.w.hq {
		return false, fmt.Errorf("write %s: the row is of another headquarters", table)
	}
	t.dirty = true
	if replace {
		err = t.w.write(ctx, table, p.put, values)
	} else {
		var n int64
		if n, err = t.w.count(ctx, table, p.add, values); n == 0 && err == nil {
			return false, nil
		}
	}
	if err != nil {
		return false, fmt.Errorf("write %s: %w", table, err)
	}
	if t.w.plain { // the digest is a part of the evidence that is left out
		return true, nil
	}
	c, err := p.commitment(values)
	if err != nil {
		return false, err
	}
	t.rows = append(t.rows, c)
	return true, nil
}

// Remove deletes the row with that key (without hq). The entry keeps its name.
func (t *Tx) Remove(ctx context.Context, table string, key ...any) error {
	tab, ok := t.w.tables[table]
	if !ok || len(key) != len(tab.Key)-1 {
		return fmt.Errorf("remove from %s: no such table or key", table)
	}
	where := make([]string, len(tab.Key))
	for i, k := range tab.Key {
		where[i] = k + " = $" + strconv.Itoa(i+1)
	}
	t.dirty = true
	n, err := t.w.count(ctx, table, "DELETE FROM "+table+" WHERE "+strings.Join(where, " AND "), append([]any{t.w.hq}, safeArgs(key)...))
	if err != nil {
		return fmt.Errorf("remove from %s: %w", table, err)
	}
	if n == 0 {
		return nil
	}
	name, err := audit.RowKey(safeArgs(key))
	if err != nil {
		return err
	}
	t.rows = append(t.rows, audit.Row{Table: table, Key: name, Digest: audit.Gone})
	return nil
}

// Changed announces that a subject looks different now.
func (t *Tx) Changed(c entry.Change) { t.changes = append(t.changes, c) }

// Changes and Rows of one act are bounded so that no entry grows without limit.
const maxRowsPerAct = 4096

var errNoReason = errors.New("writer: an act wrote rows and gave no entry")

// finish checks what the act left.
func (t *Tx) finish(e entry.Entry) error {
	if e.Act == "" && (len(t.rows) > 0 || len(t.changes) > 0) {
		return errNoReason
	}
	if len(t.rows) > maxRowsPerAct || len(t.changes) > maxRowsPerAct {
		return fmt.Errorf("writer: %s wrote %d rows and %d changes at once", e.Act, len(t.rows), len(t.changes))
	}
	return nil
}

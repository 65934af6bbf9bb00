package writer

import (
	"context"
	"strings"
)

// Statement is one write whose result nobody needs.
type Statement struct {
	Query string
	Args  []any
}

// later holds writes that have not been sent. A database behind a network costs
// a round trip for each statement; the writes of an act can go together, with
// those of the acts after it, until somebody reads a table that they touch.
type later struct {
	waiting []Statement
	tables  map[string]bool
	err     error // why they could not be written: the batch is lost
}

// write runs a statement whose result nobody needs: at once, or with others.
func (w *Writer) write(ctx context.Context, table, query string, args []any) error {
	if w.send == nil {
		_, err := w.exec(ctx, query, args)
		return err
	}
	if w.later.tables == nil {
		w.later.tables = map[string]bool{}
	}
	w.later.tables[table] = true
	w.later.waiting = append(w.later.waiting, Statement{query, args})
	if len(w.later.waiting) >= maxWaiting {
		return w.flush(ctx)
	}
	return nil
}

// maxWaiting bounds what one round trip carries.
const maxWaiting = 512

// count runs a statement and says how many rows it touched.
func (w *Writer) count(ctx context.Context, table, query string, args []any) (int64, error) {
	if w.later.tables[table] {
		if err := w.flush(ctx); err != nil {
			return 0, err
		}
	}
	res, err := w.exec(ctx, query, args)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// settleFor sends what waits when a query may read it. A text that merely holds
// the name of a table costs a round trip and nothing else.
func (w *Writer) settleFor(ctx context.Context, query string) error {
	for table := range w.later.tables {
		if strings.Contains(query, table) {
			return w.flush(ctx)
		}
	}
	return w.later.err
}

// flush sends what waits.
func (w *Writer) flush(ctx context.Context) error {
	if w.later.err != nil || len(w.later.waiting) == 0 {
		return w.later.err
	}
	w.later.err = w.send(ctx, w.conn, w.later.waiting)
	clear(w.later.waiting)
	w.later.waiting = w.later.waiting[:0]
	clear(w.later.tables)
	return w.later.err
}

package writer

import (
	"context"
	"database/sql"
)

// known is a prepared statement and how often it ran.
type known struct {
	*sql.Stmt
	runs, renew int
}

// firstRenewal and renewalStep are when a statement is prepared anew: after 64
// runs, 512, 4 096 … PostgreSQL keeps the plan that it made first, and in an empty
// table all indexes look the same, because each begins with the headquarters: a
// new store read all its reports for each arrival until it was analysed, and took
// 400 reports a second in place of thousands.
const (
	firstRenewal = 64
	renewalStep  = 8
)

// statement prepares each SQL text once for the writer's connection. A Stmt of
// that connection runs inside the transaction that is open on it; going through
// Tx.StmtContext would prepare it again every time, which is a fifth of the cost of
// a small act.
func (w *Writer) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	k, ok := w.stmts[query]
	if ok && k.runs < k.renew {
		k.runs++
		return k.Stmt, nil
	}
	next := &known{renew: firstRenewal}
	if ok {
		next.renew = k.renew * renewalStep
		delete(w.stmts, query)
		if err := k.Close(); err != nil {
			return nil, err
		}
	}
	var err error
	if next.Stmt, err = w.conn.PrepareContext(ctx, query); err != nil {
		return nil, err
	}
	w.stmts[query] = next
	return next.Stmt, nil
}

// exec runs one of the writer's own statements.
func (w *Writer) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	s, err := w.statement(ctx, query) //nolint:sqlclosecheck // it is kept for as long as its connection
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// prepared is what acts read with: the transaction, with each generated query
// prepared once. Texts are those of the program, so their number is bounded.
type prepared struct {
	w *Writer
	*sql.Tx
}

// QueryContext implements DBTX.
func (p prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := p.w.settleFor(ctx, query); err != nil {
		return nil, err
	}
	s, err := p.w.statement(ctx, query) //nolint:sqlclosecheck // it is kept for as long as its connection
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext implements DBTX. What cannot be prepared, or comes after a
// write that failed, fails in the transaction, which gives the error to Scan.
func (p prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	err := p.w.settleFor(ctx, query)
	if err != nil {
		return p.Tx.QueryRowContext(ctx, query, args...)
	}
	s, err := p.w.statement(ctx, query) //nolint:sqlclosecheck // it is kept for as long as its connection
	if err != nil {
		return p.Tx.QueryRowContext(ctx, query, args...)
	}
	return s.QueryRowContext(ctx, args...)
}

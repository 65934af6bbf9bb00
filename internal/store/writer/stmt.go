package writer

import (
	"context"
	"database/sql"
)

// statement prepares each SQL text once for the writer's connection. A Stmt of
// that connection runs inside the transaction that is open on it; going through
// Tx.StmtContext would prepare it again every time, which is a fifth of the cost of
// a small act.
func (w *Writer) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := w.stmts[query]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	w.stmts[query] = s
	return s, nil
}

// exec runs one of the writer's own statements.
func (w *Writer) exec(ctx context.Context, _ *sql.Tx, query string, args []any) (sql.Result, error) {
	s, err := w.statement(ctx, query)
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
	s, err := p.w.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext implements DBTX. What cannot be prepared fails in the
// transaction, which gives the error to Scan.
func (p prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := p.w.statement(ctx, query)
	if err != nil {
		return p.Tx.QueryRowContext(ctx, query, args...)
	}
	return s.QueryRowContext(ctx, args...)
}

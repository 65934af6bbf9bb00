package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// Prepared reads with statements that each connection of the pool prepares
// once: parsing a generated query costs more than most of them do. Texts are
// those of the program, so their number is bounded. Statements end with the
// pool. (pgx does the same by itself.)
type Prepared struct {
	*sql.DB
	mu    sync.RWMutex
	stmts map[string]*sql.Stmt
}

// NewPrepared reads through db.
func NewPrepared(db *sql.DB) *Prepared { return &Prepared{DB: db, stmts: map[string]*sql.Stmt{}} }

func (p *Prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.RLock()
	s := p.stmts[query]
	p.mu.RUnlock()
	if s != nil {
		return s, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.stmts[query]; s != nil {
		return s, nil
	}
	s, err := p.PrepareContext(ctx, query) //nolint:sqlclosecheck // it is kept for as long as its connection
	if err == nil {
		p.stmts[query] = s
	}
	return s, err
}

// QueryContext implements what generated queries need.
func (p *Prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := p.statement(ctx, query) //nolint:sqlclosecheck // it is kept for as long as its connection
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext implements what generated queries need. What cannot be
// prepared fails on the pool, which gives the error to Scan.
func (p *Prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := p.statement(ctx, query) //nolint:sqlclosecheck // it is kept for as long as its connection
	if err != nil {
		return p.DB.QueryRowContext(ctx, query, args...)
	}
	return s.QueryRowContext(ctx, args...)
}

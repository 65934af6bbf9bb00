// Package postgres opens the engine for headquarters that outgrow one machine.
// It takes the same SQL text as SQLite.
package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/matoi119/matoi/internal/store/writer"
)

// DB is an open database. Write has one connection: the group-commit writer's.
type DB struct {
	Write *sql.DB
	Read  *sql.DB
}

// Open connects. dsn is a libpq connection string or URL; several hosts with
// target_session_attrs=read-write find the primary.
func Open(ctx context.Context, dsn string) (_ *DB, err error) {
	d := new(DB)
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err) // pgx removes the password from it
	}
	// A commit is durable on every host that the operator named as synchronous;
	// the weakest that we accept is the primary's own disk.
	cfg.RuntimeParams["application_name"] = "matoi"
	d.Write = stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, false)")
		return err
	}))
	d.Write.SetMaxOpenConns(1)
	if err = d.Write.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("connect to the database: %w", err)
	}
	d.Read = openRead(cfg)
	return d, nil
}

// OpenRead connects for reading alone.
func OpenRead(ctx context.Context, dsn string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database address: %w", err) // pgx removes the password from it
	}
	db := openRead(cfg)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to the database: %w", err), db.Close())
	}
	return db, nil
}

// readLife is how long a connection reads. Its plans are those of the sizes that
// tables had when it began; in a new store all indexes look the same.
const readLife = 30 * time.Second

func openRead(cfg *pgx.ConnConfig) *sql.DB {
	db := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SET default_transaction_read_only = on")
		return err
	}))
	db.SetMaxOpenConns(8)
	db.SetConnMaxLifetime(readLife)
	return db
}

// Pipeline runs statements in one round trip, inside whatever transaction is
// open on the connection (writer.Options.Pipeline).
func Pipeline(ctx context.Context, conn *sql.Conn, statements []writer.Statement) error {
	return conn.Raw(func(raw any) error {
		c, ok := raw.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("postgres: pipeline on a %T", raw)
		}
		b := new(pgx.Batch)
		for _, s := range statements {
			b.Queue(s.Query, s.Args...)
		}
		return c.Conn().SendBatch(ctx, b).Close()
	})
}

// Close closes both pools.
func (d *DB) Close() error {
	var err error
	for _, p := range []*sql.DB{d.Read, d.Write} {
		if p != nil {
			err = errors.Join(err, p.Close())
		}
	}
	return err
}

// readOnly is the code of a server that only reads: a standby before it was
// made the primary.
const readOnly = "25006"

// CannotStore reports whether err means that the database cannot be written
// now: connection lost, no resources, operator's intervention, I/O error.
func CannotStore(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch class := e.Code[:min(2, len(e.Code))]; class {
		case "08", "53", "57", "58", "XX":
			return true
		}
		return e.Code == readOnly
	}
	var c *pgconn.ConnectError
	return errors.As(err, &c) || pgconn.SafeToRetry(err) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) ||
		err != nil && strings.Contains(err.Error(), "conn closed") || pgconn.Timeout(err) || isNet(err)
}

// isNet reports whether the connection broke under the statement.
func isNet(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

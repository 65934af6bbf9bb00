package bench

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/seal"
	pgstore "github.com/matoi119/matoi/internal/store/postgres"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/pressly/goose/v3"
)

const rowBytes = 1024

// line is the row that everybody writes.
type line struct {
	HQ   string `db:"hq"`
	ID   string `db:"id"`
	N    int64  `db:"n"`
	Body []byte `db:"body"`
}

var lines = fstest.MapFS{"0100_line.sql": {Data: []byte(`-- +goose Up
CREATE TABLE line (hq TEXT NOT NULL, id TEXT NOT NULL, n BIGINT NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (hq, id));`)}}

// BenchmarkWrite compares one row through a minimal group commit with the same
// row through the writer, and switches on one factor after the other.
func BenchmarkWrite(b *testing.B) {
	t := Table{Title: "Durable rows per second, 32 submitters, 1 KiB", Heads: WriteHeads()}
	for _, e := range engines(b) {
		b.Run(e.name, func(b *testing.B) {
			dsn := e.dsn()
			Interleave(b, &t, e.name, writeCells(b, dsn))
			t.Note("%s.", version(b, dsn))
		})
	}
	t.Note("Medians of %d interleaved rounds of %v; ratios are medians of the ratios within a round.", Rounds, CellTime)
	print(b, &t)
}

// version is that of the engine, as it says itself.
func version(b *testing.B, dsn string) string {
	b.Helper()
	ask, name := "SELECT sqlite_version()", "SQLite "
	if dsn != "" {
		ask, name = "SHOW server_version", "PostgreSQL "
	}
	var v string
	if err := database(b, dsn).QueryRowContext(b.Context(), ask).Scan(&v); err != nil {
		b.Fatal(err)
	}
	return name + v
}

// writeCells opens a database for each cell.
func writeCells(b *testing.B, dsn string) []Cell {
	keys, err := seal.OpenDir(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	cells := []Cell{{Name: "raw group commit", Write: rawCell(b, database(b, dsn))}}
	for _, f := range []struct {
		name                        string
		unlogged, announced, sealed bool
		extends                     int
	}{
		{"writer, no entry", true, false, false, 0},
		{"writer, entry and Merkle nodes", false, false, false, 1},
		{"writer, entry, nodes, change feed", false, true, false, 2},
		{"writer, no entry, sealed", true, false, true, 1},
		{"writer, entry, nodes, change feed, sealed", false, true, true, 3},
	} {
		w, err := writer.Open(b.Context(), database(b, dsn), writer.Options{HQ: "hq", Tables: []writer.Table{{Name: "line", Key: []string{"hq", "id"}}}, Unlogged: f.unlogged})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { w.Close() })
		cells = append(cells, Cell{Name: f.name, Extends: f.extends, Write: func(ctx context.Context, n int64) error {
			return w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
				l := newLine(n)
				if f.sealed {
					var err error
					if l.Body, err = keys.Seal(seal.Caller, l.Body, []byte("line/"+l.ID)); err != nil {
						return entry.Entry{}, err
					}
				}
				if f.announced {
					tx.Changed(entry.Change{Kind: "line", Subject: l.ID, Detail: "line.put"})
				}
				return entry.Entry{Act: "line.put", Subject: "line/" + l.ID}, tx.Put(ctx, "line", l)
			})
		}})
	}
	return cells
}

func newLine(n int64) line {
	body := make([]byte, rowBytes)
	for i := range body {
		body[i] = byte(n + int64(i))
	}
	return line{HQ: "hq", ID: fmt.Sprintf("%020d", n), N: n, Body: body}
}

// database opens an empty migrated database of its own on the engine of dsn (""
// is SQLite).
func database(b *testing.B, dsn string) (out *sql.DB) {
	b.Helper()
	dialect := goose.DialectSQLite3
	if dsn == "" {
		d, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "lines.db"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { d.Close() })
		out = d.Write
	} else {
		d, err := pgstore.Open(b.Context(), postgres(b))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { d.Close() })
		out, dialect = d.Write, goose.DialectPostgres
	}
	if err := writer.Migrate(b.Context(), dialect, out, lines); err != nil {
		b.Fatal(err)
	}
	return out
}

// rawCell is the reference: one goroutine drains a channel into one transaction
// and answers all callers. Nothing else.
func rawCell(b *testing.B, db *sql.DB) func(context.Context, int64) error {
	type put struct {
		l    line
		done chan error
	}
	queue := make(chan put, 4096)
	stopped := make(chan struct{})
	conn, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	insert, err := conn.PrepareContext(b.Context(), "INSERT INTO line (hq, id, n, body) VALUES ($1, $2, $3, $4)")
	if err != nil {
		b.Fatal(err)
	}
	commit := func(batch []put) error {
		tx, err := conn.BeginTx(context.Background(), nil)
		if err != nil {
			return err
		}
		for _, p := range batch {
			if _, err := insert.Exec(p.l.HQ, p.l.ID, p.l.N, p.l.Body); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
	go func() {
		defer close(stopped)
		for first := range queue {
			batch := []put{first}
			for len(batch) < 256 && len(queue) > 0 {
				batch = append(batch, <-queue)
			}
			err := commit(batch)
			for _, p := range batch {
				p.done <- err
			}
		}
	}()
	b.Cleanup(func() {
		close(queue)
		<-stopped
		insert.Close()
		conn.Close()
	})
	return func(_ context.Context, n int64) error {
		p := put{newLine(n), make(chan error, 1)}
		queue <- p
		return <-p.done
	}
}

package writer_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/store/postgres"
	"github.com/matoi119/matoi/internal/store/postgres/postgrestest"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/pressly/goose/v3"
)

var server *postgrestest.Server

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func(s *postgrestest.Server) { server = s }))
}

type note struct {
	HQ   string `db:"hq"`
	ID   string `db:"id"`
	N    int64  `db:"n"`
	Body []byte `db:"body"`
}

var tables = []writer.Table{{Name: "note", Key: []string{"hq", "id"}}}

var room = fstest.MapFS{"0100_note.sql": {Data: []byte(`-- +goose Up
CREATE TABLE note (hq TEXT NOT NULL, id TEXT NOT NULL, n BIGINT NOT NULL CHECK (n >= 0), body BYTEA NOT NULL, PRIMARY KEY (hq, id));`)}}

type engine struct {
	name    string
	again   func() *sql.DB // another process's connections
	write   *sql.DB
	read    *sql.DB
	storage func(error) bool
	// together is how writes go in one round trip; nil where each goes at once.
	together func(context.Context, *sql.Conn, []writer.Statement) error
}

// engines opens an empty migrated database on each engine.
func engines(t testing.TB) []engine {
	t.Helper()
	file, dsn := filepath.Join(t.TempDir(), "store.db"), server.Database(t)
	openLite := func() *sqlite.DB {
		d, err := sqlite.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}
	openPG := func() *postgres.DB {
		d, err := postgres.Open(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}
	lite, pg := openLite(), openPG()
	for d, db := range map[goose.Dialect]*sql.DB{goose.DialectSQLite3: lite.Write, goose.DialectPostgres: pg.Write} {
		if err := writer.Migrate(t.Context(), d, db, room); err != nil {
			t.Fatal(err)
		}
	}
	return []engine{
		{"sqlite", func() *sql.DB { return openLite().Write }, lite.Write, lite.Read, sqlite.CannotStore, nil},
		{"postgres", func() *sql.DB { return openPG().Write }, pg.Write, pg.Read, postgres.CannotStore, postgres.Pipeline},
	}
}

func each(t *testing.T, test func(t *testing.T, e engine, w *writer.Writer)) {
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			w, err := writer.Open(t.Context(), e.write, writer.Options{HQ: "hq", Tables: tables, Storage: e.storage, Pipeline: e.together})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { w.Close() })
			test(t, e, w)
		})
	}
}

func put(id string, n int64) writer.Act {
	return func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		err := tx.Put(ctx, "note", note{HQ: tx.HQ(), ID: id, N: n, Body: []byte(id)})
		tx.Changed(entry.Change{Kind: "note", Subject: id})
		return entry.Entry{Act: "note.put", Subject: "note/" + id}, err
	}
}

func verify(t *testing.T, e engine, wantEntries int64) {
	t.Helper()
	r, err := writer.Verify(t.Context(), e.read, "hq", tables)
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() {
		t.Errorf("findings: %v", r.Findings)
	}
	if r.Entries != wantEntries {
		t.Errorf("%d entries, want %d", r.Entries, wantEntries)
	}
}

func TestConcurrentActsAreAllDurableAndVerify(t *testing.T) {
	each(t, func(t *testing.T, e engine, w *writer.Writer) {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				for j := range 40 {
					if err := w.Do(t.Context(), put(fmt.Sprintf("%d-%d", i, j%20), int64(j))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		verify(t, e, 640)
		if h := w.Head(); h.Size != 640 || h.Seq != 640 {
			t.Errorf("head %+v", h)
		}
	})
}

// What an act wrote, it and the acts after it read, whether or not the writes
// have been sent yet; a row that is written again is the later one.
func TestActsReadWhatWasWritten(t *testing.T) {
	each(t, func(t *testing.T, e engine, w *writer.Writer) {
		count := func(want int64) writer.Act {
			return func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
				for i := range want {
					if err := tx.Put(ctx, "note", note{HQ: tx.HQ(), ID: "n", N: i}); err != nil {
						return entry.Entry{}, err
					}
				}
				var n int64
				if err := tx.Query().QueryRowContext(ctx, "SELECT n FROM note WHERE hq = $1 AND id = $2", tx.HQ(), "n").Scan(&n); err != nil || n != want-1 {
					t.Errorf("read %d, %v, want %d", n, err, want-1)
				}
				if added, err := tx.Add(ctx, "note", note{HQ: tx.HQ(), ID: "n"}); added || err != nil {
					t.Errorf("added %t, %v: it is there", added, err)
				}
				return entry.Entry{Act: "note.put", Subject: "note/n"}, nil
			}
		}
		for _, n := range []int64{1, 3, 1200} {
			if err := w.Do(t.Context(), count(n)); err != nil {
				t.Fatal(err)
			}
		}
		verify(t, e, 3)
	})
}

// One act that fails after writing must not take its batch with it, and must
// leave nothing behind.
func TestBrokenActLeavesNothingAndHarmsNobody(t *testing.T) {
	boom := errors.New("boom")
	bad := map[string]writer.Act{
		"error after writing": func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			return entry.Entry{}, errors.Join(tx.Put(ctx, "note", note{HQ: "hq", ID: "bad", Body: nil}), boom)
		},
		"a row that the database refuses": func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			return entry.Entry{Act: "bad", Subject: "note/bad"}, tx.Put(ctx, "note", note{HQ: "hq", ID: "bad", N: -1})
		},
		"a refused row, and a read after it": func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			if err := tx.Put(ctx, "note", note{HQ: "hq", ID: "bad", N: -1}); err != nil {
				return entry.Entry{}, err
			}
			var n int64
			return entry.Entry{Act: "bad", Subject: "note/bad"}, tx.Query().QueryRowContext(ctx, "SELECT COUNT(*) FROM note WHERE hq = $1", "hq").Scan(&n)
		},
		"no reason": func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			return entry.Entry{}, tx.Put(ctx, "note", note{HQ: "hq", ID: "bad"})
		},
		"panic": func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			_ = tx.Put(ctx, "note", note{HQ: "hq", ID: "bad"})
			panic("broken story")
		},
		"bad SQL": func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			_, err := tx.Query().ExecContext(ctx, "INSERT INTO nowhere VALUES (1)")
			return entry.Entry{Act: "bad"}, errors.Join(err, tx.Put(ctx, "note", note{HQ: "hq", ID: "bad"}))
		},
		"other headquarters": func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			return entry.Entry{Act: "bad"}, tx.Put(ctx, "note", note{HQ: "other", ID: "bad"})
		},
	}
	each(t, func(t *testing.T, e engine, w *writer.Writer) {
		var good int64
		for name, act := range bad {
			var pending []*writer.Pending
			for i := range 20 {
				pending = append(pending, w.Submit(t.Context(), put(fmt.Sprint(name, i), 1)))
				if i == 10 {
					pending = append(pending, w.Submit(t.Context(), act))
				}
			}
			for i, p := range pending {
				err := p.Wait(t.Context())
				if broken := i == 11; broken != (err != nil) {
					t.Errorf("%s: act %d: %v", name, i, err)
				}
			}
			good += 20
		}
		var n int
		if err := e.read.QueryRow("SELECT COUNT(*) FROM note WHERE id = 'bad'").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows of broken acts, %v", n, err)
		}
		verify(t, e, good)
	})
}

func TestARefusalWithoutWritesCostsNothing(t *testing.T) {
	each(t, func(t *testing.T, e engine, w *writer.Writer) {
		no := errors.New("no")
		err := w.Do(t.Context(), func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) { return entry.Entry{}, no })
		if !errors.Is(err, no) {
			t.Error(err)
		}
		verify(t, e, 0)
	})
}

// Two writers on one database stand for two processes: leaves and changes stay
// without gaps, and each sees what the other wrote.
func TestTwoWritersShareOneLog(t *testing.T) {
	each(t, func(t *testing.T, e engine, a *writer.Writer) {
		b, err := writer.Open(t.Context(), e.again(), writer.Options{HQ: "hq", Tables: tables, Storage: e.storage, Pipeline: e.together})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		var wg sync.WaitGroup
		for i, w := range []*writer.Writer{a, b} {
			wg.Go(func() {
				for j := range 50 {
					if err := w.Do(t.Context(), put(fmt.Sprint(i, "-", j), 0)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		verify(t, e, 100)
	})
}

// AC-15: whatever is changed behind the writer's back is found.
func TestEveryChangedThingIsFound(t *testing.T) {
	tamper := map[string]string{
		"row value":        "UPDATE note SET n = 99 WHERE id = 'a'",
		"row bytes":        "UPDATE note SET body = body || body WHERE id = 'a'",
		"row key":          "UPDATE note SET id = 'z' WHERE id = 'a'",
		"row removed":      "DELETE FROM note WHERE id = 'a'",
		"row added":        "INSERT INTO note SELECT hq, 'new', n, body FROM note WHERE id = 'a'",
		"row of nobody":    "INSERT INTO note SELECT 'ghost', id, n, body FROM note WHERE id = 'a'",
		"removed row back": "INSERT INTO note SELECT hq, 'gone', n, body FROM note WHERE id = 'a'",
		"entry column":     "UPDATE evidence_entry SET act = 'x' WHERE leaf = 1",
		"entry subject":    "UPDATE evidence_entry SET subject = 'x' WHERE leaf = 1",
		"entry time":       "UPDATE evidence_entry SET at = at + 1 WHERE leaf = 1",
		"entry body":       "UPDATE evidence_entry SET body = (SELECT body FROM evidence_entry WHERE leaf = 0) WHERE leaf = 1",
		"entry removed":    "DELETE FROM evidence_entry WHERE leaf = 1",
		"last entry":       "DELETE FROM evidence_entry WHERE leaf = 3",
		"node":             "UPDATE evidence_node SET hash = (SELECT hash FROM evidence_node WHERE idx = 1) WHERE idx = 0",
		"node removed":     "DELETE FROM evidence_node WHERE idx = 2",
		"change":           "UPDATE feed_change SET subject = 'x' WHERE seq = 2",
		"change time":      "UPDATE feed_change SET at = at + 1 WHERE seq = 2",
		"change removed":   "DELETE FROM feed_change WHERE seq = 2",
		"head size":        "UPDATE evidence_head SET size = size + 1",
		"head seq":         "UPDATE evidence_head SET seq = seq - 1",
	}
	for name, statement := range tamper {
		t.Run(name, func(t *testing.T) {
			for _, e := range engines(t) {
				w, err := writer.Open(t.Context(), e.write, writer.Options{HQ: "hq", Tables: tables})
				if err != nil {
					t.Fatal(err)
				}
				remove := func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
					return entry.Entry{Act: "note.remove"}, tx.Remove(ctx, "note", "gone")
				}
				for _, act := range []writer.Act{put("a", 1), put("b", 2), put("gone", 3), remove} {
					if err := w.Do(t.Context(), act); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				verify(t, e, 4)
				if _, err := e.write.Exec(statement); err != nil {
					t.Fatal(err)
				}
				r, err := writer.Verify(t.Context(), e.read, "hq", tables)
				if err != nil {
					t.Fatal(err)
				}
				if r.OK() {
					t.Errorf("%s: not found", e.name)
				}
			}
		})
	}
}

// SQLITE_FULL from the engine itself, by a page limit: callers are told that
// nothing was stored, the reserve is released once, and writing goes on when
// there is room again.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := writer.Migrate(t.Context(), goose.DialectSQLite3, db.Write, room); err != nil {
		t.Fatal(err)
	}
	relieved := 0
	w, err := writer.Open(t.Context(), db.Write, writer.Options{
		HQ: "hq", Tables: tables, Storage: sqlite.CannotStore,
		Relieve: func(error) bool { relieved++; return false },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Do(t.Context(), put("before", 1)); err != nil {
		t.Fatal(err)
	}
	limit := func(pages string) { // the limit belongs to the writer's connection, so an act sets it
		err := w.Do(t.Context(), func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			_, err := tx.Query().ExecContext(ctx, "PRAGMA max_page_count = "+pages)
			return entry.Entry{}, err
		})
		if err != nil {
			t.Error(err)
		}
	}
	limit("1") // SQLite raises it to the present size: no page can be added
	big := func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		return entry.Entry{Act: "note.put"}, tx.Put(ctx, "note", note{HQ: "hq", ID: "big", Body: make([]byte, 1<<20)})
	}
	if err := w.Do(t.Context(), big); err == nil || !strings.Contains(err.Error(), "store.full") {
		t.Fatalf("full disk: %v", err)
	}
	if relieved == 0 || w.Fault() == nil {
		t.Errorf("relieved %d times, fault %v", relieved, w.Fault())
	}
	limit("1000000")
	if err := w.Do(t.Context(), big); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	if w.Fault() != nil {
		t.Errorf("fault stays: %v", w.Fault())
	}
	r, err := writer.Verify(t.Context(), db.Read, "hq", tables)
	if err != nil || !r.OK() || r.Entries != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

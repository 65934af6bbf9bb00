package spool

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/stdif"
)

// filled is a closed spool with a row in every table.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir, nil)
	if _, err := s.AddService(t.Context(), Service{ID: "net119.example", Name: "Net119"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Offer(t.Context(), "net119.example", stdif.Offer{Takes: []stdif.Verb{stdif.VerbGuide}}); err != nil {
		t.Fatal(err)
	}
	taken(t, s, actual(report("N-1", 1)))
	upload(t, s, "m1", pattern(chunkBytes+100))
	taken(t, s, Intake{Inbound: stdif.Inbound{Chat: &stdif.ChatMessage{ID: "c1", ReportID: "N-1", From: stdif.FromCaller, At: eventTime, Text: "はい"}}})
	in := stdif.Input{ID: "i1", ServiceID: "net119.example", ReportID: "N-1", Verb: stdif.VerbMessage, At: eventTime, Message: &stdif.ChatMessage{ID: "i1", Text: "はい"}}
	if _, err := s.TakeInputs(t.Context(), []stdif.Input{in}, func(string, stdif.Verb) bool { return true }); err != nil {
		t.Fatal(err)
	}
	acknowledge(t, s, 1, 2)
	if err := s.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantSound(t, dir)
	return dir
}

func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// change runs SQL on a spool behind the writer's back.
func change(t *testing.T, dir, query string) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), databaseFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Write.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func wantFound(t *testing.T, dir, what string) {
	t.Helper()
	if r, err := Verify(context.Background(), dir); err == nil && r.OK() {
		t.Errorf("%s: nothing was found", what)
	}
}

// Every column of every row, changed by one: matoi verify finds it.
func TestVerifyFindsEveryColumn(t *testing.T) {
	dir := filled(t)
	db, err := sqlite.Open(t.Context(), databaseFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for _, tab := range Tables() {
		tables = append(tables, tab.Name)
	}
	tables = append(tables, "evidence_entry", "evidence_node", "evidence_head")
	columns := map[string][]string{}
	for _, tab := range tables {
		columns[tab] = columnsOf(t, db.Read, tab)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tab := range tables {
		for _, col := range columns[tab] {
			c := copyDir(t, dir)
			value := fmt.Sprintf("CASE typeof(%[1]s) WHEN 'integer' THEN %[1]s + 1 WHEN 'text' THEN %[1]s || 'x' ELSE CAST(%[1]s || x'00' AS BLOB) END", col)
			change(t, c, fmt.Sprintf("UPDATE %s SET %s = %s WHERE rowid = (SELECT max(rowid) FROM %[1]s)", tab, col, value))
			wantFound(t, c, tab+"."+col)
		}
		if tab != "evidence_head" {
			c := copyDir(t, dir)
			change(t, c, fmt.Sprintf("DELETE FROM %s WHERE rowid = (SELECT max(rowid) FROM %[1]s)", tab))
			wantFound(t, c, "a row of "+tab+" removed")
		}
	}
}

func columnsOf(t *testing.T, db *sql.DB, table string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" LIMIT 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatalf("%s is empty: the test would prove nothing", table)
	}
	names, err := rows.Columns()
	if err := errors.Join(err, rows.Err()); err != nil {
		t.Fatal(err)
	}
	return names
}

// Every byte of a media file counts, and so does the file.
func TestVerifyFindsMedia(t *testing.T) {
	dir := filled(t)
	files, err := os.ReadDir(filepath.Join(dir, "media"))
	if err != nil || len(files) != 1 {
		t.Fatalf("media files: %v %v", files, err)
	}
	name := files[0].Name()
	whole, err := os.ReadFile(filepath.Join(dir, "media", name))
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(whole); at += 997 {
		c := copyDir(t, dir)
		file := filepath.Join(c, "media", name)
		broken := append([]byte(nil), whole...)
		broken[at] ^= 1
		if err := os.WriteFile(file, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		wantFound(t, c, fmt.Sprintf("byte %d of a medium", at))
	}
	c := copyDir(t, dir)
	if err := os.Remove(filepath.Join(c, "media", name)); err != nil {
		t.Fatal(err)
	}
	wantFound(t, c, "a medium removed")
	if _, err := Verify(t.Context(), t.TempDir()); err == nil {
		t.Error("an empty directory was found sound")
	}
}

// A clock that jumps changes what is written about times and nothing else:
// numbers go on, nothing is purged, everything is found sound.
func TestClockJumps(t *testing.T) {
	now := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	var c clock
	dir := t.TempDir()
	s, err := Open(t.Context(), Options{Dir: dir, Reserve: -1, Elapsed: c.elapsed, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	want := int64(0)
	for _, jump := range []time.Duration{0, 365 * 24 * time.Hour, -2 * 365 * 24 * time.Hour, 11 * time.Minute, -11 * time.Minute} {
		now = now.Add(jump)
		id := fmt.Sprintf("N-%d", want)
		want++
		if out := taken(t, s, actual(report(id, 1))); out.Seq != want {
			t.Errorf("after %v: number %d, want %d", jump, out.Seq, want)
		}
		acknowledge(t, s, want, want)
		if _, err := s.Finish(t.Context(), Service{ID: "net119.example", OutputOnly: true}, id, "handled", now); err != nil {
			t.Fatal(err)
		}
		want++
		acknowledge(t, s, want, want)
		c.pass(time.Hour)
		if err := s.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	frames, err := s.Frames(t.Context(), 1, 99, 99)
	if err != nil || int64(len(frames)) != want {
		t.Errorf("%d frames are left, want %d: a clock purged (%v)", len(frames), want, err)
	}
	wantSound(t, dir)
}

// A directory from before a crash opens: the log is torn at every place.
func TestTornLog(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	for i := range 20 {
		taken(t, s, actual(report(fmt.Sprintf("N-%d", i), 1)))
	}
	live := copyDir(t, dir) // as a kill leaves it: the log is not folded in
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(live, "spool.db-wal"))
	if err != nil || len(log) == 0 {
		t.Fatalf("no write-ahead log to tear: %v", err)
	}
	for _, cut := range []int{len(log) - 1, len(log) - 100, len(log) - 5000, len(log) / 2, len(log) / 4, 40, 1} {
		c := copyDir(t, live)
		if err := os.WriteFile(filepath.Join(c, "spool.db-wal"), log[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(filepath.Join(c, "spool.db-shm")) // made anew
		s := open(t, c, nil)
		through := s.Through()
		frames, err := s.Frames(t.Context(), 1, 99, 99)
		if err != nil || int64(len(frames)) != through {
			t.Errorf("cut at %d of %d: %d frames of %d, %v", cut, len(log), len(frames), through, err)
		}
		if out := taken(t, s, actual(report("NEXT", 1))); out.Seq != through+1 {
			t.Errorf("cut at %d: next number %d, want %d", cut, out.Seq, through+1)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wantSound(t, c)
	}
}

package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
)

const hq = "279999"

func openHouse(t *testing.T, dir string) *House {
	t.Helper()
	h, err := OpenHouse(t.Context(), HouseConfig{HQ: hq, Name: "例示消防本部", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// must fails the test at an error of a story.
func must[V any](t *testing.T) func(V, error) V {
	return func(v V, err error) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lively lets so much happen in a headquarters that every table has rows.
func lively(t *testing.T, h *House) {
	t.Helper()
	ctx, cl, gw := t.Context(), act.CommandLine(), act.Gateway()
	ok(t, h.Acts.Enrol(ctx, cl, terminal.Terminal{
		ID: "t-01", Name: "端末", Place: "通信室", Address: "127.0.0.1:8443",
		Services: []terminal.Service{{ID: "net119", Name: "ネット119"}}, Serials: []string{"01"}, EnrolledAt: time.Now(),
	}))
	ok(t, h.Acts.Link(ctx, gw, terminal.Link{TerminalID: "t-01", State: terminal.Ready, Since: time.Now()}))
	p := must[staff.Person](t)(h.Acts.AddPerson(ctx, cl, "sato", "佐藤", "a-long-password", []staff.Role{staff.Dispatcher}))
	code := must[string](t)(h.IssueConsole(ctx, "", "指令台1", true))
	seat, _, err := h.Acts.JoinConsole(ctx, act.Machine(authz.KindStranger), code)
	ok(t, err)
	at := act.Who{Principal: authz.OfConsole(seat.ID), Console: seat.ID}
	if _, _, err := h.Acts.LogIn(ctx, at, "sato", "wrong"); fault.Of(err) != fault.Unknown {
		t.Fatalf("a wrong password: %v", err)
	}
	_, _, err = h.Acts.LogIn(ctx, at, "sato", "a-long-password")
	ok(t, err)
	who := act.Who{Principal: authz.OfPerson(p), Console: seat.ID}
	for seq, in := range []stdif.Inbound{
		{Report: &stdif.Report{
			ID: "N-1", Revision: 1, EventTime: time.Now(), Kind: stdif.IncidentType{Code: stdif.KindOther}, Text: "煙",
			Subscriber: &stdif.SubscriberInfo{Phone: "090-1234-5678"},
		}},
		{Chat: &stdif.ChatMessage{ID: "c1", ReportID: "N-1", From: stdif.FromCaller, At: time.Now(), Text: "はい"}},
		{Media: &stdif.Media{ID: "m1", ReportID: "N-1", MIME: "image/jpeg", Bytes: 10, SHA256: strings.Repeat("0", 64)}},
		{State: &stdif.ReportState{ReportID: "N-1", State: stdif.ServiceEnded}},
	} {
		w, err := h.Acts.Arrive(ctx, gw, act.Incoming{
			Frame: fmt.Sprintf("t-01/s/%d", seq+1), Terminal: "t-01", Spool: "s", Seq: int64(seq + 1),
			Service: "net119", Type: "report.upsert", Mode: stdif.Actual, SentAt: time.Now(), Wire: []byte(`{}`), Inbound: in,
		})
		ok(t, err)
		ok(t, w.Wait(ctx))
	}
	board, err := h.Store.Reports().Board(ctx)
	if err != nil || len(board) != 1 {
		t.Fatalf("board: %d, %v", len(board), err)
	}
	id := board[0].ID
	ok(t, h.Acts.Claim(ctx, who, id))
	ok(t, h.Acts.Say(ctx, who, id, "line-1", "どこですか"))
	call := incident.VoiceCall{ID: h.Store.CallID("pbx-1"), Mode: stdif.Actual, Line: "119-1", Number: "090-1234-5678", State: incident.Answered, StartedAt: time.Now()}
	ok(t, h.Acts.NoticeCall(ctx, who, call))
	ok(t, h.Acts.Dismiss(ctx, who, id, act.Member{Kind: incident.Call, ID: call.ID}))
	ok(t, h.Acts.Join(ctx, who, id, act.Member{Kind: incident.Call, ID: call.ID}))
	ok(t, h.Acts.Part(ctx, who, act.Member{Kind: incident.Call, ID: call.ID}, incident.Slip))
	ok(t, h.Acts.AddPartner(ctx, cl, transfer.Partner{ID: "279998", Name: "隣市消防本部", Code: "279998", Phone: "0000-00-0119"}))
	ok(t, h.Acts.Telephone(ctx, who, id, act.Telephoned{Partner: "279998", Outcome: transfer.OutcomeUnanswered}))
	_, err = h.Acts.RequestReport(ctx, who, id)
	ok(t, err)
	again := who // somebody else at the same seat says why
	again.ID = "tanaka"
	ok(t, h.Acts.TakeOver(ctx, again, id, report.Away, "席を外した"))
	ok(t, h.Acts.BeginShift(ctx, who, console.SoundProved, ""))
	_, err = h.Acts.HandOver(ctx, who, "", "申し送り")
	ok(t, err)
	livelyToo(t, h, who, id)
	ok(t, h.Acts.Close(ctx, who, id, report.NoAnswer, "覚え書き"))
}

// Every column of every table of a real store, changed by one byte or number,
// and every row taken away: matoi verify finds each.
func TestVerifyHouseFindsEveryColumn(t *testing.T) {
	dir := t.TempDir()
	h := openHouse(t, dir)
	lively(t, h)
	ok(t, h.Close())
	wantHouseSound(t, dir)
	whole, err := os.ReadFile(filepath.Join(dir, store.File))
	ok(t, err)
	columns := 0
	for _, tab := range tables() {
		for _, col := range columnsOf(t, dir, tab) {
			columns++
			tampered(t, whole, tab+"."+col, fmt.Sprintf(`UPDATE %[1]s SET %[2]s = CASE typeof(%[2]s) WHEN 'integer' THEN %[2]s + 1
				WHEN 'text' THEN CASE WHEN %[2]s LIKE 'x%%' THEN 'y' ELSE 'x' END || substr(%[2]s, 2)
				ELSE CAST(CASE WHEN hex(substr(%[2]s, 1, 1)) = '58' THEN x'59' ELSE x'58' END || substr(%[2]s, 2) AS BLOB) END
				WHERE rowid = (SELECT max(rowid) FROM %[1]s)`, tab, col))
		}
		tampered(t, whole, "a row of "+tab+" removed", fmt.Sprintf("DELETE FROM %s WHERE rowid = (SELECT max(rowid) FROM %[1]s)", tab))
		tampered(t, whole, "the table "+tab+" dropped", "DROP TABLE "+tab)
	}
	t.Logf("%d columns of %d tables", columns, len(tables()))
}

func tables() []string {
	all := []string{"evidence_head", "evidence_entry", "evidence_node", "feed_change"}
	for _, tab := range store.Tables() {
		all = append(all, tab.Name)
	}
	return all
}

func wantHouseSound(t *testing.T, dir string) {
	t.Helper()
	for _, id := range []string{hq, ""} {
		if r, err := VerifyHouse(t.Context(), HouseConfig{HQ: id, Dir: dir}); err != nil || !r.OK() || r.Entries == 0 || r.Rows == 0 || r.Changes == 0 {
			t.Fatalf("hq %q: %+v, %v", id, r, err)
		}
	}
}

// columnsOf lists the columns of a table, which must have a row: changing an
// empty table would prove nothing.
func columnsOf(t *testing.T, dir, table string) []string {
	t.Helper()
	db, err := sqlite.OpenRead(t.Context(), filepath.Join(dir, store.File))
	ok(t, err)
	defer db.Close()
	rows, err := db.Read.QueryContext(t.Context(), "SELECT * FROM "+table+" LIMIT 1")
	ok(t, err)
	defer rows.Close()
	if !rows.Next() {
		t.Fatalf("%s is empty", table)
	}
	names, err := rows.Columns()
	ok(t, err)
	return names
}

// tampered changes a copy of the store behind the writer's back and wants it found.
func tampered(t *testing.T, whole []byte, what, query string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, store.File)
	ok(t, os.WriteFile(file, whole, 0o600))
	db, err := sqlite.Open(t.Context(), file)
	ok(t, err)
	_, err = db.Write.ExecContext(t.Context(), query)
	ok(t, errors.Join(err, db.Close()))
	changed, err := os.ReadFile(file)
	ok(t, err)
	if bytes.Equal(changed, whole) {
		t.Fatalf("%s: nothing was changed", what)
	}
	for _, id := range []string{hq, ""} {
		r, err := VerifyHouse(t.Context(), HouseConfig{HQ: id, Dir: dir})
		if err != nil && (id == hq || fault.As(err) == nil) || err == nil && r.OK() {
			t.Errorf("%s, hq %q: %v, %v", what, id, r.Findings, err)
		}
	}
}

// A table that no test tampers with, or that Verify does not read, would be a
// place to hide: the list is held against the schema of the database itself.
func TestTablesAreAllOfTheSchema(t *testing.T) {
	dir := t.TempDir()
	ok(t, openHouse(t, dir).Close())
	db, err := sqlite.OpenRead(t.Context(), filepath.Join(dir, store.File))
	ok(t, err)
	defer db.Close()
	rows, err := db.Read.QueryContext(t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'")
	ok(t, err)
	defer rows.Close()
	var found []string
	for rows.Next() {
		var name string
		ok(t, rows.Scan(&name))
		found = append(found, name)
	}
	ok(t, rows.Err())
	want := tables()
	slices.Sort(want)
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("the schema has %v\nTables and the log have %v", found, want)
	}
	for _, tab := range store.Tables() {
		var keys []string
		rows, err := db.Read.QueryContext(t.Context(), "SELECT name FROM pragma_table_info('"+tab.Name+"') WHERE pk > 0 ORDER BY pk")
		ok(t, err)
		for rows.Next() {
			var name string
			ok(t, rows.Scan(&name))
			keys = append(keys, name)
		}
		ok(t, errors.Join(rows.Err(), rows.Close()))
		if !slices.Equal(keys, tab.Key) {
			t.Errorf("%s has the key %v, Tables says %v", tab.Name, keys, tab.Key)
		}
	}
}

// Verifying writes nothing and needs nobody to stop: it runs beside a server,
// and after a kill that left a write-ahead log.
func TestVerifyHouseOnlyReads(t *testing.T) {
	dir := t.TempDir()
	h := openHouse(t, dir)
	lively(t, h)
	wantHouseSound(t, dir) // while the house is open
	killed := t.TempDir()  // as a kill leaves it
	for _, name := range []string{store.File, store.File + "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		ok(t, err)
		ok(t, os.WriteFile(filepath.Join(killed, name), b, 0o600))
	}
	ok(t, h.Close())
	wal := filepath.Join(killed, store.File+"-wal")
	before, err := os.ReadFile(wal)
	ok(t, err)
	if len(before) == 0 {
		t.Fatal("no write-ahead log was left")
	}
	wantHouseSound(t, killed)
	after, err := os.ReadFile(wal)
	ok(t, err)
	if !bytes.Equal(before, after) {
		t.Error("verifying folded the write-ahead log back")
	}
}

// A store that is cut off, overwritten or torn in any page gives findings; a
// refusal to look at it would hide what happened.
func TestVerifyHouseOfADamagedFile(t *testing.T) {
	dir := t.TempDir()
	h := openHouse(t, dir)
	lively(t, h)
	ok(t, h.Close())
	whole, err := os.ReadFile(filepath.Join(dir, store.File))
	ok(t, err)
	const page = 4096
	damage := map[string][]byte{
		"cut in the middle": whole[:len(whole)/2/page*page],
		"cut within a page": whole[:len(whole)-1000],
		"header only":       whole[:100],
	}
	for at := page; at < len(whole); at += 7 * page {
		b := bytes.Clone(whole)
		copy(b[at:], bytes.Repeat([]byte{0xA5}, page))
		damage[fmt.Sprintf("page %d overwritten", at/page)] = b
	}
	for what, b := range damage {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			ok(t, os.WriteFile(filepath.Join(dir, store.File), b, 0o600))
			for _, id := range []string{hq, ""} {
				r, err := VerifyHouse(t.Context(), HouseConfig{HQ: id, Dir: dir})
				if err != nil || r.OK() {
					t.Errorf("hq %q: %v, %v", id, r.Findings, err)
				}
			}
		})
	}
}

// A store that is gone, empty or not a database is refused and nothing is made
// in its place; without keys it is a first start.
func TestALostStoreIsNotMadeAnew(t *testing.T) {
	for what, want := range map[string]struct {
		lose func(file string) error
		key  string
	}{
		"removed":          {os.Remove, "store.gone"},
		"emptied":          {func(f string) error { return os.Truncate(f, 0) }, "store.gone"},
		"cut to the magic": {func(f string) error { return os.Truncate(f, 16) }, "store.damaged"},
		"garbage":          {func(f string) error { return os.WriteFile(f, bytes.Repeat([]byte("x"), 8192), 0o600) }, "store.gone"},
		"another database": {func(f string) error { return emptyDatabase(f) }, "store.gone"},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			h := openHouse(t, dir)
			ok(t, h.Close())
			file := filepath.Join(dir, store.File)
			ok(t, want.lose(file))
			for range 2 { // trying again does not change the answer
				_, err := OpenHouse(context.Background(), HouseConfig{HQ: hq, Dir: dir})
				if f := fault.As(err); f == nil || f.Key != want.key {
					t.Fatalf("opened: %v", err)
				}
			}
			if err := os.Remove(file); err != nil && what != "removed" {
				t.Fatal(err)
			}
			_ = os.Remove(file + "-wal") // left by the database that was put there
			_ = os.Remove(file + "-shm")
			ok(t, os.Remove(filepath.Join(dir, "keys", foundedFile)))
			ok(t, openHouse(t, dir).Close()) // somebody who knows begins anew
		})
	}
}

func emptyDatabase(file string) error {
	if err := os.Remove(file); err != nil {
		return err
	}
	db, err := sqlite.Open(context.Background(), file)
	if err != nil {
		return err
	}
	_, err = db.Write.Exec("CREATE TABLE other (x TEXT)")
	return errors.Join(err, db.Close())
}

// A terminal's spool likewise: what was spooled is gone, and an empty spool
// would look as if nothing had been.
func TestALostSpoolIsNotMadeAnew(t *testing.T) {
	c := TerminalConfig{Dir: t.TempDir(), ID: "t-01", Reserve: 1 << 16}
	_, err := AddService(t.Context(), c, "net119", "ネット119", false, nil)
	ok(t, err)
	file := filepath.Join(c.spoolDir(), "spool.db")
	whole, err := os.ReadFile(file)
	ok(t, err)
	for what, b := range map[string][]byte{"emptied": {}, "garbage": bytes.Repeat([]byte("x"), 8192), "removed": nil} {
		ok(t, os.WriteFile(file, b, 0o600))
		if b == nil {
			ok(t, os.Remove(file))
		}
		if _, err := Services(t.Context(), c); fault.As(err) == nil || fault.As(err).Key != "spool.gone" {
			t.Errorf("%s: %v", what, err)
		}
	}
	ok(t, os.WriteFile(file, whole, 0o600))
	if list, err := Services(t.Context(), c); err != nil || len(list) != 1 {
		t.Errorf("put back: %v, %v", list, err)
	}
}

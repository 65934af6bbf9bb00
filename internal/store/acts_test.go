package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver, for cutting connections

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// incoming is a frame as the gateway takes it from the wire.
func (e *engine) incoming(seq int64, in stdif.Inbound) act.Incoming {
	e.Helper()
	kind, body := open1.TypeReport, any(in.Report)
	if in.Chat != nil {
		kind, body = open1.TypeChat, in.Chat
	}
	raw, err := open1.Marshal(body)
	e.ok(err)
	wire, err := open1.Encode(open1.Frame{
		V: open1.Version, Type: kind, MsgID: fmt.Sprint("m", seq), Spool: "s", Seq: seq, SentAt: time.Now(),
		ServiceID: "net119", TerminalID: "t-01", Mode: stdif.Actual, Body: raw,
	})
	e.ok(err)
	return act.Incoming{
		Frame: fmt.Sprintf("t-01/s/%d", seq), Terminal: "t-01", Spool: "s", Seq: seq, MsgID: fmt.Sprint("m", seq), Service: "net119",
		Type: string(kind), Mode: stdif.Actual, SentAt: time.Now(), Wire: wire, Inbound: in,
	}
}

func aReport(id string, revision int64) stdif.Inbound {
	return stdif.Inbound{Report: &stdif.Report{
		ID: id, Revision: revision, EventTime: time.Now(), Kind: stdif.IncidentType{Code: stdif.KindOther},
		Text: "息が苦しい", Subscriber: &stdif.SubscriberInfo{Phone: "090-1234-5678"},
	}}
}

func (e *engine) arrive(a *act.Acts, in act.Incoming) error {
	p, err := a.Arrive(e.Context(), act.Gateway(), in)
	if err != nil {
		return err
	}
	return p.Wait(e.Context())
}

// sits is a person at a console.
func (e *engine) sits(a *act.Acts, n int) act.Who {
	e.Helper()
	p, err := a.AddPerson(e.Context(), act.CommandLine(), fmt.Sprint("p", n), fmt.Sprint("係員", n), "a-long-password", []staff.Role{staff.Dispatcher})
	e.ok(err)
	code, err := a.IssueConsole(e.Context(), act.CommandLine(), fmt.Sprint("c-", n), fmt.Sprint("指令台", n), false)
	e.ok(err)
	c, _, err := a.JoinConsole(e.Context(), act.Machine(authz.KindStranger), code)
	e.ok(err)
	return act.Who{Principal: authz.OfPerson(p), Console: c.ID}
}

func (e *engine) board(s *store.Store) map[string]string {
	e.Helper()
	all, err := s.Reports().Board(e.Context())
	e.ok(err)
	out := map[string]string{}
	for _, r := range all {
		out[r.ServiceReport] = r.ID
	}
	return out
}

// A report's life on both engines: it arrives, is repeated, revised, overtaken,
// claimed, talked about and closed.
func TestLifeOfAReport(t *testing.T) {
	onEach(t, func(e *engine) {
		s := e.open()
		a, ctx := e.acts(s), t.Context()
		e.ok(a.Enrol(ctx, act.CommandLine(), aTerminal()))
		who, other := e.sits(a, 1), e.sits(a, 2)
		in := e.incoming(1, aReport("N-1", 1))
		for range 3 { // replays are harmless
			e.ok(e.arrive(a, in))
		}
		e.ok(e.arrive(a, e.incoming(3, aReport("N-1", 3))))
		e.ok(e.arrive(a, e.incoming(2, aReport("N-1", 2)))) // late
		e.ok(e.arrive(a, e.incoming(4, stdif.Inbound{Chat: &stdif.ChatMessage{ID: "c1", ReportID: "N-1", From: stdif.FromCaller, At: time.Now(), Text: "はい"}})))
		id := e.board(s)["N-1"]
		r, err := s.Reports().Report(ctx, id)
		e.ok(err)
		if r.Revision != 3 || r.ChatCount != 1 || r.Frame != "t-01/s/3" {
			t.Errorf("report %+v", r)
		}
		frames, err := s.Content().Frames(ctx, id)
		e.ok(err)
		if len(frames) != 4 {
			t.Errorf("%d frames, want 4", len(frames))
		}
		e.ok(a.Painted(ctx, who, id))
		e.ok(a.Claim(ctx, who, id))
		if err := a.Claim(ctx, other, id); fault.As(err) == nil || fault.As(err).Key != "claim.held" || fault.As(err).Args["personId"] != who.ID {
			t.Errorf("the second claim: %v", err)
		}
		for range 2 { // pressed twice
			e.ok(a.Say(ctx, who, id, "line-1", "どこですか"))
		}
		request, err := a.RequestReport(ctx, who, id)
		e.ok(err)
		e.ok(a.Answer(ctx, act.Gateway(), request, 1, 0))
		e.ok(a.Close(ctx, who, id, "handled", "搬送"))
		r, err = s.Reports().Report(ctx, id)
		e.ok(err)
		if r.Open() || r.Closing.Reason != "handled" || r.ChatCount != 2 {
			t.Errorf("closed report %+v", r)
		}
		found, err := s.Reports().ByPhone(ctx, s.PhoneIndex("+81 90 1234 5678"), 10)
		if err != nil || len(found) != 1 {
			t.Errorf("by phone: %d, %v", len(found), err)
		}
		e.sound()
	})
}

// What callers said is in no column in clear, on either engine.
func TestWordsAreSealed(t *testing.T) {
	onEach(t, func(e *engine) {
		s := e.open()
		a := e.acts(s)
		e.ok(e.arrive(a, e.incoming(1, aReport("N-1", 1))))
		if e.config.Postgres != "" {
			return // the columns are the same; the file is what can be searched
		}
		for _, name := range []string{store.File, store.File + "-wal"} {
			b, err := os.ReadFile(filepath.Join(e.config.Dir, name))
			e.ok(err)
			if bytes.Contains(b, []byte("息が苦しい")) || bytes.Contains(b, []byte("1234-5678")) || bytes.Contains(b, []byte("9012345678")) {
				t.Errorf("%s holds a caller's words or number", name)
			}
		}
	})
}

// Two stores on one database stand for two processes: numbers stay without gaps
// and doubles, one claim wins, and each sees what the other wrote.
func TestTwoProcesses(t *testing.T) {
	onEach(t, func(e *engine) {
		const n = 60
		one, two := e.open(), e.open()
		acts := []*act.Acts{e.acts(one), e.acts(two)}
		var wg sync.WaitGroup
		for p, a := range acts {
			wg.Go(func() {
				for i := range int64(n) {
					// Half of the frames come to both, as after a reconnect.
					if err := e.arrive(a, e.incoming(i+int64(p)*n/2, aReport(fmt.Sprint("N-", i+int64(p)*n/2), 1))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		board := e.board(one)
		if len(board) != n+n/2 || len(e.board(two)) != len(board) {
			t.Fatalf("%d and %d reports, want %d", len(board), len(e.board(two)), n+n/2)
		}
		who := []act.Who{e.sits(acts[0], 1), e.sits(acts[1], 2)}
		var won, lost atomic.Int64
		for _, id := range board {
			var both sync.WaitGroup
			for p, a := range acts {
				both.Go(func() {
					err := a.Claim(t.Context(), who[p], id)
					switch {
					case err == nil:
						won.Add(1)
					case fault.As(err) != nil && fault.As(err).Key == "claim.held" && fault.As(err).Args["personId"] == who[1-p].ID:
						lost.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			both.Wait()
		}
		if won.Load() != int64(len(board)) || lost.Load() != int64(len(board)) {
			t.Errorf("won %d, lost %d of %d", won.Load(), lost.Load(), len(board))
		}
		numbers := map[string]bool{}
		all, err := two.Reports().Board(t.Context())
		e.ok(err)
		for _, r := range all {
			if numbers[r.Number] {
				t.Errorf("number %s was given twice", r.Number)
			}
			numbers[r.Number] = true
		}
		e.sound()
	})
}

// Numbers that a service gives hold whatever it likes. What an engine cannot
// keep as it is must not be lost, and must not stop the reports beside it.
func TestOddNumbers(t *testing.T) {
	onEach(t, func(e *engine) {
		s := e.open()
		a := e.acts(s)
		for i, id := range []string{"a\x00b", "\xff\xfe", "'; DROP TABLE report_report; --", "", "\u202Eabc", string(bytes.Repeat([]byte("é"), 5000))} {
			bad, good := e.incoming(int64(2*i+1), aReport("G", 1)), e.incoming(int64(2*i+2), aReport(fmt.Sprint("G-", i), 1))
			bad.Inbound.Report.ID, bad.MsgID, bad.Spool, bad.Service, bad.Inbound.Report.Kind.Code = id, id, id, id, id
			bad.Frame += id
			p, err := a.Arrive(t.Context(), act.Gateway(), bad)
			e.ok(err)
			e.ok(e.arrive(a, good))
			if err := p.Wait(t.Context()); err != nil {
				t.Errorf("%q: %v", id, err)
			}
			if s.Fault() != nil {
				t.Errorf("%q looks like a store that cannot write: %v", id, s.Fault())
			}
		}
		all, err := s.Reports().Board(t.Context())
		e.ok(err)
		if len(all) != 12 {
			t.Errorf("%d reports on the board, want 12", len(all))
		}
		for _, r := range all {
			if _, err := s.Content().Frame(t.Context(), r.Frame); err != nil {
				t.Errorf("the words of %q cannot be read: %v", r.ServiceReport, err)
			}
		}
		e.sound()
	})
}

// The connection to PostgreSQL is cut again and again in the middle of a load:
// callers are told to try again, nothing acknowledged is lost, nothing is there
// twice, and the store needs nobody to come back.
func TestLostConnection(t *testing.T) {
	e := &engine{T: t, config: store.Config{HQ: hq, Postgres: server.Database(t)}}
	onKeys(e)
	s := e.open()
	a := e.acts(s)
	e.ok(e.arrive(a, e.incoming(1, aReport("N-1", 1))))
	const workers, each = 8, 60
	var unavailable atomic.Int64
	var sending sync.WaitGroup
	var taken sync.Map
	var progress atomic.Int64
	for w := range workers {
		sending.Go(func() {
			for i := range each {
				seq := int64(100 + w*each + i)
				in := e.incoming(seq, aReport(fmt.Sprint("N-", seq), 1))
				for {
					err := e.arrive(a, in)
					if err == nil {
						break
					}
					if fault.Of(err) != fault.Unavailable {
						t.Errorf("frame %d: %v", seq, err)
						return
					}
					unavailable.Add(1)
				}
				taken.Store(fmt.Sprint("N-", seq), true)
				progress.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() { sending.Wait(); close(done) }()
	cuts := e.cut(done, &progress)
	<-done
	t.Logf("%d cuts, %d answers to try again", cuts, unavailable.Load())
	if cuts < 5 || unavailable.Load() == 0 {
		t.Errorf("the test cut %d times and was told so %d times", cuts, unavailable.Load())
	}
	board := e.board(s)
	if len(board) != workers*each+1 {
		t.Errorf("%d reports, want %d", len(board), workers*each+1)
	}
	taken.Range(func(id, _ any) bool {
		if board[id.(string)] == "" {
			t.Errorf("%s was acknowledged and is gone", id)
		}
		return true
	})
	if s.Fault() != nil {
		t.Errorf("the store still says %v", s.Fault())
	}
	e.sound()
}

// cut ends every connection of the program at moments of progress, until done.
func (e *engine) cut(done <-chan struct{}, progress *atomic.Int64) (cuts int) {
	e.Helper()
	admin, err := sql.Open("pgx", e.config.Postgres)
	e.ok(err)
	defer admin.Close()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for last := int64(0); ; {
		select {
		case <-done:
			return cuts
		case <-tick.C:
		}
		if now := progress.Load(); now < last+20 {
			continue
		} else {
			last = now
		}
		var n int
		err := admin.QueryRowContext(e.Context(), `SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE application_name = 'matoi' AND datname = current_database()`).Scan(&n)
		if err != nil {
			e.Error(err)
			return cuts
		}
		if n > 0 {
			cuts++
		}
	}
}

// An act whose caller does not wait any more is told so, and the store lives.
func TestCallerGone(t *testing.T) {
	onEach(t, func(e *engine) {
		s := e.open()
		a := e.acts(s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p, err := a.Arrive(ctx, act.Gateway(), e.incoming(1, aReport("N-1", 1)))
		e.ok(err)
		if err := p.Wait(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that was gone before: %v", err)
		}
		e.ok(e.arrive(a, e.incoming(2, aReport("N-2", 1))))
		if board := e.board(s); len(board) != 1 || board["N-2"] == "" {
			t.Errorf("board %v", board)
		}
		e.sound()
	})
}

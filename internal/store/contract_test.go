package store_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
)

func TestReports(t *testing.T) {
	onEach(t, func(e *engine) {
		s := e.open()
		open, done, other := fill[report.Report](1), fill[report.Report](2), fill[report.Report](3)
		open.State, other.State, done.State = report.Presented, report.Presented, report.Closed
		other.PhoneIndex, other.Due, other.IntegratedAt = open.PhoneIndex, time.Time{}, time.Time{}
		other.RingsAt, other.AliveAt = time.Now().Add(time.Hour).Truncate(time.Microsecond).UTC(), time.Time{}
		e.do(s, func(ctx context.Context, u *store.Unit) error {
			for _, r := range []report.Report{open, done, other} {
				if err := u.Reports().Save(ctx, r); err != nil {
					return err
				}
			}
			inside, err := u.Reports().ByService(ctx, open.Service, open.ServiceReport)
			e.same("by service, inside", inside, open)
			return err
		})
		ctx := t.Context()
		for _, want := range []report.Report{open, done, other} {
			got, err := s.Reports().Report(ctx, want.ID)
			e.ok(err)
			e.same("report", got, want)
		}
		_, err := s.Reports().Report(ctx, "nobody")
		e.none("a report", err)
		board, err := s.Reports().Board(ctx)
		e.ok(err)
		e.same("board, oldest first", board, []report.Report{open, other})
		closed, err := s.Reports().Closed(ctx, done.ReceivedAt.Add(time.Microsecond), 10)
		e.ok(err)
		e.same("closed", closed, []report.Report{done})
		closed, err = s.Reports().Closed(ctx, done.ReceivedAt, 10)
		e.ok(err)
		e.same("closed before itself", closed, []report.Report(nil))
		phone, err := s.Reports().ByPhone(ctx, open.PhoneIndex, 10)
		e.ok(err)
		e.same("by phone, newest first", phone, []report.Report{other, open})
		ids, next, err := s.Reports().Due(ctx, open.Due, 10)
		e.ok(err)
		e.same("due", ids, []string{open.ID})
		e.same("next due", next, open.Due)
		ids, err = s.Reports().FromFuture(ctx, time.Now())
		e.ok(err)
		e.same("from the future", ids, []string{other.ID})
		open.Claim, open.State, open.Undecodable, open.Due = report.Claim{}, report.Escalated, false, time.Time{}
		e.do(s, func(ctx context.Context, u *store.Unit) error { return u.Reports().Save(ctx, open) })
		got, err := s.Reports().Report(ctx, open.ID)
		e.ok(err)
		e.same("saved again, with zero values", got, open)
		e.sound()
	})
}

func TestNumbersAndCounts(t *testing.T) {
	onEach(t, func(e *engine) {
		s := e.open()
		var got []int64
		for range 3 {
			e.do(s, func(ctx context.Context, u *store.Unit) error {
				for _, series := range []string{"actual/2026-11-22", "test/2026-11-22"} {
					n, err := u.Reports().NextNumber(ctx, series)
					if err != nil {
						return err
					}
					got = append(got, n)
				}
				return nil
			})
		}
		e.same("numbers", got, []int64{1, 1, 2, 2, 3, 3})
		unseen := fill[report.Report](1)
		unseen.IntegratedAt = time.Time{}
		e.do(s, func(ctx context.Context, u *store.Unit) error { return u.Reports().Save(ctx, unseen) })
		stored, shown, err := s.Reports().Counts(t.Context())
		e.ok(err)
		if stored != 6 || shown != 5 {
			t.Errorf("stored %d, shown %d, want 6 and 5", stored, shown)
		}
		e.sound()
	})
}

func TestFrames(t *testing.T) {
	onEach(t, func(e *engine) {
		s, ctx := e.open(), t.Context()
		f := fill[report.Frame](1)
		f.Body = bytes.Repeat([]byte("息が苦しい\x00\xff"), 5000)
		add := func(v report.Frame) (added bool) {
			e.ok(s.Do(ctx, func(ctx context.Context, u *store.Unit) (_ entry.Entry, err error) {
				if added, err = u.Reports().AddFrame(ctx, v); err != nil || !added {
					return entry.Entry{}, err
				}
				has, err := u.Reports().HasFrame(ctx, v.ID)
				if !has {
					t.Errorf("frame %s is not there inside the act", v.ID)
				}
				return entry.Entry{Act: "test"}, err
			}))
			return added
		}
		if !add(f) || add(f) {
			t.Error("a frame is added once")
		}
		got, err := s.Content().Frame(ctx, f.ID)
		e.ok(err)
		e.same("frame", got, f)
		_, err = s.Content().Frame(ctx, "nobody")
		e.none("a frame", err)
		list, err := s.Content().Frames(ctx, f.Report)
		e.ok(err)
		bare := f
		bare.Body, bare.Spool, bare.Seq, bare.MsgID, bare.Health = nil, "", 0, "", false
		e.same("frames, without bodies", list, []report.Frame{bare})
		for seq := range int64(5) {
			v := fill[report.Frame](int(seq) + 2)
			v.Terminal, v.Spool, v.Seq, v.Problem, v.ReceivedAt = "t-02", "s2", 10+2*seq, 0, time.Now().Add(time.Duration(seq)*time.Second)
			if seq == 3 {
				v.Problem, v.Place = stdif.CodeSyntax, "/body"
			}
			add(v)
		}
		seqs, err := s.Seqs(ctx, "t-02", "s2", 10, 3)
		e.ok(err)
		e.same("numbers above 10, three", seqs, []int64{12, 14, 16})
		last, err := s.LastSpool(ctx, "t-02")
		e.ok(err)
		e.same("last spool", last, "s2")
		last, err = s.LastSpool(ctx, "t-03")
		e.ok(err)
		e.same("last spool of nobody", last, "")
		n, first, end, err := s.Extent(ctx, "t-02", "s2")
		e.ok(err)
		e.same("extent", []int64{n, first, end}, []int64{5, 10, 18})
		refused, err := s.Refusals(ctx, "t-02", "s2", time.Now().Add(-time.Hour))
		e.ok(err)
		if len(refused) != 1 || refused[0].Seq != 16 || refused[0].Problem.Code != stdif.CodeSyntax || refused[0].Problem.Place != "/body" {
			t.Errorf("refusals: %+v", refused)
		}
		e.sound()
	})
}

func TestDialog(t *testing.T) {
	onEach(t, func(e *engine) {
		s, ctx := e.open(), t.Context()
		line, later := fill[report.Chat](1), fill[report.Chat](2)
		later.Report = line.Report
		request := fill[report.Request](4)
		e.do(s, func(ctx context.Context, u *store.Unit) error {
			for _, c := range []report.Chat{later, line} {
				if added, err := u.Dialog().AddChat(ctx, c); err != nil || !added {
					t.Errorf("added %t, %v", added, err)
				}
			}
			if again, err := u.Dialog().AddChat(ctx, line); err != nil || again {
				t.Errorf("a line is added once: %t, %v", again, err)
			}
			if err := u.Dialog().MarkChat(ctx, line.Report, line.ID, report.LineTerminal); err != nil {
				return err
			}
			e.none("a line", u.Dialog().MarkChat(ctx, line.Report, "nobody", report.LineTerminal))
			if err := u.Dialog().SaveRequest(ctx, request); err != nil {
				return err
			}
			got, err := u.Dialog().Request(ctx, request.ID)
			e.same("request, inside", got, request)
			return err
		})
		line.Delivery = report.LineTerminal
		lines, err := s.Content().Chat(ctx, line.Report)
		e.ok(err)
		e.same("lines, in the order of their times", lines, []report.Chat{line, later})
		requests, err := s.Content().Requests(ctx, request.Report)
		e.ok(err)
		e.same("requests", requests, []report.Request{request})
		note, err := s.Content().CloseNote(ctx, "r")
		e.ok(err)
		e.same("no note", note, "")
		e.do(s, func(ctx context.Context, u *store.Unit) error { return u.Reports().SaveCloseNote(ctx, "r", "覚え") })
		note, err = s.Content().CloseNote(ctx, "r")
		e.ok(err)
		e.same("note", note, "覚え")
		e.sound()
	})
}

func TestTerminalsAndConsoles(t *testing.T) {
	onEach(t, func(e *engine) {
		s, ctx := e.open(), t.Context()
		term, link := aTerminal(), fill[terminal.Link](1)
		link.PlanesDown = []string{"phone", "screen"}
		seat, code := fill[console.Console](2), fill[console.Enrolment](3)
		e.do(s, func(ctx context.Context, u *store.Unit) error {
			if err := u.Terminals().SaveTerminal(ctx, term); err != nil {
				return err
			}
			if err := u.Terminals().SaveLink(ctx, link); err != nil {
				return err
			}
			if err := u.Consoles().SaveConsole(ctx, seat); err != nil {
				return err
			}
			return u.Consoles().SaveEnrolment(ctx, code)
		})
		gotTerm, err := s.Terminals().Terminal(ctx, term.ID)
		e.ok(err)
		e.same("terminal", gotTerm, term)
		all, err := s.Terminals().Terminals(ctx)
		e.ok(err)
		e.same("terminals", all, []terminal.Terminal{term})
		_, err = s.Terminals().Terminal(ctx, "nobody")
		e.none("a terminal", err)
		gotLink, err := s.Terminals().Link(ctx, link.TerminalID)
		e.ok(err)
		e.same("link", gotLink, link)
		links, err := s.Terminals().Links(ctx)
		e.ok(err)
		e.same("links", links, []terminal.Link{link})
		gotLink, err = s.Terminals().Link(ctx, "t-99")
		e.ok(err)
		e.same("a link of which nothing is known", gotLink, terminal.Link{TerminalID: "t-99"})
		gotSeat, err := s.Consoles().Console(ctx, seat.ID)
		e.ok(err)
		e.same("console", gotSeat, seat)
		seats, err := s.Consoles().Consoles(ctx)
		e.ok(err)
		e.same("consoles", seats, []console.Console{seat})
		_, err = s.Consoles().Console(ctx, "nobody")
		e.none("a console", err)
		gotCode, err := s.Consoles().Enrolment(ctx, code.CodeHash)
		e.ok(err)
		e.same("enrolment", gotCode, code)
		_, err = s.Consoles().Enrolment(ctx, "nobody")
		e.none("an enrolment", err)
		e.sound()
	})
}

func TestStaff(t *testing.T) {
	onEach(t, func(e *engine) {
		s, ctx := e.open(), t.Context()
		p, open, ended, th := fill[staff.Person](1), fill[staff.Session](2), fill[staff.Session](3), fill[staff.Throttle](4)
		p.Roles = []staff.Role{staff.Dispatcher, staff.Supervisor}
		open.EndedAt = time.Time{}
		e.do(s, func(ctx context.Context, u *store.Unit) error {
			for _, v := range []staff.Session{open, ended} {
				if err := u.Staff().SaveSession(ctx, v); err != nil {
					return err
				}
			}
			if err := u.Staff().SavePerson(ctx, p); err != nil {
				return err
			}
			return u.Throttles().SaveThrottle(ctx, th)
		})
		for _, find := range []func() (staff.Person, error){
			func() (staff.Person, error) { return s.Staff().Person(ctx, p.ID) },
			func() (staff.Person, error) { return s.Staff().PersonByAccount(ctx, p.Account) },
		} {
			got, err := find()
			e.ok(err)
			e.same("person", got, p)
		}
		_, err := s.Staff().PersonByAccount(ctx, "nobody")
		e.none("a person", err)
		people, err := s.Staff().People(ctx)
		e.ok(err)
		e.same("people", people, []staff.Person{p})
		got, err := s.Staff().Session(ctx, ended.TokenHash)
		e.ok(err)
		e.same("session", got, ended)
		sessions, err := s.Staff().Sessions(ctx)
		e.ok(err)
		e.same("sessions that are open", sessions, []staff.Session{open})
		_, err = s.Staff().Session(ctx, "nobody")
		e.none("a session", err)
		gotThrottle, err := s.Throttles().Throttle(ctx, th.Subject)
		e.ok(err)
		e.same("throttle", gotThrottle, th)
		gotThrottle, err = s.Throttles().Throttle(ctx, "nobody")
		e.ok(err)
		e.same("a throttle of nobody", gotThrottle, staff.Throttle{Subject: "nobody"})
		twin := p
		twin.ID = "another"
		if err := s.Do(ctx, func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
			return entry.Entry{Act: "test"}, u.Staff().SavePerson(ctx, twin)
		}); err == nil {
			t.Error("two persons with one account")
		}
		e.sound()
	})
}

func TestOutbox(t *testing.T) {
	onEach(t, func(e *engine) {
		s, ctx := e.open(), t.Context()
		a, b, other := fill[entry.Message](1), fill[entry.Message](2), fill[entry.Message](3)
		a.ID, b.ID = "01", "02"
		a.Destination, b.Destination = "terminal/t-01", "terminal/t-01"
		e.do(s, func(ctx context.Context, u *store.Unit) error {
			for _, m := range []entry.Message{b, a, other} {
				if err := u.Send(ctx, m); err != nil {
					return err
				}
			}
			return nil
		})
		waiting, err := s.Undelivered(ctx, "terminal/t-01", 10)
		e.ok(err)
		e.same("in the order of their ids", waiting, []entry.Message{a, b})
		e.do(s, func(ctx context.Context, u *store.Unit) error {
			for _, want := range []bool{true, false} {
				if open, err := u.Sent(ctx, a.ID, stdif.CodeUnknownReport); err != nil || open != want {
					t.Errorf("open %t, %v, want %t", open, err, want)
				}
			}
			_, err := u.Sent(ctx, "nobody", 0)
			e.none("a message", err)
			return nil
		})
		waiting, err = s.Undelivered(ctx, "terminal/t-01", 10)
		e.ok(err)
		e.same("what still waits", waiting, []entry.Message{b})
		sum, err := s.OutboxWaiting(ctx)
		e.ok(err)
		count := map[string]int64{}
		for _, w := range sum {
			count[w.Destination] = w.Count
			if time.Since(w.Oldest) > time.Hour || w.Oldest.IsZero() {
				t.Errorf("oldest: %v", w.Oldest)
			}
		}
		e.same("what waits", count, map[string]int64{"terminal/t-01": 1, other.Destination: 1})
		e.sound()
	})
}

func TestFeedAndHistory(t *testing.T) {
	onEach(t, func(e *engine) {
		s, ctx := e.open(), t.Context()
		hints := make(chan int64, 10)
		s.OnCommit(func(seq int64) { hints <- seq })
		for range 2 {
			e.do(s, func(_ context.Context, u *store.Unit) error {
				u.Changed("report", "r-1", "report.arrive")
				u.Changed("chat", "r-1", "c-1")
				return nil
			})
		}
		if first, second := <-hints, <-hints; first != 2 || second != 4 {
			t.Errorf("hints %d, %d", first, second)
		}
		last, err := s.LastChange(ctx)
		e.ok(err)
		changes, err := s.Changes(ctx, 1, 2)
		e.ok(err)
		if last != 4 || len(changes) != 2 || changes[0].Seq != 2 || changes[0].Kind != "chat" || changes[0].Detail != "c-1" ||
			changes[1].Seq != 3 || changes[1].Subject != "r-1" || time.Since(changes[1].At) > time.Hour {
			t.Errorf("last %d, changes %+v", last, changes)
		}
		history, err := s.History(ctx, "test/1", 10)
		e.ok(err)
		if len(history) != 2 || history[0].Leaf != 0 || history[1].Leaf != 1 || history[0].Act != "test" || len(history[0].Changes) != 2 {
			t.Errorf("history %+v", history)
		}
		e.sound()
	})
}

// Writing outside of an act is refused: no row without a reason.
func TestReadersDoNotWrite(t *testing.T) {
	onEach(t, func(e *engine) {
		s, ctx := e.open(), t.Context()
		for what, err := range map[string]error{
			"terminal":  s.Terminals().SaveTerminal(ctx, aTerminal()),
			"link":      s.Terminals().SaveLink(ctx, terminal.Link{TerminalID: "t-01"}),
			"console":   s.Consoles().SaveConsole(ctx, console.Console{}),
			"enrolment": s.Consoles().SaveEnrolment(ctx, console.Enrolment{}),
			"person":    s.Staff().SavePerson(ctx, staff.Person{}),
			"session":   s.Staff().SaveSession(ctx, staff.Session{}),
			"throttle":  s.Throttles().SaveThrottle(ctx, staff.Throttle{}),
		} {
			if err == nil || !strings.Contains(err.Error(), "outside of an act") {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

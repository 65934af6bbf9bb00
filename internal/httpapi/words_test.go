package httpapi

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/stdif"
)

func changeRoles(p staff.Person, roles ...staff.Role) store.Act {
	return func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
		p.Roles = roles
		u.Changed("person", p.ID, "test")
		return entry.Entry{Act: "test.roles", Subject: "person/" + p.ID}, u.Staff().SavePerson(ctx, p)
	}
}

// 解読できない通報: the bytes are shown as text, as far as they are any, without
// control characters, with the code and the place.
func TestRawView(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	raw := []byte("<report>\x00\x1b[31m助けて\xff\xfe</report>")
	h.incoming(act.Incoming{
		Frame: "t-01/bytes/1", Terminal: "t-01", Service: service, SentAt: h.store.Now(), Wire: raw,
		Problem: &stdif.Problem{Code: stdif.CodeSyntax, Place: "byte 8"},
	})
	board := read[Board](h, a, "GET", "/board", nil)
	if len(board.Reports) != 1 || !board.Reports[0].Undecodable {
		t.Fatalf("board = %+v", board.Reports)
	}
	d := read[Detail](h, a, "GET", "/reports/"+board.Reports[0].ID, nil)
	if d.Report != nil || d.Raw == nil || d.Problem == nil || d.Problem.Code == 0 {
		t.Fatalf("detail = %+v", d)
	}
	if d.Raw.Bytes != len(raw) || !strings.Contains(d.Raw.Text, "助けて") || strings.ContainsAny(d.Raw.Text, "\x00\x1b") || !strings.Contains(d.Raw.Text, "\ufffd") {
		t.Errorf("raw = %+v", d.Raw)
	}
}

// One report whose words cannot be opened any more darkens neither the board nor
// the feed; what was done with it is still told.
func TestWordsThatAreLost(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	lost := h.reported("N-lost")
	h.reported("N-kept")
	h.stop()
	db, err := sqlite.Open(t.Context(), filepath.Join(h.dir, store.File))
	h.must(err)
	if _, err := db.Write.ExecContext(t.Context(), "UPDATE report_frame SET body = $1 WHERE id = $2", []byte{1, 2, 3}, lost.Frame); err != nil {
		t.Fatal(err)
	}
	h.must(db.Close())
	h.open()
	board := read[Board](h, a, "GET", "/board", nil)
	got := map[string]string{}
	for _, c := range board.Reports {
		got[c.ServiceReportID] = c.Excerpt
	}
	if len(got) != 2 || got["N-lost"] != "" || got["N-kept"] != "助けて" {
		t.Errorf("board = %v", got)
	}
	read[nothing](h, a, "POST", "/reports/"+lost.ID+"/open", map[string]any{})
	h.until("the change in the feed", func() bool {
		head, _ := h.hub.heads()
		return head > board.Cursor
	})
	d := read[Detail](h, a, "GET", "/reports/"+lost.ID, nil)
	if d.Problem == nil || d.Problem.Code != stdif.CodeInternal || d.Report != nil || len(d.Timeline) != 2 {
		t.Errorf("detail = %+v", d)
	}
}

// The whole of a report: words, health data for whoever may see it, lines with
// who wrote them, history with names.
func TestDetail(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	r := words("N-1", 1)
	r.Medical = &stdif.Medical{Conditions: []string{"喘息"}}
	r.Subscriber = &stdif.SubscriberInfo{Phone: "+819012345678"}
	h.arrive(stdif.Inbound{Report: r})
	id := read[Board](h, a, "GET", "/board", nil).Reports[0].ID
	read[nothing](h, a, "POST", "/reports/"+id+"/chat", map[string]any{"id": "l1", "text": "向かっています"})
	read[nothing](h, a, "POST", "/reports/"+id+"/close", map[string]any{"reason": "handled", "note": "搬送"})
	d := read[Detail](h, a, "GET", "/reports/"+id, nil)
	if d.Report == nil || d.Report.Medical != nil || !d.HasMedical {
		t.Errorf("words = %+v, medical = %v", d.Report, d.HasMedical)
	}
	if len(d.Chat) != 1 || d.Chat[0].By == nil || d.Chat[0].By.PersonName != "職員c-a" || d.Chat[0].Delivery != "sent" {
		t.Errorf("chat = %+v", d.Chat)
	}
	if d.Card.Close == nil || d.Card.Close.Note != "搬送" || d.Card.Close.ConsoleName != "指令台c-a" {
		t.Errorf("close = %+v", d.Card.Close)
	}
	var acts []string
	for _, m := range d.Timeline {
		acts = append(acts, m.Act+" "+m.By.PersonName+m.By.System)
	}
	if got := strings.Join(acts, ", "); got != "report.arrive gateway, chat.send 職員c-a, report.close 職員c-a" {
		t.Errorf("timeline = %s", got)
	}
	for _, typed := range []string{"090-1234-5678", "０９０１２３４５６７８"} {
		if found := read[[]Card](h, a, "POST", "/reports/search", map[string]any{"phone": typed}); len(found) != 1 || found[0].ID != id {
			t.Errorf("search %s = %+v", typed, found)
		}
	}
	if closed := read[[]Card](h, a, "GET", "/reports?state=closed", nil); len(closed) != 1 {
		t.Errorf("closed = %+v", closed)
	}
}

// A question to a terminal that is down is refused at once, with the words that
// tell where to walk and whom to call.
func TestAskingATerminalThatIsDown(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	r := h.reported("N-1")
	for _, path := range []string{"/reports/" + r.ID + "/data-requests", "/terminals/t-01/data-requests"} {
		if asked := read[Asked](h, a, "POST", path, map[string]any{}); asked.ID == "" {
			t.Errorf("%s = %+v", path, asked)
		}
		h.down = true
		w := h.do(a, "POST", path, map[string]any{})
		if p := problemIn(t, w); w.Code != 503 || p.Key != "terminal.down" || p.Args["place"] != "2階通信室" || !strings.Contains(p.Detail, "内線 11") {
			t.Errorf("%s = %d %+v", path, w.Code, p)
		}
		h.down = false
	}
}

// A real log-in, through the door.
func TestLogIn(t *testing.T) {
	h := newHouse(t)
	seat := h.seat("c-a")
	if _, err := h.acts.AddPerson(t.Context(), act.CommandLine(), "yamada", "山田", "correct horse battery 119", []staff.Role{staff.Dispatcher}); err != nil {
		t.Fatal(err)
	}
	if me := read[Me](h, seat, "GET", "/me", nil); me.Person != nil || me.Console.Name != "指令台c-a" {
		t.Errorf("me = %+v", me)
	}
	w := h.do(seat, "POST", "/sessions", map[string]any{"account": "yamada", "password": "correct horse battery 119"})
	if w.Code != 200 {
		t.Fatalf("log in = %d %s", w.Code, w.Body)
	}
	names := ""
	for _, c := range w.Result().Cookies() {
		names += fmt.Sprintf("%s secure=%t httponly=%t ", c.Name, c.Secure, c.HttpOnly)
		seat.cookies = append(seat.cookies, c)
	}
	if names != "matoi_session_c-a secure=true httponly=true matoi_console_c-a secure=true httponly=true " {
		t.Errorf("cookies = %s", names)
	}
	if me := read[Me](h, seat, "GET", "/me", nil); me.Person == nil || me.Person.Name != "山田" {
		t.Errorf("me = %+v", me)
	}
	read[nothing](h, seat, "DELETE", "/sessions/current", nil)
	if w := h.do(seat, "GET", "/board", nil); w.Code != 401 {
		t.Errorf("the board after logging out = %d", w.Code)
	}
}

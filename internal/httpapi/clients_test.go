package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
)

// machine is a client in its own name.
type machine struct {
	*seat
	id string
}

// machine registers a client.
func (h *house) machine(name string, scopes ...client.Scope) *seat {
	h.Helper()
	return h.registered(name, scopes...).seat
}

func (h *house) registered(name string, scopes ...client.Scope) machine {
	h.Helper()
	c, token, err := h.acts.AddClient(context.Background(), act.CommandLine(), act.NewClient{
		Name: name, Owner: "指令課 内線 11", Scopes: scopes, Credential: "first", Life: 24 * time.Hour,
	})
	h.must(err)
	return machine{&seat{h: h, bearer: token}, c.ID}
}

// seat is somebody at a new console of this client, logged in as after a log-in
// through it, without the cost of a password.
func (s *seat) seat(name string, roles ...staff.Role) *seat {
	h := s.h
	h.Helper()
	ctx := context.Background()
	k, err := h.store.Clients().Credential(ctx, client.TokenHash(s.bearer))
	h.must(err)
	at, err := h.acts.AddClientConsole(ctx, act.CommandLine(), k.ClientID, name, false)
	h.must(err)
	p := &seat{h: h, console: at.ID}
	p.person = staff.Person{ID: "p-" + at.ID, Account: "account-" + at.ID, Name: "職員" + name, Roles: roles, State: staff.Active, PasswordHash: "none"}
	token, hash := staff.NewToken()
	p.bearer = client.SessionToken(token)
	h.must(h.store.Do(ctx, func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
		u.Changed("person", p.person.ID, "test")
		if err := u.Staff().SavePerson(ctx, p.person); err != nil {
			return entry.Entry{}, err
		}
		if err := u.ClientConsoles().SaveSession(ctx, client.Session{TokenHash: hash, ClientID: k.ClientID, Credential: k.TokenHash}); err != nil {
			return entry.Entry{}, err
		}
		return entry.Entry{Act: "test.seat", Subject: "person/" + p.person.ID}, u.Staff().SaveSession(ctx, staff.NewSession(hash, p.person.ID, at.ID, u.Now()))
	}))
	return p
}

// A dispatcher of a command system of another maker logs in through it and
// works; the evidence names client, console and person.
func TestPersonThroughAClient(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	m := h.registered("指令システム", client.Console, client.Read)
	const password = "correct horse battery staple 119"
	p, err := h.acts.AddPerson(ctx, act.CommandLine(), "sato", "佐藤", password, []staff.Role{staff.Dispatcher})
	h.must(err)
	at, err := h.acts.AddClientConsole(ctx, act.CommandLine(), m.id, "指令台7", false)
	h.must(err)
	h.caughtUp()

	who := map[string]string{"account": "sato", "password": password}
	if got := h.do(m.seat, "POST", "/sessions", who); got.Code != http.StatusUnprocessableEntity || problemIn(t, got).Key != "client.console-missing" {
		t.Errorf("log-in without a console = %d %s", got.Code, got.Body)
	}
	m.console = at.ID
	if got := h.do(m.seat, "POST", "/sessions", map[string]string{"account": "sato", "password": "wrong"}); got.Code != http.StatusUnauthorized {
		t.Errorf("wrong password = %d %s", got.Code, got.Body)
	}
	me := read[Me](h, m.seat, "POST", "/sessions", who)
	if me.Token == "" || me.Person == nil || me.Person.ID != p.ID || me.Client == nil || me.Client.Name != "指令システム" || me.Console.ID != at.ID {
		t.Fatalf("logged in: %+v", me)
	}
	sato := &seat{h: h, bearer: me.Token}
	r := h.reported("N-1")
	if got := h.do(m.seat, "POST", "/reports/"+r.ID+"/claim", map[string]any{}); got.Code != http.StatusForbidden || problemIn(t, got).Key != "client.scope" {
		t.Errorf("a machine claims: %d %s", got.Code, got.Body)
	}
	card := read[Card](h, sato, "POST", "/reports/"+r.ID+"/claim", map[string]any{})
	if card.Claim == nil || card.Claim.ConsoleID != at.ID || card.Claim.PersonID != p.ID {
		t.Errorf("claimed: %+v", card.Claim)
	}
	read[nothing](h, sato, "POST", "/reports/"+r.ID+"/chat", map[string]string{"id": "l1", "text": "どうしました"})
	read[nothing](h, sato, "POST", "/reports/"+r.ID+"/close", map[string]string{"reason": "handled"})
	entries, err := h.store.History(ctx, "report/"+r.ID, 100)
	h.must(err)
	for _, e := range entries {
		if slices.Contains([]string{"report.claim", "chat.send", "report.close"}, e.Act) && e.Actor != (entry.Actor{Person: p.ID, Console: at.ID, Client: m.id}) {
			t.Errorf("%s by %+v, want client, console and person", e.Act, e.Actor)
		}
	}
	if !slices.ContainsFunc(entries, func(e audit.Body) bool { return e.Act == "report.close" }) {
		t.Error("nothing was closed")
	}
	for _, moment := range read[Detail](h, sato, "GET", "/reports/"+r.ID, nil).Timeline {
		if moment.Act == "report.claim" && (moment.By.ClientName != "指令システム" || moment.By.ConsoleName != "指令台7") {
			t.Errorf("the timeline says %+v", moment.By)
		}
	}
	h.do(sato, "DELETE", "/sessions/current", nil)
	if got := h.do(sato, "GET", "/board", nil); got.Code != http.StatusUnauthorized || got.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("after logging out: %d", got.Code)
	}
}

// What a machine reads holds no health data, and nothing that it does says that
// somebody has seen anything.
func TestMachineReads(t *testing.T) {
	h := newHouse(t)
	m := h.machine("reader", client.Read)
	r := h.reported("N-1")
	if b := read[Board](h, m, "GET", "/board", nil); len(b.Reports) != 1 || b.Reports[0].Excerpt == "" {
		t.Errorf("board: %+v", b.Reports)
	}
	if d := read[Detail](h, m, "GET", "/reports/"+r.ID, nil); d.Report == nil || d.Report.Medical != nil {
		t.Errorf("report: %+v", d)
	}
	for _, path := range []string{"/open", "/claim", "/release"} {
		if got := h.do(m, "POST", "/reports/"+r.ID+path, map[string]any{}); got.Code != http.StatusForbidden {
			t.Errorf("%s = %d", path, got.Code)
		}
	}
	if me := read[Me](h, m, "GET", "/me", nil); me.Client == nil || me.Client.Name != "reader" || me.Person != nil || me.Console.ID != "" {
		t.Errorf("me: %+v", me)
	}
	k, err := h.store.Clients().Credential(t.Context(), client.TokenHash(m.bearer))
	h.must(err)
	if k.UsedAt.IsZero() {
		t.Error("nobody can see that the credential is in use")
	}
}

// The feed with a bearer token resumes like a console's, and ends with the
// credential.
func TestFeedOfAClient(t *testing.T) {
	h := newHouse(t)
	m := h.registered("reader", client.Read)
	server := h.serve()
	cursor := h.caughtUp()
	l := h.follow(server, m.seat, cursor)
	h.reported("N-1")
	first := l.changes(1)
	if first[0].Report == nil {
		t.Error("a client with the scope read sees changes without their report")
	}
	l.close()
	h.reported("N-2")
	l = h.follow(server, m.seat, 0, "Last-Event-ID", "1")
	if res := h.follow(server, h.machine("voice only", client.Voice), 0).res; res.StatusCode != http.StatusForbidden {
		t.Errorf("feed without the scope = %d", res.StatusCode)
	}
	if got := l.changes(1); got[0].Seq != 2 {
		t.Errorf("resumed at %d", got[0].Seq)
	}
	h.must(h.acts.RevokeClient(t.Context(), act.CommandLine(), m.id, ""))
	for {
		if _, ok := l.next(); !ok {
			break // within sessionCheck
		}
	}
}

// A machine that reads too fast is told so; a person at a console of the same
// client is never refused.
func TestPaceOfAClient(t *testing.T) {
	h := newHouse(t)
	m := h.machine("wild", client.Scopes()...)
	sato := m.seat("指令台W", staff.Dispatcher)
	r := h.reported("N-1")
	refused := 0
	for range machineBurst + 50 {
		switch w := h.do(m, "GET", "/me", nil); w.Code {
		case http.StatusTooManyRequests:
			if refused++; w.Header().Get("Retry-After") == "" || problemIn(t, w).Key != "client.too-fast" {
				t.Fatalf("%v %s", w.Header(), w.Body)
			}
		case http.StatusOK:
		default:
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	if refused == 0 {
		t.Error("a machine reads as fast as it likes")
	}
	for range personBurst + 5 { // the last ones wait for their turn
		if w := h.do(sato, "POST", "/reports/"+r.ID+"/open", map[string]any{}); w.Code != http.StatusOK && w.Code != http.StatusNoContent {
			t.Fatalf("a person's act = %d %s", w.Code, w.Body)
		}
	}
}

// Clients are made by supervisors at a console, never through a client.
func TestClientsAreNotMadeThroughClients(t *testing.T) {
	h := newHouse(t)
	boss := h.seat("c-boss", staff.Supervisor)
	body := map[string]any{"name": "指令システム", "owner": "指令課", "scopes": []string{"read", "console"}, "days": 30}
	made := read[Issued](h, boss, "POST", "/clients", body)
	if made.ClientID == "" || !strings.HasPrefix(made.Token, "matoi_client_") {
		t.Fatalf("made %+v", made)
	}
	m := &seat{h: h, bearer: made.Token}
	through := m.seat("指揮台T", staff.Supervisor)
	w := h.do(through, "POST", "/clients", body)
	if w.Code != http.StatusForbidden || problemIn(t, w).Key != "client.not-through-client" {
		t.Errorf("a client made a client: %d %s", w.Code, w.Body)
	}
	next := read[Issued](h, boss, "POST", "/clients/"+made.ClientID+"/credentials", map[string]any{"name": "2027", "days": 30})
	if w := h.do(boss, "POST", "/clients/"+made.ClientID+"/credentials", map[string]any{"name": "2027", "days": 30}); w.Code != http.StatusConflict {
		t.Errorf("a second credential of the same name = %d", w.Code)
	}
	read[Named](h, boss, "POST", "/clients/"+made.ClientID+"/consoles", map[string]any{"name": "指令台9"})
	read[nothing](h, boss, "POST", "/clients/"+made.ClientID+"/revoke", map[string]string{"credential": "first"})
	if w := h.do(m, "GET", "/me", nil); w.Code != http.StatusUnauthorized {
		t.Errorf("the revoked credential = %d", w.Code)
	}
	if w := h.do(through, "GET", "/me", nil); w.Code != http.StatusUnauthorized {
		t.Errorf("the session through the revoked credential = %d", w.Code)
	}
	if w := h.do(&seat{h: h, bearer: next.Token}, "GET", "/me", nil); w.Code != http.StatusOK {
		t.Errorf("the other credential = %d", w.Code)
	}
	list := read[[]ClientView](h, boss, "GET", "/clients", nil)
	if len(list) != 1 || len(list[0].Credentials) != 2 || len(list[0].Consoles) != 2 {
		t.Errorf("list: %+v", list)
	}
	if all := h.do(boss, "GET", "/clients", nil).Body.String(); strings.Contains(all, "matoi_client_") || strings.Contains(all, client.TokenHash(made.Token)) {
		t.Errorf("the list shows tokens: %s", all)
	}
}

package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/test/duty"
)

// door is the house behind a real server, whose limits are as short as the test.
func (h *house) door() string {
	server := httptest.NewUnstartedServer(h)
	server.Config.ReadTimeout, server.Config.IdleTimeout = 300*time.Millisecond, 300*time.Millisecond
	server.Start()
	h.Cleanup(server.Close)
	return server.URL
}

// socket opens a terminal's screen from a seat.
func (s *seat) socket(url, query, origin string) (*websocket.Conn, int) {
	s.h.Helper()
	header := http.Header{}
	for _, c := range s.cookies {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	if origin != "" {
		header.Set("Origin", origin)
	}
	conn, answer, err := websocket.Dial(s.h.Context(), strings.Replace(url, "http", "ws", 1)+"/api/v1/terminals/t-01/screen/socket?console="+s.console+query,
		&websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{ScreenSubprotocol}})
	if err != nil {
		if answer == nil {
			s.h.Fatal(err)
		}
		return nil, answer.StatusCode
	}
	s.h.Cleanup(func() { _ = conn.CloseNow() })
	return conn, answer.StatusCode
}

// Who may open a socket, and as whom the gateway gets to know them.
func TestScreenSocket(t *testing.T) {
	duty.Holds(t, "S3-1-2-1")
	h := newHouse(t)
	pages := make(chan ScreenPage, 1)
	h.glass = func(ctx context.Context, p ScreenPage) { pages <- p; <-ctx.Done() }
	url := h.door()
	a, auditor, empty := h.seat("a", staff.Dispatcher), h.seat("u", staff.Auditor), h.seat("e")
	for name, c := range map[string]struct {
		seat          *seat
		query, origin string
		want          int
	}{
		"another origin": {a, "&token=1", "https://evil.example", http.StatusForbidden},
		"no person":      {empty, "&token=1", "", http.StatusUnauthorized},
		"no right":       {auditor, "&token=1", "", http.StatusForbidden},
		"no token":       {a, "&token=x", "", http.StatusUnprocessableEntity},
	} {
		if _, status := c.seat.socket(url, c.query, c.origin); status != c.want {
			t.Errorf("%s: %d, want %d", name, status, c.want)
		}
	}
	l, err := h.acts.TakeScreen(t.Context(), h.whoIs(a), "t-01", screen.Operate, screen.Keyboard)
	h.must(err)
	if _, status := a.socket(url, "&token=1", url); status != http.StatusSwitchingProtocols {
		t.Fatalf("the holder's own page: %d", status)
	}
	p := <-pages
	if p.Console != "a" || p.Person != "p-a" || p.Token != 1 || p.Terminal != "t-01" || p.May() != screen.AllInput {
		t.Errorf("the gateway was told %+v, may %v", p, p.May())
	}
	var m struct{ State ScreenState }
	h.must(json.Unmarshal(p.State(l), &m))
	if m.State.Token != 1 || m.State.Holder.ConsoleName != "指令台a" || !m.State.Input.Keyboard || m.State.Input.Pointer {
		t.Errorf("the holder is told %+v", m.State)
	}
	b := h.seat("b", staff.Dispatcher)
	if _, status := b.socket(url, "", ""); status != http.StatusSwitchingProtocols {
		t.Fatalf("a copy: %d", status)
	}
	p, m.State = <-pages, ScreenState{}
	if h.must(json.Unmarshal(p.State(l), &m)); m.State.Token != 0 || p.Token != 0 {
		t.Errorf("a copy is told the token: %+v", m.State)
	}
}

func (h *house) whoIs(s *seat) act.Who {
	h.Helper()
	p, err := h.store.Staff().Person(h.Context(), s.person.ID)
	h.must(err)
	return act.Who{Principal: authz.OfPerson(p), Console: s.console}
}

// Logging out, a revoked console and a right that is taken away end an open
// socket within a second; the server's limits on requests and idle connections
// never do (AC-29).
func TestScreenSocketEnds(t *testing.T) {
	duty.Holds(t, "S3-1-2-2")
	h := newHouse(t)
	type end struct {
		cause error
		at    time.Time
	}
	began, ends := make(chan ScreenPage, 1), make(chan end, 1)
	h.glass = func(ctx context.Context, p ScreenPage) {
		began <- p
		<-ctx.Done()
		ends <- end{context.Cause(ctx), time.Now()}
	}
	url := h.door()
	for name, c := range map[string]struct {
		does func(s *seat)
		want error
	}{
		"log out":         {func(s *seat) { h.must(h.acts.RevokeSessions(t.Context(), act.CommandLine(), s.person.ID)) }, act.LapseSession},
		"console revoked": {func(s *seat) { h.must(h.acts.RevokeConsole(t.Context(), act.CommandLine(), s.console)) }, act.LapseSession},
		"suspended": {func(s *seat) {
			suspended := staff.Suspended
			h.must(h.acts.ChangePerson(t.Context(), act.CommandLine(), s.person.ID, &suspended, nil, nil))
		}, act.LapseSession},
		"another role": {func(s *seat) {
			h.must(h.acts.ChangePerson(t.Context(), act.CommandLine(), s.person.ID, nil, []staff.Role{staff.Auditor}, nil))
		}, act.LapseRight},
	} {
		s := h.seat("seat-"+strings.ReplaceAll(name, " ", "-"), staff.Dispatcher)
		conn, _ := s.socket(url, "&token=1", "")
		p := <-began
		go func() { _, _, _ = conn.Read(context.Background()) }() // takes pongs
		live := time.NewTicker(50 * time.Millisecond)
		for range 12 { // twice the limits
			<-live.C
			h.must(p.Conn.Write(t.Context(), websocket.MessageText, []byte("{}")))
		}
		live.Stop()
		at := time.Now()
		c.does(s)
		select {
		case e := <-ends:
			if !errors.Is(e.cause, c.want) {
				t.Errorf("%s: it ended with %v, want %v", name, e.cause, c.want)
			}
			if took := e.at.Sub(at); took > 2*time.Second {
				t.Errorf("%s: it ended after %s", name, took)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s: the socket goes on", name)
		}
		_ = conn.CloseNow()
	}
}

package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

const service = "net119.example"

// house is a headquarters with its door and the log of the door.
type house struct {
	testing.TB
	*Server
	acts  *act.Acts
	store *store.Store
	dir   string
	log   *safeBuffer
	seq   int64
	down  bool // the terminal cannot be asked
	live  func(ctx context.Context, after int64) (LiveFrame, bool, error)
	glass func(ctx context.Context, p ScreenPage)
	mode  stdif.Mode // of what arrives; "" = actual
	stop  func()
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Info and Ready are the links.
func (h *house) Info(string) LinkInfo { return LinkInfo{Pending: 3, Storable: true, Heard: true} }
func (h *house) Ready(string) bool    { return !h.down }

// Live gives what a test put there.
func (h *house) Live(ctx context.Context, _, _, _ string, after int64) (LiveFrame, bool, error) {
	if h.live == nil {
		return LiveFrame{}, false, fault.New(fault.Unavailable, "live.no-link")
	}
	return h.live(ctx, after)
}

// Screen and Serve are the gateway's relays.
func (h *house) Screen(string) ScreenInfo { return ScreenInfo{Plane: PlaneReady} }
func (h *house) Serve(ctx context.Context, p ScreenPage) {
	if h.glass != nil {
		h.glass(ctx, p)
	}
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{TB: t, dir: t.TempDir(), log: new(safeBuffer)}
	h.open()
	t.Cleanup(func() { h.stop() })
	h.must(h.acts.Enrol(t.Context(), act.CommandLine(), terminal.Terminal{
		ID: "t-01", Name: "端末1", Place: "2階通信室", Phone: "内線 11", Address: "127.0.0.1:1",
		Services: []terminal.Service{{ID: service, Name: "Net119"}, {ID: "aacn", Name: "AACN", OutputOnly: true}}, Serials: []string{"1"}, EnrolledAt: time.Now(),
	}))
	return h
}

// open opens the house and follows its feed.
func (h *house) open() {
	h.Helper()
	keys, err := seal.OpenDir(filepath.Join(h.dir, "keys"))
	h.must(err)
	h.store, err = store.Open(context.Background(), store.Config{HQ: "279999", Dir: h.dir}, keys)
	h.must(err)
	may, err := authz.New()
	h.must(err)
	h.acts, err = act.New(h.store, may)
	h.must(err)
	h.Server, err = New(h.config(may))
	h.must(err)
	h.runs()
}

// config is the door of the house; a second door to the same house remembers
// nothing as long as it does not run.
func (h *house) config(may *authz.Decider) Config {
	return Config{
		Headquarters: "279999", Name: "例示市消防本部", Version: "test", Store: h.store, Acts: h.acts, May: may, Links: h, Screens: h,
		Enrol: func(context.Context, act.Who, Enrolling) (terminal.Terminal, error) {
			return terminal.Terminal{}, fault.New(fault.Unavailable, "enrol.refused")
		},
		Health: func(context.Context) Health { return Health{OK: true} },
		Pages:  http.NotFoundHandler(), Now: h.store.Now, Log: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func (h *house) runs() {
	h.Helper()
	run, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := h.Run(run); err != nil {
			h.Errorf("Run: %v", err)
		}
	}()
	h.stop = func() {
		stop()
		<-done
		h.must(h.store.Close())
	}
	h.until("the feed is followed", func() bool { return h.hub.lastNames().terminals != nil })
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) until(what string, ok func() bool) {
	h.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-deadline.C:
			h.Fatalf("never came: %s", what)
		}
	}
}

// seat is somebody at a console with the cookies of its browser.
type seat struct {
	h       *house
	console string
	person  staff.Person
	cookies []*http.Cookie
	bearer  string // of a client, in place of cookies
}

// seat enrols a console; with a role somebody is logged in there.
func (h *house) seat(id string, roles ...staff.Role) *seat {
	h.Helper()
	s := &seat{h: h, console: id}
	code, err := h.acts.IssueConsole(context.Background(), act.CommandLine(), id, "指令台"+id, false)
	h.must(err)
	_, secret, err := h.acts.JoinConsole(context.Background(), act.Machine(authz.KindStranger), code)
	h.must(err)
	w := httptest.NewRecorder()
	authn.SetConsole(w, id, secret)
	if len(roles) > 0 {
		// The session as a log-in leaves it, without the cost of a password.
		s.person = staff.Person{ID: "p-" + id, Account: "account-" + id, Name: "職員" + id, Roles: roles, State: staff.Active, PasswordHash: "none"}
		token, hash := staff.NewToken()
		h.must(h.store.Do(context.Background(), func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
			u.Changed("person", s.person.ID, "test")
			if err := u.Staff().SavePerson(ctx, s.person); err != nil {
				return entry.Entry{}, err
			}
			return entry.Entry{Act: "test.seat", Subject: "person/" + s.person.ID}, u.Staff().SaveSession(ctx, staff.NewSession(hash, s.person.ID, id, u.Now()))
		}))
		authn.SetSession(w, id, token)
	}
	s.cookies = w.Result().Cookies()
	return s
}

// request makes a request of this seat; a nil seat is a stranger.
func (s *seat) request(ctx context.Context, method, url string, body any) *http.Request {
	var r io.Reader
	if text, ok := body.(string); ok {
		r = strings.NewReader(text)
	} else if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			panic("httpapi: a test's body cannot be encoded: " + err.Error())
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, r)
	if err != nil {
		panic("httpapi: a test's request: " + err.Error())
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if s != nil {
		if s.console != "" {
			req.Header.Set(authn.Header, s.console)
		}
		if s.bearer != "" {
			req.Header.Set("Authorization", "Bearer "+s.bearer)
		}
		for _, c := range s.cookies {
			req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	return req
}

// do answers without a network.
func (h *house) do(s *seat, method, path string, body any, header ...string) *httptest.ResponseRecorder {
	h.Helper()
	req := s.request(context.Background(), method, "https://hq.example"+base+path, body)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

// read wants an answer of 200 and reads it.
func read[T any](h *house, s *seat, method, path string, body any) (v T) {
	h.Helper()
	w := h.do(s, method, path, body)
	if w.Code/100 != 2 {
		h.Fatalf("%s %s = %d %s", method, path, w.Code, w.Body)
	}
	if w.Body.Len() > 0 {
		h.must(json.Unmarshal(w.Body.Bytes(), &v))
	}
	return v
}

func problemIn(t testing.TB, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%d %q is no problem: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return p
}

func words(id string, revision int64) *stdif.Report {
	return &stdif.Report{ID: id, Revision: revision, EventTime: time.Now(), Kind: stdif.IncidentType{Code: stdif.KindOther, Label: "その他"}, Text: "助けて"}
}

func (h *house) arrive(in stdif.Inbound) {
	h.Helper()
	h.seq++
	f, err := open1.FrameOf(in, time.Now())
	h.must(err)
	f.Seq, f.Spool, f.MsgID, f.ServiceID, f.TerminalID, f.Mode = h.seq, "spool", "msg", service, "t-01", h.arrives()
	wire, err := open1.Encode(f)
	h.must(err)
	v := act.Incoming{
		Frame: fmt.Sprintf("t-01/spool/%d", h.seq), Terminal: "t-01", Spool: "spool", Seq: h.seq, Service: service, Type: string(f.Type),
		Mode: f.Mode, SentAt: f.SentAt, Wire: wire,
	}
	v.Inbound, _, v.Problem = open1.DecodeBody(f)
	h.incoming(v)
}

func (h *house) arrives() stdif.Mode {
	if h.mode == "" {
		return stdif.Actual
	}
	return h.mode
}

func (h *house) incoming(in act.Incoming) {
	h.Helper()
	p, err := h.acts.Arrive(context.Background(), act.Gateway(), in)
	h.must(err)
	h.must(p.Wait(context.Background()))
}

// reported lets a report arrive and returns it.
func (h *house) reported(id string) report.Report {
	h.Helper()
	h.arrive(stdif.Inbound{Report: words(id, 1)})
	open, err := h.store.Reports().Board(context.Background())
	h.must(err)
	for _, r := range open {
		if r.ServiceReport == id {
			return r
		}
	}
	h.Fatalf("report %s is not on the board", id)
	return report.Report{}
}

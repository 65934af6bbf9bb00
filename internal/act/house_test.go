package act_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/postgres/postgrestest"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
	dutytest "github.com/matoi119/matoi/test/duty"
)

var (
	duty   = dutytest.Holds
	server *postgrestest.Server
)

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func(s *postgrestest.Server) { server = s }))
}

const (
	hq        = "279999"
	net119    = "net119.example" // takes input
	aacn      = "aacn.example"   // output-only
	terminal1 = "t-01"
)

// noon is a moment in the middle of a business day in Japan.
var noon = time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)

// house is a headquarters with a clock that tests move.
type house struct {
	testing.TB
	*act.Acts
	store *store.Store
	dir   string

	mu  sync.Mutex
	now time.Time
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Microsecond) // no two acts at the same instant
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// newHouse opens a headquarters with two terminals. What it stored is compared
// with its evidence log at the end of every test.
func newHouse(t testing.TB, dsn string) *house {
	t.Helper()
	h := &house{TB: t, dir: t.TempDir(), now: noon}
	keys, err := seal.OpenDir(filepath.Join(h.dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	config := store.Config{HQ: hq, Dir: h.dir, Postgres: dsn, Now: h.clock}
	if h.store, err = store.Open(t.Context(), config, keys); err != nil {
		t.Fatal(err)
	}
	may, err := authz.New()
	if err != nil {
		t.Fatal(err)
	}
	if h.Acts, err = act.New(h.store, may); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
		r, err := store.Verify(context.Background(), config)
		if err != nil || !r.OK() {
			t.Errorf("verify: %v, %v", r.Findings, err)
		}
	})
	h.enrol(terminal1, terminal.Service{ID: net119, Name: "Net119"}, terminal.Service{ID: aacn, Name: "AACN", OutputOnly: true})
	h.enrol("t-02", terminal.Service{ID: "live.example", Name: "Live"})
	return h
}

func (h *house) enrol(id string, services ...terminal.Service) {
	h.Helper()
	h.must(h.Enrol(ctx(h), act.CommandLine(), terminal.Terminal{
		ID: id, Name: "通信室", Place: "2階", Address: "127.0.0.1:8443",
		Services: services, Serials: []string{"a1"}, EnrolledAt: h.store.Now(),
	}))
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func ctx(t testing.TB) context.Context { return t.Context() }

// at is a dispatcher at a console.
func at(console, person string) act.Who {
	return act.Who{Principal: authz.Principal{Kind: authz.KindPerson, ID: person, Roles: []staff.Role{staff.Dispatcher}}, Console: console}
}

var yamada = at("console-a", "yamada")

// wire is a message as the gateway takes it from a terminal: through the codec.
func (h *house) wire(seq int64, service string, mode stdif.Mode, in stdif.Inbound) act.Incoming {
	h.Helper()
	f, err := open1.FrameOf(in, h.store.Now())
	h.must(err)
	f.Seq, f.Spool, f.MsgID, f.ServiceID, f.TerminalID, f.Mode = seq, "spool-1", fmt.Sprintf("msg-%d", seq), service, terminal1, mode
	raw, err := open1.Encode(f)
	h.must(err)
	return h.bytes(raw)
}

// bytes is whatever came over the wire.
func (h *house) bytes(raw []byte) act.Incoming {
	f, p := open1.Decode(raw)
	in := act.Incoming{
		Frame: fmt.Sprintf("%s/%s/%d", terminal1, f.Spool, f.Seq), Terminal: terminal1, Spool: f.Spool, Seq: f.Seq, MsgID: f.MsgID,
		Service: f.ServiceID, Type: string(f.Type), Mode: f.Mode, SentAt: f.SentAt, Late: f.Late, Wire: raw, Problem: p, Refused: new(act.Refused),
	}
	if p == nil {
		in.Inbound, _, in.Problem = open1.DecodeBody(f)
	}
	return in
}

func (h *house) arrive(in act.Incoming) {
	h.Helper()
	who := act.Gateway()
	who.Terminal, who.Service = in.Terminal, in.Service
	p, err := h.Arrive(ctx(h), who, in)
	h.must(err)
	h.must(p.Wait(ctx(h)))
}

func words(id string, revision int64) *stdif.Report {
	return &stdif.Report{ID: id, Revision: revision, EventTime: noon, Kind: stdif.IncidentType{Code: stdif.KindOther, Label: "その他"}, Text: "助けて"}
}

// reported lets a report arrive and returns it.
func (h *house) reported(seq int64, service, id string) report.Report {
	h.Helper()
	h.arrive(h.wire(seq, service, stdif.Actual, stdif.Inbound{Report: words(id, 1)}))
	return h.report(id)
}

// report finds a report by the service's number, open or closed.
func (h *house) report(id string) report.Report {
	h.Helper()
	var found []report.Report
	for _, r := range h.all() {
		if r.ServiceReport == id {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		h.Fatalf("%d reports with the number %s", len(found), id)
	}
	return found[0]
}

func (h *house) all() []report.Report {
	h.Helper()
	open, err := h.store.Reports().Board(ctx(h))
	h.must(err)
	closed, err := h.store.Reports().Closed(ctx(h), h.store.Now().Add(time.Hour), 1000)
	h.must(err)
	return append(open, closed...)
}

func (h *house) history(subject string) []audit.Body {
	h.Helper()
	entries, err := h.store.History(ctx(h), subject, 1000)
	h.must(err)
	return entries
}

func (h *house) last(subject string) audit.Body {
	h.Helper()
	all := h.history(subject)
	if len(all) == 0 {
		h.Fatalf("no entry about %s", subject)
	}
	return all[len(all)-1]
}

// said is what waits for a terminal, in order, one word each.
func (h *house) said(terminalID string) []string {
	h.Helper()
	waiting, err := h.store.Undelivered(ctx(h), "terminal/"+terminalID, 1000)
	h.must(err)
	out := []string{}
	for _, m := range waiting {
		if m.Kind == act.MessageRequest {
			out = append(out, m.Kind)
			continue
		}
		var in stdif.Input
		h.must(json.Unmarshal(m.Body, &in))
		word := string(in.Verb)
		if in.Ack != nil {
			word = fmt.Sprintf("%s %s r%d", in.Verb, in.Ack.Step, in.Ack.Revision)
		}
		out = append(out, word)
	}
	return out
}

// inputs are what waits for a terminal, in order.
func (h *house) inputs(terminalID string) (out []stdif.Input) {
	h.Helper()
	waiting, err := h.store.Undelivered(ctx(h), "terminal/"+terminalID, 1000)
	h.must(err)
	for _, m := range waiting {
		var in stdif.Input
		h.must(json.Unmarshal(m.Body, &in))
		out = append(out, in)
	}
	return out
}

// delivered empties the outbox of a terminal.
func (h *house) delivered(terminalID string) {
	h.Helper()
	waiting, err := h.store.Undelivered(ctx(h), "terminal/"+terminalID, 1000)
	h.must(err)
	var done []act.Delivered
	for _, m := range waiting {
		done = append(done, act.Delivered{Message: m})
	}
	h.must(h.Deliver(ctx(h), act.Gateway(), "terminal/"+terminalID, done))
}

func wantKey(t testing.TB, err error, kind fault.Kind, key string) {
	t.Helper()
	f := fault.As(err)
	if f == nil || f.Kind != kind || f.Key != key {
		t.Errorf("error = %v, want %s %s", err, kind, key)
	}
}

// onDisk searches everything that the database has written for a text.
func (h *house) onDisk(canary string) bool {
	h.Helper()
	found := false
	files, err := filepath.Glob(filepath.Join(h.dir, store.File+"*"))
	if err != nil || len(files) == 0 {
		h.Fatalf("no database below %s: %v", h.dir, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			h.Fatal(err)
		}
		found = found || strings.Contains(string(b), canary)
	}
	return found
}

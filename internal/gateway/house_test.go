package gateway

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/pki"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/sim/fauxterminal"
	"github.com/matoi119/matoi/sim/headquarters"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
	dutytest "github.com/matoi119/matoi/test/duty"
)

var duty = dutytest.Holds

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	hq      = "279999"
	id      = "t-01"
	service = "net119.example"
)

// house is a headquarters whose gateway dials simulated terminals. What the
// stories do can be made to fail.
type house struct {
	testing.TB
	store *store.Store
	acts  *act.Acts
	ca    *headquarters.Authority
	gate  *Gateway
	stop  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	fail    func(act.Incoming) error
	failing bool // recording a link fails
	unsaved []string
	saved   []string
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{TB: t, ended: make(chan struct{})}
	keys, err := seal.OpenDir(filepath.Join(t.TempDir(), "keys"))
	h.must(err)
	h.store, err = store.Open(t.Context(), store.Config{HQ: hq, Dir: t.TempDir()}, keys)
	h.must(err)
	may, err := authz.New()
	h.must(err)
	h.acts, err = act.New(h.store, may)
	h.must(err)
	h.ca, err = headquarters.NewAuthority(hq)
	h.must(err)
	t.Cleanup(func() { h.must(h.store.Close()) })
	return h
}

// run starts the gateway; it ends with the test.
func (h *house) run() {
	h.Helper()
	t := h.TB
	h.gate = New(Config{
		Headquarters: hq, Name: "例示市消防本部", Acts: stories{h.acts, h}, Store: h.store, Bell: h, Now: h.store.Now,
		TLS: func(terminalID string) *tls.Config {
			c, err := h.ca.Gateway(terminalID)
			if err != nil {
				t.Error(err)
			}
			return c
		},
		Screens: ScreenConfig{Acts: h.acts, Store: h.store, Table: store.LeaseTable, renew: 100 * time.Millisecond},
		Code: func(err error) stdif.Code {
			if p := pki.Problem(err); p != nil {
				return p.Code
			}
			return 0
		},
		Jitter: func() float64 { return 0 }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	run, stop := context.WithCancel(context.Background())
	h.stop = stop
	go func() {
		defer close(h.ended)
		if err := h.gate.Run(run); err != nil {
			h.Errorf("Run: %v", err)
		}
	}()
	h.Cleanup(func() {
		stop()
		<-h.ended
	})
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// stories are the acts with failures on demand.
type stories struct {
	*act.Acts
	h *house
}

func (s stories) Arrive(ctx context.Context, who act.Who, in act.Incoming) (*writer.Pending, error) {
	s.h.mu.Lock()
	fail := s.h.fail
	s.h.mu.Unlock()
	if fail != nil {
		if why := fail(in); why != nil {
			return s.h.store.Submit(ctx, func(context.Context, *store.Unit) (entry.Entry, error) { return entry.Entry{}, why }), nil //nolint:nilerr // the act fails, not its handing in
		}
	}
	return s.Acts.Arrive(ctx, who, in)
}

func (s stories) Link(ctx context.Context, who act.Who, l terminal.Link) error {
	s.h.mu.Lock()
	failing := s.h.failing
	s.h.mu.Unlock()
	if failing {
		return errFull
	}
	return s.Acts.Link(ctx, who, l)
}

func (h *house) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

// Unsaved and Saved are the bell.
func (h *house) Unsaved(in act.Incoming) { h.set(func() { h.unsaved = append(h.unsaved, in.Frame) }) }
func (h *house) Saved(frame string)      { h.set(func() { h.saved = append(h.saved, frame) }) }

// listen serves a terminal with these settings and returns its address.
func (h *house) listen(handler http.Handler, settings *tls.Config) string {
	h.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	server := &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	run, stop := context.WithCancel(context.Background())
	server.BaseContext = func(net.Listener) context.Context { return run }
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(tls.NewListener(l, settings)) // ends with Close
	}()
	h.Cleanup(func() {
		stop() // a hijacked connection knows of no Close
		h.must(server.Close())
		<-done
	})
	return l.Addr().String()
}

func (h *house) terminalTLS(name string) *tls.Config {
	h.Helper()
	c, err := h.ca.Terminal(name)
	h.must(err)
	return c
}

func (h *house) enrol(address string) {
	h.Helper()
	h.must(h.acts.Enrol(h.Context(), act.CommandLine(), terminal.Terminal{
		ID: id, Name: "通信室", Place: "2階", Address: address,
		Services: []terminal.Service{{ID: service, Name: "Net119"}}, Serials: []string{"1"}, EnrolledAt: h.store.Now(),
	}))
}

// faux starts a terminal, registers it and starts the gateway.
func (h *house) faux(m fauxterminal.Manners) *fauxterminal.Terminal {
	h.Helper()
	term := fauxterminal.New(fauxterminal.Config{ID: id, Manners: m})
	h.enrol(h.listen(term, h.terminalTLS(id)))
	return term
}

func put(t testing.TB, term *fauxterminal.Terminal, reportID string) int64 {
	t.Helper()
	return putIn(t, term, stdif.Actual, reportID, 1)
}

func putIn(t testing.TB, term *fauxterminal.Terminal, mode stdif.Mode, reportID string, revision int64) int64 {
	t.Helper()
	seq, err := term.Put(service, mode, stdif.Inbound{Report: &stdif.Report{
		ID: reportID, Revision: revision, EventTime: time.Now(),
		Kind: stdif.IncidentType{Code: stdif.KindOther}, Text: "助けて",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// until waits for what other goroutines bring about.
func (h *house) until(what string, ok func() bool) {
	h.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-deadline.C:
			h.Fatalf("never came: %s (link %+v, reports %d)", what, h.link(), len(h.reports()))
		}
	}
}

func (h *house) link() terminal.Link {
	h.Helper()
	l, err := h.store.Terminals().Link(context.Background(), id)
	h.must(err)
	return l
}

func (h *house) ready() bool { return h.link().State == terminal.Ready }

func (h *house) reports() []report.Report {
	h.Helper()
	open, err := h.store.Reports().Board(context.Background())
	h.must(err)
	return open
}

func (h *house) has(reportIDs ...string) bool {
	h.Helper()
	var have []string
	for _, r := range h.reports() {
		have = append(have, r.ServiceReport)
	}
	return !slices.ContainsFunc(reportIDs, func(want string) bool { return !slices.Contains(have, want) })
}

func (h *house) waiting() []entry.Message {
	h.Helper()
	m, err := h.store.Undelivered(context.Background(), "terminal/"+id, 1000)
	h.must(err)
	return m
}

// stored compares what the terminal was told with what is in the store: nothing
// may be acknowledged that is not durable.
func (h *house) stored(term *fauxterminal.Terminal) {
	h.Helper()
	told := term.Heard().Have // before the store is read
	spool, err := h.store.LastSpool(context.Background(), id)
	h.must(err)
	seqs, err := h.store.Seqs(context.Background(), id, spool, 0, 100000)
	h.must(err)
	for _, r := range told {
		for n := r.From; n <= r.To; n++ {
			if !slices.Contains(seqs, n) {
				h.Errorf("frame %d is acknowledged and not stored", n)
			}
		}
	}
}

func dispatcher() act.Who {
	return act.Who{Principal: authz.Principal{Kind: authz.KindPerson, ID: "yamada", Roles: []staff.Role{staff.Dispatcher}}, Console: "console-a"}
}

func all(n int64) open1.Ranges { return open1.Ranges{{From: 1, To: n}} }

package headquarters_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/matoi119/matoi/sim/fauxterminal"
	"github.com/matoi119/matoi/sim/headquarters"
	"github.com/matoi119/matoi/sim/scenario"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const service = "net119.example"

// world is a simulated headquarters and a simulated terminal on loopback.
type world struct {
	t    *testing.T
	term *fauxterminal.Terminal
	hq   *headquarters.Headquarters
	addr string
	ca   *headquarters.Authority

	mu    sync.Mutex
	lines []string
	wake  chan struct{}
}

func start(t *testing.T, manners fauxterminal.Manners, bad headquarters.Manners, story string) *world {
	t.Helper()
	s, err := scenario.Parse(story)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := headquarters.NewAuthority("hq-sim")
	if err != nil {
		t.Fatal(err)
	}
	listen, err := ca.Terminal("t-01")
	if err != nil {
		t.Fatal(err)
	}
	dial, err := ca.Gateway("t-01")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ca: ca, term: fauxterminal.New(fauxterminal.Config{ID: "t-01", Manners: manners}), wake: make(chan struct{})}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", listen)
	if err != nil {
		t.Fatal(err)
	}
	w.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	srv := &http.Server{Handler: w.term, ErrorLog: log.New(io.Discard, "", 0), BaseContext: func(net.Listener) context.Context { return ctx }}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(ln) })
	w.hq = headquarters.New(headquarters.Config{Address: w.addr, TLS: dial, Story: s, Manners: bad, Tell: w.tell})
	wg.Go(func() { _ = w.hq.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		srv.Close()
		wg.Wait()
	})
	return w
}

func (w *world) tell(e headquarters.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, e.Text)
	close(w.wake)
	w.wake = make(chan struct{})
}

// report spools one report at the terminal.
func (w *world) report(id string) {
	w.t.Helper()
	r := &stdif.Report{ID: id, Revision: 1, EventTime: time.Now(), Kind: stdif.IncidentType{Code: stdif.KindEMS}, Text: "息が苦しい"}
	if _, err := w.term.Put(service, stdif.Exercise, stdif.Inbound{Report: r}); err != nil {
		w.t.Fatal(err)
	}
}

// until waits for a condition of the terminal.
func (w *world) until(what string, ok func(fauxterminal.Heard) bool) {
	w.t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for {
		changed := w.term.Changed()
		if ok(w.term.Heard()) {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			w.t.Fatalf("%s did not come; headquarters says:\n%s", what, strings.Join(w.said(), "\n"))
		}
	}
}

// heard waits for a line of the headquarters.
func (w *world) heard(part string) {
	w.t.Helper()
	late := time.NewTimer(20 * time.Second)
	defer late.Stop()
	for {
		w.mu.Lock()
		wake := w.wake
		ok := slices.ContainsFunc(w.lines, func(l string) bool { return strings.Contains(l, part) })
		w.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-wake:
		case <-late.C:
			w.t.Fatalf("headquarters did not say %q:\n%s", part, strings.Join(w.said(), "\n"))
		}
	}
}

func (w *world) said() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lines)
}

func all(n int64) func(fauxterminal.Heard) bool {
	return func(h fauxterminal.Heard) bool { return h.Have.Count() == n && h.Have.Last() == n }
}

// Reports from before the connection, and a new one, are acknowledged; the
// story answers each once; data is given when it is asked for.
func TestStoryAnswersEachReportOnce(t *testing.T) {
	w := start(t, fauxterminal.Manners{}, headquarters.Manners{}, `
when a report arrives, after 0s headquarters sees
when a report arrives, after 0s headquarters accepts
when a report arrives, after 0s headquarters says "どうしましたか"
when a report arrives, after 0s headquarters closes reason=handled
`)
	for n := range 5 {
		w.report(fmt.Sprintf("R%d", n))
	}
	w.until("five acknowledgements", all(5))
	w.until("twenty inputs", func(h fauxterminal.Heard) bool { return len(h.Inputs) == 20 })
	verbs := map[string]int{}
	for _, in := range w.term.Heard().Inputs {
		verbs[in.ReportID+string(in.Verb)]++
		if in.Mode != stdif.Exercise {
			t.Errorf("%s of %s has mode %q, want the report's", in.Verb, in.ReportID, in.Mode)
		}
	}
	if len(verbs) != 20 {
		t.Fatalf("inputs = %v, want four of each report", verbs)
	}
	got, err := w.hq.Ask(t.Context(), stdif.DataRequest{ServiceID: service, ReportID: "R3"})
	if err != nil || len(got) != 1 || got[0].Inbound.Report.ID != "R3" || got[0].Mode != stdif.Exercise {
		t.Fatalf("Ask = %+v, %v", got, err)
	}
	if got, err = w.hq.Ask(t.Context(), stdif.DataRequest{ReportID: "none"}); err != nil || len(got) != 0 {
		t.Fatalf("Ask for what is not there = %+v, %v", got, err)
	}
	if h, err := w.hq.Health(t.Context()); err != nil || h.TerminalID != "t-01" || h.Pending != 0 || h.Storable {
		t.Fatalf("Health = %+v, %v", h, err)
	}
	for _, l := range w.said() {
		if strings.Contains(l, "息が苦しい") {
			t.Fatalf("an engineer's line holds a caller's words: %s", l)
		}
	}
}

// Whatever the terminal does wrong on the wire, everything arrives in the end,
// because nothing is taken for received that was not.
func TestBadTerminals(t *testing.T) {
	for name, m := range map[string]fauxterminal.Manners{
		"doubles": {DoubleEvery: 2}, "reorders": {Reorder: true}, "cuts the line": {CutAfter: 4},
		"is oversized": {Oversize: true}, "has a wrong clock": {Skew: 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, m, headquarters.Manners{}, "")
			for n := range 6 {
				w.report(fmt.Sprintf("R%d", n))
			}
			w.until("all acknowledgements", all(6))
		})
	}
}

// A frame that is missing, or whose number cannot be read, leaves a hole: the
// terminal sends it again at the next connection. A torn frame with its number
// is kept raw and refused by number, so that nobody waits for it for ever.
func TestHoles(t *testing.T) {
	for name, m := range map[string]fauxterminal.Manners{"torn": {TornEvery: 3}, "skipped": {SkipEvery: 3}, "binary": {BinaryEvery: 3}} {
		t.Run(name, func(t *testing.T) {
			w := start(t, m, headquarters.Manners{}, "")
			for n := range 6 {
				w.report(fmt.Sprintf("R%d", n))
			}
			w.until("some acknowledgements", func(h fauxterminal.Heard) bool { return h.Have.Count() >= 4 })
			if h := w.term.Heard(); h.Have.Count() == h.Have.Last() && len(h.Refused) == 0 {
				t.Fatalf("have %v, refused %v; want a hole or a refusal where a frame was lost", h.Have, h.Refused)
			}
		})
	}
}

func TestWrongFramesAreNamed(t *testing.T) {
	w := start(t, fauxterminal.Manners{WrongVersion: true}, headquarters.Manners{}, "")
	w.heard("202")
}

// A headquarters that stalls leaves everything unacknowledged; one that refuses
// names the code; one that lies claims what never came.
func TestBadHeadquarters(t *testing.T) {
	stalls := start(t, fauxterminal.Manners{}, headquarters.Manners{Stall: true}, "")
	stalls.report("R1")
	stalls.heard("report.upsert")
	if h := stalls.term.Heard(); h.Have.Count() != 0 {
		t.Errorf("a headquarters that stalls acknowledged %v", h.Have)
	}
	refuses := start(t, fauxterminal.Manners{}, headquarters.Manners{Refuse: stdif.CodeMissing}, "when a report arrives, after 0s headquarters refuses code=301")
	refuses.report("R1")
	refuses.until("a refusal", func(h fauxterminal.Heard) bool {
		return len(h.Refused) == 1 && h.Refused[0].Problem.Code == stdif.CodeMissing && len(h.Inputs) == 1 && h.Inputs[0].Ack.Step == stdif.Refused
	})
	lies := start(t, fauxterminal.Manners{}, headquarters.Manners{Lie: true}, "")
	lies.report("R1")
	lies.until("a lie", func(h fauxterminal.Heard) bool { return h.Have.Last() > 1000 })
}

// An output-only service takes no input, but acknowledgements always (S3-1-3-1).
func TestInputsThatAreNotTaken(t *testing.T) {
	w := start(t, fauxterminal.Manners{DenyInputs: true}, headquarters.Manners{}, `when a report arrives, after 0s headquarters says "x"`)
	w.report("R1")
	w.heard("message R1: taken false")
}

// Only the agreed sides meet: another CA's gateway, or none, is refused.
func TestWrongCertificates(t *testing.T) {
	w := start(t, fauxterminal.Manners{}, headquarters.Manners{}, "")
	other, err := headquarters.NewAuthority("hq-sim")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := other.Gateway("t-01")
	if err != nil {
		t.Fatal(err)
	}
	renamed, err := w.ca.Gateway("t-02")
	if err != nil {
		t.Fatal(err)
	}
	asTerminal, err := w.ca.Issue("t-09")
	if err != nil {
		t.Fatal(err)
	}
	for name, settings := range map[string]*tls.Config{
		"another CA": stranger, "another terminal's name": renamed, "a terminal's certificate": open1.GatewayTLS(asTerminal, w.ca.Pool(), "t-01"),
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		c, err := open1.Dial(ctx, w.addr, settings, open1.Hello{Headquarters: "x"})
		if err == nil {
			_, _, _, err = c.Read(ctx) // TLS 1.3: the refusal may come with the first read
			_ = c.CloseNow()
		}
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
		cancel()
	}
}

package check

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.uber.org/goleak"

	"github.com/matoi119/matoi/internal/agent/guardian"
	"github.com/matoi119/matoi/sim/fauxterminal"
	"github.com/matoi119/matoi/sim/headquarters"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
	duties "github.com/matoi119/matoi/test/duty"
)

var duty = duties.Holds

func TestMain(m *testing.M) {
	if guardian.IsChild(os.Args) {
		os.Exit(guardian.Child(os.Stdin, os.Stdout))
	}
	goleak.VerifyTestMain(m)
}

// world is a simulated terminal and what the runner needs to know of it.
type world struct {
	target Target
	intake *Intake
	term   *fauxterminal.Terminal
}

func start(t *testing.T, d fauxterminal.Defect, services []open1.ServiceHealth) world {
	t.Helper()
	ca, err := headquarters.NewAuthority("hq-sim")
	if err != nil {
		t.Fatal(err)
	}
	from, to := time.Now().Add(-2*time.Hour), time.Now().Add(time.Hour)
	if d.Expired {
		to = time.Now().Add(-time.Minute)
	}
	own, err := ca.IssueFor("t-01", from, to)
	if err != nil {
		t.Fatal(err)
	}
	settings := open1.TerminalTLS(own, ca.Pool(), open1.GatewayName("hq-sim"))
	settings.NextProtos = []string{"http/1.1"}
	if d.TLS != nil {
		d.TLS(settings)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", settings)
	if err != nil {
		t.Fatal(err)
	}
	term := fauxterminal.New(fauxterminal.Config{ID: "t-01", Manners: d.Manners, Services: services, Silence: slower})
	ctx, stop := context.WithCancel(context.Background())
	srv := &http.Server{Handler: term, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(ln) }()
	intake := httptest.NewServer(term.Intake())
	t.Cleanup(func() { stop(); _ = srv.Close(); <-done; intake.Close() })
	dial, err := ca.Gateway("t-01")
	if err != nil {
		t.Fatal(err)
	}
	return world{Target{Profile: "open/1", Address: ln.Addr().String(), Headquarters: "hq-sim", TLS: dial}, &Intake{Base: intake.URL, HTTP: intake.Client()}, term}
}

func (w world) run(t *testing.T, o Options) Result {
	t.Helper()
	if o.Service == nil {
		o.Service = w.intake
	}
	if o.Patience == 0 {
		o.Patience = patience
	}
	if w.term != nil {
		o.letGo = slower
	}
	r, err := Run(t.Context(), w.target, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// answers are the ids of the tests that were answered so.
func answers(r Result, a Answer) []string {
	ids := []string{}
	for _, x := range r.Tests {
		if x.Answer == a {
			ids = append(ids, x.ID)
		}
	}
	return ids
}

func explain(t *testing.T, r Result, a Answer) {
	t.Helper()
	for _, x := range r.Tests {
		if x.Answer == a {
			t.Logf("%s %s: %s", x.ID, a, x.Because.En)
			for _, s := range x.Evidence {
				t.Logf("   %s → %s", s.Sent, s.Got)
			}
		}
	}
}

// patience of the tests: terminals of other tests want the processor too.
const patience = 3 * time.Second

// slower is after how long the simulators let go: beats of 50 ms come late where
// the whole machine is busy with tests.
const slower = time.Second

// automatic are the tests that need nothing but the terminal and its service.
var automatic = []string{"C221a", "C221b", "C221c", "C131a", "C131b", "C131c", "C132", "D-01", "C121a", "C121b", "C121c", "C122a", "C122b", "C122c", "D-02a", "D-02b"}

func TestHealthyTerminalPasses(t *testing.T) {
	for name, outputOnly := range map[string]bool{"takes input": false, "output-only": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			duty(t, "S3-1-2-1")
			duty(t, "S3-1-2-2")
			duty(t, "S3-1-3-1")
			duty(t, "S3-1-3-2")
			w := start(t, fauxterminal.Defect{}, []open1.ServiceHealth{{ServiceID: "net119.example", OutputOnly: outputOnly}})
			r := w.run(t, Options{Person: "例示 花子", Version: "test"})
			if got := answers(r, Pass); !slices.Equal(got, automatic) {
				t.Errorf("passed %v, want %v", got, automatic)
				explain(t, r, Fail)
				explain(t, r, Error)
			}
			w.harmless(t, r)
		})
	}
}

// harmless demands that the runner acknowledged nothing and sent nothing but
// about its own reports, in the mode test.
func (w world) harmless(t *testing.T, r Result) {
	t.Helper()
	h := w.term.Heard()
	if len(h.Have) > 0 || len(h.Refused) > 0 {
		t.Errorf("the runner acknowledged %v, refused %v", h.Have, h.Refused)
	}
	for _, hello := range h.Hellos {
		if len(hello.Have) > 0 || hello.Spool != "" {
			t.Errorf("the runner claims to have %v of %q", hello.Have, hello.Spool)
		}
	}
	for _, in := range h.Inputs {
		if in.Mode != stdif.Test || !strings.HasPrefix(in.ReportID, r.Run) || !strings.HasPrefix(in.ID, r.Run) {
			t.Errorf("input %s about %s in the mode %s", in.ID, in.ReportID, in.Mode)
		}
	}
}

// Each broken terminal is caught by the one test that is there for it, and no
// other test says that the terminal fails.
func TestEveryDefectIsCaughtByItsTest(t *testing.T) {
	caught := map[string]bool{}
	// Channel, data and screen are three connections of the simulator that share
	// nothing; the healthy terminal passes all of them together.
	planes := map[string][]string{}
	for _, plane := range [][]string{automatic[:3], automatic[3:8], automatic[8:]} {
		for _, id := range plane {
			planes[id] = plane
		}
	}
	defects := fauxterminal.Defects()
	results := make([]Result, len(defects))
	var wg sync.WaitGroup // they wait most of the time, and so together
	for i, d := range defects {
		caught[d.Caught] = true
		w := start(t, d, nil)
		wg.Go(func() {
			o := Options{Service: w.intake, Patience: patience, letGo: slower}
			o.Only = planes[d.Caught]
			r, err := Run(t.Context(), w.target, o)
			if err != nil {
				t.Error(err)
			}
			results[i] = r
		})
	}
	wg.Wait()
	for i, d := range defects {
		t.Run(d.Name, func(t *testing.T) {
			r := results[i]
			if got := answers(r, Fail); !slices.Equal(got, []string{d.Caught}) {
				t.Errorf("failed %v, want only %s", got, d.Caught)
				explain(t, r, Fail)
			}
			if got := answers(r, Error); len(got) > 0 && !d.Expired {
				t.Errorf("errors of the runner: %v", got)
				explain(t, r, Error)
			}
		})
	}
	for _, id := range automatic {
		if !caught[id] {
			t.Errorf("no defect is there for %s", id)
		}
	}
}

// A line that is down says nothing about the terminal.
func TestErrorsAreNotFailures(t *testing.T) {
	w := start(t, fauxterminal.Defect{}, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.target.Address = ln.Addr().String()
	_ = ln.Close()
	r := w.run(t, Options{})
	if f := answers(r, Fail); len(f) > 0 {
		t.Errorf("with nobody there failed %v", f)
	}
	if e := answers(r, Error); !slices.Equal(e, automatic) {
		t.Errorf("with nobody there errors %v, want %v", e, automatic)
	}
	w = start(t, fauxterminal.Defect{}, nil)
	w.intake.Base = "http://" + ln.Addr().String()
	r = w.run(t, Options{Only: []string{"C131a", "C131b", "C132"}})
	if e := answers(r, Error); !slices.Equal(e, []string{"C131a", "C132"}) || r.Count(NotRun) != 1 {
		t.Errorf("with a dead intake: errors %v, %d not run", e, r.Count(NotRun))
	}
}

// Beside a headquarters on duty the line stays with it.
func TestLineOfAHeadquartersIsLeftAlone(t *testing.T) {
	w := start(t, fauxterminal.Defect{}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	duty1, err := open1.Dial(ctx, w.target.Address, w.target.TLS, open1.Hello{Headquarters: "hq-sim"})
	if err != nil {
		t.Fatal(err)
	}
	defer duty1.CloseNow()
	if _, _, _, err := duty1.Read(ctx); err != nil { // the terminal counts it
		t.Fatal(err)
	}
	r := w.run(t, Options{Only: []string{"C131a", "C132", "D-01"}})
	if p := answers(r, Pass); !slices.Equal(p, []string{"C131a", "C132"}) {
		t.Errorf("passed %v", p)
		explain(t, r, Fail)
	}
	d, _ := r.Find("D-01")
	if d.Answer != NotRun || len(w.term.Heard().Hellos) != 1 {
		t.Errorf("D-01 %s, %d hellos", d.Answer, len(w.term.Heard().Hellos))
	}
}

func TestWhatWasNotGivenIsNotRun(t *testing.T) {
	w := start(t, fauxterminal.Defect{}, nil)
	target := w.target
	r, err := Run(t.Context(), target, Options{Patience: time.Second, Only: []string{"C131a", "C132", "C111", "C112", "D-03", "C21", "C222", "C23", "C241", "C242", "C25", "C26", "C27"}})
	if err != nil {
		t.Fatal(err)
	}
	if n := answers(r, NotRun); len(n) != len(r.Tests) {
		explain(t, r, Fail)
		t.Errorf("not run %v of %d", n, len(r.Tests))
	}
	for _, x := range r.Tests {
		if x.Because.Ja == "" || x.Because.En == "" || strings.Contains(x.Because.Ja, "{0}") {
			t.Errorf("%s says nothing: %+v", x.ID, x.Because)
		}
	}
	target.Profile = "s301"
	if _, err := Run(t.Context(), target, Options{}); err == nil {
		t.Error("Run with a profile that is not there = nil, want an error")
	}
}

func TestResultIsWholeAndSealed(t *testing.T) {
	w := start(t, fauxterminal.Defect{}, nil)
	r := w.run(t, Options{Person: "例示 花子<script>", Version: "test", Only: []string{"C221a", "C131a", "C242"}})
	var wire bytes.Buffer
	if err := r.WriteJSON(&wire); err != nil {
		t.Fatal(err)
	}
	again, err := Read(wire.Bytes())
	if err != nil || again.Digest != r.Digest {
		t.Fatalf("Read: %v", err)
	}
	for i, c := range []struct{ from, to string }{{`"answer": "pass"`, `"answer": "fail"`}, {`"person": "例示`, `"person": "別の`}, {`"tests": [`, `"tests": [ `}} {
		if _, err := Read([]byte(strings.Replace(wire.String(), c.from, c.to, 1))); err == nil {
			t.Errorf("change %d was not noticed", i)
		}
	}
	validate(t, wire.Bytes())
	if strings.Contains(wire.String(), "髙橋") || strings.Contains(wire.String(), "例示ハイツ") {
		t.Error("the result holds words of the report")
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"t-01", "例示 花子", "S3-01本文", r.List, r.Digest, "未実施", "時刻"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the printed report does not say %q", want)
		}
	}
	if strings.Contains(page.String(), "<script") {
		t.Error("the printed report holds a script")
	}
}

func validate(t *testing.T, wire []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(SchemaText()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is fetched
	if err := c.AddResource("check.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("check.json")
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(wire, &v); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Error(err)
	}
}

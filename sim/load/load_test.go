package load_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/intaketest"
	"github.com/matoi119/matoi/sim/load"
	"github.com/matoi119/matoi/sim/sse"
	"github.com/matoi119/matoi/stdif"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// system is a terminal and a server in one: what the intake takes appears on
// the feeds, but for the faults that a test asks for.
type system struct {
	term *intaketest.Terminal

	mu     sync.Mutex
	ids    []string
	wake   chan struct{}
	drop   func(console string, n int) bool // leaves an event out
	forget int                              // leaves so many out of the list
	full   bool                             // cannot store
	cut    int                              // ends a feed after so many events
}

func newSystem() *system {
	return &system{term: intaketest.New("secret", ""), wake: make(chan struct{}), drop: func(string, int) bool { return false }}
}

func (s *system) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimPrefix(r.URL.Path, "/api/v1"); {
	case strings.HasPrefix(path, "/intake/"):
		s.intake(w, r)
	case path == "/board":
		s.mu.Lock()
		fmt.Fprintf(w, `{"cursor":%d}`, len(s.ids))
		s.mu.Unlock()
	case path == "/feed":
		s.feed(w, r)
	case path == "/feed/painted":
		s.painted(r)
	case path == "/reports":
		s.list(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *system) intake(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		s.term.ServeHTTP(w, r)
		return
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if s.full {
		w.WriteHeader(http.StatusInsufficientStorage)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	var rep stdif.Report
	_ = json.Unmarshal(b, &rep)
	s.term.ServeHTTP(w, r)
	if _, taken := s.term.Get(rep.ID); !taken {
		return
	}
	s.term.Step(rep.ID, stdif.Received)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, rep.ID)
	close(s.wake)
	s.wake = make(chan struct{})
}

func (s *system) feed(w http.ResponseWriter, r *http.Request) {
	next, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	w.WriteHeader(http.StatusOK)
	for written := 0; ; {
		s.mu.Lock()
		fresh, wake := slices.Clone(s.ids[next:]), s.wake
		s.mu.Unlock()
		for _, id := range fresh {
			next++
			if s.drop(r.URL.Query().Get("console"), next) {
				continue
			}
			if written++; s.cut > 0 && written > s.cut {
				return
			}
			data := fmt.Sprintf(`{"seq":%d,"kind":"report","report":{"id":"r%d","serviceReportId":%q}}`, next, next, id)
			if sse.Write(w, strconv.Itoa(next), "change", []byte(data)) != nil {
				return
			}
		}
		select {
		case <-wake:
		case <-r.Context().Done():
			return
		}
	}
}

func (s *system) painted(r *http.Request) {
	var p struct {
		Reports []string `json:"reports"`
	}
	_ = json.NewDecoder(r.Body).Decode(&p)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range p.Reports {
		n, _ := strconv.Atoi(strings.TrimPrefix(id, "r"))
		s.term.Step(s.ids[n-1], stdif.Integrated)
	}
}

func (s *system) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.ids)
	if b := r.URL.Query().Get("before"); b != "" {
		last, _ = strconv.Atoi(strings.TrimPrefix(b, "r"))
		last--
	}
	page := []map[string]string{}
	for n := last; n > s.forget && len(page) < 200 && r.URL.Query().Get("state") == "open"; n-- {
		page = append(page, map[string]string{"id": fmt.Sprintf("r%d", n), "serviceReportId": s.ids[n-1]})
	}
	_ = json.NewEncoder(w).Encode(page)
}

func (s *system) run(t *testing.T, change func(*load.Config)) load.Result {
	t.Helper()
	h := &http.Client{Transport: intaketest.Memory{Handler: s}}
	cfg := load.Config{Rate: 100, Warmup: time.Second, Measure: 4 * time.Second, Paint: true}
	for range 2 {
		cfg.Services = append(cfg.Services, &intake.Client{Base: "http://x.test", Credential: "secret", HTTP: h})
	}
	for _, name := range []string{"A", "B", "C"} {
		cfg.Consoles = append(cfg.Consoles, &load.Console{Name: name, ID: name, Base: "http://x.test", HTTP: h})
	}
	if change != nil {
		change(&cfg)
	}
	r, err := load.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEverythingIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newSystem().run(t, nil)
		if !r.Whole() || r.Sent != 500 || r.Integrated != 500 || r.Event.N != 3*400 || r.Ack.N != 400 || r.SentRate < 99 {
			t.Fatalf("%+v", r)
		}
		var text bytes.Buffer
		if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "whole:") {
			t.Fatalf("%v\n%s", err, text.String())
		}
	})
}

// Each kind of loss is seen by the count that stands for it, and by no other.
func TestLossesAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		break_ func(*system)
		found  func(load.Result) bool
	}{
		"not shown on one console": {
			func(s *system) { s.drop = func(c string, n int) bool { return c == "B" && n%100 == 0 } },
			func(r load.Result) bool {
				return r.ShownLeast == 495 && r.ShownMost == 500 && r.Stored == 500 && len(r.Missing) == 5 && strings.HasPrefix(r.Missing[0], "B: ")
			},
		},
		"not stored": {
			func(s *system) { s.forget = 7 },
			func(r load.Result) bool { return r.Stored == 493 && r.ShownLeast == 500 },
		},
		"not acknowledged": {
			func(s *system) { s.full = true },
			func(r load.Result) bool { return r.Acknowledged == 0 && r.Refused == 500 && r.Failed == 0 },
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newSystem()
			cfg := func(*load.Config) { c.break_(s) }
			if r := s.run(t, cfg); r.Whole() || !c.found(r) {
				t.Errorf("%s: %+v", name, r)
			}
		})
	}
}

// A feed that breaks is opened again at the last event: nothing is missed.
func TestFeedsResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSystem()
		s.cut = 50
		if r := s.run(t, nil); !r.Whole() || r.Reconnects < 20 {
			t.Fatalf("%+v", r)
		}
	})
}

func TestFlatOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSystem()
		slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				time.Sleep(10 * time.Millisecond) // bubble time
			}
			s.ServeHTTP(w, r)
		})
		r := s.run(t, func(c *load.Config) {
			c.Rate, c.Workers, c.Warmup, c.Measure, c.Paint, c.Consoles = 0, 4, 0, time.Second, false, nil
			for _, client := range c.Services {
				client.HTTP = &http.Client{Transport: intaketest.Memory{Handler: slow}}
			}
		})
		if !r.Whole() || r.Sent < 790 || r.Sent > 816 || r.Ack.P50 != 10 { // 2 services × 4 workers × 100 a second
			t.Fatalf("%+v", r)
		}
	})
}

func TestRunSaysWhyItCannotBegin(t *testing.T) {
	if _, err := load.Run(t.Context(), load.Config{}); err == nil {
		t.Fatal("a run without services began")
	}
	h := &http.Client{Transport: intaketest.Memory{Handler: http.NotFoundHandler()}}
	_, err := load.Run(t.Context(), load.Config{Measure: time.Second, Services: []*intake.Client{{Base: "http://x.test", HTTP: h}},
		Consoles: []*load.Console{{Name: "A", Base: "http://x.test", HTTP: h}}})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Fatalf("Run = %v, want the server's 404", err)
	}
}

// The percentiles agree with a count by hand on random samples.
func TestPercentiles(t *testing.T) {
	for range 200 {
		samples := make([]int64, 1+rand.IntN(300))
		for i := range samples {
			samples[i] = rand.Int64N(1e9)
		}
		p := load.Of(slices.Clone(samples))
		for share, got := range map[float64]float64{0.5: p.P50, 0.95: p.P95, 0.99: p.P99, 0.999: p.P999, 1: p.Max} {
			below, under := 0, 0
			for _, s := range samples {
				if float64(s)/1e6 <= got {
					below++
				}
				if float64(s)/1e6 < got {
					under++
				}
			}
			if n := float64(len(samples)); float64(below) < share*n || float64(under) >= share*n {
				t.Fatalf("percentile %v of %d samples = %v: %d at or below, %d below", share, len(samples), got, below, under)
			}
		}
	}
}

package bench

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/sim/load"
)

const (
	feedRate     = 60 // changes a second
	feedMeasure  = 5 * time.Second
	feedPerToken = 25 // streams of one client; the server takes 32
)

// BenchmarkFeedSubscribers is how many followers of the feed a core carries at 60
// changes a second, beside a loop that writes the same bytes to as many plain
// net/http streams in the same run.
func BenchmarkFeedSubscribers(b *testing.B) {
	t := Table{Title: "Feed: change committed → event at every subscriber, 60 changes/s",
		Heads: []string{"subscribers", "per core", "p50 ms", "p99", "bare loop p50 ms", "p99"}}
	for _, n := range []int{100, 300, 600, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ours, bare := feedOf(b, n), bareOf(b, n)
			t.Row(n, n/cores(), ours.P50, ours.P99, bare.P50, bare.P99)
			b.ReportMetric(ours.P99, "p99-ms")
		})
	}
	t.Note("HTTP/1.1 over TLS 1.3 on loopback; subscribers share the %d cores with the server. The bare loop has no store, no rights, no cursor.", cores())
	print(b, &t)
}

// heard collects delays of events.
type heard struct {
	mu   sync.Mutex
	warm time.Time // what changed before does not count
	ns   []int64
}

func (h *heard) add(at time.Time) {
	delay := time.Since(at)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.warm.IsZero() && at.After(h.warm) {
		h.ns = append(h.ns, delay.Nanoseconds())
	}
}

// subscribe reads a stream until it ends; each change says when it was made.
func (h *heard) subscribe(in io.Reader) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		var c struct {
			Seq int64
			At  time.Time
		}
		if ok && json.Unmarshal([]byte(data), &c) == nil && c.Seq > 0 {
			h.add(c.At)
		}
	}
}

// streams opens n streams and lets change be called at the rate.
func streams(b *testing.B, n int, open func(ctx context.Context, i int) *http.Response, change func(i int)) load.Percentiles {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	h := new(heard)
	var all sync.WaitGroup
	bodies := make([]io.Closer, 0, n)
	for i := range n {
		res := open(ctx, i) //nolint:bodyclose // closed below
		if res.StatusCode != http.StatusOK {
			b.Fatalf("stream %d answered %d", i, res.StatusCode)
		}
		bodies = append(bodies, res.Body)
		all.Go(func() { h.subscribe(res.Body) })
	}
	tick := time.NewTicker(time.Second / feedRate)
	defer tick.Stop()
	h.mu.Lock()
	h.warm = time.Now().Add(time.Second)
	h.mu.Unlock()
	for i, end := 0, time.Now().Add(time.Second+feedMeasure); time.Now().Before(end); i++ {
		<-tick.C
		change(i)
	}
	stop()
	for _, c := range bodies {
		_ = c.Close() // ended by stop
	}
	all.Wait()
	return load.Of(h.ns)
}

func feedOf(b *testing.B, n int) load.Percentiles {
	b.Helper()
	s, err := app.StartServer(b.Context(), app.ServerConfig{HouseConfig: app.HouseConfig{HQ: "279999", Name: "計測", Dir: b.TempDir()},
		Listen: "127.0.0.1:0", Version: "bench", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	settings := &tls.Config{RootCAs: s.CA.Pool(), MinVersion: tls.VersionTLS13}
	transport := &http.Transport{TLSClientConfig: settings}
	defer transport.CloseIdleConnections()
	var tokens []string
	for len(tokens)*feedPerToken < n {
		_, token, err := s.AddClient(b.Context(), fmt.Sprintf("計測%d", len(tokens)), "計測", []string{"read"}, "", time.Hour)
		if err != nil {
			b.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	last, err := s.Store.LastChange(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return streams(b, n, func(ctx context.Context, i int) *http.Response {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/api/v1/feed?cursor=%d", s.URL(), last), nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+tokens[i/feedPerToken])
		res, err := transport.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		return res
	}, func(int) {
		err := s.Store.Do(b.Context(), func(_ context.Context, u *store.Unit) (entry.Entry, error) {
			u.Changed("report", "none", "bench.change")
			return entry.Entry{Act: "bench.change", Subject: "report/none"}, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

// bareOf is the reference: one goroutine for each stream waits for the next line
// and writes it.
func bareOf(b *testing.B, n int) load.Percentiles {
	b.Helper()
	var mu sync.Mutex
	line, news := []byte(nil), make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		c := http.NewResponseController(w)
		mu.Lock()
		next := news
		mu.Unlock()
		for c.Flush() == nil {
			select {
			case <-next:
			case <-r.Context().Done():
				return
			}
			mu.Lock()
			text := line
			next = news
			mu.Unlock()
			if _, err := w.Write(text); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	transport, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		b.Fatal("the reference has no transport")
	}
	defer transport.CloseIdleConnections()
	return streams(b, n, func(ctx context.Context, _ int) *http.Response {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			b.Fatal(err)
		}
		res, err := transport.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		return res
	}, func(i int) {
		mu.Lock()
		defer mu.Unlock()
		line = fmt.Appendf(nil, "id: %d\nevent: change\ndata: {\"seq\":%d,\"at\":%q,\"kind\":\"report\",\"subject\":\"none\",\"detail\":\"bench.change\"}\n\n",
			i+1, i+1, time.Now().Format(time.RFC3339Nano))
		close(news)
		news = make(chan struct{})
	})
}

package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
)

// subscriberAt follows the feed over one connection after the other and writes
// down what it saw.
type subscriberAt struct {
	*seat
	server *httptest.Server
	random *rand.Rand
	last   int64
	wrong  string
}

// once follows from the last change that was seen until the connection is cut,
// which is after so many bytes, wherever in an event that is; 0 = never. It
// returns when the connection has ended or everything through head was seen.
func (s *subscriberAt) once(ctx context.Context, cut int64, head func() int64) {
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	req := s.request(ctx, http.MethodGet, s.server.URL+base+"/feed?cursor=0&console="+s.console, nil)
	req.Header.Set("Last-Event-ID", strconv.FormatInt(s.last, 10))
	transport := &http.Transport{DisableKeepAlives: true} // a connection of its own, that is really cut
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	if err != nil {
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		s.wrong = fmt.Sprintf("answered %d", res.StatusCode)
		return
	}
	var body io.Reader = res.Body
	if cut > 0 {
		body = io.LimitReader(body, cut) // what was not read is lost with the connection
	}
	s.read(bufio.NewReader(body), head)
}

// read takes whole events only: half of one never happened.
func (s *subscriberAt) read(in *bufio.Reader, head func() int64) {
	id := int64(0)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); name {
		case "id":
			id, _ = strconv.ParseInt(value, 10, 64) // 0 is seen below as a gap
		case "":
			if id != 0 && id != s.last+1 {
				s.wrong = fmt.Sprintf("saw %d after %d", id, s.last)
				return
			}
			s.last = max(s.last, id)
			id = 0
			if h := head(); h > 0 && s.last >= h {
				return
			}
		}
	}
}

// The connection is cut at random a thousand times while acts go on; every
// subscriber saw every change exactly once, in order. Consoles and clients, over
// real connections.
func TestFeedSurvivesAThousandCuts(t *testing.T) {
	const subscribers, cuts = 8, 1000
	h := newHouse(t)
	server := h.serve()
	m := h.machine("指令システム", client.Console)
	var all []*subscriberAt
	for i := range subscribers {
		who := h.seat(fmt.Sprintf("c-%d", i), staff.Dispatcher)
		if i%4 == 3 {
			who = m.seat(fmt.Sprintf("席%d", i), staff.Dispatcher)
		}
		all = append(all, &subscriberAt{seat: who, server: server, random: rand.New(rand.NewPCG(1, uint64(i)))})
	}
	start := h.caughtUp()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var head, left atomic.Int64
	left.Store(cuts)
	var follow, act sync.WaitGroup
	stop := make(chan struct{})
	act.Go(func() { h.actUntil(stop) })
	for _, s := range all {
		s.last = start
		follow.Go(func() {
			for left.Add(-1) >= 0 && s.wrong == "" {
				s.once(ctx, 1+s.random.Int64N(4000), head.Load)
			}
		})
	}
	follow.Wait()
	close(stop)
	act.Wait()
	last := h.caughtUp()
	head.Store(last)
	for _, s := range all {
		follow.Go(func() {
			for s.last < last && s.wrong == "" && ctx.Err() == nil {
				s.once(ctx, 0, head.Load)
			}
		})
	}
	follow.Wait()
	for _, s := range all {
		if s.wrong != "" || s.last != last {
			t.Errorf("%s saw up to %d of %d: %s", s.console, s.last, last, s.wrong)
		}
	}
	t.Logf("%d changes, %d cuts", last-start, cuts)
}

// actUntil changes things without a pause, several at a time.
func (h *house) actUntil(stop chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		err := h.store.Do(context.Background(), func(_ context.Context, u *store.Unit) (entry.Entry, error) {
			for range 1 + i%3 {
				u.Changed("console", "c-none", "test.change")
			}
			return entry.Entry{Act: "test.change", Subject: "console/c-none"}, nil
		})
		if err != nil {
			h.Error(err)
			return
		}
	}
}

package journey

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/matoi119/matoi/sim/load"
	"github.com/matoi119/matoi/stdif"
)

// crowd is a busy headquarters around one page: other consoles that listen, take
// and give back, and a service whose reports change all the time.
type crowd struct {
	h        *house
	consoles []*load.Console
	ids      []string // of the service's reports
	revision []atomic.Int64
	events   atomic.Int64 // that the other consoles were sent
	done     chan error
}

func (c *crowd) acts() map[string]act {
	return map[string]act{"fill": c.fill, "join": c.join, "stir": c.stir, "stirred": c.stirred}
}

// each does n things, eight at a time.
func each(n int, do func(int) error) error {
	fails := make([]error, n)
	turns := make(chan struct{}, 8)
	var wg sync.WaitGroup
	for i := range n {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			fails[i] = do(i)
		})
	}
	wg.Wait()
	return errors.Join(fails...)
}

// fill lets reports arrive until so many are open.
func (c *crowd) fill(ctx context.Context, in json.RawMessage) (any, error) {
	var what struct{ Count int }
	if err := json.Unmarshal(in, &what); err != nil {
		return nil, err
	}
	c.ids, c.revision = make([]string, what.Count), make([]atomic.Int64, what.Count)
	return nil, each(what.Count, func(i int) error {
		c.ids[i] = fmt.Sprintf("N-%04d", i)
		return c.revise(ctx, i)
	})
}

func (c *crowd) revise(ctx context.Context, i int) error {
	n := c.revision[i].Add(1)
	answer, err := c.h.service.Report(ctx, stdif.Actual, stdif.Report{
		ID: c.ids[i], Revision: n, EventTime: time.Now().Truncate(time.Millisecond), Kind: stdif.IncidentType{Code: stdif.KindEMS},
		Text: fmt.Sprintf("通報 %d 第%d報 %s", i, n, strings.Repeat("息が苦しい。", int(n*7)%9)),
	})
	// Two revisions of one report may overtake each other; the older is refused.
	if err == nil && !answer.Taken() && answer.Code != http.StatusConflict {
		err = fmt.Errorf("the terminal answered %d", answer.Code)
	}
	return err
}

// join seats the other consoles; they listen until the test ends.
func (c *crowd) join(ctx context.Context, in json.RawMessage) (any, error) {
	var what struct{ Count int }
	if err := json.Unmarshal(in, &what); err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(c.h.server.CA.PEM())
	c.consoles = make([]*load.Console, what.Count)
	return nil, each(what.Count, func(i int) error {
		code, err := c.h.server.IssueConsole(ctx, "", fmt.Sprintf("指令台%02d", i+2), false)
		if err != nil {
			return err
		}
		jar, err := cookiejar.New(nil)
		if err != nil {
			return err
		}
		client := &http.Client{Jar: jar, Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}}
		if c.consoles[i], err = load.Enrol(ctx, c.h.server.URL(), client, code, account, password); err != nil {
			return err
		}
		return c.listen(i)
	})
}

func (c *crowd) listen(i int) error {
	req, err := c.request(c.h.s.t.Context(), i, http.MethodGet, "/feed?cursor=0&console="+c.consoles[i].ID, nil)
	if err != nil {
		return err
	}
	res, err := c.consoles[i].HTTP.Do(req)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("the feed answered %d", res.StatusCode), res.Body.Close())
	}
	go func() { // ends with the test's context
		defer res.Body.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := res.Body.Read(buf)
			c.events.Add(int64(strings.Count(string(buf[:n]), "event: change")))
			if err != nil {
				return
			}
		}
	}()
	return nil
}

func (c *crowd) request(ctx context.Context, i int, method, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.consoles[i].Base+"/api/v1"+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Matoi-Console", c.consoles[i].ID)
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}

// stir lets the reports change for some seconds, in the background.
func (c *crowd) stir(_ context.Context, in json.RawMessage) (any, error) {
	var what struct{ Each, Seconds int }
	if err := json.Unmarshal(in, &what); err != nil {
		return nil, err
	}
	ctx := c.h.s.t.Context()
	open, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	c.done = make(chan error, 1)
	go func() {
		beat := time.NewTicker(time.Second / time.Duration(what.Each))
		defer beat.Stop()
		c.done <- each(what.Each*what.Seconds, func(n int) error {
			select {
			case <-beat.C:
			case <-ctx.Done():
				return ctx.Err()
			}
			if n%10 == 0 && len(open) > 0 {
				return c.take(ctx, n, open[rand.IntN(len(open))])
			}
			return c.revise(ctx, rand.IntN(len(c.ids)))
		})
	}()
	return nil, nil
}

func (c *crowd) open(ctx context.Context) ([]string, error) {
	if len(c.consoles) == 0 {
		return nil, nil
	}
	req, err := c.request(ctx, 0, http.MethodGet, "/board", nil)
	if err != nil {
		return nil, err
	}
	res, err := c.consoles[0].HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var board struct{ Reports []struct{ ID string } }
	if err := json.NewDecoder(res.Body).Decode(&board); err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range board.Reports {
		ids = append(ids, r.ID)
	}
	return ids, nil
}

// take claims a report at one of the other consoles, or gives it back there:
// cards change their section on every board. Losing a race is no failure.
func (c *crowd) take(ctx context.Context, n int, id string) error {
	what := []string{"claim", "release"}[n/10%2]
	req, err := c.request(ctx, n%len(c.consoles), http.MethodPost, "/reports/"+id+"/"+what, strings.NewReader("{}"))
	if err != nil {
		return err
	}
	res, err := c.consoles[n%len(c.consoles)].HTTP.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// stirred waits until nothing changes any more.
func (c *crowd) stirred(ctx context.Context, _ json.RawMessage) (any, error) {
	select {
	case err := <-c.done:
		return map[string]any{"events": c.events.Load()}, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *scene) board(given map[string]any) {
	h := s.newHouse(s.t.TempDir(), 1<<20)
	for k, v := range given {
		h.given[k] = v
	}
	s.play("board.mjs", h.given, (&crowd{h: h}).acts())
}

// 200 open reports, ten consoles, sixty changes a second: no card moves under a
// pointer, nothing takes the keyboard away, and what is typed arrives whole.
func TestBoardUnderHands(t *testing.T) {
	newScene(t).board(map[string]any{"cards": 200, "consoles": 9, "each": 60, "seconds": 10})
}

// BenchmarkBoard prints what a person would feel: change to pixels, key to paint.
func BenchmarkBoard(b *testing.B) {
	s := newScene(b)
	s.board(map[string]any{"cards": 200, "consoles": 9, "each": 60, "seconds": 10, "numbers": 200})
}

package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/matoi119/matoi/sim/sse"
)

// Console is one seat that listens to the server's feed like a page does. HTTP
// brings the seat's and the person's cookies in its jar, and TLS: HTTP/2 where
// the server offers it.
type Console struct {
	Name string
	Base string // "https://matoi.example:8443"
	ID   string // of the console, which chooses the cookies
	HTTP *http.Client

	run       *run
	shown     stepCount
	shownAt   []int64 // by number; written by follow only
	cursor    string
	feed      io.ReadCloser
	unsaved   atomic.Int64 // marked 未保存: shown, but not stored
	reconnect atomic.Int64

	mu      sync.Mutex
	through int64 // newest event painted
	paint   []string
}

const api = "/api/v1"

// Enrol takes a seat with a one-time code and logs a person in on it, as the
// console's page does. client must have a cookie jar.
func Enrol(ctx context.Context, base string, client *http.Client, code, account, password string) (*Console, error) {
	c := &Console{Base: strings.TrimSuffix(base, "/"), HTTP: client}
	var enrolled struct {
		ConsoleID string `json:"consoleId"`
		Name      string `json:"name"`
	}
	if err := c.call(ctx, http.MethodPost, "/enrolments", map[string]string{"code": code}, &enrolled); err != nil {
		return nil, fmt.Errorf("take a seat: %w", err)
	}
	c.ID, c.Name = enrolled.ConsoleID, enrolled.Name
	if err := c.call(ctx, http.MethodPost, "/sessions", map[string]string{"account": account, "password": password}, nil); err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	return c, nil
}

func (c *Console) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+api+path, r)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.ID != "" {
		req.Header.Set("Matoi-Console", c.ID)
	}
	return req, nil
}

func (c *Console) call(ctx context.Context, method, path string, body, into any) error {
	req, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("reach the server: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the server answered %d", res.StatusCode)
	}
	if into == nil {
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// begin makes the console part of a run.
func (c *Console) begin(r *run) {
	c.run, c.shownAt = r, make([]int64, len(r.sentAt))
	c.shown = stepCount{seen: make([]atomic.Bool, len(r.sentAt))}
}

// open reads the board and opens the feed at its cursor.
func (c *Console) open(ctx context.Context) error {
	if c.cursor == "" {
		var board struct {
			Cursor int64 `json:"cursor"`
		}
		if err := c.call(ctx, http.MethodGet, "/board", nil, &board); err != nil {
			return fmt.Errorf("read the board: %w", err)
		}
		c.cursor = strconv.FormatInt(board.Cursor, 10)
	}
	q := url.Values{"console": {c.ID}, "cursor": {c.cursor}}
	req, err := c.request(ctx, http.MethodGet, "/feed?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("open the feed: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		return fmt.Errorf("open the feed: the server answered %d", res.StatusCode)
	}
	c.feed = res.Body
	return nil
}

// follow reads the feed until ctx ends, reconnecting at the last event.
func (c *Console) follow(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	if c.run.cfg.Paint {
		wg.Go(func() { c.paints(ctx) })
	}
	mark := []byte(`"` + c.run.prefix)
	for {
		_ = sse.Read(c.feed, func(e sse.Event) error { // why it broke is of no use: it is opened again
			c.event(e, mark)
			return nil
		})
		c.feed.Close()
		for {
			if ctx.Err() != nil {
				return
			}
			c.reconnect.Add(1)
			if c.open(ctx) == nil {
				break
			}
			pause(ctx, 200*time.Millisecond)
		}
	}
}

// event looks for an id of this run by its bytes: decoding every card of every
// console would cost more than what is measured.
func (c *Console) event(e sse.Event, mark []byte) {
	at := c.run.since()
	if e.ID != "" {
		c.cursor = e.ID
	}
	if e.Name != "change" && e.Name != "unsaved" {
		return
	}
	k := bytes.Index(e.Data, mark)
	if k < 0 || len(e.Data) < k+len(mark)+8 {
		return
	}
	n, ok := c.run.number(string(e.Data[k+1 : k+len(mark)+8]))
	if !ok {
		return
	}
	if e.Name == "unsaved" {
		c.unsaved.Add(1)
		return
	}
	if c.shownAt[n] == 0 {
		c.shownAt[n] = at
		c.shown.mark(n, at)
		c.painted(e)
	}
}

// painted notes a card for the next confirmation. It too looks at the bytes only:
// fifty consoles at 200 reports a second would decode forty megabytes of JSON a
// second on the machine that is measured.
func (c *Console) painted(e sse.Event) {
	if !c.run.cfg.Paint {
		return
	}
	_, rest, ok := bytes.Cut(e.Data, []byte(`"report":{"id":"`))
	if !ok {
		return
	}
	id, _, ok := bytes.Cut(rest, []byte(`"`))
	if !ok {
		return
	}
	seq, _ := strconv.ParseInt(e.ID, 10, 64)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.through = max(c.through, seq)
	c.paint = append(c.paint, string(id))
}

// paints confirms ten times a second, as the page does. It begins anywhere within
// the tenth: pages do not keep step, and fifty that did would measure their own
// crowd.
func (c *Console) paints(ctx context.Context) {
	pause(ctx, rand.N(100*time.Millisecond))
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		c.mu.Lock()
		through, reports := c.through, c.paint
		c.paint = nil
		c.mu.Unlock()
		if len(reports) == 0 {
			continue
		}
		if c.call(ctx, http.MethodPost, "/feed/painted", map[string]any{"through": through, "reports": reports}, nil) != nil {
			c.mu.Lock() // again with the next ones
			c.paint = append(reports, c.paint...)
			c.mu.Unlock()
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// stored counts the reports of a run by paging through the server's list.
func (c *Console) stored(ctx context.Context, prefix string) (int64, error) {
	found := map[string]bool{}
	for _, state := range []string{"open", "closed"} {
		before := ""
		for {
			q := url.Values{"state": {state}, "limit": {"200"}}
			if before != "" {
				q.Set("before", before)
			}
			var page []struct {
				ID     string `json:"id"`
				Report string `json:"serviceReportId"`
			}
			if err := c.call(ctx, http.MethodGet, "/reports?"+q.Encode(), nil, &page); err != nil {
				return int64(len(found)), fmt.Errorf("list %s reports: %w", state, err)
			}
			foreign := len(page) > 0
			for _, card := range page {
				if strings.HasPrefix(card.Report, prefix) {
					found[card.Report], foreign = true, false
				}
			}
			if len(page) != 200 || foreign && len(found) > 0 { // everything came, or, newest first, the run is behind us
				break
			}
			if page[len(page)-1].ID == before {
				return int64(len(found)), errors.New("list reports: the server repeats a page")
			}
			before = page[len(page)-1].ID
		}
	}
	return int64(len(found)), nil
}

package durability

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/matoi119/matoi/sim/sse"
)

// identity is what the browser of a console keeps. It goes to other processes
// as JSON.
type identity struct {
	Base, Authority        string
	Console, Secret, Token string
	Name, Person           string
}

// console is a page without a screen: it follows the feed, notes what it was
// shown and confirms it.
type console struct {
	identity
	http *http.Client

	mu      sync.Mutex
	cursor  int64
	shown   map[string]bool // services' numbers that were seen on the feed or the board
	unsaved map[string]bool // shown from memory
	saved   int
	changes map[string][]string // details of changes, by the service's number
	confirm []string
	opened  int // streams
	news    chan struct{}
}

func newConsole(id identity) *console {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(id.Authority))
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}, MaxIdleConnsPerHost: 8}
	return &console{
		identity: id, http: &http.Client{Transport: tr}, cursor: -1,
		shown: map[string]bool{}, unsaved: map[string]bool{}, changes: map[string][]string{}, news: make(chan struct{}, 1),
	}
}

// card is what the tests need of a report on the board.
type card struct {
	ID              string `json:"id"`
	ServiceReportID string `json:"serviceReportId"`
	Step            string `json:"step"`
	State           string `json:"state"`
	Escalation      int64  `json:"escalation"`
	Unsaved         bool   `json:"unsaved"`
	ChatCount       int64  `json:"chatCount"`
	Claim           *struct {
		ConsoleName string `json:"consoleName"`
		PersonName  string `json:"personName"`
	} `json:"claim"`
}

type board struct {
	Cursor  int64  `json:"cursor"`
	Reports []card `json:"reports"`
	Unsaved []card `json:"unsaved"`
	Counts  struct{ Stored, Shown int64 }
}

type refused struct {
	Status int
	Key    string            `json:"key"`
	Args   map[string]string `json:"args"`
}

func (r *refused) Error() string { return fmt.Sprintf("the server answered %d %s", r.Status, r.Key) }

func (c *console) request(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, r)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Matoi-Console", c.Console)
	req.Header.Set("Cookie", "matoi_console_"+c.Console+"="+c.Secret+"; matoi_session_"+c.Console+"="+c.Token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.http.Do(req)
}

// ask calls the API; a refusal is a *refused.
func (c *console) ask(ctx context.Context, method, path string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	res, err := c.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		r := &refused{}
		_ = json.Unmarshal(b, r) // another body leaves the key empty
		r.Status = res.StatusCode
		return r
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(b, into)
}

// follow keeps the feed open until ctx ends, as a page does: board, then the
// feed from the board's cursor; after a break the feed goes on at the last
// change, and where the server says that this is too old, from a new board.
func (c *console) follow(ctx context.Context) {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for ctx.Err() == nil {
		_ = c.listen(ctx) // why it broke is of no use: it is opened again
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
}

func (c *console) listen(ctx context.Context) error {
	if c.cursor < 0 {
		var b board
		if err := c.ask(ctx, http.MethodGet, "/api/v1/board", nil, &b); err != nil {
			return err
		}
		c.mu.Lock()
		for _, r := range b.Reports {
			c.show(r, "")
		}
		c.mu.Unlock()
		c.cursor = b.Cursor
	}
	res, err := c.request(ctx, http.MethodGet, "/api/v1/feed?console="+c.Console+"&cursor="+strconv.FormatInt(c.cursor, 10), nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusGone {
		c.cursor = -1
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	c.mu.Lock()
	c.opened++
	c.mu.Unlock()
	return sse.Read(res.Body, func(e sse.Event) error { return c.event(ctx, e) })
}

// show notes a card; its caller holds mu.
func (c *console) show(r card, detail string) {
	if !c.shown[r.ServiceReportID] {
		c.shown[r.ServiceReportID] = true
		c.confirm = append(c.confirm, r.ID)
	}
	if detail != "" {
		c.changes[r.ServiceReportID] = append(c.changes[r.ServiceReportID], detail)
	}
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *console) event(ctx context.Context, e sse.Event) error {
	switch e.Name {
	case "change":
		var v struct {
			Seq    int64  `json:"seq"`
			Kind   string `json:"kind"`
			Detail string `json:"detail"`
			Report *card  `json:"report"`
		}
		if err := json.Unmarshal(e.Data, &v); err != nil {
			return err
		}
		c.cursor = v.Seq
		if v.Report != nil && v.Kind == "report" {
			c.mu.Lock()
			c.show(*v.Report, v.Detail)
			c.mu.Unlock()
		}
	case "unsaved":
		var v card
		if err := json.Unmarshal(e.Data, &v); err != nil {
			return err
		}
		c.mu.Lock()
		c.unsaved[v.ServiceReportID] = true
		c.mu.Unlock()
	case "saved":
		c.mu.Lock()
		c.saved++
		c.mu.Unlock()
	}
	return nil
}

// paints confirms what was shown, until ctx ends.
func (c *console) paints(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		c.mu.Lock()
		n := min(len(c.confirm), 200)
		ids := c.confirm[:n:n]
		c.mu.Unlock()
		if n == 0 || c.ask(ctx, http.MethodPost, "/api/v1/feed/painted", map[string]any{"through": 0, "reports": ids}, nil) != nil {
			continue
		}
		c.mu.Lock()
		c.confirm = c.confirm[n:]
		c.mu.Unlock()
	}
}

func (c *console) has(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shown[id]
}

func (c *console) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.shown)
}

func (c *console) hasUnsaved(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unsaved[id]
}

// reports lists what is open, as the API tells it.
func (c *console) reports(ctx context.Context) ([]card, error) {
	var all []card
	err := c.ask(ctx, http.MethodGet, "/api/v1/reports?state=open&limit=500", nil, &all)
	return all, err
}

package net119

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/sse"
	"github.com/matoi119/matoi/stdif"
)

// Handover is the service's software installed on the terminal: it does without
// a browser what the service's own page does with one, over the same two wires.
type Handover struct {
	Cloud       string         // URL of the service
	TerminalKey string         // of the service for this terminal
	Intake      *intake.Client // of the terminal for this service
	HTTP        *http.Client   // towards the cloud; nil: http.DefaultClient
}

// Run hands over until ctx ends. An item that the intake has answered and the
// cloud has not yet heard of is sent again after a reconnect; its id makes
// that harmless.
func (h *Handover) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	seen := &numbers{m: map[int64]bool{}}
	sender := intake.NewSender(h.Intake, func(i intake.Item, a intake.Answer) {
		h.report(ctx, i.Number, a)
		seen.forget(i.Number)
	})
	var wg sync.WaitGroup
	wg.Go(func() { sender.Run(ctx) })
	wg.Go(func() { h.offer(ctx) })
	started := make(chan string, 1)
	wg.Go(func() { h.pass(ctx, started) })
	for wait := 250 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		stood, _ := h.items(ctx, sender, seen, started) // why it broke is of no use: it is tried again
		if stood {
			wait = 250 * time.Millisecond
		}
		sleep(ctx, wait/2+rand.N(wait/2))
	}
	wg.Wait()
	return ctx.Err()
}

// numbers remembers which items are on their way, since the cloud repeats all
// of them at every new stream.
type numbers struct {
	mu sync.Mutex
	m  map[int64]bool
}

func (n *numbers) first(k int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.m[k] {
		return false
	}
	n.m[k] = true
	return true
}

func (n *numbers) forget(k int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.m, k)
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// items reads the cloud's stream and puts what comes to the sender.
func (h *Handover) items(ctx context.Context, s *intake.Sender, seen *numbers, started chan<- string) (stood bool, err error) {
	res, err := h.call(ctx, http.MethodGet, "/terminal/api/stream", nil)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	return true, sse.Read(res.Body, func(e sse.Event) error {
		switch e.Name {
		case "hello":
			var first hello
			if err := json.Unmarshal(e.Data, &first); err != nil {
				return err
			}
			select {
			case started <- first.Cursor:
			default: // events are being passed already
			}
		case "item":
			var i intake.Item
			if err := json.Unmarshal(e.Data, &i); err != nil {
				return err
			}
			if !seen.first(i.Number) {
				return nil
			}
			if err := h.content(ctx, &i); err != nil {
				seen.forget(i.Number)
				return err
			}
			s.Put(i)
		}
		return nil
	})
}

func (h *Handover) content(ctx context.Context, i *intake.Item) error {
	if i.Media == nil {
		return nil
	}
	res, err := h.call(ctx, http.MethodGet, fmt.Sprintf("/terminal/api/items/%d/content", i.Number), nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	i.Content, err = io.ReadAll(io.LimitReader(res.Body, maxPhoto+1))
	return err
}

// pass hands the terminal's events to the cloud, from where the cloud stopped.
func (h *Handover) pass(ctx context.Context, started <-chan string) {
	select {
	case <-ctx.Done():
		return
	case cursor := <-started:
		for ctx.Err() == nil {
			_ = h.Intake.Follow(ctx, cursor, nil, func(e intake.Event) error {
				if err := h.post(ctx, "/terminal/api/events", terminalEvent{e.ID, e.Input, e.Status}); err != nil {
					return err // the same event again after a pause
				}
				cursor = e.ID
				return nil
			})
			sleep(ctx, time.Second)
		}
	}
}

// report tells the cloud what the intake answered, until the cloud has heard.
func (h *Handover) report(ctx context.Context, n int64, a intake.Answer) {
	for ctx.Err() == nil {
		if h.post(ctx, fmt.Sprintf("/terminal/api/items/%d/answer", n), terminalAnswer{a.Code, a.Status, a.Problem}) == nil {
			return
		}
		sleep(ctx, time.Second)
	}
}

func (h *Handover) post(ctx context.Context, path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	res, err := h.call(ctx, http.MethodPost, path, strings.NewReader(string(b)))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body) // so that the connection is used again
	return err
}

func (h *Handover) call(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(h.Cloud, "/")+path, body)
	if err != nil {
		return nil, fmt.Errorf("address the service: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+h.TerminalKey)
	req.Header.Set("Content-Type", "application/json")
	client := h.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("reach the service: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		res.Body.Close()
		return nil, fmt.Errorf("the service answered %d", res.StatusCode)
	}
	return res, nil
}

// Offer is what the service says at a terminal that it can do.
func Offer() stdif.Offer {
	return stdif.Offer{Takes: []stdif.Verb{stdif.VerbCallBack}, Receipts: true}
}

// offer says it until the terminal has heard.
func (h *Handover) offer(ctx context.Context) {
	for ctx.Err() == nil {
		if a, err := h.Intake.Offer(ctx, Offer()); err == nil && a.Final() {
			return
		}
		sleep(ctx, time.Second)
	}
}

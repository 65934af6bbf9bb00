package net119

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// hello is the first event of a stream to the terminal.
type hello struct {
	Name   string `json:"name"`
	Cursor string `json:"cursor"` // last event of the terminal that the cloud has taken
}

// streamItems hands out what waits for the terminal: everything that has no
// answer yet, again at every new stream, and the calls as they are now.
func (c *Cloud) streamItems(w http.ResponseWriter, r *http.Request) {
	c.taker(1)
	defer c.taker(-1)
	first, sent := true, int64(0)
	var last []byte
	c.stream(w, r, func(send func(string, any) error) error {
		items, calls, cursor := c.outgoing(sent)
		if first {
			first = false
			if err := send("hello", hello{c.cfg.Name, cursor}); err != nil {
				return err
			}
		}
		for _, i := range items {
			sent = i.Number
			if err := send("item", withoutContent(i)); err != nil {
				return err
			}
		}
		b, err := json.Marshal(calls)
		if err != nil || bytes.Equal(b, last) {
			return err
		}
		last = b
		return send("calls", json.RawMessage(b))
	})
}

// withoutContent takes the bytes of a medium away: they are fetched by number,
// so that one large picture delays no report behind it in the stream.
func withoutContent(i intake.Item) intake.Item {
	i.Content = nil
	return i
}

func (c *Cloud) taker(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.takers += n
	close(c.wake)
	c.wake = make(chan struct{})
}

func (c *Cloud) outgoing(after int64) ([]intake.Item, []View, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := make([]View, 0, len(c.order))
	for n := len(c.order) - 1; n >= 0; n-- { // newest first
		calls = append(calls, c.view(c.sessions[c.order[n]]))
	}
	return c.queue.after(after), calls, c.cursor
}

func (c *Cloud) getContent(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.ParseInt(r.PathValue("n"), 10, 64)
	c.mu.Lock()
	item, ok := c.queue.find(n)
	c.mu.Unlock()
	if !ok || item.Media == nil {
		answer(w, nil, ErrUnknown)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(item.Content) //nolint:errcheck // the page went away; it will ask again
}

// terminalAnswer is what the page passes on of the intake's answer.
type terminalAnswer struct {
	Code    int             `json:"code"`
	Status  *open1.Status   `json:"status,omitempty"`
	Problem *intake.Problem `json:"problem,omitempty"`
}

func (c *Cloud) postAnswer(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.ParseInt(r.PathValue("n"), 10, 64)
	var a terminalAnswer
	if err := take(w, r, &a); err != nil {
		answer(w, nil, err)
		return
	}
	out := intake.Answer{Code: a.Code, Status: a.Status, Problem: a.Problem}
	if !out.Final() {
		answer(w, nil, errBody)
		return
	}
	answer(w, struct{}{}, c.Answered(n, out))
}

// terminalEvent is one event of the intake's stream, passed on by the page.
type terminalEvent struct {
	ID     string        `json:"id"`
	Input  *stdif.Input  `json:"input,omitempty"`
	Status *open1.Status `json:"status,omitempty"`
}

func (c *Cloud) postEvent(w http.ResponseWriter, r *http.Request) {
	var e terminalEvent
	if err := take(w, r, &e); err != nil {
		answer(w, nil, err)
		return
	}
	answer(w, struct{}{}, c.Hear(intake.Event{ID: e.ID, Input: e.Input, Status: e.Status}))
}

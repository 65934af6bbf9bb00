package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/stdif"
)

// HookStories are the acts of webhooks.
type HookStories interface {
	Stories
	QueueHook(ctx context.Context, who act.Who, h client.Hook) (next client.Hook, more bool, err error)
}

// HookReads finds webhooks and what waits for them.
type HookReads interface {
	Reads
	Clients() client.Store
	Hooks() client.Hooks
}

const (
	hookBatch    = 64
	hookPatience = 10 * time.Second
	hookPoll     = 2 * time.Second
	// HookLife is how long a change is tried before it is given up.
	HookLife    = 24 * time.Hour
	firstRetry  = time.Second
	longestWait = 5 * time.Minute
)

// Webhooks tells addresses of changes, each by a worker of its own: one that is
// dead, slow or lying delays nobody else. Changes of one subject are told in
// order; a change that its receiver refuses holds up its own subject alone, an
// address that cannot be reached everything that waits for it.
type Webhooks struct {
	Acts   HookStories
	Reads  HookReads
	Client *http.Client // NewHookClient
	Card   func(ctx context.Context, kind, subject string) (json.RawMessage, error)
	Jitter func() float64 // 0 to 1
	Log    *slog.Logger
}

// Run serves every webhook until ctx ends, and waits for its workers.
func (w *Webhooks) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	crew := &crew{at: map[string]*hookWorker{}, over: map[string]bool{}}
	w.Reads.OnCommit(func(int64) { crew.hint() })
	tick := time.NewTicker(hookPoll)
	defer tick.Stop()
	for {
		if err := w.muster(ctx, crew, &all); err != nil && ctx.Err() == nil {
			w.Log.Error("read the webhooks", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// crew is the workers by webhook.
type crew struct {
	mu   sync.Mutex
	at   map[string]*hookWorker
	over map[string]bool // removed, and nothing waits any more
}

func (c *crew) hint() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.at {
		select {
		case v.hint <- struct{}{}:
		default:
		}
	}
}

// muster starts a worker for every webhook that is served and has none, and
// ends those of removed ones.
func (w *Webhooks) muster(ctx context.Context, c *crew, all *sync.WaitGroup) error {
	hooks, err := w.Reads.Hooks().Hooks(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range hooks {
		v := c.at[h.ID]
		switch {
		case h.State != client.WebhookActive && v != nil:
			v.stop()
			delete(c.at, h.ID)
		case h.State != client.WebhookActive && !c.over[h.ID]:
			if err := w.giveUp(ctx, h.ID); err != nil {
				return err
			}
			c.over[h.ID] = true
		case h.State == client.WebhookActive && v == nil:
			run, stop := context.WithCancel(ctx)
			v = &hookWorker{w: w, id: h.ID, hint: make(chan struct{}, 1), stop: stop, tries: map[string]int{}, rests: map[string]time.Time{}}
			c.at[h.ID] = v
			all.Go(func() { v.run(run) })
		}
	}
	return nil
}

// hookWorker serves one webhook.
type hookWorker struct {
	w    *Webhooks
	id   string
	hint chan struct{}
	stop context.CancelFunc

	hook  client.Hook
	tries map[string]int       // of messages that failed
	rests map[string]time.Time // subjects that wait for their next try; "" = all
}

func (v *hookWorker) run(ctx context.Context) {
	defer v.stop()
	for {
		if err := v.round(ctx); err != nil && ctx.Err() == nil {
			v.w.Log.Warn("serve a webhook", "webhook", v.id, "err", err)
			v.rest("", v.id) // what cannot be read or recorded waits like what cannot be sent
		}
		wait := time.NewTimer(v.pause())
		select {
		case <-v.hint:
		case <-wait.C:
		case <-ctx.Done():
		}
		wait.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// pause is how long there is nothing to do unless something happens.
func (v *hookWorker) pause() time.Duration {
	pause := hookPoll
	for _, until := range v.rests {
		pause = min(pause, max(time.Until(until), 10*time.Millisecond))
	}
	return pause
}

// round queues what is new and tries what waits.
func (v *hookWorker) round(ctx context.Context) error {
	stored, err := v.w.Reads.Hooks().Hook(ctx, v.id)
	if err != nil {
		return err
	}
	if v.hook.Cursor < stored.Cursor || !v.hook.ChangedAt.Equal(stored.ChangedAt) {
		v.hook = stored
	}
	for more := true; more; {
		if v.hook, more, err = v.w.Acts.QueueHook(ctx, act.Outbox(), v.hook); err != nil {
			return err
		}
	}
	owner, err := v.w.Reads.Clients().Client(ctx, stored.ClientID)
	if err != nil || !owner.Valid(time.Now()) || !owner.Has(client.Webhook) || v.resting("") {
		return err // a client that is gone is told nothing; its changes are given up in time
	}
	waiting, err := v.w.Reads.Undelivered(ctx, act.HookDestination(v.id), hookBatch)
	if err != nil {
		return err
	}
	done, failed := v.tell(ctx, owner, waiting)
	if len(done) > 0 {
		if err := v.w.Acts.Deliver(ctx, act.Outbox(), act.HookDestination(v.id), done); err != nil {
			return err
		}
		if failed == nil && len(waiting) == hookBatch {
			select {
			case v.hint <- struct{}{}: // there is more
			default:
			}
		}
	}
	return nil
}

func (v *hookWorker) resting(subject string) bool {
	until, ok := v.rests[subject]
	if ok && time.Now().Before(until) {
		return true
	}
	delete(v.rests, subject)
	return false
}

// rest lets a subject, or with "" the whole address, wait: twice as long after
// each failure, and never in step with others.
func (v *hookWorker) rest(subject, message string) {
	wait := firstRetry << min(v.tries[message], 16)
	v.tries[message]++
	wait = min(wait, longestWait)
	wait = wait/2 + time.Duration(v.w.Jitter()*float64(wait/2))
	v.rests[subject] = time.Now().Add(wait)
}

// tell tries what waits, in order, and returns what is over: taken, or given up.
func (v *hookWorker) tell(ctx context.Context, owner client.Client, waiting []entry.Message) (done []act.Delivered, failed error) {
	for _, m := range waiting {
		if v.resting(m.Subject) {
			continue
		}
		var change act.HookMessage
		if err := json.Unmarshal(m.Body, &change); err != nil { // its key was destroyed: nobody can tell it any more
			done = append(done, act.Delivered{Message: m, Problem: stdif.CodeExpired})
			continue
		}
		reached, err := v.w.post(ctx, v.hook, owner, m.ID, change)
		if err == nil {
			delete(v.tries, m.ID)
			delete(v.tries, v.id)
			done = append(done, act.Delivered{Message: m})
			continue
		}
		if ctx.Err() != nil {
			return done, ctx.Err()
		}
		failed = err
		if reached && old(change) {
			delete(v.tries, m.ID)
			done = append(done, act.Delivered{Message: m, Problem: stdif.CodeExpired})
			continue
		}
		v.w.Log.Info("a webhook was not taken", "webhook", v.id, "message", m.ID, "try", v.tries[m.ID]+1, "err", err)
		if !reached {
			v.rest("", v.id)
			return append(done, expired(waiting, done)...), failed
		}
		v.rest(m.Subject, m.ID)
	}
	return done, failed
}

// expired gives up what was tried for HookLife at an address that cannot be
// reached.
func expired(waiting []entry.Message, done []act.Delivered) (out []act.Delivered) {
	over := map[string]bool{}
	for _, d := range done {
		over[d.Message.ID] = true
	}
	for _, m := range waiting {
		var change act.HookMessage
		if !over[m.ID] && json.Unmarshal(m.Body, &change) == nil && old(change) {
			out = append(out, act.Delivered{Message: m, Problem: stdif.CodeExpired})
		}
	}
	return out
}

func old(c act.HookMessage) bool { return time.Since(c.Queued) >= HookLife }

// giveUp ends what waits for a webhook that was removed.
func (w *Webhooks) giveUp(ctx context.Context, id string) error {
	for {
		waiting, err := w.Reads.Undelivered(ctx, act.HookDestination(id), hookBatch)
		if err != nil || len(waiting) == 0 {
			return err
		}
		done := make([]act.Delivered, 0, len(waiting))
		for _, m := range waiting {
			done = append(done, act.Delivered{Message: m, Problem: stdif.CodeExpired})
		}
		if err := w.Acts.Deliver(ctx, act.Outbox(), act.HookDestination(id), done); err != nil {
			return err
		}
	}
}

// Told is the body that a receiver gets. It names no caller; the report goes
// along only where the webhook may and wants.
type Told struct {
	Type      string     `json:"type"` // "matoi.change.v1"
	Timestamp time.Time  `json:"timestamp"`
	Data      ToldChange `json:"data"`
}

// ToldChange is the change.
type ToldChange struct {
	Seq     int64           `json:"seq"`
	At      time.Time       `json:"at"`
	Kind    string          `json:"kind"`
	Subject string          `json:"subject"`
	Detail  string          `json:"detail"`
	Ref     string          `json:"ref,omitempty"`    // where to read it, below the door of the headquarters
	Report  json.RawMessage `json:"report,omitempty"` // as it is now
}

// refs says where a kind of subject is read.
var refs = map[string]string{"report": "/api/v1/reports/", "chat": "/api/v1/reports/"}

func (w *Webhooks) body(ctx context.Context, h client.Hook, owner client.Client, c act.HookMessage) ([]byte, error) {
	t := Told{Type: "matoi.change.v1", Timestamp: c.At, Data: ToldChange{Seq: c.Seq, At: c.At, Kind: c.Kind, Subject: c.Subject, Detail: c.Detail}}
	if path := refs[c.Kind]; path != "" {
		t.Data.Ref = path + c.Subject
	}
	if h.Words && owner.Has(client.Read) && t.Data.Ref != "" {
		card, err := w.Card(ctx, c.Kind, c.Subject)
		if err != nil {
			return nil, err
		}
		t.Data.Report = card
	}
	body, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("encode a webhook: %w", err)
	}
	return body, nil
}

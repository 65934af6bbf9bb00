package act

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/store"
)

// MessageWebhook is the outbox kind of a change that is told to an address.
const MessageWebhook = "webhook"

// HookDestination is the outbox destination of a webhook.
func HookDestination(id string) string { return "webhook/" + id }

// HookMessage is the body of such a message: what changed, without any words.
type HookMessage struct {
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"`
	Subject string    `json:"subject"`
	Detail  string    `json:"detail"`
	Queued  time.Time `json:"queued"` // since when it is tried
}

// AddHook registers an address that is told of changes from now on. The secret
// is shown once.
func (a *Acts) AddHook(ctx context.Context, who Who, clientID, address string, kinds []string, words bool) (h client.Hook, secret string, err error) {
	id := newID()
	err = a.do(ctx, who, WebhookAdd, onClient(clientID), func(ctx context.Context, u *store.Unit) (Told, error) {
		c, err := u.Clients().Client(ctx, clientID)
		if err != nil {
			return Told{}, err
		}
		head, err := a.store.LastChange(ctx)
		if err != nil {
			return Told{}, err
		}
		if h, secret, err = c.NewHook(id, address, kinds, words, head, u.Now()); err != nil {
			return Told{}, err
		}
		u.Changed("client", clientID, string(WebhookAdd))
		return Told{Subject: "webhook/" + id, Facts: map[string]string{"client": clientID, "words": strconv.FormatBool(words)}}, u.Hooks().SaveHook(ctx, h)
	})
	return h, secret, err
}

// RemoveHook ends a webhook. What still waits for it is given up.
func (a *Acts) RemoveHook(ctx context.Context, who Who, clientID, id string) error {
	return a.onHook(ctx, who, WebhookRemove, clientID, id, func(h client.Hook, now time.Time) (client.Hook, map[string]string, error) {
		return h.Remove(now), nil, nil
	})
}

// ReplayHook tells everything after cursor again, under the same ids.
func (a *Acts) ReplayHook(ctx context.Context, who Who, clientID, id string, cursor int64) error {
	return a.onHook(ctx, who, WebhookReplay, clientID, id, func(h client.Hook, now time.Time) (client.Hook, map[string]string, error) {
		n, err := h.Replay(cursor, now)
		return n, map[string]string{"cursor": strconv.FormatInt(cursor, 10)}, err
	})
}

func (a *Acts) onHook(ctx context.Context, who Who, name Name, clientID, id string, rule func(client.Hook, time.Time) (client.Hook, map[string]string, error)) error {
	return a.do(ctx, who, name, onClient(clientID), func(ctx context.Context, u *store.Unit) (Told, error) {
		h, err := u.Hooks().Hook(ctx, id)
		if err != nil {
			return Told{}, err
		}
		if h.ClientID != clientID || h.State != client.WebhookActive {
			return Told{}, fault.New(fault.NotFound, "webhook.unknown")
		}
		n, facts, err := rule(h, u.Now())
		if err != nil {
			return Told{}, err
		}
		u.Changed("client", clientID, string(name))
		return Told{Subject: "webhook/" + id, Facts: facts}, u.Hooks().SaveHook(ctx, n)
	})
}

const (
	hookPage = 256
	// hookSkip is how far a cursor may lag behind changes that nobody wanted,
	// before it is worth a write.
	hookSkip = 2000
)

// QueueHook puts the next changes into the outbox for one webhook, with its
// cursor, in one transaction: a crash neither loses nor doubles one. more says
// that there is more to queue. The ids follow the feed, so that what is told
// again after a replay is known by its receiver.
func (a *Acts) QueueHook(ctx context.Context, who Who, h client.Hook) (next client.Hook, more bool, err error) {
	changes, err := a.store.Changes(ctx, h.Cursor, hookPage)
	if err != nil || len(changes) == 0 {
		return h, false, err
	}
	wanted := changes[:0:0]
	for _, c := range changes {
		if h.Wants(c.Kind) {
			wanted = append(wanted, c)
		}
	}
	from := h.Cursor
	through := changes[len(changes)-1].Seq
	more = len(changes) == hookPage
	if len(wanted) == 0 && through/hookSkip == from/hookSkip {
		h.Cursor = through // remembered by whoever asks; written when it matters
		return h, more, nil
	}
	err = a.do(ctx, who, WebhookQueue, onClient(h.ClientID), func(ctx context.Context, u *store.Unit) (Told, error) {
		stored, err := u.Hooks().Hook(ctx, h.ID)
		if err != nil {
			return Told{}, err
		}
		if stored.State != client.WebhookActive || !stored.ChangedAt.Equal(h.ChangedAt) || stored.Cursor > from {
			next, more = stored, stored.State == client.WebhookActive // set back meanwhile: begin from there
			return Told{}, nil
		}
		for _, c := range wanted {
			body, err := json.Marshal(HookMessage{c.Seq, c.At, c.Kind, c.Subject, c.Detail, u.Now()})
			if err != nil {
				return Told{}, fmt.Errorf("encode a webhook's message: %w", err)
			}
			m := entry.Message{ID: fmt.Sprintf("%s-%016d", h.ID, c.Seq), Destination: HookDestination(h.ID), Kind: MessageWebhook, Subject: c.Subject, Body: body}
			if err := u.Send(ctx, m); err != nil {
				return Told{}, err
			}
		}
		stored.Cursor = through
		next = stored
		return Told{Subject: "webhook/" + h.ID, Facts: map[string]string{"count": strconv.Itoa(len(wanted)), "cursor": strconv.FormatInt(through, 10)}}, u.Hooks().SaveHook(ctx, stored)
	})
	if err != nil { // the act may still run for a caller that went away: what it writes is not ours to read
		return h, false, err
	}
	return next, more, nil
}

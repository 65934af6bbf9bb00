package store

import (
	"context"
	"strings"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/seal"
	clientq "github.com/matoi119/matoi/internal/store/query/client"
	outboxq "github.com/matoi119/matoi/internal/store/query/outbox"
	"github.com/matoi119/matoi/stdif"
)

// Hooks is the port of webhooks inside the act.
func (u *Unit) Hooks() client.Hooks { return u.clients() }

// Hooks reads webhooks outside of acts.
func (s *Store) Hooks() client.Hooks { return clients{s.clientQueries(s.read), s, nil} }

func (c clients) Hook(ctx context.Context, id string) (client.Hook, error) {
	row, err := c.q.Webhook(ctx, clientq.WebhookParams{HQ: c.s.hq, ID: id})
	return found(row, err, "webhook", c.toHook)
}

func (c clients) Hooks(ctx context.Context) ([]client.Hook, error) {
	rows, err := c.q.Webhooks(ctx, c.s.hq)
	return list(rows, err, "webhook", c.toHook)
}

func (c clients) SaveHook(ctx context.Context, h client.Hook) error {
	box, err := c.s.keys.Seal(seal.Caller, h.Secret, c.s.place("client_webhook", h.ID))
	if err != nil {
		return err
	}
	return put(ctx, c.tx, "client_webhook", clientq.ClientWebhook{
		HQ: c.s.hq, ID: h.ID, Client: h.ClientID, Url: h.URL, Kinds: strings.Join(h.Kinds, ","), Words: flag(h.Words), Secret: box,
		Cursor: h.Cursor, State: string(h.State), CreatedAt: micros(h.CreatedAt), ChangedAt: micros(h.ChangedAt),
	})
}

func (c clients) toHook(r clientq.ClientWebhook) (client.Hook, error) {
	h := client.Hook{
		ID: r.ID, ClientID: r.Client, URL: r.Url, Words: r.Words == 1, Cursor: r.Cursor, State: client.WebhookState(r.State),
		CreatedAt: instant(r.CreatedAt), ChangedAt: instant(r.ChangedAt),
	}
	if r.Kinds != "" {
		h.Kinds = strings.Split(r.Kinds, ",")
	}
	var err error
	h.Secret, err = c.s.keys.Open(seal.Caller, r.Secret, c.s.place("client_webhook", r.ID))
	return h, err
}

// Dead is a message that was given up.
type Dead struct {
	ID      string
	Subject string
	Code    stdif.Code
}

// Dead lists what was given up for a destination, the newest first.
func (s *Store) Dead(ctx context.Context, destination string, limit int) ([]Dead, error) {
	rows, err := s.outboxQueries(s.read).Dead(ctx, outboxq.DeadParams{HQ: s.hq, Destination: destination, Limit: int32(limit)})
	return list(rows, err, "message", func(r outboxq.DeadRow) (Dead, error) {
		return Dead{r.ID, r.Subject, stdif.Code(r.Problem)}, nil
	})
}

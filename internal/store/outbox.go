package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/seal"
	outboxq "github.com/matoi119/matoi/internal/store/query/outbox"
	"github.com/matoi119/matoi/stdif"
)

// Waiting is how much of the outbox waits for one destination.
type Waiting struct {
	Destination string
	Count       int64
	Oldest      time.Time
}

// Send puts a message into the outbox: it leaves after the commit, at least once.
func (u *Unit) Send(ctx context.Context, m entry.Message) error {
	box, err := u.s.keys.Seal(seal.Caller, m.Body, u.s.place("outbox_message", m.ID))
	if err != nil {
		return err
	}
	return u.tx.Put(ctx, "outbox_message", outboxq.OutboxMessage{
		HQ: u.s.hq, ID: m.ID, Destination: m.Destination, Kind: m.Kind,
		Subject: m.Subject, CreatedAt: micros(u.Now()), Body: box,
	})
}

// Sent marks a message as done: delivered, or refused for good with a code.
// The sealed body stays as it was sent. It reports whether it was open before.
func (u *Unit) Sent(ctx context.Context, id string, problem stdif.Code) (bool, error) {
	row, err := u.s.outboxQueries(u.tx.Query()).Message(ctx, outboxq.MessageParams{HQ: u.s.hq, ID: id})
	row, err = found(row, err, "message", func(m outboxq.OutboxMessage) (outboxq.OutboxMessage, error) { return m, nil })
	if err != nil || row.DoneAt != 0 {
		return false, err
	}
	row.DoneAt, row.Problem = micros(u.Now()), int64(problem)
	return true, u.tx.Put(ctx, "outbox_message", row)
}

// Undelivered lists the oldest messages that wait for a destination.
func (s *Store) Undelivered(ctx context.Context, destination string, limit int) ([]entry.Message, error) {
	rows, err := s.outboxQueries(s.read).Open(ctx, outboxq.OpenParams{HQ: s.hq, Destination: destination, Limit: int32(limit)})
	return list(rows, err, "message", func(m outboxq.OutboxMessage) (entry.Message, error) {
		body, err := s.keys.Open(seal.Caller, m.Body, s.place("outbox_message", m.ID))
		if errors.Is(err, seal.ErrSealed) || errors.Is(err, seal.ErrDestroyed) {
			err = nil // no body: whoever delivers ends it, so that it does not hold up what stands behind it
		}
		return entry.Message{ID: m.ID, Destination: m.Destination, Kind: m.Kind, Subject: m.Subject, Body: body}, err
	})
}

// OutboxWaiting says what waits, by destination.
func (s *Store) OutboxWaiting(ctx context.Context) ([]Waiting, error) {
	rows, err := s.outboxQueries(s.read).Waiting(ctx, s.hq)
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	var out []Waiting
	for _, r := range rows {
		oldest, ok := r.Oldest.(int64)
		if !ok {
			return nil, fmt.Errorf("read outbox: the oldest time is a %T", r.Oldest)
		}
		out = append(out, Waiting{r.Destination, r.N, instant(oldest)})
	}
	return out, nil
}

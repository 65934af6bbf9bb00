// Package outbox delivers what does not go to a terminal: today the house's own
// bell, which must ring when no console confirmed a report. Delivery is at least
// once; the receiver knows a repeat by its id.
package outbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/entry"
)

// Stories are the acts of delivery.
type Stories interface {
	Deliver(ctx context.Context, who act.Who, destination string, done []act.Delivered) error
}

// Reads finds what waits.
type Reads interface {
	Undelivered(ctx context.Context, destination string, limit int) ([]entry.Message, error)
	OnCommit(hook func(seq int64))
}

const (
	batch      = 32
	every      = time.Second
	patience   = 5 * time.Second
	afterError = 5 * time.Second
)

// Bell is the receiver of alarms on the command LAN: it takes a POST with a
// JSON body (act.Alarm) and an Idempotency-Key header, and answers 2xx.
type Bell struct {
	URL    string
	Client *http.Client
}

// Run rings the bell for every waiting alarm until ctx ends. Without a bell the
// alarms stay in the outbox, and the health page says so.
func (b *Bell) Run(ctx context.Context, acts Stories, reads Reads, log *slog.Logger) {
	hint := make(chan struct{}, 1)
	reads.OnCommit(func(int64) {
		select {
		case hint <- struct{}{}:
		default:
		}
	})
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		wait := time.Duration(0)
		if err := b.round(ctx, acts, reads); err != nil && ctx.Err() == nil {
			log.Error("ring the bell", "err", err)
			wait = afterError
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		select {
		case <-hint:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (b *Bell) round(ctx context.Context, acts Stories, reads Reads) error {
	waiting, err := reads.Undelivered(ctx, act.AlarmDestination, batch)
	if err != nil {
		return err
	}
	for _, m := range waiting {
		if err := b.ring(ctx, m); err != nil {
			return err
		}
		if err := acts.Deliver(ctx, act.Outbox(), act.AlarmDestination, []act.Delivered{{Message: m}}); err != nil {
			return err
		}
	}
	return nil
}

// direct is the client without redirects: an alarm goes where it was configured
// to go and nowhere else, and a bell that points elsewhere has not rung.
func (b *Bell) direct() *http.Client {
	c := *b.Client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

func (b *Bell) ring(ctx context.Context, m entry.Message) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL, bytes.NewReader(m.Body))
	if err != nil {
		return fmt.Errorf("alarm: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", m.ID)
	res, err := b.direct().Do(req)
	if err != nil {
		return fmt.Errorf("alarm: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // the connection is used again
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("alarm: the bell answered %d", res.StatusCode)
	}
	return nil
}

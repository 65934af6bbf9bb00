package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

const (
	maxInputs  = 64
	outboxPoll = time.Second // another process may have written to the outbox
	sendAgain  = time.Second
)

// send delivers the outbox to this terminal, oldest first, while the link is up.
func (s *session) send(ctx context.Context) error {
	tick := time.NewTicker(outboxPoll)
	defer tick.Stop()
	for {
		more, err := s.deliver(ctx)
		if err != nil && ctx.Err() == nil {
			s.l.g.c.Log.Warn("deliver to a terminal", "terminal", s.l.id, "err", err)
			select {
			case <-time.After(sendAgain):
			case <-ctx.Done():
			}
		}
		if more && err == nil {
			continue
		}
		select {
		case <-s.l.wake:
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// deliver sends one batch. A data request is a question of its own; what stands
// before it in the outbox goes first.
func (s *session) deliver(ctx context.Context) (more bool, err error) {
	waiting, err := s.l.g.c.Store.Undelivered(ctx, "terminal/"+s.l.id, maxInputs)
	if err != nil || len(waiting) == 0 {
		return false, err
	}
	if waiting[0].Kind == act.MessageRequest {
		return true, s.request(ctx, waiting[0])
	}
	var batch []entry.Message
	for _, m := range waiting {
		if m.Kind == act.MessageRequest {
			break
		}
		batch = append(batch, m)
	}
	return true, s.inputs(ctx, batch)
}

func (s *session) inputs(ctx context.Context, batch []entry.Message) error {
	in := make([]stdif.Input, len(batch))
	for i, m := range batch {
		if err := json.Unmarshal(m.Body, &in[i]); err != nil {
			return fmt.Errorf("message %s: %w", m.ID, err)
		}
	}
	results, err := s.client.Inputs(ctx, in)
	if err != nil {
		return err
	}
	byID := make(map[string]stdif.InputResult, len(results))
	for _, r := range results {
		byID[r.ID] = r
	}
	var done []act.Delivered
	for _, m := range batch {
		r, answered := byID[m.ID]
		switch {
		case answered && r.Taken:
			done = append(done, act.Delivered{Message: m})
		case answered && r.Problem != nil && r.Problem.Code != stdif.CodeStorage:
			done = append(done, act.Delivered{Message: m, Problem: r.Problem.Code})
		}
	}
	if len(done) == 0 {
		return errors.New("the terminal took none of the inputs")
	}
	return s.l.g.c.Acts.Deliver(ctx, s.l.g.who, "terminal/"+s.l.id, done)
}

// request asks the terminal for data and takes the answer in like any frame
// (S3-1-3-2). The request ends when every frame of its answer is durable.
func (s *session) request(ctx context.Context, m entry.Message) error {
	var q act.Ask
	if err := json.Unmarshal(m.Body, &q); err != nil {
		return fmt.Errorf("message %s: %w", m.ID, err)
	}
	answer, err := s.client.Reports(ctx, stdif.DataRequest{ServiceID: q.ServiceID, ReportID: q.ReportID})
	if err != nil {
		if ctx.Err() != nil {
			return err // the link is gone; the request is asked again on the next one
		}
		return s.l.g.c.Acts.Answer(ctx, s.l.g.who, q.ID, 0, problemOf(err))
	}
	count := 0
	for i, r := range answer {
		in := s.l.incoming(r.Frame, r.Raw, r.Problem, answerID(s.l.id, q.ID, i))
		in.Spool, in.Seq, in.Late = "", 0, false
		pending, err := s.l.g.c.Acts.Arrive(ctx, s.l.from(in), in)
		if err != nil {
			return err
		}
		if err := pending.Wait(ctx); err != nil {
			return err
		}
		if r.Frame.Type == open1.TypeReport {
			count++
		}
	}
	return s.l.g.c.Acts.Answer(ctx, s.l.g.who, q.ID, count, 0)
}

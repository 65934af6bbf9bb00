package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
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
// before it in the outbox goes first, but cannot keep it for ever.
func (s *session) deliver(ctx context.Context) (more bool, err error) {
	waiting, err := s.l.g.c.Store.Undelivered(ctx, "terminal/"+s.l.id, maxInputs)
	if err != nil || len(waiting) == 0 {
		return false, err
	}
	var batch []entry.Message
	for _, m := range waiting {
		if m.Kind != act.MessageRequest {
			batch = append(batch, m)
			continue
		}
		if len(batch) > 0 {
			err = s.inputs(ctx, batch)
		}
		if err != nil && !errors.Is(err, errNoneTaken) {
			return true, err
		}
		return true, errors.Join(err, s.request(ctx, m))
	}
	return true, s.inputs(ctx, batch)
}

// errNoneTaken: the terminal answers and takes nothing now.
var errNoneTaken = errors.New("the terminal took none of the inputs")

// inputs hands a batch over. A message ends when the terminal took it or refused
// it for good; what it cannot take now, or says nothing about, is sent again.
func (s *session) inputs(ctx context.Context, batch []entry.Message) error {
	var done []act.Delivered
	var readable []entry.Message
	var in []stdif.Input
	for _, m := range batch {
		var one stdif.Input
		if err := json.Unmarshal(m.Body, &one); err != nil {
			s.l.g.c.Log.Error("a message for a terminal cannot be read; it is given up", "terminal", s.l.id, "message", m.ID, "err", err)
			done = append(done, act.Delivered{Message: m, Problem: stdif.CodeInternal})
			continue
		}
		readable, in = append(readable, m), append(in, one)
	}
	var err error
	if len(in) > 0 {
		var answered []act.Delivered
		answered, err = s.handOver(ctx, readable, in)
		done = append(done, answered...)
	}
	if len(done) > 0 {
		return errors.Join(err, s.l.g.c.Acts.Deliver(ctx, s.l.g.who, "terminal/"+s.l.id, done))
	}
	if err == nil {
		err = errNoneTaken
	}
	return err
}

// handOver posts inputs. Where the terminal refuses the request as a whole, each
// goes alone, so that one that it cannot read does not hold up the others.
func (s *session) handOver(ctx context.Context, batch []entry.Message, in []stdif.Input) (done []act.Delivered, err error) {
	results, err := s.client.Inputs(ctx, in)
	refused, ok := errors.AsType[*open1.StatusError](err)
	switch {
	case err == nil:
		return ended(batch, results), nil
	case !ok || refused.Status/100 != 4 || refused.Status == http.StatusRequestTimeout || refused.Status == http.StatusTooManyRequests:
		return nil, err
	case len(in) == 1:
		code := stdif.CodeSyntax
		if refused.Problem != nil {
			code = refused.Problem.Code
		}
		if later(code) {
			return nil, err
		}
		return []act.Delivered{{Message: batch[0], Problem: code}}, nil
	}
	for i := range in {
		one, err := s.handOver(ctx, batch[i:i+1], in[i:i+1])
		if err != nil {
			return done, err
		}
		done = append(done, one...)
	}
	return done, nil
}

// ended picks what the answer settled.
func ended(batch []entry.Message, results []stdif.InputResult) (done []act.Delivered) {
	byID := make(map[string]stdif.InputResult, len(results))
	for _, r := range results {
		byID[r.ID] = r
	}
	for _, m := range batch {
		r, answered := byID[m.ID]
		switch {
		case answered && r.Taken:
			done = append(done, act.Delivered{Message: m})
		case answered && r.Problem != nil && !later(r.Problem.Code):
			done = append(done, act.Delivered{Message: m, Problem: r.Problem.Code})
		}
	}
	return done
}

// later reports whether a refusal is only for now.
func later(code stdif.Code) bool {
	return code == stdif.CodeBusy || code == stdif.CodeStorage || code == stdif.CodeInternal
}

// request asks the terminal for data and takes the answer in like any frame
// (S3-1-3-2). The request ends when every frame of its answer is durable.
func (s *session) request(ctx context.Context, m entry.Message) error {
	var q act.Ask
	if err := json.Unmarshal(m.Body, &q); err != nil {
		s.l.g.c.Log.Error("a data request cannot be read; it is given up", "terminal", s.l.id, "message", m.ID, "err", err)
		return s.answered(ctx, m, 0, stdif.CodeInternal)
	}
	answer, err := s.client.Reports(ctx, stdif.DataRequest{ServiceID: q.ServiceID, ReportID: q.ReportID})
	if err != nil {
		if ctx.Err() != nil {
			return err // the link is gone; the request is asked again on the next one
		}
		return s.answered(ctx, m, 0, problemOf(err))
	}
	count, code := 0, stdif.Code(0)
	for _, r := range answer {
		in := s.l.incoming(r.Frame, r.Raw, r.Problem, answerID(s.l.id, q.ID, r.Raw))
		in.Spool, in.Seq, in.Late = "", 0, false
		err := s.store(ctx, in)
		switch {
		case err == nil:
		case fault.Of(err) == fault.Unavailable || ctx.Err() != nil:
			return err // asked again when it can be stored
		default:
			s.l.g.c.Log.Error("store the answer to a data request", "terminal", s.l.id, "err", err)
			code = stdif.CodeInternal
			continue
		}
		if r.Frame.Type == open1.TypeReport {
			count++
		}
	}
	return s.answered(ctx, m, count, code)
}

// answered ends a request, which has the id of its message. One that the store
// knows nothing of leaves the outbox: nobody waits for its answer.
func (s *session) answered(ctx context.Context, m entry.Message, count int, code stdif.Code) error {
	err := s.l.g.c.Acts.Answer(ctx, s.l.g.who, m.ID, count, code)
	if fault.Of(err) != fault.NotFound {
		return err
	}
	return s.l.g.c.Acts.Deliver(ctx, s.l.g.who, "terminal/"+s.l.id, []act.Delivered{{Message: m, Problem: stdif.CodeInternal}})
}

func (s *session) store(ctx context.Context, in act.Incoming) error {
	pending, err := s.l.g.c.Acts.Arrive(ctx, s.l.from(in), in)
	if err != nil {
		return err
	}
	return pending.Wait(ctx)
}

package store

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/seal"
	clientq "github.com/matoi119/matoi/internal/store/query/client"
)

// Done says that an act with an idempotency key happened.
type Done struct {
	ID     string
	Digest string
	At     time.Time
	Facts  string // JSON of the entry's facts: ids and codes only
}

// Answer is what such a request was answered.
type Answer struct {
	ID     string
	Digest string
	At     time.Time
	Body   []byte
}

// Done reads whether an act happened; fault.NotFound when it did not.
func (u *Unit) Done(ctx context.Context, id string) (Done, error) {
	row, err := u.s.clientQueries(u.tx.Query()).Done(ctx, clientq.DoneParams{HQ: u.s.hq, ID: id})
	return found(row, err, "answer", func(r clientq.ClientDone) (Done, error) {
		return Done{r.ID, r.Digest, instant(r.At), r.Facts}, nil
	})
}

// SaveDone notes that an act happens, in its own transaction.
func (u *Unit) SaveDone(ctx context.Context, d Done) error {
	return u.tx.Put(ctx, "client_done", clientq.ClientDone{HQ: u.s.hq, ID: d.ID, Digest: d.Digest, At: micros(d.At), Facts: d.Facts})
}

// SaveAnswer keeps an answer, sealed.
func (u *Unit) SaveAnswer(ctx context.Context, a Answer) error {
	box, err := u.s.keys.Seal(seal.Caller, a.Body, u.s.place("client_answer", a.ID))
	if err != nil {
		return err
	}
	return u.tx.Put(ctx, "client_answer", clientq.ClientAnswer{HQ: u.s.hq, ID: a.ID, Digest: a.Digest, At: micros(a.At), Body: box})
}

// Answer reads a kept answer; fault.NotFound when there is none.
func (s *Store) Answer(ctx context.Context, id string) (Answer, error) {
	row, err := s.clientQueries(s.read).Answer(ctx, clientq.AnswerParams{HQ: s.hq, ID: id})
	return found(row, err, "answer", func(r clientq.ClientAnswer) (Answer, error) {
		body, err := s.keys.Open(seal.Caller, r.Body, s.place("client_answer", r.ID))
		return Answer{r.ID, r.Digest, instant(r.At), body}, err
	})
}

const forgetAtOnce = 500

// ForgetAnswers removes some of what is older than before, and says how many.
func (u *Unit) ForgetAnswers(ctx context.Context, before time.Time) (int, error) {
	q := u.s.clientQueries(u.tx.Query())
	done, err := q.OldDone(ctx, clientq.OldDoneParams{HQ: u.s.hq, At: micros(before), Limit: forgetAtOnce})
	if err != nil {
		return 0, err
	}
	answers, err := q.OldAnswers(ctx, clientq.OldAnswersParams{HQ: u.s.hq, At: micros(before), Limit: forgetAtOnce})
	if err != nil {
		return 0, err
	}
	for _, id := range done {
		if err := u.tx.Remove(ctx, "client_done", id); err != nil {
			return 0, err
		}
	}
	for _, id := range answers {
		if err := u.tx.Remove(ctx, "client_answer", id); err != nil {
			return 0, err
		}
	}
	return len(done) + len(answers), nil
}

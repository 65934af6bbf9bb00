package act

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/store"
)

// OnceLife is how long a request that is sent again is known.
const OnceLife = 24 * time.Hour

// Once makes a request that is sent twice one act. It travels in the context to
// the act, whose transaction then also stores that it was done: a program that
// was answered nothing, because the line or the server went down, sends the same
// again and nothing happens twice.
type Once struct {
	ID     string // hash of who asks and the key that they chose
	Digest string // keyed hash of the request: another one under the same key is a mistake

	repeated atomic.Pointer[map[string]string]
}

type onceKey struct{}

// WithOnce puts it into the context of a request.
func WithOnce(ctx context.Context, o *Once) context.Context {
	return context.WithValue(ctx, onceKey{}, o)
}

// Repeated says that the act was found done already.
func (o *Once) Repeated() bool { return o.repeated.Load() != nil }

// Known refuses another request under the same key.
func (o *Once) Known(d store.Done) error {
	if d.Digest != o.Digest {
		return fault.New(fault.Invalid, "idempotency.other-request")
	}
	return nil
}

// earlier is the id that the first time gave, where this is a repetition.
func earlier(ctx context.Context, fact, id string) string {
	if o, ok := ctx.Value(onceKey{}).(*Once); ok {
		if facts := o.repeated.Load(); facts != nil && (*facts)[fact] != "" {
			return (*facts)[fact]
		}
	}
	return id
}

// of names the act within the request: one that does several is known by each.
func (o *Once) of(name Name, on authz.Resource) string {
	sum := sha256.Sum256([]byte(o.ID + "\x00" + string(name) + "\x00" + on.Type + "\x00" + on.ID))
	return hex.EncodeToString(sum[:])
}

// onlyOnce looks, inside of the act's transaction, whether it was done before.
// The story may have made a new id for what it creates, so the resource of such
// an act is its type alone.
func onlyOnce(ctx context.Context, name Name, on authz.Resource, next store.Act) store.Act {
	o, ok := ctx.Value(onceKey{}).(*Once)
	if !ok {
		return next
	}
	if creates[name] {
		on.ID = ""
	}
	id := o.of(name, on)
	return func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
		o.repeated.Store(nil)
		d, err := u.Done(ctx, id)
		switch {
		case err == nil && u.Now().Sub(d.At) < OnceLife:
			facts := map[string]string{}
			if err := json.Unmarshal([]byte(d.Facts), &facts); err != nil {
				return entry.Entry{}, fmt.Errorf("read what was done: %w", err)
			}
			o.repeated.Store(&facts)
			return entry.Entry{}, o.Known(d)
		case err != nil && fault.Of(err) != fault.NotFound:
			return entry.Entry{}, err
		}
		e, err := next(ctx, u)
		if err != nil || e.Act == "" {
			return e, err
		}
		facts, err := json.Marshal(e.Facts)
		if err != nil {
			return e, fmt.Errorf("keep what was done: %w", err)
		}
		return e, u.SaveDone(ctx, store.Done{ID: id, Digest: o.Digest, At: u.Now(), Facts: string(facts)})
	}
}

// creates lists the stories whose resource gets its id in the same request.
var creates = map[Name]bool{PersonAdd: true, ClientAdd: true}

// KeepAnswer stores what a request was answered, so that the same is answered
// again. It may hold words of a caller and is sealed like them.
func (a *Acts) KeepAnswer(ctx context.Context, who Who, o *Once, body []byte) error {
	return a.do(context.WithValue(ctx, onceKey{}, nil), who, AnswerKeep, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		return Told{Subject: "answer/" + o.ID}, u.SaveAnswer(ctx, store.Answer{ID: o.ID, Digest: o.Digest, At: u.Now(), Body: body})
	})
}

// ForgetAnswers removes what is older than OnceLife.
func (a *Acts) ForgetAnswers(ctx context.Context, who Who) error {
	for more := true; more; {
		err := a.do(ctx, who, AnswerForget, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
			n, err := u.ForgetAnswers(ctx, u.Now().Add(-OnceLife))
			more = n > 0
			if n == 0 || err != nil {
				return Told{}, err
			}
			return Told{Subject: "answer"}, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

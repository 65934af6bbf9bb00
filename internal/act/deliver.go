package act

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
)

// Delivered is how one message ended at its destination.
type Delivered struct {
	Message entry.Message
	Problem stdif.Code // 0 = taken
}

// Deliver records what a destination answered to a batch of messages. A line
// to a caller is marked with how far it came.
func (a *Acts) Deliver(ctx context.Context, who Who, destination string, done []Delivered) error {
	return a.do(ctx, who, MessageDeliver, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		taken, refused := 0, 0
		for _, d := range done {
			open, err := u.Sent(ctx, d.Message.ID, d.Problem)
			if err != nil {
				return Told{}, err
			}
			if !open {
				continue
			}
			taken++
			if d.Problem != 0 {
				refused++
			}
			if err := markLine(ctx, u, d); err != nil {
				return Told{}, err
			}
		}
		if taken == 0 {
			return Told{}, nil
		}
		return Told{Subject: destination, Facts: map[string]string{"count": strconv.Itoa(taken), "refused": strconv.Itoa(refused)}}, nil
	})
}

func markLine(ctx context.Context, u *store.Unit, d Delivered) error {
	switch stdif.Verb(d.Message.Kind) {
	case stdif.VerbMessage, stdif.VerbMedia, stdif.VerbGuide, stdif.VerbCallBack:
	default:
		return nil
	}
	var in stdif.Input
	if err := json.Unmarshal(d.Message.Body, &in); err != nil { // that must not keep it in the outbox for ever
		return nil //nolint:nilerr // which line it was cannot be told any more
	}
	delivery := report.LineTerminal
	if d.Problem != 0 {
		delivery = report.LineRefused
	}
	switch {
	case in.Message != nil:
		u.Changed("chat", d.Message.Subject, in.Message.ID)
		return u.Dialog().MarkChat(ctx, d.Message.Subject, in.Message.ID, delivery)
	case in.Guide != nil:
		return markContact(ctx, u, d.Message.Subject, in.Guide.ID, delivery)
	case in.CallBack != nil:
		return markContact(ctx, u, d.Message.Subject, in.CallBack.ID, delivery)
	case in.Media != nil:
		return markVideo(ctx, u, in.Media.ID, d.Problem)
	}
	return nil
}

// markVideo moves a request forward by what the service's terminal answered.
func markVideo(ctx context.Context, u *store.Unit, id string, problem stdif.Code) error {
	v, err := u.Services().Video(ctx, id)
	if err != nil {
		return err
	}
	n := v.Taken(problem, u.Now())
	if n == v {
		return nil
	}
	changedVideo(u, n)
	return u.Services().SaveVideo(ctx, n)
}

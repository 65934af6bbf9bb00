package wake

import (
	"context"
	"log/slog"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/report"
)

// Presence says how long a seat has said nothing.
type Presence interface {
	Silent(console string) time.Duration
}

// ClaimActs are the acts on claims that time brings about.
type ClaimActs interface {
	Neglected(ctx context.Context, who act.Who, id, console string, silent time.Duration) error
}

// ClaimReads finds who holds what.
type ClaimReads interface {
	Claims(ctx context.Context) ([]report.Claimed, error)
}

const lookAtClaims = time.Second

// Claims marks the claims of silent seats and takes the mark away when a seat
// comes back, until ctx ends. It gives nothing to anybody.
func Claims(ctx context.Context, acts ClaimActs, reads ClaimReads, seats Presence, log *slog.Logger) {
	tick := time.NewTicker(lookAtClaims)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			watch(ctx, acts, reads, seats, log)
		case <-ctx.Done():
			return
		}
	}
}

func watch(ctx context.Context, acts ClaimActs, reads ClaimReads, seats Presence, log *slog.Logger) {
	claims, err := reads.Claims(ctx)
	if err != nil && ctx.Err() == nil {
		log.Error("read claims", "err", err)
	}
	for _, c := range claims {
		silent := seats.Silent(c.Console)
		if c.Stale == (silent >= report.ClaimStaleAfter) {
			continue // as it is marked
		}
		if err := acts.Neglected(ctx, act.Timer(), c.Report, c.Console, silent); err != nil && ctx.Err() == nil {
			log.Error("mark a claim", "err", err)
		}
	}
}

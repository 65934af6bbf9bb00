package transfer

import (
	"context"
	"time"
)

// Store is what acts write transfers with. Reads answer fault.NotFound when
// there is no such row.
type Store interface {
	Reader
	SavePartner(ctx context.Context, p Partner) error
	SaveTransfer(ctx context.Context, t Transfer) error
}

// Reader is what pages and the exchange read.
type Reader interface {
	Partner(ctx context.Context, id string) (Partner, error)
	Partners(ctx context.Context) ([]Partner, error)
	Transfer(ctx context.Context, id string) (Transfer, error)
	Transfers(ctx context.Context, report string) ([]Transfer, error)        // oldest first
	TransfersSince(ctx context.Context, since time.Time) ([]Transfer, error) // changed since then; with their record only where no partner is named
	Relaying(ctx context.Context, report string) ([]Transfer, error)         // those that what comes for the report goes on to
}

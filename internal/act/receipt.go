package act

import (
	"context"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
)

// arriveReceipt marks how far a line of headquarters has come to the caller. A
// receipt for something that was never sent from here is kept and marks nothing.
func arriveReceipt(ctx context.Context, u *store.Unit, in Incoming, c stdif.Receipt) (Told, error) {
	r, _, err := known(ctx, u, in, c.ReportID)
	if err != nil {
		return Told{}, err
	}
	if line := report.LineOf(c.State); line != "" {
		err := u.Dialog().MarkChat(ctx, r.ID, c.ID, line)
		if fault.Of(err) == fault.NotFound {
			err = markContact(ctx, u, r.ID, c.ID, line)
		}
		if err != nil {
			return Told{}, err
		}
	}
	if r, err = passOn(ctx, u, in, r, r); err != nil {
		return Told{}, err
	}
	told, err := keep(ctx, u, in, r, r, ReceiptReceive, false, map[string]string{"state": string(c.State)})
	if told.Subject != "" {
		u.Changed("chat", r.ID, c.ID)
	}
	return told, err
}

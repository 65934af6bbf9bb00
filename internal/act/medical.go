package act

import (
	"context"
	"strconv"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/store"
)

// OpenMedical leaves the entry that comes before the medical part of a report is
// shown to somebody (厳秘, MQ-4-2): who, at which console, of which revision. What
// it says is in no entry.
func (a *Acts) OpenMedical(ctx context.Context, who Who, id string) error {
	if _, err := seat(who); err != nil {
		return err
	}
	return a.do(ctx, who, ReportMedicalOpen, authz.Resource{Type: "Report", ID: id}, func(ctx context.Context, u *store.Unit) (Told, error) {
		r, err := u.Reports().Report(ctx, id)
		if err != nil {
			return Told{}, err
		}
		u.Changed("report", id, string(ReportMedicalOpen))
		return Told{Subject: "report/" + id, Mode: r.Mode, Facts: map[string]string{"revision": strconv.FormatInt(r.Revision, 10)}}, nil
	})
}

package act

import (
	"context"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/store"
)

// Painted records that a console's page has painted a report: the step
// integrated, told to the service. The first page counts; later ones change
// nothing.
func (a *Acts) Painted(ctx context.Context, who Who, id string) error {
	if _, err := seat(who); err != nil {
		return err
	}
	return a.do(ctx, who, ReportIntegrate, authz.Resource{Type: "Report", ID: id}, func(ctx context.Context, u *store.Unit) (Told, error) {
		r, err := u.Reports().Report(ctx, id)
		if err != nil {
			return Told{}, err
		}
		n, fresh := r.Integrate(u.Now())
		if !fresh {
			return Told{}, nil
		}
		if err := save(ctx, u, r, n); err != nil {
			return Told{}, err
		}
		u.Changed("report", id, string(ReportIntegrate))
		return Told{Subject: "report/" + id, Mode: n.Effective()}, tellSteps(ctx, u, r, n)
	})
}

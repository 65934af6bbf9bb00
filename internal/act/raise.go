package act

import (
	"context"
	"fmt"

	"github.com/matoi119/matoi/internal/calendar"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
)

// Raise makes an actual report of an exercise or a test, by name and with a
// reason: it rings anew on every console, under a number of the actual series.
// The service goes on in the mode that it sent.
func (a *Acts) Raise(ctx context.Context, who Who, id, reason, note string) error {
	note, err := noted(note)
	if err != nil {
		return err
	}
	return a.onReport(ctx, who, ReportRaise, id, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		if _, err := r.Raise(s, reason, "", u.Now()); err != nil {
			return decided{}, err // before a number is spent
		}
		number, err := numbered(ctx, u, stdif.Actual, u.Now())
		if err != nil {
			return decided{}, err
		}
		// One report has two numbers now; the count of reports knows it by this.
		day, _, _ := calendar.BusinessDay(u.Now(), businessDayStart)
		if _, err := u.Reports().NextNumber(ctx, fmt.Sprintf("raised/%s", day)); err != nil {
			return decided{}, err
		}
		n, err := r.Raise(s, reason, number, u.Now())
		if err != nil {
			return decided{}, err
		}
		facts := map[string]string{"reason": reason, "sent": string(r.Mode), "number": n.Number, "was": r.Number}
		if r.Claim.Console != "" && r.Open() {
			facts["fromConsole"], facts["fromPerson"] = r.Claim.Console, r.Claim.Person
		}
		var inputs []stdif.Input
		if n.Addressable() {
			if r.State == report.Closed {
				inputs = append(inputs, input(n, stdif.VerbReopen))
			} else if r.Claim.Console != "" {
				inputs = append(inputs, input(n, stdif.VerbRelease))
			}
			in := input(n, stdif.VerbRing)
			in.Reason, in.HQNumber, in.Kind = stdif.RingRaised, n.Number, n.Kind
			inputs = append(inputs, in)
		}
		return decided{report: n, facts: facts, inputs: inputs}, annotate(ctx, u, id, string(ReportRaise), s, note)
	})
}

package act

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
)

// TakeOver takes a report out of another seat's charge, by name and with a
// reason (decision 0009). Whoever lost it is named in the entry and on the card.
func (a *Acts) TakeOver(ctx context.Context, who Who, id, reason, note string) error {
	note, err := noted(note)
	if err != nil {
		return err
	}
	supervisor := a.permit(who, ClaimOverride, authz.Resource{Type: "Report", ID: id}) == nil
	return a.onReport(ctx, who, ClaimTakeOver, id, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		n, err := r.TakeOver(s, supervisor, reason, u.Now())
		if err != nil || n == r {
			return decided{report: r}, err
		}
		facts := lost(r)
		facts["reason"] = n.Before.Reason
		if n.Before.Handed {
			facts["reason"] = "taken-back"
		}
		return decided{report: n, facts: facts}, annotate(ctx, u, id, string(ClaimTakeOver), s, note)
	})
}

// lost says whose claim it was.
func lost(r report.Report) map[string]string {
	return map[string]string{"fromConsole": r.Claim.Console, "fromPerson": r.Claim.Person}
}

// annotate keeps what a person added in words.
func annotate(ctx context.Context, u *store.Unit, id, kind string, s report.By, text string) error {
	if text == "" {
		return nil
	}
	return u.Panel().AddNote(ctx, report.Note{Report: id, ID: newID(), Kind: kind, At: u.Now(), By: s, Text: text})
}

// Offer lets the holder offer the claim to a seat, or to all.
func (a *Acts) Offer(ctx context.Context, who Who, id, to string) error {
	return a.onReport(ctx, who, ClaimOffer, id, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		if to != report.ToAll {
			if c, err := u.Consoles().Console(ctx, to); fault.Of(err) == fault.NotFound || err == nil && c.Revoked() {
				return decided{}, fault.New(fault.Invalid, "offer.nobody")
			} else if err != nil {
				return decided{}, err
			}
		}
		n, err := r.Hand(s, to, u.Now())
		if err != nil || n == r {
			return decided{report: r}, err
		}
		return decided{report: n, facts: map[string]string{"to": to}}, nil
	})
}

// WithdrawOffer takes an offer back.
func (a *Acts) WithdrawOffer(ctx context.Context, who Who, id string) error {
	return a.onReport(ctx, who, ClaimWithdraw, id, func(_ context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		n, err := r.Withdraw(s, u.Now())
		return decided{report: n}, err
	})
}

// AcceptOffer takes what was offered: one winner, one act.
func (a *Acts) AcceptOffer(ctx context.Context, who Who, id string) error {
	return a.onReport(ctx, who, ClaimAccept, id, func(_ context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		n, err := r.Accept(s, u.Now())
		if err != nil || n == r {
			return decided{report: r}, err
		}
		return decided{report: n, facts: lost(r)}, nil
	})
}

// RefuseOffer says no to an offer that was made to this seat.
func (a *Acts) RefuseOffer(ctx context.Context, who Who, id string) error {
	return a.onReport(ctx, who, ClaimRefuse, id, func(_ context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		n, err := r.Refuse(s, u.Now())
		return decided{report: n}, err
	})
}

// Neglected marks a claim whose seat has been silent for so long, or takes the
// mark away. Nobody loses a claim by it.
func (a *Acts) Neglected(ctx context.Context, who Who, id, console string, silent time.Duration) error {
	name := ClaimStale
	if silent < report.ClaimStaleAfter {
		name = ClaimAlive
	}
	return a.do(ctx, who, name, authz.Resource{Type: "Report", ID: id}, func(ctx context.Context, u *store.Unit) (Told, error) {
		r, err := u.Reports().Report(ctx, id)
		if err != nil || r.Claim.Console != console { // somebody else has it by now
			return Told{}, err
		}
		n, changed := r.Neglect(silent, u.Now())
		if name == ClaimAlive {
			n, changed = r.Attend(silent, u.Now())
		}
		if !changed {
			return Told{}, nil
		}
		u.Changed("report", id, string(name))
		return Told{Subject: "report/" + id, Mode: n.Effective(), Facts: map[string]string{"console": console}}, save(ctx, u, r, n)
	})
}

package act

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
)

// Kinds of messages to another headquarters, beside the inputs that it gets for
// what it handed to us.
const (
	MessageOffer    = "transfer.offer"
	MessageRelay    = "transfer.relay"
	MessageWithdraw = "transfer.withdraw"
	MessageRefuse   = "transfer.refuse"
)

// Relay names what goes to the other side. The words themselves stay where they
// are sealed until the message leaves.
type Relay struct {
	Transfer string `json:"transfer"`
	Report   string `json:"report"`
	Frame    string `json:"frame,omitempty"`  // a stored message of the terminal
	Line     string `json:"line,omitempty"`   // a line of ours
	Reason   string `json:"reason,omitempty"` // refuse
}

func post(ctx context.Context, u *store.Unit, destination, kind string, r Relay) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode relay: %w", err)
	}
	return u.Send(ctx, entry.Message{ID: newID(), Destination: destination, Kind: kind, Subject: r.Report, Body: body})
}

// OfferTransfer hands a report to another headquarters by data. It stays open here
// until somebody there has accepted it.
func (a *Acts) OfferTransfer(ctx context.Context, who Who, reportID, partnerID string) error {
	return a.onReport(ctx, who, TransferOffer, reportID, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		if err := mine(r, s); err != nil {
			return decided{}, err
		}
		p, err := partner(ctx, u, partnerID)
		if err != nil {
			return decided{}, err
		}
		if of, ok := transfer.PartnerOf(r.Terminal); ok && of == p.ID {
			return decided{}, fault.New(fault.Conflict, "transfer.came-from-there") // it is refused, not sent in a circle
		}
		others, err := u.Transfers().Transfers(ctx, r.ID)
		if err != nil {
			return decided{}, err
		}
		t, err := transfer.Offer(newID(), r.ID, p, others, transfer.By(s), u.Now())
		if err != nil {
			return decided{}, err
		}
		if err := u.Transfers().SaveTransfer(ctx, t); err != nil {
			return decided{}, err
		}
		u.Changed("transfer", t.ID, string(t.State))
		err = post(ctx, u, transfer.Destination(p.ID), MessageOffer, Relay{Transfer: t.ID, Report: r.ID})
		return decided{report: r, facts: map[string]string{"partner": p.ID, "transfer": t.ID}}, err
	})
}

// mine demands that the person has the report in charge.
func mine(r report.Report, s report.By) error {
	switch {
	case r.State == report.Closed:
		return fault.New(fault.Conflict, "report.closed")
	case r.Claim.Console == "":
		return fault.New(fault.Conflict, "claim.none")
	case r.Claim.Console != s.Console:
		return report.Held(r.Claim)
	}
	return nil
}

func partner(ctx context.Context, u *store.Unit, id string) (transfer.Partner, error) {
	p, err := u.Transfers().Partner(ctx, id)
	if fault.Of(err) == fault.NotFound || err == nil && p.Revoked() {
		return p, fault.New(fault.NotFound, "partner.unknown")
	}
	return p, err
}

// WithdrawTransfer takes an offer back, as long as nobody there accepted it.
func (a *Acts) WithdrawTransfer(ctx context.Context, who Who, reportID string) error {
	return a.onReport(ctx, who, TransferWithdraw, reportID, func(ctx context.Context, u *store.Unit, r report.Report, _ report.By) (decided, error) {
		open, err := u.Transfers().Relaying(ctx, r.ID)
		if err != nil {
			return decided{}, err
		}
		if len(open) == 0 {
			return decided{}, fault.New(fault.Conflict, "transfer.not-open")
		}
		for _, t := range open {
			if t, err = t.Withdraw(u.Now()); err != nil {
				return decided{}, err
			}
			if err := withdrawn(ctx, u, t); err != nil {
				return decided{}, err
			}
		}
		return decided{report: r, facts: map[string]string{"partner": open[0].Partner}}, nil
	})
}

func withdrawn(ctx context.Context, u *store.Unit, t transfer.Transfer) error {
	u.Changed("transfer", t.ID, string(t.State))
	if err := u.Transfers().SaveTransfer(ctx, t); err != nil {
		return err
	}
	return post(ctx, u, transfer.Destination(t.Partner), MessageWithdraw, Relay{Transfer: t.ID, Report: t.Report})
}

// Telephoned is what a person wrote down of a transfer by telephone.
type Telephoned struct {
	Partner string // "" = not in the register; then Record.ToName says who
	Outcome string
	Record  transfer.Record
}

// Telephone records a transfer by telephone: who was called, who answered, what
// was read out. Where it was accepted, the caller is told to whom it went.
func (a *Acts) Telephone(ctx context.Context, who Who, reportID string, c Telephoned) error {
	c.Record.Note = stdif.Clean(c.Record.Note)
	if n := len([]rune(c.Record.Note)); n > report.MaxCloseNote {
		return fault.New(fault.TooLarge, "close.note-too-long", "max", strconv.Itoa(report.MaxCloseNote))
	}
	return a.onReport(ctx, who, TransferTelephone, reportID, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		if err := mine(r, s); err != nil {
			return decided{}, err
		}
		to := c.Partner
		if c.Partner != "" {
			p, err := partner(ctx, u, c.Partner)
			if err != nil {
				return decided{}, err
			}
			to = p.ID
		}
		t, err := transfer.Called(newID(), r.ID, to, c.Outcome, c.Record, transfer.By(s), u.Now())
		if err != nil {
			return decided{}, err
		}
		if err := u.Transfers().SaveTransfer(ctx, t); err != nil {
			return decided{}, err
		}
		u.Changed("transfer", t.ID, string(t.State))
		d := decided{report: r, facts: map[string]string{"partner": to, "outcome": c.Outcome, "read": strconv.Itoa(len(c.Record.ReadOut))}}
		if t.State == transfer.Accepted {
			d.inputs = toldWhere(r, to)
		}
		return d, nil
	})
}

// toldWhere tells the caller's service to which headquarters the report went.
func toldWhere(r report.Report, to string) []stdif.Input {
	in := input(r, stdif.VerbTransfer)
	in.ToHQ = to
	return addressed(r, in)
}

// RefuseTransfer gives back what another headquarters handed over: it rings there.
func (a *Acts) RefuseTransfer(ctx context.Context, who Who, reportID, reason string) error {
	if !slices.Contains(transfer.RefuseReasons(), reason) {
		return fault.New(fault.Invalid, "transfer.reason-unknown")
	}
	return a.onReport(ctx, who, TransferRefuse, reportID, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		from, ok := transfer.PartnerOf(r.Terminal)
		if !ok {
			return decided{}, fault.New(fault.Conflict, "transfer.not-from-elsewhere")
		}
		n, err := r.Return(s, u.Now())
		if err != nil {
			return decided{}, err
		}
		err = post(ctx, u, "terminal/"+r.Terminal, MessageRefuse, Relay{Transfer: r.ServiceReport, Report: r.ID, Reason: reason})
		return decided{report: n, facts: map[string]string{"partner": from, "refusal": reason}}, err
	})
}

// relay passes on what came for a report that is being handed over, or was. It
// reports whether the other side answers for it by now.
func relay(ctx context.Context, u *store.Unit, reportID string, what Relay) (handed bool, _ error) {
	open, err := u.Transfers().Relaying(ctx, reportID)
	if err != nil {
		return false, err
	}
	for _, t := range open {
		handed = handed || t.Handed()
		what.Transfer, what.Report = t.ID, reportID
		if what.Frame == "" && what.Line == "" {
			continue
		}
		if err := post(ctx, u, transfer.Destination(t.Partner), MessageRelay, what); err != nil {
			return handed, err
		}
	}
	return handed, nil
}

// passOn sends a terminal's message on to the headquarters that the report was
// handed to. Once that one answers for it, what comes rings there: a report that
// was closed here stays closed. So does one that was given back: the rest of what
// was on its way with it is for the headquarters that it went back to.
func passOn(ctx context.Context, u *store.Unit, in Incoming, before, after report.Report) (report.Report, error) {
	handed, err := relay(ctx, u, before.ID, Relay{Frame: in.Frame})
	if before.State == report.Closed && (handed || before.Closing.Reason == report.Returned) {
		after = after.Stays(before)
	}
	return after, err
}

// closing asks whether a report may be closed for a reason, as far as another
// headquarters has to do with it. silent says that the caller's session goes on
// with the other side and must not be told of an end.
func closing(ctx context.Context, u *store.Unit, id, reason string) (silent bool, _ error) {
	all, err := u.Transfers().Transfers(ctx, id)
	if err != nil {
		return false, err
	}
	handed := false
	for _, t := range all {
		handed = handed || t.Handed()
		silent = silent || t.Relays() && t.Handed()
		if reason == report.Transferred || !t.Relays() || t.Handed() {
			continue
		}
		if err := withdrawn(ctx, u, t.End(transfer.Withdrawn, reason, u.Now())); err != nil {
			return false, err
		}
	}
	if reason == report.Transferred && !handed {
		return false, fault.New(fault.Conflict, "transfer.not-accepted")
	}
	return silent, nil
}

package act

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
)

// AddPartner registers another headquarters, or changes what is known of it.
func (a *Acts) AddPartner(ctx context.Context, who Who, p transfer.Partner) error {
	if err := p.Check(); err != nil {
		return err
	}
	return a.do(ctx, who, PartnerAdd, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		p.AddedAt = u.Now()
		u.Changed("partner", p.ID, "added")
		return Told{Subject: "partner/" + p.ID}, u.Transfers().SavePartner(ctx, p)
	})
}

// RevokePartner ends every exchange with another headquarters at once.
func (a *Acts) RevokePartner(ctx context.Context, who Who, id string) error {
	return a.do(ctx, who, PartnerRevoke, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		p, err := partner(ctx, u, id)
		if err != nil {
			return Told{}, err
		}
		p.RevokedAt = u.Now()
		u.Changed("partner", p.ID, "revoked")
		return Told{Subject: "partner/" + p.ID}, u.Transfers().SavePartner(ctx, p)
	})
}

// TransferReceipt records what the other side answered to a message: for an
// offer, that it is durable there and under which number. A message that it
// will never take is given up; an offer then rings here.
func (a *Acts) TransferReceipt(ctx context.Context, who Who, m entry.Message, number string, problem stdif.Code) error {
	return a.do(ctx, who, TransferReceipt, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		open, err := u.Sent(ctx, m.ID, problem)
		if err != nil || !open {
			return Told{}, err
		}
		told := Told{Subject: "report/" + m.Subject, Facts: map[string]string{"kind": m.Kind, "number": number}}
		var what Relay
		if err := json.Unmarshal(m.Body, &what); err != nil {
			return told, nil //nolint:nilerr // which one it was cannot be told any more
		}
		t, err := u.Transfers().Transfer(ctx, what.Transfer)
		if fault.Of(err) == fault.NotFound { // a refusal of ours: the transfer is the other side's
			return told, nil
		}
		if err != nil {
			return Told{}, err
		}
		told.Facts["partner"] = t.Partner
		switch {
		case problem != 0 && m.Kind == MessageOffer:
			return told, ended(ctx, u, t.End(transfer.Refused, "undeliverable", u.Now()))
		case m.Kind == MessageOffer:
			return told, stepped(ctx, u, t, t.Advance(transfer.Received, number, u.Now()))
		case t.Relays() && !t.StuckAt.IsZero():
			return told, stepped(ctx, u, t, t.Advance(t.State, "", u.Now()))
		}
		return told, nil
	})
}

// stepped stores a transfer that came further and shows it.
func stepped(ctx context.Context, u *store.Unit, before, after transfer.Transfer) error {
	if after.State == before.State && after.Number == before.Number && after.StuckAt.Equal(before.StuckAt) && after.EndedAt.Equal(before.EndedAt) {
		return nil
	}
	u.Changed("transfer", after.ID, string(after.State))
	u.Changed("report", after.Report, "transfer")
	return u.Transfers().SaveTransfer(ctx, after)
}

// ended stores a transfer that came to nothing: the report rings here again.
func ended(ctx context.Context, u *store.Unit, t transfer.Transfer) error {
	r, err := u.Reports().Report(ctx, t.Report)
	if err != nil {
		return err
	}
	u.Changed("transfer", t.ID, string(t.State))
	u.Changed("report", t.Report, "transfer")
	if err := u.Transfers().SaveTransfer(ctx, t); err != nil {
		return err
	}
	return u.Reports().Save(ctx, r.Recall(u.Now()))
}

// link loads a transfer of ours that a partner speaks of: nobody speaks of
// what was not handed to them.
func link(ctx context.Context, u *store.Unit, partnerID, id string) (transfer.Transfer, report.Report, error) {
	t, err := u.Transfers().Transfer(ctx, id)
	if fault.Of(err) == fault.NotFound || err == nil && (t.Partner != partnerID || t.Method != transfer.Data) {
		return t, report.Report{}, fault.New(fault.NotFound, "transfer.unknown")
	}
	if err != nil {
		return t, report.Report{}, err
	}
	r, err := u.Reports().Report(ctx, t.Report)
	return t, r, err
}

// TransferRefused takes the refusal of the other side: it rings here.
func (a *Acts) TransferRefused(ctx context.Context, who Who, partnerID, id, reason string) error {
	return a.do(ctx, who, TransferRefused, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		t, r, err := link(ctx, u, partnerID, id)
		if err != nil || !t.Relays() { // told twice, or taken back here meanwhile
			return Told{}, err
		}
		return Told{Subject: "report/" + r.ID, Mode: r.Mode, Facts: map[string]string{"partner": partnerID, "refusal": code(reason)}},
			ended(ctx, u, t.End(transfer.Refused, code(reason), u.Now()))
	})
}

// code keeps what another house sends as a code one: words of people have no
// place in evidence.
func code(reason string) string {
	for _, known := range append(transfer.RefuseReasons(), report.Reasons()...) {
		if reason == known {
			return reason
		}
	}
	return "other"
}

// TransferStuck marks that the other side cannot be reached. Where the report
// was closed here in good faith, it rings again: its caller may be writing.
func (a *Acts) TransferStuck(ctx context.Context, who Who, id string) error {
	return a.do(ctx, who, TransferStuck, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		t, err := u.Transfers().Transfer(ctx, id)
		if err != nil || !t.Relays() || !t.StuckAt.IsZero() {
			return Told{}, err
		}
		r, err := u.Reports().Report(ctx, t.Report)
		if err != nil {
			return Told{}, err
		}
		told := Told{Subject: "report/" + r.ID, Mode: r.Mode, Facts: map[string]string{"partner": t.Partner}}
		if r.State == report.Closed {
			return told, ended(ctx, u, t.Stuck(u.Now()))
		}
		return told, stepped(ctx, u, t, t.Stuck(u.Now()))
	})
}

// TransferHear takes an input of the headquarters that a report was handed to:
// steps are noted, words go on to the caller. The same input again changes
// nothing.
func (a *Acts) TransferHear(ctx context.Context, who Who, partnerID string, in stdif.Input) error {
	return a.do(ctx, who, TransferHear, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		t, r, err := link(ctx, u, partnerID, in.ReportID)
		if err != nil {
			return Told{}, err
		}
		after, inputs, err := heard(ctx, u, t, r, in)
		if err != nil {
			return Told{}, err
		}
		if after == t && len(inputs) == 0 {
			return Told{}, nil
		}
		if err := stepped(ctx, u, t, after); err != nil {
			return Told{}, err
		}
		for _, i := range inputs {
			if err := tell(ctx, u, r.Terminal, r.ID, i); err != nil {
				return Told{}, err
			}
		}
		return Told{Subject: "report/" + r.ID, Mode: r.Mode, Facts: map[string]string{"partner": partnerID, "verb": string(in.Verb)}}, nil
	})
}

// heard decides what an input of the other side means here, and what the
// caller's service is told.
func heard(ctx context.Context, u *store.Unit, t transfer.Transfer, r report.Report, in stdif.Input) (_ transfer.Transfer, inputs []stdif.Input, _ error) {
	now := u.Now()
	// What the caller's service hears of the end is the other side's, once the
	// report was closed here as transferred.
	handed := r.State == report.Closed && r.Closing.Reason == report.Transferred
	switch in.Verb {
	case stdif.VerbAck:
		if in.Ack != nil && in.Ack.Step == stdif.Seen {
			return t.Advance(transfer.Seen, "", now), nil, nil
		}
		return t.Advance(transfer.Received, "", now), nil, nil
	case stdif.VerbRing: // no console there confirmed the ring
		return t.Stuck(now), nil, nil
	case stdif.VerbAccept:
		after := t.Advance(transfer.Accepted, stdif.Clean(in.HQNumber), now)
		if after.State != t.State {
			inputs = toldWhere(r, t.Partner)
		}
		return after, inputs, nil
	case stdif.VerbRelease:
		return t.Released(now), nil, nil
	case stdif.VerbMessage:
		inputs, err := line(ctx, u, r, in)
		return t, inputs, err
	case stdif.VerbClose:
		after := t.End(transfer.Completed, code(in.Reason), now)
		if after != t && handed {
			end := input(r, stdif.VerbClose)
			end.Reason = after.Reason
			inputs = addressed(r, end)
		}
		return after, inputs, nil
	case stdif.VerbReopen:
		after := t.Advance(transfer.Received, "", now)
		if after != t && handed {
			inputs = addressed(r, input(r, stdif.VerbReopen))
		}
		return after, inputs, nil
	case stdif.VerbTransfer, stdif.VerbDispatched, stdif.VerbMedia:
		if !t.Relays() {
			return t, nil, nil
		}
		on := input(r, in.Verb)
		on.ToHQ, on.Summary, on.Additional = in.ToHQ, in.Summary, in.Additional
		return t, addressed(r, on), nil
	}
	return t, nil, nil
}

// line passes a line of the other headquarters on to the caller.
func line(ctx context.Context, u *store.Unit, r report.Report, in stdif.Input) ([]stdif.Input, error) {
	if in.Message == nil {
		return nil, fault.New(fault.Invalid, "chat.empty")
	}
	if err := canTalk(ctx, u, r); err != nil {
		return nil, err
	}
	now := u.Now()
	text := stdif.Clean(in.Message.Text)
	added, err := u.Dialog().AddChat(ctx, report.Chat{
		Report: r.ID, ID: in.Message.ID, From: stdif.FromHeadquarters, At: in.Message.At, ReceivedAt: now, Delivery: report.LineSent, Text: text,
	})
	if err != nil || !added {
		return nil, err
	}
	u.Changed("chat", r.ID, in.Message.ID)
	if err := u.Reports().Save(ctx, r.Chat(stdif.FromHeadquarters, in.Message.At, now)); err != nil {
		return nil, fmt.Errorf("save report: %w", err)
	}
	on := input(r, stdif.VerbMessage)
	on.Message = &stdif.ChatMessage{ID: in.Message.ID, ReportID: r.ServiceReport, From: stdif.FromHeadquarters, At: in.Message.At, Text: text}
	return []stdif.Input{on}, nil
}

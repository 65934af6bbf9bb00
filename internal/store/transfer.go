package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/seal"
	transferq "github.com/matoi119/matoi/internal/store/query/transfer"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/internal/transfer"
)

// transfers implements the ports of package transfer; tx is nil outside of acts.
type transfers struct {
	q  *transferq.Queries
	s  *Store
	tx *writer.Tx
}

// Transfers is the field's port inside the act.
func (u *Unit) Transfers() transfer.Store {
	return transfers{transferq.New(u.tx.Query()), u.s, u.tx}
}

// Transfers reads partners and transfers outside of acts.
func (s *Store) Transfers() transfer.Reader { return transfers{transferq.New(s.read), s, nil} }

func (t transfers) Partner(ctx context.Context, id string) (transfer.Partner, error) {
	row, err := t.q.Partner(ctx, transferq.PartnerParams{HQ: t.s.hq, ID: id})
	return found(row, err, "partner", toPartner)
}

func (t transfers) Partners(ctx context.Context) ([]transfer.Partner, error) {
	rows, err := t.q.Partners(ctx, t.s.hq)
	return list(rows, err, "partner", toPartner)
}

func toPartner(r transferq.TransferPartner) (transfer.Partner, error) {
	return transfer.Partner{
		ID: r.ID, Name: r.Name, Code: r.Code, Phone: r.Phone, Address: r.Address, Authority: r.Authority,
		AddedAt: instant(r.AddedAt), RevokedAt: instant(r.RevokedAt),
	}, nil
}

func (t transfers) SavePartner(ctx context.Context, p transfer.Partner) error {
	return put(ctx, t.tx, "transfer_partner", transferq.TransferPartner{
		HQ: t.s.hq, ID: p.ID, Name: p.Name, Code: p.Code, Phone: p.Phone, Address: p.Address, Authority: p.Authority,
		AddedAt: micros(p.AddedAt), RevokedAt: micros(p.RevokedAt),
	})
}

func (t transfers) Transfer(ctx context.Context, id string) (transfer.Transfer, error) {
	row, err := t.q.Transfer(ctx, transferq.TransferParams{HQ: t.s.hq, ID: id})
	return found(row, err, "transfer", t.whole)
}

func (t transfers) Transfers(ctx context.Context, report string) ([]transfer.Transfer, error) {
	rows, err := t.q.Transfers(ctx, transferq.TransfersParams{HQ: t.s.hq, Report: report})
	return list(rows, err, "transfer", t.whole)
}

func (t transfers) TransfersSince(ctx context.Context, since time.Time) ([]transfer.Transfer, error) {
	rows, err := t.q.TransfersSince(ctx, transferq.TransfersSinceParams{HQ: t.s.hq, UpdatedAt: micros(since)})
	return list(rows, err, "transfer", func(r transferq.TransferTransfer) (transfer.Transfer, error) {
		if r.Partner != "" {
			return toTransfer(r)
		}
		return t.whole(r) // only its record says to whom
	})
}

func (t transfers) Relaying(ctx context.Context, report string) ([]transfer.Transfer, error) {
	rows, err := t.q.Relaying(ctx, transferq.RelayingParams{HQ: t.s.hq, Report: report})
	return list(rows, err, "transfer", t.whole)
}

func toTransfer(r transferq.TransferTransfer) (transfer.Transfer, error) {
	return transfer.Transfer{
		ID: r.ID, Report: r.Report, Method: transfer.Method(r.Method), Partner: r.Partner, State: transfer.State(r.State), Number: r.Number,
		By: transfer.By{Console: r.Console, Person: r.Person}, OfferedAt: instant(r.OfferedAt), ReceivedAt: instant(r.ReceivedAt),
		SeenAt: instant(r.SeenAt), AcceptedAt: instant(r.AcceptedAt), EndedAt: instant(r.EndedAt), Reason: r.Reason,
		StuckAt: instant(r.StuckAt), UpdatedAt: instant(r.UpdatedAt),
	}, nil
}

// whole opens the record too.
func (t transfers) whole(r transferq.TransferTransfer) (transfer.Transfer, error) {
	v, err := toTransfer(r)
	if err != nil {
		return v, err
	}
	plain, err := t.s.keys.Open(seal.Caller, r.Body, t.s.place("transfer_transfer", r.ID))
	if errors.Is(err, seal.ErrSealed) || errors.Is(err, seal.ErrDestroyed) {
		return v, nil // when and to whom is still told
	}
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(plain, &v.Record) // null where nobody telephoned
}

func (t transfers) SaveTransfer(ctx context.Context, v transfer.Transfer) error {
	plain, err := json.Marshal(v.Record)
	if err != nil {
		return fmt.Errorf("encode record: %w", err)
	}
	box, err := t.s.keys.Seal(seal.Caller, plain, t.s.place("transfer_transfer", v.ID))
	if err != nil {
		return err
	}
	return put(ctx, t.tx, "transfer_transfer", transferq.TransferTransfer{
		HQ: t.s.hq, ID: v.ID, Report: v.Report, Method: string(v.Method), Partner: v.Partner, State: string(v.State), Number: v.Number,
		Console: v.By.Console, Person: v.By.Person, OfferedAt: micros(v.OfferedAt), ReceivedAt: micros(v.ReceivedAt),
		SeenAt: micros(v.SeenAt), AcceptedAt: micros(v.AcceptedAt), EndedAt: micros(v.EndedAt), Reason: v.Reason,
		StuckAt: micros(v.StuckAt), UpdatedAt: micros(v.UpdatedAt), Body: box,
	})
}

// ReportOf finds a report by the service's own number, outside of acts.
func (s *Store) ReportOf(ctx context.Context, service, serviceReport string) (report.Report, error) {
	return reports{s.reportQueries(s.read), s, nil}.ByService(ctx, service, serviceReport)
}

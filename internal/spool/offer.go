package spool

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Offer keeps what a service says that it can do. The same again writes nothing.
func (s *Spool) Offer(ctx context.Context, service string, o stdif.Offer) error {
	body, err := open1.Marshal(o)
	if err != nil {
		return fmt.Errorf("encode offer: %w", err)
	}
	same := false
	err = s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		rows, err := query.New(tx.Query()).Offers(ctx, HQ)
		if err != nil {
			return entry.Entry{}, fmt.Errorf("read offers: %w", err)
		}
		for _, r := range rows {
			if same = r.Service == service && r.Body == string(body); same {
				return entry.Entry{}, nil
			}
		}
		e := s.serviceEntry("service.offer", service)
		e.Actor.Service, e.Actor.System = service, ""
		return e, tx.Put(ctx, tableOffer, query.SpoolOffer{Hq: HQ, Service: service, Body: string(body), At: tx.Now().UnixMicro()})
	})
	if err != nil {
		return fmt.Errorf("keep offer: %w", err)
	}
	if !same {
		s.notify(Notice{Kind: Other})
	}
	return nil
}

func (s *Spool) offers(ctx context.Context) (map[string]*stdif.Offer, error) {
	rows, err := s.read.Offers(ctx, HQ)
	if err != nil {
		return nil, fmt.Errorf("read offers: %w", err)
	}
	out := make(map[string]*stdif.Offer, len(rows))
	for _, r := range rows {
		o := new(stdif.Offer)
		if err := json.Unmarshal([]byte(r.Body), o); err != nil {
			return nil, fmt.Errorf("decode offer of %s: %w", r.Service, err)
		}
		out[r.Service] = o
	}
	return out, nil
}

// purgeRequests removes requests for media that no report came to. They hold a
// telephone number, and no report's end takes them along.
func (s *Spool) purgeRequests(ctx context.Context, before, lastInput int64) error {
	for {
		rows, err := s.read.StrayRequests(ctx, query.StrayRequestsParams{Hq: HQ, At: before, Seq: lastInput, Limit: maxGone})
		if err != nil || len(rows) == 0 {
			return err
		}
		err = s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			for _, r := range rows {
				if err := tx.Remove(ctx, tableInput, r.Seq); err != nil {
					return entry.Entry{}, err
				}
			}
			return entry.Entry{Act: "spool.purge", Actor: s.actor(""), Subject: "spool/" + s.ID(),
				Facts: map[string]string{"requests": fmt.Sprint(len(rows))}}, nil
		})
		if err != nil {
			return fmt.Errorf("purge requests: %w", err)
		}
	}
}

package store

import (
	"context"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/audit"
	evidenceq "github.com/matoi119/matoi/internal/store/query/evidence"
	reportq "github.com/matoi119/matoi/internal/store/query/report"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// FeedChange is one row of the change feed.
type FeedChange struct {
	Seq     int64
	At      time.Time
	Kind    string
	Subject string
	Detail  string
}

// Changes lists what changed after a sequence number, in order and without gaps.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]FeedChange, error) {
	rows, err := s.evidenceQueries(s.read).Changes(ctx, evidenceq.ChangesParams{HQ: s.hq, Seq: after, Limit: int32(limit)})
	return list(rows, err, "change", func(c evidenceq.FeedChange) (FeedChange, error) {
		return FeedChange{c.Seq, instant(c.At), c.Kind, c.Subject, c.Detail}, nil
	})
}

// LastChange is the newest sequence number, of all processes.
func (s *Store) LastChange(ctx context.Context) (int64, error) {
	h, err := s.evidenceQueries(s.read).Head(ctx, s.hq)
	if err != nil {
		return 0, fmt.Errorf("read head: %w", err)
	}
	return h.Seq, nil
}

// History lists the evidence entries about a subject, oldest first.
func (s *Store) History(ctx context.Context, subject string, limit int) ([]audit.Body, error) {
	rows, err := s.evidenceQueries(s.read).OfSubject(ctx, evidenceq.OfSubjectParams{HQ: s.hq, Subject: subject, Limit: int32(limit)})
	return list(rows, err, "entry", func(r evidenceq.OfSubjectRow) (audit.Body, error) { return audit.DecodeBody(r.Body) })
}

// Seqs lists the numbers of a spool that are stored here, in order, above after.
func (s *Store) Seqs(ctx context.Context, terminalID, spool string, after int64, limit int) ([]int64, error) {
	seqs, err := s.reportQueries(s.read).Have(ctx, reportq.HaveParams{HQ: s.hq, Terminal: terminalID, Spool: spool, Seq: after, Limit: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("read stored frames: %w", err)
	}
	return seqs, nil
}

// LastSpool is the spool that a terminal numbered with last, "" when none. It
// steps from spool to spool along the index, so that a million frames cost as
// little as ten.
func (s *Store) LastSpool(ctx context.Context, terminalID string) (last string, err error) {
	q := s.reportQueries(s.read)
	var heard int64
	for spool := ""; ; {
		spool, err = orNothing(q.NextSpool(ctx, reportq.NextSpoolParams{HQ: s.hq, Terminal: terminalID, Spool: spool}))
		if err != nil || spool == "" {
			return last, err
		}
		at, err := orNothing(q.SpoolHeard(ctx, reportq.SpoolHeardParams{HQ: s.hq, Terminal: terminalID, Spool: spool}))
		if err != nil {
			return "", fmt.Errorf("read last spool: %w", err)
		}
		if at >= heard {
			last, heard = spool, at
		}
	}
}

// Extent is how many frames of a spool are stored, and the lowest and highest
// of their numbers. Without a gap that says everything.
func (s *Store) Extent(ctx context.Context, terminalID, spool string) (n, first, last int64, err error) {
	e, err := s.reportQueries(s.read).SpoolExtent(ctx, reportq.SpoolExtentParams{HQ: s.hq, Terminal: terminalID, Spool: spool})
	if err != nil {
		return 0, 0, 0, fmt.Errorf("read extent of a spool: %w", err)
	}
	return e.N, e.First, e.Last, nil
}

// Refusals lists the frames of a spool that were stored but not understood.
func (s *Store) Refusals(ctx context.Context, terminalID, spool string, since time.Time) ([]open1.Refusal, error) {
	rows, err := s.reportQueries(s.read).Refused(ctx, reportq.RefusedParams{HQ: s.hq, Terminal: terminalID, Spool: spool, ReceivedAt: micros(since)})
	return list(rows, err, "refusal", func(r reportq.RefusedRow) (open1.Refusal, error) {
		return open1.Refusal{Seq: r.Seq, Problem: stdif.Problem{Code: stdif.Code(r.Problem), Place: r.Place}}, nil
	})
}

package spool

import (
	"context"
	"fmt"
	"strconv"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// maxRuns bounds the rows of one acknowledgement act.
const maxRuns = 1024

// Acknowledge keeps which frames are durable at the headquarters, and which of
// them were not understood there. have is cumulative and may repeat what is
// known; only new runs are written, all of them in one act.
//
// When have names frames that this spool never had, the spool was set back: it
// takes a new id, so that no number is given twice, and everything is sent
// again. Renamed reports that.
func (s *Spool) Acknowledge(ctx context.Context, spool string, have []open1.Range, refused []open1.Refusal) (renamed bool, err error) {
	s.ackMu.Lock()
	defer s.ackMu.Unlock()
	if spool != s.ID() {
		return false, nil // numbers of another spool say nothing here
	}
	// The table, not the hint: a commit is visible before the hint moves.
	last, err := s.read.LastSeq(ctx, HQ)
	if err != nil {
		return false, fmt.Errorf("read last frame: %w", err)
	}
	if open1.Ranges(have).Last() > last {
		return true, s.rename(ctx)
	}
	for {
		fresh := s.fresh(have)
		if len(fresh) == 0 && len(refused) == 0 {
			return false, nil
		}
		if err := s.acknowledge(ctx, fresh, refused); err != nil {
			return false, err
		}
		refused = nil
		if len(fresh) < maxRuns {
			return false, nil
		}
	}
}

// fresh returns the runs of have that are not known, at most maxRuns.
func (s *Spool) fresh(have []open1.Range) []open1.Range {
	var out []open1.Range
	for _, r := range have {
		out = append(out, s.acked.missing(r)...)
		if len(out) >= maxRuns {
			return out[:maxRuns]
		}
	}
	return out
}

func (s *Spool) acknowledge(ctx context.Context, fresh []open1.Range, refused []open1.Refusal) error {
	kept := s.kept()
	var stepped []Notice
	err := s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		stepped = nil
		q := query.New(tx.Query())
		var frames int64
		for _, r := range fresh {
			frames += r.To - r.From + 1
			if err := tx.Put(ctx, tableAck, query.SpoolAck{Hq: HQ, FromSeq: r.From, ToSeq: r.To, At: tx.Now().UnixMicro(), Kept: kept}); err != nil {
				return entry.Entry{}, err
			}
		}
		wrote := len(fresh) > 0
		for _, r := range refused {
			n, err := s.refuse(ctx, tx, q, r)
			if err != nil {
				return entry.Entry{}, err
			}
			if n != nil {
				stepped, wrote = append(stepped, *n), true
			}
		}
		if !wrote {
			return entry.Entry{}, nil
		}
		return entry.Entry{Act: "frame.acknowledged", Actor: s.actor(""), Subject: "spool/" + s.ID(), Facts: map[string]string{
			"frames": strconv.FormatInt(frames, 10), "refused": strconv.Itoa(len(refused))}}, nil
	})
	if err != nil {
		return fmt.Errorf("keep acknowledgement: %w", err)
	}
	for _, r := range fresh {
		s.acked.add(run{r.From, r.To, kept})
	}
	for _, n := range stepped {
		s.notify(n)
	}
	return s.tellSteps(ctx, fresh)
}

// refuse keeps that a frame was stored at the headquarters but not understood.
func (s *Spool) refuse(ctx context.Context, tx *writer.Tx, q *query.Queries, r open1.Refusal) (*Notice, error) {
	f, known, err := found(q.Frame(ctx, query.FrameParams{Hq: HQ, Seq: r.Seq}))
	if err != nil || !known {
		return nil, err
	}
	row, known, err := found(q.Report(ctx, query.ReportParams{Hq: HQ, Service: f.Service, ReportID: f.ReportID}))
	if err != nil || !known || stepSeq(row) != r.Seq || row.Step == string(stdif.Refused) {
		return nil, err
	}
	p, err := s.privateOf(row)
	if err != nil {
		return nil, err
	}
	p.Problem = &r.Problem
	row.Step, row.StepAt = string(stdif.Refused), tx.Now().UnixMicro()
	if err := s.setPrivate(&row, p); err != nil {
		return nil, err
	}
	return &Notice{Kind: Stepped, Service: f.Service, ReportID: f.ReportID}, tx.Put(ctx, tableReport, row)
}

// tellSteps notes which reports have come further.
func (s *Spool) tellSteps(ctx context.Context, fresh []open1.Range) error {
	for _, r := range fresh {
		rows, err := s.read.ReportsOfFrames(ctx, query.ReportsOfFramesParams{Hq: HQ, Seq: r.From, Seq_2: r.To})
		if err != nil {
			return fmt.Errorf("read acknowledged reports: %w", err)
		}
		for _, row := range rows {
			s.notify(Notice{Kind: Stepped, Service: row.Service, ReportID: row.ReportID})
		}
	}
	return nil
}

// rename gives the spool a new id and forgets the acknowledgements, which
// belonged to numbers of the old one.
func (s *Spool) rename(ctx context.Context) error {
	for {
		rows, err := s.read.AcksPage(ctx, query.AcksPageParams{Hq: HQ, Limit: maxRuns})
		if err != nil {
			return fmt.Errorf("read acknowledgements: %w", err)
		}
		if len(rows) == 0 {
			break
		}
		err = s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			for _, r := range rows {
				if err := tx.Remove(ctx, tableAck, r.FromSeq); err != nil {
					return entry.Entry{}, err
				}
			}
			return entry.Entry{Act: "spool.rename", Actor: s.actor(""), Subject: "spool/" + s.ID()}, nil
		})
		if err != nil {
			return fmt.Errorf("rename spool: %w", err)
		}
	}
	id, err := s.name(ctx, "spool.rename")
	if err != nil {
		return err
	}
	s.acked.clear()
	s.id.Store(&id)
	s.log.Warn("the spool was set back; it has a new id and sends everything again", "spool", id)
	return nil
}

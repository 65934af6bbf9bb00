package spool

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
)

// OpenKeep is how long a report that nobody closed is kept after its last
// frame was acknowledged. It answers data requests until then.
const OpenKeep = 30 * 24 * time.Hour

// maxGone bounds the rows that one act of a purge removes.
const maxGone = 500

// kept is the retention counter: µs that this program saw pass, over all its
// runs. It never follows the wall clock.
func (s *Spool) kept() int64 { return s.keptBase.Load() + s.elapsed().Microseconds() }

// Tend writes the retention counter down and purges what is due. The agent
// calls it every hour; what the program does not live to write down is counted
// again, so that a crash keeps longer and never shorter.
func (s *Spool) Tend(ctx context.Context) error {
	now, wall := s.kept(), int64(0)
	err := s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		wall = tx.Now().UnixMicro()
		err := tx.Put(ctx, tableMeta, query.SpoolMeta{Hq: HQ, Name: metaKept, Value: strconv.FormatInt(now, 10)})
		return entry.Entry{Act: "spool.clock", Actor: s.actor(""), Subject: "spool/" + s.ID()}, err
	})
	if err != nil {
		return fmt.Errorf("keep retention counter: %w", err)
	}
	if err := s.purge(ctx, now); err != nil {
		return err
	}
	input, err := s.read.LastInput(ctx, HQ)
	if err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	if err := s.purgeRequests(ctx, wall-stdif.SpoolKeep.Microseconds(), input); err != nil {
		return err
	}
	return s.join(ctx, now-stdif.SpoolKeep.Microseconds())
}

// purge removes whole reports: every frame of them was acknowledged SpoolKeep
// ago, and they are closed or ended, or OpenKeep has passed.
func (s *Spool) purge(ctx context.Context, now int64) error {
	last, err := s.read.LastSeq(ctx, HQ)
	if err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	input, err := s.read.LastInput(ctx, HQ)
	if err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	for cursor := int64(0); ; {
		rows, err := s.read.ReportsUpTo(ctx, query.ReportsUpToParams{Hq: HQ, LastSeq: cursor, LastSeq_2: last - 1, Limit: 100})
		if err != nil {
			return fmt.Errorf("purge: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		for _, row := range rows {
			cursor = row.LastSeq
			told, ok := s.acked.has(row.LastSeq)
			if ok && told > now-stdif.SpoolKeep.Microseconds() {
				return nil // told in order: what follows is younger, but for stragglers of the next hour
			}
			if !ok || row.Closed == 0 && row.Ended == 0 && told > now-OpenKeep.Microseconds() {
				continue
			}
			if err := s.purgeReport(ctx, row, now, input); err != nil {
				return err
			}
		}
	}
}

// purgeReport removes one report in acts of at most maxGone rows. The newest
// input stays, because the services' cursors count on its number.
func (s *Spool) purgeReport(ctx context.Context, row query.SpoolReport, now, lastInput int64) error {
	for {
		seqs, err := s.read.SeqsOfReport(ctx, query.SeqsOfReportParams{Hq: HQ, Service: row.Service, ReportID: row.ReportID, Limit: maxGone})
		if err != nil {
			return fmt.Errorf("purge: %w", err)
		}
		for _, seq := range seqs {
			if told, ok := s.acked.has(seq); !ok || told > now-stdif.SpoolKeep.Microseconds() {
				return nil
			}
		}
		inputs, err := s.read.InputsOfReport(ctx, query.InputsOfReportParams{Hq: HQ, Service: row.Service, ReportID: row.ReportID, Limit: maxGone})
		if err != nil {
			return fmt.Errorf("purge: %w", err)
		}
		if len(inputs) > 0 && inputs[0].Seq == lastInput {
			return nil
		}
		media, err := s.read.MediaOfReport(ctx, query.MediaOfReportParams{Hq: HQ, Service: row.Service, ReportID: row.ReportID})
		if err != nil {
			return fmt.Errorf("purge: %w", err)
		}
		whole := len(seqs) < maxGone && len(inputs) < maxGone
		if err := s.remove(ctx, row, seqs, inputs, media, whole); err != nil {
			return err
		}
		for _, m := range media {
			s.discard(m.File)
		}
		if whole {
			return nil
		}
	}
}

func (s *Spool) remove(ctx context.Context, row query.SpoolReport, seqs []int64, inputs []query.SpoolInput, media []query.SpoolMedia, whole bool) error {
	err := s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		none := entry.Entry{}
		now, there, err := found(query.New(tx.Query()).Report(ctx, query.ReportParams{Hq: HQ, Service: row.Service, ReportID: row.ReportID}))
		if err != nil || !there || now.LastSeq != row.LastSeq {
			return none, err // something came in meanwhile: it is young again
		}
		for _, seq := range seqs {
			if err := tx.Remove(ctx, tableFrame, seq); err != nil {
				return none, err
			}
		}
		for _, in := range inputs {
			if err := tx.Remove(ctx, tableInput, in.Seq); err != nil {
				return none, err
			}
		}
		for _, m := range media {
			if err := tx.Remove(ctx, tableMedia, m.Service, m.ReportID, m.Medium); err != nil {
				return none, err
			}
		}
		if whole {
			if err := tx.Remove(ctx, tableReport, row.Service, row.ReportID); err != nil {
				return none, err
			}
		}
		return entry.Entry{Act: "spool.purge", Actor: s.actor(row.Service), Subject: subject(row.Service, row.ReportID), Mode: stdif.Mode(row.Mode),
			Facts: map[string]string{"frames": strconv.Itoa(len(seqs)), "inputs": strconv.Itoa(len(inputs)), "media": strconv.Itoa(len(media))}}, nil
	})
	if err != nil {
		return fmt.Errorf("purge: %w", err)
	}
	return nil
}

// join makes one run of old neighbours, so that the table of runs stays small.
func (s *Spool) join(ctx context.Context, before int64) error {
	s.ackMu.Lock()
	defer s.ackMu.Unlock()
	for {
		whole, rest := s.acked.joinable(before, maxGone)
		if len(rest) == 0 {
			return nil
		}
		err := s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			for _, from := range rest {
				if err := tx.Remove(ctx, tableAck, from); err != nil {
					return entry.Entry{}, err
				}
			}
			err := tx.Put(ctx, tableAck, query.SpoolAck{Hq: HQ, FromSeq: whole.from, ToSeq: whole.to, At: tx.Now().UnixMicro(), Kept: whole.kept})
			return entry.Entry{Act: "spool.purge", Actor: s.actor(""), Subject: "spool/" + s.ID(), Facts: map[string]string{"runs": strconv.Itoa(len(rest))}}, err
		})
		if err != nil {
			return fmt.Errorf("join acknowledgements: %w", err)
		}
		s.acked.replace(whole)
	}
}

// Recover tries whether a spool that could not write can write again. The
// agent calls it every few seconds, so that nothing has to be restarted.
func (s *Spool) Recover(ctx context.Context) error {
	if s.Storable() != nil {
		now := s.kept()
		err := s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			err := tx.Put(ctx, tableMeta, query.SpoolMeta{Hq: HQ, Name: metaKept, Value: strconv.FormatInt(now, 10)})
			return entry.Entry{Act: "spool.recover", Actor: s.actor(""), Subject: "spool/" + s.ID()}, err
		})
		if err != nil {
			return fmt.Errorf("recover: %w", err)
		}
		s.log.Info("the spool can write again")
		s.notify(Notice{Kind: Other})
	}
	return nil
}

// Reserve makes the reserve file whole again, where there is room for it.
func (s *Spool) Reserve() error { return s.reserve.Ensure() }

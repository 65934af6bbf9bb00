package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/matoi119/matoi/internal/report"
	reportq "github.com/matoi119/matoi/internal/store/query/report"
)

// Cards reads what the board shows of many reports at once: over a network one
// question for sixteen reports costs what one for one report does.
func (s *Store) Cards() report.Cards { return reports{s.reportQueries(s.read), s, nil} }

// together is how many keys one statement takes; a statement whose text changed
// with their number would be prepared anew each time.
const together = 16

// inGroups calls read with the keys in groups, the last filled up by repeating.
func (s *Store) inGroups(keys []string, read func(p reportq.ReportsOfParams) error) error {
	for group := range slices.Chunk(keys, together) {
		k := slices.Clone(group)
		for len(k) < together {
			k = append(k, group[0])
		}
		err := read(reportq.ReportsOfParams{
			HQ: s.hq, K1: k[0], K2: k[1], K3: k[2], K4: k[3], K5: k[4], K6: k[5], K7: k[6], K8: k[7],
			K9: k[8], K10: k[9], K11: k[10], K12: k[11], K13: k[12], K14: k[13], K15: k[14], K16: k[15],
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r reports) ReportsOf(ctx context.Context, ids []string) ([]report.Report, error) {
	if len(ids) == 1 {
		v, err := r.q.Report(ctx, reportq.ReportParams{HQ: r.s.hq, ID: ids[0]})
		if v, err = orNothing(v, err); err != nil || v.ID == "" {
			return nil, err
		}
		one, err := toReport(v)
		return []report.Report{one}, err
	}
	out := make([]report.Report, 0, len(ids))
	err := r.s.inGroups(ids, func(p reportq.ReportsOfParams) error {
		rows, err := r.q.ReportsOf(ctx, p)
		found, err := list(rows, err, "report", toReport)
		out = append(out, found...)
		return err
	})
	return out, err
}

// FramesOf leaves out what cannot be opened.
func (r reports) FramesOf(ctx context.Context, ids []string) ([]report.Frame, error) {
	out := make([]report.Frame, 0, len(ids))
	err := r.s.inGroups(ids, func(p reportq.ReportsOfParams) error {
		rows, err := r.q.FramesOf(ctx, reportq.FramesOfParams(p))
		if err != nil {
			return fmt.Errorf("read frames: %w", err)
		}
		for _, row := range rows {
			if f, err := r.toFrame(row); err == nil {
				out = append(out, f)
			}
		}
		return nil
	})
	return out, err
}

func (r reports) VideoStepsOf(ctx context.Context, ids []string) ([]report.VideoStep, error) {
	var out []report.VideoStep
	err := r.s.inGroups(ids, func(p reportq.ReportsOfParams) error {
		from, err := r.q.VideosFromAll(ctx, reportq.VideosFromAllParams(p))
		if err != nil {
			return fmt.Errorf("read videos: %w", err)
		}
		of, err := r.q.VideosOfAll(ctx, reportq.VideosOfAllParams(p))
		if err != nil {
			return fmt.Errorf("read videos: %w", err)
		}
		for _, v := range from {
			out = append(out, report.VideoStep{Report: v.Origin, Asked: true, State: report.VideoState(v.State), AskedAt: instant(v.AskedAt)})
		}
		for _, v := range of {
			out = append(out, report.VideoStep{Report: v.Answer, Origin: v.Origin, State: report.VideoState(v.State), AskedAt: instant(v.AskedAt)})
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b report.VideoStep) int { return a.AskedAt.Compare(b.AskedAt) })
	return out, err
}

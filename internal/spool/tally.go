package spool

import (
	"context"
	"fmt"

	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Tally lists what is here above two numbers, without any content.
func (s *Spool) Tally(ctx context.Context, frames, inputs int64) (open1.Tally, error) {
	t := open1.Tally{TerminalID: *s.terminal.Load(), Spool: s.ID(), Frames: []open1.TallyFrame{}, Inputs: []open1.TallyInput{}}
	rows, err := s.read.FramesTally(ctx, query.FramesTallyParams{Hq: HQ, Seq: frames, Limit: open1.MaxTally})
	if err != nil {
		return t, fmt.Errorf("read frames: %w", err)
	}
	for _, r := range rows {
		t.Frames = append(t.Frames, open1.TallyFrame{Seq: r.Seq, MsgID: r.MsgID, Type: open1.Type(r.Type), ServiceID: r.Service,
			ReportID: r.ReportID, Item: r.Item, Mode: stdif.Mode(r.Mode), At: micro(r.At)})
	}
	taken, err := s.read.InputsTally(ctx, query.InputsTallyParams{Hq: HQ, Seq: inputs, Limit: open1.MaxTally})
	if err != nil {
		return t, fmt.Errorf("read inputs: %w", err)
	}
	for _, r := range taken {
		t.Inputs = append(t.Inputs, open1.TallyInput{Seq: r.Seq, ID: r.ID, ServiceID: r.Service, ReportID: r.ReportID, Verb: stdif.Verb(r.Verb), At: micro(r.At)})
	}
	return t, nil
}

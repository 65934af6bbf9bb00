package spool

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// private is the sealed part of a report's row.
type private struct {
	HQNumber string          `json:"hqReportNo,omitempty"`
	Problem  *stdif.Problem  `json:"problem,omitempty"`
	Warnings []stdif.Problem `json:"warnings,omitempty"`
	QuietBy  string          `json:"quietBy,omitempty"` // who stopped the ring at this page
	Raised   bool            `json:"raised,omitempty"`  // worked on as actual, whatever was sent
}

func reportPlace(service, report string) []byte {
	return fmt.Appendf(nil, "spool_report.private/%s/%q/%q", HQ, service, report)
}

func (s *Spool) privateOf(row query.SpoolReport) (p private, err error) {
	if len(row.Private) == 0 {
		return p, nil
	}
	b, err := s.keys.Open(seal.Caller, row.Private, reportPlace(row.Service, row.ReportID))
	if err != nil {
		return p, fmt.Errorf("open report: %w", err)
	}
	return p, json.Unmarshal(b, &p)
}

func (s *Spool) setPrivate(row *query.SpoolReport, p private) error {
	b, err := open1.Marshal(p)
	if err != nil {
		return fmt.Errorf("seal report: %w", err)
	}
	row.Private, err = s.keys.Seal(seal.Caller, b, reportPlace(row.Service, row.ReportID))
	return err
}

// Report is where a report stands at this terminal.
type Report struct {
	Service      string
	ID           string
	Mode         stdif.Mode
	Revision     int64 // 0 while nothing of it could be decoded
	Step         stdif.AckStep
	StepAt       time.Time
	FirstAt      time.Time
	TouchedAt    time.Time
	Claimed      bool
	Closed       bool
	Ended        bool
	HandledAlone bool
	Undecodable  bool // the newest message could not be decoded
	Ring         bool // the headquarters asked this page to ring
	Quiet        bool // a person stopped the ring
	HQNumber     string
	Raised       bool // worked on as actual, whatever was sent
	Problem      *stdif.Problem
	Warnings     []stdif.Problem

	frameSeq, rawSeq int64
}

func (s *Spool) report(row query.SpoolReport) (Report, error) {
	p, err := s.privateOf(row)
	if err != nil {
		return Report{}, err
	}
	r := Report{Service: row.Service, ID: row.ReportID, Mode: stdif.Mode(row.Mode), Revision: row.Revision,
		Step: stdif.AckStep(row.Step), StepAt: micro(row.StepAt), FirstAt: micro(row.FirstAt), TouchedAt: micro(row.TouchedAt),
		Claimed: row.Claimed == 1, Closed: row.Closed == 1, Ended: row.Ended == 1, HandledAlone: row.HandledAlone == 1,
		Undecodable: row.RawSeq > 0, Ring: row.Ring == 1, Quiet: row.Quiet == 1,
		HQNumber: p.HQNumber, Raised: p.Raised, Problem: p.Problem, Warnings: p.Warnings, frameSeq: row.FrameSeq, rawSeq: row.RawSeq}
	// Received is not written per report: it follows from the frames that the
	// headquarters has, so that an acknowledgement costs one row per run.
	if _, ok := s.acked.has(stepSeq(row)); ok && r.Step == stdif.Spooled {
		r.Step = stdif.Received
	}
	return r, nil
}

// stepSeq is the frame that a report's step is about.
func stepSeq(row query.SpoolReport) int64 {
	if row.FrameSeq > 0 {
		return row.FrameSeq
	}
	return row.RawSeq
}

func micro(µs int64) time.Time { return time.UnixMicro(µs).UTC() }

// Report returns one report, and whether it is known here.
func (s *Spool) Report(ctx context.Context, service, id string) (Report, bool, error) {
	row, known, err := found(s.read.Report(ctx, query.ReportParams{Hq: HQ, Service: service, ReportID: id}))
	if err != nil || !known {
		return Report{}, false, err
	}
	r, err := s.report(row)
	return r, true, err
}

// Reports returns up to most open reports, newest first, and up to closed of
// the newest closed ones.
func (s *Spool) Reports(ctx context.Context, most, closed int) ([]Report, error) {
	open, err := s.read.OpenReports(ctx, query.OpenReportsParams{Hq: HQ, RingSeq: end, Limit: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("read open reports: %w", err)
	}
	done, err := s.read.ClosedReports(ctx, query.ClosedReportsParams{Hq: HQ, RingSeq: end, Limit: int32(closed)})
	if err != nil {
		return nil, fmt.Errorf("read closed reports: %w", err)
	}
	return s.all(append(open, done...))
}

// end is above every number.
const end = int64(1) << 62

func (s *Spool) all(rows []query.SpoolReport) ([]Report, error) {
	out := make([]Report, 0, len(rows))
	for _, row := range rows {
		r, err := s.report(row)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// EachOpen calls f for every open report, newest first, page by page.
func (s *Spool) EachOpen(ctx context.Context, f func(Report) error) error {
	for next := end; ; {
		rows, err := s.read.OpenReports(ctx, query.OpenReportsParams{Hq: HQ, RingSeq: next, Limit: 100})
		if err != nil {
			return fmt.Errorf("read open reports: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		for _, row := range rows {
			r, err := s.report(row)
			if err != nil {
				return err
			}
			if err := f(r); err != nil {
				return err
			}
		}
		next = rows[len(rows)-1].RingSeq
	}
}

// Ringing returns the reports for which this terminal's own page rings: those
// that the headquarters asked for, and, while alone is true, every report that
// never left the terminal (condition 1-1-2). Nobody answered them yet. Exercises
// ring too: a drill that does not ring trains nobody. Tests do not.
func (s *Spool) Ringing(ctx context.Context, alone bool, most int) ([]Report, error) {
	rows, err := s.read.Asked(ctx, query.AskedParams{Hq: HQ, Limit: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("read ringing reports: %w", err)
	}
	if alone {
		waiting, err := s.read.Waiting(ctx, query.WaitingParams{Hq: HQ, RingSeq: s.acked.through(), Limit: int32(most)})
		if err != nil {
			return nil, fmt.Errorf("read waiting reports: %w", err)
		}
		for _, row := range waiting {
			if _, has := s.acked.has(row.RingSeq); !has && row.Ring == 0 {
				rows = append(rows, row)
			}
		}
	}
	return s.all(rows)
}

// Body returns the newest decoded revision, or the newest undecodable bytes.
func (s *Spool) Body(ctx context.Context, r Report) (*stdif.Report, *stdif.Undecodable, error) {
	var rep *stdif.Report
	var raw *stdif.Undecodable
	if r.frameSeq > 0 {
		rep = new(stdif.Report)
		if err := s.body(ctx, r.frameSeq, rep); err != nil {
			return nil, nil, err
		}
	}
	if r.rawSeq > 0 {
		raw = new(stdif.Undecodable)
		if err := s.body(ctx, r.rawSeq, raw); err != nil {
			return nil, nil, err
		}
	}
	return rep, raw, nil
}

func (s *Spool) body(ctx context.Context, seq int64, into any) error {
	f, err := s.read.Frame(ctx, query.FrameParams{Hq: HQ, Seq: seq})
	if err != nil {
		return fmt.Errorf("read frame %d: %w", seq, err)
	}
	b, err := s.keys.Open(f.Class, f.Body, framePlace(seq))
	if err != nil {
		return fmt.Errorf("open frame %d: %w", seq, err)
	}
	return json.Unmarshal(b, into)
}

// Answer returns the frames that answer a data request (データ連携要求): of one
// report its current revision, what could not be decoded, and its chat.
func (s *Spool) Answer(ctx context.Context, r Report, chat bool) ([]open1.Frame, error) {
	var out []open1.Frame
	for _, seq := range []int64{r.frameSeq, r.rawSeq} {
		if seq == 0 {
			continue
		}
		f, err := s.Frames(ctx, seq, seq, 1)
		if err != nil {
			return nil, err
		}
		out = append(out, f...)
	}
	if !chat {
		return out, nil
	}
	rows, err := s.chatFrames(ctx, r)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		f, err := s.frame(row)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// Frames returns up to most frames from…to in order, as they go to the headquarters.
func (s *Spool) Frames(ctx context.Context, from, to int64, most int) ([]open1.Frame, error) {
	rows, err := s.read.FramesFrom(ctx, query.FramesFromParams{Hq: HQ, Seq: from, Seq_2: to, Limit: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("read frames from %d: %w", from, err)
	}
	out := make([]open1.Frame, len(rows))
	for i, row := range rows {
		if out[i], err = s.frame(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Spool) frame(row query.SpoolFrame) (open1.Frame, error) {
	body, err := s.keys.Open(row.Class, row.Body, framePlace(row.Seq))
	if err != nil {
		return open1.Frame{}, fmt.Errorf("open frame %d: %w", row.Seq, err)
	}
	return open1.Frame{V: open1.Version, Type: open1.Type(row.Type), MsgID: row.MsgID, Spool: s.ID(), Seq: row.Seq,
		SentAt: micro(row.At), ServiceID: row.Service, TerminalID: *s.terminal.Load(), Mode: stdif.Mode(row.Mode), Body: body}, nil
}

// Count is how many frames from…to are here; purged ones are not.
func (s *Spool) Count(ctx context.Context, from, to int64) (int64, error) {
	n, err := s.read.CountFrames(ctx, query.CountFramesParams{Hq: HQ, Seq: from, Seq_2: to})
	if err != nil {
		return 0, fmt.Errorf("count frames: %w", err)
	}
	return n, nil
}

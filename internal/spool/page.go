package spool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// maxChat is how many lines of each side a page or an answer holds.
const maxChat = 500

func (s *Spool) chatFrames(ctx context.Context, r Report) ([]query.SpoolFrame, error) {
	rows, err := s.read.FramesOfType(ctx, query.FramesOfTypeParams{Hq: HQ, Service: r.Service, ReportID: r.ID, Type: string(open1.TypeChat), Limit: maxChat})
	if err != nil {
		return nil, fmt.Errorf("read chat: %w", err)
	}
	slices.Reverse(rows)
	return rows, nil
}

// Chat returns the newest lines of a report, of both sides, in the order in
// which this terminal took them.
func (s *Spool) Chat(ctx context.Context, r Report) ([]stdif.ChatMessage, error) {
	frames, err := s.chatFrames(ctx, r)
	if err != nil {
		return nil, err
	}
	type line struct {
		at int64
		stdif.ChatMessage
	}
	var lines []line
	there := map[string]bool{}
	for _, f := range frames {
		l := line{at: f.At}
		if err := s.body(ctx, f.Seq, &l.ChatMessage); err != nil {
			return nil, err
		}
		there[l.ID] = true
		lines = append(lines, l)
	}
	rows, err := s.read.InputsOfReport(ctx, query.InputsOfReportParams{Hq: HQ, Service: r.Service, ReportID: r.ID, Limit: maxChat})
	if err != nil {
		return nil, fmt.Errorf("read chat: %w", err)
	}
	inputs, err := s.inputs(rows)
	if err != nil {
		return nil, err
	}
	for i, in := range inputs {
		if m := in.Input.Message; in.Input.Verb == stdif.VerbMessage && m != nil && !there[m.ID] {
			lines = append(lines, line{rows[i].At, *m})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return int(min(max(a.at-b.at, -1), 1)) })
	out := make([]stdif.ChatMessage, len(lines))
	for i, l := range lines {
		out[i] = l.ChatMessage
	}
	return out, nil
}

// Say takes a line that a person at this terminal writes to the caller
// (端末単独利用, condition 1-1-2): the headquarters gets it as a frame and the
// service as an input, in one act. A service without input cannot be written to.
func (s *Spool) Say(ctx context.Context, v Service, reportID, text string, at time.Time) (Taken, error) {
	if v.OutputOnly {
		return Taken{Problem: stdif.Problemf(stdif.CodeOutputOnly, "", "the service takes no input")}, nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Taken{}, fmt.Errorf("new chat id: %w", err)
	}
	m := &stdif.ChatMessage{ID: id.String(), ReportID: reportID, From: stdif.FromTerminal, At: at, Text: text}
	return s.Take(ctx, Intake{Service: v.ID, act: "page.chat", Inbound: stdif.Inbound{Chat: m},
		input: &stdif.Input{ID: id.String(), ServiceID: v.ID, ReportID: reportID, Verb: stdif.VerbMessage, At: at, Message: m}})
}

// Finish closes a report that was completed at this terminal alone. The
// headquarters learns it as a state, the service as an input.
func (s *Spool) Finish(ctx context.Context, v Service, reportID, reason string, at time.Time) (Taken, error) {
	in := Intake{Service: v.ID, act: "page.close",
		Inbound: stdif.Inbound{State: &stdif.ReportState{ReportID: reportID, State: stdif.ServiceHandledHere, At: at, Note: reason}}}
	if !v.OutputOnly {
		id, err := uuid.NewV7()
		if err != nil {
			return Taken{}, fmt.Errorf("new input id: %w", err)
		}
		in.input = &stdif.Input{ID: id.String(), ServiceID: v.ID, ReportID: reportID, Verb: stdif.VerbClose, At: at, Reason: reason}
	}
	return s.Take(ctx, in)
}

// Quiet stops the ring of a report at this terminal's page. Who did it is
// sealed in the row that the entry commits to.
func (s *Spool) Quiet(ctx context.Context, service, reportID, name string) (known bool, err error) {
	err = s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		var row query.SpoolReport
		var err error
		row, known, err = found(query.New(tx.Query()).Report(ctx, query.ReportParams{Hq: HQ, Service: service, ReportID: reportID}))
		if err != nil || !known || row.Quiet == 1 && row.Ring == 0 {
			return entry.Entry{}, err
		}
		p, err := s.privateOf(row)
		if err != nil {
			return entry.Entry{}, err
		}
		p.QuietBy, row.Quiet, row.Ring = name, 1, 0
		if err := s.setPrivate(&row, p); err != nil {
			return entry.Entry{}, err
		}
		return entry.Entry{Act: "ring.quiet", Actor: s.actor(service), Subject: subject(service, reportID), Mode: stdif.Mode(row.Mode)}, tx.Put(ctx, tableReport, row)
	})
	if err != nil {
		return false, fmt.Errorf("stop ring: %w", err)
	}
	s.notify(Notice{Kind: Stepped, Service: service, ReportID: reportID})
	return known, nil
}

// QuietElsewhere records who stopped the ring of a report that another terminal
// holds: sealed, among what was said here.
func (s *Spool) QuietElsewhere(ctx context.Context, number, name string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("new input id: %w", err)
	}
	in := stdif.Input{ID: id.String(), ServiceID: stdif.Elsewhere, ReportID: number, Mode: stdif.Actual, Verb: stdif.VerbRing, Reason: "quiet", Summary: name}
	err = s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		in.At = tx.Now()
		e := entry.Entry{Act: "ring.quiet", Actor: s.actor(in.ServiceID), Subject: subject(in.ServiceID, number), Mode: in.Mode}
		return e, s.putInput(ctx, tx, query.New(tx.Query()), in, string(in.Mode))
	})
	if err != nil {
		return fmt.Errorf("stop ring: %w", err)
	}
	return nil
}

// maxSessions is how many browsers may hold this terminal's own page.
const maxSessions = 8

// OpenPage keeps a session of the page by its digest; the oldest of too many ends.
func (s *Spool) OpenPage(ctx context.Context, session [sha256.Size]byte) error {
	err := s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
		rows, err := query.New(tx.Query()).Meta(ctx, HQ)
		if err != nil {
			return entry.Entry{}, err
		}
		name, oldest, n := "", "", 0
		for _, r := range rows {
			if strings.HasPrefix(r.Name, metaPage) {
				n++
				if oldest == "" || r.Value < oldest { // values begin with the time, in one width
					name, oldest = r.Name, r.Value
				}
			}
		}
		if n < maxSessions {
			name = metaPage + strconv.Itoa(n)
		}
		value := fmt.Sprintf("%020d %x", tx.Now().UnixMicro(), session)
		err = tx.Put(ctx, tableMeta, query.SpoolMeta{Hq: HQ, Name: name, Value: value})
		return entry.Entry{Act: "page.open", Actor: s.actor(""), Subject: "spool/" + s.ID()}, err
	})
	if err != nil {
		return fmt.Errorf("open page: %w", err)
	}
	return nil
}

// PageSessions returns the digests of the sessions that may hold the page.
func (s *Spool) PageSessions(ctx context.Context) ([][sha256.Size]byte, error) {
	meta, err := s.meta(ctx)
	if err != nil {
		return nil, err
	}
	var out [][sha256.Size]byte
	for name, value := range meta {
		_, sum, ok := strings.Cut(value, " ")
		b, err := hex.DecodeString(sum)
		if strings.HasPrefix(name, metaPage) && ok && err == nil && len(b) == sha256.Size {
			out = append(out, [sha256.Size]byte(b))
		}
	}
	return out, nil
}

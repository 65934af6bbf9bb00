package spool

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// TakeInputs makes what the headquarters hands to the services durable and lets
// it move the reports. takes says what a service takes: one that is output only
// takes nothing (出力のみ, S3-1-3-1), others take what they offered. The answers are in the order of in. An error means
// that some of it is not durable: the headquarters hands all of it in again.
func (s *Spool) TakeInputs(ctx context.Context, in []stdif.Input, takes func(service string, v stdif.Verb) bool) ([]stdif.InputResult, error) {
	out := make([]stdif.InputResult, len(in))
	var waiting []*writer.Pending
	for i := 0; i < len(in); {
		n := 1
		if in[i].Verb == stdif.VerbAck { // steps come in crowds: one act for each run of them
			for i+n < len(in) && n < 256 && in[i+n].Verb == stdif.VerbAck && in[i+n].Mode == in[i].Mode {
				n++
			}
		}
		part, answers := in[i:i+n], out[i:i+n]
		waiting = append(waiting, s.w.Submit(ctx, func(ctx context.Context, tx *writer.Tx) (entry.Entry, error) {
			return s.takeInputs(ctx, tx, part, answers, takes)
		}))
		i += n
	}
	for _, p := range waiting {
		if err := p.Wait(ctx); err != nil {
			return nil, fmt.Errorf("spool input: %w", err)
		}
	}
	for i, one := range in {
		if out[i].Taken {
			kind := Inputted
			if one.Verb == stdif.VerbAck || one.Verb == stdif.VerbRing {
				kind = Stepped
			}
			s.notify(Notice{Kind: kind, Service: one.ServiceID, ReportID: one.ReportID})
		}
	}
	return out, nil
}

// takeInputs is the act for one input, or for a run of steps of one mode.
func (s *Spool) takeInputs(ctx context.Context, tx *writer.Tx, in []stdif.Input, out []stdif.InputResult, takes func(string, stdif.Verb) bool) (entry.Entry, error) {
	q := query.New(tx.Query())
	written := 0
	for i, one := range in {
		out[i] = stdif.InputResult{ID: one.ID}
		row, known, err := found(q.Report(ctx, query.ReportParams{Hq: HQ, Service: one.ServiceID, ReportID: one.ReportID}))
		if err != nil {
			return entry.Entry{}, err
		}
		if out[i].Problem = admitInput(one, row, known, takes); out[i].Problem != nil {
			continue
		}
		out[i].Taken = true
		wrote, err := s.takeInput(ctx, tx, q, one, row)
		if err != nil {
			return entry.Entry{}, err
		}
		if wrote {
			written++
		}
	}
	if written == 0 {
		return entry.Entry{}, nil
	}
	e := entry.Entry{Act: "input.take", Actor: s.actor(in[0].ServiceID), Subject: subject(in[0].ServiceID, in[0].ReportID), Mode: in[0].Mode,
		Facts: map[string]string{"verb": string(in[0].Verb)}}
	if len(in) > 1 {
		e.Subject, e.Actor.Service, e.Facts["count"] = "spool/"+s.ID(), "", strconv.Itoa(written)
	}
	return e, nil
}

func admitInput(in stdif.Input, row query.SpoolReport, known bool, takes func(string, stdif.Verb) bool) *stdif.Problem {
	forTerminal := in.Verb == stdif.VerbAck || in.Verb == stdif.VerbRing
	switch {
	case in.ID == "":
		return stdif.Problemf(stdif.CodeMissing, "/id", "an input has an id")
	case in.Verb == stdif.VerbAck && in.Ack == nil:
		return stdif.Problemf(stdif.CodeMissing, "/ack", "the step is missing")
	case in.Verb == stdif.VerbMessage && in.Message == nil:
		return stdif.Problemf(stdif.CodeMissing, "/message", "the chat line is missing")
	case elsewhere(in):
		return nil
	case !known && !begins(in):
		return stdif.Problemf(stdif.CodeUnknownReport, "/reportId", "no report with this number is at this terminal")
	case !forTerminal && !takes(in.ServiceID, in.Verb):
		return stdif.Problemf(stdif.CodeOutputOnly, "/serviceId", "the service does not take this")
	case !known && !in.Mode.Valid():
		return stdif.Problemf(stdif.CodeMode, "/mode", "a request says whether it is actual, exercise or test")
	case known && in.Mode != "" && string(in.Mode) != row.Mode:
		return stdif.Problemf(stdif.CodeMode, "/mode", "the report is of another mode")
	}
	return nil
}

// begins reports whether an input is about no report of its service: the report
// that answers it is still to come.
func begins(in stdif.Input) bool {
	return in.Verb == stdif.VerbMedia && in.Media != nil && in.Media.ID != "" && in.Media.ID == in.ReportID
}

// elsewhere: the ring of a report that another terminal holds. It is kept as
// what was said here, and moves no report.
func elsewhere(in stdif.Input) bool {
	return in.Verb == stdif.VerbRing && in.ServiceID == stdif.Elsewhere
}

// takeInput writes one input, once, and reports whether anything was written.
func (s *Spool) takeInput(ctx context.Context, tx *writer.Tx, q *query.Queries, in stdif.Input, row query.SpoolReport) (bool, error) {
	if in.Verb == stdif.VerbAck {
		return s.takeStep(ctx, tx, in, row)
	}
	if _, repeated, err := found(q.InputByID(ctx, query.InputByIDParams{Hq: HQ, ID: in.ID})); err != nil || repeated {
		return false, err
	}
	if elsewhere(in) || row.ReportID == "" { // or it begins a report that the service is still to make
		return true, s.putInput(ctx, tx, q, in, string(in.Mode))
	}
	if err := s.putInput(ctx, tx, q, in, row.Mode); err != nil {
		return false, err
	}
	row.TouchedAt = tx.Now().UnixMicro()
	if err := s.moveInput(&row, in); err != nil {
		return false, err
	}
	return true, tx.Put(ctx, tableReport, row)
}

func (s *Spool) putInput(ctx context.Context, tx *writer.Tx, q *query.Queries, in stdif.Input, mode string) error {
	last, err := q.LastInput(ctx, HQ)
	if err != nil {
		return err
	}
	in.Mode = stdif.Mode(mode)
	plain, err := open1.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode input: %w", err)
	}
	body, err := s.keys.Seal(seal.Caller, plain, inputPlace(last+1))
	if err != nil {
		return err
	}
	return tx.Put(ctx, tableInput, query.SpoolInput{Hq: HQ, Seq: last + 1, ID: in.ID, Service: in.ServiceID, ReportID: in.ReportID,
		Verb: string(in.Verb), Mode: mode, At: tx.Now().UnixMicro(), Body: body})
}

// takeStep keeps the step that a report has reached. Steps never go back, and
// a step of an earlier revision says nothing about this one.
func (s *Spool) takeStep(ctx context.Context, tx *writer.Tx, in stdif.Input, row query.SpoolReport) (bool, error) {
	a := in.Ack
	if a.Revision != 0 && a.Revision != row.Revision || !stdif.AckStep(row.Step).Before(a.Step) {
		return false, nil
	}
	row.Step, row.StepAt = string(a.Step), tx.Now().UnixMicro()
	switch a.Step {
	case stdif.Seen:
		row.Ring = 0 // a named person looks at it: this page need not ring any more
	case stdif.Refused:
		p, err := s.privateOf(row)
		if err != nil {
			return false, err
		}
		p.Problem = a.Problem
		if err := s.setPrivate(&row, p); err != nil {
			return false, err
		}
	}
	return true, tx.Put(ctx, tableReport, row)
}

// moveInput lets an input change where its report stands.
func (s *Spool) moveInput(row *query.SpoolReport, in stdif.Input) error {
	switch in.Verb {
	case stdif.VerbRing:
		row.Ring, row.Quiet = 1, 0
		if in.Reason != stdif.RingRaised {
			return nil
		}
		p, err := s.privateOf(*row)
		if err != nil {
			return err
		}
		p.HQNumber, p.Raised = in.HQNumber, true
		return s.setPrivate(row, p)
	case stdif.VerbAccept:
		row.Claimed, row.Ring = 1, 0
		if in.HQNumber == "" {
			return nil
		}
		p, err := s.privateOf(*row)
		if err != nil {
			return err
		}
		p.HQNumber = in.HQNumber
		return s.setPrivate(row, p)
	case stdif.VerbRelease:
		row.Claimed = 0
	case stdif.VerbClose:
		row.Closed, row.Claimed, row.Ring = 1, 0, 0
	case stdif.VerbReopen:
		row.Closed, row.HandledAlone = 0, 0
	}
	return nil
}

// Numbered is an input with its place in the services' event stream.
type Numbered struct {
	Seq   int64
	Input stdif.Input
}

// Inputs returns up to most inputs for a service after the cursor, in order.
// The ring of this terminal's own page is not for the service.
func (s *Spool) Inputs(ctx context.Context, service string, after int64, most int) ([]Numbered, error) {
	rows, err := s.read.InputsAfter(ctx, query.InputsAfterParams{Hq: HQ, Service: service, Seq: after, Limit: int32(most)})
	if err != nil {
		return nil, fmt.Errorf("read inputs: %w", err)
	}
	return s.inputs(rows)
}

func (s *Spool) inputs(rows []query.SpoolInput) ([]Numbered, error) {
	out := make([]Numbered, len(rows))
	for i, row := range rows {
		b, err := s.keys.Open(seal.Caller, row.Body, inputPlace(row.Seq))
		if err != nil {
			return nil, fmt.Errorf("open input %d: %w", row.Seq, err)
		}
		out[i].Seq = row.Seq
		if err := json.Unmarshal(b, &out[i].Input); err != nil {
			return nil, fmt.Errorf("decode input %d: %w", row.Seq, err)
		}
	}
	return out, nil
}

func inputPlace(seq int64) []byte { return fmt.Appendf(nil, "spool_input.body/%s/%d", HQ, seq) }

package spool

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/spool/query"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Intake is one message of a service, decoded.
type Intake struct {
	Service  string
	Mode     stdif.Mode // as the carrier said; "" takes the report's
	Inbound  stdif.Inbound
	Warnings []stdif.Problem

	act   string       // name of the act where it is not the kind's own
	file  sealedFile   // of Inbound.Media
	input *stdif.Input // handed to the service in the same act
}

// Taken says what became of an Intake. With a Problem nothing was written.
type Taken struct {
	ReportID string
	Seq      int64 // number of the frame; that of the first time for a Repeat
	Repeat   bool  // taken before with the same content
	New      bool  // first frame of its report
	Problem  *stdif.Problem
}

// draft is a frame before it has a number.
type draft struct {
	Intake
	kind     open1.Type
	reportID string
	msgID    string
	item     string
	digest   []byte
	class    string
	body     []byte
}

// repeatWindow is how long the same undecodable bytes count as a repeat of one
// message. After it they ring again: two callers may send the same rubbish.
const repeatWindow = time.Minute

// Take makes one message durable: the frame with its number, the report's row
// and the evidence are one act. It returns after the commit.
func (s *Spool) Take(ctx context.Context, in Intake) (Taken, error) {
	d, err := s.draft(in)
	if err != nil {
		return Taken{}, err
	}
	var out Taken
	err = s.w.Do(ctx, func(ctx context.Context, tx *writer.Tx) (e entry.Entry, err error) {
		out, e, err = s.take(ctx, tx, d)
		return e, err
	})
	if err != nil {
		return Taken{}, fmt.Errorf("spool %s: %w", d.kind, err)
	}
	if out.Problem == nil && !out.Repeat {
		s.committed(out.Seq)
		s.notify(Notice{Kind: Framed, Service: in.Service, ReportID: out.ReportID})
		if in.input != nil {
			s.notify(Notice{Kind: Inputted, Service: in.Service, ReportID: out.ReportID})
		}
	}
	return out, nil
}

// draft encodes and classifies a message, outside the writer's goroutine.
func (s *Spool) draft(in Intake) (draft, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return draft{}, fmt.Errorf("new frame id: %w", err)
	}
	d := draft{Intake: in, msgID: id.String(), class: seal.Caller}
	var v any
	var act string
	switch m := in.Inbound; {
	case m.Report != nil:
		d.kind, act, d.reportID, v = open1.TypeReport, "intake.report", m.Report.ID, m.Report
		d.item = strconv.FormatInt(m.Report.Revision, 10)
		if m.Report.Medical != nil {
			d.class = seal.Medical // 厳秘: the whole frame takes the stricter key (MQ-4-2)
		}
	case m.State != nil:
		d.kind, act, d.reportID, v = open1.TypeState, "intake.state", m.State.ReportID, m.State
		d.item = string(m.State.State)
	case m.Chat != nil:
		d.kind, act, d.reportID, v = open1.TypeChat, "intake.chat", m.Chat.ReportID, m.Chat
		d.item = m.Chat.ID
	case m.Media != nil:
		d.kind, act, d.reportID, v = open1.TypeMedia, "intake.media", m.Media.ReportID, m.Media
		d.item = m.Media.ID
	case m.Receipt != nil:
		d.kind, act, d.reportID, v = open1.TypeReceipt, "intake.receipt", m.Receipt.ReportID, m.Receipt
		d.item = string(m.Receipt.State) + " " + m.Receipt.ID
	case m.Raw != nil:
		d.kind, act, d.reportID, v = open1.TypeRaw, "intake.raw", m.Raw.ReportID, m.Raw
	default:
		return draft{}, fmt.Errorf("spool: an empty message")
	}
	if d.act == "" {
		d.act = act
	}
	if d.body, err = open1.Marshal(v); err != nil {
		return draft{}, fmt.Errorf("encode %s: %w", d.kind, err)
	}
	d.digest = s.keys.Blind("spool_frame.digest", string(d.body))
	if d.item == "" {
		d.item = fmt.Sprintf("%x", d.digest)
	}
	return d, nil
}

// take is the act. It reads, decides and writes; a refusal writes nothing.
func (s *Spool) take(ctx context.Context, tx *writer.Tx, d draft) (Taken, entry.Entry, error) {
	q := query.New(tx.Query())
	row, known, err := s.rowOf(ctx, q, d)
	if err != nil {
		return Taken{}, entry.Entry{}, err
	}
	if d.reportID == "" {
		d.reportID = d.msgID
	}
	out := Taken{ReportID: d.reportID}
	earlier, repeated, err := s.earlier(ctx, q, d)
	if err != nil {
		return out, entry.Entry{}, err
	}
	out.Problem = admit(row, known, d)
	if out.Problem == nil && repeated {
		out.Repeat, out.Problem = s.again(d, earlier, tx.Now())
		out.Seq, out.ReportID = earlier.Seq, earlier.ReportID
	}
	if out.Problem == nil && !out.Repeat && d.kind == open1.TypeReport && known && d.Inbound.Report.Revision < row.Revision {
		out.Problem = stdif.Problemf(stdif.CodeStaleRevision, "/revision", "a later revision was taken")
	}
	if out.Problem == nil && !out.Repeat && d.kind == open1.TypeMedia {
		out.Problem, err = s.roomForMedium(ctx, q, d)
	}
	if err != nil || out.Problem != nil || out.Repeat {
		return out, entry.Entry{}, err
	}
	out.New = !known
	out.Seq, err = s.write(ctx, tx, q, d, row, known)
	return out, s.entryOf(d, out.Seq, row), err
}

// rowOf finds the report of a message. Undecodable bytes without a number make
// a report of their own, named by the frame.
func (s *Spool) rowOf(ctx context.Context, q *query.Queries, d draft) (query.SpoolReport, bool, error) {
	if d.reportID == "" {
		return query.SpoolReport{}, false, nil
	}
	return found(q.Report(ctx, query.ReportParams{Hq: HQ, Service: d.Service, ReportID: d.reportID}))
}

// admit says why a message cannot belong to its report.
func admit(row query.SpoolReport, known bool, d draft) *stdif.Problem {
	switch {
	case !known && d.kind != open1.TypeReport && d.kind != open1.TypeRaw:
		return stdif.Problemf(stdif.CodeUnknownReport, "", "no report with this number was taken here")
	case d.kind == open1.TypeRaw:
		return nil // never refused, whatever it claims to be
	case known && d.Mode != "" && string(d.Mode) != row.Mode:
		return stdif.Problemf(stdif.CodeMode, "", "the mode of a report does not change")
	case !known && !d.Mode.Valid():
		return stdif.Problemf(stdif.CodeMode, "", "a report says whether it is actual, exercise or test")
	}
	return nil
}

// earlier finds the newest frame with the same idempotency key. Undecodable
// bytes have no number to go by: the newest few frames are searched for them.
func (s *Spool) earlier(ctx context.Context, q *query.Queries, d draft) (query.FrameByItemRow, bool, error) {
	if d.kind != open1.TypeRaw {
		return found(q.FrameByItem(ctx, query.FrameByItemParams{Hq: HQ, Service: d.Service, ReportID: d.reportID, Type: string(d.kind), Item: d.item}))
	}
	row, known, err := found(q.RecentRaw(ctx, query.RecentRawParams{Hq: HQ, Seq: s.Through() - 512, Service: d.Service, Item: d.item}))
	return query.FrameByItemRow(row), known, err
}

// again judges a message whose number was taken before. A heartbeat that still
// waits says all that the next one would, so a week offline does not fill the
// spool with them; undecodable bytes repeat only for a moment.
func (s *Spool) again(d draft, earlier query.FrameByItemRow, now time.Time) (bool, *stdif.Problem) {
	same := bytes.Equal(d.digest, earlier.Digest)
	switch d.kind {
	case open1.TypeState:
		_, told := s.acked.has(earlier.Seq)
		return same || d.Inbound.State.State == stdif.ServiceActive && !told, nil
	case open1.TypeReceipt:
		return true, nil // how far something has come is said once
	case open1.TypeRaw:
		since := now.Sub(time.UnixMicro(earlier.At))
		return since >= 0 && since < repeatWindow, nil
	}
	if !same {
		return false, stdif.Problemf(stdif.CodeStaleRevision, "", "this number was taken with other content")
	}
	return true, nil
}

// write numbers the frame and moves the report's row.
func (s *Spool) write(ctx context.Context, tx *writer.Tx, q *query.Queries, d draft, row query.SpoolReport, known bool) (int64, error) {
	last, err := q.LastSeq(ctx, HQ)
	if err != nil {
		return 0, err
	}
	seq, now := last+1, tx.Now().UnixMicro()
	if !known {
		row = query.SpoolReport{Hq: HQ, Service: d.Service, ReportID: d.reportID, Mode: string(d.mode()), FirstAt: now}
	}
	body, err := s.keys.Seal(d.class, d.body, framePlace(seq))
	if err != nil {
		return 0, err
	}
	err = tx.Put(ctx, tableFrame, query.SpoolFrame{Hq: HQ, Seq: seq, MsgID: d.msgID, Service: d.Service, ReportID: d.reportID,
		Type: string(d.kind), Item: d.item, Digest: d.digest, Mode: row.Mode, At: now, Class: d.class, Body: body})
	if err != nil {
		return 0, err
	}
	if d.file.name != "" {
		if err := s.putMedium(ctx, tx, d, now); err != nil {
			return 0, err
		}
	}
	if d.input != nil {
		if err := s.putInput(ctx, tx, q, *d.input, row.Mode); err != nil {
			return 0, err
		}
	}
	if err := s.move(&row, d, seq, now); err != nil {
		return 0, err
	}
	return seq, tx.Put(ctx, tableReport, row)
}

// mode is the mode of a message that makes a report. Undecodable bytes that do
// not say theirs are taken for an actual call: the other error would be silence.
func (d draft) mode() stdif.Mode {
	if d.Mode.Valid() {
		return d.Mode
	}
	return stdif.Actual
}

// move lets a frame change where its report stands.
func (s *Spool) move(row *query.SpoolReport, d draft, seq, now int64) error {
	row.LastSeq, row.TouchedAt = seq, now
	switch d.kind {
	case open1.TypeReport, open1.TypeRaw:
		if row.Closed == 1 { // something new about a closed report: it must be looked at again
			row.Closed, row.HandledAlone, row.Quiet, row.Claimed = 0, 0, 0, 0
		}
		row.RingSeq, row.Ended = seq, 0
		if d.kind == open1.TypeReport || row.FrameSeq == 0 { // what cannot be read says nothing about the revision that could
			row.Step, row.StepAt = string(stdif.Spooled), now
		}
		p, err := s.privateOf(*row)
		if err != nil {
			return err
		}
		p.Problem, p.Warnings = nil, d.Warnings
		if d.kind == open1.TypeReport {
			row.FrameSeq, row.Revision, row.RawSeq = seq, d.Inbound.Report.Revision, 0
		} else {
			row.RawSeq, p.Problem = seq, &d.Inbound.Raw.Problem
		}
		return s.setPrivate(row, p)
	case open1.TypeState:
		switch d.Inbound.State.State {
		case stdif.ServiceEnded:
			row.Ended = 1
		case stdif.ServiceHandledHere:
			row.HandledAlone, row.Closed, row.Ring = 1, 1, 0
		}
	}
	return nil
}

func (s *Spool) entryOf(d draft, seq int64, row query.SpoolReport) entry.Entry {
	mode := stdif.Mode(row.Mode)
	if mode == "" {
		mode = d.mode()
	}
	facts := map[string]string{"seq": strconv.FormatInt(seq, 10)}
	switch d.kind {
	case open1.TypeReport:
		facts["revision"] = d.item
	case open1.TypeState:
		facts["state"] = d.item
	case open1.TypeReceipt:
		facts["state"] = string(d.Inbound.Receipt.State)
	case open1.TypeRaw:
		facts["code"] = strconv.Itoa(int(d.Inbound.Raw.Problem.Code))
	}
	return entry.Entry{Act: d.act, Actor: s.actor(d.Service), Subject: subject(d.Service, d.reportID), Mode: mode, Facts: facts}
}

func subject(service, report string) string { return "report/" + service + "/" + report }

func framePlace(seq int64) []byte { return fmt.Appendf(nil, "spool_frame.body/%s/%d", HQ, seq) }

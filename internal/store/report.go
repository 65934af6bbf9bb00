package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/seal"
	reportq "github.com/matoi119/matoi/internal/store/query/report"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
)

// reports implements the ports of package report; tx is nil outside of acts.
type reports struct {
	q  *reportq.Queries
	s  *Store
	tx *writer.Tx
}

func (r reports) Report(ctx context.Context, id string) (report.Report, error) {
	row, err := r.q.Report(ctx, reportq.ReportParams{HQ: r.s.hq, ID: id})
	return found(row, err, "report", toReport)
}

func (r reports) ByService(ctx context.Context, service, serviceReport string) (report.Report, error) {
	row, err := r.q.ReportByService(ctx, reportq.ReportByServiceParams{HQ: r.s.hq, Service: service, ServiceReport: serviceReport})
	return found(row, err, "report", toReport)
}

func (r reports) Board(ctx context.Context) ([]report.Report, error) {
	rows, err := r.q.Board(ctx, r.s.hq)
	return list(rows, err, "report", toReport)
}

func (r reports) Closed(ctx context.Context, before time.Time, limit int) ([]report.Report, error) {
	rows, err := r.q.Closed(ctx, reportq.ClosedParams{HQ: r.s.hq, ReceivedAt: micros(before), Limit: int32(limit)})
	return list(rows, err, "report", toReport)
}

func (r reports) ByPhone(ctx context.Context, index string, limit int) ([]report.Report, error) {
	rows, err := r.q.ByPhone(ctx, reportq.ByPhoneParams{HQ: r.s.hq, PhoneIndex: index, Limit: int32(limit)})
	return list(rows, err, "report", toReport)
}

func (r reports) Due(ctx context.Context, by time.Time, limit int) ([]string, time.Time, error) {
	ids, err := r.q.Due(ctx, reportq.DueParams{HQ: r.s.hq, DueAt: micros(by), Limit: int32(limit)})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read due reports: %w", err)
	}
	next, err := r.q.NextDue(ctx, r.s.hq)
	if errors.Is(err, sql.ErrNoRows) {
		return ids, time.Time{}, nil
	}
	return ids, instant(next), err
}

func (r reports) FromFuture(ctx context.Context, now time.Time) ([]string, error) {
	ids, err := r.q.FromFuture(ctx, reportq.FromFutureParams{HQ: r.s.hq, RingsAt: micros(now)})
	if err != nil {
		return nil, fmt.Errorf("read reports from the future: %w", err)
	}
	return ids, nil
}

func (r reports) Counts(ctx context.Context) (stored, shown int64, err error) {
	if stored, err = r.q.Stored(ctx, r.s.hq); err != nil {
		return 0, 0, fmt.Errorf("count reports: %w", err)
	}
	unshown, err := r.q.Unshown(ctx, r.s.hq)
	return stored, stored - unshown, err
}

func (r reports) Save(ctx context.Context, v report.Report) error {
	return put(ctx, r.tx, "report_report", fromReport(r.s.hq, v))
}

type counterRow struct {
	HQ     string `db:"hq"`
	Series string `db:"series"`
	N      int64  `db:"n"`
}

func (r reports) NextNumber(ctx context.Context, series string) (int64, error) {
	n, err := r.q.Counter(ctx, reportq.CounterParams{HQ: r.s.hq, Series: series})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read counter: %w", err)
	}
	n++
	return n, put(ctx, r.tx, "report_counter", counterRow{r.s.hq, series, n})
}

// AddFrame stores a frame once; a repeat of the same frame is not added.
func (r reports) AddFrame(ctx context.Context, f report.Frame) (bool, error) {
	body, err := r.s.keys.Seal(frameClass(f.Health), f.Body, r.s.place("report_frame", f.ID))
	if err != nil {
		return false, err
	}
	return add(ctx, r.tx, "report_frame", reportq.ReportFrame{
		HQ: r.s.hq, ID: f.ID, Terminal: f.Terminal, Spool: f.Spool, Seq: f.Seq,
		MsgID: f.MsgID, Service: f.Service, Report: f.Report, Type: f.Type, Mode: string(f.Mode), Revision: f.Revision,
		SentAt: micros(f.SentAt), ReceivedAt: micros(f.ReceivedAt), Late: flag(f.Late), Health: flag(f.Health),
		Problem: int64(f.Problem), Place: f.Place, Body: body,
	})
}

// HasFrame reports whether a frame is stored.
func (r reports) HasFrame(ctx context.Context, id string) (bool, error) {
	n, err := r.q.HasFrame(ctx, reportq.HasFrameParams{HQ: r.s.hq, ID: id})
	if err != nil {
		return false, fmt.Errorf("look for a frame: %w", err)
	}
	return n > 0, nil
}

// frameClass seals a whole frame with the keys of 厳秘 when it holds health
// data: the raw bytes cannot be split.
func frameClass(health bool) string {
	if health {
		return seal.Medical
	}
	return seal.Caller
}

func (r reports) Frame(ctx context.Context, id string) (report.Frame, error) {
	row, err := r.q.Frame(ctx, reportq.FrameParams{HQ: r.s.hq, ID: id})
	return found(row, err, "frame", r.toFrame)
}

func (r reports) toFrame(f reportq.ReportFrame) (report.Frame, error) {
	out := report.Frame{
		ID: f.ID, Terminal: f.Terminal, Spool: f.Spool, Seq: f.Seq, MsgID: f.MsgID, Service: f.Service,
		Report: f.Report, Type: f.Type, Mode: stdif.Mode(f.Mode), Revision: f.Revision, SentAt: instant(f.SentAt),
		ReceivedAt: instant(f.ReceivedAt), Late: f.Late == 1, Health: f.Health == 1, Problem: stdif.Code(f.Problem), Place: f.Place,
	}
	var err error
	out.Body, err = r.s.keys.Open(frameClass(out.Health), f.Body, r.s.place("report_frame", f.ID))
	return out, err
}

func (r reports) Frames(ctx context.Context, id string) ([]report.Frame, error) {
	rows, err := r.q.Frames(ctx, reportq.FramesParams{HQ: r.s.hq, Report: id})
	return list(rows, err, "frame", func(f reportq.FramesRow) (report.Frame, error) {
		return report.Frame{
			ID: f.ID, Terminal: f.Terminal, Service: f.Service, Report: id, Type: f.Type, Mode: stdif.Mode(f.Mode),
			Revision: f.Revision, SentAt: instant(f.SentAt), ReceivedAt: instant(f.ReceivedAt), Late: f.Late == 1,
			Problem: stdif.Code(f.Problem), Place: f.Place,
		}, nil
	})
}

type closeNoteRow struct {
	HQ     string `db:"hq"`
	Report string `db:"report"`
	Note   []byte `db:"note"`
}

func (r reports) SaveCloseNote(ctx context.Context, id, note string) error {
	box, err := r.s.keys.Seal(seal.Caller, []byte(note), r.s.place("report_close_note", id))
	if err != nil {
		return err
	}
	return put(ctx, r.tx, "report_close_note", closeNoteRow{r.s.hq, id, box})
}

func (r reports) CloseNote(ctx context.Context, id string) (string, error) {
	row, err := r.q.CloseNote(ctx, reportq.CloseNoteParams{HQ: r.s.hq, Report: id})
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return found(row, err, "note", func(box []byte) (string, error) {
		plain, err := r.s.keys.Open(seal.Caller, box, r.s.place("report_close_note", id))
		return string(plain), err
	})
}

// place binds a sealed value to its row.
func (s *Store) place(table, key string) []byte { return []byte(s.hq + "/" + table + "/" + key) }

func (r reports) AddChat(ctx context.Context, c report.Chat) (bool, error) {
	box, err := r.s.keys.Seal(seal.Caller, []byte(c.Text), r.s.place("report_chat", c.Report+"/"+c.ID))
	if err != nil {
		return false, err
	}
	return add(ctx, r.tx, "report_chat", reportq.ReportChat{
		HQ: r.s.hq, Report: c.Report, ID: c.ID, Speaker: string(c.From),
		At: micros(c.At), ReceivedAt: micros(c.ReceivedAt), Console: c.By.Console, Person: c.By.Person, Delivery: c.Delivery, Body: box,
	})
}

func (r reports) MarkChat(ctx context.Context, id, line, delivery string) error {
	row, err := r.q.ChatLine(ctx, reportq.ChatLineParams{HQ: r.s.hq, Report: id, ID: line})
	row, err = found(row, err, "chat", func(c reportq.ReportChat) (reportq.ReportChat, error) { return c, nil })
	if err != nil {
		return err
	}
	if !report.Further(row.Delivery, delivery) {
		return nil
	}
	row.Delivery = delivery
	return put(ctx, r.tx, "report_chat", row)
}

func (r reports) Chat(ctx context.Context, id string) ([]report.Chat, error) {
	rows, err := r.q.Chat(ctx, reportq.ChatParams{HQ: r.s.hq, Report: id})
	return list(rows, err, "chat", func(c reportq.ReportChat) (report.Chat, error) {
		text, err := r.s.keys.Open(seal.Caller, c.Body, r.s.place("report_chat", c.Report+"/"+c.ID))
		return report.Chat{
			Report: c.Report, ID: c.ID, From: stdif.ChatFrom(c.Speaker), At: instant(c.At), ReceivedAt: instant(c.ReceivedAt),
			By: report.By{Console: c.Console, Person: c.Person}, Delivery: c.Delivery, Text: string(text),
		}, err
	})
}

func (r reports) Request(ctx context.Context, id string) (report.Request, error) {
	row, err := r.q.Request(ctx, reportq.RequestParams{HQ: r.s.hq, ID: id})
	return found(row, err, "request", toRequest)
}

func (r reports) Requests(ctx context.Context, id string) ([]report.Request, error) {
	rows, err := r.q.Requests(ctx, reportq.RequestsParams{HQ: r.s.hq, Report: id})
	return list(rows, err, "request", toRequest)
}

func (r reports) SaveRequest(ctx context.Context, v report.Request) error {
	return put(ctx, r.tx, "report_request", reportq.ReportRequest{
		HQ: r.s.hq, ID: v.ID, Terminal: v.Terminal, Service: v.Service,
		Report: v.Report, Console: v.By.Console, Person: v.By.Person, AskedAt: micros(v.AskedAt), AnsweredAt: micros(v.AnsweredAt),
		Count: v.Count, Problem: int64(v.Problem),
	})
}

func toRequest(r reportq.ReportRequest) (report.Request, error) {
	return report.Request{
		ID: r.ID, Terminal: r.Terminal, Service: r.Service, Report: r.Report,
		By: report.By{Console: r.Console, Person: r.Person}, AskedAt: instant(r.AskedAt), AnsweredAt: instant(r.AnsweredAt),
		Count: r.Count, Problem: stdif.Code(r.Problem),
	}, nil
}

// PhoneIndex is Store.PhoneIndex inside an act.
func (u *Unit) PhoneIndex(number string) string { return u.s.PhoneIndex(number) }

// PhoneIndex is the blind index of a telephone number: digits only and in one
// form, so that the same number typed in two ways is found.
func (s *Store) PhoneIndex(number string) string {
	digits := international(number)
	if len(digits) < minPhone {
		return ""
	}
	return hex.EncodeToString(s.keys.Blind("phone", digits))
}

const (
	minPhone    = 6 // fewer digits are no number of a caller
	japan       = "81"
	abroad      = "010" // how one dials out of Japan
	fullWidth0  = '０'
	fullWidth9  = '９'
	toHalfWidth = fullWidth0 - '0'
)

// international is a number as digits with its country: 090-1234-5678,
// ０９０１２３４５６７８, +81 90 1234 5678 and +81 (0)90-1234-5678 are one number.
func international(number string) string {
	digits := strings.Map(func(c rune) rune {
		switch {
		case c >= '0' && c <= '9':
			return c
		case c >= fullWidth0 && c <= fullWidth9:
			return c - toHalfWidth
		}
		return -1
	}, number)
	if away, ok := strings.CutPrefix(digits, abroad); ok {
		digits = away
	} else if home, ok := strings.CutPrefix(digits, "0"); ok {
		return japan + home
	}
	if home, ok := strings.CutPrefix(digits, japan+"0"); ok { // the trunk prefix does not belong there
		return japan + home
	}
	return digits
}

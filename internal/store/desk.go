package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/seal"
	reportq "github.com/matoi119/matoi/internal/store/query/report"
)

// Panel is the panel of missed reports and the notes inside the act.
func (u *Unit) Panel() report.Panel { return u.reports() }

// Panel reads claims, missed reports and notes outside of acts.
func (s *Store) Panel() report.PanelReader { return reports{s.reportQueries(s.read), s, nil} }

func (r reports) Claims(ctx context.Context) ([]report.Claimed, error) {
	rows, err := r.q.Claims(ctx, r.s.hq)
	return list(rows, err, "claim", func(c reportq.ClaimsRow) (report.Claimed, error) {
		return report.Claimed{Report: c.ID, Console: c.ClaimConsole, Stale: c.ClaimStaleAt > 0}, nil
	})
}

func (r reports) Missed(ctx context.Context, id string) (report.Missed, error) {
	row, err := r.q.Missed(ctx, reportq.MissedParams{HQ: r.s.hq, ID: id})
	return found(row, err, "missed", r.toMissed)
}

func (r reports) MissedOf(ctx context.Context, id string) (report.Missed, error) {
	row, err := r.q.MissedOfReport(ctx, reportq.MissedOfReportParams{HQ: r.s.hq, Report: id})
	return found(row, err, "missed", r.toMissed)
}

func (r reports) MissedOpen(ctx context.Context, limit int) ([]report.Missed, error) {
	rows, err := r.q.MissedOpen(ctx, reportq.MissedOpenParams{HQ: r.s.hq, Limit: int32(limit)})
	return list(rows, err, "missed report", r.toMissed)
}

func (r reports) MissedDone(ctx context.Context, from, to time.Time) ([]report.Missed, error) {
	rows, err := r.q.MissedDone(ctx, reportq.MissedDoneParams{HQ: r.s.hq, DoneAt: micros(from), DoneAt_2: micros(to)})
	return list(rows, err, "missed report", r.toMissed)
}

func (r reports) CountMissed(ctx context.Context) (int64, error) {
	n, err := r.q.CountMissed(ctx, r.s.hq)
	if err != nil {
		return 0, fmt.Errorf("count missed reports: %w", err)
	}
	return n, nil
}

func (r reports) toMissed(m reportq.ReportMissed) (report.Missed, error) {
	v := report.Missed{
		ID: m.ID, Report: m.Report, At: instant(m.At), UpdatedAt: instant(m.UpdatedAt),
		Done: report.Done{By: report.By{Console: m.DoneConsole, Person: m.DonePerson}, At: instant(m.DoneAt), Outcome: m.Outcome},
	}
	for c := range strings.SplitSeq(m.Causes, ",") {
		v.Causes = append(v.Causes, report.Cause(c))
	}
	var err error
	v.Note, err = r.s.openNote(m.Note, "report_missed", m.ID)
	return v, err
}

func (r reports) SaveMissed(ctx context.Context, m report.Missed) error {
	box, err := r.s.sealNote(m.Note, "report_missed", m.ID)
	if err != nil {
		return err
	}
	causes := make([]string, len(m.Causes))
	for i, c := range m.Causes {
		causes[i] = string(c)
	}
	return put(ctx, r.tx, "report_missed", reportq.ReportMissed{
		HQ: r.s.hq, ID: m.ID, Report: m.Report, Causes: strings.Join(causes, ","), At: micros(m.At), UpdatedAt: micros(m.UpdatedAt), Open: flag(m.Open()),
		DoneConsole: m.Done.Console, DonePerson: m.Done.Person, DoneAt: micros(m.Done.At), Outcome: m.Done.Outcome, Note: box,
	})
}

func (r reports) AddNote(ctx context.Context, n report.Note) error {
	box, err := r.s.sealNote(n.Text, "report_note", n.Report+"/"+n.ID)
	if err != nil {
		return err
	}
	_, err = add(ctx, r.tx, "report_note", reportq.ReportNote{
		HQ: r.s.hq, Report: n.Report, ID: n.ID, Kind: n.Kind, At: micros(n.At), Console: n.By.Console, Person: n.By.Person, Body: box,
	})
	return err
}

func (r reports) Notes(ctx context.Context, id string) ([]report.Note, error) {
	rows, err := r.q.Notes(ctx, reportq.NotesParams{HQ: r.s.hq, Report: id})
	return list(rows, err, "note", func(n reportq.ReportNote) (report.Note, error) {
		text, err := r.s.openNote(n.Body, "report_note", n.Report+"/"+n.ID)
		return report.Note{Report: n.Report, ID: n.ID, Kind: n.Kind, At: instant(n.At), By: report.By{Console: n.Console, Person: n.Person}, Text: text}, err
	})
}

// sealNote seals words of a person of the headquarters, which may be about a
// caller. No words are sealed too: that there are none is nobody's business.
func (s *Store) sealNote(text, table, key string) ([]byte, error) {
	return s.keys.Seal(seal.Caller, []byte(text), s.place(table, key))
}

func (s *Store) openNote(box []byte, table, key string) (string, error) {
	plain, err := s.keys.Open(seal.Caller, box, s.place(table, key))
	if errors.Is(err, seal.ErrSealed) || errors.Is(err, seal.ErrDestroyed) { // a note whose key was destroyed must not hide the entry
		return "", nil
	}
	return string(plain), err
}

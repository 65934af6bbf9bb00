package act

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Printed records that a person printed the open list: personal data went onto
// paper, and the log says through whom.
func (a *Acts) Printed(ctx context.Context, who Who, reports int) error {
	if _, err := seat(who); err != nil {
		return err
	}
	return a.do(ctx, who, BoardPrint, authz.Resource{}, func(context.Context, *store.Unit) (Told, error) {
		return Told{Subject: "board", Facts: map[string]string{"reports": strconv.Itoa(reports)}}, nil
	})
}

// Exported records that the open list was written to a file for the hours
// without us.
func (a *Acts) Exported(ctx context.Context, who Who, reports int) error {
	return a.do(ctx, who, BoardExport, authz.Resource{}, func(context.Context, *store.Unit) (Told, error) {
		return Told{Subject: "board", Facts: map[string]string{"reports": strconv.Itoa(reports)}}, nil
	})
}

// Entry is what a person types in from paper after an outage (AC-27).
type Entry struct {
	Report   stdif.Report // without id and revision
	Received time.Time    // when somebody wrote it down
	Outcome  string       // a close reason, or "" = still being worked on
	Note     string
}

// Enter makes a report of what was on paper. It never rings; the entry has its
// own time, and the facts have those of the paper.
func (a *Acts) Enter(ctx context.Context, who Who, e Entry) (id string, err error) {
	if e.Note, err = noted(e.Note); err != nil {
		return "", err
	}
	s, err := seat(who)
	if err != nil {
		return "", err
	}
	id = newID()
	frame := report.HandEntered + "/" + id
	e.Report.ID, e.Report.Revision = id, 1
	f, err := open1.FrameOf(stdif.Inbound{Report: &e.Report}, e.Received)
	if err != nil {
		return "", fmt.Errorf("frame of an entered report: %w", err)
	}
	f.MsgID, f.ServiceID, f.Mode, f.Spool, f.TerminalID, f.Seq = id, report.HandEntered, stdif.Actual, report.HandEntered, report.HandEntered, 1
	wire, err := open1.Encode(f)
	if err != nil {
		return "", fmt.Errorf("encode an entered report: %w", err)
	}
	return id, a.do(ctx, who, ReportEnter, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		number, err := numbered(ctx, u, stdif.Actual, e.Received)
		if err != nil {
			return Told{}, err
		}
		in := Incoming{Frame: frame, Service: report.HandEntered, MsgID: id, Type: string(f.Type), Mode: stdif.Actual, SentAt: e.Received, Late: true, Wire: wire, Inbound: stdif.Inbound{Report: &e.Report}}
		r, err := report.Enter(arrival(u, in, &e.Report), id, number, s, e.Received, e.Outcome, u.Now())
		if err != nil {
			return Told{}, err
		}
		if e.Note != "" {
			if err := u.Reports().SaveCloseNote(ctx, id, e.Note); err != nil {
				return Told{}, err
			}
		}
		facts := map[string]string{"eventAt": e.Report.EventTime.UTC().Format(time.RFC3339), "receivedAt": e.Received.UTC().Format(time.RFC3339), "outcome": e.Outcome}
		return keep(ctx, u, in, report.Report{}, r, ReportEnter, false, facts)
	})
}

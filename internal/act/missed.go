package act

import (
	"context"
	"strconv"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
)

// save stores a report as an act left it. What became missed by that goes onto
// the panel in the same transaction, whatever the act: nothing leaves the board
// unanswered without an entry that waits for a person (AC-06). Where terminals
// ring because no console did, they are told when one does.
func save(ctx context.Context, u *store.Unit, before, after report.Report) error {
	if err := u.Reports().Save(ctx, after); err != nil {
		return err
	}
	if !before.UnheardAt.IsZero() && before.HeardAt.IsZero() && !after.HeardAt.IsZero() {
		if err := ringElsewhere(ctx, u, after, stdif.RingHeard); err != nil {
			return err
		}
	}
	causes := report.Causes(before, after)
	if len(causes) == 0 {
		return nil
	}
	m, err := u.Panel().MissedOf(ctx, after.ID)
	switch {
	case fault.Of(err) == fault.NotFound:
		m = report.Missed{ID: newID(), Report: after.ID, At: u.Now()}
	case err != nil:
		return err
	}
	u.Changed("missed", m.ID, after.ID)
	return u.Panel().SaveMissed(ctx, m.Add(causes, u.Now()))
}

// AcknowledgeMissed takes one entry off the missed panel: by name, with what
// became of it.
func (a *Acts) AcknowledgeMissed(ctx context.Context, who Who, id, outcome, note string) error {
	note, err := noted(note)
	if err != nil {
		return err
	}
	s, err := seat(who)
	if err != nil {
		return err
	}
	return a.do(ctx, who, MissedAcknowledge, authz.Resource{Type: "Report", ID: id}, func(ctx context.Context, u *store.Unit) (Told, error) {
		m, err := u.Panel().Missed(ctx, id)
		if fault.Of(err) == fault.NotFound {
			return Told{}, fault.New(fault.NotFound, "missed.unknown")
		}
		if err != nil {
			return Told{}, err
		}
		r, err := u.Reports().Report(ctx, m.Report)
		if err != nil {
			return Told{}, err
		}
		if m, err = m.Acknowledge(s, outcome, note, u.Now()); err != nil {
			return Told{}, err
		}
		u.Changed("missed", m.ID, m.Report)
		u.Changed("report", m.Report, string(MissedAcknowledge))
		return Told{Subject: "report/" + m.Report, Mode: r.Effective(), Facts: map[string]string{"outcome": outcome, "missed": m.ID}}, u.Panel().SaveMissed(ctx, m)
	})
}

// noted makes a person's note fit to be kept.
func noted(note string) (string, error) {
	note = stdif.Clean(note)
	if len([]rune(note)) > report.MaxCloseNote {
		return "", fault.New(fault.TooLarge, "close.note-too-long", "max", strconv.Itoa(report.MaxCloseNote))
	}
	return note, nil
}

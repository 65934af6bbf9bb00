package act

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
)

// nameOf joins events of time with stories.
var nameOf = map[report.Event]Name{
	report.EventUnheard: ReportUnheard, report.EventEscalate: ReportEscalate,
	report.EventStale: ReportStale, report.EventSilent: ReportSilent,
}

// Wake lets time act on one report. Several events that are due at once (after
// the server was down) happen one after the other, each with its own entry.
func (a *Acts) Wake(ctx context.Context, who Who, id string) error {
	for {
		more := false
		p, err := a.wakeOnce(ctx, who, id, &more)
		if err != nil {
			return err
		}
		if err := p.Wait(ctx); err != nil || !more {
			return err
		}
	}
}

// wakeOnce brings about the earliest event that is due. more is set when
// another one is due already.
func (a *Acts) wakeOnce(ctx context.Context, who Who, id string, more *bool) (*writer.Pending, error) {
	for _, name := range nameOf {
		if err := a.permit(who, name, authz.Resource{Type: "Report", ID: id}); err != nil {
			return nil, err
		}
	}
	return a.store.Submit(ctx, func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
		*more = false
		r, err := u.Reports().Report(ctx, id)
		if fault.Of(err) == fault.NotFound {
			return entry.Entry{}, nil
		}
		if err != nil {
			return entry.Entry{}, err
		}
		n, event, again := r.WakeOnce(u.Now())
		if event == "" {
			return entry.Entry{}, nil
		}
		*more = again
		if err := save(ctx, u, r, n); err != nil {
			return entry.Entry{}, err
		}
		name := nameOf[event]
		u.Changed("report", id, string(name))
		facts := map[string]string{}
		switch event {
		case report.EventEscalate:
			facts["level"] = strconv.FormatInt(n.Escalation, 10)
		case report.EventUnheard:
			if err := ringElsewhere(ctx, u, n, stdif.RingUnheard); err != nil {
				return entry.Entry{}, err
			}
		}
		return entry.Entry{Act: string(name), Actor: who.actor(), Subject: "report/" + id, Mode: n.Effective(), Facts: facts}, nil
	}), nil
}

// SetBack mends one report after the machine's clock was set back.
func (a *Acts) SetBack(ctx context.Context, who Who, id string) error {
	return a.do(ctx, who, ReportClock, authz.Resource{Type: "Report", ID: id}, func(ctx context.Context, u *store.Unit) (Told, error) {
		r, err := u.Reports().Report(ctx, id)
		if err != nil {
			return Told{}, err
		}
		n, moved := r.Reanchor(u.Now())
		if !moved {
			return Told{}, nil
		}
		return Told{Subject: "report/" + id, Mode: n.Effective()}, u.Reports().Save(ctx, n)
	})
}

// ringElsewhere rings where people are when no console's page confirmed the
// ring: on every terminal's own page, and through the alarm outlet. The terminal
// that holds the report is told which one it is; the others are told its number
// and kind and nothing else, so that a ring needs no caller's words.
func ringElsewhere(ctx context.Context, u *store.Unit, r report.Report, why string) error {
	terminals, err := u.Terminals().Terminals(ctx)
	if err != nil {
		return err
	}
	for _, t := range terminals {
		if !t.RevokedAt.IsZero() {
			continue
		}
		in := input(r, stdif.VerbRing)
		if t.ID != r.Terminal || !r.Addressable() {
			in.ServiceID, in.ReportID, in.Mode = stdif.Elsewhere, r.Number, r.Effective()
		} else if why == stdif.RingHeard {
			continue // its own steps say so
		}
		in.Reason, in.HQNumber, in.Kind = why, r.Number, r.Kind
		if err := tell(ctx, u, t.ID, r.ID, in); err != nil {
			return err
		}
	}
	if why != stdif.RingUnheard {
		return nil
	}
	if _, elsewhere := transfer.PartnerOf(r.Terminal); elsewhere { // who handed it over must know that it is not heard
		in := input(r, stdif.VerbRing)
		in.Reason = why
		if err := tell(ctx, u, r.Terminal, r.ID, in); err != nil {
			return err
		}
	}
	body, err := json.Marshal(Alarm{Report: r.ID, Number: r.Number, Mode: r.Effective(), Kind: "unheard"})
	if err != nil {
		return fmt.Errorf("encode alarm: %w", err)
	}
	return u.Send(ctx, entry.Message{ID: newID(), Destination: AlarmDestination, Kind: "unheard", Subject: r.ID, Body: body})
}

// AlarmDestination is the outbox destination of the house's own bell.
const AlarmDestination = "alarm"

// Alarm is what the alarm outlet is given: no words of the caller.
type Alarm struct {
	Report string     `json:"report"`
	Number string     `json:"number"`
	Mode   stdif.Mode `json:"mode"`
	Kind   string     `json:"kind"`
}

package act

import (
	"context"
	"fmt"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/calendar"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
)

// onMember runs a desk story on one member of an incident: a report or a call.
func (a *Acts) onMember(ctx context.Context, who Who, name Name, m Member,
	rule func(ctx context.Context, u *store.Unit, mode stdif.Mode, by incident.By) (map[string]string, error),
) error {
	s, err := seat(who)
	if err != nil {
		return err
	}
	return a.do(ctx, who, name, authz.Resource{Type: "Report", ID: m.ID}, func(ctx context.Context, u *store.Unit) (Told, error) {
		mode, err := m.mode(ctx, u)
		if err != nil {
			return Told{}, err
		}
		facts, err := rule(ctx, u, mode, incident.By(s))
		if err != nil || facts == nil {
			return Told{}, err
		}
		return Told{Subject: string(m.Kind) + "/" + m.ID, Mode: mode, Facts: facts}, nil
	})
}

// Member is what can belong to an incident.
type Member struct {
	Kind incident.Kind
	ID   string
}

func (m Member) key() string { return string(m.Kind) + "/" + m.ID }

// mode is the member's, and the proof that it exists.
func (m Member) mode(ctx context.Context, u *store.Unit) (stdif.Mode, error) {
	if m.Kind == incident.Call {
		c, err := u.Incidents().Call(ctx, m.ID)
		if fault.Of(err) == fault.NotFound {
			err = fault.New(fault.NotFound, "call.unknown")
		}
		return c.Mode, err
	}
	r, err := u.Reports().Report(ctx, m.ID)
	return r.Mode, err
}

// OpenIncident opens an incident from a report.
func (a *Acts) OpenIncident(ctx context.Context, who Who, reportID string) error {
	m := Member{incident.Report, reportID}
	return a.onMember(ctx, who, IncidentOpen, m, func(ctx context.Context, u *store.Unit, mode stdif.Mode, by incident.By) (map[string]string, error) {
		link, err := u.Incidents().LinkOf(ctx, m.Kind, m.ID)
		if err != nil || link.Live() { // pressed twice
			return nil, err
		}
		i, err := begin(ctx, u, mode, by)
		if err != nil {
			return nil, err
		}
		return map[string]string{"incident": i.Number}, join(ctx, u, i, m, mode, by)
	})
}

// Join confirms that a report and another report or a voice call are of the
// same event. Where neither has an incident yet, it is opened.
func (a *Acts) Join(ctx context.Context, who Who, reportID string, with Member) error {
	m := Member{incident.Report, reportID}
	if m == with {
		return fault.New(fault.Invalid, "input.invalid", "place", "id")
	}
	return a.onMember(ctx, who, IncidentJoin, m, func(ctx context.Context, u *store.Unit, mode stdif.Mode, by incident.By) (map[string]string, error) {
		other, err := with.mode(ctx, u)
		if err != nil {
			return nil, err
		}
		mine, err := u.Incidents().LinkOf(ctx, m.Kind, m.ID)
		if err != nil {
			return nil, err
		}
		theirs, err := u.Incidents().LinkOf(ctx, with.Kind, with.ID)
		if err != nil {
			return nil, err
		}
		i, joining, err := common(ctx, u, mine, theirs, mode, by)
		if err != nil || len(joining) == 0 {
			return nil, err
		}
		for _, k := range joining {
			member, of := m, mode
			if k == theirSide {
				member, of = with, other
			}
			if err := join(ctx, u, i, member, of, by); err != nil {
				return nil, err
			}
		}
		return map[string]string{"incident": i.Number, "with": with.key()}, nil
	})
}

type side int

const (
	ourSide side = iota
	theirSide
)

// common finds the incident of two members and who of them has yet to join it.
func common(ctx context.Context, u *store.Unit, mine, theirs incident.Link, mode stdif.Mode, by incident.By) (incident.Incident, []side, error) {
	switch {
	case mine.Live() && theirs.Live() && mine.Incident == theirs.Incident:
		return incident.Incident{}, nil, nil // pressed twice
	case mine.Live() && theirs.Live():
		return incident.Incident{}, nil, fault.New(fault.Conflict, "incident.two")
	case mine.Live():
		i, err := u.Incidents().Incident(ctx, mine.Incident)
		return i, []side{theirSide}, err
	case theirs.Live():
		i, err := u.Incidents().Incident(ctx, theirs.Incident)
		return i, []side{ourSide}, err
	}
	i, err := begin(ctx, u, mode, by)
	return i, []side{ourSide, theirSide}, err
}

// begin gives an incident its id and its number of the business day.
func begin(ctx context.Context, u *store.Unit, mode stdif.Mode, by incident.By) (incident.Incident, error) {
	day, _, _ := calendar.BusinessDay(u.Now(), businessDayStart)
	n, err := u.Reports().NextNumber(ctx, fmt.Sprintf("incident/%s/%s", mode, day))
	if err != nil {
		return incident.Incident{}, err
	}
	i := incident.Begin(newID(), incident.Number(mode, n), mode, by, u.Now())
	return i, u.Incidents().SaveIncident(ctx, i)
}

func join(ctx context.Context, u *store.Unit, i incident.Incident, m Member, mode stdif.Mode, by incident.By) error {
	link, err := incident.Join(i, m.Kind, m.ID, mode, by, u.Now())
	if err != nil {
		return err
	}
	if err := u.Incidents().SaveLink(ctx, link); err != nil {
		return err
	}
	if m.Kind == incident.Report {
		if err := tellJoined(ctx, u, m.ID); err != nil {
			return err
		}
	}
	return announce(ctx, u, i.ID)
}

// tellJoined tells the service of a report that it belongs to an incident now. One
// that takes no input hears nothing, and neither does another headquarters: its
// incidents are its own.
func tellJoined(ctx context.Context, u *store.Unit, id string) error {
	r, err := u.Reports().Report(ctx, id)
	if err != nil || !r.Addressable() {
		return err
	}
	t, err := u.Terminals().Terminal(ctx, r.Terminal)
	if fault.Of(err) == fault.NotFound {
		return nil
	}
	if service, _ := t.Service(r.Service); err != nil || !service.Takes(stdif.VerbLink) {
		return err
	}
	return tell(ctx, u, r.Terminal, "report/"+r.ID, input(r, stdif.VerbLink))
}

// announce says that an incident and everything in it looks different now.
func announce(ctx context.Context, u *store.Unit, id string) error {
	u.Changed("incident", id, "members")
	members, err := u.Incidents().Members(ctx, id)
	for _, l := range members {
		if l.Kind == incident.Report {
			u.Changed("report", l.Member, "incident")
		}
	}
	return err
}

// Part undoes a joining, with a reason.
func (a *Acts) Part(ctx context.Context, who Who, m Member, reason string) error {
	return a.onMember(ctx, who, IncidentPart, m, func(ctx context.Context, u *store.Unit, _ stdif.Mode, by incident.By) (map[string]string, error) {
		link, err := u.Incidents().LinkOf(ctx, m.Kind, m.ID)
		if err != nil {
			return nil, err
		}
		link, err = link.Part(reason, by, u.Now())
		if err != nil {
			return nil, err
		}
		if err := u.Incidents().SaveLink(ctx, link); err != nil {
			return nil, err
		}
		if m.Kind == incident.Report {
			u.Changed("report", m.ID, "incident")
		}
		return map[string]string{"incident": link.Incident, "reason": reason}, announce(ctx, u, link.Incident)
	})
}

// Dismiss remembers that a person said: these two are not of one event.
func (a *Acts) Dismiss(ctx context.Context, who Who, reportID string, other Member) error {
	m := Member{incident.Report, reportID}
	return a.onMember(ctx, who, IncidentDismiss, m, func(ctx context.Context, u *store.Unit, _ stdif.Mode, by incident.By) (map[string]string, error) {
		if _, err := other.mode(ctx, u); err != nil {
			return nil, err
		}
		x, y := incident.Pair(m.Kind, m.ID, other.Kind, other.ID)
		u.Changed("report", m.ID, string(IncidentDismiss))
		return map[string]string{"other": other.key()}, u.Incidents().SaveDismissal(ctx, incident.Dismissal{A: x, B: y, By: by, At: u.Now()})
	})
}

// CloseIncident ends the work on an incident; its reports were closed before.
func (a *Acts) CloseIncident(ctx context.Context, who Who, id string) error {
	s, err := seat(who)
	if err != nil {
		return err
	}
	return a.do(ctx, who, IncidentClose, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		i, err := u.Incidents().Incident(ctx, id)
		if fault.Of(err) == fault.NotFound {
			err = fault.New(fault.NotFound, "incident.unknown")
		}
		if err != nil {
			return Told{}, err
		}
		open := 0
		members, err := u.Incidents().Members(ctx, id)
		if err != nil {
			return Told{}, err
		}
		for _, l := range members {
			if l.Kind != incident.Report {
				continue
			}
			r, err := u.Reports().Report(ctx, l.Member)
			if err != nil {
				return Told{}, err
			}
			if r.State != report.Closed {
				open++
			}
		}
		if i, err = i.Close(open, incident.By(s), u.Now()); err != nil {
			return Told{}, err
		}
		if err := u.Incidents().SaveIncident(ctx, i); err != nil {
			return Told{}, err
		}
		return Told{Subject: "incident/" + id, Mode: i.Mode, Facts: map[string]string{"incident": i.Number}}, announce(ctx, u, id)
	})
}

// NoticeCall takes a notice of a voice call from the telephone system or the
// command system next door. The same notice again changes nothing.
func (a *Acts) NoticeCall(ctx context.Context, who Who, n incident.VoiceCall) error {
	return a.do(ctx, who, VoiceCallNotice, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		n.PhoneIndex = ""
		if n.Number != "" {
			n.PhoneIndex = u.PhoneIndex(n.Number)
		}
		c, err := u.Incidents().Call(ctx, n.ID)
		changed := true
		switch {
		case fault.Of(err) == fault.NotFound:
			c = incident.FirstNotice(n, u.Now())
		case err != nil:
			return Told{}, err
		default:
			c, changed = c.Notice(n, u.Now())
		}
		if !changed {
			return Told{}, nil
		}
		u.Changed("voice-call", c.ID, string(c.State))
		return Told{Subject: "voice-call/" + c.ID, Mode: c.Mode, Facts: map[string]string{"state": string(c.State)}}, u.Incidents().SaveCall(ctx, c)
	})
}

package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/internal/seal"
	incidentq "github.com/matoi119/matoi/internal/store/query/incident"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
)

// incidents implements the ports of package incident; tx is nil outside of acts.
type incidents struct {
	q  *incidentq.Queries
	s  *Store
	tx *writer.Tx
}

// Incidents is the field's port inside the act, and outside for those who read.
func (u *Unit) Incidents() incident.Store {
	return incidents{incidentq.New(u.tx.Query()), u.s, u.tx}
}

// Incidents reads incidents and voice calls outside of acts.
func (s *Store) Incidents() incident.Reader { return incidents{incidentq.New(s.read), s, nil} }

// CallID is the id under which a voice call is kept: the telephone system's own
// may be made of the caller's number, and an id stands in addresses and logs.
func (s *Store) CallID(notice string) string {
	return hex.EncodeToString(s.keys.Blind("incident_call.id", notice))[:32]
}

// VehicleIndex is the keyed index of a vehicle's identification number.
func (s *Store) VehicleIndex(vin string) string {
	return hex.EncodeToString(s.keys.Blind("vehicle", vin))
}

func (i incidents) Incident(ctx context.Context, id string) (incident.Incident, error) {
	row, err := i.q.Incident(ctx, incidentq.IncidentParams{HQ: i.s.hq, ID: id})
	return found(row, err, "incident", toIncident)
}

func (i incidents) Incidents(ctx context.Context, since time.Time) ([]incident.Incident, error) {
	rows, err := i.q.Incidents(ctx, incidentq.IncidentsParams{HQ: i.s.hq, ClosedAt: micros(since)})
	return list(rows, err, "incident", toIncident)
}

func toIncident(r incidentq.IncidentIncident) (incident.Incident, error) {
	return incident.Incident{
		ID: r.ID, Number: r.Number, Mode: stdif.Mode(r.Mode), State: incident.State(r.State),
		Opened: incident.By{Console: r.OpenedConsole, Person: r.OpenedPerson}, OpenedAt: instant(r.OpenedAt),
		Closed: incident.By{Console: r.ClosedConsole, Person: r.ClosedPerson}, ClosedAt: instant(r.ClosedAt),
	}, nil
}

func (i incidents) SaveIncident(ctx context.Context, v incident.Incident) error {
	return put(ctx, i.tx, "incident_incident", incidentq.IncidentIncident{
		HQ: i.s.hq, ID: v.ID, Number: v.Number, Mode: string(v.Mode), State: string(v.State), Open: flag(v.State == incident.Open),
		OpenedConsole: v.Opened.Console, OpenedPerson: v.Opened.Person, OpenedAt: micros(v.OpenedAt),
		ClosedConsole: v.Closed.Console, ClosedPerson: v.Closed.Person, ClosedAt: micros(v.ClosedAt),
	})
}

func (i incidents) LinkOf(ctx context.Context, kind incident.Kind, member string) (incident.Link, error) {
	row, err := i.q.LinkOf(ctx, incidentq.LinkOfParams{HQ: i.s.hq, Kind: string(kind), Member: member})
	if errors.Is(err, sql.ErrNoRows) {
		return incident.Link{}, nil
	}
	return found(row, err, "incident", toIncidentLink)
}

func (i incidents) Members(ctx context.Context, id string) ([]incident.Link, error) {
	rows, err := i.q.Members(ctx, incidentq.MembersParams{HQ: i.s.hq, Incident: id})
	return list(rows, err, "incident", toIncidentLink)
}

func toIncidentLink(r incidentq.IncidentLink) (incident.Link, error) {
	return incident.Link{
		Kind: incident.Kind(r.Kind), Member: r.Member, Incident: r.Incident,
		By: incident.By{Console: r.Console, Person: r.Person}, At: instant(r.At),
		Parted: incident.By{Console: r.PartedConsole, Person: r.PartedPerson}, PartedAt: instant(r.PartedAt), Reason: r.Reason,
	}, nil
}

func (i incidents) SaveLink(ctx context.Context, l incident.Link) error {
	return put(ctx, i.tx, "incident_link", incidentq.IncidentLink{
		HQ: i.s.hq, Kind: string(l.Kind), Member: l.Member, Incident: l.Incident, Console: l.By.Console, Person: l.By.Person, At: micros(l.At),
		PartedConsole: l.Parted.Console, PartedPerson: l.Parted.Person, PartedAt: micros(l.PartedAt), Reason: l.Reason,
	})
}

func (i incidents) Links(ctx context.Context, since time.Time) (map[string]incident.Mark, error) {
	rows, err := i.q.Links(ctx, incidentq.LinksParams{HQ: i.s.hq, ClosedAt: micros(since)})
	if err != nil {
		return nil, fmt.Errorf("read incidents: %w", err)
	}
	reports := map[string]int{}
	for _, r := range rows {
		if r.Kind == string(incident.Report) {
			reports[r.ID]++
		}
	}
	out := make(map[string]incident.Mark, len(rows))
	for _, r := range rows {
		out[r.Kind+"/"+r.Member] = incident.Mark{Incident: r.ID, Number: r.Number, Reports: reports[r.ID]}
	}
	return out, nil
}

func (i incidents) Dismissed(ctx context.Context, member string) (map[string]bool, error) {
	rows, err := i.q.Dismissed(ctx, incidentq.DismissedParams{HQ: i.s.hq, A: member})
	if err != nil {
		return nil, fmt.Errorf("read dismissals: %w", err)
	}
	out := map[string]bool{}
	for _, r := range rows {
		out[r.A], out[r.B] = true, true
	}
	delete(out, member)
	return out, nil
}

type dismissalRow struct {
	HQ      string `db:"hq"`
	A       string `db:"a"`
	B       string `db:"b"`
	Console string `db:"console"`
	Person  string `db:"person"`
	At      int64  `db:"at"`
}

func (i incidents) SaveDismissal(ctx context.Context, d incident.Dismissal) error {
	return put(ctx, i.tx, "incident_dismissal", dismissalRow{i.s.hq, d.A, d.B, d.By.Console, d.By.Person, micros(d.At)})
}

// callWords is what is sealed of a voice call.
type callWords struct {
	Number string              `json:"number,omitempty"`
	Place  *incident.CallPlace `json:"place,omitempty"`
}

func (i incidents) Call(ctx context.Context, id string) (incident.VoiceCall, error) {
	row, err := i.q.Call(ctx, incidentq.CallParams{HQ: i.s.hq, ID: id})
	return found(row, err, "call", i.toCall)
}

func (i incidents) Calls(ctx context.Context, since time.Time) ([]incident.VoiceCall, error) {
	rows, err := i.q.Calls(ctx, incidentq.CallsParams{HQ: i.s.hq, ReceivedAt: micros(since)})
	return list(rows, err, "call", i.toCall)
}

func (i incidents) toCall(r incidentq.IncidentCall) (incident.VoiceCall, error) {
	c := incident.VoiceCall{
		ID: r.ID, Mode: stdif.Mode(r.Mode), Line: r.Line, State: incident.CallState(r.State), PhoneIndex: r.PhoneIndex,
		StartedAt: instant(r.StartedAt), AnsweredAt: instant(r.AnsweredAt), EndedAt: instant(r.EndedAt),
		ReceivedAt: instant(r.ReceivedAt), UpdatedAt: instant(r.UpdatedAt),
	}
	plain, err := i.s.keys.Open(seal.Caller, r.Body, i.s.place("incident_call", r.ID))
	if errors.Is(err, seal.ErrSealed) || errors.Is(err, seal.ErrDestroyed) {
		return c, nil // that it was there is still told
	}
	if err != nil {
		return c, err
	}
	var words callWords
	err = json.Unmarshal(plain, &words)
	c.Number, c.Place = words.Number, words.Place
	return c, err
}

func (i incidents) SaveCall(ctx context.Context, c incident.VoiceCall) error {
	plain, err := json.Marshal(callWords{c.Number, c.Place})
	if err != nil {
		return fmt.Errorf("encode call: %w", err)
	}
	box, err := i.s.keys.Seal(seal.Caller, plain, i.s.place("incident_call", c.ID))
	if err != nil {
		return err
	}
	return put(ctx, i.tx, "incident_call", incidentq.IncidentCall{
		HQ: i.s.hq, ID: c.ID, Mode: string(c.Mode), Line: c.Line, State: string(c.State), PhoneIndex: c.PhoneIndex,
		StartedAt: micros(c.StartedAt), AnsweredAt: micros(c.AnsweredAt), EndedAt: micros(c.EndedAt),
		ReceivedAt: micros(c.ReceivedAt), UpdatedAt: micros(c.UpdatedAt), Body: box,
	})
}

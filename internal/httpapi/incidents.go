package httpapi

import (
	"context"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
)

// IncidentMark is what a card shows of its incident (事案).
type IncidentMark struct {
	ID      string `json:"id"`
	Number  string `json:"number" doc:"said on the air; restarts each business day"`
	Reports int    `json:"reports" doc:"how many reports belong to it"`
}

// Incident is one event that the fire service handles.
type Incident struct {
	ID       string           `json:"id"`
	Number   string           `json:"number"`
	Mode     stdif.Mode       `json:"mode" enum:"actual,exercise,test"`
	State    string           `json:"state" enum:"open,closed"`
	Opened   Doer             `json:"opened"`
	OpenedAt time.Time        `json:"openedAt"`
	ClosedAt time.Time        `json:"closedAt,omitzero"`
	Members  []IncidentMember `json:"members"`
}

// IncidentMember is a report or a voice call that belongs to an incident.
type IncidentMember struct {
	Kind   string     `json:"kind" enum:"report,voice-call"`
	ID     string     `json:"id"`
	By     Doer       `json:"by"`
	At     time.Time  `json:"at"`
	Report *Card      `json:"report,omitempty"`
	Call   *VoiceCall `json:"call,omitempty"`
}

// Joining is what a report's page shows of its incident and of what may belong
// to the same one.
type Joining struct {
	Incident  *Incident      `json:"incident"`
	Proposals []JoinProposal `json:"proposals" doc:"likeliest first; nothing is joined before a person confirms"`
}

// JoinProposal says what may be of the same event, and why.
type JoinProposal struct {
	Kind     string        `json:"kind" enum:"report,voice-call"`
	ID       string        `json:"id"`
	Reasons  []JoinReason  `json:"reasons"`
	Report   *Card         `json:"report,omitempty"`
	Call     *VoiceCall    `json:"call,omitempty"`
	Incident *IncidentMark `json:"incident"`
}

// JoinReason is what two tellings have in common.
type JoinReason struct {
	Why       string `json:"why" enum:"number,vehicle,place,near"`
	DistanceM int64  `json:"distanceM,omitempty" doc:"near: how far apart"`
	ReachM    int64  `json:"reachM,omitempty" doc:"near: within which uncertainty"`
	ApartS    int64  `json:"apartS" doc:"seconds between the two"`
}

const (
	proposeSince = 6 * time.Hour // what is older is no proposal (incident.NumberWindow)
	marksSince   = 48 * time.Hour
	mostProposed = 12
	mostCompared = 500
)

func (s *Server) readJoining(ctx context.Context, _ authn.Identity, in *reportInput) (Joining, error) {
	out := Joining{Proposals: []JoinProposal{}}
	r, err := s.store.Reports().Report(ctx, in.ID)
	if err != nil {
		return out, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return out, err
	}
	link, err := s.store.Incidents().LinkOf(ctx, incident.Report, r.ID)
	if err != nil {
		return out, err
	}
	if link.Live() {
		i, err := s.incidentOf(ctx, n, link.Incident)
		if err != nil {
			return out, err
		}
		out.Incident = &i
	}
	out.Proposals, err = s.propose(ctx, n, r, link)
	return out, err
}

func (s *Server) incidentOf(ctx context.Context, n *names, id string) (Incident, error) {
	i, err := s.store.Incidents().Incident(ctx, id)
	if err != nil {
		return Incident{}, err
	}
	v := Incident{ID: i.ID, Number: i.Number, Mode: i.Mode, State: string(i.State), Opened: n.doer(i.Opened), OpenedAt: i.OpenedAt, ClosedAt: i.ClosedAt, Members: []IncidentMember{}}
	members, err := s.store.Incidents().Members(ctx, id)
	if err != nil {
		return v, err
	}
	for _, l := range members {
		j := IncidentMember{Kind: string(l.Kind), ID: l.Member, By: n.doer(l.By), At: l.At}
		if j.Report, j.Call, err = s.memberOf(ctx, n, l.Kind, l.Member); err != nil {
			return v, err
		}
		v.Members = append(v.Members, j)
	}
	return v, nil
}

func (n *names) doer(b incident.By) Doer {
	return Doer{ConsoleName: or(n.consoles[b.Console], b.Console), PersonName: or(n.persons[b.Person], b.Person)}
}

func (s *Server) memberOf(ctx context.Context, n *names, kind incident.Kind, id string) (*Card, *VoiceCall, error) {
	if kind == incident.Call {
		c, err := s.store.Incidents().Call(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		v := n.callOf(c)
		return nil, &v, nil
	}
	c, err := s.cardOf(ctx, n, id)
	return c, nil, err
}

// propose compares a report with what is open and what was of late.
func (s *Server) propose(ctx context.Context, n *names, r report.Report, link incident.Link) ([]JoinProposal, error) {
	out := []JoinProposal{}
	others, err := s.compared(ctx, r)
	if err != nil {
		return out, err
	}
	dismissed, err := s.store.Incidents().Dismissed(ctx, string(incident.Report)+"/"+r.ID)
	if err != nil {
		return out, err
	}
	of, err := s.trace(ctx, r)
	if err != nil {
		return out, err
	}
	for _, p := range incident.Propose(of, others) {
		key := string(p.Kind) + "/" + p.ID
		mark := n.incidents[key]
		if dismissed[key] || mark.Incident != "" && link.Live() { // together already, or of another incident
			continue
		}
		v := JoinProposal{Kind: string(p.Kind), ID: p.ID, Reasons: reasonsOf(p)}
		if mark.Incident != "" {
			v.Incident = markOf(mark)
		}
		if v.Report, v.Call, err = s.memberOf(ctx, n, p.Kind, p.ID); err != nil {
			return out, err
		}
		if out = append(out, v); len(out) == mostProposed {
			break
		}
	}
	return out, nil
}

func reasonsOf(p incident.Proposal) []JoinReason {
	out := make([]JoinReason, 0, len(p.Reasons))
	for _, r := range p.Reasons {
		out = append(out, JoinReason{string(r.Why), int64(r.DistanceM), int64(r.ReachM), int64(r.Apart / time.Second)})
	}
	return out
}

func markOf(m incident.Mark) *IncidentMark {
	return &IncidentMark{m.Incident, m.Number, m.Reports}
}

// compared are the traces of everything that may be of one event with a report.
func (s *Server) compared(ctx context.Context, r report.Report) ([]incident.Trace, error) {
	reports, err := s.store.Reports().Board(ctx)
	if err != nil {
		return nil, err
	}
	closed, err := s.store.Reports().Closed(ctx, s.now().Add(24*time.Hour), mostCompared)
	if err != nil {
		return nil, err
	}
	calls, err := s.store.Incidents().Calls(ctx, r.ReceivedAt.Add(-proposeSince))
	if err != nil {
		return nil, err
	}
	var out []incident.Trace
	for _, o := range append(reports, closed...) {
		if o.ID == r.ID || o.Mode != r.Mode || o.ReceivedAt.Sub(r.ReceivedAt).Abs() > proposeSince {
			continue
		}
		t, err := s.trace(ctx, o)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	for _, c := range calls {
		out = append(out, callTrace(c))
	}
	return out, nil
}

// trace is what of a report can be compared. It is read from the words once and
// kept with the summary.
func (s *Server) trace(ctx context.Context, r report.Report) (incident.Trace, error) {
	words, err := s.summary(ctx, r)
	t := incident.Trace{
		Kind: incident.Report, ID: r.ID, Mode: r.Mode, At: r.ReceivedAt,
		Spots: words.spots, Places: words.places, Vehicles: words.vehicles,
	}
	if r.PhoneIndex != "" {
		t.Phones = []string{r.PhoneIndex}
	}
	return t, err
}

func callTrace(c incident.VoiceCall) incident.Trace {
	t := incident.Trace{Kind: incident.Call, ID: c.ID, Mode: c.Mode, At: c.ReceivedAt}
	if c.PhoneIndex != "" {
		t.Phones = []string{c.PhoneIndex}
	}
	if p := c.Place; p != nil {
		if p.Lat != nil && p.Lon != nil && stdif.ValidPosition(*p.Lat, *p.Lon) {
			t.Spots = []incident.Spot{{Lat: *p.Lat, Lon: *p.Lon, RadiusM: p.RadiusM}}
		}
		if key := incident.PlaceKey(p.Text); key != "" {
			t.Places = []string{key}
		}
	}
	return t
}

func (s *Server) openIncident(ctx context.Context, id authn.Identity, in *reportInput) (Joining, error) {
	if err := s.acts.OpenIncident(ctx, s.whoOf(id), in.ID); err != nil {
		return Joining{}, err
	}
	return s.readJoining(ctx, id, in)
}

type memberInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Kind string `json:"kind" enum:"report,voice-call"`
		ID   string `json:"id" minLength:"1" maxLength:"64"`
	}
}

func (in *memberInput) member() act.Member {
	return act.Member{Kind: incident.Kind(in.Body.Kind), ID: in.Body.ID}
}

func (s *Server) joinIncident(ctx context.Context, id authn.Identity, in *memberInput) (Joining, error) {
	if err := s.acts.Join(ctx, s.whoOf(id), in.ID, in.member()); err != nil {
		return Joining{}, err
	}
	return s.readJoining(ctx, id, &reportInput{in.ID})
}

func (s *Server) dismissProposal(ctx context.Context, id authn.Identity, in *memberInput) (nothing, error) {
	return nothing{}, s.acts.Dismiss(ctx, s.whoOf(id), in.ID, in.member())
}

type partInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Kind   string `json:"kind" enum:"report,voice-call" doc:"what leaves the incident"`
		ID     string `json:"id" minLength:"1" maxLength:"64"`
		Reason string `json:"reason" enum:"other-event,slip"`
	}
}

// partIncident takes a member out of the incident of the report it was asked at.
func (s *Server) partIncident(ctx context.Context, id authn.Identity, in *partInput) (nothing, error) {
	m := act.Member{Kind: incident.Kind(in.Body.Kind), ID: in.Body.ID}
	mine, err := s.store.Incidents().LinkOf(ctx, incident.Report, in.ID)
	if err != nil {
		return nothing{}, err
	}
	theirs, err := s.store.Incidents().LinkOf(ctx, m.Kind, m.ID)
	if err != nil {
		return nothing{}, err
	}
	if !mine.Live() || mine.Incident != theirs.Incident {
		return nothing{}, fault.New(fault.Conflict, "incident.not-joined")
	}
	return nothing{}, s.acts.Part(ctx, s.whoOf(id), m, in.Body.Reason)
}

func (s *Server) listIncidents(ctx context.Context, _ authn.Identity, _ *nothing) ([]Incident, error) {
	n, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.store.Incidents().Incidents(ctx, s.now())
	if err != nil {
		return nil, err
	}
	out := []Incident{}
	for _, i := range found {
		v, err := s.incidentOf(ctx, n, i.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Server) closeIncident(ctx context.Context, id authn.Identity, in *reportInput) (nothing, error) {
	return nothing{}, s.acts.CloseIncident(ctx, s.whoOf(id), in.ID)
}

// VoiceCall is a notice of a call, as consoles see it.
type VoiceCall struct {
	ID         string              `json:"id"`
	Mode       stdif.Mode          `json:"mode" enum:"actual,exercise,test"`
	Number     string              `json:"number"`
	Line       string              `json:"line"`
	State      string              `json:"state" enum:"ringing,answered,ended"`
	StartedAt  time.Time           `json:"startedAt"`
	AnsweredAt time.Time           `json:"answeredAt,omitzero"`
	EndedAt    time.Time           `json:"endedAt,omitzero"`
	Place      *incident.CallPlace `json:"place"`
	Incident   *IncidentMark       `json:"incident"`
}

func (n *names) callOf(c incident.VoiceCall) VoiceCall {
	v := VoiceCall{ID: c.ID, Mode: c.Mode, Number: c.Number, Line: c.Line, State: string(c.State), StartedAt: c.StartedAt, AnsweredAt: c.AnsweredAt, EndedAt: c.EndedAt, Place: c.Place}
	if m, ok := n.incidents[string(incident.Call)+"/"+c.ID]; ok {
		v.Incident = markOf(m)
	}
	return v
}

type callInput struct {
	Body struct {
		ID        string     `json:"id" minLength:"1" maxLength:"128" doc:"the telephone system's own; a repeat is the same call"`
		Number    string     `json:"number,omitempty" maxLength:"40"`
		Line      string     `json:"line,omitempty" maxLength:"100" doc:"as the room calls it: 119-3"`
		StartedAt time.Time  `json:"startedAt"`
		State     string     `json:"state" enum:"ringing,answered,ended"`
		Mode      stdif.Mode `json:"mode,omitempty" enum:"actual,exercise,test" default:"actual"`
		Place     *struct {
			Lat    *float64 `json:"lat,omitempty" minimum:"-90" maximum:"90"`
			Lon    *float64 `json:"lon,omitempty" minimum:"-180" maximum:"180"`
			Radius float64  `json:"radius,omitempty" minimum:"0" maximum:"100000" doc:"metres"`
			Text   string   `json:"text,omitempty" maxLength:"400"`
		} `json:"place,omitempty"`
	}
}

// noticeCall takes what the telephone system says of a call.
func (s *Server) noticeCall(ctx context.Context, id authn.Identity, in *callInput) (VoiceCall, error) {
	b := in.Body
	c := incident.VoiceCall{
		ID: s.store.CallID(b.ID), Mode: b.Mode, Line: stdif.Clean(b.Line), State: incident.CallState(b.State),
		StartedAt: b.StartedAt.UTC().Truncate(time.Microsecond), Number: strings.TrimSpace(stdif.Clean(b.Number)),
	}
	if b.Place != nil {
		c.Place = &incident.CallPlace{Lat: b.Place.Lat, Lon: b.Place.Lon, RadiusM: b.Place.Radius, Text: stdif.Clean(b.Place.Text)}
	}
	if err := s.acts.NoticeCall(ctx, s.whoOf(id), c); err != nil {
		return VoiceCall{}, err
	}
	stored, err := s.store.Incidents().Call(ctx, c.ID)
	if err != nil {
		return VoiceCall{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return VoiceCall{}, err
	}
	return n.callOf(stored), nil
}

// callsSince is how long an ended call stays in the list.
const (
	callsSince = 6 * time.Hour
	endedSince = 30 * time.Minute
)

func (s *Server) listCalls(ctx context.Context, _ authn.Identity, _ *nothing) ([]VoiceCall, error) {
	n, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.store.Incidents().Calls(ctx, s.now().Add(-callsSince))
	if err != nil {
		return nil, err
	}
	out := []VoiceCall{}
	for _, c := range found {
		if c.EndedAt.IsZero() || s.now().Sub(c.EndedAt) < endedSince {
			out = append(out, n.callOf(c))
		}
	}
	return out, nil
}

package httpapi

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Card is a report as the board shows it.
type Card struct {
	ID              string             `json:"id"`
	Number          string             `json:"number"`
	ServiceID       string             `json:"serviceId"`
	ServiceName     string             `json:"serviceName"`
	ServiceReportID string             `json:"serviceReportId"`
	TerminalID      string             `json:"terminalId"`
	Mode            stdif.Mode         `json:"mode" enum:"actual,exercise,test"`
	Revision        int64              `json:"revision" doc:"0 = the report itself has not arrived yet, only words about it"`
	State           report.State       `json:"state" enum:"presented,escalated,accepted,in_dialog,closed"`
	Escalation      int64              `json:"escalation"`
	Undecodable     bool               `json:"undecodable"`
	Kind            stdif.IncidentType `json:"kind"`
	Excerpt         string             `json:"excerpt"`
	Place           string             `json:"place" doc:"as given, in one line"`
	EventTime       time.Time          `json:"eventTime"`
	ReceivedAt      time.Time          `json:"receivedAt"`
	UpdatedAt       time.Time          `json:"updatedAt"`
	Late            bool               `json:"late"`
	SkewMs          int64              `json:"skewMs"`
	Silent          bool               `json:"silent"`
	Ended           bool               `json:"ended"`
	HandledAlone    bool               `json:"handledAlone" doc:"ended by a person at the terminal while it was cut off; a person here confirms it"`
	Cancelled       bool               `json:"cancelled"`
	Reopened        bool               `json:"reopened"`
	Unsaved         bool               `json:"unsaved" doc:"shown from memory: the store cannot write (未保存)"`
	Claim           *Claim             `json:"claim"`
	Taken           *Taken             `json:"taken" doc:"from whom the present claim came, until it ends"`
	Offer           *Offered           `json:"offer"`
	OfferRefused    string             `json:"offerRefused,omitempty" doc:"name of the console that refused the last offer"`
	Raised          *Raising           `json:"raised" doc:"sent as an exercise or a test, worked on as actual since"`
	Entered         *Entering          `json:"entered" doc:"typed in from paper after an outage"`
	Step            stdif.AckStep      `json:"step" enum:"spooled,received,integrated,seen,refused"`
	ChatCount       int64              `json:"chatCount"`
	LastChatAt      time.Time          `json:"lastChatAt,omitzero"`
	LastChatFrom    stdif.ChatFrom     `json:"lastChatFrom"`
	MediaCount      int64              `json:"mediaCount"`
	Proxy           bool               `json:"proxy"`
	Severity        *float64           `json:"severity"`
	Close           *Closing           `json:"close"`
	OutputOnly      bool               `json:"outputOnly"`
	Origin          string             `json:"origin" doc:"report that this one was asked for from, by a request for video; it stands beside it"`
	Video           string             `json:"video" doc:"how far the newest request for video of this report is"`
	Incident        *IncidentMark      `json:"incident" doc:"the event it belongs to (事案)"`
	Transfer        *TransferMark      `json:"transfer" doc:"the latest handing over to another headquarters (転送)"`
	Outside         *OtherHQ           `json:"outside" doc:"the headquarters of the place, when it is not this one (管轄外)"`
}

// Claim says who has a report in charge.
type Claim struct {
	ConsoleID   string    `json:"consoleId"`
	ConsoleName string    `json:"consoleName"`
	PersonID    string    `json:"personId"`
	PersonName  string    `json:"personName"`
	At          time.Time `json:"at"`
	StaleAt     time.Time `json:"staleAt,omitzero" doc:"its seat has been silent since before; it may be taken over with a reason"`
}

// Closing says who ended the work on a report, and why.
type Closing struct {
	By          string    `json:"by" doc:"hq: a person here closed it; nobody else can"`
	Reason      string    `json:"reason"`
	At          time.Time `json:"at"`
	ConsoleName string    `json:"consoleName"`
	PersonName  string    `json:"personName"`
	Note        string    `json:"note,omitempty"`
}

// Link is a terminal and the state of the link to it.
type Link struct {
	ID          string             `json:"id"`
	Name        string             `json:"name"`
	Place       string             `json:"place" doc:"where to walk when the link is down"`
	Phone       string             `json:"phone"`
	State       terminal.LinkState `json:"state" enum:"unknown,dialing,tls-ok,syncing,ready,degraded,down"`
	Since       time.Time          `json:"since"`
	Services    []terminal.Service `json:"services"`
	Pending     int64              `json:"pending"`
	Missing     int64              `json:"missing"`
	Storable    bool               `json:"storable"`
	LastProblem *stdif.Problem     `json:"lastProblem"`
	Screen      ScreenState        `json:"screen" doc:"who sees and who operates it"`
	Drill       *DrillView         `json:"drill" doc:"a drill cuts the line on purpose"`
}

func or(name, id string) string {
	if name == "" {
		return id
	}
	return name
}

// linkOf is the view of one terminal.
func (s *Server) linkOf(n *names, t terminal.Terminal) Link {
	l, ok := n.links[t.ID]
	if !ok {
		l = terminal.Link{TerminalID: t.ID, State: terminal.Unknown, Since: t.EnrolledAt}
	}
	info := s.links.Info(t.ID)
	v := Link{
		ID: t.ID, Name: t.Name, Place: t.Place, Phone: t.Phone, State: l.Shown(), Since: l.Since, Services: t.Services,
		Pending: info.Pending, Missing: l.Missing, Storable: info.Storable || !info.Heard,
	}
	if v.Services == nil {
		v.Services = []terminal.Service{}
	}
	v.Drill = s.drillOf(n, t.ID)
	lease := n.screens[t.ID]
	lease.Terminal = t.ID
	v.Screen = s.screenOf(n, lease)
	if l.Problem != 0 {
		v.LastProblem = &stdif.Problem{Code: l.Problem}
	}
	return v
}

// summary is what a card shows of a report's words.
type summary struct {
	kind     stdif.IncidentType
	excerpt  string
	place    string
	proxy    bool
	severity *float64
	at       *stdif.Location // where a map of all reports marks it

	spots    []incident.Spot // what can be compared with other reports
	places   []string
	vehicles []string // keyed indexes
	located  string   // headquarters of the place, as the service says
}

const excerptLength = 120

func summarise(r *stdif.Report) summary {
	s := summary{kind: r.Kind, excerpt: stdif.Excerpt(r.Text, excerptLength), proxy: r.Proxy != nil, at: marked(r.Locations)}
	if r.Severity != nil {
		v := r.Severity.Value
		s.severity = &v
	}
	for _, l := range r.Locations {
		if line := stdif.OneLine(l); line != "" && (s.place == "" || l.Role == "caller" || l.Role == "incident") {
			s.place = line
			if l.Role == "caller" || l.Role == "incident" {
				break
			}
		}
	}
	return s
}

// summaries keeps what was read from frames: a report changes often while its
// words stay. Frames never change, so nothing here grows old; it only grows.
type summaries struct {
	mu sync.Mutex
	of map[string]summary
}

const maxSummaries = 8192

func (c *summaries) get(frame string) (summary, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.of[frame]
	return s, ok
}

func (c *summaries) put(frame string, s summary) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.of) >= maxSummaries {
		clear(c.of)
	}
	c.of[frame] = s
}

// content reads a stored frame. problem is set where it could not be read.
func content(f report.Frame) (*stdif.Report, []stdif.Problem, *stdif.Undecodable) {
	frame, p := open1.Decode(f.Body)
	if p != nil {
		return nil, nil, &stdif.Undecodable{Raw: stdif.Raw{MIME: "application/json", Bytes: f.Body}, Problem: *p}
	}
	in, warnings, p := open1.DecodeBody(frame)
	switch {
	case p != nil:
		return nil, nil, &stdif.Undecodable{Raw: stdif.Raw{MIME: "application/json", Bytes: f.Body}, Problem: *p}
	case in.Raw != nil:
		return nil, warnings, in.Raw
	case f.Problem != 0: // understood, but refused as a revision: its mode changed
		return in.Report, warnings, &stdif.Undecodable{Raw: stdif.Raw{MIME: "application/json", Bytes: f.Body}, Problem: stdif.Problem{Code: f.Problem, Place: f.Place}}
	}
	return in.Report, warnings, nil
}

// unreadable reports whether stored words are lost for good: their key was
// destroyed, their bytes are not what was sealed, or they are gone.
func unreadable(err error) bool {
	return errors.Is(err, seal.ErrSealed) || errors.Is(err, seal.ErrDestroyed) || err != nil && fault.Of(err) == fault.NotFound
}

func (s *Server) summary(ctx context.Context, r report.Report) (summary, error) {
	none := summary{kind: stdif.IncidentType{Code: r.Kind}}
	if !worded(r) {
		return none, nil
	}
	if known, ok := s.summaries.get(r.Frame); ok {
		return known, nil
	}
	f, err := s.store.Content().Frame(ctx, r.Frame)
	if unreadable(err) {
		s.log.WarnContext(ctx, "the words of a report cannot be opened", "report", r.ID, "err", err)
		return none, nil // one report that cannot be opened must not darken the board
	}
	if err != nil {
		return none, err
	}
	if known, ok := s.summaryOf(f); ok {
		return known, nil
	}
	return none, nil
}

// worded says that a card has words of its report to show.
func worded(r report.Report) bool { return r.Frame != "" && !r.Undecodable }

// summaryOf reads a frame for cards and remembers it; false where it has no words.
func (s *Server) summaryOf(f report.Frame) (summary, bool) {
	words, _, bad := content(f)
	if bad != nil || words == nil {
		return summary{}, false
	}
	known := summarise(words)
	if words.Routing != nil {
		known.located = words.Routing.LocatedHQ
	}
	known.spots, known.places = incident.Whereabouts(words.Locations)
	if words.Vehicle != nil && words.Vehicle.VIN != "" {
		known.vehicles = []string{s.store.VehicleIndex(words.Vehicle.VIN)}
	}
	s.summaries.put(f.ID, known)
	return known, true
}

// unsavedCard shows a message that could not be stored, from memory.
func unsavedCard(n *names, in act.Incoming, now time.Time) Card {
	service := n.services[in.Service]
	c := Card{
		ID: unsavedID(in.Frame), ServiceID: in.Service, ServiceName: or(service.Name, in.Service), TerminalID: in.Terminal, Mode: in.Mode,
		State: report.Presented, Unsaved: true, Kind: stdif.IncidentType{Code: stdif.KindOther}, EventTime: in.SentAt, ReceivedAt: now,
		UpdatedAt: now, Late: in.Late, Step: stdif.Spooled, OutputOnly: service.OutputOnly,
	}
	if !c.Mode.Valid() {
		c.Mode = stdif.Actual
	}
	switch {
	case in.Inbound.Report != nil:
		words := summarise(in.Inbound.Report)
		c.ServiceReportID, c.Revision, c.EventTime = in.Inbound.Report.ID, in.Inbound.Report.Revision, in.Inbound.Report.EventTime
		c.Kind, c.Excerpt, c.Place, c.Proxy, c.Severity = words.kind, words.excerpt, words.place, words.proxy, words.severity
	case in.Inbound.Chat != nil:
		c.ServiceReportID, c.Excerpt = in.Inbound.Chat.ReportID, stdif.Excerpt(in.Inbound.Chat.Text, excerptLength)
	case in.Inbound.State != nil:
		c.ServiceReportID = in.Inbound.State.ReportID
	default:
		c.Undecodable = true
	}
	return c
}

func unsavedID(frame string) string { return "unsaved/" + frame }

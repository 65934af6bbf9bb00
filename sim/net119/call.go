package net119

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Call is what a caller sends with one tap.
type Call struct {
	Person  string     `json:"person"`
	Kind    string     `json:"kind"`  // ems, fire, other
	Place   string     `json:"place"` // home, often:0, often:1 …, here
	Lat     *float64   `json:"lat,omitempty"`
	Lon     *float64   `json:"lon,omitempty"`
	RadiusM float64    `json:"radiusM,omitempty"`
	Address string     `json:"address,omitempty"` // 外出先, in the caller's words
	Text    string     `json:"text,omitempty"`
	Mode    stdif.Mode `json:"mode"`
}

// What a caller's page can be refused for. The texts are codes that the page
// has words for; they hold nothing of what was sent.
var (
	ErrPerson  = errors.New("unknown-person")
	ErrKind    = errors.New("unknown-kind")
	ErrPlace   = errors.New("no-place")
	ErrMode    = errors.New("no-mode")
	ErrTooLong = errors.New("too-long")
	ErrUnknown = errors.New("unknown-call")
	ErrEnded   = errors.New("call-ended")
)

var labels = map[string]string{stdif.KindEMS: "救急", stdif.KindFire: "火事", stdif.KindOther: "その他"}

// localCodes are the service's own codes of the kinds.
var localCodes = map[string]string{stdif.KindEMS: "2", stdif.KindFire: "1", stdif.KindOther: "9"}

// Mail is a mail of the service to the caller: the confirmation of a report,
// or a call-back when headquarters writes and the caller's page is not there.
type Mail struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"` // confirmation, call-back
}

// session is one call with everything that was said in it. It is kept whole in
// the journal.
type session struct {
	ID      string              `json:"id"`
	Token   string              `json:"token"`
	Call    Call                `json:"call"`
	Report  stdif.Report        `json:"report"`
	Chat    []stdif.ChatMessage `json:"chat,omitempty"`
	Lost    []string            `json:"lost,omitempty"` // ids of lines that the terminal refused
	Status  *open1.Status       `json:"status,omitempty"`
	Mails   []Mail              `json:"mails,omitempty"`
	Ended   bool                `json:"ended,omitempty"`
	Gone    bool                `json:"gone,omitempty"` // the caller's page is lost
	Claimed bool                `json:"claimed,omitempty"`
	Closed  bool                `json:"closed,omitempty"`
	Reason  string              `json:"reason,omitempty"`
	Unshown []string            `json:"unshown,omitempty"` // lines of headquarters that no page of the caller has shown
	Called  []string            `json:"called,omitempty"`  // call-backs that were done

	mailed   []string  // call-backs whose receipt is still to be said
	pages    int       // streams of the caller's page that stand now
	lastSeen time.Time // when the last of them stood
}

func (c *Cloud) newSession(call Call, now time.Time) (*session, error) {
	p, ok := c.person(call.Person)
	switch {
	case !ok:
		return nil, ErrPerson
	case labels[call.Kind] == "":
		return nil, ErrKind
	case !call.Mode.Valid():
		return nil, ErrMode
	case utf8.RuneCountInString(call.Text) > stdif.MaxText, utf8.RuneCountInString(call.Address) > stdif.MaxShort:
		return nil, ErrTooLong
	}
	where, err := locations(p, call, now)
	if err != nil {
		return nil, err
	}
	id := fmt.Sprintf("N-%s-%s", now.In(jst).Format("20060102-150405"), rand.Text()[:6])
	s := &session{ID: id, Token: rand.Text(), Call: call, lastSeen: now}
	s.Report = stdif.Report{
		ID: id, Revision: 1, EventTime: now.In(jst),
		Kind:      stdif.IncidentType{Code: call.Kind, LocalCode: localCodes[call.Kind], Label: labels[call.Kind]},
		Text:      call.Text,
		Locations: where, Subscriber: &p.Subscriber, Medical: p.Medical, Contacts: p.Contacts,
		Routing: c.route(call),
	}
	s.Mails = append(s.Mails, Mail{At: now, Kind: "confirmation"})
	return s, nil
}

var jst = time.FixedZone("JST", 9*60*60)

func home(p Person) stdif.Location {
	return stdif.Location{Role: "registered-home", Shape: "civic", Civic: &p.Home, Method: "registered", Label: "自宅"}
}

// locations puts the chosen place first and adds the registered home: several
// are sent, none is picked for the reader (standard-interface §2.6).
func locations(p Person, call Call, now time.Time) ([]stdif.Location, error) {
	switch {
	case call.Place == "home":
		caller := home(p)
		caller.Role = "caller"
		return []stdif.Location{caller}, nil
	case strings.HasPrefix(call.Place, "often:"):
		var n int
		if _, err := fmt.Sscanf(call.Place, "often:%d", &n); err != nil || n < 0 || n >= len(p.Often) {
			return nil, ErrPlace
		}
		o := p.Often[n]
		return []stdif.Location{{Role: "caller", Shape: "civic", Civic: &o.Civic, Method: "registered", Label: o.Label}, home(p)}, nil
	case call.Place == "here":
		here, err := position(call, now)
		if err != nil {
			return nil, err
		}
		return []stdif.Location{here, home(p)}, nil
	}
	return nil, ErrPlace
}

func position(call Call, now time.Time) (stdif.Location, error) {
	l := stdif.Location{Role: "caller", Lat: call.Lat, Lon: call.Lon, RadiusM: call.RadiusM, Label: "外出先", AcquiredAt: &now, Method: "gnss", Shape: "point"}
	if call.Address != "" {
		l.Civic = &stdif.Civic{Line: call.Address}
	}
	switch {
	case l.HasPosition() && l.RadiusM > 0 && l.RadiusM < 1e6:
		l.Shape, l.Confidence = "circle", 0.95
	case l.HasPosition() && l.RadiusM == 0:
	case call.Lat == nil && call.Lon == nil && call.Address != "":
		l.Shape, l.Method, l.AcquiredAt = "civic", "manual", nil
	default:
		return stdif.Location{}, ErrPlace
	}
	return l, nil
}

// placeLabel is what the caller chose, for the pages.
func (s *session) placeLabel() string {
	if len(s.Report.Locations) == 0 {
		return ""
	}
	l := s.Report.Locations[0]
	if l.Civic == nil {
		return l.Label
	}
	return l.Label + " " + civic(*l.Civic)
}

func civic(a stdif.Civic) string {
	return strings.TrimSpace(a.Prefecture + a.City + a.Line + " " + a.Building + " " + a.Room)
}

// step returns how far the report has come, "" while the terminal has not
// answered: then it waits in the cloud.
func (s *session) step() stdif.AckStep {
	if s.Status == nil {
		return ""
	}
	return s.Status.Step
}

// hear takes a status unless it says less than is known already. Steps never
// go back, whatever order the answers come in.
func (s *session) hear(st open1.Status) bool {
	if st.Step == "" || s.Status != nil && st.Step.Before(s.Status.Step) {
		return false
	}
	s.Status = &st
	s.Claimed = s.Claimed || st.Claimed
	s.Closed = s.Closed || st.Closed
	return true
}

func (s *session) has(chatID string) bool {
	return slices.ContainsFunc(s.Chat, func(m stdif.ChatMessage) bool { return m.ID == chatID })
}

// Line is a chat line with whether it went through.
type Line struct {
	stdif.ChatMessage
	Lost bool `json:"lost,omitempty"`
}

// View is one call as the pages show it.
type View struct {
	ReportID  string               `json:"reportId"`
	Revision  int64                `json:"revision"`
	At        time.Time            `json:"at"`
	Mode      stdif.Mode           `json:"mode"`
	Kind      string               `json:"kind"`
	Place     string               `json:"place"`
	Text      string               `json:"text,omitempty"`
	Locations []stdif.Location     `json:"locations,omitempty"`
	Person    stdif.SubscriberInfo `json:"person"`
	Medical   *stdif.Medical       `json:"medical,omitempty"`
	Contacts  []stdif.Contact      `json:"contacts,omitempty"`
	Step      stdif.AckStep        `json:"step"` // "" while it waits in the cloud
	Linked    bool                 `json:"linked"`
	Say       open1.Say            `json:"say"`
	Problem   *stdif.Problem       `json:"problem,omitempty"`
	Claimed   bool                 `json:"claimed"`
	Closed    bool                 `json:"closed"`
	Reason    string               `json:"reason,omitempty"`
	Ended     bool                 `json:"ended"`
	Gone      bool                 `json:"gone"`
	Waiting   int                  `json:"waiting"`  // items of this call that the terminal has not taken
	Handover  bool                 `json:"handover"` // somebody hands over now
	Chat      []Line               `json:"chat"`
	Mails     []Mail               `json:"mails,omitempty"`
}

// view owns c.mu.
func (c *Cloud) view(s *session) View {
	v := View{
		ReportID: s.ID, Revision: s.Report.Revision, At: s.Report.EventTime, Mode: s.Call.Mode, Kind: s.Call.Kind,
		Place: s.placeLabel(), Text: s.Call.Text, Locations: s.Report.Locations, Person: *s.Report.Subscriber,
		Medical: s.Report.Medical, Contacts: s.Report.Contacts, Step: s.step(),
		Claimed: s.Claimed, Closed: s.Closed, Reason: s.Reason, Ended: s.Ended, Gone: s.Gone,
		Waiting: c.queue.waiting(s.ID), Handover: c.takers > 0, Chat: []Line{}, Mails: slices.Clone(s.Mails),
	}
	if s.Status != nil {
		v.Linked, v.Say, v.Problem = s.Status.Linked, s.Status.Say, s.Status.Problem
	}
	for _, m := range s.Chat {
		v.Chat = append(v.Chat, Line{m, slices.Contains(s.Lost, m.ID)})
	}
	return v
}

// route decides by position which headquarters the call is for (standard-
// interface §2.2). One that is no member of the service has no terminal: the
// headquarters of registration gets the call and telephones.
func (c *Cloud) route(call Call) *stdif.Routing {
	r := &stdif.Routing{RegisteredHQ: exampleHQ, LocatedHQ: exampleHQ, HandledHQ: exampleHQ, Handover: "wire"}
	if call.Lat == nil || call.Lon == nil {
		return r
	}
	for _, a := range c.cfg.Outside {
		if *call.Lat >= a.South && *call.Lat <= a.North && *call.Lon >= a.West && *call.Lon <= a.East {
			r.LocatedHQ, r.Handover = a.HQ, "telephone"
		}
	}
	return r
}

// Area is where another headquarters answers that is no member of the service.
type Area struct {
	HQ                       string
	South, West, North, East float64
}

// Outside are made-up neighbours of the example city.
func Outside() []Area {
	return []Area{{HQ: "279998", South: 34.60, West: 135.60, North: 34.80, East: 135.90}, {HQ: "289999", South: 34.60, West: 134.80, North: 34.85, East: 135.30}}
}

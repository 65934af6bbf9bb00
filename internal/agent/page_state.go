package agent

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
)

// What the page shows at most: it is read anew at each change.
const (
	shownOpen   = 100
	shownClosed = 20
	shownRings  = 200
	// changeEvery is how often a page is told at most that something changed: a
	// person cannot read faster, and reports must not wait for pages.
	changeEvery = 250 * time.Millisecond
)

// pageReport is one report as the page shows it.
type pageReport struct {
	ServiceID    string              `json:"serviceId"`
	ServiceName  string              `json:"serviceName"`
	OutputOnly   bool                `json:"outputOnly"`
	ReportID     string              `json:"reportId"`
	Revision     int64               `json:"revision"`
	Mode         stdif.Mode          `json:"mode"`
	Step         stdif.AckStep       `json:"step"`
	At           time.Time           `json:"at"`
	Kind         stdif.IncidentType  `json:"kind"`
	Text         string              `json:"text"`
	Place        string              `json:"place"`
	Claimed      bool                `json:"claimed"`
	Closed       bool                `json:"closed"`
	HandledAlone bool                `json:"handledAlone"`
	Ended        bool                `json:"ended"`
	Ringing      bool                `json:"ringing"`
	Unsaved      bool                `json:"unsaved"` // not on disk: refused to the service, shown from memory
	Undecodable  bool                `json:"undecodable"`
	Elsewhere    bool                `json:"elsewhere"` // another terminal holds it: number and kind are all that is known here
	Raised       bool                `json:"raised"`    // worked on as actual, whatever was sent
	Chat         []stdif.ChatMessage `json:"chat"`
	Report       *stdif.Report       `json:"report"`
	Problem      *stdif.Problem      `json:"problem"`
}

type pageState struct {
	TerminalID   string       `json:"terminalId"`
	Name         string       `json:"name"`
	Headquarters string       `json:"headquarters"`
	Link         pageLink     `json:"link"`
	Storable     bool         `json:"storable"`
	Screen       pageScreen   `json:"screen"`
	Rings        []string     `json:"rings"`
	Reports      []pageReport `json:"reports"`
	More         bool         `json:"more"` // there are more open reports than are shown
}

type pageLink struct {
	State string    `json:"state"`
	Since time.Time `json:"since"`
}

// cached is what of a report must be opened and decoded to be shown; it is good
// until the report is touched again.
type cached struct {
	touched time.Time
	part    pageReport
}

// pageState answers what the page shows: what rings first, then what is open.
func (a *Agent) pageState(w http.ResponseWriter, r *http.Request) {
	s := pageState{Name: a.c.Name, Storable: a.spool.Storable() == nil, Screen: a.pageScreen(), Rings: []string{}, Reports: []pageReport{}}
	if m := a.member.Load(); m != nil {
		s.TerminalID, s.Headquarters = m.TerminalID, m.HeadquartersName
	}
	up, since := a.link.state()
	s.Link = pageLink{State: "down", Since: since.UTC()}
	if up {
		s.Link.State = "up"
	}
	if err := a.fill(r.Context(), &s); err != nil {
		a.fail(w, r, err)
		return
	}
	reply(w, http.StatusOK, s)
}

func (a *Agent) fill(ctx context.Context, s *pageState) error {
	for _, l := range a.unsaved.all() {
		p := a.lostReport(l)
		s.add(p)
	}
	for _, b := range a.bells.all(time.Now()) {
		s.add(bellReport(b))
	}
	ringing, err := a.spool.Ringing(ctx, a.alone(), shownRings)
	if err != nil {
		return err
	}
	listed, err := a.spool.Reports(ctx, shownOpen, shownClosed)
	if err != nil {
		return err
	}
	open := 0
	there := map[string]bool{}
	keep := map[string]cached{}
	for i, rep := range append(ringing, listed...) {
		name := rep.Service + "\n" + rep.ID
		if i >= len(ringing) && !rep.Closed {
			open++
		}
		if there[name] {
			continue
		}
		there[name] = true
		p, err := a.show(ctx, rep, keep)
		if err != nil {
			return err
		}
		p.Ringing = i < len(ringing)
		s.add(p)
	}
	a.page.cacheMu.Lock()
	a.page.cache = keep // what is not shown any more is forgotten
	a.page.cacheMu.Unlock()
	s.More = open == shownOpen
	return nil
}

func (s *pageState) add(p pageReport) {
	if p.Ringing {
		s.Rings = append(s.Rings, p.ReportID)
	}
	s.Reports = append(s.Reports, p)
}

// show makes a report readable. The opened part is kept between changes.
func (a *Agent) show(ctx context.Context, rep spool.Report, keep map[string]cached) (pageReport, error) {
	name := rep.Service + "\n" + rep.ID
	a.page.cacheMu.Lock()
	c, ok := a.page.cache[name]
	a.page.cacheMu.Unlock()
	if !ok || !c.touched.Equal(rep.TouchedAt) {
		body, raw, err := a.spool.Body(ctx, rep)
		if err != nil {
			return pageReport{}, err
		}
		c = cached{rep.TouchedAt, a.parts(body, raw)}
		if c.part.Chat, err = a.spool.Chat(ctx, rep); err != nil {
			return pageReport{}, err
		}
	}
	keep[name] = c
	p, v := c.part, a.serv.get(rep.Service)
	p.ServiceID, p.ServiceName, p.OutputOnly, p.ReportID = rep.Service, v.Name, !a.serv.takes(rep.Service, stdif.VerbMessage), rep.ID
	p.Revision, p.Mode, p.Step, p.At = rep.Revision, rep.Mode, rep.Step, rep.FirstAt
	p.Claimed, p.Closed, p.HandledAlone, p.Ended = rep.Claimed, rep.Closed, rep.HandledAlone, rep.Ended
	p.Undecodable, p.Problem, p.Raised = rep.Undecodable, rep.Problem, rep.Raised
	if p.Raised {
		p.Mode = stdif.Actual
	}
	return p, nil
}

// parts takes out of a body what the list shows.
func (a *Agent) parts(body *stdif.Report, raw *stdif.Undecodable) pageReport {
	p := pageReport{Chat: []stdif.ChatMessage{}, Report: body}
	switch {
	case body != nil:
		p.Kind, p.Text, p.Place = body.Kind, body.Text, placeOf(body.Locations)
	case raw != nil:
		p.Text = strings.ToValidUTF8(string(raw.Raw.Bytes[:min(len(raw.Raw.Bytes), 4*stdif.MaxText)]), "\ufffd")
	}
	return p
}

// placeOf is the first place in one line, a point without words included.
// Nothing is picked for the reader: the report itself lists all of them.
func placeOf(all []stdif.Location) string {
	for _, l := range all {
		if line := stdif.OneLine(l); line != "" {
			return line
		}
	}
	return ""
}

// lostReport shows what is in memory only.
func (a *Agent) lostReport(l lost) pageReport {
	p := a.parts(l.Inbound.Report, l.Inbound.Raw)
	v := a.serv.get(l.Service)
	p.ServiceID, p.ServiceName, p.OutputOnly, p.ReportID = l.Service, v.Name, true, l.id()
	p.Mode, p.Step, p.At, p.Unsaved = l.mode(), stdif.Spooled, l.at.UTC(), true
	p.Ringing = !l.quiet && p.Mode == stdif.Actual
	if rep := l.Inbound.Report; rep != nil {
		p.Revision = rep.Revision
	}
	if raw := l.Inbound.Raw; raw != nil {
		p.Undecodable, p.Problem = true, &raw.Problem
	}
	return p
}

// pageEvents tells the page that something changed, and every second that the
// terminal lives: a page without a beat for 3 s says so aloud.
func (a *Agent) pageEvents(w http.ResponseWriter, r *http.Request) {
	changed, leave := a.hub.watch()
	defer leave()
	s := newStream(w)
	beat := time.NewTicker(time.Second)
	defer beat.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	var waiting <-chan struct{} // nil during the pause after a change
	err := s.send("", "changed", struct{}{})
	for err == nil {
		select {
		case <-r.Context().Done():
			return
		case <-pause.C:
			waiting = changed
		case <-waiting:
			err = s.send("", "changed", struct{}{})
			waiting = nil
			pause.Reset(changeEvery)
		case <-beat.C:
			err = s.send("", "beat", struct{}{})
		}
	}
}

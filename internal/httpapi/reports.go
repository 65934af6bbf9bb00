package httpapi

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
)

// Detail is one report with everything that may be read of it.
type Detail struct {
	Card      Card            `json:"card"`
	Report    *stdif.Report   `json:"report"`
	Raw       *RawView        `json:"raw" doc:"what a report that could not be decoded looks like"`
	Problem   *stdif.Problem  `json:"problem"`
	Warnings  []stdif.Problem `json:"warnings"`
	Revisions []Revision      `json:"revisions"`
	Chat      []Line          `json:"chat"`
	Timeline  []Moment        `json:"timeline"`
	// HasMedical says that there is a medical part; POST /reports/{id}/medical reads it.
	HasMedical bool         `json:"hasMedical"`
	Media      []MediumView `json:"media"`
	Videos     []Video      `json:"videos" doc:"requests for video that were asked from it, or that it answers"`
	Contacts   []Contact    `json:"contacts" doc:"telephone calls, call-backs and clips"`
	Changed    *Difference  `json:"changed" doc:"what the present revision says otherwise than the one before"`
	Notes      []NoteView   `json:"notes" doc:"what persons added in words to a take-over or a raising"`
}

// RawView shows bytes as text, with a replacement sign where they are none.
type RawView struct {
	MIME  string `json:"mime"`
	Text  string `json:"text"`
	Bytes int    `json:"bytes"`
}

// Revision is one revision that came.
type Revision struct {
	Revision   int64     `json:"revision"`
	ReceivedAt time.Time `json:"receivedAt"`
	Late       bool      `json:"late"`
}

// Line is one line of the dialog.
type Line struct {
	ID       string         `json:"id"`
	From     stdif.ChatFrom `json:"from"`
	At       time.Time      `json:"at"`
	Text     string         `json:"text"`
	By       *Doer          `json:"by"`
	Delivery string         `json:"delivery,omitempty"`
}

// Doer is who did something, in words.
type Doer struct {
	ConsoleName string `json:"consoleName,omitempty"`
	PersonName  string `json:"personName,omitempty"`
	ClientName  string `json:"clientName,omitempty" doc:"the program that carried it, or did it as a machine"`
	TerminalID  string `json:"terminalId,omitempty"`
	ServiceID   string `json:"serviceId,omitempty"`
	System      string `json:"system,omitempty"`
}

// Moment is one step of a report's history, from the evidence log.
type Moment struct {
	At    time.Time         `json:"at"`
	Act   string            `json:"act"`
	By    Doer              `json:"by"`
	Facts map[string]string `json:"facts,omitempty"`
}

// reportInput stands alone: huma reads no tags of an embedded type whose name
// is not exported, so inputs with a body repeat the id.
type reportInput struct {
	ID string `path:"id" maxLength:"64"`
}

const maxTimeline = 500

func (s *Server) readReport(ctx context.Context, id authn.Identity, in *reportInput) (Detail, error) {
	var d Detail
	r, err := s.store.Reports().Report(ctx, in.ID)
	if err != nil {
		return d, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return d, err
	}
	if d.Card, err = s.card(ctx, n, r); err != nil {
		return d, err
	}
	if d.Card.Close != nil {
		if d.Card.Close.Note, err = s.store.Content().CloseNote(ctx, r.ID); err != nil {
			return d, err
		}
	}
	for _, part := range []func() error{
		func() error { return s.readWords(ctx, r, &d) },
		func() error { return s.readRevisions(ctx, r, &d) },
		func() error { return s.readChat(ctx, n, r, &d) },
		func() error { return s.readTimeline(ctx, n, r, &d) },
		func() error { return s.readMedia(ctx, id, r, &d) },
		func() error { return s.readServed(ctx, n, r, &d) },
		func() error { return s.readDifference(ctx, r, &d) },
		func() error { return s.readNotes(ctx, n, r, &d) },
	} {
		if err := part(); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (s *Server) readWords(ctx context.Context, r report.Report, d *Detail) error {
	d.Warnings = []stdif.Problem{}
	if r.Frame == "" {
		return nil // only words about it have come yet
	}
	f, err := s.store.Content().Frame(ctx, r.Frame)
	if unreadable(err) {
		d.Problem = &stdif.Problem{Code: stdif.CodeInternal} // who, when and what was done is still told
		return nil
	}
	if err != nil {
		return err
	}
	words, warnings, bad := content(f)
	d.Report = words
	d.Warnings = append(d.Warnings, warnings...)
	if bad != nil {
		d.Problem = &bad.Problem
		d.Raw = &RawView{MIME: bad.Raw.MIME, Text: shown(bad.Raw.Bytes), Bytes: len(bad.Raw.Bytes)}
	}
	if words != nil && words.Medical != nil {
		d.HasMedical, words.Medical = true, nil
	}
	return nil
}

// openMedical answers the medical part after the entry about it is durable.
func (s *Server) openMedical(ctx context.Context, id authn.Identity, in *reportInput) (stdif.Medical, error) {
	r, err := s.store.Reports().Report(ctx, in.ID)
	if err != nil {
		return stdif.Medical{}, err
	}
	if r.Frame == "" {
		return stdif.Medical{}, fault.New(fault.NotFound, "report.unknown")
	}
	f, err := s.store.Content().Frame(ctx, r.Frame)
	if err != nil {
		return stdif.Medical{}, err
	}
	words, _, _ := content(f)
	if words == nil || words.Medical == nil {
		return stdif.Medical{}, fault.New(fault.NotFound, "report.no-medical")
	}
	if err := s.acts.OpenMedical(ctx, s.whoOf(id), in.ID); err != nil {
		return stdif.Medical{}, err
	}
	return *words.Medical, nil
}

// shown makes bytes legible: replacement signs where they are not UTF-8, no
// control characters.
func shown(raw []byte) string {
	return stdif.Clean(strings.ToValidUTF8(string(raw), string(utf8.RuneError)))
}

func (s *Server) readRevisions(ctx context.Context, r report.Report, d *Detail) error {
	d.Revisions = []Revision{}
	frames, err := s.store.Content().Frames(ctx, r.ID)
	for _, f := range frames {
		if f.Revision > 0 {
			d.Revisions = append(d.Revisions, Revision{f.Revision, f.ReceivedAt, f.Late})
		}
	}
	return err
}

func (s *Server) readChat(ctx context.Context, n *names, r report.Report, d *Detail) error {
	d.Chat = []Line{}
	lines, err := s.store.Content().Chat(ctx, r.ID)
	for _, c := range lines {
		l := Line{ID: c.ID, From: c.From, At: c.At, Text: c.Text, Delivery: c.Delivery}
		if c.By.Console != "" {
			l.By = &Doer{ConsoleName: or(n.consoles[c.By.Console], c.By.Console), PersonName: or(n.persons[c.By.Person], c.By.Person)}
		}
		d.Chat = append(d.Chat, l)
	}
	return err
}

func (s *Server) readTimeline(ctx context.Context, n *names, r report.Report, d *Detail) error {
	d.Timeline = []Moment{}
	entries, err := s.store.History(ctx, "report/"+r.ID, maxTimeline)
	for _, e := range entries {
		d.Timeline = append(d.Timeline, momentOf(n, e))
	}
	return err
}

func momentOf(n *names, e audit.Body) Moment {
	m := Moment{
		At: time.UnixMicro(e.At).UTC(), Act: e.Act, Facts: n.inFacts(e.Facts),
		By: Doer{TerminalID: e.Actor.Terminal, ServiceID: e.Actor.Service, System: e.Actor.System},
	}
	if e.Actor.Console != "" {
		m.By.ConsoleName = or(n.consoles[e.Actor.Console], e.Actor.Console)
	}
	if e.Actor.Client != "" {
		m.By.ClientName = or(n.clients[e.Actor.Client], e.Actor.Client)
	}
	if e.Actor.Person != "" {
		m.By.PersonName = or(n.persons[e.Actor.Person], e.Actor.Person)
	}
	return m
}

type listInput struct {
	State  string    `query:"state" enum:"open,closed" default:"open"`
	Before time.Time `query:"before" doc:"closed ones received before this time"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (s *Server) listReports(ctx context.Context, _ authn.Identity, in *listInput) ([]Card, error) {
	n, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	var found []report.Report
	if in.State == "closed" {
		before := in.Before
		if before.IsZero() {
			before = s.now().Add(24 * time.Hour) // also what a clock that ran ahead wrote
		}
		found, err = s.store.Reports().Closed(ctx, before, in.Limit)
	} else {
		found, err = s.store.Reports().Board(ctx)
	}
	if err != nil {
		return nil, err
	}
	return s.cards(ctx, n, found)
}

type searchInput struct {
	Body struct {
		Phone string `json:"phone" minLength:"6" maxLength:"40"`
	}
}

// searchReports takes the number in the body: a URL ends up in logs.
func (s *Server) searchReports(ctx context.Context, _ authn.Identity, in *searchInput) ([]Card, error) {
	index := s.store.PhoneIndex(in.Body.Phone)
	if index == "" {
		return nil, fault.New(fault.Invalid, "input.invalid", "place", "phone")
	}
	n, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.store.Reports().ByPhone(ctx, index, 100)
	if err != nil {
		return nil, err
	}
	return s.cards(ctx, n, found)
}

func (s *Server) openReport(ctx context.Context, id authn.Identity, in *reportInput) (nothing, error) {
	return nothing{}, s.acts.Open(ctx, s.whoOf(id), in.ID)
}

func (s *Server) claimReport(ctx context.Context, id authn.Identity, in *reportInput) (Card, error) {
	if err := s.acts.Claim(ctx, s.whoOf(id), in.ID); err != nil {
		return Card{}, err
	}
	return s.freshCard(ctx, in.ID)
}

func (s *Server) freshCard(ctx context.Context, id string) (Card, error) {
	n, err := s.names(ctx)
	if err != nil {
		return Card{}, err
	}
	c, err := s.cardOf(ctx, n, id)
	if err != nil {
		return Card{}, err
	}
	if c == nil {
		return Card{}, fault.New(fault.NotFound, "report.unknown")
	}
	return *c, nil
}

func (s *Server) releaseReport(ctx context.Context, id authn.Identity, in *reportInput) (nothing, error) {
	return nothing{}, s.acts.Release(ctx, s.whoOf(id), in.ID)
}

type closeInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Reason string `json:"reason" enum:"handled,duplicate,mistaken,exercise-over,no-answer,transferred,handled-alone,safety"`
		Note   string `json:"note,omitempty" maxLength:"4000"`
	}
}

func (s *Server) closeReport(ctx context.Context, id authn.Identity, in *closeInput) (nothing, error) {
	return nothing{}, s.acts.Close(ctx, s.whoOf(id), in.ID, in.Body.Reason, in.Body.Note)
}

type chatInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		ID   string `json:"id" minLength:"1" maxLength:"128" doc:"made by the page; a repeat is the same line"`
		Text string `json:"text" minLength:"1" maxLength:"16000"`
	}
}

func (s *Server) sendChat(ctx context.Context, id authn.Identity, in *chatInput) (nothing, error) {
	return nothing{}, s.acts.Say(ctx, s.whoOf(id), in.ID, in.Body.ID, in.Body.Text)
}

// Asked names a data request; its answer comes through the feed.
type Asked struct {
	ID string `json:"id"`
}

func (s *Server) requestReport(ctx context.Context, id authn.Identity, in *reportInput) (Asked, error) {
	r, err := s.store.Reports().Report(ctx, in.ID)
	if err != nil {
		return Asked{}, err
	}
	if err := s.reachable(ctx, r.Terminal); err != nil {
		return Asked{}, err
	}
	request, err := s.acts.RequestReport(ctx, s.whoOf(id), in.ID)
	return Asked{request}, err
}

func (s *Server) requestTerminal(ctx context.Context, id authn.Identity, in *reportInput) (Asked, error) {
	if err := s.reachable(ctx, in.ID); err != nil {
		return Asked{}, err
	}
	request, err := s.acts.RequestTerminal(ctx, s.whoOf(id), in.ID)
	return Asked{request}, err
}

// reachable refuses a question that nobody would answer now: the person is told
// where to walk instead of waiting.
func (s *Server) reachable(ctx context.Context, terminalID string) error {
	t, err := s.store.Terminals().Terminal(ctx, terminalID)
	if err != nil {
		return err
	}
	if !s.links.Ready(terminalID) {
		return fault.New(fault.Unavailable, "terminal.down", "name", t.Name, "place", t.Place, "phone", t.Phone)
	}
	return nil
}

func (s *Server) listTerminals(ctx context.Context, _ authn.Identity, _ *nothing) ([]Link, error) {
	n, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	return s.linksOf(n), nil
}

func (s *Server) linksOf(n *names) []Link {
	out := make([]Link, 0, len(n.terminals))
	for _, t := range n.sortedTerminals() {
		if t.RevokedAt.IsZero() {
			out = append(out, s.linkOf(n, t))
		}
	}
	return out
}

type enrolInput struct{ Body Enrolling }

func (s *Server) enrolTerminal(ctx context.Context, id authn.Identity, in *enrolInput) (Link, error) {
	t, err := s.enrol(ctx, s.whoOf(id), in.Body)
	if err != nil {
		return Link{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return Link{}, err
	}
	return s.linkOf(n, t), nil
}

func (n *names) sortedTerminals() []terminal.Terminal {
	out := make([]terminal.Terminal, 0, len(n.terminals))
	for _, t := range n.terminals {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b terminal.Terminal) int { return strings.Compare(a.ID, b.ID) })
	return out
}

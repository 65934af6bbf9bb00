package httpapi

import (
	"context"
	"maps"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
)

// deskRoutes are those of claims that change hands, of the missed panel, of
// raising, of shifts and of paper.
func (s *Server) deskRoutes(b *binder) {
	post(b, "/reports/{id}/take-over", authz.ClaimTakeOver, "Take it out of another seat's charge, with a reason", s.takeOver)
	post(b, "/reports/{id}/offer", authz.ClaimOffer, "Offer the claim to another console, or to all (*)", s.offerClaim)
	post(b, "/reports/{id}/offer/withdraw", authz.ClaimOffer, "Take the offer back", s.withdrawOffer)
	post(b, "/reports/{id}/offer/accept", authz.ClaimAccept, "Take what was offered; one winner", s.acceptOffer)
	post(b, "/reports/{id}/offer/refuse", authz.ClaimAccept, "Say no to an offer made to this console", s.refuseOffer)
	post(b, "/reports/{id}/raise", authz.ReportRaise, "Make an actual report of an exercise; never the reverse", s.raiseReport)
	post(b, "/report-entries", authz.ReportEnter, "Enter from paper what came during an outage; it never rings", s.enterReport)

	get(b, "/missed", authz.MissedRead, "The missed panel: what nobody took in time, until a person says what became of it", s.listMissed)
	get(b, "/missed/acknowledged", authz.MissedRead, "What was taken off the missed panel within a time", s.listMissedDone)
	post(b, "/missed/{id}/acknowledge", authz.MissedAcknowledge, "Take one entry off the missed panel, with what became of it", s.acknowledgeMissed)

	get(b, "/shift", authz.ShiftRead, "The shift at this console, what was left for it, and what it holds", s.readShift)
	post(b, "/shift", authz.ShiftKeep, "Begin the shift: the ring was heard, or a reason why not", s.beginShift)
	post(b, "/shift/volume", authz.ShiftKeep, "Set how loud the seat rings; never below the floor", s.quietShift)
	post(b, "/shift/hand-over", authz.ShiftHandOver, "End the shift with a note for whoever comes", s.handOver)
	post(b, "/shift/hand-overs/{id}/take", authz.ShiftHandOver, "Confirm having read it; the claims come along", s.takeHandOver)

	b.raw("GET /api/v1/board/print", authz.BoardPrint, s.printBoard)
}

// Taken says from whom the present claim came.
type Taken struct {
	ConsoleID   string `json:"consoleId"`
	ConsoleName string `json:"consoleName"`
	PersonName  string `json:"personName"`
	Reason      string `json:"reason" doc:"empty when it was handed over or taken back"`
	Handed      bool   `json:"handed" doc:"by offer, with the shift, or taken back: nobody lost anything"`
}

// Offered is a claim that its holder wants to give away.
type Offered struct {
	To     string    `json:"to" doc:"a console, or * for all"`
	ToName string    `json:"toName"`
	At     time.Time `json:"at"`
}

// Raising says who made an actual report of an exercise or a test.
type Raising struct {
	ConsoleName string     `json:"consoleName"`
	PersonName  string     `json:"personName"`
	At          time.Time  `json:"at"`
	Reason      string     `json:"reason"`
	Sent        stdif.Mode `json:"sent" enum:"exercise,test" doc:"the mode that the service sent and goes on in"`
	Was         string     `json:"was" doc:"its number before"`
}

// Entering says who typed a report in from paper.
type Entering struct {
	ConsoleName string    `json:"consoleName"`
	PersonName  string    `json:"personName"`
	At          time.Time `json:"at"`
}

// NoteView is what a person added in words.
type NoteView struct {
	Act  string    `json:"act"`
	At   time.Time `json:"at"`
	By   Doer      `json:"by"`
	Text string    `json:"text"`
}

func (n *names) whom(by report.By) Doer {
	return Doer{ConsoleName: or(n.consoles[by.Console], by.Console), PersonName: or(n.persons[by.Person], by.Person)}
}

// deskOf puts on the card what was done with its claim and its mode.
func (c *Card) deskOf(n *names, r report.Report) {
	if r.Before.Console != "" {
		d := n.whom(r.Before.By)
		c.Taken = &Taken{r.Before.Console, d.ConsoleName, d.PersonName, r.Before.Reason, r.Before.Handed}
	}
	if r.Offer.To != "" {
		c.Offer = &Offered{r.Offer.To, n.consoles[r.Offer.To], r.Offer.At}
	}
	if r.Offer.Refused != "" {
		c.OfferRefused = or(n.consoles[r.Offer.Refused], r.Offer.Refused)
	}
	if !r.Raised.At.IsZero() {
		d := n.whom(r.Raised.By)
		c.Raised = &Raising{d.ConsoleName, d.PersonName, r.Raised.At, r.Raised.Reason, r.Mode, r.Raised.Number}
	}
	if !r.Entered.At.IsZero() {
		d := n.whom(r.Entered.By)
		c.Entered = &Entering{d.ConsoleName, d.PersonName, r.Entered.At}
	}
}

// inFacts puts names in the place of ids.
func (n *names) inFacts(facts map[string]string) map[string]string {
	out := maps.Clone(facts)
	for _, key := range []string{"fromConsole", "console", "to"} {
		if name := n.consoles[out[key]]; name != "" {
			out[key] = name
		}
	}
	if name := n.persons[out["fromPerson"]]; name != "" {
		out["fromPerson"] = name
	}
	return out
}

func (s *Server) readNotes(ctx context.Context, n *names, r report.Report, d *Detail) error {
	d.Notes = []NoteView{}
	notes, err := s.store.Panel().Notes(ctx, r.ID)
	for _, v := range notes {
		d.Notes = append(d.Notes, NoteView{v.Kind, v.At, n.whom(v.By), v.Text})
	}
	return err
}

type takeOverInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Reason string `json:"reason,omitempty" enum:"no-response,away,overloaded,supervision,other," doc:"may be empty within 20 s after losing it"`
		Note   string `json:"note,omitempty" maxLength:"4000"`
	}
}

func (s *Server) takeOver(ctx context.Context, id authn.Identity, in *takeOverInput) (Card, error) {
	if err := s.acts.TakeOver(ctx, s.whoOf(id), in.ID, in.Body.Reason, in.Body.Note); err != nil {
		return Card{}, err
	}
	return s.freshCard(ctx, in.ID)
}

type offerInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		To string `json:"to" minLength:"1" maxLength:"64" doc:"a console, or * for all"`
	}
}

func (s *Server) offerClaim(ctx context.Context, id authn.Identity, in *offerInput) (nothing, error) {
	return nothing{}, s.acts.Offer(ctx, s.whoOf(id), in.ID, in.Body.To)
}

func (s *Server) withdrawOffer(ctx context.Context, id authn.Identity, in *reportInput) (nothing, error) {
	return nothing{}, s.acts.WithdrawOffer(ctx, s.whoOf(id), in.ID)
}

func (s *Server) acceptOffer(ctx context.Context, id authn.Identity, in *reportInput) (Card, error) {
	if err := s.acts.AcceptOffer(ctx, s.whoOf(id), in.ID); err != nil {
		return Card{}, err
	}
	return s.freshCard(ctx, in.ID)
}

func (s *Server) refuseOffer(ctx context.Context, id authn.Identity, in *reportInput) (nothing, error) {
	return nothing{}, s.acts.RefuseOffer(ctx, s.whoOf(id), in.ID)
}

type raiseInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Reason string `json:"reason" enum:"real,maybe-real,wrong-mode"`
		Note   string `json:"note,omitempty" maxLength:"4000"`
	}
}

func (s *Server) raiseReport(ctx context.Context, id authn.Identity, in *raiseInput) (nothing, error) {
	return nothing{}, s.acts.Raise(ctx, s.whoOf(id), in.ID, in.Body.Reason, in.Body.Note)
}

type entryInput struct {
	Body struct {
		EventAt    time.Time `json:"eventAt" doc:"when it happened"`
		ReceivedAt time.Time `json:"receivedAt" doc:"when it was written down"`
		Kind       string    `json:"kind" minLength:"1" maxLength:"64" doc:"common code of the incident type"`
		Place      string    `json:"place,omitempty" maxLength:"400"`
		Phone      string    `json:"phone,omitempty" maxLength:"40"`
		Text       string    `json:"text,omitempty" maxLength:"16000"`
		Outcome    string    `json:"outcome,omitempty" enum:"handled,duplicate,mistaken,no-answer,transferred," doc:"empty = still being worked on: it is this console's claim"`
		Note       string    `json:"note,omitempty" maxLength:"4000"`
	}
}

// EnteredReport names a report that was typed in.
type EnteredReport struct {
	ID string `json:"id"`
}

func (s *Server) enterReport(ctx context.Context, id authn.Identity, in *entryInput) (EnteredReport, error) {
	b := in.Body
	r := stdif.Report{EventTime: b.EventAt, Kind: stdif.IncidentType{Code: b.Kind}, Text: stdif.Clean(b.Text)}
	if place := stdif.Clean(b.Place); place != "" {
		r.Locations = []stdif.Location{{Role: "incident", Shape: "civic", Civic: &stdif.Civic{Line: place}}}
	}
	if phone := stdif.Clean(b.Phone); phone != "" {
		r.Subscriber = &stdif.SubscriberInfo{Phone: phone}
	}
	made, err := s.acts.Enter(ctx, s.whoOf(id), act.Entry{Report: r, Received: b.ReceivedAt, Outcome: b.Outcome, Note: b.Note})
	return EnteredReport{made}, err
}

// MissedEntry is one entry of the missed panel.
type MissedEntry struct {
	ID     string         `json:"id"`
	At     time.Time      `json:"at" doc:"when the first cause came"`
	Causes []report.Cause `json:"causes" doc:"unheard, escalated, ended, cancelled, silent, no-answer"`
	Card   Card           `json:"card"`
	Phone  string         `json:"phone" doc:"number to call back, as given; empty = none"`
	Done   *MissedDone    `json:"done"`
}

// MissedDone says who took an entry off the panel, and what became of it.
type MissedDone struct {
	At      time.Time `json:"at"`
	By      Doer      `json:"by"`
	Outcome string    `json:"outcome" enum:"answered,called-back,reached-otherwise,known-duplicate,not-reached,not-needed"`
	Note    string    `json:"note"`
}

const maxMissed = 500

func (s *Server) listMissed(ctx context.Context, _ authn.Identity, _ *nothing) ([]MissedEntry, error) {
	found, err := s.store.Panel().MissedOpen(ctx, maxMissed)
	if err != nil {
		return nil, err
	}
	return s.missed(ctx, found)
}

type periodInput struct {
	From time.Time `query:"from" required:"true" doc:"acknowledged from then on"`
	To   time.Time `query:"to" required:"true" doc:"and before then"`
}

func (s *Server) listMissedDone(ctx context.Context, _ authn.Identity, in *periodInput) ([]MissedEntry, error) {
	found, err := s.store.Panel().MissedDone(ctx, in.From, in.To)
	if err != nil {
		return nil, err
	}
	return s.missed(ctx, found)
}

func (s *Server) missed(ctx context.Context, found []report.Missed) ([]MissedEntry, error) {
	n, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]MissedEntry, 0, len(found))
	for _, m := range found {
		r, err := s.store.Reports().Report(ctx, m.Report)
		if fault.Of(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		v := MissedEntry{ID: m.ID, At: m.At, Causes: m.Causes}
		if v.Card, err = s.card(ctx, n, r); err != nil {
			return nil, err
		}
		if v.Phone, err = s.phoneOf(ctx, r); err != nil {
			return nil, err
		}
		if !m.Open() {
			v.Done = &MissedDone{m.Done.At, n.whom(m.Done.By), m.Done.Outcome, m.Note}
		}
		out = append(out, v)
	}
	return out, nil
}

// phoneOf is the number under which the caller may be reached.
func (s *Server) phoneOf(ctx context.Context, r report.Report) (string, error) {
	words, err := s.saidIn(ctx, r)
	if err != nil || words == nil {
		return "", err
	}
	if words.Subscriber != nil && words.Subscriber.Phone != "" {
		return words.Subscriber.Phone, nil
	}
	if words.Proxy != nil {
		return words.Proxy.Callback, nil
	}
	return "", nil
}

// saidIn reads the words of a report; nil where there are none or they are lost.
func (s *Server) saidIn(ctx context.Context, r report.Report) (*stdif.Report, error) {
	if r.Frame == "" || r.Undecodable {
		return nil, nil
	}
	return s.wordsOf(ctx, r.Frame)
}

type acknowledgeInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Outcome string `json:"outcome" enum:"answered,called-back,reached-otherwise,known-duplicate,not-reached,not-needed"`
		Note    string `json:"note,omitempty" maxLength:"4000"`
	}
}

func (s *Server) acknowledgeMissed(ctx context.Context, id authn.Identity, in *acknowledgeInput) (nothing, error) {
	return nothing{}, s.acts.AcknowledgeMissed(ctx, s.whoOf(id), in.ID, in.Body.Outcome, in.Body.Note)
}

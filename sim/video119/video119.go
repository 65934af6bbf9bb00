// Package video119 simulates a video service of the Live119 kind: during a
// voice call the dispatcher gives a telephone number, the service sends a link
// to it, and the caller's page shows the place and live pictures once the caller
// agreed to terms, cost and to staying safe (standard-interface §2.3).
//
//	request-media ──> Service ──"SMS"──> caller's page
//	     report, states, pictures  <── consent, position, frames
//	close{safety} ──> the page stops at once and says where to go
//
// It is installed software at the terminal: one process that hands over through
// the loopback intake and serves the callers' pages. Nothing is kept over a
// restart. Telephones, persons and places are made up; the pictures are drawn by
// the page, no camera is opened.
package video119

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Clips are what the service can show to a caller.
func Clips() []stdif.Clip {
	return []stdif.Clip{
		{ID: "cpr-adult", Label: "心肺蘇生（成人）", Language: "ja", Seconds: 95},
		{ID: "aed", Label: "AEDの使い方", Language: "ja", Seconds: 80},
		{ID: "bleeding", Label: "止血", Language: "ja", Seconds: 60},
	}
}

// Offer is what the service says at the terminal.
func Offer() stdif.Offer {
	return stdif.Offer{Takes: []stdif.Verb{stdif.VerbMedia, stdif.VerbGuide}, Receipts: true, Live: true, Clips: Clips()}
}

// What a caller's page can be refused for.
var (
	ErrUnknown = errors.New("unknown-link")
	ErrOver    = errors.New("over")
	ErrConsent = errors.New("no-consent")
)

// Service is the service. All methods may be called from anywhere.
type Service struct {
	client *intake.Client
	sender *intake.Sender
	now    func() time.Time

	mu    sync.Mutex
	calls map[string]*call // by token
	order []string
	wake  chan struct{}
}

// call is one link and what became of it.
type call struct {
	View
	report stdif.Report
	mode   stdif.Mode
}

// View is one link as the caller's page, the simulated telephone and tests see it.
type View struct {
	Token     string              `json:"token"`
	RequestID string              `json:"requestId"`
	ReportID  string              `json:"reportId"`
	Phone     string              `json:"phone"`
	Purpose   string              `json:"purpose"`
	Text      string              `json:"text,omitempty"`
	At        time.Time           `json:"at"`
	State     stdif.ServiceState  `json:"state"`
	Step      stdif.AckStep       `json:"step"`
	Say       open1.Say           `json:"say"`
	Clip      *stdif.Clip         `json:"clip,omitempty"`
	GuideID   string              `json:"guideId,omitempty"`
	Chat      []stdif.ChatMessage `json:"chat"`
	Safety    bool                `json:"safety"` // stopped for safety: go where it is safe
	Looked    bool                `json:"looked"` // somebody at headquarters looks now
}

// New opens a service that hands over through client.
func New(client *intake.Client, now func() time.Time) *Service {
	if now == nil {
		now = time.Now
	}
	s := &Service{client: client, now: now, calls: map[string]*call{}, wake: make(chan struct{})}
	s.sender = intake.NewSender(client, s.answered)
	return s
}

// Run offers, listens, hands over and sends heartbeats until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { s.sender.Run(ctx) })
	wg.Go(func() {
		t := time.NewTicker(stdif.Heartbeat)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				s.beat()
			}
		}
	})
	err := s.client.Follow(ctx, "", func(linked bool) {
		if linked { // each time: the terminal may be a new one
			_, _ = s.client.Offer(ctx, Offer()) // the next connection says it again
		}
	}, s.hear)
	wg.Wait()
	return err
}

// hear takes what headquarters says.
func (s *Service) hear(e intake.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Status != nil {
		if c := s.of(e.Status.ReportID); c != nil && !e.Status.Step.Before(c.Step) {
			c.Step, c.Say = e.Status.Step, e.Status.Say
		}
	}
	if e.Input != nil {
		s.obey(*e.Input)
	}
	s.changed()
	return nil
}

// obey owns s.mu. A repeat changes nothing.
func (s *Service) obey(in stdif.Input) {
	if in.Verb == stdif.VerbMedia {
		s.send(in)
		return
	}
	c := s.of(in.ReportID)
	if c == nil {
		return
	}
	switch in.Verb {
	case stdif.VerbMessage:
		if in.Message == nil || slices.ContainsFunc(c.Chat, func(m stdif.ChatMessage) bool { return m.ID == in.Message.ID }) {
			return
		}
		c.Chat = append(c.Chat, *in.Message)
		s.receipt(c, in.Message.ID, stdif.ReceiptDelivered)
	case stdif.VerbGuide:
		i := slices.IndexFunc(Clips(), func(k stdif.Clip) bool { return in.Guide != nil && k.ID == in.Guide.Clip })
		if i < 0 || c.GuideID == in.Guide.ID {
			return
		}
		c.Clip, c.GuideID = &Clips()[i], in.Guide.ID
		s.receipt(c, c.GuideID, stdif.ReceiptDelivered)
	case stdif.VerbClose:
		c.Safety = in.Reason == "safety"
		s.over(c, stdif.ServiceEnded)
	}
}

// send makes a link and the report of it, at once: the dispatcher waits.
func (s *Service) send(in stdif.Input) {
	if in.Media == nil || slices.ContainsFunc(s.order, func(t string) bool { return s.calls[t].RequestID == in.Media.ID }) {
		return
	}
	now := s.now()
	id := fmt.Sprintf("V-%s-%s", now.UTC().Format("20060102-150405"), rand.Text()[:6])
	c := &call{mode: in.Mode, View: View{Token: rand.Text(), RequestID: in.Media.ID, ReportID: id, Phone: in.Media.Phone,
		Purpose: in.Media.Purpose, Text: in.Media.Text, At: now, State: stdif.ServiceLinkSent, Chat: []stdif.ChatMessage{}}}
	c.report = stdif.Report{ID: id, Revision: 1, EventTime: now, RequestID: in.Media.ID,
		Kind: stdif.IncidentType{Code: stdif.KindOther, Label: "映像通報"}, Text: "映像リンクを送りました。",
		Subscriber: &stdif.SubscriberInfo{Phone: in.Media.Phone}}
	s.calls[c.Token] = c
	s.order = append(s.order, c.Token)
	first := c.report
	s.sender.Put(intake.Item{Mode: c.mode, Report: &first})
	s.state(c, stdif.ServiceLinkSent)
}

func (s *Service) state(c *call, state stdif.ServiceState) {
	c.State = state
	s.sender.Put(intake.Item{State: &stdif.ReportState{ReportID: c.ReportID, State: state, At: s.now()}})
}

func (s *Service) receipt(c *call, id string, state stdif.ReceiptState) {
	s.sender.Put(intake.Item{Receipt: &stdif.Receipt{ReportID: c.ReportID, ID: id, State: state, At: s.now()}})
}

func (c *call) isOver() bool {
	return c.State == stdif.ServiceEnded || c.State == stdif.ServiceDeclined || c.State == stdif.ServiceFailed
}

func (s *Service) over(c *call, state stdif.ServiceState) {
	if !c.isOver() {
		s.state(c, state)
	}
}

// with runs do on the call of a link.
func (s *Service) with(token string, do func(*call) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.calls[token]
	if !ok {
		return ErrUnknown
	}
	err := do(c)
	s.changed()
	return err
}

// Open is the caller opening the link.
func (s *Service) Open(token string) error {
	return s.with(token, func(c *call) error {
		if c.State == stdif.ServiceLinkSent {
			s.state(c, stdif.ServiceLinkOpened)
		}
		return nil
	})
}

// Consent is the caller agreeing to terms, cost and to staying safe, with the
// position of the telephone where it is known.
func (s *Service) Consent(token string, lat, lon *float64, radius float64) error {
	return s.with(token, func(c *call) error {
		switch c.State {
		case stdif.ServiceLinkSent, stdif.ServiceLinkOpened:
		default:
			return ErrOver
		}
		s.state(c, stdif.ServiceConsented)
		next := c.report
		next.Revision++
		next.Text = "通報者が映像の送信に同意しました。"
		if lat != nil && lon != nil {
			now := s.now()
			next.Locations = []stdif.Location{{Role: "caller", Shape: "circle", Lat: lat, Lon: lon, RadiusM: max(radius, 1), Method: "gnss", AcquiredAt: &now, Label: "通報者の位置"}}
		}
		c.report = next
		s.sender.Put(intake.Item{Mode: c.mode, Report: &next})
		return nil
	})
}

// Decline is the caller not agreeing.
func (s *Service) Decline(token string) error {
	return s.with(token, func(c *call) error { s.over(c, stdif.ServiceDeclined); return nil })
}

// End is the caller ending the session.
func (s *Service) End(token string) error {
	return s.with(token, func(c *call) error { s.over(c, stdif.ServiceEnded); return nil })
}

// Played says that the clip ran to its end on the caller's page.
func (s *Service) Played(token string) error {
	return s.with(token, func(c *call) error {
		if c.GuideID != "" {
			s.receipt(c, c.GuideID, stdif.ReceiptPlayed)
		}
		c.Clip = nil
		return nil
	})
}

// Frame passes one picture on: only after the caller agreed, and not any more
// once headquarters said stop. Without an answer the picture is dropped: the
// next one is newer.
func (s *Service) Frame(ctx context.Context, token string, jpeg []byte) error {
	var report string
	err := s.with(token, func(c *call) error {
		switch c.State {
		case stdif.ServiceConsented, stdif.ServiceLiveEnded:
			s.state(c, stdif.ServiceLive)
		case stdif.ServiceLive:
		case stdif.ServiceLinkSent, stdif.ServiceLinkOpened:
			return ErrConsent
		default:
			return ErrOver
		}
		report = c.ReportID
		return nil
	})
	if err != nil {
		return err
	}
	a, looked, err := s.client.Live(ctx, report, jpeg)
	if err != nil || !a.Taken() {
		return nil //nolint:nilerr // as said above
	}
	return s.with(token, func(c *call) error { c.Looked = looked; return nil })
}

func (s *Service) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, token := range s.order {
		if c := s.calls[token]; !c.isOver() && c.State != stdif.ServiceLinkSent {
			s.sender.Put(intake.Item{State: &stdif.ReportState{ReportID: c.ReportID, State: stdif.ServiceActive, At: s.now()}})
		}
	}
}

func (s *Service) answered(i intake.Item, a intake.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.of(i.ReportID()); c != nil && a.Status != nil && !a.Status.Step.Before(c.Step) {
		c.Step, c.Say = a.Status.Step, a.Status.Say
	}
	s.changed()
}

// of and changed own s.mu.
func (s *Service) of(report string) *call {
	for _, c := range s.calls {
		if c.ReportID == report {
			return c
		}
	}
	return nil
}

func (s *Service) changed() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// Changed returns a channel that is closed at the next change of anything.
func (s *Service) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wake
}

// Look returns one link.
func (s *Service) Look(token string) (v View, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.calls[token]
	if !ok {
		return v, ErrUnknown
	}
	v = c.View
	v.Chat = slices.Clone(c.Chat)
	return v, nil
}

// Sent lists every link that was "sent by SMS", newest first: the simulated
// telephones of everybody.
func (s *Service) Sent() []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]View, 0, len(s.order))
	for _, token := range slices.Backward(s.order) {
		out = append(out, s.calls[token].View)
	}
	return out
}

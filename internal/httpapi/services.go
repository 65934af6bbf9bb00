package httpapi

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
)

// Video is a request for video and how far it has come.
type Video struct {
	ID          string            `json:"id"`
	Origin      string            `json:"origin" doc:"report that it was asked from, empty = from a telephone call"`
	Answer      string            `json:"answer" doc:"report that the service made of it, empty = not yet"`
	ServiceID   string            `json:"serviceId"`
	ServiceName string            `json:"serviceName"`
	Mode        stdif.Mode        `json:"mode" enum:"actual,exercise,test"`
	Purpose     string            `json:"purpose"`
	Phone       string            `json:"phone"`
	Text        string            `json:"text"`
	State       report.VideoState `json:"state" enum:"requested,delivered,link-sent,link-opened,consented,live,live-ended,ended,declined,failed"`
	Problem     stdif.Code        `json:"problem" doc:"why the terminal refused it, 0 = it did not"`
	By          Doer              `json:"by"`
	AskedAt     time.Time         `json:"askedAt"`
	DeliveredAt time.Time         `json:"deliveredAt,omitzero"`
	SentAt      time.Time         `json:"sentAt,omitzero"`
	OpenedAt    time.Time         `json:"openedAt,omitzero"`
	ConsentedAt time.Time         `json:"consentedAt,omitzero"`
	LiveAt      time.Time         `json:"liveAt,omitzero"`
	EndedAt     time.Time         `json:"endedAt,omitzero"`
}

// Contact is one time that somebody was reached about a report, or was not.
type Contact struct {
	ID         string             `json:"id"`
	Kind       report.ContactKind `json:"kind" enum:"telephone,call-back,guide"`
	Party      string             `json:"party,omitempty"`
	Outcome    string             `json:"outcome,omitempty"`
	ToHQ       string             `json:"toHq,omitempty"`
	Number     string             `json:"number,omitempty"`
	Name       string             `json:"name,omitempty" doc:"who answered; of a clip its label"`
	Note       string             `json:"note,omitempty"`
	Delivery   string             `json:"delivery,omitempty"`
	At         time.Time          `json:"at"`
	RecordedAt time.Time          `json:"recordedAt"`
	ChangedAt  time.Time          `json:"changedAt,omitzero"`
	By         Doer               `json:"by"`
}

// FloodRule says when unclaimed reports of one service and one mode stand on
// the board as one counted card.
type FloodRule struct {
	More     int   `json:"more" doc:"more than this many"`
	WithinMs int64 `json:"withinMs" doc:"received within this time of each other"`
}

var floodRule = FloodRule{report.FloodMore, report.FloodWithin.Milliseconds()}

func (n *names) doerAt(by report.By) Doer { return n.doer(incident.By(by)) }

func (n *names) video(v report.VideoRequest) Video {
	return Video{
		ID: v.ID, Origin: v.Origin, Answer: v.Answer, ServiceID: v.Service, ServiceName: or(n.services[v.Service].Name, v.Service), Mode: v.Mode,
		Purpose: v.Purpose, Phone: v.Phone, Text: v.Text, State: v.State, Problem: v.Problem, By: n.doerAt(v.By), AskedAt: v.AskedAt,
		DeliveredAt: v.DeliveredAt, SentAt: v.SentAt, OpenedAt: v.OpenedAt, ConsentedAt: v.ConsentedAt, LiveAt: v.LiveAt, EndedAt: v.EndedAt,
	}
}

func (s *Server) waitingVideos(ctx context.Context, n *names) ([]Video, error) {
	found, err := s.store.Served().WaitingVideos(ctx, act.WaitingSince(s.now()))
	out := make([]Video, 0, len(found))
	for _, v := range found {
		out = append(out, n.video(v))
	}
	return out, err
}

func (s *Server) listVideos(ctx context.Context, _ authn.Identity, _ *nothing) ([]Video, error) {
	n, err := s.names(ctx)
	if err != nil {
		return nil, err
	}
	return s.waitingVideos(ctx, n)
}

// readServed reads what services were asked for about a report, and the calls
// that were written down. What cannot be opened any more is left out: the rest
// of the report must still be read.
func (s *Server) readServed(ctx context.Context, n *names, r report.Report, d *Detail) error {
	d.Videos, d.Contacts = []Video{}, []Contact{}
	asked, err := s.store.Served().VideosFrom(ctx, r.ID)
	if err != nil && !unreadable(err) {
		return err
	}
	answered, err := s.store.Served().VideosOf(ctx, r.ID)
	if err != nil && !unreadable(err) {
		return err
	}
	seen := map[string]bool{}
	for _, v := range append(asked, answered...) {
		if !seen[v.ID] {
			seen[v.ID] = true
			d.Videos = append(d.Videos, n.video(v))
		}
	}
	contacts, err := s.store.Served().Contacts(ctx, r.ID)
	if err != nil && !unreadable(err) {
		return err
	}
	for _, c := range contacts {
		d.Contacts = append(d.Contacts, Contact{
			ID: c.ID, Kind: c.Kind, Party: c.Party, Outcome: c.Outcome, ToHQ: c.ToHQ, Number: c.Number, Name: c.Name, Note: c.Note,
			Delivery: c.Delivery, At: c.At, RecordedAt: c.RecordedAt, ChangedAt: c.ChangedAt, By: n.doerAt(c.By),
		})
	}
	return nil
}

type videoInput struct {
	Body struct {
		ID        string     `json:"id" minLength:"1" maxLength:"64" doc:"made by the page; a repeat asks once"`
		Origin    string     `json:"origin,omitempty" maxLength:"64" doc:"report that it is asked from; without one it belongs to a telephone call"`
		ServiceID string     `json:"serviceId" minLength:"1" maxLength:"128"`
		Phone     string     `json:"phone,omitempty" maxLength:"40" doc:"whom to send the link; may be missing where the service is that of the report"`
		Purpose   string     `json:"purpose,omitempty" enum:"position,scene,patient"`
		Text      string     `json:"text,omitempty" maxLength:"4000"`
		Mode      stdif.Mode `json:"mode,omitempty" enum:"actual,exercise,test" doc:"without a report; with one, its mode"`
	}
}

func (s *Server) requestVideo(ctx context.Context, id authn.Identity, in *videoInput) (Asked, error) {
	b := in.Body
	return Asked{b.ID}, s.acts.RequestVideo(ctx, s.whoOf(id), act.AskVideo{
		ID: b.ID, Origin: b.Origin, Service: b.ServiceID, Phone: b.Phone, Purpose: b.Purpose, Text: b.Text, Mode: b.Mode,
	})
}

type telephoneInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		ID      string    `json:"id" minLength:"1" maxLength:"128" doc:"made by the page; a repeat is the same call"`
		Party   string    `json:"party" enum:"caller,operator,headquarters,contact,other"`
		Outcome string    `json:"outcome" enum:"answered,no-answer,busy,wrong-number,relayed"`
		Number  string    `json:"number,omitempty" maxLength:"40"`
		Name    string    `json:"name,omitempty" maxLength:"200" doc:"who answered"`
		ToHQ    string    `json:"toHq,omitempty" maxLength:"100" doc:"which headquarters"`
		Note    string    `json:"note,omitempty" maxLength:"8000"`
		At      time.Time `json:"at,omitempty" doc:"when the call was; now when it is missing"`
	}
}

func (s *Server) recordCall(ctx context.Context, id authn.Identity, in *telephoneInput) (nothing, error) {
	b := in.Body
	return nothing{}, s.acts.RecordCall(ctx, s.whoOf(id), report.Contact{
		Report: in.ID, ID: b.ID, Party: b.Party, Outcome: b.Outcome, Number: b.Number, Name: b.Name, ToHQ: b.ToHQ, Note: b.Note, At: b.At,
	})
}

type callBackInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		ID   string `json:"id" minLength:"1" maxLength:"128" doc:"made by the page; a repeat is the same call-back"`
		Text string `json:"text,omitempty" maxLength:"16000"`
	}
}

func (s *Server) callBack(ctx context.Context, id authn.Identity, in *callBackInput) (nothing, error) {
	return nothing{}, s.acts.CallBack(ctx, s.whoOf(id), in.ID, in.Body.ID, in.Body.Text)
}

type guideInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		ID   string `json:"id" minLength:"1" maxLength:"128" doc:"made by the page; a repeat is the same clip once"`
		Clip string `json:"clip" minLength:"1" maxLength:"128" doc:"of the clips that the service offers"`
	}
}

func (s *Server) sendGuide(ctx context.Context, id authn.Identity, in *guideInput) (nothing, error) {
	return nothing{}, s.acts.Guide(ctx, s.whoOf(id), in.ID, in.Body.ID, in.Body.Clip)
}

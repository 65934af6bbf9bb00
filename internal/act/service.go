package act

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
)

// AskVideo is what a dispatcher asks a video service for.
type AskVideo struct {
	ID      string // idempotency key: the request's id
	Origin  string // report that it is asked from, "" = from a telephone call
	Service string
	Phone   string
	Purpose string
	Text    string
	Mode    stdif.Mode // without a report; with one, the report's
}

func (q AskVideo) check() error {
	switch {
	case q.ID == "" || len(q.ID) > 64 || strings.ContainsAny(q.ID, " /\n"):
		return fault.New(fault.Invalid, "input.invalid", "place", "id")
	case len([]rune(q.Text)) > stdif.MaxText:
		return fault.New(fault.TooLarge, "chat.too-long", "max", strconv.Itoa(stdif.MaxText))
	case len([]rune(q.Phone)) > 40:
		return fault.New(fault.Invalid, "input.invalid", "place", "phone")
	}
	return nil
}

// RequestVideo asks a service to send a link to a telephone (standard-interface
// §2.3). A repeat with the same id asks once.
func (a *Acts) RequestVideo(ctx context.Context, who Who, q AskVideo) error {
	if err := q.check(); err != nil {
		return err
	}
	s, err := seat(who)
	if err != nil {
		return err
	}
	return a.do(ctx, who, MediaRequest, authz.Resource{Type: "Report", ID: q.Origin}, func(ctx context.Context, u *store.Unit) (Told, error) {
		if _, err := u.Services().Video(ctx, q.ID); fault.Of(err) != fault.NotFound {
			return Told{}, err // asked already
		}
		v := report.VideoRequest{ID: q.ID, Service: q.Service, Mode: q.Mode, Purpose: q.Purpose, Phone: stdif.Clean(q.Phone), Text: stdif.Clean(q.Text),
			State: report.VideoRequested, By: s, AskedAt: u.Now()}
		in := stdif.Input{ServiceID: q.Service, ReportID: q.ID, Verb: stdif.VerbMedia}
		if q.Origin != "" {
			r, err := u.Reports().Report(ctx, q.Origin)
			if err != nil {
				return Told{}, err
			}
			if !r.Open() {
				return Told{}, fault.New(fault.Conflict, "report.closed")
			}
			v.Origin, v.Mode = r.ID, r.Mode
			if r.Service == q.Service && r.Addressable() && !r.Undecodable { // its own caller
				v.Answer, v.Terminal, in.ReportID = r.ID, r.Terminal, r.ServiceReport
			}
		}
		v.PhoneIndex = u.PhoneIndex(v.Phone)
		switch {
		case !v.Mode.Valid():
			return Told{}, fault.New(fault.Invalid, "input.invalid", "place", "mode")
		case v.PhoneIndex == "" && v.Answer == "":
			return Told{}, fault.New(fault.Invalid, "video.phone-missing")
		}
		if v.Terminal, err = offering(ctx, u, v.Terminal, q.Service, stdif.VerbMedia); err != nil {
			return Told{}, err
		}
		if err := u.Services().SaveVideo(ctx, v); err != nil {
			return Told{}, err
		}
		in.Mode, in.Media = v.Mode, &stdif.MediaRequest{ID: v.ID, Phone: v.Phone, Purpose: v.Purpose, Text: v.Text}
		changedVideo(u, v)
		return Told{Subject: subjectOf(v), Mode: v.Mode, Facts: map[string]string{"request": v.ID, "service": v.Service, "purpose": v.Purpose}},
			tell(ctx, u, v.Terminal, v.Origin, in)
	})
}

// offering finds the terminal at which a service takes this verb: the given one,
// else the first in service.
func offering(ctx context.Context, u *store.Unit, at, service string, verb stdif.Verb) (string, error) {
	all, err := u.Terminals().Terminals(ctx)
	if err != nil {
		return "", err
	}
	why := fault.New(fault.NotFound, "service.unknown", "service", service)
	for _, t := range all {
		s, ok := t.Service(service)
		if !ok || !t.RevokedAt.IsZero() || at != "" && t.ID != at {
			continue
		}
		if s.Takes(verb) {
			return t.ID, nil
		}
		why = notOffered(s)
	}
	return "", why
}

// notOffered says why a service does not take something: it takes nothing at
// all, or just not this.
func notOffered(s terminal.Service) *fault.Error {
	if s.OutputOnly {
		return fault.New(fault.Unsupported, "terminal.output-only")
	}
	return fault.New(fault.Unsupported, "service.not-offered", "service", s.Name)
}

func subjectOf(v report.VideoRequest) string {
	switch {
	case v.Origin != "":
		return "report/" + v.Origin
	case v.Answer != "":
		return "report/" + v.Answer
	}
	return "request/" + v.ID
}

// changedVideo announces both reports of a request, or the request itself while
// it belongs to none.
func changedVideo(u *store.Unit, v report.VideoRequest) {
	if v.Origin != "" {
		u.Changed("report", v.Origin, string(MediaRequest))
	}
	if v.Answer != "" && v.Answer != v.Origin {
		u.Changed("report", v.Answer, string(MediaRequest))
	}
	if v.Origin == "" && v.Answer == "" {
		u.Changed("request", v.ID, string(MediaRequest))
	}
}

// answers joins a fresh report to the request that it answers: whoever asked
// has it in charge, so it does not ring.
func answers(ctx context.Context, u *store.Unit, in Incoming, content *stdif.Report, r report.Report) (report.Report, error) {
	for _, id := range []string{content.RequestID, content.ID} {
		if id == "" {
			continue
		}
		v, err := u.Services().Video(ctx, id)
		if fault.Of(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return r, err
		}
		if v.Service != in.Service || v.Mode != r.Mode || v.Answer != "" {
			return r, nil // another service's request, or one that was answered: it rings
		}
		v.Answer = r.ID
		v = v.Taken(0, u.Now())
		if err := u.Services().SaveVideo(ctx, v); err != nil {
			return r, err
		}
		changedVideo(u, v)
		return r.Expect(v.By, u.Now()), nil
	}
	return r, nil
}

// hearVideo moves the requests that a report answers.
func hearVideo(ctx context.Context, u *store.Unit, r report.Report, s stdif.ServiceState) error {
	if s == stdif.ServiceActive {
		return nil
	}
	all, err := u.Services().VideosOf(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, v := range all {
		n := v.Hear(s, u.Now())
		if n == v {
			continue
		}
		if err := u.Services().SaveVideo(ctx, n); err != nil {
			return err
		}
		changedVideo(u, n)
	}
	return nil
}

// RecordCall writes down a telephone call about a report: to whom, how it
// ended, when. The system made no call; a person says that one was made.
func (a *Acts) RecordCall(ctx context.Context, who Who, c report.Contact) error {
	if c.ID == "" || len(c.ID) > stdif.MaxID {
		return fault.New(fault.Invalid, "input.invalid", "place", "id")
	}
	return a.onReport(ctx, who, CallRecord, c.Report, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		c := c
		c.Kind, c.By, c.RecordedAt = report.Telephone, s, u.Now()
		c.Number, c.Name, c.Note, c.ToHQ = stdif.Clean(c.Number), stdif.Clean(c.Name), stdif.Clean(c.Note), stdif.Clean(c.ToHQ)
		if c.At.IsZero() {
			c.At = u.Now()
		}
		if err := c.Call(u.Now()); err != nil {
			return decided{}, err
		}
		facts := map[string]string{"party": c.Party, "outcome": c.Outcome, "at": strconv.FormatInt(c.At.Unix(), 10)}
		return a.contact(ctx, u, r, c, facts, nil)
	})
}

// CallBack asks the service to reach a caller whose session is lost, by the
// means that the caller registered.
func (a *Acts) CallBack(ctx context.Context, who Who, reportID, id, text string) error {
	text = stdif.Clean(text)
	if len([]rune(text)) > stdif.MaxText {
		return fault.New(fault.TooLarge, "chat.too-long", "max", strconv.Itoa(stdif.MaxText))
	}
	return a.toCaller(ctx, who, CallerCallBack, reportID, id, stdif.VerbCallBack, func(_ terminal.Service, c *report.Contact, in *stdif.Input) error {
		c.Kind, c.Note = report.CallBack, text
		in.CallBack = &stdif.CallBack{ID: id, Text: text}
		return nil
	})
}

// Guide asks the service to show one of its first-aid clips to the caller.
func (a *Acts) Guide(ctx context.Context, who Who, reportID, id, clip string) error {
	return a.toCaller(ctx, who, GuideSend, reportID, id, stdif.VerbGuide, func(s terminal.Service, c *report.Contact, in *stdif.Input) error {
		if s.Offer == nil {
			return notOffered(s)
		}
		k, ok := s.Offer.Clip(clip)
		if !ok {
			return fault.New(fault.NotFound, "guide.unknown")
		}
		c.Kind, c.Clip, c.Name = report.Guidance, k.ID, k.Label
		in.Guide = &stdif.Guide{ID: id, Clip: k.ID}
		return nil
	})
}

// toCaller sends something to a caller that a service must have offered.
func (a *Acts) toCaller(ctx context.Context, who Who, name Name, reportID, id string, verb stdif.Verb,
	fill func(terminal.Service, *report.Contact, *stdif.Input) error,
) error {
	if id == "" || len(id) > stdif.MaxID {
		return fault.New(fault.Invalid, "input.invalid", "place", "id")
	}
	return a.onReport(ctx, who, name, reportID, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		switch {
		case r.Undecodable || !r.Addressable():
			return decided{}, fault.New(fault.Unsupported, "chat.undecodable")
		case !r.Open():
			return decided{}, fault.New(fault.Conflict, "report.closed")
		}
		t, err := u.Terminals().Terminal(ctx, r.Terminal)
		if err != nil {
			return decided{}, err
		}
		v, _ := t.Service(r.Service)
		if !v.Takes(verb) {
			return decided{}, notOffered(v)
		}
		c := report.Contact{Report: r.ID, ID: id, By: s, Delivery: report.LineSent, At: u.Now(), RecordedAt: u.Now()}
		in := input(r, verb)
		if err := fill(v, &c, &in); err != nil {
			return decided{}, err
		}
		return a.contact(ctx, u, r, c, map[string]string{"contact": id, "clip": c.Clip}, &in)
	})
}

// contact saves a contact once and says what the service has to be told.
func (a *Acts) contact(ctx context.Context, u *store.Unit, r report.Report, c report.Contact, facts map[string]string, in *stdif.Input) (decided, error) {
	_, err := u.Services().Contacted(ctx, r.ID, c.ID)
	if fault.Of(err) != fault.NotFound {
		return decided{report: r}, err // written down already
	}
	if err := u.Services().SaveContact(ctx, c); err != nil {
		return decided{}, err
	}
	n := r.See(u.Now())
	n.UpdatedAt = u.Now()
	d := decided{report: n, facts: facts}
	if in != nil {
		d.inputs = []stdif.Input{*in}
	}
	return d, nil
}

// markContact moves a call-back or a clip forward; one that is not known here
// is left alone.
func markContact(ctx context.Context, u *store.Unit, reportID, id, delivery string) error {
	c, err := u.Services().Contacted(ctx, reportID, id)
	if fault.Of(err) == fault.NotFound {
		return nil
	}
	if err != nil || !report.Further(c.Delivery, delivery) {
		return err
	}
	c.Delivery, c.ChangedAt = delivery, u.Now()
	u.Changed("report", reportID, string(ReceiptReceive))
	return u.Services().SaveContact(ctx, c)
}

// Look records that somebody at a console looks at a report's live picture, or
// no longer does: who looked, and how long, is part of the report's history.
func (a *Acts) Look(ctx context.Context, who Who, reportID string, looks bool) error {
	return a.onReport(ctx, who, LiveView, reportID, func(_ context.Context, u *store.Unit, r report.Report, _ report.By) (decided, error) {
		n := r
		if looks {
			n = r.See(u.Now())
		}
		return decided{report: n, facts: map[string]string{"looks": strconv.FormatBool(looks)}}, nil
	})
}

// waitsFor is how long a request without a report stands in sight.
const waitsFor = 2 * time.Hour

// WaitingSince is since when requests without a report are shown.
func WaitingSince(now time.Time) time.Time { return now.Add(-waitsFor) }

package act

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/calendar"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/stdif"
)

// Incoming is one message of a terminal as the gateway took it from the wire.
type Incoming struct {
	Frame    string // unique: terminal/spool/seq, or terminal/answer/id/n
	Terminal string
	Spool    string
	Seq      int64 // 0 for the answer to a data request
	MsgID    string
	Service  string
	Type     string
	Mode     stdif.Mode
	SentAt   time.Time
	Late     bool
	Wire     []byte
	Inbound  stdif.Inbound
	Problem  *stdif.Problem // the frame itself could not be decoded
	Refused  *Refused       // where to note a refusal that only the story finds; may be nil
}

// Refused is filled in by Arrive when a message was understood and kept but
// refused as a revision. It may be read once the act is durable.
type Refused struct{ Problem *stdif.Problem }

// businessDayStart is when headquarters begin to count anew (業務日, 08:30 JST).
const businessDayStart = 8*time.Hour + 30*time.Minute

// Arrive stores one message and what it means. A frame that is already stored
// changes nothing, so replays are harmless; a frame that cannot be understood
// becomes a report of its own that rings (解読できない通報). The returned act is
// durable when its Wait returns nil.
func (a *Acts) Arrive(ctx context.Context, who Who, in Incoming) (*writer.Pending, error) {
	// A frame's id is bound into its seal, so it must read as its row will.
	in.Frame, in.Spool, in.Service = writer.Text(in.Frame), writer.Text(in.Spool), writer.Text(in.Service)
	return a.submit(ctx, who, ReportArrive, func(ctx context.Context, u *store.Unit) (Told, error) {
		return arrive(ctx, u, in)
	})
}

func arrive(ctx context.Context, u *store.Unit, in Incoming) (Told, error) {
	// Before anything is written: a number that was used twice, with other words,
	// must not leave half of them.
	if stored, err := u.Reports().HasFrame(ctx, in.Frame); err != nil || stored {
		return Told{}, err
	}
	switch {
	case in.Problem != nil:
		return undecodable(ctx, u, in, in.Problem)
	case in.Inbound.Raw != nil:
		return undecodable(ctx, u, in, &in.Inbound.Raw.Problem)
	case in.Inbound.Report != nil:
		return arriveReport(ctx, u, in, in.Inbound.Report)
	case in.Inbound.Chat != nil:
		return arriveChat(ctx, u, in, *in.Inbound.Chat)
	case in.Inbound.State != nil:
		return arriveState(ctx, u, in, *in.Inbound.State)
	case in.Inbound.Media != nil:
		return arriveMedia(ctx, u, in, *in.Inbound.Media)
	case in.Inbound.Receipt != nil:
		return arriveReceipt(ctx, u, in, *in.Inbound.Receipt)
	}
	return undecodable(ctx, u, in, stdif.Problemf(stdif.CodeSyntax, "/body", "the frame says nothing"))
}

func arriveReport(ctx context.Context, u *store.Unit, in Incoming, content *stdif.Report) (Told, error) {
	a := arrival(u, in, content)
	r, err := u.Reports().ByService(ctx, in.Service, content.ID)
	if fault.Of(err) == fault.NotFound {
		if r, err = first(ctx, u, a); err != nil {
			return Told{}, err
		}
		if _, err = refer(ctx, u, r, content.Media...); err != nil {
			return Told{}, err
		}
		if r, err = answers(ctx, u, in, content, r); err != nil {
			return Told{}, err
		}
		return keep(ctx, u, in, report.Report{}, r, ReportArrive, content.Medical != nil, nil)
	}
	if err != nil {
		return Told{}, err
	}
	n, verdict, err := r.Revise(a, u.Now())
	if problem, ok := errors.AsType[*stdif.Problem](err); ok {
		if in.Refused != nil {
			in.Refused.Problem = problem
		}
		return undecodable(ctx, u, in, problem)
	}
	if err != nil {
		return Told{}, err
	}
	facts := map[string]string{"revision": strconv.FormatInt(content.Revision, 10)}
	switch verdict {
	case report.Repeated:
		if in.Seq == 0 {
			return Told{}, nil // an answer that says what is known already
		}
		facts["verdict"] = "repeated"
	case report.Older:
		facts["verdict"] = "older"
	default:
		if _, err := refer(ctx, u, n, content.Media...); err != nil {
			return Told{}, err
		}
	}
	if n, err = passOn(ctx, u, in, r, n); err != nil {
		return Told{}, err
	}
	told, err := keep(ctx, u, in, r, n, ReportRevise, content.Medical != nil, facts)
	if err == nil && r.State == report.Closed && n.State != report.Closed {
		err = tell(ctx, u, n.Terminal, n.ID, input(n, stdif.VerbReopen))
	}
	return told, err
}

func arrival(u *store.Unit, in Incoming, content *stdif.Report) report.Arrival {
	a := report.Arrival{
		Terminal: in.Terminal, Service: in.Service, ServiceReport: content.ID, Mode: in.Mode, Revision: content.Revision,
		Frame: in.Frame, Kind: content.Kind.Code, EventAt: content.EventTime, SentAt: in.SentAt, Late: in.Late,
		Cancelled: content.Cancelled, Media: int64(len(content.Media)),
	}
	if s := content.Subscriber; s != nil && s.Phone != "" {
		a.PhoneIndex = u.PhoneIndex(s.Phone)
	}
	return a
}

// first gives a report its id and its number.
func first(ctx context.Context, u *store.Unit, a report.Arrival) (report.Report, error) {
	number, err := numbered(ctx, u, a.Mode, u.Now())
	if err != nil {
		return report.Report{}, err
	}
	return report.Arrive(a, newID(), number, u.Now()), nil
}

// numbered gives the next number of a mode on a business day.
func numbered(ctx context.Context, u *store.Unit, mode stdif.Mode, at time.Time) (string, error) {
	day, _, _ := calendar.BusinessDay(at, businessDayStart)
	n, err := u.Reports().NextNumber(ctx, fmt.Sprintf("%s/%s", mode, day))
	mark := map[stdif.Mode]string{stdif.Exercise: "E", stdif.Test: "T"}[mode]
	return fmt.Sprintf("%s%02d%02d-%04d", mark, day.Month, day.Day, n), err
}

// keep stores the frame and the report, and announces it. A frame that is there
// already leaves everything as it was.
func keep(ctx context.Context, u *store.Unit, in Incoming, before, r report.Report, name Name, health bool, facts map[string]string) (Told, error) {
	added, err := addFrame(ctx, u, in, r, health)
	if err != nil || !added {
		return Told{}, err
	}
	if err := save(ctx, u, before, r); err != nil {
		return Told{}, err
	}
	u.Changed("report", r.ID, string(name))
	return Told{Act: name, Subject: "report/" + r.ID, Mode: r.Effective(), Facts: facts}, nil
}

func addFrame(ctx context.Context, u *store.Unit, in Incoming, r report.Report, health bool) (bool, error) {
	f := report.Frame{
		ID: in.Frame, Terminal: in.Terminal, Spool: in.Spool, Seq: in.Seq, MsgID: in.MsgID, Service: in.Service, Report: r.ID,
		Type: in.Type, Mode: in.Mode, SentAt: in.SentAt, ReceivedAt: u.Now(), Late: in.Late, Health: health, Body: in.Wire,
	}
	if in.Inbound.Report != nil {
		f.Revision = in.Inbound.Report.Revision
	}
	switch {
	case in.Problem != nil:
		f.Problem, f.Place = in.Problem.Code, in.Problem.Place
	case in.Inbound.Raw != nil:
		f.Problem, f.Place = in.Inbound.Raw.Problem.Code, in.Inbound.Raw.Problem.Place
	}
	return u.Reports().AddFrame(ctx, f)
}

// undecodable makes a report of a message that nobody understood: it is stored
// raw, shown, and rings (standard-interface §5.7).
func undecodable(ctx context.Context, u *store.Unit, in Incoming, p *stdif.Problem) (Told, error) {
	in.Problem = p
	mode := in.Mode
	if !mode.Valid() {
		mode = stdif.Actual // what cannot be read may be about a life
	}
	in.Mode = mode
	// A terminal knows what it could not read by the id of its message; what
	// became unreadable only here has no name there.
	name := report.Unaddressed(in.Frame)
	if raw := in.Inbound.Raw; raw != nil && raw.ReportID == "" && in.MsgID != "" {
		name = in.MsgID
	}
	r, err := u.Reports().ByService(ctx, in.Service, name)
	if fault.Of(err) == fault.NotFound {
		r, err = first(ctx, u, report.Arrival{
			Terminal: in.Terminal, Service: in.Service, ServiceReport: name, Mode: mode,
			Frame: in.Frame, Kind: stdif.KindOther, EventAt: in.SentAt, SentAt: in.SentAt, Late: in.Late, Undecodable: true,
		})
	}
	if err != nil {
		return Told{}, err
	}
	return keep(ctx, u, in, r, r, ReportUndecodable, true, map[string]string{"code": strconv.Itoa(int(p.Code))})
}

// known finds the report that a line, state or medium speaks of. When it comes
// before its report (live messages overtake late ones), the report is made
// without content: it rings, and its first revision fills it.
func known(ctx context.Context, u *store.Unit, in Incoming, serviceReport string) (_ report.Report, made bool, _ error) {
	r, err := u.Reports().ByService(ctx, in.Service, serviceReport)
	if fault.Of(err) != fault.NotFound {
		return r, false, err
	}
	r, err = first(ctx, u, report.Arrival{
		Terminal: in.Terminal, Service: in.Service, ServiceReport: serviceReport, Mode: in.Mode,
		Kind: stdif.KindOther, EventAt: in.SentAt, SentAt: in.SentAt, Late: in.Late,
	})
	return r, true, err
}

func arriveChat(ctx context.Context, u *store.Unit, in Incoming, c stdif.ChatMessage) (Told, error) {
	r, _, err := known(ctx, u, in, c.ReportID)
	if err != nil {
		return Told{}, err
	}
	added, err := u.Dialog().AddChat(ctx, report.Chat{Report: r.ID, ID: c.ID, From: c.From, At: c.At, ReceivedAt: u.Now(), Text: c.Text})
	if err != nil {
		return Told{}, err
	}
	n := r
	if added {
		n = r.Chat(c.From, c.At, u.Now())
	} else if in.Seq == 0 {
		return Told{}, nil
	}
	if n, err = passOn(ctx, u, in, r, n); err != nil {
		return Told{}, err
	}
	told, err := keep(ctx, u, in, r, n, ChatReceive, false, nil)
	if told.Subject != "" {
		u.Changed("chat", r.ID, c.ID)
	}
	if err == nil && r.State == report.Closed && n.State != report.Closed {
		err = tell(ctx, u, n.Terminal, n.ID, input(n, stdif.VerbReopen))
	}
	return told, err
}

func arriveState(ctx context.Context, u *store.Unit, in Incoming, s stdif.ReportState) (Told, error) {
	r, made, err := known(ctx, u, in, s.ReportID)
	if err != nil {
		return Told{}, err
	}
	n, err := passOn(ctx, u, in, r, r.Hear(s.State, u.Now()))
	if err != nil {
		return Told{}, err
	}
	if err := hearVideo(ctx, u, r, s.State); err != nil {
		return Told{}, err
	}
	if s.State == stdif.ServiceActive && r.StaleAt.IsZero() && !made {
		return quietly(ctx, u, in, n, s)
	}
	return keep(ctx, u, in, r, n, ReportState, false, map[string]string{"state": string(s.State)})
}

// quietly stores a sign of life that changes nothing on any page.
func quietly(ctx context.Context, u *store.Unit, in Incoming, r report.Report, s stdif.ReportState) (Told, error) {
	added, err := addFrame(ctx, u, in, r, false)
	if err != nil || !added {
		return Told{}, err
	}
	return Told{Act: ReportState, Subject: "report/" + r.ID, Mode: r.Effective(), Facts: map[string]string{"state": string(s.State)}}, u.Reports().Save(ctx, r)
}

// Package exchange hands reports to other headquarters and takes theirs (転送),
// over mutual TLS between the exchange faces of two houses. It is a door: what
// leaves waits in the outbox until the other side has it durably, what comes is
// stored before it is answered, and everything may come twice.
//
// The house that hands over plays the terminal of the other one: frames of
// open/1 go there, inputs come back (package transfer).
package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Path is where a message is posted.
const Path = "/transfer/1/messages"

// Message is one thing that a headquarters says to another.
type Message struct {
	ID       string       `json:"id"`
	Kind     string       `json:"kind"` // frames, input, refuse
	Transfer string       `json:"transfer"`
	Frames   []Frame      `json:"frames,omitempty"` // of open/1, the report first
	Input    *stdif.Input `json:"input,omitempty"`
	Reason   string       `json:"reason,omitempty"`
}

// Kinds of messages.
const (
	kindFrames = "frames"
	kindInput  = "input"
	kindRefuse = "refuse"
)

// Frame is a frame of open/1 with the id that makes its repeat harmless.
type Frame struct {
	ID   string `json:"id"`
	Wire []byte `json:"wire"`
}

// Answer says that a message is durable, or why it never will be.
type Answer struct {
	Number  string     `json:"number,omitempty"` // of the report, here
	Problem stdif.Code `json:"problem,omitempty"`
}

// Stories are the acts of the exchange.
type Stories interface {
	Arrive(ctx context.Context, who act.Who, in act.Incoming) (*writer.Pending, error)
	Deliver(ctx context.Context, who act.Who, destination string, done []act.Delivered) error
	TransferReceipt(ctx context.Context, who act.Who, m entry.Message, number string, problem stdif.Code) error
	TransferHear(ctx context.Context, who act.Who, partner string, in stdif.Input) error
	TransferRefused(ctx context.Context, who act.Who, partner, id, reason string) error
	TransferStuck(ctx context.Context, who act.Who, id string) error
}

// Reads is what the exchange looks up.
type Reads interface {
	Undelivered(ctx context.Context, destination string, limit int) ([]entry.Message, error)
	OnCommit(hook func(seq int64))
	Reports() report.Reader
	Content() report.Content
	Media() report.MediaReader
	Transfers() transfer.Reader
	Consoles() console.Store
	Staff() staff.Store
	History(ctx context.Context, subject string, limit int) ([]audit.Body, error)
	ReportOf(ctx context.Context, service, serviceReport string) (report.Report, error)
}

// outgoing makes the messages of this house.
type outgoing struct {
	hq    string
	reads Reads
	now   func() time.Time
}

// frame puts words into a frame that the other side reads as that of a terminal.
func (o outgoing) frame(mode stdif.Mode, transferID, id string, in stdif.Inbound) (Frame, error) {
	in.Mode = mode
	f, err := open1.FrameOf(in, o.now())
	if err != nil {
		return Frame{}, err
	}
	f.Seq, f.Spool = 1, transferID
	f.ServiceID, f.TerminalID = transfer.Channel(o.hq), transfer.Channel(o.hq)
	wire, err := open1.Encode(f)
	return Frame{ID: id, Wire: wire}, err
}

// offer is the whole report: its present revision with its raw, the dialog so
// far, the media it names, and who had it in charge.
func (o outgoing) offer(ctx context.Context, what act.Relay) ([]Frame, error) {
	r, err := o.reads.Reports().Report(ctx, what.Report)
	if err != nil {
		return nil, err
	}
	words, err := o.words(ctx, r)
	if err != nil {
		return nil, err
	}
	words.ID, words.Revision = what.Transfer, r.Revision+1
	if err := o.origin(ctx, r, words); err != nil {
		return nil, err
	}
	id := fmt.Sprintf("%s/offer/%d", what.Transfer, words.Revision)
	first, err := o.frame(r.Mode, what.Transfer, id, stdif.Inbound{Report: words})
	if err != nil && words.Raw != nil { // too large with its raw: that stays here, and the other side is told
		words.Additional = append(words.Additional, stdif.Additional{Name: "transfer.raw", Value: fmt.Sprintf("%d bytes stay at %s", len(words.Raw.Bytes), o.hq)})
		words.Raw = nil
		first, err = o.frame(r.Mode, what.Transfer, id, stdif.Inbound{Report: words})
	}
	if err != nil {
		return nil, err
	}
	frames := []Frame{first}
	lines, err := o.reads.Content().Chat(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range lines {
		f, err := o.line(r.Mode, what.Transfer, c)
		if err != nil {
			return nil, err
		}
		frames = append(frames, f)
	}
	media, err := o.reads.Media().OfReport(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range media {
		m.Media.ReportID = what.Transfer
		f, err := o.frame(r.Mode, what.Transfer, what.Transfer+"/media/"+m.Media.ID, stdif.Inbound{Media: &m.Media})
		if err != nil {
			return nil, err
		}
		frames = append(frames, f)
	}
	return frames, nil
}

func (o outgoing) line(mode stdif.Mode, transferID string, c report.Chat) (Frame, error) {
	return o.frame(mode, transferID, transferID+"/line/"+c.ID, stdif.Inbound{Chat: &stdif.ChatMessage{ID: c.ID, ReportID: transferID, From: c.From, At: c.At, Text: c.Text}})
}

// words reads the present revision. A report that nobody here could decode goes
// with its bytes: somebody there may know what it is.
func (o outgoing) words(ctx context.Context, r report.Report) (*stdif.Report, error) {
	none := &stdif.Report{EventTime: r.ReceivedAt, Kind: stdif.IncidentType{Code: r.Kind}}
	if r.Frame == "" {
		return none, nil
	}
	stored, err := o.reads.Content().Frame(ctx, r.Frame)
	if err != nil {
		return nil, err
	}
	f, p := open1.Decode(stored.Body)
	if p == nil {
		var in stdif.Inbound
		if in, _, p = open1.DecodeBody(f); p == nil && in.Report != nil {
			return in.Report, nil
		}
		if p == nil && in.Raw != nil {
			none.Raw = &in.Raw.Raw
			return none, nil
		}
	}
	none.Raw = &stdif.Raw{MIME: "application/octet-stream", Bytes: stored.Body}
	return none, nil
}

const maxHistory = 200

// origin says where a report came from and who had it in charge.
func (o outgoing) origin(ctx context.Context, r report.Report, words *stdif.Report) error {
	if words.Routing == nil {
		words.Routing = &stdif.Routing{}
	} else {
		routing := *words.Routing
		words.Routing = &routing
	}
	words.Routing.Handover = "wire"
	add := func(name, value string) {
		if value != "" && len(words.Additional) < stdif.MaxAdditional {
			words.Additional = append(words.Additional, stdif.Additional{Name: "transfer." + name, Value: value})
		}
	}
	add("headquarters", o.hq)
	add("number", r.Number)
	add("service", r.Service)
	add("received-at", r.ReceivedAt.Format(time.RFC3339))
	history, err := o.reads.History(ctx, "report/"+r.ID, maxHistory)
	if err != nil {
		return err
	}
	for _, e := range history {
		if e.Act != string(act.ReportClaim) && e.Act != string(act.TransferOffer) {
			continue
		}
		add("handled-by", fmt.Sprintf("%s %s %s", time.UnixMicro(e.At).UTC().Format(time.RFC3339), o.seat(ctx, e.Actor.Console), o.person(ctx, e.Actor.Person)))
	}
	return nil
}

func (o outgoing) seat(ctx context.Context, id string) string {
	if c, err := o.reads.Consoles().Console(ctx, id); err == nil {
		return c.Name
	}
	return id
}

func (o outgoing) person(ctx context.Context, id string) string {
	if p, err := o.reads.Staff().Person(ctx, id); err == nil {
		return p.Name
	}
	return id
}

// relayed is one more thing that came for the report, or a line of ours.
func (o outgoing) relayed(ctx context.Context, what act.Relay) ([]Frame, error) {
	r, err := o.reads.Reports().Report(ctx, what.Report)
	if err != nil {
		return nil, err
	}
	if what.Line != "" {
		lines, err := o.reads.Content().Chat(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, c := range lines {
			if c.ID == what.Line {
				f, err := o.line(r.Mode, what.Transfer, c)
				return []Frame{f}, err
			}
		}
		return nil, nil
	}
	stored, err := o.reads.Content().Frame(ctx, what.Frame)
	if err != nil {
		return nil, err
	}
	decoded, p := open1.Decode(stored.Body)
	if p != nil {
		return nil, nil // not understood here either: it rings here as a report of its own
	}
	in, _, p := open1.DecodeBody(decoded)
	if p != nil {
		return nil, nil
	}
	id := what.Transfer + "/frame/" + what.Frame
	switch {
	case in.Report != nil:
		if err := o.origin(ctx, r, in.Report); err != nil {
			return nil, err
		}
		in.Report.ID, in.Report.Revision = what.Transfer, in.Report.Revision+1
	case in.Chat != nil:
		in.Chat.ReportID = what.Transfer
		id = what.Transfer + "/line/" + in.Chat.ID // the same as within the offer
	case in.State != nil:
		in.State.ReportID = what.Transfer
	case in.Media != nil:
		in.Media.ReportID = what.Transfer
		id = what.Transfer + "/media/" + in.Media.ID
	case in.Receipt != nil:
		in.Receipt.ReportID = what.Transfer
	default:
		return nil, nil
	}
	f, err := o.frame(r.Mode, what.Transfer, id, in)
	return []Frame{f}, err
}

// message makes what is posted of what lies in the outbox. nil: there is
// nothing left to say.
func (o outgoing) message(ctx context.Context, m entry.Message) (*Message, error) {
	out := &Message{ID: m.ID, Kind: kindFrames}
	var what act.Relay
	switch m.Kind {
	case act.MessageOffer, act.MessageRelay, act.MessageWithdraw, act.MessageRefuse:
		if err := json.Unmarshal(m.Body, &what); err != nil {
			return nil, nil //nolint:nilerr // its key is gone: it must not hold up what stands behind it
		}
		out.Transfer = what.Transfer
	default:
		out.Kind, out.Input = kindInput, new(stdif.Input)
		if err := json.Unmarshal(m.Body, out.Input); err != nil || out.Input.Verb == "" {
			return nil, nil //nolint:nilerr // a data request, or a message without its key
		}
		out.Transfer = out.Input.ReportID
		return out, nil
	}
	var err error
	switch m.Kind {
	case act.MessageOffer:
		out.Frames, err = o.offer(ctx, what)
	case act.MessageRelay:
		out.Frames, err = o.relayed(ctx, what)
	case act.MessageWithdraw:
		out.Frames, err = o.withdrawn(ctx, what)
	case act.MessageRefuse:
		out.Kind, out.Reason = kindRefuse, what.Reason
		return out, nil
	}
	if err != nil || len(out.Frames) == 0 {
		return nil, err
	}
	return out, nil
}

// withdrawn tells that the report is ours again. A person there closes it.
func (o outgoing) withdrawn(ctx context.Context, what act.Relay) ([]Frame, error) {
	r, err := o.reads.Reports().Report(ctx, what.Report)
	if err != nil {
		return nil, err
	}
	f, err := o.frame(r.Mode, what.Transfer, what.Transfer+"/withdraw", stdif.Inbound{State: &stdif.ReportState{ReportID: what.Transfer, State: stdif.ServiceEnded, At: o.now()}})
	return []Frame{f}, err
}

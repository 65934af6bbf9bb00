package act

import (
	"context"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
)

// seat is the person at a console; a desk story needs both.
func seat(who Who) (report.By, error) {
	if who.Kind != authz.KindPerson || who.Console == "" {
		return report.By{}, fault.New(fault.Unknown, "session.none")
	}
	return report.By{Console: who.Console, Person: who.ID}, nil
}

// decided is what a desk story makes of a report.
type decided struct {
	report report.Report
	facts  map[string]string
	inputs []stdif.Input // for the service, after the steps that were reached
}

// onReport runs a desk story on one report: load, rule, save, announce. The
// service is told the steps first: what a dispatcher does, somebody has seen.
func (a *Acts) onReport(ctx context.Context, who Who, name Name, id string,
	rule func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error),
) error {
	s, err := seat(who)
	if err != nil {
		return err
	}
	return a.do(ctx, who, name, authz.Resource{Type: "Report", ID: id}, func(ctx context.Context, u *store.Unit) (Told, error) {
		r, err := u.Reports().Report(ctx, id)
		if err != nil {
			return Told{}, err
		}
		d, err := rule(ctx, u, r, s)
		if err != nil || d.report == r && d.facts == nil { // pressed twice
			return Told{}, err
		}
		if err := save(ctx, u, r, d.report); err != nil {
			return Told{}, err
		}
		u.Changed("report", id, string(name))
		if err := tellSteps(ctx, u, r, d.report); err != nil {
			return Told{}, err
		}
		for _, in := range d.inputs {
			if err := tell(ctx, u, r.Terminal, id, in); err != nil {
				return Told{}, err
			}
		}
		return Told{Subject: "report/" + id, Mode: d.report.Effective(), Facts: d.facts}, nil
	})
}

// tellSteps tells the service every step that was newly reached: the truth
// about each, in order.
func tellSteps(ctx context.Context, u *store.Unit, before, after report.Report) error {
	if !after.Addressable() {
		return nil
	}
	for _, step := range []struct {
		step stdif.AckStep
		at   time.Time
	}{{stdif.Integrated, after.IntegratedAt}, {stdif.Seen, after.SeenAt}} {
		if !after.Reached(step.step, before) {
			continue
		}
		in := input(after, stdif.VerbAck)
		in.Ack = &stdif.Ack{ReportID: after.ServiceReport, Revision: after.Revision, Step: step.step, At: step.at}
		if err := tell(ctx, u, after.Terminal, after.ID, in); err != nil {
			return err
		}
	}
	return nil
}

func input(r report.Report, verb stdif.Verb) stdif.Input {
	return stdif.Input{ServiceID: r.Service, ReportID: r.ServiceReport, Mode: r.Mode, Verb: verb}
}

// addressed keeps what can be told: a report that its terminal knows by no name
// has nobody to be told about it.
func addressed(r report.Report, in stdif.Input) []stdif.Input {
	if !r.Addressable() {
		return nil
	}
	return []stdif.Input{in}
}

// Open records that a named person opened the report: the caller may be told.
func (a *Acts) Open(ctx context.Context, who Who, id string) error {
	return a.onReport(ctx, who, ReportOpen, id, func(_ context.Context, u *store.Unit, r report.Report, _ report.By) (decided, error) {
		return decided{report: r.See(u.Now())}, nil
	})
}

// Claim takes a report in charge: one winner.
func (a *Acts) Claim(ctx context.Context, who Who, id string) error {
	return a.onReport(ctx, who, ReportClaim, id, func(_ context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		n, err := r.Take(s, u.Now())
		in := input(n, stdif.VerbAccept)
		in.HQNumber = n.Number
		return decided{report: n, inputs: addressed(n, in)}, err
	})
}

// Release gives a claim back; the report rings again.
func (a *Acts) Release(ctx context.Context, who Who, id string) error {
	return a.onReport(ctx, who, ReportRelease, id, func(_ context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		n, err := r.Release(s, u.Now())
		return decided{report: n, inputs: addressed(n, input(n, stdif.VerbRelease))}, err
	})
}

// Close ends the work on a report, by name and with a reason. The note is for
// this headquarters and never leaves it.
func (a *Acts) Close(ctx context.Context, who Who, id, reason, note string) error {
	if len([]rune(note)) > report.MaxCloseNote {
		return fault.New(fault.TooLarge, "close.note-too-long", "max", strconv.Itoa(report.MaxCloseNote))
	}
	return a.onReport(ctx, who, ReportClose, id, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		n, err := r.Close(s, reason, u.Now())
		if err != nil {
			return decided{}, err
		}
		if note != "" || r.Reopened { // the note of an earlier closing is not this one's
			if err := u.Reports().SaveCloseNote(ctx, id, stdif.Clean(note)); err != nil {
				return decided{}, err
			}
		}
		d := decided{report: n, facts: map[string]string{"reason": reason}}
		silent, err := closing(ctx, u, id, reason)
		if err != nil || silent {
			return d, err
		}
		in := input(n, stdif.VerbClose)
		in.Reason = reason
		d.inputs = addressed(n, in)
		return d, nil
	})
}

// Say sends a line to the caller. id is the page's idempotency key: a line that
// was sent twice is one line. An output-only service takes none (S3-1-3-1).
func (a *Acts) Say(ctx context.Context, who Who, reportID, id, text string) error {
	text = stdif.Clean(text)
	switch n := len([]rune(text)); {
	case text == "":
		return fault.New(fault.Invalid, "chat.empty")
	case n > stdif.MaxText:
		return fault.New(fault.TooLarge, "chat.too-long", "max", strconv.Itoa(stdif.MaxText))
	case id == "" || len(id) > stdif.MaxID:
		return fault.New(fault.Invalid, "input.invalid", "place", "id")
	}
	return a.onReport(ctx, who, ChatSend, reportID, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		if err := canTalk(ctx, u, r); err != nil {
			return decided{}, err
		}
		now := u.Now()
		added, err := u.Dialog().AddChat(ctx, report.Chat{
			Report: r.ID, ID: id, From: stdif.FromHeadquarters, At: now, ReceivedAt: now,
			By: s, Delivery: report.LineSent, Text: text,
		})
		if err != nil || !added {
			return decided{report: r}, err
		}
		if _, err := relay(ctx, u, r.ID, Relay{Line: id}); err != nil {
			return decided{}, err
		}
		in := input(r, stdif.VerbMessage)
		in.Message = &stdif.ChatMessage{ID: id, ReportID: r.ServiceReport, From: stdif.FromHeadquarters, At: now, Text: text}
		u.Changed("chat", r.ID, id)
		return decided{report: r.Chat(stdif.FromHeadquarters, now, now).See(now), inputs: []stdif.Input{in}}, nil
	})
}

func canTalk(ctx context.Context, u *store.Unit, r report.Report) error {
	if r.Undecodable || !r.Entered.At.IsZero() { // a paper has nobody at its other end
		return fault.New(fault.Unsupported, "chat.undecodable")
	}
	if _, elsewhere := transfer.PartnerOf(r.Terminal); elsewhere {
		return nil // the headquarters that handed it over says whether its service listens
	}
	t, err := u.Terminals().Terminal(ctx, r.Terminal)
	if err != nil {
		return err
	}
	if s, ok := t.Service(r.Service); ok && s.OutputOnly {
		return fault.New(fault.Unsupported, "terminal.output-only")
	}
	return nil
}

package act

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
)

// MessageRequest is the outbox kind of a data request. Unlike inputs it is a
// question: the gateway asks the terminal and hands the answer to Answer.
const MessageRequest = "data-request"

// Ask is the body of a data request in the outbox.
type Ask struct {
	ID        string `json:"id"`
	ServiceID string `json:"serviceId,omitempty"`
	ReportID  string `json:"reportId,omitempty"` // the service's number
}

// RequestReport asks a terminal for the present data of one report: idle, in a
// call and after it (S3-1-3-2). It returns the request's id; the answer comes
// through the feed.
func (a *Acts) RequestReport(ctx context.Context, who Who, reportID string) (string, error) {
	id := newID()
	err := a.onReport(ctx, who, DataRequest, reportID, func(ctx context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		if r.Undecodable || !r.Entered.At.IsZero() {
			return decided{}, fault.New(fault.Unsupported, "request.undecodable")
		}
		q := report.Request{ID: id, Terminal: r.Terminal, Service: r.Service, Report: r.ID, By: s, AskedAt: u.Now()}
		n := r
		n.UpdatedAt = u.Now()
		return decided{report: n, facts: map[string]string{"request": id}}, ask(ctx, u, q, r.ServiceReport)
	})
	return earlier(ctx, "request", id), err
}

// RequestTerminal asks a terminal for all its open reports.
func (a *Acts) RequestTerminal(ctx context.Context, who Who, terminalID string) (string, error) {
	s, err := seat(who)
	if err != nil {
		return "", err
	}
	id := newID()
	err = a.do(ctx, who, DataRequest, authz.Resource{Type: "Terminal", ID: terminalID}, func(ctx context.Context, u *store.Unit) (Told, error) {
		t, err := u.Terminals().Terminal(ctx, terminalID)
		if err != nil {
			return Told{}, err
		}
		if !t.RevokedAt.IsZero() {
			return Told{}, fault.New(fault.NotFound, "terminal.unknown")
		}
		u.Changed("terminal", terminalID, string(DataRequest))
		return Told{Subject: "terminal/" + terminalID, Facts: map[string]string{"request": id}},
			ask(ctx, u, report.Request{ID: id, Terminal: terminalID, By: s, AskedAt: u.Now()}, "")
	})
	return earlier(ctx, "request", id), err
}

func ask(ctx context.Context, u *store.Unit, q report.Request, serviceReport string) error {
	if err := u.Dialog().SaveRequest(ctx, q); err != nil {
		return err
	}
	body, err := json.Marshal(Ask{ID: q.ID, ServiceID: q.Service, ReportID: serviceReport})
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	return u.Send(ctx, entry.Message{ID: q.ID, Destination: "terminal/" + q.Terminal, Kind: MessageRequest, Subject: q.Report, Body: body})
}

// Answer records how a data request ended. The reports of the answer arrived
// before, each as its own act.
func (a *Acts) Answer(ctx context.Context, who Who, id string, count int, problem stdif.Code) error {
	return a.do(ctx, who, DataAnswer, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		q, err := u.Dialog().Request(ctx, id)
		if err != nil {
			return Told{}, err
		}
		if !q.AnsweredAt.IsZero() {
			return Told{}, nil
		}
		q.AnsweredAt, q.Count, q.Problem = u.Now(), int64(count), problem
		if err := u.Dialog().SaveRequest(ctx, q); err != nil {
			return Told{}, err
		}
		if _, err := u.Sent(ctx, id, problem); err != nil {
			return Told{}, err
		}
		subject := "terminal/" + q.Terminal
		if q.Report != "" {
			subject = "report/" + q.Report
			u.Changed("report", q.Report, string(DataAnswer))
		} else {
			u.Changed("terminal", q.Terminal, string(DataAnswer))
		}
		return Told{Subject: subject, Facts: map[string]string{"request": id, "count": strconv.Itoa(count), "code": strconv.Itoa(int(problem))}}, nil
	})
}

package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// maxBody holds an offer: the largest report, its dialog and its media's names.
const maxBody = 16 << 20

const maxFrames = 4096

// ServeHTTP takes messages of partners. Who it is was proven by the certificate
// (pki.ExchangeFace); here it must still be a partner, so that one who was
// revoked is refused on a connection that is open.
func (e *Exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	medium := r.URL.Path == MediaPath && r.Method == http.MethodGet
	if !medium && (r.URL.Path != Path || r.Method != http.MethodPost) {
		http.NotFound(w, r)
		return
	}
	p, ok := e.partner(r)
	if !ok {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if medium {
		e.serveMedium(w, r, p)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	a, err := e.take(r.Context(), p, body)
	if err != nil {
		e.c.Log.Error("take from another headquarters", "partner", p, "err", err)
		w.WriteHeader(http.StatusServiceUnavailable) // it is sent again
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(a) // whoever asked is gone if this fails, and asks again
}

// partner is whose certificate is shown, when it is registered.
func (e *Exchange) partner(r *http.Request) (string, bool) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 || len(r.TLS.PeerCertificates[0].DNSNames) != 1 {
		return "", false
	}
	id, ok := strings.CutPrefix(r.TLS.PeerCertificates[0].DNSNames[0], "exchange.")
	if !ok {
		return "", false
	}
	p, err := e.c.Store.Transfers().Partner(r.Context(), id)
	return id, err == nil && !p.Revoked()
}

// take stores one message. A Problem in the answer is for good.
func (e *Exchange) take(ctx context.Context, partner string, body []byte) (Answer, error) {
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return Answer{Problem: stdif.CodeSyntax}, nil //nolint:nilerr // told in the answer
	}
	switch {
	case m.Kind == kindFrames && len(m.Frames) <= maxFrames:
		return e.frames(ctx, partner, m)
	case m.Kind == kindInput && m.Input != nil:
		return answered(e.c.Acts.TransferHear(ctx, whoIs(partner), partner, *m.Input))
	case m.Kind == kindRefuse:
		return answered(e.c.Acts.TransferRefused(ctx, whoIs(partner), partner, m.Transfer, m.Reason))
	}
	return Answer{Problem: stdif.CodeSyntax}, nil
}

// answered turns what will never succeed into a problem; the rest is tried again.
func answered(err error) (Answer, error) {
	switch fault.Of(err) {
	case fault.NotFound:
		return Answer{Problem: stdif.CodeUnknownReport}, nil
	case fault.Unsupported:
		return Answer{Problem: stdif.CodeOutputOnly}, nil
	case fault.Invalid:
		return Answer{Problem: stdif.CodeSyntax}, nil
	}
	return Answer{}, err
}

// frames stores what came for one report, each frame once, in order, and
// answers with its number when all of it is durable.
func (e *Exchange) frames(ctx context.Context, partner string, m Message) (Answer, error) {
	if m.Transfer == "" || len(m.Transfer) > stdif.MaxID {
		return Answer{Problem: stdif.CodeSyntax}, nil
	}
	for _, f := range m.Frames {
		in, problem := incoming(partner, m.Transfer, f)
		if problem != 0 {
			return Answer{Problem: problem}, nil
		}
		p, err := e.c.Acts.Arrive(ctx, whoIs(partner), in)
		if err != nil {
			return Answer{}, err
		}
		if err := p.Wait(ctx); err != nil {
			return Answer{}, err
		}
	}
	r, err := e.c.Store.ReportOf(ctx, transfer.Channel(partner), m.Transfer)
	if fault.Of(err) == fault.NotFound {
		return Answer{Problem: stdif.CodeUnknownReport}, nil
	}
	return Answer{Number: r.Number}, err
}

// incoming reads a frame as that of the terminal that the partner plays. It may
// speak of the one report it says it speaks of, whatever stands in it.
func incoming(partner, transferID string, f Frame) (act.Incoming, stdif.Code) {
	wire := f.Wire
	decoded, p := open1.Decode(wire)
	if p != nil {
		return act.Incoming{}, p.Code
	}
	in, _, p := open1.DecodeBody(decoded)
	if p != nil {
		return act.Incoming{}, p.Code
	}
	if of(in) != transferID {
		return act.Incoming{}, stdif.CodeUnknownReport
	}
	channel := transfer.Channel(partner)
	return act.Incoming{
		Frame: channel + "/" + f.ID, Terminal: channel, Spool: transferID, Seq: 1, Service: channel, Type: string(decoded.Type), Mode: decoded.Mode,
		SentAt: decoded.SentAt, Wire: wire, Inbound: in, Refused: new(act.Refused),
	}, 0
}

// of is the report that a message speaks of.
func of(in stdif.Inbound) string {
	switch {
	case in.Report != nil:
		return in.Report.ID
	case in.Chat != nil:
		return in.Chat.ReportID
	case in.State != nil:
		return in.State.ReportID
	case in.Media != nil:
		return in.Media.ReportID
	case in.Receipt != nil:
		return in.Receipt.ReportID
	}
	return ""
}

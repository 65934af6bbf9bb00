package httpapi

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
)

// TransferMark is what a card shows of the latest transfer of its report (転送).
type TransferMark struct {
	To     string `json:"to" doc:"name of the other headquarters"`
	Method string `json:"method" enum:"data,telephone"`
	State  string `json:"state" enum:"offered,received,seen,accepted,refused,withdrawn,completed,unanswered"`
	Number string `json:"number" doc:"the other side's"`
	Reason string `json:"reason"`
	Stuck  bool   `json:"stuck" doc:"the other side cannot be reached, or does not ring"`
}

// OtherHQ is the headquarters to which a report belongs by its place, when that
// is not this one (通報地本部).
type OtherHQ struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

// PartnerView is a headquarters that reports can be handed to.
type PartnerView struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Code  string `json:"code"`
	Phone string `json:"phone"`
	Data  bool   `json:"data" doc:"takes reports by data"`
}

// TransferView is one handing over with its record.
type TransferView struct {
	ID         string           `json:"id"`
	Mark       TransferMark     `json:"mark"`
	By         Doer             `json:"by"`
	OfferedAt  time.Time        `json:"offeredAt"`
	ReceivedAt time.Time        `json:"receivedAt,omitzero"`
	SeenAt     time.Time        `json:"seenAt,omitzero"`
	AcceptedAt time.Time        `json:"acceptedAt,omitzero"`
	EndedAt    time.Time        `json:"endedAt,omitzero"`
	Record     *transfer.Record `json:"record"`
}

// Transferring is what the form of a transfer shows.
type Transferring struct {
	RegisteredHQ *OtherHQ        `json:"registeredHq"`
	LocatedHQ    *OtherHQ        `json:"locatedHq"`
	HandledHQ    *OtherHQ        `json:"handledHq"`
	From         *PartnerView    `json:"from" doc:"the headquarters that handed it to this one"`
	Partners     []PartnerView   `json:"partners"`
	Suggested    string          `json:"suggested" doc:"the partner to which the place belongs"`
	Transfers    []TransferView  `json:"transfers"`
	Checklist    []transfer.Item `json:"checklist" doc:"what to read out over the telephone"`
}

// elsewhere is what names holds of other headquarters.
type elsewhere struct {
	partners map[string]transfer.Partner  // by id
	codes    map[string]transfer.Partner  // by six-digit code
	latest   map[string]transfer.Transfer // by report
}

func (e elsewhere) mark(t transfer.Transfer) *TransferMark {
	to := or(e.partners[t.Partner].Name, t.Partner)
	if t.Record != nil && t.Record.ToName != "" {
		to = t.Record.ToName
	}
	return &TransferMark{to, string(t.Method), string(t.State), t.Number, t.Reason, !t.StuckAt.IsZero()}
}

func (s *Server) other(e elsewhere, code string) *OtherHQ {
	switch {
	case code == "":
		return nil
	case code == s.hq:
		return &OtherHQ{code, s.hqName}
	}
	return &OtherHQ{code, or(e.codes[code].Name, code)}
}

// outside is the headquarters of the place, when it is not this one.
func (s *Server) outside(e elsewhere, located string) *OtherHQ {
	if located == s.hq {
		return nil
	}
	return s.other(e, located)
}

func partnerView(p transfer.Partner) PartnerView {
	return PartnerView{p.ID, p.Name, p.Code, p.Phone, p.Data()}
}

func (s *Server) readTransfer(ctx context.Context, _ authn.Identity, in *reportInput) (Transferring, error) {
	out := Transferring{Partners: []PartnerView{}, Transfers: []TransferView{}, Checklist: []transfer.Item{}}
	r, err := s.store.Reports().Report(ctx, in.ID)
	if err != nil {
		return out, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return out, err
	}
	var d Detail
	if err := s.readWords(ctx, r, &d); err != nil {
		return out, err
	}
	if d.Report != nil && d.Report.Routing != nil {
		routing := d.Report.Routing
		out.RegisteredHQ, out.LocatedHQ, out.HandledHQ = s.other(n.elsewhere, routing.RegisteredHQ), s.other(n.elsewhere, routing.LocatedHQ), s.other(n.elsewhere, routing.HandledHQ)
		if routing.LocatedHQ != s.hq {
			out.Suggested = n.elsewhere.codes[routing.LocatedHQ].ID
		}
	}
	if id, ok := transfer.PartnerOf(r.Terminal); ok {
		v := partnerView(n.elsewhere.partners[id])
		out.From = &v
	}
	out.Checklist = append(out.Checklist, transfer.Checklist(r.Number, r.Effective(), d.Report)...)
	if out.Partners, err = s.listPartners(ctx, authn.Identity{}, nil); err != nil {
		return out, err
	}
	all, err := s.store.Transfers().Transfers(ctx, r.ID)
	for _, t := range all {
		out.Transfers = append(out.Transfers, TransferView{
			ID: t.ID, Mark: *n.elsewhere.mark(t), By: n.doer(incident.By(t.By)), OfferedAt: t.OfferedAt, ReceivedAt: t.ReceivedAt,
			SeenAt: t.SeenAt, AcceptedAt: t.AcceptedAt, EndedAt: t.EndedAt, Record: t.Record,
		})
	}
	return out, err
}

func (s *Server) listPartners(ctx context.Context, _ authn.Identity, _ *nothing) ([]PartnerView, error) {
	found, err := s.store.Transfers().Partners(ctx)
	out := []PartnerView{}
	for _, p := range found {
		if !p.Revoked() {
			out = append(out, partnerView(p))
		}
	}
	return out, err
}

type transferInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Partner string `json:"partner" minLength:"1" maxLength:"63"`
	}
}

func (s *Server) offerTransfer(ctx context.Context, id authn.Identity, in *transferInput) (nothing, error) {
	return nothing{}, s.acts.OfferTransfer(ctx, s.whoOf(id), in.ID, in.Body.Partner)
}

func (s *Server) withdrawTransfer(ctx context.Context, id authn.Identity, in *reportInput) (nothing, error) {
	return nothing{}, s.acts.WithdrawTransfer(ctx, s.whoOf(id), in.ID)
}

type transferRefuseInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Reason string `json:"reason" enum:"not-our-area,cannot-take,known-already"`
	}
}

func (s *Server) refuseTransfer(ctx context.Context, id authn.Identity, in *transferRefuseInput) (nothing, error) {
	return nothing{}, s.acts.RefuseTransfer(ctx, s.whoOf(id), in.ID, in.Body.Reason)
}

type transferCallInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Partner    string    `json:"partner,omitempty" maxLength:"63" doc:"of the register; otherwise toName"`
		ToName     string    `json:"toName,omitempty" maxLength:"200"`
		Number     string    `json:"number,omitempty" maxLength:"40"`
		AnsweredBy string    `json:"answeredBy,omitempty" maxLength:"200"`
		At         time.Time `json:"at,omitzero" doc:"when; now when left out"`
		ReadOut    []string  `json:"readOut,omitempty" maxItems:"64" doc:"items of the checklist that were read out"`
		Outcome    string    `json:"outcome" enum:"accepted,refused,no-answer"`
		Note       string    `json:"note,omitempty" maxLength:"4000"`
	}
}

func (s *Server) telephoneTransfer(ctx context.Context, id authn.Identity, in *transferCallInput) (nothing, error) {
	b := in.Body
	if b.At.IsZero() {
		b.At = s.now()
	}
	return nothing{}, s.acts.Telephone(ctx, s.whoOf(id), in.ID, act.Telephoned{Partner: b.Partner, Outcome: b.Outcome, Record: transfer.Record{
		ToName: stdif.Clean(b.ToName), Number: stdif.Clean(b.Number), AnsweredBy: stdif.Clean(b.AnsweredBy), At: b.At.UTC(), ReadOut: b.ReadOut, Note: b.Note,
	}})
}

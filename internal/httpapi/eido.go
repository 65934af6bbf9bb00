package httpapi

import (
	"cmp"
	"context"
	"net/http"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/eido"
)

// reportEIDO answers one report as an Emergency Incident Data Object
// (NENA-STA-021), for a command system that speaks it.
func (s *Server) reportEIDO(w http.ResponseWriter, r *http.Request) {
	who, _ := authn.From(r.Context())
	v, err := s.eidoView(r.Context(), r.PathValue("id"), s.readsHealth(who))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	document, err := eido.Encode(v)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", eido.MediaType)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(document) // whoever asked is gone if this fails
}

// readsHealth is a person's right; a machine never has it.
func (s *Server) readsHealth(who authn.Identity) bool {
	return who.Person != nil && s.may.May(authz.OfPerson(*who.Person), authz.ReportMedical, authz.Resource{}).Allowed
}

// eidoView is what may be told of a report. The note of its closing stays: it is
// for this headquarters alone. Persons are ids, and so are consoles.
func (s *Server) eidoView(ctx context.Context, id string, health bool) (eido.View, error) {
	r, err := s.store.Reports().Report(ctx, id)
	if err != nil {
		return eido.View{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return eido.View{}, err
	}
	card, err := s.card(ctx, n, r)
	if err != nil {
		return eido.View{}, err
	}
	v := eido.View{
		Mode: r.Mode, ServiceID: r.Service, ReportID: r.ID, Number: r.Number, State: eidoState(r), ReceivedAt: &r.ReceivedAt,
		UpdatedAt: r.UpdatedAt, Revised: r.UpdatedAt.UnixMicro(),
		Headquarters: eido.Agency{ID: s.hq, Name: s.hqName, Role: eido.CallReceiving},
	}
	if v.Report, err = s.eidoReport(ctx, r, health); err != nil {
		return v, err
	}
	if r.Claim.Console != "" {
		v.AnsweredAt, v.Agent = &r.Claim.At, &eido.Agent{ID: r.Claim.Person, Console: r.Claim.Console}
	}
	if r.State == report.Closed {
		v.Dispositions = []eido.Disposition{{Code: r.Closing.Reason, At: &r.Closing.At, By: r.Closing.Person}}
	}
	if card.Incident != nil {
		v.Incident = card.Incident.ID
	}
	return v, s.eidoDialog(ctx, r, &v)
}

func eidoState(r report.Report) eido.State {
	if r.Reopened && r.Unclaimed() {
		return eido.Reopened
	}
	return eido.State(r.State)
}

// eidoReport is the report as its service sent it; one that could not be read
// travels as its bytes. Bytes of a report with health data hold that too, so
// they go only where it may go.
func (s *Server) eidoReport(ctx context.Context, r report.Report, health bool) (stdif.Report, error) {
	out := stdif.Report{ID: r.ServiceReport, Revision: r.Revision, EventTime: r.EventAt, Kind: stdif.IncidentType{Code: cmp.Or(r.Kind, stdif.KindOther)}}
	if out.EventTime.IsZero() {
		out.EventTime = r.ReceivedAt
	}
	if r.Frame == "" {
		return out, nil
	}
	f, err := s.store.Content().Frame(ctx, r.Frame)
	if unreadable(err) {
		return out, nil // the words are lost for good; who, when and what was done is still told
	}
	if err != nil {
		return out, err
	}
	words, _, bad := content(f)
	switch {
	case words != nil:
		out = *words
	case bad != nil && (health || !f.Health):
		out.Raw = &bad.Raw
	}
	if out.Medical != nil && !health {
		out.Medical, out.Raw = nil, nil
	}
	return out, nil
}

func (s *Server) eidoDialog(ctx context.Context, r report.Report, v *eido.View) error {
	lines, err := s.store.Content().Chat(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, c := range lines {
		v.Chat = append(v.Chat, eido.Line{ChatMessage: stdif.ChatMessage{ID: c.ID, ReportID: r.ServiceReport, From: c.From, At: c.At, Text: c.Text}, Step: c.Delivery})
	}
	media, err := s.store.Media().OfReport(ctx, r.ID)
	for _, m := range media {
		v.Media = append(v.Media, eido.Medium{Media: m.Media})
	}
	return err
}

package agent

import (
	"net/http"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// takeReceipt takes how far something of the headquarters has come to a caller.
func (a *Agent) takeReceipt(w http.ResponseWriter, r *http.Request, v spool.Service) {
	m, ok := a.small(w, r)
	if !ok {
		return
	}
	receipt, warnings, p := open1.DecodeReceipt(m.kept, r.PathValue("report"))
	if p != nil {
		refuseAs(w, http.StatusUnprocessableEntity, p, false)
		return
	}
	a.answer(w, r, spool.Intake{Service: v.ID, Mode: stdif.Mode(r.Header.Get(ModeHeader)), Inbound: stdif.Inbound{Receipt: &receipt}, Warnings: warnings}, m)
}

// takeOffer takes what a service says that it can do. One that is output only
// offers nothing: who registered it decided so.
func (a *Agent) takeOffer(w http.ResponseWriter, r *http.Request, v spool.Service) {
	m, ok := a.small(w, r)
	if !ok {
		return
	}
	if v.OutputOnly {
		refuse(w, stdif.Problemf(stdif.CodeOutputOnly, "", "the service is registered here as one that takes no input"))
		return
	}
	offer, _, p := open1.DecodeOffer(m.kept)
	if p != nil {
		refuseAs(w, http.StatusUnprocessableEntity, p, false)
		return
	}
	if err := a.spool.Offer(r.Context(), v.ID, offer); err != nil {
		a.fail(w, r, err)
		return
	}
	a.check("read services", a.serv.load(r.Context(), a.spool))
	reply(w, http.StatusOK, offer)
}

// small reads a message that is refused where it is over the limit, or answers.
func (a *Agent) small(w http.ResponseWriter, r *http.Request) (message, bool) {
	m, err := a.readMessage(w, r)
	if err != nil {
		a.brokenBody(w, r)
		return m, false
	}
	if p := m.oversized(); p != nil {
		refuse(w, p)
		return m, false
	}
	return m, true
}

package fauxterminal

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Intake answers the services' face: what is needed to hand a call over to the
// terminal, in the name of its first service and without a credential. Serve it
// on loopback only.
func (t *Terminal) Intake() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+open1.PathIntakeReports, t.takeReport)
	mux.HandleFunc("POST "+open1.PathIntakeReports+"/{report}"+open1.PathIntakeChat, t.takeChat)
	mux.HandleFunc("GET "+open1.PathIntakeReports+"/{report}"+open1.PathIntakeChat, t.chat)
	mux.HandleFunc("POST "+open1.PathIntakeReports+"/{report}"+open1.PathIntakeState, t.takeState)
	mux.HandleFunc("PUT "+open1.PathIntakeReports+"/{report}"+open1.PathIntakeMedia+"{medium}", t.takeMedium)
	return mux
}

// body reads what a service hands over.
func body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, stdif.MaxFrame))
	if err != nil {
		answer(w, http.StatusRequestEntityTooLarge, stdif.Problemf(stdif.CodeTooLarge, "", "limit %d bytes", stdif.MaxFrame))
	}
	return b, err == nil
}

func (t *Terminal) service() string { return t.cfg.Services[0].ServiceID }

// spooled answers what became of a message.
func (t *Terminal) spooled(w http.ResponseWriter, mode stdif.Mode, in stdif.Inbound, p *stdif.Problem) {
	if p != nil {
		answer(w, http.StatusUnprocessableEntity, p)
		return
	}
	if _, err := t.Put(t.service(), mode, in); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusCreated, open1.Status{Step: stdif.Spooled})
}

func (t *Terminal) takeReport(w http.ResponseWriter, r *http.Request) {
	b, ok := body(w, r)
	if !ok {
		return
	}
	report, _, p := open1.DecodeReport(b)
	if t.cfg.Manners.Garble {
		report.Text = strings.ReplaceAll(report.Text, "髙", "高")
	}
	t.spooled(w, stdif.Mode(r.Header.Get("Matoi-Mode")), stdif.Inbound{Report: &report}, p)
}

func (t *Terminal) takeChat(w http.ResponseWriter, r *http.Request) {
	b, ok := body(w, r)
	if !ok {
		return
	}
	m, _, p := open1.DecodeChat(b, r.PathValue("report"))
	t.spooled(w, stdif.Test, stdif.Inbound{Chat: &m}, p)
}

func (t *Terminal) takeState(w http.ResponseWriter, r *http.Request) {
	b, ok := body(w, r)
	if !ok {
		return
	}
	s, _, p := open1.DecodeState(b, r.PathValue("report"))
	if p == nil && s.State == stdif.ServiceEnded {
		t.mu.Lock()
		t.ended[s.ReportID] = true
		t.mu.Unlock()
	}
	t.spooled(w, stdif.Test, stdif.Inbound{State: &s}, p)
}

func (t *Terminal) takeMedium(w http.ResponseWriter, r *http.Request) {
	b, ok := body(w, r)
	if !ok {
		return
	}
	m := stdif.Media{ID: r.PathValue("medium"), ReportID: r.PathValue("report"), MIME: r.Header.Get("Content-Type"), Bytes: int64(len(b)), SHA256: r.Header.Get("Matoi-Sha256")}
	p := m.Validate()
	if p == nil {
		t.mu.Lock()
		t.media[t.service()+"/"+m.ReportID+"/"+m.ID] = b
		t.mu.Unlock()
	}
	t.spooled(w, stdif.Test, stdif.Inbound{Media: &m}, p)
}

// medium gives out what a service put.
func (t *Terminal) medium(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	b := bytes.Clone(t.media[r.PathValue("service")+"/"+r.PathValue("report")+"/"+r.PathValue("medium")])
	t.mu.Unlock()
	if b == nil {
		answer(w, http.StatusNotFound, stdif.Problemf(stdif.CodeUnknownReport, "", "no such medium"))
		return
	}
	if t.cfg.Manners.WrongDigest {
		b[len(b)/2] ^= 1
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Write(b) //nolint:errcheck // headquarters went away; it will ask again
}

// chat lists the lines of a report, those of the headquarters too.
func (t *Terminal) chat(w http.ResponseWriter, r *http.Request) {
	lines := []stdif.ChatMessage{}
	for _, f := range t.from(1) {
		if in, _, p := open1.DecodeBody(f); p == nil && in.Chat != nil && in.Chat.ReportID == r.PathValue("report") {
			lines = append(lines, *in.Chat)
		}
	}
	for _, in := range t.Heard().Inputs {
		if in.Message != nil && in.ReportID == r.PathValue("report") {
			lines = append(lines, *in.Message)
		}
	}
	answer(w, http.StatusOK, lines)
}

// calling reports whether a report has not been ended.
func (t *Terminal) calling() bool {
	for _, f := range t.from(1) {
		in, _, p := open1.DecodeBody(f)
		if p != nil || in.Report == nil {
			continue
		}
		t.mu.Lock()
		ended := t.ended[in.Report.ID]
		t.mu.Unlock()
		if !ended {
			return true
		}
	}
	return false
}

// forgot reports whether the terminal no longer knows what the message is about.
func (t *Terminal) forgot(in stdif.Inbound) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cfg.Manners.ForgetEnded && (in.Report != nil && t.ended[in.Report.ID] || in.Chat != nil && t.ended[in.Chat.ReportID])
}

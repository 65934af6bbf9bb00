package fauxterminal

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// wrongVersion makes a frame say that it is of a version that nobody speaks.
func wrongVersion(wire []byte) []byte {
	return bytes.Replace(wire, []byte(`"`+open1.Version+`"`), []byte(`"open/0"`), 1)
}

// takeInputs keeps what headquarters hands over; a repeat is taken again.
func (t *Terminal) takeInputs(w http.ResponseWriter, r *http.Request) {
	m := t.cfg.Manners
	if m.SlowInputs > 0 {
		wait := time.NewTimer(m.SlowInputs)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			return
		}
	}
	if m.FailInputs {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, stdif.MaxEncoded))
	if err != nil {
		return
	}
	read, p := open1.DecodeInputs(body)
	if p != nil {
		answer(w, http.StatusUnprocessableEntity, p)
		return
	}
	results := make([]stdif.InputResult, 0, len(read))
	t.mu.Lock()
	for _, in := range read {
		results = append(results, t.takeInput(in))
	}
	t.changed()
	t.mu.Unlock()
	answer(w, http.StatusOK, results)
}

// takeInput owns t.mu.
func (t *Terminal) takeInput(read open1.InputRead) stdif.InputResult {
	in := read.Input
	refuse := func(p *stdif.Problem) stdif.InputResult { return stdif.InputResult{ID: in.ID, Problem: p} }
	service := slices.IndexFunc(t.cfg.Services, func(s open1.ServiceHealth) bool { return s.ServiceID == in.ServiceID })
	always := in.Verb == stdif.VerbAck || in.Verb == stdif.VerbRing
	switch {
	case read.Problem != nil:
		return refuse(read.Problem)
	case t.cfg.Manners.DenyInputs:
		return refuse(stdif.Problemf(stdif.CodeBusy, "", "not now"))
	case service < 0 && !(in.Verb == stdif.VerbRing && in.ServiceID == stdif.Elsewhere):
		return refuse(stdif.Problemf(stdif.CodeUnknownService, "/serviceId", "no such service here"))
	case service >= 0 && t.cfg.Services[service].OutputOnly && !always:
		return refuse(stdif.Problemf(stdif.CodeOutputOnly, "/verb", "the service is output-only"))
	}
	if _, known := t.inputs[in.ID]; !known {
		t.inputs[in.ID] = in
		t.order = append(t.order, in.ID)
	}
	return stdif.InputResult{ID: in.ID, Taken: true}
}

// reports answers a data request: the current revision of each report, with
// its lines when one is named.
func (t *Terminal) reports(w http.ResponseWriter, r *http.Request) {
	service, report := r.URL.Query().Get("service"), r.URL.Query().Get("report")
	current := map[string]int{}
	var out []open1.Frame
	for _, f := range t.from(1) {
		if service != "" && f.ServiceID != service {
			continue
		}
		in, _, p := open1.DecodeBody(f)
		switch {
		case p != nil:
		case in.Report != nil && (report == "" || in.Report.ID == report):
			key := f.ServiceID + "\x00" + in.Report.ID
			if at, known := current[key]; known {
				out[at] = f
			} else {
				current[key] = len(out)
				out = append(out, f)
			}
		case in.Chat != nil && report != "" && in.Chat.ReportID == report:
			out = append(out, f)
		}
	}
	if len(out) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, http.StatusOK, out)
}

func (t *Terminal) health(w http.ResponseWriter, _ *http.Request) {
	t.mu.Lock()
	h := open1.Health{
		TerminalID: t.cfg.ID, Spool: t.spool, Version: "faux", Clock: t.now(), Through: int64(len(t.frames)),
		Pending: int64(len(t.frames)) - t.have.Count(), Services: t.cfg.Services,
		Planes: map[string]string{"data": "ready", "screen": "absent"}, Storable: false, // it has no disk
	}
	t.mu.Unlock()
	if t.cfg.Manners.LieHealth {
		h.Storable, h.Pending, h.Through = true, 0, 0
	}
	answer(w, http.StatusOK, h)
}

func answer(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	kind := "application/json"
	if status >= 400 {
		kind = "application/problem+json"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	w.Write(b) //nolint:errcheck // headquarters went away; it will ask again
}

package fauxterminal

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
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
	case service >= 0 && t.cfg.Services[service].OutputOnly && !always && !t.cfg.Manners.TakeOutputOnly:
		return refuse(stdif.Problemf(stdif.CodeOutputOnly, "/verb", "the service is output-only"))
	}
	if t.cfg.Manners.DropInputs {
		return stdif.InputResult{ID: in.ID, Taken: true}
	}
	if _, known := t.inputs[in.ID]; !known || t.cfg.Manners.DoubleInputs {
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
	if t.cfg.Manners.OnlyIdle && t.calling() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for _, f := range t.from(1) {
		if service != "" && f.ServiceID != service {
			continue
		}
		in, _, p := open1.DecodeBody(f)
		switch {
		case p != nil || t.forgot(in):
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
		Planes: map[string]string{"data": "down", "screen": "ready"}, Storable: false, // it has no disk
	}
	if t.links > 0 {
		h.Planes["data"] = "ready"
	}
	if t.cfg.Manners.Screen.Absent {
		h.Planes["screen"] = "absent"
	}
	t.mu.Unlock()
	if t.cfg.Manners.LieHealth {
		h.Storable, h.Pending, h.Through = true, 0, 0
	}
	answer(w, http.StatusOK, h)
}

// tally lists what is here above two numbers.
func (t *Terminal) tally(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	inputs, _ := strconv.ParseInt(r.URL.Query().Get("inputs"), 10, 64)
	t.mu.Lock()
	out := open1.Tally{TerminalID: t.cfg.ID, Spool: t.spool, Clock: t.now(), Frames: []open1.TallyFrame{}, Inputs: []open1.TallyInput{}}
	for _, f := range t.frames[min(max(after, 0), int64(len(t.frames))):] {
		in, _, _ := open1.DecodeBody(f)
		report, item := named(in)
		out.Frames = append(out.Frames, open1.TallyFrame{Seq: f.Seq, MsgID: f.MsgID, Type: f.Type, ServiceID: f.ServiceID, ReportID: report, Item: item, Mode: f.Mode, At: f.SentAt})
	}
	for i, id := range t.order {
		if in := t.inputs[id]; int64(i) >= inputs {
			out.Inputs = append(out.Inputs, open1.TallyInput{Seq: int64(i) + 1, ID: id, ServiceID: in.ServiceID, ReportID: in.ReportID, Verb: in.Verb, At: in.At})
		}
	}
	t.mu.Unlock()
	answer(w, http.StatusOK, out)
}

// named is the report of a message and what tells it from others of its kind.
func named(in stdif.Inbound) (report, item string) {
	switch {
	case in.Report != nil:
		return in.Report.ID, strconv.FormatInt(in.Report.Revision, 10)
	case in.Chat != nil:
		return in.Chat.ReportID, in.Chat.ID
	case in.State != nil:
		return in.State.ReportID, string(in.State.State)
	}
	return "", ""
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

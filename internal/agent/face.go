package agent

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// faceServer is the headquarters' face. Who may is decided by mutual TLS before
// a request is read: nobody but the gateway of the terminal's headquarters.
func (a *Agent) faceServer(m Member) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+open1.PathData, a.data)
	mux.HandleFunc("GET "+open1.PathReports, a.dataRequest)
	mux.HandleFunc("POST "+open1.PathInputs, a.takeInputs)
	mux.HandleFunc("GET "+open1.PathMedia+"{service}/{report}/{medium}", a.medium)
	mux.HandleFunc("GET "+open1.PathLive+"{service}/{report}", a.livePicture)
	mux.HandleFunc("GET "+open1.PathHealth, a.health)
	mux.HandleFunc("GET "+open1.PathScreen, a.screenPlane)
	mux.HandleFunc("GET "+open1.PathTally, a.tally)
	if m.Renewal != nil {
		mux.Handle(m.RenewalPath, m.Renewal)
	}
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: a.c.HeaderTime,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnState:         limitConns(64),
	}
}

// dataRequest answers データ連携要求 (S3-1-3-2) at any time, during a call or
// after it: one report with its chat, or all open ones.
func (a *Agent) dataRequest(w http.ResponseWriter, r *http.Request) {
	service, report := r.URL.Query().Get("service"), r.URL.Query().Get("report")
	out := &array{w: w}
	one := func(rep spool.Report) error {
		if service != "" && rep.Service != service {
			return nil
		}
		frames, err := a.spool.Answer(r.Context(), rep, report != "")
		if err != nil {
			return err
		}
		for _, f := range frames {
			if err := out.add(f); err != nil {
				return err
			}
		}
		return nil
	}
	var err error
	if report == "" {
		err = a.spool.EachOpen(r.Context(), one)
	} else {
		err = a.named(r, service, report, one)
	}
	if err == nil {
		err = out.end()
	}
	switch {
	case err == nil:
	case out.began:
		panic(http.ErrAbortHandler) // half an answer must not look whole
	default:
		a.fail(w, r, err)
	}
}

// named finds a report by number, in one service or in all of them: the number
// alone is unique only within a service.
func (a *Agent) named(r *http.Request, service, report string, f func(spool.Report) error) error {
	ids := []string{service}
	if service == "" {
		ids = nil
		for _, v := range a.serv.list() {
			ids = append(ids, v.ID)
		}
	}
	for _, id := range ids {
		rep, known, err := a.spool.Report(r.Context(), id, report)
		if err != nil {
			return err
		}
		if !known {
			continue
		}
		if err := f(rep); err != nil {
			return err
		}
	}
	return nil
}

// array writes a JSON array as it grows; an empty one is 204.
type array struct {
	w     http.ResponseWriter
	began bool
}

func (o *array) add(f open1.Frame) error {
	wire, err := open1.Encode(f)
	if err != nil {
		return err
	}
	sep := []byte(",")
	if !o.began {
		o.began = true
		o.w.Header().Set("Content-Type", "application/json")
		o.w.Header().Set("Cache-Control", "no-store")
		sep = []byte("[")
	}
	if _, err := o.w.Write(sep); err != nil {
		return err
	}
	_, err = o.w.Write(wire)
	return err
}

func (o *array) end() error {
	if !o.began {
		o.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	_, err := o.w.Write([]byte("]"))
	return err
}

// takeInputs takes what the headquarters hands to the services. The answer
// comes after all of it is durable.
func (a *Agent) takeInputs(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(a.c.BodyTime)) // not supported by test recorders
	wire, err := io.ReadAll(http.MaxBytesReader(w, r.Body, open1.MaxWire))
	if err != nil {
		if errors.As(err, new(*http.MaxBytesError)) {
			refuse(w, stdif.Problemf(stdif.CodeTooLarge, "", "limit %d bytes", open1.MaxWire))
			return
		}
		a.brokenBody(w, r)
		return
	}
	read, p := open1.DecodeInputs(wire)
	if p != nil {
		refuse(w, p)
		return
	}
	out := make([]stdif.InputResult, len(read))
	var in []stdif.Input
	var at []int // places of in within out
	for i, one := range read {
		out[i] = stdif.InputResult{ID: one.Input.ID, Problem: one.Problem}
		if one.Problem == nil {
			in, at = append(in, one.Input), append(at, i)
		}
	}
	results, err := a.spool.TakeInputs(r.Context(), in, a.serv.takes)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	for i, res := range results {
		out[at[i]] = res
		if res.Taken && a.bells.take(in[i], time.Now()) {
			a.hub.changed()
		}
	}
	reply(w, http.StatusOK, out)
}

// medium gives the sealed original, whole or in parts (Range).
func (a *Agent) medium(w http.ResponseWriter, r *http.Request) {
	m, known, err := a.spool.Medium(r.Context(), r.PathValue("service"), r.PathValue("report"), r.PathValue("medium"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if !known {
		refuse(w, stdif.Problemf(stdif.CodeUnknownReport, "", "no such medium at this terminal"))
		return
	}
	defer func() { _ = m.Close() }() // opened for reading
	w.Header().Set("Content-Type", m.MIME)
	w.Header().Set("Cache-Control", "no-store")
	http.ServeContent(w, r, "", m.At, m)
}

// health is the terminal's own view of itself.
func (a *Agent) health(w http.ResponseWriter, _ *http.Request) {
	h := open1.Health{Spool: a.spool.ID(), Version: a.c.Version, Clock: time.Now(), Through: a.spool.Through(), Pending: a.spool.Pending(),
		Services: []open1.ServiceHealth{}, Planes: map[string]string{"data": "down", "screen": a.screenState().State}, Storable: a.spool.Storable() == nil}
	if m := a.member.Load(); m != nil {
		h.TerminalID = m.TerminalID
	}
	if up, _ := a.link.state(); up {
		h.Planes["data"] = "ready"
	}
	for _, v := range a.serv.list() {
		h.Services = append(h.Services, open1.ServiceHealth{ServiceID: v.ID, Name: v.Name, OutputOnly: v.OutputOnly, LastHeard: a.serv.lastHeard(v.ID), Offer: v.Offer})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(h) // the other side may be gone
}

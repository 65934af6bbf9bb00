package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/spool"
)

const (
	writeTime = 10 * time.Second // of one event
	quietTime = 10 * time.Second // after which a stream says that it lives
)

// stream writes Server-Sent Events.
type stream struct {
	w http.ResponseWriter
	c *http.ResponseController
}

func newStream(w http.ResponseWriter) *stream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return &stream{w, http.NewResponseController(w)}
}

// send writes one event; id is left out when "", so that the reader keeps its
// place.
func (s *stream) send(id, name string, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	text := "event: " + name + "\ndata: " + string(b) + "\n\n"
	if id != "" {
		text = "id: " + id + "\n" + text
	}
	return s.raw(text)
}

func (s *stream) raw(text string) error {
	_ = s.c.SetWriteDeadline(time.Now().Add(writeTime)) // not supported by test recorders
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.c.Flush()
}

// events tells a service what the headquarters hands to it and how far its
// reports have come. Inputs have numbers and are resumed after Last-Event-ID;
// a status is what is true now, has no number, and is told anew at the start.
func (a *Agent) events(w http.ResponseWriter, r *http.Request, v spool.Service) {
	after := a.place(r.Header.Get("Last-Event-ID"))
	sub, leave := a.hub.subscribe(v.ID)
	defer leave()
	s := newStream(w)
	quiet := time.NewTicker(quietTime)
	defer quiet.Stop()
	if s.raw(": here\n\n") != nil { // the headers go out although there may be nothing to tell
		return
	}
	for {
		next, err := a.sendInputs(r, s, v.ID, after)
		if err == nil {
			after = next
			err = a.sendStatuses(r, s, sub)
		}
		if err != nil {
			return // the service resumes; what it did not get is in the spool
		}
		select {
		case <-sub.wake:
		case <-quiet.C:
			err = s.raw(": here\n\n")
		case <-r.Context().Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (a *Agent) sendInputs(r *http.Request, s *stream, service string, after int64) (int64, error) {
	for {
		list, err := a.spool.Inputs(r.Context(), service, after, 100)
		if err != nil {
			a.check("read inputs", err)
			return after, err
		}
		for _, in := range list {
			if err := s.send(a.placeOf(in.Seq), "input", in.Input); err != nil {
				return after, err
			}
			after = in.Seq
		}
		if len(list) == 0 {
			return after, nil
		}
	}
}

func (a *Agent) sendStatuses(r *http.Request, s *stream, sub *subscriber) error {
	reports, all := sub.take()
	send := func(rep spool.Report) error {
		if rep.Service != sub.service {
			return nil
		}
		return s.send("", "status", a.statusOf(rep))
	}
	for id := range reports {
		rep, known, err := a.spool.Report(r.Context(), sub.service, id)
		if err != nil {
			return err
		}
		if known {
			if err := send(rep); err != nil {
				return err
			}
		}
	}
	if all {
		return a.spool.EachOpen(r.Context(), send)
	}
	return nil
}

// placeOf names an input's place in the stream: its number and whose number it
// is, because a spool that is made anew counts from 1 again.
func (a *Agent) placeOf(seq int64) string { return strconv.FormatInt(seq, 10) + "." + a.spool.ID() }

// place reads a place. Without one, or with one of another spool, the stream
// begins at the beginning: ids of inputs make repeats harmless.
func (a *Agent) place(lastEventID string) int64 {
	number, id, _ := strings.Cut(lastEventID, ".")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id != a.spool.ID() {
		return 0
	}
	return seq
}

package httpapi

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/calendar"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/terminal"
)

// Recordings is what the door needs of whoever records screens.
type Recordings interface {
	// Recorded reports whether a terminal's screen is recorded at this moment.
	Recorded(terminal string) bool
	// Full says why nothing more can be recorded; "" = there is room.
	Full() screen.RecordingEnd
	// Film writes a recording as a film from some point on.
	Film(ctx context.Context, r screen.Recording, from time.Duration, film io.Writer) error
}

// noRecordings stands in where nobody records.
type noRecordings struct{}

func (noRecordings) Recorded(string) bool      { return false }
func (noRecordings) Full() screen.RecordingEnd { return "" }
func (noRecordings) Film(context.Context, screen.Recording, time.Duration, io.Writer) error {
	return fault.New(fault.NotFound, "recording.unknown")
}

// RecordingView is a recording of a terminal's screen.
type RecordingView struct {
	ID           string                `json:"id"`
	TerminalID   string                `json:"terminalId"`
	TerminalName string                `json:"terminalName"`
	By           Doer                  `json:"by" doc:"who held the screen when it began"`
	State        screen.RecordingState `json:"state" enum:"running,ended,missed,disposed"`
	End          screen.RecordingEnd   `json:"end" enum:",over,quota,room,fault,killed" doc:"why it ended, or was not made"`
	BeganAt      time.Time             `json:"beganAt"`
	EndedAt      time.Time             `json:"endedAt,omitzero"`
	DisposedAt   time.Time             `json:"disposedAt,omitzero"`
	Bytes        int64                 `json:"bytes"`
	Width        int64                 `json:"width"`
	Height       int64                 `json:"height"`
}

// RecordingDetail is one recording with everybody who saw it.
type RecordingDetail struct {
	RecordingView
	Looks []RecordingLookView `json:"looks"`
}

// RecordingLookView is somebody who watched it or took it out.
type RecordingLookView struct {
	By          Doer      `json:"by"`
	At          time.Time `json:"at"`
	Export      bool      `json:"export"`
	FromSeconds int64     `json:"fromSeconds"`
}

// RecordPolicyView is whether a terminal is recorded, and why.
type RecordPolicyView struct {
	TerminalID   string    `json:"terminalId"`
	TerminalName string    `json:"terminalName"`
	On           bool      `json:"on"`
	Reason       string    `json:"reason"`
	By           *Doer     `json:"by"`
	At           time.Time `json:"at,omitzero"`
}

// RecordingList is what the page of recordings shows.
type RecordingList struct {
	Recordings []RecordingView     `json:"recordings" doc:"the newest first"`
	Policies   []RecordPolicyView  `json:"policies" doc:"every terminal in service"`
	Full       screen.RecordingEnd `json:"full" enum:",quota,room" doc:"why nothing more is recorded at this moment"`
}

type recordingsInput struct {
	Before time.Time `query:"before" doc:"that began before; now when absent"`
	Limit  int       `query:"limit" minimum:"1" maximum:"200" default:"100"`
}

func (s *Server) listRecordings(ctx context.Context, _ authn.Identity, in *recordingsInput) (RecordingList, error) {
	out := RecordingList{Recordings: []RecordingView{}, Policies: []RecordPolicyView{}, Full: s.recordings.Full()}
	n, err := s.names(ctx)
	if err != nil {
		return out, err
	}
	before := in.Before
	if before.IsZero() {
		before = s.now().Add(time.Minute)
	}
	found, err := s.store.Recordings().Recordings(ctx, before, in.Limit)
	if err != nil {
		return out, err
	}
	for _, r := range found {
		out.Recordings = append(out.Recordings, n.recording(r))
	}
	policies, err := s.store.Recordings().RecordPolicies(ctx)
	by := map[string]screen.RecordPolicy{}
	for _, p := range policies {
		by[p.Terminal] = p
	}
	for _, t := range n.sortedTerminals() {
		if !t.RevokedAt.IsZero() {
			continue
		}
		p := by[t.ID]
		v := RecordPolicyView{TerminalID: t.ID, TerminalName: t.Name, On: p.On, Reason: p.Reason, At: p.At}
		if p.By.Person != "" {
			d := n.screenDoer(p.By)
			v.By = &d
		}
		out.Policies = append(out.Policies, v)
	}
	return out, err
}

func (n *names) screenDoer(by screen.By) Doer {
	h := n.holder(by)
	return Doer{ConsoleName: h.ConsoleName, PersonName: h.PersonName}
}

func (n *names) recording(r screen.Recording) RecordingView {
	return RecordingView{ID: r.ID, TerminalID: r.Terminal, TerminalName: or(n.terminals[r.Terminal].Name, r.Terminal), By: n.screenDoer(r.By), State: r.State, End: r.End,
		BeganAt: r.BeganAt, EndedAt: r.EndedAt, DisposedAt: r.DisposedAt, Bytes: r.Bytes, Width: r.Width, Height: r.Height}
}

type recordingInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (s *Server) readRecording(ctx context.Context, _ authn.Identity, in *recordingInput) (RecordingDetail, error) {
	r, err := s.store.Recordings().Recording(ctx, in.ID)
	if err != nil {
		return RecordingDetail{}, err
	}
	n, err := s.names(ctx)
	if err != nil {
		return RecordingDetail{}, err
	}
	out := RecordingDetail{RecordingView: n.recording(r), Looks: []RecordingLookView{}}
	looks, err := s.store.Recordings().RecordingLooks(ctx, in.ID)
	for _, l := range looks {
		out.Looks = append(out.Looks, RecordingLookView{By: n.screenDoer(l.By), At: l.At, Export: l.Export, FromSeconds: int64(l.From.Seconds())})
	}
	return out, err
}

type recordPolicyInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		On     bool   `json:"on"`
		Reason string `json:"reason" maxLength:"2000"`
	}
}

func (s *Server) decideRecording(ctx context.Context, id authn.Identity, in *recordPolicyInput) (nothing, error) {
	return nothing{}, s.acts.DecideRecording(ctx, s.whoOf(id), in.ID, in.Body.On, in.Body.Reason)
}

// recordingVideo streams a recording as a film. Whoever asks is in the evidence
// log before the first byte; jumping is asking again.
func (s *Server) recordingVideo(w http.ResponseWriter, r *http.Request) {
	id, _ := authn.From(r.Context())
	export := r.URL.Query().Get("export") == "1"
	seconds, _ := strconv.ParseInt(r.URL.Query().Get("from"), 10, 32)
	from := max(time.Duration(seconds)*time.Second, 0)
	if export {
		from = 0
	}
	one, err := s.acts.LookRecording(r.Context(), s.whoOf(id), r.PathValue("id"), from, export)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	out := &filmWriter{w: w, name: "inline"}
	if export {
		out.name = `attachment; filename="` + one.Terminal + "-" + one.BeganAt.In(calendar.Zone()).Format("20060102-150405") + `.mp4"`
	}
	err = s.recordings.Film(r.Context(), one, from, out)
	switch {
	case err == nil && out.began, r.Context().Err() != nil:
	case out.began:
		s.log.Error("make a film of a recording", "recording", one.ID, "err", err)
		panic(http.ErrAbortHandler) // half a film must not look whole
	case err == nil:
		s.refuse(w, r, fault.New(fault.NotFound, "recording.gone"))
	default:
		s.refuse(w, r, err)
	}
}

// filmWriter says what comes when the first byte of it does.
type filmWriter struct {
	w     http.ResponseWriter
	name  string
	began bool
}

// Write implements io.Writer.
func (f *filmWriter) Write(b []byte) (int, error) {
	if !f.began && len(b) > 0 {
		f.began = true
		h := f.w.Header()
		h.Set("Content-Type", "video/mp4")
		h.Set("Content-Security-Policy", mediaPolicy)
		h.Set("Content-Disposition", f.name)
		h.Set("Cache-Control", "no-store")
	}
	return f.w.Write(b)
}

// DrillView is a drill that cuts the line of a terminal now.
type DrillView struct {
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until" doc:"the line comes back by itself then"`
	Reason string    `json:"reason"`
	Leader string    `json:"leader"`
}

func (s *Server) drillOf(n *names, id string) *DrillView {
	d, ok := n.drills[id]
	if !ok || !d.Cut(s.now()) {
		return nil
	}
	return &DrillView{d.CutAt, d.Until, d.Reason, d.Leader}
}

// stopDrill ends the drill of a terminal: an actual report may have come.
func (s *Server) stopDrill(ctx context.Context, id authn.Identity, in *recordingInput) (nothing, error) {
	all, err := s.store.Drills().DrillsCut(ctx)
	if err != nil {
		return nothing{}, err
	}
	for _, d := range all {
		if d.Terminal == in.ID {
			return nothing{}, s.acts.RestoreAfterDrill(ctx, s.whoOf(id), d.ID, terminal.RestoreStopped)
		}
	}
	return nothing{}, fault.New(fault.Conflict, "drill.none")
}

package httpapi

import (
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
)

// Media is what the door needs of whoever pulls and keeps media.
type Media interface {
	// Open opens a copy; the caller closes it.
	Open(m report.Medium, c report.Copy) (io.ReadSeekCloser, error)
	// Pulling says how many bytes of an unfinished medium are here, whether more
	// are coming at this moment, and why not.
	Pulling(id string) (bytes int64, active bool, note string)
}

// noMedia stands in where nobody pulls: rows are shown as they are.
type noMedia struct{}

func (noMedia) Open(report.Medium, report.Copy) (io.ReadSeekCloser, error) {
	return nil, fault.New(fault.NotFound, "medium.unknown")
}
func (noMedia) Pulling(string) (int64, bool, string) { return 0, false, "" }

// MediumView is a still image or a video of a report, as a page shows it.
type MediumView struct {
	ID         string              `json:"id"`
	MediumID   string              `json:"mediumId" doc:"as the service names it"`
	Label      string              `json:"label"`
	MIME       string              `json:"mime" doc:"as the service stated it"`
	Bytes      int64               `json:"bytes"`
	At         time.Time           `json:"at" doc:"announced"`
	StartedAt  *time.Time          `json:"startedAt"`
	State      report.MediumState  `json:"state" enum:"announced,kept,shown,quarantined,disposed"`
	Reason     report.MediumReason `json:"reason" doc:"why it is held back"`
	Code       stdif.Code          `json:"code" doc:"of the standard interface; 0 = none"`
	Here       int64               `json:"here" doc:"bytes that have come so far"`
	Active     bool                `json:"active" doc:"bytes are coming, or the copy is being made, at this moment"`
	Note       string              `json:"note" enum:",link,there,retry,quota,room" doc:"why nothing is coming at the moment"`
	ShownMIME  string              `json:"shownMime"`
	Width      int64               `json:"width"`
	Height     int64               `json:"height"`
	DurationMs int64               `json:"durationMs"`
	Poster     bool                `json:"poster"`
	SoundKept  bool                `json:"soundKept"`
	Location   *stdif.Location     `json:"location" doc:"where the medium says it was taken: a claim of its sender"`
	Scan       report.Scan         `json:"scan" enum:"clean,infected,not-scanned"`
	Looked     bool                `json:"looked" doc:"this person has looked at it"`
	DisposedAt time.Time           `json:"disposedAt,omitzero"`
}

func (s *Server) readMedia(ctx context.Context, id authn.Identity, r report.Report, d *Detail) error {
	d.Media = []MediumView{}
	media, err := s.store.Media().OfReport(ctx, r.ID)
	if err != nil || len(media) == 0 {
		return err
	}
	var looked []string
	if id.Person != nil {
		if looked, err = s.store.Media().Looked(ctx, r.ID, id.Person.ID); err != nil {
			return err
		}
	}
	for _, m := range media {
		v := s.mediumView(m)
		v.Looked = slices.Contains(looked, m.ID)
		d.Media = append(d.Media, v)
	}
	return nil
}

func (s *Server) mediumView(m report.Medium) MediumView {
	v := MediumView{
		ID: m.ID, MediumID: m.Media.ID, Label: m.Media.Label, MIME: m.Media.MIME, Bytes: m.Media.Bytes, At: m.At, StartedAt: m.Media.StartedAt,
		State: m.State, Reason: m.Reason, Code: m.Reason.Code(), Here: m.Bytes, ShownMIME: m.ShownMIME, Width: m.Width, Height: m.Height,
		DurationMs: m.Duration.Milliseconds(), Poster: m.Poster > 0, SoundKept: m.Sound, Location: m.Location, Scan: m.Scan, DisposedAt: m.DisposedAt,
	}
	switch m.State {
	case report.MediumAnnounced:
		v.Here, v.Active, v.Note = s.media.Pulling(m.ID)
	case report.MediumKept:
		_, v.Active, v.Note = s.media.Pulling(m.ID)
	}
	return v
}

type mediumInput struct {
	ID     string `path:"id" maxLength:"64"`
	Medium string `path:"medium" maxLength:"64"`
}

func (s *Server) lookMedium(ctx context.Context, id authn.Identity, in *mediumInput) (nothing, error) {
	return nothing{}, s.acts.LookMedium(ctx, s.whoOf(id), in.ID, in.Medium)
}

// mediaPolicy lets a copy be nothing but what it is, whoever opens its address.
const mediaPolicy = "default-src 'none'; sandbox; frame-ancestors 'none'"

// shownTypes are the types that copies have; a row that said another is a fault.
var shownTypes = []string{"image/jpeg", "image/png", "video/mp4"}

// medium serves the shown copy or the poster of a medium, whole or in parts. The
// original is served to nobody.
func (s *Server) medium(w http.ResponseWriter, r *http.Request) {
	m, err := s.store.Media().Medium(r.Context(), r.PathValue("medium"))
	if err == nil && (m.Report != r.PathValue("id") || m.State != report.MediumShown) {
		err = fault.New(fault.NotFound, "medium.unknown")
	}
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	c, kind := report.Copy(r.PathValue("copy")), m.ShownMIME
	switch {
	case c == report.ShownCopy && slices.Contains(shownTypes, kind):
	case c == report.PosterCopy && m.Poster > 0:
		kind = "image/jpeg"
	default:
		s.refuse(w, r, fault.New(fault.NotFound, "medium.unknown"))
		return
	}
	b, err := s.media.Open(m, c)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer b.Close() //nolint:errcheck // opened for reading
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", mediaPolicy)
	h.Set("Content-Disposition", "inline")
	h.Set("Cache-Control", "no-store")
	// ServeContent needs no name and no time: both would tell something.
	http.ServeContent(w, r, "", time.Time{}, b)
}

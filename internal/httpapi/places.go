package httpapi

import (
	"context"
	"slices"
	"time"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/stdif"
)

// RevisionPlaces are the places of one revision, as they were given.
type RevisionPlaces struct {
	Revision   int64            `json:"revision"`
	ReceivedAt time.Time        `json:"receivedAt"`
	Late       bool             `json:"late" doc:"it came after the line had been down"`
	Locations  []stdif.Location `json:"locations"`
}

// ReportPlaces are the places of every revision of a report: where a caller or a
// vehicle was when, and what it first said.
type ReportPlaces struct {
	ID        string           `json:"id"`
	Revision  int64            `json:"revision" doc:"the newest revision"`
	Revisions []RevisionPlaces `json:"revisions" doc:"by revision, the oldest first; of very many the first and the newest"`
}

// mostRevisions is how many frames one answer opens. A vehicle that reports
// every second for an hour keeps its beginning and its last quarter of an hour.
const (
	mostRevisions = 1000
	keptFirst     = 100
)

func (s *Server) reportPlaces(ctx context.Context, _ authn.Identity, in *reportInput) (ReportPlaces, error) {
	r, err := s.store.Reports().Report(ctx, in.ID)
	if err != nil {
		return ReportPlaces{}, err
	}
	out := ReportPlaces{ID: r.ID, Revision: r.Revision, Revisions: []RevisionPlaces{}}
	frames, err := s.store.Content().Frames(ctx, r.ID)
	if err != nil {
		return out, err
	}
	for _, f := range revisions(frames) {
		v, err := s.placesOf(ctx, f)
		if err != nil {
			return out, err
		}
		if v != nil {
			out.Revisions = append(out.Revisions, RevisionPlaces{f.Revision, f.ReceivedAt, f.Late, v})
		}
	}
	return out, nil
}

// revisions are the frames that carry the report itself, each revision once (a
// terminal may send one again), without the middle of very many.
func revisions(frames []report.Frame) []report.Frame {
	var out []report.Frame
	seen := map[int64]bool{}
	for _, f := range frames {
		if f.Revision > 0 && f.Problem == 0 && !seen[f.Revision] {
			seen[f.Revision] = true
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(a, b report.Frame) int { return int(a.Revision - b.Revision) })
	if len(out) > mostRevisions {
		out = slices.Delete(out, keptFirst, len(out)-(mostRevisions-keptFirst))
	}
	return out
}

// placesOf opens one frame; nil when its words are gone or could not be read.
func (s *Server) placesOf(ctx context.Context, f report.Frame) ([]stdif.Location, error) {
	whole, err := s.store.Content().Frame(ctx, f.ID)
	if unreadable(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	words, _, bad := content(whole)
	if bad != nil || words == nil {
		return nil, nil
	}
	v := words.Locations
	if v == nil {
		v = []stdif.Location{} // a revision without a place says so
	}
	return v, nil
}

// BoardPlace is where an open report is marked on the map of all reports.
type BoardPlace struct {
	ID       string         `json:"id"`
	Number   string         `json:"number"`
	Mode     stdif.Mode     `json:"mode" enum:"actual,exercise,test"`
	State    report.State   `json:"state" enum:"presented,escalated,accepted,in_dialog,closed"`
	Revision int64          `json:"revision"`
	Location stdif.Location `json:"location" doc:"one of the report's, as given"`
}

func (s *Server) boardPlaces(ctx context.Context, _ authn.Identity, _ *nothing) ([]BoardPlace, error) {
	out := []BoardPlace{}
	open, err := s.store.Reports().Board(ctx)
	if err != nil {
		return out, err
	}
	for _, r := range open {
		words, err := s.summary(ctx, r)
		if err != nil {
			return out, err
		}
		if words.at != nil {
			out = append(out, BoardPlace{r.ID, r.Number, r.Mode, r.State, r.Revision, *words.at})
		}
	}
	return out, nil
}

// marked is the place of a report that a map of many reports shows: what the
// caller or the vehicle said of itself before what was registered long ago, and
// only what can be drawn. Polygons stay out of the list of all reports.
func marked(all []stdif.Location) *stdif.Location {
	var best *stdif.Location
	order := []string{"incident", "caller", "vehicle", "media", "registered-place", "registered-home"}
	rank := func(l *stdif.Location) int {
		if i := slices.Index(order, l.Role); i >= 0 {
			return i
		}
		return len(order)
	}
	for i := range all {
		if all[i].HasPosition() && (best == nil || rank(&all[i]) < rank(best)) {
			best = &all[i]
		}
	}
	if best == nil {
		return nil
	}
	v := *best
	v.Polygon, v.Civic = nil, nil
	return &v
}

package httpapi

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/fault"
)

// Map is the headquarters' own map as consoles draw it.
type Map struct {
	Name        string     `json:"name"`
	Attribution string     `json:"attribution" doc:"whose data it is, as text"`
	Bounds      [4]float64 `json:"bounds" doc:"west, south, east, north"`
	Center      [3]float64 `json:"center" doc:"longitude, latitude, zoom"`
	MinZoom     int        `json:"minZoom"`
	MaxZoom     int        `json:"maxZoom"`
	Layers      []string   `json:"layers" doc:"layers of its vector tiles"`
	SHA256      string     `json:"sha256"`
	Bytes       int64      `json:"bytes"`
	ImportedAt  time.Time  `json:"importedAt"`
}

// Maps answers for the map that the headquarters imported.
type Maps interface {
	Current() (Map, error)
	Open(sha256 string) (io.ReadSeekCloser, error)
}

// noMap is a door without a map: everything else works.
type noMap struct{}

func (noMap) Current() (Map, error) { return Map{}, fault.New(fault.NotFound, "map.none") }
func (noMap) Open(string) (io.ReadSeekCloser, error) {
	return nil, fault.New(fault.NotFound, "map.none")
}

func (s *Server) readMap(context.Context, authn.Identity, *nothing) (Map, error) {
	return s.maps.Current()
}

// mapFile hands the map out in the parts that a page asks for (RFC 9110, §14).
// The digest in its address makes every part unchangeable.
func (s *Server) mapFile(w http.ResponseWriter, r *http.Request) {
	digest := r.PathValue("sha256")
	f, err := s.maps.Open(digest)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer f.Close()
	h := w.Header()
	h.Set("ETag", `"`+digest+`"`)
	h.Set("Content-Type", "application/vnd.pmtiles")
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, f)
}

package app

import (
	"context"
	"io"
	"path/filepath"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/httpapi"
	"github.com/matoi119/matoi/internal/mapfile"
)

// Shelf is where the headquarters' map lies.
func (h *House) Shelf() mapfile.Shelf { return mapfile.Shelf{Dir: filepath.Join(h.c.Dir, "map")} }

// MapInfo is the map in use, for the command line.
type MapInfo = mapfile.Info

// ImportMap checks a PMTiles file, copies it, records it and makes it the map of
// all consoles. The record comes before the use: a map that consoles draw is in
// the evidence, and an import that ends in between changes nothing.
func (h *House) ImportMap(ctx context.Context, path string) (MapInfo, error) {
	c, err := h.Shelf().Copy(ctx, path, h.c.Now())
	if err != nil {
		return MapInfo{}, err
	}
	if err := h.Acts.ImportMap(ctx, act.CommandLine(), act.Map{SHA256: c.SHA256, Bytes: c.Bytes, MinZoom: c.MinZoom, MaxZoom: c.MaxZoom}); err != nil {
		return MapInfo{}, err
	}
	return c.Info, c.Use()
}

// Map compares the map in use with its digest.
func (h *House) Map(ctx context.Context) (MapInfo, error) { return h.Shelf().Verify(ctx) }

// RemoveMap takes the map away, also a damaged one.
func (h *House) RemoveMap(ctx context.Context) error {
	v, _ := h.Shelf().Current() // a damaged one has no digest worth recording
	if err := h.Acts.RemoveMap(ctx, act.CommandLine(), v.SHA256); err != nil {
		return err
	}
	return h.Shelf().Remove()
}

// maps shows the shelf to the API.
type maps struct{ s mapfile.Shelf }

func (m maps) Current() (httpapi.Map, error) {
	v, err := m.s.Current()
	return mapView(v), err
}

func (m maps) Open(sha256 string) (io.ReadSeekCloser, error) {
	f, _, err := m.s.Open(sha256)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func mapView(v mapfile.Info) httpapi.Map {
	return httpapi.Map{Name: v.Name, Attribution: v.Attribution, Bounds: v.Bounds, Center: v.Center, MinZoom: v.MinZoom, MaxZoom: v.MaxZoom,
		Layers: v.Layers, SHA256: v.SHA256, Bytes: v.Bytes, ImportedAt: v.ImportedAt}
}

// mapHealth says how the map is. None is no fault: everything works without.
func (s *Server) mapHealth() string {
	switch _, err := s.Shelf().Current(); {
	case err == nil:
		return "ok"
	case fault.Of(err) == fault.NotFound:
		return "none is imported"
	}
	return "damaged: import it again"
}

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/matoi119/matoi/internal/app"
)

type mapCommand struct {
	Import mapImport `cmd:"" help:"Check a PMTiles file of vector tiles and make it the map of all consoles."`
	Status mapStatus `cmd:"" default:"1" help:"Show the map in use and compare it with its digest."`
	Remove mapRemove `cmd:"" help:"Take the map away; consoles keep coordinates and addresses."`
}

type mapImport struct {
	house
	File string `arg:"" help:"PMTiles file, version 3, vector tiles." type:"path"`
}

// Run imports the map.
func (c *mapImport) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		v, err := h.ImportMap(ctx, c.File)
		if err != nil {
			return err
		}
		return printMap(out, v)
	})
}

type mapStatus struct{ house }

// Run shows the map.
func (c *mapStatus) Run(ctx context.Context, out io.Writer) error {
	return c.open(ctx, func(h *app.House) error {
		v, err := h.Map(ctx)
		if err != nil {
			return err
		}
		return printMap(out, v)
	})
}

type mapRemove struct{ house }

// Run removes the map.
func (c *mapRemove) Run(ctx context.Context) error {
	return c.open(ctx, func(h *app.House) error { return h.RemoveMap(ctx) })
}

func printMap(out io.Writer, v app.MapInfo) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "name\t%s\nattribution\t%s\nsha256\t%s\nbytes\t%d\ntiles\t%d, zooms %d to %d\n", v.Name, v.Attribution, v.SHA256, v.Bytes, v.Tiles, v.MinZoom, v.MaxZoom)
	fmt.Fprintf(t, "bounds\t%.4f, %.4f … %.4f, %.4f (south-west … north-east)\n", v.Bounds[1], v.Bounds[0], v.Bounds[3], v.Bounds[2])
	fmt.Fprintf(t, "layers\t%s\nimported\t%s\n", strings.Join(v.Layers, " "), v.ImportedAt.Format("2006-01-02T15:04:05Z"))
	return t.Flush()
}

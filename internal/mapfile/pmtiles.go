package mapfile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// Limits of a map that consoles can work with. A directory or a description is
// small in every real map; larger ones are a bomb or a broken file.
const (
	headerSize   = 127 // PMTiles v3, §3
	mostRoot     = 16384 - headerSize
	mostPage     = 16 << 20 // one directory or the description, unpacked
	mostPages    = 200_000  // directories of one file
	mostDepth    = 4        // PMTiles v3, §4: directories point to directories
	mostZoom     = 24
	mostBytes    = 64 << 30
	mostLayers   = 256
	mostWords    = 500 // characters of a name or an attribution
	gzipped      = 2
	uncompressed = 1
	vectorTiles  = 1
)

// Layer is one layer of the vector tiles, as the file describes itself.
type Layer struct {
	ID string `json:"id"`
}

// Facts is what a map file says of itself, checked.
type Facts struct {
	Name        string     `json:"name"`
	Attribution string     `json:"attribution"`
	Bounds      [4]float64 `json:"bounds"` // west, south, east, north
	Center      [3]float64 `json:"center"` // longitude, latitude, zoom
	MinZoom     int        `json:"minZoom"`
	MaxZoom     int        `json:"maxZoom"`
	Layers      []string   `json:"layers"`
	Tiles       uint64     `json:"tiles"` // addressed; 0 where the file does not count them
}

// span is a part of the file.
type span struct{ offset, length uint64 }

func (s span) end() uint64 { return s.offset + s.length }

// header is the fixed head of a PMTiles v3 file.
type header struct {
	root, metadata, leaves, data span
	tiles                        uint64
	internal, tile, kind         byte
	minZoom, maxZoom, zoom       byte
	bounds                       [4]float64
	center                       [2]float64
}

// wrong says why a file is no map for consoles; the words are for the log and
// the command line, the person reads the catalogue's sentence.
func wrong(format string, args ...any) error { return fmt.Errorf("map file: "+format, args...) }

// Check reads a whole map's head, description and directories: a file that
// passes can be drawn, one that does not is refused before it is taken over.
func Check(f io.ReaderAt, size int64) (Facts, error) {
	if size > mostBytes {
		return Facts{}, wrong("%d bytes are more than %d", size, int64(mostBytes))
	}
	h, err := readHeader(f, size)
	if err != nil {
		return Facts{}, err
	}
	facts, err := h.describe(f)
	if err != nil {
		return Facts{}, err
	}
	w := walk{f: f, h: h}
	if err := w.page(h.root, 0); err != nil {
		return Facts{}, err
	}
	if w.tiles == 0 {
		return Facts{}, wrong("no tile in it")
	}
	if h.tiles != 0 && h.tiles != w.tiles {
		return Facts{}, wrong("%d tiles are announced and %d are there", h.tiles, w.tiles)
	}
	facts.Tiles = w.tiles
	return facts, nil
}

func readHeader(f io.ReaderAt, size int64) (header, error) {
	var h header
	b := make([]byte, headerSize)
	if size < headerSize {
		return h, wrong("%d bytes are too few", size)
	}
	if _, err := f.ReadAt(b, 0); err != nil {
		return h, fmt.Errorf("map file: %w", err)
	}
	if string(b[:7]) != "PMTiles" {
		return h, wrong("it does not begin with PMTiles")
	}
	if b[7] != 3 {
		return h, wrong("version %d, and only 3 is read", b[7])
	}
	n := func(at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
	deg := func(at int) float64 { return float64(int32(binary.LittleEndian.Uint32(b[at:]))) / 1e7 }
	h = header{
		root: span{n(8), n(16)}, metadata: span{n(24), n(32)}, leaves: span{n(40), n(48)}, data: span{n(56), n(64)}, tiles: n(72),
		internal: b[97], tile: b[98], kind: b[99], minZoom: b[100], maxZoom: b[101], zoom: b[118],
		bounds: [4]float64{deg(102), deg(106), deg(110), deg(114)}, center: [2]float64{deg(119), deg(123)},
	}
	return h, h.check(uint64(size))
}

func (h header) check(size uint64) error {
	for name, s := range map[string]span{"root directory": h.root, "description": h.metadata, "leaf directories": h.leaves, "tiles": h.data} {
		if s.length > size || s.offset > size-s.length {
			return wrong("its %s lies beyond its end: it is cut off or damaged", name)
		}
	}
	switch {
	case h.root.length == 0 || h.root.length > mostRoot:
		return wrong("a root directory of %d bytes", h.root.length)
	case h.metadata.length > mostPage:
		return wrong("a description of %d bytes", h.metadata.length)
	case h.kind != vectorTiles:
		return wrong("its tiles are of type %d; consoles draw vector tiles (MVT, 1)", h.kind)
	case h.internal != gzipped && h.internal != uncompressed:
		return wrong("its directories are compressed in way %d; browsers read gzip (2) or none (1)", h.internal)
	case h.tile != gzipped && h.tile != uncompressed:
		return wrong("its tiles are compressed in way %d; browsers read gzip (2) or none (1)", h.tile)
	case h.minZoom > h.maxZoom || h.maxZoom > mostZoom:
		return wrong("zooms %d to %d", h.minZoom, h.maxZoom)
	}
	w, s, e, n := h.bounds[0], h.bounds[1], h.bounds[2], h.bounds[3]
	if w < -180 || e > 180 || s < -90 || n > 90 || w >= e || s >= n {
		return wrong("bounds %v hold no land", h.bounds)
	}
	return nil
}

// unpack reads one compressed part, and no more of it than a real one has.
func (h header) unpack(f io.ReaderAt, s span) ([]byte, error) {
	var r io.Reader = io.NewSectionReader(f, int64(s.offset), int64(s.length))
	if h.internal == gzipped {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, wrong("a directory or the description is damaged: %v", err)
		}
		r = z
	}
	b, err := io.ReadAll(io.LimitReader(r, mostPage+1))
	if err != nil {
		return nil, wrong("a directory or the description is damaged: %v", err)
	}
	if len(b) > mostPage {
		return nil, wrong("a directory or the description unpacks to more than %d bytes", mostPage)
	}
	return b, nil
}

func (h header) describe(f io.ReaderAt) (Facts, error) {
	b, err := h.unpack(f, h.metadata)
	if err != nil {
		return Facts{}, err
	}
	var said struct {
		Name        string  `json:"name"`
		Attribution string  `json:"attribution"`
		Layers      []Layer `json:"vector_layers"`
	}
	if err := json.Unmarshal(b, &said); err != nil {
		return Facts{}, wrong("its description is no JSON of a map: %v", err)
	}
	if len(said.Layers) == 0 || len(said.Layers) > mostLayers {
		return Facts{}, wrong("its description names %d vector_layers", len(said.Layers))
	}
	v := Facts{Name: plain(said.Name), Attribution: plain(said.Attribution), Bounds: h.bounds, MinZoom: int(h.minZoom), MaxZoom: int(h.maxZoom)}
	v.Center = [3]float64{h.center[0], h.center[1], float64(h.zoom)}
	if !h.holds(h.center[0], h.center[1]) || h.zoom < h.minZoom || h.zoom > h.maxZoom {
		v.Center = [3]float64{(h.bounds[0] + h.bounds[2]) / 2, (h.bounds[1] + h.bounds[3]) / 2, float64(h.minZoom)}
	}
	for _, l := range said.Layers {
		v.Layers = append(v.Layers, plain(l.ID))
	}
	return v, nil
}

func (h header) holds(lon, lat float64) bool {
	return lon >= h.bounds[0] && lon <= h.bounds[2] && lat >= h.bounds[1] && lat <= h.bounds[3]
}

// plain takes markup and control characters out of a stranger's words: makers
// of maps put links into attributions, and consoles show text.
func plain(s string) string {
	var b strings.Builder
	depth, n := 0, 0
	for _, r := range strings.ToValidUTF8(s, "") {
		switch {
		case r == '<':
			depth++
		case r == '>' && depth > 0:
			depth--
		case depth == 0 && r >= ' ' && r != 0x7f && n < mostWords:
			b.WriteRune(r)
			n++
		}
	}
	return strings.TrimSpace(b.String())
}

// walk visits every directory and holds that each tile lies inside the file.
type walk struct {
	f     io.ReaderAt
	h     header
	pages int
	tiles uint64
	next  uint64 // lowest tile id that may come next: ids ascend through the whole file
}

var errDirectory = errors.New("map file: a directory is damaged")

func (w *walk) page(at span, depth int) error {
	if w.pages++; w.pages > mostPages || depth >= mostDepth {
		return wrong("its directories have no end")
	}
	b, err := w.h.unpack(w.f, at)
	if err != nil {
		return err
	}
	entries, err := directory(b)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.id < w.next {
			return fmt.Errorf("%w: tile %d comes twice or out of order", errDirectory, e.id)
		}
		if err := w.entry(e, depth); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) entry(e entry, depth int) error {
	within := w.h.data
	if e.run == 0 {
		within = w.h.leaves
	}
	if e.at.length == 0 || e.at.length > within.length || e.at.offset > within.length-e.at.length {
		return fmt.Errorf("%w: what it points to lies beyond the end", errDirectory)
	}
	if e.run == 0 {
		w.next = e.id
		return w.page(span{within.offset + e.at.offset, e.at.length}, depth+1)
	}
	if e.id > lastTile(w.h.maxZoom)-uint64(e.run)+1 || e.id < firstTile(w.h.minZoom) {
		return fmt.Errorf("%w: tile %d is outside of its zooms", errDirectory, e.id)
	}
	w.next = e.id + uint64(e.run)
	w.tiles += uint64(e.run)
	return nil
}

// firstTile is the number of tiles of all zooms below z (PMTiles v3, §4.1).
func firstTile(z byte) uint64 { return (uint64(1)<<(2*uint64(z)) - 1) / 3 }
func lastTile(z byte) uint64  { return firstTile(z+1) - 1 }

// entry is one line of a directory; run 0 points to a leaf directory.
type entry struct {
	id  uint64
	run uint32
	at  span
}

// directory decodes PMTiles v3, §4.2: columns of varints.
func directory(b []byte) ([]entry, error) {
	r := bytes.NewReader(b)
	next := func() (uint64, error) {
		v, err := binary.ReadUvarint(r)
		if err != nil {
			return 0, fmt.Errorf("%w: it ends too early", errDirectory)
		}
		return v, nil
	}
	n, err := next()
	if err != nil {
		return nil, err
	}
	if n == 0 || n > uint64(len(b))/4 { // each entry has four varints
		return nil, fmt.Errorf("%w: %d entries in %d bytes", errDirectory, n, len(b))
	}
	all := make([]entry, n)
	for _, column := range []func(i int, v uint64) error{
		func(i int, v uint64) error {
			if i > 0 {
				if v == 0 || v > math.MaxUint64-all[i-1].id {
					return fmt.Errorf("%w: tile ids do not ascend", errDirectory)
				}
				v += all[i-1].id
			}
			all[i].id = v
			return nil
		},
		func(i int, v uint64) error {
			if v > math.MaxUint32 {
				return fmt.Errorf("%w: a run of %d tiles", errDirectory, v)
			}
			all[i].run = uint32(v)
			return nil
		},
		func(i int, v uint64) error { all[i].at.length = v; return nil },
		func(i int, v uint64) error {
			switch {
			case v > 0:
				all[i].at.offset = v - 1
			case i == 0:
				return fmt.Errorf("%w: the first entry has no place", errDirectory)
			default:
				before := all[i-1].at
				if before.length > math.MaxUint64-before.offset {
					return fmt.Errorf("%w: a place beyond every file", errDirectory)
				}
				all[i].at.offset = before.end()
			}
			return nil
		},
	} {
		for i := range all {
			v, err := next()
			if err != nil {
				return nil, err
			}
			if err := column(i, v); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

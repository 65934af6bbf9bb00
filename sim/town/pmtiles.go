package town

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// archive writes PMTiles v3 with one root directory, which holds some thousand
// tiles; a town has a few hundred.
type archive struct {
	metadata         any
	minZoom, maxZoom int
	west, south      float64
	east, north      float64
	lon, lat         float64
	zoom             int
	tiles            map[uint64][]byte // by tile id, each compressed
}

const (
	headSize = 127
	mostHead = 16384 // head and root directory together, PMTiles v3, §3
)

func (a archive) write(w io.Writer) error {
	ids := make([]uint64, 0, len(a.tiles))
	for id := range a.tiles {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var data bytes.Buffer
	places := map[string]uint64{}
	offsets := make([]uint64, len(ids))
	for i, id := range ids {
		tile := a.tiles[id]
		at, known := places[string(tile)] // open sea is one tile
		if !known {
			at = uint64(data.Len())
			places[string(tile)] = at
			data.Write(tile)
		}
		offsets[i] = at
	}
	root := squeeze(a.directory(ids, offsets))
	if len(root)+headSize > mostHead {
		return fmt.Errorf("town: a root directory of %d bytes", len(root))
	}
	text, err := json.Marshal(a.metadata)
	if err != nil {
		return fmt.Errorf("town: %w", err)
	}
	metadata := squeeze(text)
	for _, part := range [][]byte{a.head(len(root), len(metadata), data.Len(), len(ids), len(places)), root, metadata, data.Bytes()} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("town: %w", err)
		}
	}
	return nil
}

func (a archive) directory(ids, offsets []uint64) []byte {
	b := binary.AppendUvarint(nil, uint64(len(ids)))
	last := uint64(0)
	for _, id := range ids {
		b = binary.AppendUvarint(b, id-last)
		last = id
	}
	for range ids {
		b = binary.AppendUvarint(b, 1)
	}
	for _, id := range ids {
		b = binary.AppendUvarint(b, uint64(len(a.tiles[id])))
	}
	for _, at := range offsets {
		b = binary.AppendUvarint(b, at+1)
	}
	return b
}

func (a archive) head(root, metadata, data, addressed, contents int) []byte {
	b := append([]byte("PMTiles"), 3)
	u := func(v int) { b = binary.LittleEndian.AppendUint64(b, uint64(v)) }
	deg := func(v ...float64) {
		for _, d := range v {
			b = binary.LittleEndian.AppendUint32(b, uint32(int32(d*1e7)))
		}
	}
	u(headSize)
	u(root)
	u(headSize + root)
	u(metadata)
	u(headSize + root + metadata) // leaf directories: none
	u(0)
	u(headSize + root + metadata)
	u(data)
	u(addressed)
	u(addressed)
	u(contents)
	const clustered, gzipped, vector = 1, 2, 1
	b = append(b, clustered, gzipped, gzipped, vector, byte(a.minZoom), byte(a.maxZoom))
	deg(a.west, a.south, a.east, a.north)
	b = append(b, byte(a.zoom))
	deg(a.lon, a.lat)
	return b
}

func squeeze(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a constant that exists
	_, _ = z.Write(b)                                       // a buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

// tileID is the place of a tile on the Hilbert curve of its zoom, after all
// tiles of lower zooms (PMTiles v3, §4.1).
func tileID(z int, x, y uint32) uint64 {
	id := (uint64(1)<<(2*z) - 1) / 3
	for s := uint32(1) << z >> 1; s > 0; s >>= 1 {
		var rx, ry uint32
		if x&s > 0 {
			rx = 1
		}
		if y&s > 0 {
			ry = 1
		}
		id += uint64(s) * uint64(s) * uint64((3*rx)^ry)
		if ry == 0 {
			if rx == 1 {
				x, y = s-1-x&(s-1), s-1-y&(s-1)
			}
			x, y = y, x
		}
	}
	return id
}

package sandbox

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// about is the little that is read of a picture's EXIF: how it was held, and
// where it was taken. Everything else goes with the original.
type about struct {
	orientation int
	location    *stdif.Location
}

const (
	maxExif    = 64 << 10
	maxEntries = 256

	tagOrientation = 0x0112
	tagGPS         = 0x8825

	gpsLatRef, gpsLat, gpsLonRef, gpsLon, gpsAltRef, gpsAlt, gpsTime, gpsDate, gpsError = 1, 2, 3, 4, 5, 6, 7, 29, 31

	typeByte, typeASCII, typeShort, typeLong, typeRational = 1, 2, 3, 4, 5
)

// exifOf finds the EXIF block (a TIFF file) inside a picture; nil when there is
// none.
func exifOf(kind string, b []byte) []byte {
	switch kind {
	case "image/jpeg":
		return exifOfJPEG(b)
	case "image/png":
		return chunkOf(b[8:], "eXIf", binary.BigEndian, true)
	case "image/webp":
		return bytes.TrimPrefix(chunkOf(b[12:], "EXIF", binary.LittleEndian, false), []byte("Exif\x00\x00"))
	}
	return nil
}

func exifOfJPEG(b []byte) []byte {
	for b = b[2:]; len(b) >= 4 && b[0] == 0xff; {
		marker, size := b[1], int(binary.BigEndian.Uint16(b[2:]))
		if marker == 0xda || marker == 0xd9 || size < 2 || size+2 > len(b) { // the scan begins: no more segments
			return nil
		}
		if tiff, ok := bytes.CutPrefix(b[4:size+2], []byte("Exif\x00\x00")); ok && marker == 0xe1 {
			return tiff
		}
		b = b[size+2:]
	}
	return nil
}

// chunkOf finds a chunk of PNG (length first, a checksum behind) or RIFF.
func chunkOf(b []byte, want string, order binary.ByteOrder, isPNG bool) []byte {
	for len(b) >= 8 {
		name, size := string(b[:4]), int64(order.Uint32(b[4:]))
		skip := size + size&1
		if isPNG {
			name, size = string(b[4:8]), int64(order.Uint32(b))
			skip = size + 4
		}
		if size > int64(len(b)-8) {
			return nil
		}
		if name == want {
			return b[8 : 8+size]
		}
		if skip > int64(len(b)-8) {
			return nil
		}
		b = b[8+skip:]
	}
	return nil
}

// tiff is the block and how its numbers are written.
type tiff struct {
	b     []byte
	order binary.ByteOrder
}

// field is one entry of a directory.
type field struct {
	kind, count uint32
	value       []byte // where it lies
}

// readExif reads a block; what is broken is left out.
func readExif(b []byte) about {
	t := tiff{b: b[:min(len(b), maxExif)]}
	switch {
	case bytes.HasPrefix(b, []byte("II*\x00")):
		t.order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		t.order = binary.BigEndian
	default:
		return about{}
	}
	if len(t.b) < 8 {
		return about{}
	}
	var a about
	first := t.directory(t.order.Uint32(t.b[4:]))
	if f, ok := first[tagOrientation]; ok && f.kind == typeShort && len(f.value) >= 2 {
		a.orientation = int(t.order.Uint16(f.value))
	}
	if f, ok := first[tagGPS]; ok && f.kind == typeLong && len(f.value) >= 4 {
		a.location = t.place(t.directory(t.order.Uint32(f.value)))
	}
	return a
}

var sizes = map[uint32]uint32{typeByte: 1, typeASCII: 1, typeShort: 2, typeLong: 4, typeRational: 8}

// directory reads one directory; it follows no link to a next one.
func (t tiff) directory(at uint32) map[uint16]field {
	if uint64(at)+2 > uint64(len(t.b)) {
		return nil
	}
	n := min(int(t.order.Uint16(t.b[at:])), maxEntries)
	out := map[uint16]field{}
	for i := range n {
		from := int(at) + 2 + 12*i
		if from+12 > len(t.b) {
			break
		}
		e := t.b[from : from+12]
		f := field{kind: uint32(t.order.Uint16(e[2:])), count: t.order.Uint32(e[4:])}
		size := uint64(sizes[f.kind]) * uint64(f.count)
		f.value = e[8:12]
		if size > 4 {
			start := uint64(t.order.Uint32(e[8:]))
			if start+size > uint64(len(t.b)) {
				continue
			}
			f.value = t.b[start : start+size]
		}
		if size > 0 {
			f.value = f.value[:size]
			out[t.order.Uint16(e)] = f
		}
	}
	return out
}

// rationals reads n fractions; false where one has no value.
func (t tiff) rationals(f field, n int) ([]float64, bool) {
	if f.kind != typeRational || len(f.value) < 8*n {
		return nil, false
	}
	out := make([]float64, n)
	for i := range n {
		over := t.order.Uint32(f.value[8*i+4:])
		if over == 0 {
			return nil, false
		}
		out[i] = float64(t.order.Uint32(f.value[8*i:])) / float64(over)
	}
	return out, true
}

// place is where a picture says that it was taken: a claim of its sender, kept
// as a location of the role media.
func (t tiff) place(gps map[uint16]field) *stdif.Location {
	lat, ok := t.degrees(gps[gpsLat], gps[gpsLatRef], 'N', 'S')
	lon, okToo := t.degrees(gps[gpsLon], gps[gpsLonRef], 'E', 'W')
	if !ok || !okToo || !stdif.ValidPosition(lat, lon) {
		return nil
	}
	l := &stdif.Location{Role: "media", Shape: "point", Lat: &lat, Lon: &lon, Method: "gnss"}
	if v, ok := t.rationals(gps[gpsError], 1); ok && v[0] > 0 && v[0] < 100_000 {
		l.Shape, l.RadiusM = "circle", round(v[0], 10)
	}
	if v, ok := t.rationals(gps[gpsAlt], 1); ok && v[0] < 10_000 {
		up := round(v[0], 10)
		if f := gps[gpsAltRef]; f.kind == typeByte && len(f.value) > 0 && f.value[0] == 1 {
			up = -up
		}
		l.AltitudeM = &up
	}
	l.AcquiredAt = t.at(gps)
	return l
}

func (t tiff) degrees(f, ref field, plus, minus byte) (float64, bool) {
	v, ok := t.rationals(f, 3)
	if !ok || ref.kind != typeASCII || len(ref.value) == 0 || v[1] >= 60 || v[2] >= 60 {
		return 0, false
	}
	d := round(v[0]+v[1]/60+v[2]/3600, 1e6)
	switch ref.value[0] {
	case plus:
		return d, true
	case minus:
		return -d, true
	}
	return 0, false
}

// at is the time of the fix, which GPS writes in UTC.
func (t tiff) at(gps map[uint16]field) *time.Time {
	v, ok := t.rationals(gps[gpsTime], 3)
	date := gps[gpsDate]
	if !ok || date.kind != typeASCII || v[0] >= 24 || v[1] >= 60 || v[2] >= 61 {
		return nil
	}
	day, err := time.Parse("2006:01:02", strings.TrimRight(string(date.value), "\x00"))
	if err != nil {
		return nil
	}
	at := day.Add(time.Duration(v[0])*time.Hour + time.Duration(v[1])*time.Minute + time.Duration(v[2])*time.Second)
	return &at
}

func round(v, steps float64) float64 { return math.Round(v*steps) / steps }

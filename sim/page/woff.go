package page

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Limits of a font file.
const (
	woffTables = 64
	woffSize   = 32 << 20 // bytes, unpacked
	woffHead   = 44
	woffEntry  = 20
	sfntHead   = 12
	sfntEntry  = 16
)

var errWOFF = errors.New("page: not a WOFF font")

// unpack turns a web font into the font that it carries: WOFF 1.0 packs every
// table by itself (W3C WOFF File Format 1.0, §3 to §5).
func unpack(file []byte) ([]byte, error) {
	be := binary.BigEndian
	if len(file) < woffHead || string(file[:4]) != "wOFF" {
		return nil, errWOFF
	}
	flavour, count := be.Uint32(file[4:]), int(be.Uint16(file[12:]))
	if count == 0 || count > woffTables || len(file) < woffHead+count*woffEntry {
		return nil, fmt.Errorf("%w: %d tables", errWOFF, count)
	}
	out := be.AppendUint32(nil, flavour)
	out = be.AppendUint16(out, uint16(count))
	power, log := 1, 0
	for power*2 <= count {
		power, log = power*2, log+1
	}
	out = be.AppendUint16(out, uint16(power*sfntEntry))                 //nolint:gosec // at most woffTables
	out = be.AppendUint16(out, uint16(log))                             //nolint:gosec // the same
	out = be.AppendUint16(out, uint16(count*sfntEntry-power*sfntEntry)) //nolint:gosec // the same
	out = append(out, make([]byte, count*sfntEntry)...)
	for i := range count {
		entry := file[woffHead+i*woffEntry:]
		table, err := unpackTable(file, entry, woffSize-len(out))
		if err != nil {
			return nil, fmt.Errorf("%w: table %q: %w", errWOFF, entry[:4], err)
		}
		to := out[sfntHead+i*sfntEntry:]
		copy(to, entry[:4])
		copy(to[4:], entry[16:20])
		be.PutUint32(to[8:], uint32(len(out)))    //nolint:gosec // at most woffSize
		be.PutUint32(to[12:], uint32(len(table))) //nolint:gosec // the same
		out = append(out, table...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	return out, nil
}

func unpackTable(file, entry []byte, room int) ([]byte, error) {
	be := binary.BigEndian
	at, packed, size := uint64(be.Uint32(entry[4:])), uint64(be.Uint32(entry[8:])), uint64(be.Uint32(entry[12:]))
	if at+packed > uint64(len(file)) || packed > size || int64(size) > int64(room) { //nolint:gosec // 32 bits each
		return nil, errors.New("sizes do not fit")
	}
	if packed == size {
		return file[at : at+packed], nil
	}
	z, err := zlib.NewReader(bytes.NewReader(file[at : at+packed]))
	if err != nil {
		return nil, err
	}
	defer z.Close() //nolint:errcheck // it only read
	table := make([]byte, size)
	if _, err := io.ReadFull(z, table); err != nil {
		return nil, err
	}
	return table, nil
}

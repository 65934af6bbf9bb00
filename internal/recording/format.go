package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/matoi119/matoi/internal/store/blob"
	"github.com/matoi119/matoi/rfb"
)

// Records of an entry: kind, time since the beginning in µs and length as
// uvarints, then the bytes.
const (
	recordSize    = 'S' // width and height, 16 bits each: what follows is a whole picture
	recordUpdate  = 'U' // one message of an RFB server
	recordPointer = 'P' // x and y, 16 bits each
	recordTime    = 'T' // nothing happened until then
)

const (
	maxRecord = 32 << 20
	// maxLength bounds what a record may say of the time.
	maxLength = 31 * 24 * time.Hour
)

// errFormat means that a file holds something else than a recording.
var errFormat = errors.New("recording: not a recording of this version")

func appendRecord(b []byte, kind byte, at time.Duration, payload []byte) []byte {
	b = append(b, kind)
	b = binary.AppendUvarint(b, uint64(max(at, 0).Microseconds()))
	b = binary.AppendUvarint(b, uint64(len(payload)))
	return append(b, payload...)
}

// record is one step of a recording.
type record struct {
	kind    byte
	at      time.Duration
	payload []byte
}

// cut takes the first record off an entry.
func cut(b []byte) (r record, rest []byte, err error) {
	if len(b) == 0 {
		return r, nil, errFormat
	}
	r.kind, b = b[0], b[1:]
	at, n := binary.Uvarint(b)
	if n <= 0 || at > uint64(maxLength.Microseconds()) {
		return r, nil, errFormat
	}
	b = b[n:]
	size, n := binary.Uvarint(b)
	if n <= 0 || size > maxRecord || size > uint64(len(b)-n) {
		return r, nil, errFormat
	}
	r.at = time.Duration(at) * time.Microsecond
	r.payload, rest = b[n:n+int(size)], b[n+int(size):]
	return r, rest, nil
}

// player applies the records of a recording to a picture.
type player struct {
	in      *bytes.Reader
	reader  *rfb.ServerReader
	at      time.Duration
	pointer [2]int // -1, -1 = not known
}

func newPlayer() *player { return &player{in: bytes.NewReader(nil), pointer: [2]int{-1, -1}} }

// picture is what is shown now; nil before the first size.
func (p *player) picture() *rfb.Framebuffer {
	if p.reader == nil {
		return nil
	}
	return p.reader.Framebuffer()
}

// apply takes one record and says which part of the picture looks different.
func (p *player) apply(r record) (areas []rfb.Rect, err error) {
	if r.at < p.at {
		return nil, errFormat
	}
	p.at = r.at
	switch r.kind {
	case recordTime:
		return nil, nil
	case recordPointer:
		if len(r.payload) != 4 {
			return nil, errFormat
		}
		p.pointer = [2]int{int(binary.BigEndian.Uint16(r.payload)), int(binary.BigEndian.Uint16(r.payload[2:]))}
		return nil, nil
	case recordSize:
		if len(r.payload) != 4 {
			return nil, errFormat
		}
		p.in.Reset(nil)
		p.reader, err = rfb.NewServerReader(p.in, rfb.Native, int(binary.BigEndian.Uint16(r.payload)), int(binary.BigEndian.Uint16(r.payload[2:])))
		return nil, err
	case recordUpdate:
		return p.update(r.payload)
	}
	return nil, errFormat
}

func (p *player) update(message []byte) ([]rfb.Rect, error) {
	if p.reader == nil {
		return nil, errFormat
	}
	p.in.Reset(message)
	m, err := p.reader.Next()
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	u, ok := m.(*rfb.Update)
	if !ok || u.Resized {
		return nil, errFormat
	}
	return u.Areas, nil
}

// Reader plays a recording step by step.
type Reader struct {
	j    *blob.JournalReader
	p    *player
	rest []byte
	cut  bool
}

// Open opens the file of a recording, ended or not.
func Open(b *blob.Store, id string) (*Reader, error) {
	j, err := b.ReadJournal(id)
	if err != nil {
		return nil, err
	}
	return &Reader{j: j, p: newPlayer()}, nil
}

// Close closes the file.
func (r *Reader) Close() error { return r.j.Close() }

// Cut reports whether the file stopped without its end: the program was killed
// under it, or it is still written. All before that was good.
func (r *Reader) Cut() bool { return r.cut }

// At is the time of the last step since the beginning of the recording.
func (r *Reader) At() time.Duration { return r.p.at }

// Shown is what is shown after the last step; nil before the first.
func (r *Reader) Shown() *rfb.Framebuffer { return r.p.picture() }

// Pointer is where the pointer is; ok is false where that was not recorded.
func (r *Reader) Pointer() (x, y int, ok bool) {
	return r.p.pointer[0], r.p.pointer[1], r.p.pointer[0] >= 0
}

// Next goes one step on and says which parts of the picture look different. It is
// io.EOF after the last.
func (r *Reader) Next() ([]rfb.Rect, error) {
	for len(r.rest) == 0 {
		entry, _, err := r.j.Next()
		if errors.Is(err, blob.ErrTorn) {
			r.cut = true
			return nil, io.EOF
		}
		if err != nil {
			return nil, err
		}
		r.rest = entry
	}
	rec, rest, err := cut(r.rest)
	if err != nil {
		return nil, err
	}
	r.rest = rest
	return r.p.apply(rec)
}

// Seek goes to the last mark that is not after a time.
func (r *Reader) Seek(to time.Duration) error {
	marks, err := r.j.Marks()
	if err != nil {
		return err
	}
	// The first mark that is behind it; times only grow.
	i := sort.Search(len(marks), func(i int) bool {
		if err != nil {
			return true
		}
		var at time.Duration
		if at, err = r.timeOf(marks[i]); err != nil {
			return true
		}
		return at > to
	})
	if err != nil {
		return err
	}
	r.p, r.rest = newPlayer(), nil
	if i == 0 {
		return r.j.Jump(blob.Mark{})
	}
	return r.j.Jump(marks[i-1])
}

func (r *Reader) timeOf(m blob.Mark) (time.Duration, error) {
	if err := r.j.Jump(m); err != nil {
		return 0, err
	}
	entry, _, err := r.j.Next()
	if err != nil {
		return 0, err
	}
	rec, _, err := cut(entry)
	return rec.at, err
}

package rfb

import (
	"bufio"
	"encoding/binary"
	"io"
)

// reader reads big-endian items and keeps the first error: a parser reads what it
// needs and asks once. After an error everything it reads is zero.
type reader struct {
	b   *bufio.Reader
	err error
	buf [16]byte
}

// bufferSize holds a few rectangle headers or many events; larger payloads go
// past it.
const bufferSize = 32 << 10

func newReader(r io.Reader) *reader {
	if b, ok := r.(*bufio.Reader); ok && b.Size() >= bufferSize {
		return &reader{b: b}
	}
	return &reader{b: bufio.NewReaderSize(r, bufferSize)}
}

// take fills n bytes of the scratch buffer, at most len(buf).
func (r *reader) take(n int) []byte {
	if r.err != nil {
		clear(r.buf[:n])
		return r.buf[:n]
	}
	if _, err := io.ReadFull(r.b, r.buf[:n]); err != nil {
		r.err = err
		clear(r.buf[:n])
	}
	return r.buf[:n]
}

func (r *reader) u8() uint8   { return r.take(1)[0] }
func (r *reader) u16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) s32() int32  { return int32(r.u32()) } //nolint:gosec // two's complement, as the wire has it
func (r *reader) skip(n int)  { r.take(n) }

// bytes reads n bytes into into, growing it when it is too small.
func (r *reader) bytes(into []byte, n int) []byte {
	if cap(into) < n {
		into = make([]byte, n)
	}
	into = into[:n]
	if r.err == nil {
		_, r.err = io.ReadFull(r.b, into)
	}
	if r.err != nil {
		clear(into)
	}
	return into
}

// fail keeps err unless there is one already.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// end makes the end of input within a message an unexpected one.
func (r *reader) end() error {
	if r.err == io.EOF { //nolint:errorlint // bufio hands it out as it is
		return io.ErrUnexpectedEOF
	}
	return r.err
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

var be = binary.BigEndian

package guardian

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Kinds of frames on the pipe: a byte, four of length, the bytes.
const (
	kindRFB  = 0 // bytes of the RFB stream
	kindWord = 1 // JSON: an order to the guardian, or its open1.ScreenNotice

	headSize = 5
	// maxFrame bounds one frame: an update of rfb.SenderBytes, its last rectangle
	// and a pointer's shape are far below.
	maxFrame = 4 << 20
)

// wordOver is the type of a guardian's last notice: it has let go of everything.
const wordOver = "over"

var errFrame = errors.New("guardian: no frame of ours")

// begin reserves the head of a frame; end fills it in. A frame of nothing
// disappears.
func begin(b []byte, kind byte) (_ []byte, at int) {
	return append(b, kind, 0, 0, 0, 0), len(b)
}

func end(b []byte, at int) []byte {
	n := len(b) - at - headSize
	if n == 0 {
		return b[:at]
	}
	binary.BigEndian.PutUint32(b[at+1:], uint32(n))
	return b
}

// appendWord adds a frame of JSON.
func appendWord(b []byte, v any) []byte {
	wire, err := json.Marshal(v)
	if err != nil { // values of our own
		panic("guardian: " + err.Error())
	}
	b, at := begin(b, kindWord)
	return end(append(b, wire...), at)
}

// readFrame reads one frame into buf, which it may make larger.
func readFrame(r io.Reader, buf []byte) (kind byte, body []byte, err error) {
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, buf, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if head[0] > kindWord || n > maxFrame {
		return 0, buf, errFrame
	}
	if cap(buf) < int(n) {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		return 0, buf, fmt.Errorf("guardian: a frame is cut off: %w", err)
	}
	return head[0], buf, nil
}

// order is what the agent tells its guardian.
type order struct {
	Source  *Source `json:"source,omitempty"`  // first: what to open
	Release bool    `json:"release,omitempty"` // let go of what a killed guardian left
	Begin   bool    `json:"begin,omitempty"`   // serve what comes now
}

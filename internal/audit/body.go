package audit

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/matoi119/matoi/internal/entry"
)

// Body is what a leaf of the tree holds: who did what, when, to what, and the
// digests of the rows written for it. It never holds a caller's words.
type Body struct {
	V       int               `json:"v"` // 1
	HQ      string            `json:"hq"`
	Leaf    int64             `json:"leaf"` // 0, 1, 2 …
	At      int64             `json:"at"`   // µs since 1970, UTC, as the clock stood
	Act     string            `json:"act"`
	Actor   entry.Actor       `json:"actor"`
	Subject string            `json:"subject,omitempty"`
	Mode    string            `json:"mode,omitempty"`
	Facts   map[string]string `json:"facts,omitempty"`
	Rows    []Row             `json:"rows,omitempty"`
	Changes []Change          `json:"changes,omitempty"`
}

// Row names a written row and commits to its bytes; Digest is Gone for a
// removed one.
type Row struct {
	Table  string `json:"t"`
	Key    string `json:"k"`
	Digest string `json:"d"`
}

// Change is a row of the change feed as the act announced it.
type Change struct {
	Seq     int64  `json:"q"`
	Kind    string `json:"k"`
	Subject string `json:"s"`
	Detail  string `json:"d,omitempty"`
}

// Encode gives the canonical bytes: fixed member order, sorted facts, no HTML
// escaping, no trailing newline.
func (b Body) Encode() ([]byte, error) {
	var buf bytes.Buffer
	buf.Grow(1024)
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(b); err != nil {
		return nil, fmt.Errorf("encode entry %d: %w", b.Leaf, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// DecodeBody reads a leaf. A leaf of a version that this program does not know
// is an error: a verifier must not skip what it cannot read.
func DecodeBody(leaf []byte) (Body, error) {
	var b Body
	d := json.NewDecoder(bytes.NewReader(leaf))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil {
		return Body{}, fmt.Errorf("decode entry: %w", err)
	}
	if b.V != 1 {
		return Body{}, fmt.Errorf("decode entry: version %d is not known", b.V)
	}
	return b, nil
}

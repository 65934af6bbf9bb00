package check

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/matoi119/matoi/probe"
)

// Schema names the form of a Result: docs/schemas/check-result.schema.json.
const Schema = "matoi.check/1"

// Result is what one run found. Digest is the SHA-256 of its JSON without the
// digest; it shows that a file was changed, not who made it.
type Result struct {
	Schema          string        `json:"schema"`
	Digest          string        `json:"digest,omitempty"` // hex
	Run             string        `json:"run"`              // begins every id that the run left at the terminal
	Profile         string        `json:"profile"`
	Terminal        string        `json:"terminal"`
	TerminalVersion string        `json:"terminalVersion"`
	Address         string        `json:"address"`
	Person          string        `json:"person"`
	Version         string        `json:"version"` // of the program that ran it
	Begun           time.Time     `json:"begun"`
	Ended           time.Time     `json:"ended"`
	List            string        `json:"list"` // that judged ciphers, and its date
	ListDate        string        `json:"listDate"`
	Claim           Words         `json:"claim"`  // what a pass does not mean
	Leaves          Words         `json:"leaves"` // what stays at the terminal
	Tests           []Tested      `json:"tests"`
	TLS             *probe.Report `json:"tls,omitempty"`
}

// Count is how many tests were answered so.
func (r Result) Count(a Answer) int {
	n := 0
	for _, t := range r.Tests {
		if t.Answer == a {
			n++
		}
	}
	return n
}

// Find returns a test by its id.
func (r Result) Find(id string) (Tested, bool) {
	for _, t := range r.Tests {
		if t.ID == id {
			return t, true
		}
	}
	return Tested{}, false
}

func (r *Result) seal() error {
	sum, err := r.sum()
	r.Digest = sum
	return err
}

func (r Result) sum() (string, error) {
	r.Digest = ""
	b, err := encode(r)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

func encode(r Result) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("encode the result: %w", err)
	}
	return b.Bytes(), nil
}

// WriteJSON writes the result for machines.
func (r Result) WriteJSON(w io.Writer) error {
	b, err := encode(r)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// maxResult bounds what Read reads.
const maxResult = 16 << 20

// ErrChanged is a result whose digest is not that of its content.
var ErrChanged = errors.New("check: the result was changed after it was made")

// Read reads a result that WriteJSON wrote and compares its digest.
func Read(text []byte) (Result, error) {
	if len(text) > maxResult {
		return Result{}, fmt.Errorf("read result: over %d bytes", maxResult)
	}
	var r Result
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields() // the digest covers what is read, so all of it must be
	if err := d.Decode(&r); err != nil {
		return Result{}, fmt.Errorf("read result: %w", err)
	}
	if r.Schema != Schema {
		return Result{}, fmt.Errorf("read result: schema %q is not %s", plain(r.Schema, 40), Schema)
	}
	if b, err := encode(r); err != nil || !bytes.Equal(bytes.TrimSpace(b), bytes.TrimSpace(text)) {
		return r, errors.Join(err, ErrChanged)
	}
	if sum, err := r.sum(); err != nil || sum != r.Digest {
		return r, errors.Join(err, ErrChanged)
	}
	return r, nil
}

//go:embed schema/check-result.schema.json
var schemaText []byte

// SchemaText returns the JSON Schema of a Result, as in docs/schemas.
func SchemaText() []byte { return bytes.Clone(schemaText) }

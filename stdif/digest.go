package stdif

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Canonical is a JSON text in the one form that all programs agree on (RFC 8785):
// members sorted, no white space. Invalid JSON is an error.
func Canonical(wire []byte) ([]byte, error) {
	v := jsontext.Value(append([]byte(nil), wire...))
	if err := v.Canonicalize(); err != nil {
		return nil, fmt.Errorf("canonical form: %w", err)
	}
	return v, nil
}

// Digest names a JSON text whatever its white space and its order of members:
// other programs write again what they read. It is the SHA-256 of its canonical
// form, in lower-case hex.
func Digest(wire []byte) (string, error) {
	b, err := Canonical(wire)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

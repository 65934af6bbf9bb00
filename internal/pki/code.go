package pki

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"time"

	"github.com/matoi119/matoi/internal/typedcode"
)

// An enrolment code is 160 bits, typed as eight groups of five symbols, the
// last of each checking its group (package typedcode):
//
//	80 bits  secret, random: what both sides must know; guessed on line only,
//	         five tries, so the chance is 2⁻⁷⁷
//	80 bits  SHA-256 of the terminal's public key (SubjectPublicKeyInfo), cut: another
//	         key with the same 80 bits costs 2⁸⁰ keys within fifteen minutes
//
// Neither half is on any disk.
const (
	secretSize      = 10
	fingerprintSize = 10
	codeSize        = secretSize + fingerprintSize

	// CodeLife is how long an enrolment code works.
	CodeLife = 15 * time.Minute
	maxTries = 5
)

// code is a decoded enrolment code.
type code struct {
	secret      [secretSize]byte
	fingerprint [fingerprintSize]byte
}

func newCode(spki []byte) code {
	c := code{fingerprint: fingerprint(spki)}
	rand.Read(c.secret[:]) // never fails: the runtime ends the program instead
	return c
}

func parseCode(typed string) (c code, err error) {
	data, err := typedcode.Decode(typed, codeSize)
	if err != nil {
		return c, err
	}
	copy(c.secret[:], data)
	copy(c.fingerprint[:], data[secretSize:])
	return c, nil
}

// CheckCode tells at once whether a code was mistyped, and in which group,
// before anything is dialled.
func CheckCode(typed string) error {
	_, err := parseCode(typed)
	return err
}

func (c code) String() string {
	return typedcode.Encode(append(c.secret[:len(c.secret):len(c.secret)], c.fingerprint[:]...))
}

// matches reports whether a certificate holds the key of the code.
func (c code) matches(cert *x509.Certificate) bool {
	got := fingerprint(cert.RawSubjectPublicKeyInfo)
	return subtle.ConstantTimeCompare(got[:], c.fingerprint[:]) == 1
}

func fingerprint(spki []byte) (f [fingerprintSize]byte) {
	sum := sha256.Sum256(spki)
	copy(f[:], sum[:])
	return f
}

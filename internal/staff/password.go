package staff

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/matoi119/matoi/internal/fault"
)

// Passwords. The e-government list names no password hash, so ours is made of
// parts that it does name: HMAC and SHA-256, as PBKDF2 (security-rules §5.4).
const (
	// MinPassword follows the medical guideline (厚労省 6.0): 13 characters where
	// there is no second factor and no forced change.
	MinPassword = 13
	// MaxPassword bounds the work of hashing a stranger's input.
	MaxPassword = 128

	rounds   = 600_000
	saltSize = 16
	hashSize = 32
	scheme   = "pbkdf2-sha256"
	// maxRounds bounds what a damaged or planted hash can cost.
	maxRounds = 10_000_000
)

// CheckPassword says why a password is not good enough, or nil. The checks:
// length; printable characters only; not made of one short piece repeated, of a
// run up or down the alphabet or the keyboard; not containing the account or
// the person's name; not a well-known choice with decoration (trivial.go).
// There is no rule about kinds of characters and no forced change: both make
// passwords worse.
func CheckPassword(password, account, name string) error {
	valid := utf8.ValidString(password) // before narrow, which would repair it
	password = narrow(password)
	n := utf8.RuneCountInString(password)
	switch {
	case !valid || strings.ContainsFunc(password, unprintable):
		return fault.New(fault.Invalid, "password.characters")
	case n < MinPassword:
		return fault.New(fault.Invalid, "password.short", "min", strconv.Itoa(MinPassword))
	case n > MaxPassword:
		return fault.New(fault.Invalid, "password.long", "max", strconv.Itoa(MaxPassword))
	case contains(password, account) || contains(password, name):
		return fault.New(fault.Invalid, "password.personal")
	case trivial(password):
		return fault.New(fault.Invalid, "password.trivial")
	}
	return nil
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// contains looks for a name of at least three characters inside the password.
func contains(password, word string) bool {
	word = strings.ToLower(narrow(strings.TrimSpace(word)))
	return utf8.RuneCountInString(word) >= 3 && strings.Contains(strings.ToLower(password), word)
}

// HashPassword derives what is stored: scheme, rounds, salt and hash in one
// text, so that the rounds can grow without a migration.
func HashPassword(password string) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails: the runtime ends the program instead
	return encode(rounds, salt, derive(password, salt, rounds))
}

// VerifyPassword reports whether password is the one that was hashed. rehash
// asks for a new hash because the stored one was made with fewer rounds.
func VerifyPassword(stored, password string) (ok, rehash bool) {
	n, salt, want, err := decode(stored)
	if err != nil {
		return VerifyNobody(password), false
	}
	got := derive(password, salt, n)
	return subtle.ConstantTimeCompare(got, want) == 1, n < rounds
}

// VerifyNobody costs what VerifyPassword costs and is always false: for an
// account that does not exist or has no password, so that the time of the
// answer tells nothing.
func VerifyNobody(password string) bool {
	derive(password, make([]byte, saltSize), rounds)
	return false
}

// derive hashes at most MaxPassword characters' worth of bytes; a longer input
// cannot be anybody's password and is only made to cost the same.
func derive(password string, salt []byte, n int) []byte {
	password = narrow(password) // the input method was on
	if len(password) > MaxPassword*utf8.UTFMax {
		password = password[:MaxPassword*utf8.UTFMax]
	}
	key, err := pbkdf2.Key(sha256.New, password, salt, n, hashSize)
	if err != nil { // only for sizes, which are constants here
		panic("staff: derive password: " + err.Error())
	}
	return key
}

func encode(n int, salt, hash []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("%s$%d$%s$%s", scheme, n, b64.EncodeToString(salt), b64.EncodeToString(hash))
}

func decode(stored string) (n int, salt, hash []byte, err error) {
	part := strings.Split(stored, "$")
	if len(part) != 4 || part[0] != scheme {
		return 0, nil, nil, fmt.Errorf("read password hash: unknown scheme")
	}
	if n, err = strconv.Atoi(part[1]); err != nil || n < 1 || n > maxRounds {
		return 0, nil, nil, fmt.Errorf("read password hash: rounds out of range")
	}
	b64 := base64.RawStdEncoding.Strict()
	if salt, err = b64.DecodeString(part[2]); err != nil || len(salt) < saltSize {
		return 0, nil, nil, fmt.Errorf("read password hash: salt")
	}
	if hash, err = b64.DecodeString(part[3]); err != nil || len(hash) != hashSize {
		return 0, nil, nil, fmt.Errorf("read password hash: hash")
	}
	return n, salt, hash, nil
}

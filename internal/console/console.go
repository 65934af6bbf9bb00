// Package console holds the headquarters' seats: a console (指令台) is an
// enrolled, named seat, and all its windows are one console. Rules and values
// only; time comes as an argument, rows come through the port.
//
// # How a seat comes to be
//
// A person with the right (or the command line, for the first one) issues a
// code for a named seat. Somebody types it into the browser at that seat; the
// browser gets a secret in a cookie and is from then on that console, whoever
// sits there. The code is 80 random bits, lives 15 minutes and works once. A
// seat's secret does not expire: a console must come up at 3 a.m. after a year
// in a cupboard. It is revoked instead.
//
// # Columns
//
//	console_register   hq, id TEXT (UUIDv7), name TEXT, supervisor BIGINT, secret_hash TEXT,
//	                   enrolled_at, revoked_at BIGINT (0 = not)
//	console_enrolment  hq, code_hash TEXT, console TEXT, name TEXT, supervisor BIGINT,
//	                   issued_by TEXT, created_at, expires_at, used_at BIGINT (0 = not)
package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/typedcode"
)

// Console is one seat (指令台). Supervisor marks the 指揮台.
type Console struct {
	ID         string
	Name       string // as the room calls it: 指令台1
	Supervisor bool
	SecretHash string
	EnrolledAt time.Time
	RevokedAt  time.Time // zero = in service
}

// Revoked reports whether the seat was taken out of service.
func (c Console) Revoked() bool { return !c.RevokedAt.IsZero() }

// Check answers whether a browser that shows secret is this console.
func (c Console) Check(secret string) error {
	same := subtle.ConstantTimeCompare([]byte(SecretHash(secret)), []byte(c.SecretHash)) == 1
	if !same || c.SecretHash == "" || c.Revoked() {
		return fault.New(fault.Unknown, "console.unknown")
	}
	return nil
}

// Revoke takes the seat out of service; the first time counts.
func (c Console) Revoke(now time.Time) Console {
	if c.RevokedAt.IsZero() {
		c.RevokedAt = now
	}
	return c
}

const (
	maxName  = 40
	codeSize = 10 // 80 bits
	// CodeLife is how long an enrolment code can be typed.
	CodeLife = 15 * time.Minute
)

// Enrolment is permission to make one browser into one seat, once.
type Enrolment struct {
	CodeHash   string
	ConsoleID  string // the seat that redeeming creates, or gives a new browser
	Name       string
	Supervisor bool
	IssuedBy   string // person id, or "command-line"
	CreatedAt  time.Time
	ExpiresAt  time.Time
	UsedAt     time.Time // zero = not yet
}

// Issue makes a code for a seat. The code is shown once and never stored.
// Issuing for an id that exists replaces that seat's browser: the old secret
// stops working when the code is redeemed, not before.
func Issue(consoleID, name string, supervisor bool, by string, now time.Time) (code string, e Enrolment, err error) {
	name = strings.TrimSpace(name)
	if name == "" || len([]rune(name)) > maxName || consoleID == "" {
		return "", Enrolment{}, fault.New(fault.Invalid, "console.name-invalid")
	}
	var secret [codeSize]byte
	rand.Read(secret[:]) // never fails: the runtime ends the program instead
	return typedcode.Encode(secret[:]), Enrolment{
		CodeHash: hash("matoi console code", string(secret[:])), ConsoleID: consoleID, Name: name, Supervisor: supervisor,
		IssuedBy: by, CreatedAt: now, ExpiresAt: now.Add(CodeLife),
	}, nil
}

// CodeHash is the stored form of a typed code; a slip of the hand is told here,
// before anything is looked up.
func CodeHash(typed string) (string, error) {
	secret, err := typedcode.Decode(typed, codeSize)
	if err != nil {
		return "", err
	}
	return hash("matoi console code", string(secret)), nil
}

// Redeem turns the enrolment into a seat. The secret goes into the browser's
// cookie and nowhere else. Expired, used and unknown codes read the same.
func (e Enrolment) Redeem(now time.Time) (_ Enrolment, _ Console, secret string, err error) {
	if e.CodeHash == "" || !e.UsedAt.IsZero() || !now.Before(e.ExpiresAt) || now.Before(e.CreatedAt.Add(-CodeLife)) {
		return e, Console{}, "", ErrCode()
	}
	var b [32]byte
	rand.Read(b[:])
	secret = base64.RawURLEncoding.EncodeToString(b[:])
	e.UsedAt = now
	return e, Console{
		ID: e.ConsoleID, Name: e.Name, Supervisor: e.Supervisor,
		SecretHash: SecretHash(secret), EnrolledAt: now,
	}, secret, nil
}

// ErrCode is the answer to a code that does not work, whatever the reason.
func ErrCode() error { return fault.New(fault.Denied, "console.code-refused") }

// SecretHash is what the store knows of a seat's secret. A plain hash is enough
// for 256 random bits; the label keeps it apart from other hashes.
func SecretHash(secret string) string { return hash("matoi console", secret) }

func hash(label, value string) string {
	sum := sha256.Sum256([]byte(label + "\x00" + value))
	return hex.EncodeToString(sum[:])
}

// Store keeps seats and enrolments. Reads answer fault.NotFound when there is
// no such row. Writes happen inside an act, whose entry says why.
type Store interface {
	Console(ctx context.Context, id string) (Console, error)
	Consoles(ctx context.Context) ([]Console, error)
	SaveConsole(ctx context.Context, c Console) error

	Enrolment(ctx context.Context, codeHash string) (Enrolment, error)
	SaveEnrolment(ctx context.Context, e Enrolment) error
}

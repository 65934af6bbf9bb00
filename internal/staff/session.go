package staff

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// How long a log-in lasts.
//
// SessionLife covers a shift with its hand-over: nobody is asked for a password
// in the middle of a call. SessionAway is not the usual idle time: a console
// that shows the board is in use even when nobody touches it, so the page's
// open feed counts as a sign of life. Only a seat whose page has been gone for
// SessionAway (closed, machine asleep or off) needs a new log-in. Locking an
// unattended screen is left to the room and the operating system, because a
// locked board cannot ring.
const (
	SessionLife = 13 * time.Hour
	SessionAway = 15 * time.Minute
	// touchEvery bounds the writes that signs of life cause.
	touchEvery = time.Minute
)

// Session is a person's proven presence at one console.
type Session struct {
	TokenHash  string // the token itself is only in the browser's cookie
	PersonID   string
	ConsoleID  string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastSeenAt time.Time
	EndedAt    time.Time // zero while open
	Ended      End
}

// End says why a session was ended.
type End string

// Reasons of an end.
const (
	EndLogOut   End = "log-out"
	EndReplaced End = "replaced" // somebody logged in at the same console
	EndRevoked  End = "revoked"  // by a person with the right, or with the console
	EndPassword End = "password" // the password was changed
)

// NewSession opens a session.
func NewSession(tokenHash, person, console string, now time.Time) Session {
	return Session{
		TokenHash: tokenHash, PersonID: person, ConsoleID: console,
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(SessionLife),
	}
}

// Valid reports whether the session still stands. A clock that was set back
// does not end a session; the time it could last is still bounded by ExpiresAt.
func (s Session) Valid(now time.Time) bool {
	return s.TokenHash != "" && s.EndedAt.IsZero() &&
		now.Before(s.ExpiresAt) && now.Sub(s.LastSeenAt) < SessionAway
}

// Check is Valid as a failure that a door can answer with.
func (s Session) Check(now time.Time) error {
	if s.Valid(now) {
		return nil
	}
	return fault.New(fault.Unknown, "session.ended")
}

// Touch notes a sign of life. The second value says whether it is worth
// saving; a touch within a minute of the last one is not.
func (s Session) Touch(now time.Time) (Session, bool) {
	if !s.Valid(now) || now.Sub(s.LastSeenAt) < touchEvery {
		return s, false
	}
	s.LastSeenAt = now
	return s, true
}

// End closes the session. Ending twice keeps the first reason.
func (s Session) End(why End, now time.Time) Session {
	if s.EndedAt.IsZero() {
		s.EndedAt, s.Ended = now, why
	}
	return s
}

// NewToken makes the 256 random bits of a session cookie and the hash that is
// stored in their place.
func NewToken() (token, hash string) {
	var b [32]byte
	rand.Read(b[:]) // never fails: the runtime ends the program instead
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, TokenHash(token)
}

// TokenHash is what the store knows of a session token. A plain hash is enough
// for 256 random bits; the label keeps it apart from other hashes.
func TokenHash(token string) string {
	sum := sha256.Sum256([]byte("matoi session\x00" + token))
	return hex.EncodeToString(sum[:])
}

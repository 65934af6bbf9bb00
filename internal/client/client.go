// Package client holds the headquarters' clients: programs that speak to the
// API in their own name, above all a command system of another maker. Rules and
// values only; time comes as an argument, rows come through the port.
//
// # How a client acts
//
// A client has credentials: bearer tokens of 256 random bits, shown once and
// kept as a hash, optionally bound to one certificate that must be presented on
// the connection as well. With a credential alone it is a machine: it reads,
// follows the feed, tells of voice calls, has webhooks, each where its scopes
// say so. A machine never claims, answers or closes: only a person does.
//
// With the scope console it also speaks for persons. A console is enrolled for the
// client; a person logs in there with account and password through the client,
// and the session that results does what the person may do at any console. Every
// entry of the evidence then names client, console and person.
//
// # Columns
//
//	client_register    hq, id TEXT (UUIDv7), name, owner, scopes TEXT (comma), created_by TEXT, created_at, expires_at, revoked_at BIGINT
//	client_credential  hq, token_hash TEXT, client, name, certificate TEXT, created_at, expires_at, revoked_at, used_at BIGINT
//	client_console     hq, console TEXT, client TEXT, added_at BIGINT
//	client_session     hq, token_hash TEXT, client, credential TEXT
package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// Scope is one way in which a client may use the API.
type Scope string

// The scopes.
const (
	Read    Scope = "read"    // board, reports and feed as a machine, without health data
	Voice   Scope = "voice"   // tells of voice calls
	Webhook Scope = "webhook" // has changes delivered to an address
	EIDO    Scope = "eido"    // documents for another centre; with a pinned certificate also without a token
	Console Scope = "console" // persons log in through it, at consoles enrolled for it
)

// Scopes lists them all.
func Scopes() []Scope { return []Scope{Read, Voice, Webhook, EIDO, Console} }

// Valid reports whether the scope is one of ours.
func (s Scope) Valid() bool { return slices.Contains(Scopes(), s) }

// Client is a program that is known here.
type Client struct {
	ID        string
	Name      string // as evidence and timelines show it
	Owner     string // who answers for it: a department or a maker, with a telephone number
	Scopes    []Scope
	CreatedBy string // person id, or "command-line"
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero = in service
}

// Credential is one token of a client. A client may have several at a time, so
// that a token is changed without a pause.
type Credential struct {
	TokenHash   string
	ClientID    string
	Name        string // "first", "2027"
	Certificate string // SHA-256 of the certificate that must come with it, in hex; "" = none
	CreatedAt   time.Time
	ExpiresAt   time.Time
	RevokedAt   time.Time
	UsedAt      time.Time // as of the last hour; zero = never
}

// Session says through which credential a person logged in.
type Session struct {
	TokenHash  string
	ClientID   string
	Credential string // its token hash
}

const (
	maxName = 60
	// MaxLife is how long a client or a credential can be valid.
	MaxLife = 5 * 366 * 24 * time.Hour
	// usedEvery bounds the writes that use causes.
	usedEvery = time.Hour
)

// New makes a client after checking what was typed.
func New(id, name, owner string, scopes []Scope, by string, now, expires time.Time) (Client, error) {
	name, owner = strings.TrimSpace(name), strings.TrimSpace(owner)
	switch {
	case name == "" || len([]rune(name)) > maxName:
		return Client{}, fault.New(fault.Invalid, "client.name-invalid")
	case owner == "" || len([]rune(owner)) > 2*maxName:
		return Client{}, fault.New(fault.Invalid, "client.owner-invalid")
	case len(scopes) == 0 || slices.ContainsFunc(scopes, func(s Scope) bool { return !s.Valid() }):
		return Client{}, fault.New(fault.Invalid, "client.scope-invalid")
	case !expires.After(now) || expires.Sub(now) > MaxLife:
		return Client{}, fault.New(fault.Invalid, "client.expiry-invalid")
	}
	scopes = slices.Clone(scopes)
	slices.Sort(scopes)
	return Client{ID: id, Name: name, Owner: owner, Scopes: slices.Compact(scopes), CreatedBy: by, CreatedAt: now, ExpiresAt: expires}, nil
}

// Valid reports whether the client is in service.
func (c Client) Valid(now time.Time) bool {
	return c.ID != "" && c.RevokedAt.IsZero() && now.Before(c.ExpiresAt)
}

// Has reports whether the client has a scope.
func (c Client) Has(s Scope) bool { return slices.Contains(c.Scopes, s) }

// Revoke takes the client out of service; the first time counts.
func (c Client) Revoke(now time.Time) Client {
	if c.RevokedAt.IsZero() {
		c.RevokedAt = now
	}
	return c
}

// Issue makes a credential. The token is shown once and never stored.
func (c Client) Issue(name, certificate string, now, expires time.Time) (token string, k Credential, err error) {
	name, certificate = strings.TrimSpace(name), strings.ToLower(strings.ReplaceAll(certificate, ":", ""))
	switch {
	case name == "" || len([]rune(name)) > maxName:
		return "", k, fault.New(fault.Invalid, "client.name-invalid")
	case !c.Valid(now):
		return "", k, fault.New(fault.Conflict, "client.ended")
	case !expires.After(now) || expires.Sub(now) > MaxLife:
		return "", k, fault.New(fault.Invalid, "client.expiry-invalid")
	}
	if b, err := hex.DecodeString(certificate); err != nil || certificate != "" && len(b) != sha256.Size {
		return "", k, fault.New(fault.Invalid, "client.certificate-invalid")
	}
	token = newToken(tokenPrefix)
	return token, Credential{TokenHash: TokenHash(token), ClientID: c.ID, Name: name, Certificate: certificate, CreatedAt: now, ExpiresAt: expires}, nil
}

// Revoke ends the credential; the first time counts.
func (k Credential) Revoke(now time.Time) Credential {
	if k.RevokedAt.IsZero() {
		k.RevokedAt = now
	}
	return k
}

// Check answers whether a request that shows this credential comes from c.
// certificate is the digest of the one that the connection proved, "" if none.
// Expired, revoked and unknown read the same.
func (k Credential) Check(c Client, certificate string, now time.Time) error {
	if k.TokenHash == "" || k.ClientID != c.ID || !k.RevokedAt.IsZero() || !now.Before(k.ExpiresAt) || !c.Valid(now) {
		return ErrUnknown()
	}
	if k.Certificate != "" && k.Certificate != certificate {
		return ErrUnknown()
	}
	return nil
}

// Use notes that the credential was used. The second value says whether it is
// worth saving.
func (k Credential) Use(now time.Time) (Credential, bool) {
	if now.Sub(k.UsedAt) < usedEvery {
		return k, false
	}
	k.UsedAt = now
	return k, true
}

// ErrUnknown is the answer to a token that does not work, whatever the reason.
func ErrUnknown() error { return fault.New(fault.Unknown, "client.unknown") }

// Tokens begin with a word, so that one which turns up in a log or a repository
// is recognised for what it is.
const (
	tokenPrefix   = "matoi_client_"
	sessionPrefix = "matoi_session_"
)

// SessionToken is the form in which a client carries a person's session.
func SessionToken(token string) string { return sessionPrefix + token }

// Bearer tells what a bearer token is: a client's own, or a person's session at
// one of its consoles, which is returned without its prefix.
func Bearer(token string) (session string, isSession bool) {
	return strings.CutPrefix(token, sessionPrefix)
}

// TokenHash is what the store knows of a token. A plain hash is enough for 256
// random bits; the label keeps it apart from other hashes.
func TokenHash(token string) string {
	sum := sha256.Sum256([]byte("matoi client\x00" + token))
	return hex.EncodeToString(sum[:])
}

func newToken(prefix string) string {
	var b [32]byte
	rand.Read(b[:]) // never fails: the runtime ends the program instead
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// JoinScopes and SplitScopes turn scopes into a column and back.
func JoinScopes(scopes []Scope) string {
	words := make([]string, 0, len(scopes))
	for _, s := range scopes {
		words = append(words, string(s))
	}
	return strings.Join(words, ",")
}

// SplitScopes reads what JoinScopes wrote; words that are no scopes grant nothing.
func SplitScopes(text string) (out []Scope) {
	for word := range strings.SplitSeq(text, ",") {
		if s := Scope(word); s.Valid() {
			out = append(out, s)
		}
	}
	return out
}

// Store keeps clients. Reads answer fault.NotFound when there is no such row.
// Writes happen inside an act, whose entry says why.
type Store interface {
	Client(ctx context.Context, id string) (Client, error)
	Clients(ctx context.Context) ([]Client, error)
	SaveClient(ctx context.Context, c Client) error

	Credential(ctx context.Context, tokenHash string) (Credential, error)
	Pinned(ctx context.Context, certificate string) ([]Credential, error)
	Credentials(ctx context.Context, clientID string) ([]Credential, error)
	SaveCredential(ctx context.Context, k Credential) error
}

// Consoles keeps which consoles and sessions belong to a client.
type Consoles interface {
	ClientOf(ctx context.Context, consoleID string) (clientID string, err error)
	ConsolesOf(ctx context.Context, clientID string) (consoleIDs []string, err error)
	SaveConsole(ctx context.Context, clientID, consoleID string, now time.Time) error

	Session(ctx context.Context, tokenHash string) (Session, error)
	SaveSession(ctx context.Context, s Session) error
}

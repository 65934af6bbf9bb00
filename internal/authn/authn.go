// Package authn answers who is at the other end of a request: which enrolled
// seat, and which person sits there. It knows cookies and nothing of stores;
// what may be done is another question (internal/authz).
//
// Two cookies belong to a seat. matoi_console_<id> holds the seat's secret and
// stays; matoi_session_<id> holds the session of whoever is logged in. The id
// is in the names because one browser profile may be several seats (a trainer's
// machine, a demonstration), and every request says which one it speaks for: the
// header Matoi-Console, or ?console= where a page cannot set headers (the feed).
// The id is not a secret; a request for a seat whose cookie the browser does
// not have is refused.
//
// A client has no cookies: it shows a bearer token, its own or that of a person
// who logged in through it (bearer.go). A request with a bearer token is judged
// by that alone; its cookies are not looked at.
//
// Cookies are Secure, HttpOnly, SameSite=Strict and for the whole origin. That
// and the check of cross-origin requests at the door are the protection against
// forged requests; there is no token in the page.
package authn

import (
	"context"
	"net/http"
	"time"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
)

// Header names the seat that a request speaks for.
const Header = "Matoi-Console"

const (
	consolePrefix = "matoi_console_"
	sessionPrefix = "matoi_session_"

	// consoleAge is as long as browsers allow. Every log-in sets the cookie
	// again, so a seat that is used at all never loses it.
	consoleAge = 400 * 24 * time.Hour
	maxSecret  = 128
)

// Identity is who is at the other end.
type Identity struct {
	Console console.Console
	Person  *staff.Person  // nil: nobody is logged in at the seat
	Session *staff.Session // set exactly when Person is

	Client     *client.Client     // the program that asks; nil: a browser
	Credential *client.Credential // set exactly when Client is
}

// Sessions is what Identify looks up. Both answer fault.NotFound when there is
// no such row.
type Sessions interface {
	Console(ctx context.Context, id string) (console.Console, error)
	Session(ctx context.Context, tokenHash string) (staff.Session, staff.Person, error)

	// Credential is a client's token with the client; ClientOf the client that a
	// console belongs to; Through the credential through which a session was opened.
	Credential(ctx context.Context, tokenHash string) (client.Credential, client.Client, error)
	Pinned(ctx context.Context, certificate string) ([]client.Credential, error)
	ClientOf(ctx context.Context, consoleID string) (string, error)
	Through(ctx context.Context, sessionHash string) (client.Session, error)
}

// Identify finds out which seat and which person a request comes from. A
// request without a seat, or with a wrong secret, fails as unknown. A session
// that has ended, belongs to another seat or to a person who may not log in any
// more is no failure: nobody is logged in. A store that cannot answer is a
// failure of its own and never reads as "logged out".
func Identify(r *http.Request, s Sessions, now time.Time) (Identity, error) {
	if token, ok := bearer(r); ok {
		return identifyClient(r, token, s, now)
	}
	id, ok := consoleID(r)
	secret, has := cookie(r, consolePrefix+id)
	if !ok || !has {
		return Identity{}, fault.New(fault.Unknown, "console.unknown")
	}
	seat, err := s.Console(r.Context(), id)
	if err != nil && fault.Of(err) == fault.NotFound {
		return Identity{}, fault.New(fault.Unknown, "console.unknown")
	}
	if err != nil {
		return Identity{}, err
	}
	if err := seat.Check(secret); err != nil {
		return Identity{}, err
	}
	who := Identity{Console: seat}
	token, has := cookie(r, sessionPrefix+id)
	if !has {
		return who, nil
	}
	session, person, err := s.Session(r.Context(), staff.TokenHash(token))
	switch {
	case err != nil && fault.Of(err) == fault.NotFound:
		return who, nil
	case err != nil:
		return Identity{}, err
	case session.Valid(now) && session.ConsoleID == id && session.PersonID == person.ID && person.State == staff.Active:
		who.Person, who.Session = &person, &session
	}
	return who, nil
}

// consoleID is the seat that the request says it speaks for.
func consoleID(r *http.Request) (string, bool) {
	id := r.Header.Get(Header)
	if id == "" {
		id = r.URL.Query().Get("console")
	}
	return id, validID(id)
}

// validID keeps a header's content out of cookie names: ids are UUIDs.
func validID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return true
}

func cookie(r *http.Request, name string) (string, bool) {
	c, err := r.Cookie(name)
	if err != nil || c.Value == "" || len(c.Value) > maxSecret {
		return "", false
	}
	return c.Value, true
}

// SetConsole gives a browser the secret of its seat.
func SetConsole(w http.ResponseWriter, consoleID, secret string) {
	set(w, consolePrefix+consoleID, secret, int(consoleAge/time.Second))
}

// KeepConsole sets the seat's cookie again with a fresh age; done at log-in.
func KeepConsole(w http.ResponseWriter, r *http.Request, consoleID string) {
	if secret, has := cookie(r, consolePrefix+consoleID); has {
		SetConsole(w, consoleID, secret)
	}
}

// SetSession gives a browser the token of a new session. The cookie lives as
// long as a session can, so that a browser that crashes in the middle of a call
// comes back logged in.
func SetSession(w http.ResponseWriter, consoleID, token string) {
	set(w, sessionPrefix+consoleID, token, int(staff.SessionLife/time.Second))
}

// ClearSession takes the token away at log-out.
func ClearSession(w http.ResponseWriter, consoleID string) {
	set(w, sessionPrefix+consoleID, "", -1)
}

// ClearConsole takes the seat's secret away when it was revoked.
func ClearConsole(w http.ResponseWriter, consoleID string) {
	set(w, consolePrefix+consoleID, "", -1)
}

func set(w http.ResponseWriter, name, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: age,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

type key struct{}

// With puts the identity into the context of a request.
func With(ctx context.Context, who Identity) context.Context {
	return context.WithValue(ctx, key{}, who)
}

// From is the identity that With put there; false for a stranger.
func From(ctx context.Context) (Identity, bool) {
	who, ok := ctx.Value(key{}).(Identity)
	return who, ok
}

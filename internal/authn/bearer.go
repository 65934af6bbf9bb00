package authn

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
)

// bearer is the token of the header Authorization (RFC 6750). It is never read
// from a URL, where logs would keep it.
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	if token = strings.TrimSpace(token); len(token) > maxSecret {
		token = "" // no token of ours; still a request that claims to have one
	}
	return token, true
}

// identifyClient finds out which client asks, and whether a person does so
// through it. A client names a console of its own with the header, so that
// somebody can log in there; with a session the console is the session's.
func identifyClient(r *http.Request, token string, s Sessions, now time.Time) (Identity, error) {
	if session, ok := client.Bearer(token); ok {
		return identifyThrough(r, session, s, now)
	}
	who, err := credential(r, client.TokenHash(token), s, now)
	if err != nil {
		return Identity{}, err
	}
	id := r.Header.Get(Header)
	if id == "" {
		return who, nil
	}
	who.Console, err = consoleOf(r, id, *who.Client, s)
	return who, err
}

// credential looks a client's token up and checks it with the certificate that
// the connection proved.
func credential(r *http.Request, hash string, s Sessions, now time.Time) (Identity, error) {
	k, c, err := s.Credential(r.Context(), hash)
	switch {
	case err != nil && fault.Of(err) == fault.NotFound:
		return Identity{}, client.ErrUnknown()
	case err != nil:
		return Identity{}, err
	}
	if err := k.Check(c, certificate(r), now); err != nil {
		return Identity{}, err
	}
	return Identity{Client: &c, Credential: &k}, nil
}

// ByCertificate reports whether a request shows a certificate and nothing else.
func ByCertificate(r *http.Request) bool {
	return certificate(r) != "" && r.Header.Get("Authorization") == "" && r.Header.Get("Cookie") == ""
}

// IdentifyCertificate is a client that shows nothing but its certificate. Only a
// client with the scope eido is known in this way, and then has no other.
func IdentifyCertificate(r *http.Request, s Sessions, now time.Time) (Identity, error) {
	shown := certificate(r)
	pinned, err := s.Pinned(r.Context(), shown)
	if err != nil {
		return Identity{}, err
	}
	for _, k := range pinned {
		k, c, err := s.Credential(r.Context(), k.TokenHash)
		if err != nil {
			return Identity{}, err
		}
		if shown != "" && k.Certificate == shown && k.Check(c, shown, now) == nil && c.Has(client.EIDO) {
			c.Scopes = []client.Scope{client.EIDO}
			return Identity{Client: &c, Credential: &k}, nil
		}
	}
	return Identity{}, client.ErrUnknown()
}

// certificate is the digest of what the other side of the connection proved to
// hold the key of.
func certificate(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	return hex.EncodeToString(sum[:])
}

// consoleOf is a console that belongs to the client; another's reads as unknown.
func consoleOf(r *http.Request, id string, c client.Client, s Sessions) (console.Console, error) {
	if !validID(id) || !c.Has(client.Console) {
		return console.Console{}, fault.New(fault.Unknown, "console.unknown")
	}
	owner, err := s.ClientOf(r.Context(), id)
	if err == nil && owner == c.ID {
		var seat console.Console
		if seat, err = s.Console(r.Context(), id); err == nil && !seat.Revoked() {
			return seat, nil
		}
	}
	if err != nil && fault.Of(err) != fault.NotFound {
		return console.Console{}, err
	}
	return console.Console{}, fault.New(fault.Unknown, "console.unknown")
}

// identifyThrough is a person at a console of a client. The credential through
// which the person logged in must still stand: revoking it ends what was opened
// with it. A session that has ended is a failure here, because there is no seat
// at which somebody else could be asked to log in.
func identifyThrough(r *http.Request, token string, s Sessions, now time.Time) (Identity, error) {
	hash := staff.TokenHash(token)
	through, err := s.Through(r.Context(), hash)
	if err != nil {
		return Identity{}, orEnded(err)
	}
	who, err := credential(r, through.Credential, s, now)
	if err != nil {
		return Identity{}, err
	}
	session, person, err := s.Session(r.Context(), hash)
	if err != nil {
		return Identity{}, orEnded(err)
	}
	if who.Console, err = consoleOf(r, session.ConsoleID, *who.Client, s); err != nil {
		return Identity{}, err
	}
	if !session.Valid(now) || session.PersonID != person.ID || person.State != staff.Active {
		return Identity{}, fault.New(fault.Unknown, "session.ended")
	}
	who.Person, who.Session = &person, &session
	return who, nil
}

func orEnded(err error) error {
	if fault.Of(err) == fault.NotFound {
		return fault.New(fault.Unknown, "session.ended")
	}
	return err
}

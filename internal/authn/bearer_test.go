package authn

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
)

// hall is a room with two clients: cad with the seat c, at which sato is logged
// in, and other with the seat o. The second credential of cad is pinned.
func hall(t *testing.T) (rows, map[string]string) {
	t.Helper()
	store, _ := room()
	token, hash := staff.NewToken()
	words := map[string]string{"sato at c": client.SessionToken(token)}
	store.clients, store.keys = map[string]client.Client{}, map[string]client.Credential{}
	pin := sha256.Sum256([]byte("certificate"))
	for _, name := range []string{"cad", "other", "reader"} {
		scopes := client.Scopes()
		if name == "reader" {
			scopes = []client.Scope{client.Read}
		}
		c, err := client.New(name, name, "指令課", scopes, "command-line", noon, noon.Add(100*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		store.clients[name] = c
		for credential, certificate := range map[string]string{"first": "", "pinned": hex.EncodeToString(pin[:])} {
			word, k, err := c.Issue(credential, certificate, noon, noon.Add(50*time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			store.keys[k.TokenHash], words[name+" "+credential] = k, word
		}
	}
	store.consoles["c"], store.consoles["o"] = console.Console{ID: "c"}, console.Console{ID: "o"}
	store.seats = map[string]string{"c": "cad", "o": "other", "r": "reader"}
	store.sessions[hash] = staff.NewSession(hash, "sato", "c", noon)
	store.through = map[string]client.Session{hash: {TokenHash: hash, ClientID: "cad", Credential: client.TokenHash(words["cad first"])}}
	return store, words
}

func TestBearer(t *testing.T) {
	for _, tt := range []struct {
		name, token, seat, certificate string
		after                          time.Duration
		change                         func(rows)
		want                           string // client/console/person
	}{
		{name: "a machine", token: "cad first", want: "cad//"},
		{name: "a machine at its seat", token: "cad first", seat: "c", want: "cad/c/"},
		{name: "at another's seat", token: "cad first", seat: "o", want: "unknown"},
		{name: "at a browser's seat", token: "cad first", seat: "a", want: "unknown"},
		{name: "without the scope", token: "reader first", seat: "r", want: "unknown"},
		{name: "a person", token: "sato at c", want: "cad/c/sato"},
		{name: "a person; the header says another seat", token: "sato at c", seat: "o", want: "cad/c/sato"},
		{name: "expired", token: "cad first", after: 51 * time.Hour, want: "unknown"},
		{name: "the session lapsed", token: "sato at c", after: staff.SessionAway, want: "unknown"},
		{name: "pinned, without a certificate", token: "cad pinned", want: "unknown"},
		{name: "pinned, another certificate", token: "cad pinned", certificate: "stolen", want: "unknown"},
		{name: "pinned", token: "cad pinned", certificate: "certificate", want: "cad//"},
		{name: "client revoked", token: "cad first", change: func(s rows) { s.clients["cad"] = s.clients["cad"].Revoke(noon) }, want: "unknown"},
		{name: "client revoked under a person", token: "sato at c", change: func(s rows) { s.clients["cad"] = s.clients["cad"].Revoke(noon) }, want: "unknown"},
		{name: "credential revoked under a person", token: "sato at c", change: func(s rows) {
			for hash, k := range s.keys {
				if k.ClientID == "cad" && k.Name == "first" {
					s.keys[hash] = k.Revoke(noon)
				}
			}
		}, want: "unknown"},
		{name: "seat revoked under a person", token: "sato at c", change: func(s rows) { s.consoles["c"] = s.consoles["c"].Revoke(noon) }, want: "unknown"},
		{name: "person suspended", token: "sato at c", change: func(s rows) { s.people["sato"] = staff.Person{ID: "sato", State: staff.Suspended} }, want: "unknown"},
		{name: "a person's own token from a browser", token: "nobody", want: "unknown"},
	} {
		store, words := hall(t)
		if tt.change != nil {
			tt.change(store)
		}
		r := httptest.NewRequest("GET", "/api/v1/me", nil)
		r.Header.Set("Authorization", "Bearer "+words[tt.token])
		r.Header.Set("Cookie", "matoi_console_a=secret-a") // is not looked at
		if tt.seat != "" {
			r.Header.Set(Header, tt.seat)
		}
		if tt.certificate != "" {
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: []byte(tt.certificate)}}}
		}
		who, err := Identify(r, store, noon.Add(tt.after))
		got := "unknown"
		if err == nil {
			got = who.Client.ID + "/" + who.Console.ID + "/"
			if who.Person != nil {
				got += who.Person.ID
			}
		} else if fault.Of(err) != fault.Unknown {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %s (%v), want %s", tt.name, got, err, tt.want)
		}
	}
}

// The session of a browser, shown as a bearer token, opens nothing: it was not
// opened through a client.
func TestBrowserSessionIsNoBearer(t *testing.T) {
	store, words := hall(t)
	_, jar := room()
	for _, token := range []string{client.SessionToken(strings.TrimPrefix(jar["SA"], "matoi_session_a=")), strings.Repeat("x", 5000), "", words["cad first"] + "x"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "bearer "+token)
		if _, err := Identify(r, store, noon); fault.Of(err) != fault.Unknown || err == nil {
			t.Errorf("%.20s: %v, want unknown", token, err)
		}
	}
}

func TestBrokenStoreIsNoUnknownClient(t *testing.T) {
	store, words := hall(t)
	store.broken = fault.New(fault.Unavailable, "store.unavailable").Because(errors.New("disk"))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+words["cad first"])
	if _, err := Identify(r, store, noon); fault.Of(err) != fault.Unavailable {
		t.Errorf("Identify = %v, want unavailable", err)
	}
}

// An adapter that shows its certificate alone is known with the scope eido and
// nothing else.
func TestCertificateAlone(t *testing.T) {
	store, _ := hall(t)
	for certificate, want := range map[string]bool{"certificate": true, "stolen": false, "": false} {
		r := httptest.NewRequest("GET", "/api/v1/eido", nil)
		if certificate != "" {
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: []byte(certificate)}}}
		}
		who, err := IdentifyCertificate(r, store, noon)
		if (err == nil) != want || ByCertificate(r) != (certificate != "") {
			t.Errorf("%q: %v", certificate, err)
		}
		if err == nil && (len(who.Client.Scopes) != 1 || !who.Client.Has(client.EIDO) || who.Client.ID == "reader") {
			t.Errorf("%q: known as %+v", certificate, who.Client)
		}
	}
}

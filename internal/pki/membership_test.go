package pki

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// The machine dies while the membership is written. At whatever byte the new
// file was cut, the old membership stands; and a file that was damaged in place
// is refused, never half believed.
func TestTornMembership(t *testing.T) {
	ca, dir := openCA(t), t.TempDir()
	if _, err := LoadMembership(dir); fault.Of(err) != fault.NotFound {
		t.Fatalf("empty directory: %v", err)
	}
	m := member(t, ca, "t-01", time.Now())
	if err := m.save(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, membershipFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range whole {
		torn := filepath.Join(dir, "."+membershipFile+".123")
		if err := os.WriteFile(torn, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := LoadMembership(dir); err != nil || got.Serial() != m.Serial() {
			t.Fatalf("torn at %d beside: %v", cut, err)
		}
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := LoadMembership(dir); err == nil {
			t.Fatalf("cut at %d of %d: loaded %s", cut, len(whole), got.TerminalID)
		} else if fault.Of(err) == fault.NotFound {
			t.Fatalf("cut at %d: reads as never enrolled", cut)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMembershipHoldsTogether(t *testing.T) {
	ca, other := openCA(t), openCA(t)
	m, n := member(t, ca, "t-01", time.Now()), member(t, ca, "t-02", time.Now())
	der, bundle := m.certificate.Certificate[0], m.bundle()
	for name, try := range map[string]func() (*Membership, error){
		"another key": func() (*Membership, error) {
			k, err := newKey()
			if err != nil {
				t.Fatal(err)
			}
			return newMembership("t-01", hq, "", k, der, bundle)
		},
		"another id": func() (*Membership, error) { return newMembership("t-02", hq, "", mustKey(t, m), der, bundle) },
		"another's": func() (*Membership, error) {
			return newMembership("t-02", hq, "", mustKey(t, m), n.certificate.Certificate[0], bundle)
		},
		"another authority": func() (*Membership, error) {
			return newMembership("t-01", hq, "", mustKey(t, m), der, [][]byte{other.cert.Raw})
		},
		"no authority":    func() (*Membership, error) { return newMembership("t-01", hq, "", mustKey(t, m), der, nil) },
		"no headquarters": func() (*Membership, error) { return newMembership("t-01", "", "", mustKey(t, m), der, bundle) },
	} {
		if _, err := try(); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	if _, err := newMembership("t-01", hq, "", mustKey(t, m), der, bundle); err != nil {
		t.Errorf("the whole one: %v", err)
	}
}

func mustKey(t *testing.T, m *Membership) *ecdsa.PrivateKey {
	t.Helper()
	key, ok := m.certificate.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatal("the key is not ECDSA")
	}
	return key
}

func TestExpiredMembershipLoads(t *testing.T) {
	ca, dir := openCA(t), t.TempDir()
	m := member(t, ca, "t-01", time.Now().Add(-2*TerminalLife))
	if err := m.save(dir); err != nil {
		t.Fatal(err)
	}
	got, err := LoadMembership(dir)
	if err != nil || got.NotAfter().After(time.Now()) {
		t.Errorf("an expired membership: %v, %v", got, err)
	}
}

// link is a running terminal with its renewal, and a client that is its gateway.
type link struct {
	ca      *CA
	holder  *Holder
	dir     string
	admits  map[string]bool
	renewal Renewal
}

func newLink(t *testing.T, wrap func(http.Handler) http.Handler) *link {
	t.Helper()
	l := &link{ca: openCA(t), dir: t.TempDir(), admits: map[string]bool{}}
	m := member(t, l.ca, "t-01", time.Now().Add(-TerminalLife+RenewBefore))
	if err := m.save(l.dir); err != nil {
		t.Fatal(err)
	}
	l.holder = NewHolder(l.dir, m)
	l.admits[m.Serial()] = true
	mux := http.NewServeMux()
	mux.Handle(PathRenewal, l.holder)
	server := httptest.NewUnstartedServer(wrap(mux))
	server.TLS = TerminalTLS(l.holder.Membership)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // refusals are what the test asks for
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := &http.Transport{
		TLSClientConfig:   GatewayTLS(l.ca, l.ca.Gateway(time.Now), "t-01", func(s string) bool { return !l.admits[s] }),
		DisableKeepAlives: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	l.renewal = Renewal{
		Client: &http.Client{Transport: transport}, Base: server.URL, TerminalID: "t-01", Now: time.Now,
		Commit: func(_ context.Context, serial string) error { l.admits[serial] = true; return nil },
	}
	return l
}

func plain(h http.Handler) http.Handler { return h }

func TestRenew(t *testing.T) {
	l := newLink(t, plain)
	old := l.holder.Membership()
	if !Due(old.certificate.Leaf, time.Now().Add(time.Minute)) || Due(old.certificate.Leaf, time.Now().Add(-time.Hour)) {
		t.Error("renewal is not due 90 days before the end")
	}
	cert, err := Renew(context.Background(), l.ca, l.renewal)
	if err != nil {
		t.Fatal(err)
	}
	now := l.holder.Membership()
	if now.Serial() != Serial(cert) || now.Serial() == old.Serial() || bytes.Equal(now.certificate.Leaf.RawSubjectPublicKeyInfo, old.certificate.Leaf.RawSubjectPublicKeyInfo) {
		t.Error("the certificate in use is not a new one with a new key")
	}
	if loaded, err := LoadMembership(l.dir); err != nil || loaded.Serial() != now.Serial() {
		t.Errorf("after a restart: %v", err)
	}
	if err := l.holder.install(cert.Raw); err == nil {
		t.Error("a certificate was installed twice")
	}
	delete(l.admits, old.Serial())
	if _, err := Renew(context.Background(), l.ca, l.renewal); err != nil {
		t.Errorf("over the new certificate: %v", err)
	}
}

// Cut between the server's commit and the terminal's disk: the old certificate
// still works, and the next renewal succeeds.
func TestRenewalThatIsCut(t *testing.T) {
	cut := true
	l := newLink(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if cut && r.Method == http.MethodPut {
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		})
	})
	old := l.holder.Membership().Serial()
	if _, err := Renew(context.Background(), l.ca, l.renewal); err == nil {
		t.Fatal("a renewal that was cut succeeded")
	}
	if l.holder.Membership().Serial() != old {
		t.Fatal("the certificate changed though the talk was cut")
	}
	cut = false
	if _, err := Renew(context.Background(), l.ca, l.renewal); err != nil || l.holder.Membership().Serial() == old {
		t.Errorf("the next renewal: %v", err)
	}
}

func TestRenewalRefusals(t *testing.T) {
	l := newLink(t, plain)
	stop := errors.New("store cannot write")
	r := l.renewal
	r.Commit = func(context.Context, string) error { return stop }
	old := l.holder.Membership().Serial()
	if _, err := Renew(context.Background(), l.ca, r); !errors.Is(err, stop) || l.holder.Membership().Serial() != old {
		t.Errorf("a certificate left the server before it was stored: %v", err)
	}
	foreign := member(t, openCA(t), "t-01", time.Now())
	for _, tt := range []struct {
		method string
		body   []byte
		want   int
	}{
		{http.MethodPut, foreign.certificate.Certificate[0], http.StatusConflict},
		{http.MethodPut, member(t, l.ca, "t-01", time.Now()).certificate.Certificate[0], http.StatusConflict}, // not for the key asked for
		{http.MethodPut, []byte("x"), http.StatusConflict},
		{http.MethodPut, make([]byte, maxMessage+1), http.StatusBadRequest},
		{http.MethodPost, nil, http.StatusMethodNotAllowed},
	} {
		req, err := http.NewRequest(tt.method, r.Base+PathRenewal, bytes.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := r.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != tt.want {
			t.Errorf("%s of %d bytes: %d %s, want %d", tt.method, len(tt.body), answer.StatusCode, text, tt.want)
		}
	}
	if l.holder.Membership().Serial() != old {
		t.Error("the membership changed")
	}
	// A terminal of ours that dials another one is not its gateway.
	transport := &http.Transport{TLSClientConfig: GatewayTLS(l.ca, &Shown{now: time.Now, issue: l.ca.Consoles([]string{open1.GatewayName(hq)}, nil, time.Now).issue}, "t-01", admitAll)}
	defer transport.CloseIdleConnections()
	_, err := (&http.Client{Transport: transport}).Get(r.Base + PathRenewal)
	if p := Problem(err); p == nil || p.Code != stdif.CodeIdentity {
		t.Errorf("with a server's certificate: %v (%v), want 102", p, err)
	}
}

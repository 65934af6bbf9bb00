package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// connect lets both sides shake hands over the loopback and pass one byte. In
// TLS 1.3 the dialling side hears a refusal only when it reads.
func connect(t *testing.T, server, client *tls.Config) (serverErr, clientErr error, state tls.ConnectionState) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	done := make(chan error, 1)
	go func() {
		raw, err := listener.Accept()
		if err != nil {
			done <- err
			return
		}
		defer raw.Close()
		conn := tls.Server(raw, server)
		if err = conn.Handshake(); err == nil {
			_, err = conn.Write([]byte{1})
		}
		if err == nil {
			_, err = io.ReadFull(conn, make([]byte, 1))
		}
		done <- err
	}()
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn := tls.Client(raw, client)
	if clientErr = conn.Handshake(); clientErr == nil {
		_, clientErr = io.ReadFull(conn, make([]byte, 1))
		state = conn.ConnectionState()
	}
	if clientErr == nil {
		_, clientErr = conn.Write([]byte{2})
	}
	raw.Close()
	return <-done, clientErr, state
}

func admitAll(string) bool { return false }

func TestMutualTLS(t *testing.T) {
	ca, stranger := openCA(t), openCA(t)
	now := time.Now()
	good := member(t, ca, "t-01", now)
	gateway := ca.Gateway(time.Now)
	terminal := func(m *Membership) *tls.Config { return TerminalTLS(func() *Membership { return m }) }
	dial := func() *tls.Config { return GatewayTLS(ca, gateway, "t-01", admitAll) }
	with := func(c *tls.Config, change func(*tls.Config)) *tls.Config { change(c); return c }
	other, err := ca.pair("gateway.139999", x509.ExtKeyUsageClientAuth, []string{"gateway.139999"}, nil, gatewayLife, now)
	if err != nil {
		t.Fatal(err)
	}
	asOther := func(c *tls.Config) {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return other, nil }
	}
	asTerminal := func(c *tls.Config) {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &good.certificate, nil }
	}
	for _, tt := range []struct {
		name           string
		server, client *tls.Config
		want           stdif.Code // at the gateway; 0 = connected
		serverRefuses  bool
	}{
		{"as it should be", terminal(good), dial(), 0, false},
		{"another terminal of ours", terminal(member(t, ca, "t-02", now)), dial(), stdif.CodeIdentity, false},
		{"same id from another authority", terminal(member(t, stranger, "t-01", now)), dial(), stdif.CodeIdentity, false},
		{"certificate not admitted", terminal(good), GatewayTLS(ca, gateway, "t-01", func(s string) bool { return s == good.Serial() }), stdif.CodeIdentity, false},
		{"certificate expired", terminal(member(t, ca, "t-01", now.Add(-2*TerminalLife))), dial(), stdif.CodeTLS, false},
		{"gateway's own kind answers", with(terminal(good), func(c *tls.Config) {
			inner := good.config()
			c.GetConfigForClient = nil
			c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return gateway.Certificate() }
			c.ClientAuth, c.ClientCAs = inner.ClientAuth, inner.ClientCAs
		}), dial(), stdif.CodeIdentity, false},
		{"gateway of another headquarters", terminal(good), GatewayTLS(ca, stranger.Gateway(time.Now), "t-01", admitAll), stdif.CodeIdentity, true},
		{"a terminal dials a terminal", terminal(good), with(dial(), asTerminal), stdif.CodeIdentity, true},
		{"a client of ours that is not the gateway", terminal(good), with(dial(), asOther), stdif.CodeIdentity, true},
		{"no certificate", terminal(good), with(dial(), func(c *tls.Config) {
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return new(tls.Certificate), nil }
		}), stdif.CodeIdentity, true},
		{"TLS 1.2", terminal(good), with(dial(), func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }), stdif.CodeTLS, true},
		{"X25519 only", terminal(good), with(dial(), func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} }), stdif.CodeTLS, true},
		{"P-256 only", terminal(good), with(dial(), func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP256} }), 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			serverErr, clientErr, state := connect(t, tt.server, tt.client)
			problem := Problem(clientErr)
			switch {
			case tt.want == 0 && (clientErr != nil || serverErr != nil):
				t.Fatalf("gateway %v, terminal %v; want a connection", clientErr, serverErr)
			case tt.want != 0 && (problem == nil || problem.Code != tt.want):
				t.Fatalf("gateway %v (%v), want code %d", problem, clientErr, tt.want)
			case tt.want != 0 && tt.serverRefuses && serverErr == nil:
				t.Fatal("the terminal took the connection")
			}
			if tt.want == 0 && (state.Version != tls.VersionTLS13 || open1.CheckSuite(state) != nil || state.CurveID == tls.X25519 || state.CurveID == tls.X25519MLKEM768) {
				t.Errorf("version %x, suite %x, group %v", state.Version, state.CipherSuite, state.CurveID)
			}
			if problem != nil && strings.Contains(problem.Detail, "t-0") {
				t.Errorf("the problem repeats a name of the other side: %s", problem.Detail)
			}
		})
	}
}

func TestGroupsAreThoseOfTheProfile(t *testing.T) {
	ca := openCA(t)
	m := member(t, ca, "t-01", time.Now())
	_, err, state := connect(t, TerminalTLS(func() *Membership { return m }), GatewayTLS(ca, ca.Gateway(time.Now), "t-01", admitAll))
	if err != nil {
		t.Fatal(err)
	}
	if state.CurveID != tls.SecP256r1MLKEM768 && state.CurveID != tls.SecP384r1MLKEM1024 {
		t.Errorf("our own two sides agreed on %v, want a hybrid of the list", state.CurveID)
	}
}

func TestSuites(t *testing.T) {
	for suite, ok := range map[uint16]bool{
		tls.TLS_AES_128_GCM_SHA256: true, tls.TLS_AES_256_GCM_SHA384: true, tls.TLS_CHACHA20_POLY1305_SHA256: false,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: false, 0: false,
	} {
		err := open1.CheckSuite(tls.ConnectionState{CipherSuite: suite})
		if (err == nil) != ok || err != nil && Problem(err).Code != stdif.CodeTLS {
			t.Errorf("suite %s: %v", tls.CipherSuiteName(suite), err)
		}
	}
}

func TestRenewedCertificateIsShownNext(t *testing.T) {
	ca := openCA(t)
	current := member(t, ca, "t-01", time.Now())
	server := TerminalTLS(func() *Membership { return current })
	var seen []string
	for range 2 {
		_, err, state := connect(t, server, GatewayTLS(ca, ca.Gateway(time.Now), "t-01", admitAll))
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, Serial(state.PeerCertificates[0]))
		if state.DidResume {
			t.Error("a session was resumed past the check of its certificate")
		}
		current = member(t, ca, "t-01", time.Now())
	}
	if seen[0] == seen[1] {
		t.Error("the second connection was shown the old certificate")
	}
}

func TestConsolesConnect(t *testing.T) {
	ca := openCA(t)
	server := ConsoleTLS(ca.Consoles([]string{"matoi.hq.example"}, nil, time.Now))
	browser := func(change func(*tls.Config)) *tls.Config {
		c := &tls.Config{RootCAs: ca.Pool(), ServerName: "matoi.hq.example", NextProtos: []string{"h2"}}
		change(c)
		return c
	}
	serverErr, err, state := connect(t, server, browser(func(*tls.Config) {}))
	if err != nil || serverErr != nil || state.NegotiatedProtocol != "h2" || state.Version != tls.VersionTLS13 {
		t.Fatalf("browser: %v, %v, %q", err, serverErr, state.NegotiatedProtocol)
	}
	cache := tls.NewLRUClientSessionCache(4)
	for range 2 {
		_, err, state := connect(t, server, browser(func(c *tls.Config) { c.ClientSessionCache = cache }))
		if err != nil || state.DidResume {
			t.Errorf("with a browser that remembers sessions: resumed %t, %v", state.DidResume, err)
		}
	}
	if _, err, _ := connect(t, server, browser(func(c *tls.Config) { c.ServerName = "other.example" })); err == nil {
		t.Error("the certificate speaks for another name")
	}
	if _, err, _ := connect(t, server, browser(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 })); err == nil {
		t.Error("TLS 1.2 was taken")
	}
}

func TestProblem(t *testing.T) {
	if Problem(nil) != nil {
		t.Error("no error is a problem")
	}
	own := stdif.Problemf(stdif.CodeIdentity, "", "x")
	for name, tt := range map[string]struct {
		err  error
		want stdif.Code
	}{
		"refused connection": {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, stdif.CodeTLS},
		"cut":                {io.ErrUnexpectedEOF, stdif.CodeTLS},
		"our own":            {errors.Join(errors.New("dial"), own), stdif.CodeIdentity},
	} {
		if got := Problem(tt.err); got.Code != tt.want {
			t.Errorf("%s: %v, want %d", name, got, tt.want)
		}
	}
}

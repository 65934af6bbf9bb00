package probe

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	duties "github.com/matoi119/matoi/test/duty"
)

var duty = duties.Holds

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// issued makes a certificate signed by its own key or by another.
func issued(t *testing.T, name string, key any, change func(*x509.Certificate), by *tls.Certificate) tls.Certificate {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if change != nil {
		change(c)
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	pub := any(nil)
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		pub = &k.PublicKey
	case *rsa.PrivateKey:
		pub = &k.PublicKey
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func p256(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// serve answers 204 to everybody whom the settings let in.
func serve(t *testing.T, settings *tls.Config) string {
	t.Helper()
	settings.NextProtos = []string{"http/1.1"}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", settings)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
		ErrorLog: nil}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return ln.Addr().String()
}

func look(t *testing.T, addr string, own tls.Certificate) Report {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(own.Leaf)
	r, err := TLS(t.Context(), Endpoint{Address: addr, Name: "t-01", Roots: pool})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := r.Text(&text); err != nil || !strings.Contains(text.String(), r.List) {
		t.Errorf("Text: %v\n%s", err, text.String())
	}
	return r
}

func what(faults []Fault) []string {
	out := []string{}
	for _, f := range faults {
		out = append(out, f.What)
	}
	return out
}

func TestEndpointAsItShouldBe(t *testing.T) {
	duty(t, "S3-2-2-1")
	own := issued(t, "t-01", p256(t), nil, nil)
	pool := x509.NewCertPool()
	pool.AddCert(own.Leaf)
	r := look(t, serve(t, &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.SecP256r1MLKEM768, tls.CurveP256}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}), own)
	if f := append(append(r.Protocol(r.At), r.Certificate(r.At)...), r.Admits()...); len(f) > 0 {
		t.Errorf("faults: %v", what(f))
	}
	if r.Versions[3].Verdict.List != CRYPTREC().ID || r.Versions[3].Verdict.Date == "" || !slices.Equal(r.Versions[3].Verdict.Rows, []string{"tls-1.3"}) {
		t.Errorf("verdict %+v names no list, date and row", r.Versions[3].Verdict)
	}
	for _, f := range r.Groups {
		if want := f.Name == "CurveP256" || f.Name == "SecP256r1MLKEM768"; f.Answered != want {
			t.Errorf("group %s answered = %t (%s)", f.Name, f.Answered, f.Detail)
		}
	}
	if !r.Client.Asks || r.Client.Authorities != 1 || r.Client.Without != Refused || r.Client.Stranger != Refused {
		t.Errorf("client %+v", r.Client)
	}
}

func TestFaultsAreFound(t *testing.T) {
	key := p256(t)
	short, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	own := issued(t, "t-01", key, nil, nil)
	for name, c := range map[string]struct {
		settings  *tls.Config
		protocol  string
		cert      string
		admits    string
		limitedBy string
	}{
		"old version":     {settings: &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS11}, protocol: "TLS 1.1", admits: "no certificate is asked for"},
		"SHA-1 suite":     {settings: &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, protocol: "TLS 1.2 TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", admits: "without a certificate: admitted"},
		"expired":         {settings: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{issued(t, "t-01", key, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, nil)}}, cert: "certificate: expired", admits: "no certificate is asked for"},
		"not yet":         {settings: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{issued(t, "t-01", key, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }, nil)}}, cert: "certificate: not-yet", admits: "no certificate is asked for"},
		"other name":      {settings: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{issued(t, "t-02", key, nil, &own)}}, cert: "certificate: name", admits: "no certificate is asked for"},
		"other authority": {settings: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{issued(t, "t-01", p256(t), nil, nil)}}, cert: "certificate: authority", admits: "no certificate is asked for"},
		"anybody":         {settings: &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert}, admits: "with a stranger's certificate: admitted"},
		"RSA-2048":        {settings: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{issued(t, "t-01", short, nil, &own)}}, limitedBy: "2030-12-31", admits: "no certificate is asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := look(t, serve(t, c.settings), own)
			for _, k := range []struct {
				part, want string
				got        []Fault
			}{{"protocol", c.protocol, r.Protocol(r.At)}, {"certificate", c.cert, r.Certificate(r.At)}, {"admits", c.admits, r.Admits()}} {
				if (k.want == "") != (len(k.got) == 0) || k.want != "" && !slices.Contains(what(k.got), k.want) {
					t.Errorf("%s: %v, want %q", k.part, what(k.got), k.want)
				}
			}
			if c.limitedBy != "" {
				after, err := time.Parse(time.DateOnly, "2031-01-01")
				if r.Chain[0].KeyVerdict.Until != c.limitedBy || err != nil || len(r.Certificate(after)) == 0 {
					t.Errorf("key verdict %v, faults in 2031: %v", r.Chain[0].KeyVerdict, r.Certificate(after))
				}
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	_ = ln.Close()
	if _, err := TLS(t.Context(), Endpoint{Address: addr}); err == nil {
		t.Error("TLS of a closed port = nil, want an error")
	}
	if _, err := TLS(t.Context(), Endpoint{Address: "no port"}); err == nil {
		t.Error("TLS without a port = nil, want an error")
	}
}

// Something that is no TLS at all, or says nothing, is a report and no hang.
func TestStrangeEndpoints(t *testing.T) {
	for name, answer := range map[string]string{"plain text": "HTTP/1.1 400 Bad Request\r\n\r\n", "silent": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				var open []net.Conn
				for {
					c, err := ln.Accept()
					if err != nil {
						break
					}
					open = append(open, c)
					_, _ = c.Write([]byte(answer))
				}
				for _, c := range open {
					_ = c.Close()
				}
			}()
			defer func() { stop(); _ = ln.Close(); <-done }()
			r, err := TLS(ctx, Endpoint{Address: ln.Addr().String(), Timeout: 50 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range r.Versions {
				if v.Answered || v.Detail == "" {
					t.Errorf("%s answered = %t, detail %q", v.Name, v.Answered, v.Detail)
				}
			}
			if len(r.Protocol(r.At)) == 0 || len(r.Certificate(r.At)) == 0 {
				t.Error("no fault was found")
			}
		})
	}
}

func TestListHoldsTogether(t *testing.T) {
	l := CRYPTREC()
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		v := l.Suite(s.ID)
		aead := strings.Contains(s.Name, "GCM") || strings.Contains(s.Name, "CHACHA20")
		pfs := strings.Contains(s.Name, "ECDHE") || slices.Contains(s.SupportedVersions, uint16(tls.VersionTLS13))
		if want := pfs && (aead || s.Name == "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256" || s.Name == "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"); v.OK(time.Now()) != want {
			t.Errorf("%s: %v", s.Name, v)
		}
		for i, row := range v.Rows {
			if row == "-" {
				t.Errorf("%s: part %d has no row", s.Name, i)
			}
		}
	}
	for text, want := range map[string][]string{
		"AES-256-GCM と SHA-256": {"aes", "gcm", "sha-256"}, "AES256/CBC": {"aes", "cbc"}, "3DES": {"3des"}, "DESC": nil, "SHA-1": {"sha-1"}, "暗号化している": nil,
	} {
		var got []string
		for _, r := range l.Named(text) {
			got = append(got, r.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Named(%q) = %v, want %v", text, got, want)
		}
	}
}

func FuzzReadList(f *testing.F) {
	f.Add(embedded)
	f.Add([]byte(`{"id":"x","date":"2026-01-01","sources":[{"id":"s"}],"rows":[{"id":"a","class":"hash","names":["X"],"standing":"listed","source":"s"}]}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := ReadList(text)
		if err != nil {
			return
		}
		for _, r := range l.Rows {
			for _, n := range r.Names {
				if got := l.judge(part{r.Class, n}); got.Standing != r.Standing || got.Rows[0] != r.ID {
					t.Fatalf("%s/%s: %v, row %v", r.Class, n, got, r)
				}
			}
		}
		l.Named(string(text))
	})
}

package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"log/slog"
	"math/big"
	"net/http"
	"testing"
	"time"
)

// A token that was pinned to a certificate counts at the second door with that
// certificate, and nowhere else: not without it, not with another, and not at the
// consoles' door, which asks nobody for one.
func TestClientsWithACertificate(t *testing.T) {
	s, err := StartServer(t.Context(), ServerConfig{HouseConfig: HouseConfig{HQ: "279999", Name: "例示市消防本部", Dir: t.TempDir()},
		Listen: "127.0.0.1:0", ClientListen: "127.0.0.1:0", Version: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	own, other := selfSigned(t), selfSigned(t)
	pin := sha256.Sum256(own.Certificate[0])
	_, pinned, err := s.AddClient(t.Context(), "指令システム", "指令課", []string{"read"}, hex.EncodeToString(pin[:]), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	_, free, err := s.AddClient(t.Context(), "表示盤", "指令課", []string{"read"}, "", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, door, token string
		shown             []tls.Certificate
		want              int
	}{
		{"with its certificate", s.ClientURL(), pinned, []tls.Certificate{own}, http.StatusOK},
		{"without one", s.ClientURL(), pinned, nil, http.StatusUnauthorized},
		{"with another's", s.ClientURL(), pinned, []tls.Certificate{other}, http.StatusUnauthorized},
		{"at the consoles' door", s.URL(), pinned, []tls.Certificate{own}, http.StatusUnauthorized},
		{"a token without a pin", s.ClientURL(), free, []tls.Certificate{other}, http.StatusOK},
		{"no token", s.ClientURL(), "", []tls.Certificate{own}, http.StatusUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: s.CA.Pool(), MinVersion: tls.VersionTLS13,
				GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					if len(tt.shown) == 0 {
						return &tls.Certificate{}, nil
					}
					return &tt.shown[0], nil
				}}}
			defer transport.CloseIdleConnections()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.door+"/api/v1/me", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+tt.token)
			res, err := transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != tt.want {
				t.Errorf("answered %d, want %d", res.StatusCode, tt.want)
			}
		})
	}
}

// selfSigned is a certificate that nobody vouches for: the pin does.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

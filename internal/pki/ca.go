package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/matoi119/matoi/stdif/open1"
)

// Lives of certificates. See the package comment for why they differ.
const (
	caLife       = 20 * 365 * 24 * time.Hour
	TerminalLife = 397 * 24 * time.Hour
	// RenewBefore is how long before its end a terminal's certificate is renewed:
	// long enough for a terminal that is switched off over a season.
	RenewBefore = 90 * 24 * time.Hour
	gatewayLife = 30 * 24 * time.Hour
	consoleLife = 397 * 24 * time.Hour
	// backdate lets a machine whose clock is behind by a day take a fresh certificate.
	backdate = 24 * time.Hour
)

const caFile = "ca.pem"

// CA is the headquarters' own certificate authority.
type CA struct {
	headquarters string
	key          *ecdsa.PrivateKey
	cert         *x509.Certificate
}

// OpenCA loads the authority of a headquarters from dir, or makes it when there
// is none. Key and certificate are one file, so that there is never one without
// the other; two processes that start at once end with the same authority.
func OpenCA(dir, headquarters string, now time.Time) (*CA, error) {
	if !validLabel(headquarters) {
		return nil, fmt.Errorf("open authority: headquarters id %q is not a DNS label", headquarters)
	}
	path := filepath.Join(dir, caFile)
	ca, err := loadCA(path, headquarters)
	if !errors.Is(err, fs.ErrNotExist) {
		return ca, err
	}
	data, err := newCA(headquarters, now)
	if err != nil {
		return nil, err
	}
	if err := createOnce(path, data); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("write authority: %w", err)
	}
	return loadCA(path, headquarters)
}

func newCA(headquarters string, now time.Time) ([]byte, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               caName(headquarters),
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(caLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign authority: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("write key of authority: %w", err)
	}
	return append(
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), nil
}

func caName(headquarters string) pkix.Name {
	return pkix.Name{CommonName: "Matoi authority of " + headquarters, Organization: []string{headquarters}}
}

func loadCA(path, headquarters string) (*CA, error) {
	data, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("read authority: %w", err)
	}
	pair, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, fmt.Errorf("read authority: %w", err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA || key.Curve != elliptic.P256() {
		return nil, errors.New("read authority: not an authority of ours (P-256)")
	}
	if pair.Leaf.Subject.CommonName != caName(headquarters).CommonName {
		return nil, fmt.Errorf("read authority: it is that of another headquarters, not of %s", headquarters)
	}
	return &CA{headquarters: headquarters, key: key, cert: pair.Leaf}, nil
}

// Headquarters is the id of whose authority this is.
func (ca *CA) Headquarters() string { return ca.headquarters }

// Pool holds the authority's certificate alone: nothing else is trusted on our links.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// PEM is the authority's certificate for the consoles' browsers to install.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// NotAfter is when the authority ends; health warns years ahead.
func (ca *CA) NotAfter() time.Time { return ca.cert.NotAfter }

// Serial is a certificate's serial as the register keeps it.
func Serial(cert *x509.Certificate) string { return cert.SerialNumber.Text(16) }

// SignTerminal issues the certificate of a terminal. Only the key is taken from
// the request: names and usages are ours to say.
func (ca *CA) SignTerminal(request []byte, terminalID string, now time.Time) (*x509.Certificate, error) {
	csr, err := parseRequest(request)
	if err != nil {
		return nil, err
	}
	if !validLabel(terminalID) {
		return nil, fmt.Errorf("sign terminal: id %q is not a DNS label", terminalID)
	}
	return ca.sign(csr.PublicKey, terminalID, x509.ExtKeyUsageServerAuth, []string{terminalID}, nil, TerminalLife, now)
}

// parseRequest reads a certificate request and checks that whoever made it has
// the key, and that the key is one of ours.
func parseRequest(der []byte) (*x509.CertificateRequest, error) {
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("read certificate request: %w", err)
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("read certificate request: %w", err)
	}
	if key, ok := csr.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("read certificate request: the key is not P-256")
	}
	return csr, nil
}

func (ca *CA) sign(key any, name string, usage x509.ExtKeyUsage, dns []string, ips []net.IP, life time.Duration, now time.Time) (*x509.Certificate, error) {
	end := now.Add(life)
	if end.After(ca.cert.NotAfter) {
		end = ca.cert.NotAfter
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: []string{ca.headquarters}},
		NotBefore:   now.Add(-backdate),
		NotAfter:    end,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{usage},
		DNSNames:    dns,
		IPAddresses: ips,
	}, ca.cert, key, ca.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", name, err)
	}
	return x509.ParseCertificate(der)
}

// Shown is a certificate that lives in memory only and is made anew when half
// of its life is over, however long the program runs.
type Shown struct {
	issue func(now time.Time) (*tls.Certificate, error)
	now   func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
}

// Gateway is the certificate that the gateway shows to terminals.
func (ca *CA) Gateway(now func() time.Time) *Shown {
	name := open1.GatewayName(ca.headquarters)
	return &Shown{now: now, issue: func(at time.Time) (*tls.Certificate, error) {
		return ca.pair(name, x509.ExtKeyUsageClientAuth, []string{name}, nil, gatewayLife, at)
	}}
}

// Consoles is the certificate that the server shows to the consoles' browsers,
// for the names and addresses under which they reach it.
func (ca *CA) Consoles(names []string, ips []net.IP, now func() time.Time) *Shown {
	title := "Matoi " + ca.headquarters
	return &Shown{now: now, issue: func(at time.Time) (*tls.Certificate, error) {
		return ca.pair(title, x509.ExtKeyUsageServerAuth, names, ips, consoleLife, at)
	}}
}

func (ca *CA) pair(name string, usage x509.ExtKeyUsage, dns []string, ips []net.IP, life time.Duration, now time.Time) (*tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	cert, err := ca.sign(key.Public(), name, usage, dns, ips, life, now)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

// Certificate is the one to show now.
func (s *Shown) Certificate() (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.current != nil {
		from, to := s.current.Leaf.NotBefore.Add(backdate), s.current.Leaf.NotAfter
		// A clock that was set back makes ours one of the future: make it anew too.
		if now.After(from.Add(-backdate)) && now.Before(from.Add(to.Sub(from)/2)) {
			return s.current, nil
		}
	}
	fresh, err := s.issue(now)
	if err != nil {
		return nil, err
	}
	s.current = fresh
	return fresh, nil
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return key, nil
}

// validLabel: one DNS label in lower case, not empty. A terminal's id has
// stricter rules of its own (terminal.ValidID).
func validLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// readPrivate reads a file that holds a key and refuses one that others can
// read, where the system has modes that say so.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkMode(info); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

package pki

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif/open1"
)

const membershipFile = "membership.json"

// Membership is what makes a terminal a terminal of a headquarters: its id, its
// key and certificate, and the authority it believes. It is one file, replaced
// as a whole.
type Membership struct {
	TerminalID       string
	Headquarters     string
	HeadquartersName string

	certificate tls.Certificate
	authorities []*x509.Certificate
}

// stored is the file's form.
type stored struct {
	V                string   `json:"v"`
	TerminalID       string   `json:"terminalId"`
	Headquarters     string   `json:"headquarters"`
	HeadquartersName string   `json:"headquartersName"`
	Key              []byte   `json:"key"` // PKCS #8
	Certificate      []byte   `json:"certificate"`
	Authorities      [][]byte `json:"authorities"`
}

const membershipVersion = "membership/1"

// LoadMembership reads the terminal's membership; fault.NotFound when the
// terminal was never enrolled.
func LoadMembership(dir string) (*Membership, error) {
	data, err := readPrivate(filepath.Join(dir, membershipFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "terminal.not-enrolled")
	}
	if err != nil {
		return nil, fmt.Errorf("read membership: %w", err)
	}
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("read membership: %w", err)
	}
	if s.V != membershipVersion {
		return nil, fmt.Errorf("read membership: version %q is not known here", s.V)
	}
	key, err := x509.ParsePKCS8PrivateKey(s.Key)
	if err != nil {
		return nil, fmt.Errorf("read membership: key: %w", err)
	}
	own, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("read membership: key is not ECDSA")
	}
	m, err := newMembership(s.TerminalID, s.Headquarters, s.HeadquartersName, own, s.Certificate, s.Authorities)
	if err != nil {
		return nil, fmt.Errorf("read membership: %w", err)
	}
	return m, nil
}

// newMembership holds the parts against each other: the certificate is for this
// key and this id, and of one of the authorities. Whether it is still in its
// time is not asked: an expired membership must load and say so.
func newMembership(id, hq, hqName string, key *ecdsa.PrivateKey, certificate []byte, authorities [][]byte) (*Membership, error) {
	leaf, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	if public, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !key.PublicKey.Equal(public) {
		return nil, errors.New("the certificate is for another key")
	}
	if !open1.OnlyName(leaf, id) || !validLabel(hq) || !validLabel(id) {
		return nil, errors.New("the certificate is for another terminal, or ids are missing")
	}
	m := &Membership{TerminalID: id, Headquarters: hq, HeadquartersName: hqName}
	for _, der := range authorities {
		authority, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("authority: %w", err)
		}
		m.authorities = append(m.authorities, authority)
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: m.pool(), CurrentTime: leaf.NotBefore.Add(backdate), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return nil, fmt.Errorf("certificate is not of the authority: %w", err)
	}
	m.certificate = tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key, Leaf: leaf}
	return m, nil
}

// save makes the membership durable.
func (m *Membership) save(dir string) error {
	key, err := x509.MarshalPKCS8PrivateKey(m.certificate.PrivateKey)
	if err != nil {
		return fmt.Errorf("write membership: %w", err)
	}
	s := stored{
		V: membershipVersion, TerminalID: m.TerminalID, Headquarters: m.Headquarters, HeadquartersName: m.HeadquartersName,
		Key: key, Certificate: m.certificate.Certificate[0], Authorities: m.bundle(),
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write membership: %w", err)
	}
	if err := replace(filepath.Join(dir, membershipFile), data); err != nil {
		return fmt.Errorf("write membership: %w", err)
	}
	return nil
}

// Serial is the serial of the certificate in use.
func (m *Membership) Serial() string { return Serial(m.certificate.Leaf) }

// NotAfter is when the certificate in use ends.
func (m *Membership) NotAfter() time.Time { return m.certificate.Leaf.NotAfter }

func (m *Membership) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, a := range m.authorities {
		pool.AddCert(a)
	}
	return pool
}

func (m *Membership) bundle() [][]byte {
	var out [][]byte
	for _, a := range m.authorities {
		out = append(out, a.Raw)
	}
	return out
}

// request makes a certificate request for a key. Its names are not read by
// anybody; the server says what stands in the certificate.
func request(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, fmt.Errorf("make certificate request: %w", err)
	}
	return der, nil
}

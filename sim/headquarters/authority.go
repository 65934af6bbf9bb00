package headquarters

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"github.com/matoi119/matoi/stdif/open1"
)

// Authority is a throw-away CA for a simulated headquarters and the simulated
// terminals that are tried with it. Its key lives in memory only; it certifies
// for a day. A real terminal gets its certificate by enrolment instead.
type Authority struct {
	hq   string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

const lifetime = 24 * time.Hour

// NewAuthority makes the CA of a headquarters.
func NewAuthority(hq string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the simulated CA's key: %w", err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: hq + " (simulated)"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(lifetime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := sign(template, template, key, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read the simulated CA: %w", err)
	}
	return &Authority{hq: hq, key: key, cert: cert}, nil
}

func sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey, by *ecdsa.PrivateKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("number a certificate: %w", err)
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	return der, nil
}

// Issue makes a certificate for a name: a terminal's id, or open1.GatewayName.
func (a *Authority) Issue(name string) (tls.Certificate, error) {
	return a.IssueFor(name, time.Now().Add(-time.Hour), time.Now().Add(lifetime))
}

// IssueFor is Issue for another time, to see an expired certificate refused.
func (a *Authority) IssueFor(name string, from, to time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make a key: %w", err)
	}
	use := x509.ExtKeyUsageServerAuth
	if name == open1.GatewayName(a.hq) {
		use = x509.ExtKeyUsageClientAuth
	}
	der, err := sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use},
	}, a.cert, key, a.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// Pool returns the CA as the one that counts.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Gateway returns the settings with which the headquarters dials a terminal.
func (a *Authority) Gateway(terminal string) (*tls.Config, error) {
	own, err := a.Issue(open1.GatewayName(a.hq))
	if err != nil {
		return nil, err
	}
	return open1.GatewayTLS(own, a.Pool(), terminal), nil
}

// Terminal returns the settings with which a simulated terminal listens.
func (a *Authority) Terminal(terminal string) (*tls.Config, error) {
	own, err := a.Issue(terminal)
	if err != nil {
		return nil, err
	}
	return open1.TerminalTLS(own, a.Pool(), open1.GatewayName(a.hq)), nil
}

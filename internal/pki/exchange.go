package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// ExchangeName is the one name of a headquarters in its certificates for the
// exchange with other headquarters (転送). It is neither the gateway's nor a
// terminal's, so that none of them can stand in for another.
func ExchangeName(headquarters string) string { return "exchange." + headquarters }

// Exchange is the pair of certificates for the exchange: the one shown to those
// who dial, and the one shown when dialling.
func (ca *CA) Exchange(now func() time.Time) (face, dial *Shown) {
	name := ExchangeName(ca.headquarters)
	shown := func(usage x509.ExtKeyUsage) *Shown {
		return &Shown{now: now, issue: func(at time.Time) (*tls.Certificate, error) {
			return ca.pair(name, usage, []string{name}, nil, gatewayLife, at)
		}}
	}
	return shown(x509.ExtKeyUsageServerAuth), shown(x509.ExtKeyUsageClientAuth)
}

// ReadAuthority reads the authority of another headquarters as a person handed
// it over: one certificate, of an authority of Matoi, of that headquarters.
func ReadAuthority(text, headquarters string) (*x509.Certificate, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("read authority of a partner: no certificate")
	}
	if next, _ := pem.Decode(rest); next != nil {
		return nil, errors.New("read authority of a partner: more than one certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read authority of a partner: %w", err)
	}
	if !cert.IsCA || cert.Subject.CommonName != caName(headquarters).CommonName {
		return nil, fmt.Errorf("read authority of a partner: it is not that of %s", headquarters)
	}
	return cert, nil
}

// ExchangeDial is how another headquarters is dialled: its own authority alone
// counts, and its certificate speaks for its exchange and for nothing else.
func ExchangeDial(own *Shown, headquarters string, authority *x509.Certificate) *tls.Config {
	c := open1.Profile()
	c.RootCAs = x509.NewCertPool()
	c.RootCAs.AddCert(authority)
	c.ServerName = ExchangeName(headquarters)
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own.Certificate() }
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if err := open1.CheckSuite(state); err != nil {
			return err
		}
		return open1.CheckName(state, ExchangeName(headquarters))
	}
	return c
}

// ExchangeFace is how other headquarters reach this one. authority gives that of
// a registered partner by its exchange name: a certificate counts only for the
// partner whose authority signed it, so that no partner can speak for another.
func ExchangeFace(own *Shown, authority func(name string) *x509.Certificate, now func() time.Time) *tls.Config {
	c := open1.Profile()
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return own.Certificate() }
	c.ClientAuth = tls.RequireAnyClientCert // verified below, against one authority
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if err := open1.CheckSuite(state); err != nil {
			return err
		}
		stranger := stdif.Problemf(stdif.CodeIdentity, "", "the certificate is not that of a partner")
		if len(state.PeerCertificates) == 0 || len(state.PeerCertificates[0].DNSNames) != 1 {
			return stranger
		}
		leaf := state.PeerCertificates[0]
		root := authority(leaf.DNSNames[0])
		if root == nil || !open1.OnlyName(leaf, leaf.DNSNames[0]) {
			return stranger
		}
		roots := x509.NewCertPool()
		roots.AddCert(root)
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		if err != nil {
			return stranger
		}
		return nil
	}
	return c
}

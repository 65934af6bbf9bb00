package open1

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
)

// GatewayName returns the name in the certificate of a headquarters' gateway.
func GatewayName(headquarters string) string { return "gateway." + headquarters }

// GatewayTLS returns the settings of the side that dials a terminal: only the
// headquarters' own CA counts, and the certificate must name the terminal,
// whatever address was dialled.
func GatewayTLS(own tls.Certificate, ca *x509.CertPool, terminalID string) *tls.Config {
	c := agreed(own)
	c.RootCAs = ca
	c.ServerName = terminalID
	return c
}

// TerminalTLS returns the settings of the terminal's face to the headquarters:
// whoever connects shows a certificate of the headquarters' CA that names the
// gateway. Tickets are off, so that every connection shows its certificate.
func TerminalTLS(own tls.Certificate, ca *x509.CertPool, gateway string) *tls.Config {
	c := agreed(own)
	c.ClientCAs = ca
	c.ClientAuth = tls.RequireAndVerifyClientCert
	c.SessionTicketsDisabled = true
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if err := agreedSuite(s); err != nil {
			return err
		}
		if len(s.PeerCertificates) == 0 || !slices.Contains(s.PeerCertificates[0].DNSNames, gateway) {
			return fmt.Errorf("open1: the other side is not %s", gateway)
		}
		return nil
	}
	return c
}

// agreed is what both sides hold to: TLS 1.3, key agreement over the NIST
// curves with and without ML-KEM, AES-GCM. All of it is on the CRYPTREC list
// of recommended ciphers, which ChaCha20-Poly1305 and X25519 are not by name
// (condition 2-2-1; standard-interface §5.8).
func agreed(own tls.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion:       tls.VersionTLS13,
		Certificates:     []tls.Certificate{own},
		CurvePreferences: []tls.CurveID{tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024, tls.CurveP256, tls.CurveP384},
		VerifyConnection: agreedSuite,
	}
}

// agreedSuite refuses what crypto/tls does not let one switch off in TLS 1.3.
func agreedSuite(s tls.ConnectionState) error {
	switch s.CipherSuite {
	case tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384:
		return nil
	}
	return fmt.Errorf("open1: cipher suite %s is not on the list", tls.CipherSuiteName(s.CipherSuite))
}

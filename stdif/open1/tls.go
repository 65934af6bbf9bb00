package open1

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/matoi119/matoi/stdif"
)

// GatewayName returns the name in the certificate of a headquarters' gateway.
func GatewayName(headquarters string) string { return "gateway." + headquarters }

// GatewayTLS returns the settings of the side that dials a terminal: only the
// headquarters' own CA counts, and the certificate speaks for the terminal and
// for nothing else, whatever address was dialled.
func GatewayTLS(own tls.Certificate, ca *x509.CertPool, terminalID string) *tls.Config {
	c := agreed(own, terminalID)
	c.RootCAs = ca
	c.ServerName = terminalID
	return c
}

// TerminalTLS returns the settings of the terminal's face to the headquarters:
// whoever connects shows a certificate of the headquarters' CA that speaks for
// the gateway and for nothing else.
func TerminalTLS(own tls.Certificate, ca *x509.CertPool, gateway string) *tls.Config {
	c := agreed(own, gateway)
	c.ClientCAs = ca
	c.ClientAuth = tls.RequireAndVerifyClientCert
	return c
}

// Profile returns what both sides hold to: TLS 1.3, key agreement over the NIST
// curves with and without ML-KEM, and no resumed sessions, so that every
// connection proves anew who is there and a revocation counts at once. Whoever
// builds on it adds CheckSuite and CheckName to VerifyConnection.
//
// All of it is on the CRYPTREC list of recommended ciphers, which
// ChaCha20-Poly1305 and X25519 are not by name (condition 2-2-1;
// standard-interface §5.8).
func Profile() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		MaxVersion: tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{
			tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024, tls.CurveP256, tls.CurveP384, tls.CurveP521,
		},
		SessionTicketsDisabled: true,
	}
}

func agreed(own tls.Certificate, other string) *tls.Config {
	c := Profile()
	c.Certificates = []tls.Certificate{own}
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if err := CheckSuite(s); err != nil {
			return err
		}
		return CheckName(s, other)
	}
	return c
}

// CheckSuite refuses what crypto/tls does not let one switch off in TLS 1.3.
func CheckSuite(s tls.ConnectionState) error {
	switch s.CipherSuite {
	case tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384:
		return nil
	}
	return stdif.Problemf(stdif.CodeTLS, "", "cipher suite %s is not in the profile; run both sides with GODEBUG=fips140=on",
		tls.CipherSuiteName(s.CipherSuite))
}

// CheckName demands that the other side's certificate speaks for that name and
// for nothing else.
func CheckName(s tls.ConnectionState, name string) error {
	if len(s.PeerCertificates) > 0 && OnlyName(s.PeerCertificates[0], name) {
		return nil
	}
	return stdif.Problemf(stdif.CodeIdentity, "", "the certificate is that of another party")
}

// OnlyName reports whether a certificate speaks for exactly that one name.
func OnlyName(leaf *x509.Certificate, name string) bool {
	return len(leaf.DNSNames) == 1 && leaf.DNSNames[0] == name &&
		len(leaf.IPAddresses)+len(leaf.EmailAddresses)+len(leaf.URIs) == 0
}

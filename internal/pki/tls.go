package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// GatewayTLS is how the gateway dials one terminal: it shows the gateway's
// certificate and accepts only a certificate of our authority whose one name is
// the terminal's id and whose serial is not refused. refused is asked on every
// dial; it is usually the register's: not admitted means refused.
func GatewayTLS(ca *CA, gateway *Shown, terminalID string, refused func(serial string) bool) *tls.Config {
	c := open1.Profile()
	c.RootCAs = ca.Pool()
	c.ServerName = terminalID
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return gateway.Certificate() }
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if err := open1.CheckSuite(state); err != nil {
			return err
		}
		if err := open1.CheckName(state, terminalID); err != nil {
			return err
		}
		if refused(Serial(state.PeerCertificates[0])) {
			return stdif.Problemf(stdif.CodeIdentity, "", "the terminal's certificate is not admitted (any more)")
		}
		return nil
	}
	return c
}

// TerminalTLS is how a terminal is dialled: TLS 1.3, and nobody but the gateway
// of its own headquarters. current is asked on every connection, so a renewed
// certificate is shown from the next one on.
func TerminalTLS(current func() *Membership) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return current().config(), nil
		},
	}
}

func (m *Membership) config() *tls.Config {
	c := open1.Profile()
	c.Certificates = []tls.Certificate{m.certificate}
	c.ClientAuth = tls.RequireAndVerifyClientCert
	c.ClientCAs = m.pool()
	c.NextProtos = []string{"http/1.1"} // WebSockets; HTTP/2 would only hide them
	c.VerifyConnection = func(state tls.ConnectionState) error {
		if err := open1.CheckSuite(state); err != nil {
			return err
		}
		return open1.CheckName(state, open1.GatewayName(m.Headquarters))
	}
	return c
}

// ConsoleTLS is how consoles reach the server. It stays with the profile: the
// browsers of the last years speak TLS 1.3 on P-256.
func ConsoleTLS(shown *Shown) *tls.Config {
	c := open1.Profile()
	c.NextProtos = []string{"h2", "http/1.1"}
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return shown.Certificate() }
	c.VerifyConnection = open1.CheckSuite
	return c
}

// Problem is what a failed dial means, in the codes of the interface: 102 when
// the other side is not who it should be, 101 for everything else about the
// connection. It never repeats names that the other side sent.
func Problem(err error) *stdif.Problem {
	var (
		known     *stdif.Problem
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		remote    *net.OpError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.As(err, &name):
		return stdif.Problemf(stdif.CodeIdentity, "", "the certificate is that of another party")
	case errors.As(err, &authority):
		return stdif.Problemf(stdif.CodeIdentity, "", "the certificate is not of this headquarters' authority")
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return stdif.Problemf(stdif.CodeTLS, "", "the certificate is outside of its time: compare the clocks of both machines")
	case errors.As(err, &invalid):
		return stdif.Problemf(stdif.CodeIdentity, "", "the certificate is not one for this use")
	case errors.As(err, &remote) && remote.Op == "remote error" && strings.Contains(remote.Err.Error(), "certificate"):
		// The alert is of an unexported type; its text is fixed by crypto/tls.
		return stdif.Problemf(stdif.CodeIdentity, "", "the other side refused our certificate")
	}
	return stdif.Problemf(stdif.CodeTLS, "", "no connection")
}

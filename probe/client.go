package probe

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"time"
)

// stranger makes a certificate of an authority that nobody knows.
func stranger(name string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("probe: make a stranger's key: %w", err)
	}
	if name == "" {
		name = "stranger.invalid"
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("probe: make a stranger's certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// client comes twice: with nothing, and with a stranger's certificate.
func (p *prober) client(ctx context.Context, version uint16) Client {
	var out Client
	out.Without, out.Detail = p.enter(ctx, version, &out, nil)
	var why string
	out.Stranger, why = p.enter(ctx, version, &out, p.e.Stranger)
	if why != "" {
		out.Detail = strings.TrimPrefix(out.Detail+"; stranger: "+why, "; ")
	}
	return out
}

// enter tries to be let in. In TLS 1.3 a server judges a client's certificate
// after the client has finished, so a request has to be sent to learn what it
// thinks. The request names no resource: OPTIONS * (RFC 9110, section 9.3.7).
func (p *prober) enter(ctx context.Context, version uint16, out *Client, own *tls.Certificate) (Admission, string) {
	raw, err := p.dial(ctx)
	if err != nil {
		return Undecided, reason(err)
	}
	defer func() { _ = raw.Close() }() // the answer has been read
	c := tls.Client(raw, &tls.Config{  //nolint:gosec // the newest version that the endpoint answered; its certificate is judged by chain
		ServerName: p.e.Name, InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, NextProtos: []string{"http/1.1"},
		GetClientCertificate: func(ask *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			out.Asks, out.Authorities = true, len(ask.AcceptableCAs)
			if own == nil {
				return &tls.Certificate{}, nil
			}
			return own, nil
		},
	})
	if err := c.HandshakeContext(ctx); err != nil {
		return said(err)
	}
	if _, err := fmt.Fprintf(c, "OPTIONS * HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", p.e.Name); err != nil {
		return said(err)
	}
	var first [1]byte
	if _, err := io.ReadFull(c, first[:]); err != nil {
		return said(err)
	}
	return Admitted, ""
}

// said tells a refusal from a line that says nothing.
func said(err error) (Admission, string) {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return Undecided, reason(err)
	}
	return Refused, reason(err)
}

// chain reads what the endpoint showed and says what is wrong with the first.
func (p *prober) chain(shown []*x509.Certificate) []Link {
	links := make([]Link, 0, len(shown))
	for _, c := range shown {
		sum := sha256.Sum256(c.Raw)
		l := Link{
			Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: c.SerialNumber.Text(16), Names: names(c),
			NotBefore: c.NotBefore, NotAfter: c.NotAfter, SHA256: hex.EncodeToString(sum[:]),
			Signature: c.SignatureAlgorithm.String(), SignatureVerdict: p.e.List.Signature(c.SignatureAlgorithm),
		}
		l.Key, l.KeyVerdict = p.e.List.Key(c)
		links = append(links, l)
	}
	if len(shown) > 0 {
		links[0].Problem = p.problem(shown)
	}
	return links
}

func names(c *x509.Certificate) []string {
	out := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		out = append(out, ip.String())
	}
	for _, u := range c.URIs {
		out = append(out, u.String())
	}
	return append(out, c.EmailAddresses...)
}

func (p *prober) problem(shown []*x509.Certificate) string {
	leaf, now := shown[0], p.e.Now()
	switch {
	case now.After(leaf.NotAfter):
		return "expired"
	case now.Before(leaf.NotBefore):
		return "not-yet"
	case leaf.VerifyHostname(p.e.Name) != nil:
		return "name"
	}
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: p.e.Roots, Intermediates: between, CurrentTime: now}); err != nil {
		return "authority"
	}
	return ""
}

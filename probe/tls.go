package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// Endpoint is what is looked at.
type Endpoint struct {
	Address string         // host:port
	Name    string         // that the certificate must speak for; "" = the host of Address
	Roots   *x509.CertPool // that the chain must lead to; nil = the system's
	Timeout time.Duration  // for one connection; 0 = 5 s
	Now     func() time.Time
	List    *List // nil = CRYPTREC()

	// Stranger is shown where a certificate is asked for, to see whether anybody's
	// will do. nil: one is made for the occasion, with Pretends as its name.
	Stranger *tls.Certificate
	Pretends string
}

// Report is what was found. Every list is in the order of asking.
type Report struct {
	Address  string    `json:"address"`
	Name     string    `json:"name"`
	At       time.Time `json:"at"`
	List     string    `json:"list"`     // id of the list that judged
	ListDate string    `json:"listDate"` // YYYY-MM-DD

	Versions []Finding `json:"versions"`
	Suites   []Finding `json:"suites"`
	Groups   []Finding `json:"groups"`
	Chain    []Link    `json:"chain"`
	Client   Client    `json:"client"`

	// Unseen says what could not be observed and is therefore not claimed.
	Unseen []string `json:"unseen"`
}

// Finding is one thing that was offered alone.
type Finding struct {
	Name     string  `json:"name"`
	Version  string  `json:"version,omitempty"` // of a suite or a group: with which version
	Answered bool    `json:"answered"`
	Detail   string  `json:"detail,omitempty"` // why not
	Verdict  Verdict `json:"verdict"`
}

// Link is one certificate of the chain, as the endpoint showed it.
type Link struct {
	Subject          string    `json:"subject"`
	Issuer           string    `json:"issuer"`
	Serial           string    `json:"serial"`
	Names            []string  `json:"names"`
	NotBefore        time.Time `json:"notBefore"`
	NotAfter         time.Time `json:"notAfter"`
	Key              string    `json:"key"`
	KeyVerdict       Verdict   `json:"keyVerdict"`
	Signature        string    `json:"signature"`
	SignatureVerdict Verdict   `json:"signatureVerdict"`
	SHA256           string    `json:"sha256"` // of the certificate, hex

	// Problem is why the certificate does not hold, for the first of the chain:
	// "expired", "not-yet", "name", "authority"; "" when it does.
	Problem string `json:"problem,omitempty"`
}

// Admission is what became of somebody who came with or without a certificate.
type Admission string

// Outcomes of an attempt to be let in.
const (
	Admitted  Admission = "admitted"  // the endpoint answered a request
	Refused   Admission = "refused"   // it said no, or hung up
	Undecided Admission = "undecided" // it said nothing in time
)

// Client is how the endpoint deals with certificates of whoever connects.
type Client struct {
	Asks        bool      `json:"asks"`        // it asks for a certificate
	Authorities int       `json:"authorities"` // how many authorities it names
	Without     Admission `json:"without"`     // who shows none
	Stranger    Admission `json:"stranger"`    // who shows one of an authority made up for the occasion
	Detail      string    `json:"detail,omitempty"`
}

// unseen is what crypto/tls cannot tell apart from outside.
var unseen = []string{
	"SSL 2.0, SSL 3.0: crypto/tls cannot offer them",
	"TLS 1.3 suites: a client built on crypto/tls cannot offer one alone; only the chosen one is known",
	"suites with DHE, CCM, Camellia, ARIA or PSK: crypto/tls does not have them",
	"finite-field groups and curves other than those of crypto/tls",
}

// TLS looks at an endpoint. It makes some forty connections, one after the
// other, sends at most one request without content (OPTIONS *) on two of them,
// and writes nothing. An error means that nothing could be found out: no
// connection, or ctx ended.
func TLS(ctx context.Context, e Endpoint) (Report, error) {
	p, err := newProber(e)
	if err != nil {
		return Report{}, err
	}
	r := Report{Address: e.Address, Name: p.e.Name, At: p.e.Now(), List: p.e.List.ID, ListDate: p.e.List.Date, Unseen: unseen,
		Versions: []Finding{}, Suites: []Finding{}, Groups: []Finding{}, Chain: []Link{}}
	raw, err := p.dial(ctx)
	if err != nil {
		return r, fmt.Errorf("probe: %w", err)
	}
	_ = raw.Close() // only to see that somebody listens
	var newest *seen
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13} {
		s := p.hello(ctx, v, nil, nil)
		r.Versions = append(r.Versions, Finding{Name: tls.VersionName(v), Answered: s.answered, Detail: s.detail, Verdict: p.e.List.Version(v)})
		if s.answered {
			newest = &s
			r.Suites = append(r.Suites, p.suites(ctx, v, s)...)
		}
	}
	if newest == nil {
		return r, ctx.Err()
	}
	r.Groups = p.groups(ctx, newest.state.Version)
	r.Chain = p.chain(newest.state.PeerCertificates)
	r.Client = p.client(ctx, newest.state.Version)
	return r, ctx.Err()
}

type prober struct {
	e Endpoint
}

func newProber(e Endpoint) (*prober, error) {
	host, _, err := net.SplitHostPort(e.Address)
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	if e.Name == "" {
		e.Name = host
	}
	if e.Timeout == 0 {
		e.Timeout = 5 * time.Second
	}
	if e.Now == nil {
		e.Now = time.Now
	}
	if e.List == nil {
		e.List = CRYPTREC()
	}
	if e.Stranger == nil {
		own, err := stranger(e.Pretends, e.Now())
		if err != nil {
			return nil, err
		}
		e.Stranger = own
	}
	return &prober{e}, nil
}

func (p *prober) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: p.e.Timeout}
	c, err := d.DialContext(ctx, "tcp", p.e.Address)
	if err != nil {
		return nil, err
	}
	return c, c.SetDeadline(time.Now().Add(p.e.Timeout))
}

// seen is what one handshake showed. It is answered when the endpoint chose
// what was offered, whatever it said to the certificate afterwards.
type seen struct {
	answered bool
	state    tls.ConnectionState
	detail   string
}

// hello offers one version with the given suites and groups; nil are all.
func (p *prober) hello(ctx context.Context, version uint16, suites []uint16, groups []tls.CurveID) seen {
	raw, err := p.dial(ctx)
	if err != nil {
		return seen{detail: reason(err)}
	}
	defer func() { _ = raw.Close() }() // nothing was written
	var s seen
	if suites == nil {
		suites = all(version)
	}
	c := tls.Client(raw, &tls.Config{ //nolint:gosec // old versions are offered to see whether they are refused, and nothing is sent over them
		ServerName: p.e.Name, InsecureSkipVerify: true, // judged by chain, not here
		MinVersion: version, MaxVersion: version, CipherSuites: suites, CurvePreferences: groups, NextProtos: []string{"http/1.1"},
		VerifyConnection: func(state tls.ConnectionState) error {
			s.answered, s.state = true, state
			return nil
		},
	})
	if err := c.HandshakeContext(ctx); err != nil {
		s.detail = reason(err)
	} else {
		s.state = c.ConnectionState()
	}
	return s
}

// all are the suites of crypto/tls that a version can choose.
func all(version uint16) []uint16 {
	var ids []uint16
	for _, list := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, s := range list {
			if slices.Contains(s.SupportedVersions, version) {
				ids = append(ids, s.ID)
			}
		}
	}
	return ids
}

// suites offers each suite alone. Of TLS 1.3 only the chosen one can be told.
func (p *prober) suites(ctx context.Context, version uint16, any seen) []Finding {
	name := tls.VersionName(version)
	if version == tls.VersionTLS13 {
		id := any.state.CipherSuite
		return []Finding{{Name: tls.CipherSuiteName(id), Version: name, Answered: true, Verdict: p.e.List.Suite(id)}}
	}
	var out []Finding
	for _, id := range all(version) {
		s := p.hello(ctx, version, []uint16{id}, nil)
		out = append(out, Finding{Name: tls.CipherSuiteName(id), Version: name, Answered: s.answered, Detail: s.detail, Verdict: p.e.List.Suite(id)})
	}
	return out
}

func (p *prober) groups(ctx context.Context, version uint16) []Finding {
	ids := []tls.CurveID{tls.CurveP256, tls.CurveP384, tls.CurveP521, tls.X25519}
	if version == tls.VersionTLS13 { // hybrids exist there only
		ids = append(ids, tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024)
	}
	var out []Finding
	for _, id := range ids {
		s := p.hello(ctx, version, nil, []tls.CurveID{id})
		out = append(out, Finding{Name: id.String(), Version: tls.VersionName(version), Answered: s.answered, Detail: s.detail, Verdict: p.e.List.Group(id)})
	}
	return out
}

// reason says why a handshake did not come about, without the addresses that
// errors of the network carry.
func reason(err error) string {
	var alert tls.AlertError
	var timeout net.Error
	var op *net.OpError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &op) && op.Op == "remote error":
		return "refused: " + op.Err.Error()
	case errors.As(err, &alert):
		return "not agreed: " + alert.Error()
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return "closed without a word"
	case errors.As(err, &op):
		return op.Op + ": connection broken"
	}
	return "not agreed"
}

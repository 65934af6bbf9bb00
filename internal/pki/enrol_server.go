package pki

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif/open1"
)

// Proposal is what a terminal says about itself when it enrols.
type Proposal struct {
	TerminalID string            `json:"terminalId"` // a wish; the server decides
	Name       string            `json:"name"`
	Services   []ProposedService `json:"services"`
}

// ProposedService is one service at the terminal.
type ProposedService struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	OutputOnly bool   `json:"outputOnly"`
}

// Enrolled is a terminal that was given a certificate.
type Enrolled struct {
	TerminalID string
	Serial     string
	NotAfter   time.Time
	Proposal   Proposal
	// Confirmed: the terminal said that it stored the certificate. Without it the
	// row stands all the same; the link will tell.
	Confirmed bool
}

// Enrolling is one enrolment from the server's side.
type Enrolling struct {
	Address string // host:port of the terminal's headquarters' face
	Code    string // as typed
	HQName  string // shown at the terminal
	// Admit decides the id for what the terminal proposes, or refuses.
	Admit func(ctx context.Context, p Proposal) (terminalID string, err error)
	// Commit makes the terminal durable, before its certificate leaves the server.
	Commit func(ctx context.Context, e Enrolled) error
	// Dial opens the connection; nil = TCP with the interface's 3 s (§5.7).
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Now  func() time.Time
}

const (
	dialTime = 3 * time.Second
	// talkTime bounds a talk between the two; the server's commit is inside it.
	talkTime = 30 * time.Second
)

// Enrol dials a terminal that shows an enrolment code and makes it one of this
// headquarters. It sends nothing to anybody but the holder of the code's key.
func Enrol(ctx context.Context, ca *CA, e Enrolling) (Enrolled, error) {
	code, err := parseCode(e.Code)
	if err != nil {
		return Enrolled{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, talkTime)
	defer cancel()
	dial := e.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTime}).DialContext
	}
	raw, err := dial(ctx, "tcp", e.Address)
	if err != nil {
		return Enrolled{}, fault.New(fault.Unavailable, "enrol.unreachable").Because(err)
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { raw.Close() }) // the only thing that a blocked read hears
	defer stop()
	conn := tls.Client(raw, pinned(code))
	if err := conn.HandshakeContext(ctx); err != nil {
		if errors.Is(err, errFingerprint) {
			return Enrolled{}, fault.New(fault.Denied, "enrol.fingerprint").Because(err)
		}
		return Enrolled{}, fault.New(fault.Unavailable, "enrol.handshake").Because(err)
	}
	ch, err := open(conn, code)
	if err != nil {
		return Enrolled{}, err
	}
	out, err := e.talk(ctx, ca, ch, conn.ConnectionState().PeerCertificates[0])
	return out, because(err)
}

var errFingerprint = errors.New("the terminal's key is not the one of the code")

// pinned accepts exactly the key of the code. The certificate around it is
// self-signed and proves nothing, so the usual verification is replaced, not
// left out: the connection fails in the handshake, before anything is sent.
func pinned(c code) *tls.Config {
	config := open1.Profile()
	config.InsecureSkipVerify = true //nolint:gosec // VerifyConnection pins the key
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 || !c.matches(state.PeerCertificates[0]) {
			return errFingerprint
		}
		return open1.CheckSuite(state)
	}
	return config
}

// talk is the four messages.
func (e Enrolling) talk(ctx context.Context, ca *CA, ch *channel, shown *x509.Certificate) (Enrolled, error) {
	if err := ch.send(stepHello, helloBody{V: enrolVersion, Headquarters: ca.headquarters}); err != nil {
		return Enrolled{}, err
	}
	var offer offerBody
	if err := ch.receive(stepOffer, &offer); err != nil {
		return Enrolled{}, err
	}
	out, grant, err := e.grant(ctx, ca, offer, shown)
	if err != nil {
		// The terminal hears that nothing comes; what failed here is ours to say.
		return Enrolled{}, errors.Join(err, ch.refuse("declined"))
	}
	if err := ch.send(stepGrant, grant); err != nil {
		return out, nil // stored here; not confirmed
	}
	var installed installedBody
	switch err := ch.receive(stepInstalled, &installed); {
	case err == nil && installed.Serial == out.Serial:
		out.Confirmed = true
	case errors.As(err, new(refusal)):
		return out, err // the terminal says that it could not install it
	}
	return out, nil
}

// grant decides, signs and stores.
func (e Enrolling) grant(ctx context.Context, ca *CA, offer offerBody, shown *x509.Certificate) (Enrolled, grantBody, error) {
	csr, err := parseRequest(offer.Request)
	if err != nil {
		return Enrolled{}, grantBody{}, fault.New(fault.Invalid, "enrol.request").Because(err)
	}
	if key, ok := shown.PublicKey.(*ecdsa.PublicKey); !ok || !key.Equal(csr.PublicKey) {
		return Enrolled{}, grantBody{}, fault.New(fault.Denied, "enrol.request").Because(errors.New("request is for another key than the one shown"))
	}
	id, err := e.Admit(ctx, offer.Proposal)
	if err != nil {
		return Enrolled{}, grantBody{}, err
	}
	cert, err := ca.SignTerminal(offer.Request, id, e.Now())
	if err != nil {
		return Enrolled{}, grantBody{}, err
	}
	out := Enrolled{TerminalID: id, Serial: Serial(cert), NotAfter: cert.NotAfter, Proposal: offer.Proposal}
	if err := e.Commit(ctx, out); err != nil {
		return Enrolled{}, grantBody{}, err
	}
	return out, grantBody{
		TerminalID: id, Headquarters: ca.headquarters, HeadquartersName: e.HQName,
		Certificate: cert.Raw, Authorities: [][]byte{ca.cert.Raw},
	}, nil
}

// because classifies what went wrong in the talk.
func because(err error) error {
	var said refusal
	switch {
	case err == nil || fault.As(err) != nil:
		return err
	case errors.As(err, &said):
		key := string(said)
		if !knownRefusal(key) {
			key = "enrol.broken" // a key is shown; only ours are
		}
		return fault.New(fault.Denied, key).Because(err)
	case errors.Is(err, errProof):
		return fault.New(fault.Denied, "enrol.proof").Because(err)
	}
	return fault.New(fault.Unavailable, "enrol.broken").Because(fmt.Errorf("enrol: %w", err))
}

package pki

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif/open1"
)

// Enrolment is one enrolment from the terminal's side: a key in memory, the
// code that is printed, and the wait for the server. It ends with a membership
// or not at all.
type Enrolment struct {
	dir      string
	proposal Proposal
	key      *ecdsa.PrivateKey
	request  []byte
	shown    tls.Certificate
	code     code
	now      func() time.Time
	expires  time.Time

	turn chan struct{}           // held by the one talk that is past its proof
	save func(*Membership) error // where a test makes the disk fail

	mu    sync.Mutex
	tries int         // wrong proofs
	yield func()      // ends the latest talk in favour of a later one
	done  *Membership // the code was used
}

// Refusals that a terminal sends; the server shows them to whoever typed the code.
const (
	refusedProof     = "enrol.proof"
	refusedExpired   = "enrol.expired"
	refusedUsed      = "enrol.used"
	refusedVersion   = "enrol.version"
	refusedStorage   = "enrol.storage"
	refusedGrant     = "enrol.grant"
	handshakeTime    = 10 * time.Second
	maxConversations = 8
)

func knownRefusal(key string) bool {
	return slices.Contains([]string{
		refusedProof, refusedExpired, refusedUsed, refusedVersion, refusedStorage, refusedGrant,
	}, key)
}

// NewEnrolment makes the key and the code. The membership will be stored in dir.
func NewEnrolment(dir string, p Proposal, now func() time.Time) (*Enrolment, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	at := now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "Matoi terminal, not yet enrolled"},
		NotBefore:    at.Add(-backdate), NotAfter: at.Add(backdate),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign own certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read own certificate: %w", err)
	}
	csr, err := request(key)
	if err != nil {
		return nil, err
	}
	return &Enrolment{
		dir: dir, proposal: p, key: key, request: csr, now: now, expires: at.Add(CodeLife),
		shown: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert},
		code:  newCode(cert.RawSubjectPublicKeyInfo),
		turn:  make(chan struct{}, 1),
		save:  func(m *Membership) error { return m.save(dir) },
	}, nil
}

// Code is what somebody carries to the server.
func (e *Enrolment) Code() string { return e.code.String() }

// Expires is when the code stops working.
func (e *Enrolment) Expires() time.Time { return e.expires }

// Serve answers on the headquarters' face until the terminal is enrolled, the
// code is dead, or ctx ends. It closes the listener and waits for its talks.
func (e *Enrolment) Serve(ctx context.Context, listener net.Listener) (*Membership, error) {
	ctx, stop := context.WithTimeout(ctx, e.expires.Sub(e.now()))
	defer stop()
	end := context.AfterFunc(ctx, func() { listener.Close() })
	defer end()
	var talks sync.WaitGroup
	slots := make(chan struct{}, maxConversations)
	var accept error
	for ctx.Err() == nil {
		raw, err := listener.Accept()
		if err != nil {
			accept = err
			break
		}
		select {
		case slots <- struct{}{}:
		default:
			raw.Close() // a flood of strangers; the server will dial again
			continue
		}
		talks.Go(func() {
			defer func() { <-slots }()
			e.answer(ctx, raw)
			if e.dead() != "" {
				stop()
			}
		})
	}
	ended := ctx.Err()
	stop()
	talks.Wait()
	return e.result(ended, accept)
}

// result is how Serve ends: a membership beats every reason to stop.
func (e *Enrolment) result(ended, accept error) (*Membership, error) {
	why := e.dead()
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.done != nil:
		return e.done, nil
	case why != "":
		return nil, fault.New(fault.Denied, why)
	case errors.Is(ended, context.DeadlineExceeded):
		return nil, fault.New(fault.Denied, refusedExpired)
	case ended != nil:
		return nil, ended
	}
	return nil, fmt.Errorf("wait for enrolment: %w", accept)
}

// dead says why the code does not work any more; "" while it does.
func (e *Enrolment) dead() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.done != nil || e.tries >= maxTries:
		return refusedUsed
	case !e.now().Before(e.expires):
		return refusedExpired
	}
	return ""
}

// answer is one connection of somebody who may be the server.
func (e *Enrolment) answer(ctx context.Context, raw net.Conn) {
	defer raw.Close()
	ctx, cancel := context.WithTimeout(ctx, talkTime)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	config := open1.Profile()
	config.Certificates = []tls.Certificate{e.shown}
	config.VerifyConnection = open1.CheckSuite
	conn := tls.Server(raw, config)
	// A stranger who says nothing holds a slot for as long as this.
	quiet := time.AfterFunc(handshakeTime, cancel)
	defer quiet.Stop()
	if err := conn.HandshakeContext(ctx); err != nil {
		return
	}
	ch, err := open(conn, e.code)
	if err != nil {
		return
	}
	var hello helloBody
	err = ch.receive(stepHello, &hello)
	quiet.Stop()
	key := e.admit(hello, err)
	if key == "" {
		key = e.inTurn(ctx, cancel, func() string { return e.talk(ch, hello) })
	}
	if key != "" && key != silence {
		_ = ch.refuse(key) // the other side may be gone
	}
}

// inTurn lets one talk at a time get past its proof. The later one goes first:
// both know the code, and the earlier is most likely a connection that died
// with its server, or a try that the operator gave up.
func (e *Enrolment) inTurn(ctx context.Context, cancel func(), talk func() string) string {
	e.mu.Lock()
	if e.yield != nil {
		e.yield()
	}
	e.yield = cancel
	e.mu.Unlock()
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return silence
	}
	if why := e.dead(); why != "" {
		return why // the earlier talk came to its end after all
	}
	return talk()
}

// silence: nothing to answer, because the other side is gone or no talk was meant.
const silence = "-"

// admit judges the first message. Only a message that is whole and wrong counts
// as a try: a port scan must not use up the code.
func (e *Enrolment) admit(hello helloBody, err error) (refused string) {
	if err != nil && !errors.Is(err, errProof) {
		return silence
	}
	if why := e.dead(); why != "" {
		return why
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err != nil:
		e.tries++
		return refusedProof
	case hello.V != enrolVersion:
		return refusedVersion
	}
	return ""
}

// talk is the rest of the conversation with somebody who knows the code.
func (e *Enrolment) talk(ch *channel, hello helloBody) (refused string) {
	if err := ch.send(stepOffer, offerBody{Request: e.request, Proposal: e.proposal}); err != nil {
		return silence
	}
	var grant grantBody
	if err := ch.receive(stepGrant, &grant); err != nil {
		return silence // the server declined or went away; the code may be tried again
	}
	if grant.Headquarters != hello.Headquarters {
		return refusedGrant
	}
	m, err := newMembership(grant.TerminalID, grant.Headquarters, grant.HeadquartersName, e.key, grant.Certificate, grant.Authorities)
	if err != nil {
		return refusedGrant
	}
	if why := e.dead(); why != "" {
		return why
	}
	if err := e.save(m); err != nil {
		return refusedStorage
	}
	e.mu.Lock()
	e.done = m
	e.mu.Unlock()
	_ = ch.send(stepInstalled, installedBody{Serial: m.Serial()}) // it is durable; the link will tell
	return ""
}

package pki

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif/open1"
)

// A man in the middle who ends TLS with a key of his own is refused inside the
// handshake: not one message reaches him.
func TestManInTheMiddleWithAnotherKey(t *testing.T) {
	s := newSite(t)
	attacker, err := NewEnrolment(t.TempDir(), proposal, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	type result struct {
		handshake error
		got       []byte
	}
	done := make(chan result, 1)
	go func() {
		raw, err := listener.Accept()
		if err != nil {
			done <- result{handshake: err}
			return
		}
		defer raw.Close()
		config := open1.Profile()
		config.Certificates = []tls.Certificate{attacker.shown}
		conn := tls.Server(raw, config)
		var r result
		if r.handshake = conn.Handshake(); r.handshake == nil {
			r.got, _ = io.ReadAll(conn)
		}
		done <- r
	}()
	e := s.server()
	e.Address = listener.Addr().String()
	_, err = Enrol(context.Background(), s.ca, e)
	wantKey(t, err, "enrol.fingerprint")
	if r := <-done; r.handshake == nil || len(r.got) != 0 {
		t.Errorf("the man in the middle finished the handshake (%v) and read %q", r.handshake, r.got)
	}
	if len(s.commits) != 0 || s.tries() != 0 {
		t.Errorf("commits %v, tries %d", s.commits, s.tries())
	}
}

// raw dials the terminal like the server does and returns the talk.
func (s *site) raw(c code) (*tls.Conn, *channel) {
	s.t.Helper()
	tcp, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { tcp.Close() })
	conn := tls.Client(tcp, pinned(s.enrol.code))
	if err := conn.Handshake(); err != nil {
		s.t.Fatal(err)
	}
	ch, err := open(conn, c)
	if err != nil {
		s.t.Fatal(err)
	}
	return conn, ch
}

// A proof that is right on one channel is worth nothing on another: neither a
// relay nor a recording gets past it, and both count as wrong tries.
func TestRelayedAndReplayedProofs(t *testing.T) {
	s := newSite(t)
	_, one := s.raw(s.enrol.code)
	_, two := s.raw(s.enrol.code)
	body, err := json.Marshal(helloBody{V: enrolVersion, Headquarters: hq})
	if err != nil {
		t.Fatal(err)
	}
	proof := one.mac(stepHello, body)
	if err := two.write(envelope{Body: body, Mac: proof}); err != nil {
		t.Fatal(err)
	}
	if err := two.receive(stepOffer, new(offerBody)); err == nil || err.Error() != refusal("enrol.proof").Error() {
		t.Fatalf("a relayed proof: %v, want refused", err)
	}
	if s.tries() != 1 {
		t.Errorf("%d tries counted, want 1", s.tries())
	}
	// On its own channel it is right, which shows that the test tests the binding.
	if err := one.write(envelope{Body: body, Mac: proof}); err != nil {
		t.Fatal(err)
	}
	var offer offerBody
	if err := one.receive(stepOffer, &offer); err != nil || offer.Proposal.TerminalID != "t-01" {
		t.Fatalf("the proof on its own channel: %+v, %v", offer, err)
	}
}

// A message thrown back at whoever made it proves nothing.
func TestReflectedMessage(t *testing.T) {
	s := newSite(t)
	_, ch := s.raw(code{fingerprint: s.enrol.code.fingerprint}) // an attacker without the secret
	ch.key = [32]byte{}
	if err := ch.send(stepHello, helloBody{V: enrolVersion}); err != nil {
		t.Fatal(err)
	}
	if err := ch.receive(stepOffer, new(offerBody)); !errors.As(err, new(refusal)) {
		t.Fatalf("without the secret: %v", err)
	}
	_, a := s.raw(s.enrol.code)
	body := []byte(`{}`)
	if string(a.mac(stepHello, body)) == string(a.mac(stepOffer, body)) {
		t.Error("a hello could be sent back as an offer")
	}
}

// The certificate is for the key that was pinned, not for one that somebody
// asks for.
func TestRequestForAnotherKey(t *testing.T) {
	e, err := NewEnrolment(t.TempDir(), proposal, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	e.request = mustRequest(t)
	s := &site{t: t, enrol: e, ca: openCA(t)}
	server := s.server()
	server.Dial = answerBy(e)
	_, err = Enrol(context.Background(), s.ca, server)
	wantKey(t, err, "enrol.request")
	if len(s.commits) != 0 {
		t.Errorf("the server stored %+v", s.commits)
	}
}

// A terminal installs only what is whole: its own id and key, the authority, and
// the headquarters that introduced itself.
func TestGrantsThatDoNotFit(t *testing.T) {
	s := newSite(t)
	for name, spoil := range map[string]func(*grantBody){
		"another headquarters": func(g *grantBody) { g.Headquarters = "139999" },
		"another id":           func(g *grantBody) { g.TerminalID = "t-02" },
		"another's":            func(g *grantBody) { g.Certificate = member(t, s.ca, "t-01", time.Now()).certificate.Certificate[0] },
		"another authority":    func(g *grantBody) { g.Authorities = [][]byte{openCA(t).cert.Raw} },
		"nothing":              func(g *grantBody) { *g = grantBody{Headquarters: hq} },
	} {
		_, ch := s.raw(s.enrol.code)
		if err := ch.send(stepHello, helloBody{V: enrolVersion, Headquarters: hq}); err != nil {
			t.Fatal(err)
		}
		var offer offerBody
		if err := ch.receive(stepOffer, &offer); err != nil {
			t.Fatal(err)
		}
		cert, err := s.ca.SignTerminal(offer.Request, "t-01", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		grant := grantBody{TerminalID: "t-01", Headquarters: hq, Certificate: cert.Raw, Authorities: [][]byte{s.ca.cert.Raw}}
		spoil(&grant)
		if err := ch.send(stepGrant, grant); err != nil {
			t.Fatal(err)
		}
		if err := ch.receive(stepInstalled, new(installedBody)); err == nil || err.Error() != refusal("enrol.grant").Error() {
			t.Errorf("%s: %v, want enrol.grant", name, err)
		}
	}
	if _, err := LoadMembership(s.dir); fault.Of(err) != fault.NotFound {
		t.Errorf("the terminal stored one: %v", err)
	}
}

package pki

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/typedcode"
)

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// site is a terminal that waits to be enrolled, and the server that may do it.
type site struct {
	t        *testing.T
	ca       *CA
	dir      string
	clock    *clock
	enrol    *Enrolment
	address  string
	ended    chan struct{}
	member   *Membership
	err      error
	commits  []Enrolled
	commitOK error
}

var proposal = Proposal{
	TerminalID: "t-01", Name: "Net119端末 <北>",
	Services: []ProposedService{{ID: "net119.example", Name: "Net119"}, {ID: "aacn.example", Name: "AACN & Co", OutputOnly: true}},
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, ca: openCA(t), dir: filepath.Join(t.TempDir(), "terminal"), clock: &clock{at: time.Now()}, ended: make(chan struct{})}
	var err error
	if s.enrol, err = NewEnrolment(s.dir, proposal, s.clock.now); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(s.ended)
		s.member, s.err = s.enrol.Serve(ctx, listener)
	}()
	t.Cleanup(func() { cancel(); <-s.ended })
	return s
}

// server is the server's side of the enrolment of this site.
func (s *site) server() Enrolling {
	return Enrolling{
		Address: s.address, Code: s.enrol.Code(), HQName: "例示消防本部", Now: time.Now,
		Admit: func(_ context.Context, p Proposal) (string, error) { return p.TerminalID, nil },
		Commit: func(_ context.Context, e Enrolled) error {
			s.commits = append(s.commits, e)
			return s.commitOK
		},
	}
}

func (s *site) tries() int {
	s.enrol.mu.Lock()
	defer s.enrol.mu.Unlock()
	return s.enrol.tries
}

func wantKey(t *testing.T, err error, key string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Key != key {
		t.Errorf("%v, want %s", err, key)
	}
}

func TestEnrol(t *testing.T) {
	s := newSite(t)
	got, err := Enrol(context.Background(), s.ca, s.server())
	if err != nil {
		t.Fatal(err)
	}
	<-s.ended
	if s.err != nil || !got.Confirmed || got.TerminalID != "t-01" || got.Serial != s.member.Serial() {
		t.Fatalf("server has %+v, terminal %v (%v)", got, s.member, s.err)
	}
	if diff := cmp.Diff(proposal, got.Proposal); diff != "" {
		t.Errorf("proposal arrived otherwise:\n%s", diff)
	}
	if len(s.commits) != 1 || s.commits[0].Serial != got.Serial || s.commits[0].Confirmed {
		t.Errorf("committed %+v", s.commits)
	}
	loaded, err := LoadMembership(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.TerminalID != "t-01" || loaded.Headquarters != hq || loaded.HeadquartersName != "例示消防本部" || loaded.Serial() != got.Serial {
		t.Errorf("loaded %+v", loaded)
	}
	// And with that it is a terminal: mutual TLS stands.
	refused := func(serial string) bool { return serial != got.Serial }
	if serverErr, err, _ := connect(t, TerminalTLS(func() *Membership { return loaded }), GatewayTLS(s.ca, s.ca.Gateway(time.Now), "t-01", refused)); err != nil || serverErr != nil {
		t.Errorf("mutual TLS after enrolment: %v, %v", err, serverErr)
	}
}

func TestServerDecidesTheID(t *testing.T) {
	s := newSite(t)
	e := s.server()
	e.Admit = func(context.Context, Proposal) (string, error) { return "net119-north", nil }
	if _, err := Enrol(context.Background(), s.ca, e); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	if s.member == nil || s.member.TerminalID != "net119-north" {
		t.Errorf("terminal is %+v (%v)", s.member, s.err)
	}
}

func TestSlipsOfTheHandDialNobody(t *testing.T) {
	s := newSite(t)
	e := s.server()
	e.Dial = func(context.Context, string, string) (net.Conn, error) {
		t.Error("dialled with a mistyped code")
		return nil, io.EOF
	}
	first := "1"
	if strings.HasPrefix(e.Code, "1") {
		first = "2"
	}
	e.Code = first + e.Code[1:]
	_, err := Enrol(context.Background(), s.ca, e)
	wantKey(t, err, "code.group")
	wantKey(t, CheckCode(e.Code), "code.group")
	if err := CheckCode(strings.ToLower(s.enrol.Code())); err != nil {
		t.Errorf("CheckCode of the code: %v", err)
	}
}

// wrongSecret is the code with the right fingerprint and another secret.
func wrongSecret(c code) string {
	c.secret[0] ^= 0xff
	return c.String()
}

func TestFiveWrongTriesKillTheCode(t *testing.T) {
	s := newSite(t)
	e := s.server()
	e.Code = wrongSecret(s.enrol.code)
	for range maxTries {
		_, err := Enrol(context.Background(), s.ca, e)
		wantKey(t, err, "enrol.proof")
	}
	<-s.ended
	wantKey(t, s.err, "enrol.used")
	if _, err := LoadMembership(s.dir); fault.Of(err) != fault.NotFound {
		t.Errorf("after wrong codes: %v, want not enrolled", err)
	}
	if len(s.commits) != 0 {
		t.Errorf("the server stored %+v", s.commits)
	}
}

func TestFourWrongTriesDoNot(t *testing.T) {
	s := newSite(t)
	wrong := s.server()
	wrong.Code = wrongSecret(s.enrol.code)
	for range maxTries - 1 {
		_, err := Enrol(context.Background(), s.ca, wrong)
		wantKey(t, err, "enrol.proof")
	}
	for range 20 { // strangers: a port scan, a browser, silence; none is a try
		raw, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = raw.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		raw.Close()
	}
	if got, err := Enrol(context.Background(), s.ca, s.server()); err != nil || !got.Confirmed {
		t.Errorf("the right code after four wrong ones: %+v, %v", got, err)
	}
}

// The code works once: afterwards the listener is gone, and the object refuses
// even if somebody still reaches it.
func TestSecondUse(t *testing.T) {
	s := newSite(t)
	if _, err := Enrol(context.Background(), s.ca, s.server()); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	_, err := Enrol(context.Background(), s.ca, s.server())
	wantKey(t, err, "enrol.unreachable")
	e := s.server()
	e.Dial = answerBy(s.enrol)
	_, err = Enrol(context.Background(), s.ca, e)
	wantKey(t, err, "enrol.used")
	if len(s.commits) != 1 {
		t.Errorf("%d commits, want 1", len(s.commits))
	}
}

// answerBy connects to an enrolment without its listener.
func answerBy(e *Enrolment) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		here, there := net.Pipe()
		go e.answer(ctx, there)
		return here, nil
	}
}

func TestExpiredCode(t *testing.T) {
	s := newSite(t)
	e := s.server()
	e.Dial = answerBy(s.enrol) // Serve ends too: TestServeEndsWithTheCode
	s.clock.add(CodeLife - time.Second)
	e.Admit = func(context.Context, Proposal) (string, error) {
		s.clock.add(time.Second) // the time runs out in the middle of the talk
		return "t-01", nil
	}
	_, err := Enrol(context.Background(), s.ca, e)
	wantKey(t, err, "enrol.expired")
	commits := len(s.commits)
	_, err = Enrol(context.Background(), s.ca, e)
	wantKey(t, err, "enrol.expired")
	if len(s.commits) != commits {
		t.Errorf("the server stored %+v", s.commits)
	}
	if _, err := LoadMembership(s.dir); fault.Of(err) != fault.NotFound {
		t.Errorf("after its time: %v, want not enrolled", err)
	}
}

// Nobody comes: Serve ends by itself after fifteen minutes, not before.
func TestServeEndsWithTheCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		e, err := NewEnrolment(t.TempDir(), proposal, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Serve(context.Background(), &silent{closed: make(chan struct{})})
		wantKey(t, err, "enrol.expired")
		if waited := time.Since(start); waited != CodeLife {
			t.Errorf("ended after %v, want %v", waited, CodeLife)
		}
	})
}

// A stranger who connects and says nothing is put out after ten seconds.
func TestSilentStrangerIsPutOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := NewEnrolment(t.TempDir(), proposal, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		here, there := net.Pipe()
		start := time.Now()
		go e.answer(context.Background(), there)
		if _, err := here.Read(make([]byte, 1)); err == nil {
			t.Fatal("the terminal spoke first")
		}
		if waited := time.Since(start); waited != handshakeTime {
			t.Errorf("put out after %v, want %v", waited, handshakeTime)
		}
		synctest.Wait()
	})
}

// silent is a listener to which nobody comes.
type silent struct {
	once   sync.Once
	closed chan struct{}
}

func (s *silent) Accept() (net.Conn, error) { <-s.closed; return nil, net.ErrClosed }
func (s *silent) Close() error              { s.once.Do(func() { close(s.closed) }); return nil }
func (s *silent) Addr() net.Addr            { return &net.TCPAddr{} }

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
		config := strict()
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

// A talk that hangs past its proof (its server died) gives way to a later one.
func TestLaterTalkGoesFirst(t *testing.T) {
	s := newSite(t)
	_, first := s.raw(s.enrol.code)
	if err := first.send(stepHello, helloBody{V: enrolVersion, Headquarters: hq}); err != nil {
		t.Fatal(err)
	}
	if err := first.receive(stepOffer, new(offerBody)); err != nil {
		t.Fatal(err)
	}
	if got, err := Enrol(context.Background(), s.ca, s.server()); err != nil || !got.Confirmed {
		t.Fatalf("the later talk: %+v, %v", got, err)
	}
	if err := first.receive(stepInstalled, new(installedBody)); err == nil {
		t.Error("the earlier talk goes on")
	}
}

// What is cut on the way leaves no terminal with a certificate unknown to the
// server, and the code works again.
func TestServerDeclinesOrCannotStore(t *testing.T) {
	s := newSite(t)
	full := fault.New(fault.Unavailable, "store.full")
	s.commitOK = full
	_, err := Enrol(context.Background(), s.ca, s.server())
	wantKey(t, err, "store.full")
	declined := s.server()
	declined.Admit = func(context.Context, Proposal) (string, error) {
		return "", fault.New(fault.Conflict, "terminal.id-taken")
	}
	_, err = Enrol(context.Background(), s.ca, declined)
	wantKey(t, err, "terminal.id-taken")
	if _, err := LoadMembership(s.dir); fault.Of(err) != fault.NotFound {
		t.Errorf("the terminal stored something: %v", err)
	}
	s.commitOK = nil
	if got, err := Enrol(context.Background(), s.ca, s.server()); err != nil || !got.Confirmed {
		t.Errorf("third time: %+v, %v", got, err)
	}
}

func TestTerminalCannotStore(t *testing.T) {
	s := newSite(t)
	full := true
	s.enrol.save = func(m *Membership) error {
		if full {
			return errors.New("no space left on device")
		}
		return m.save(s.dir)
	}
	got, err := Enrol(context.Background(), s.ca, s.server())
	wantKey(t, err, "enrol.storage")
	if got.Confirmed || len(s.commits) != 1 {
		t.Errorf("%+v, commits %v", got, s.commits)
	}
	full = false
	if got, err = Enrol(context.Background(), s.ca, s.server()); err != nil || !got.Confirmed {
		t.Errorf("with room again: %+v, %v", got, err)
	}
}

// cutAfter is a connection that breaks after it has carried some bytes.
type cutAfter struct {
	net.Conn
	left int
}

func (c *cutAfter) Write(b []byte) (int, error) {
	if len(b) > c.left {
		c.Conn.Close()
		return 0, io.ErrClosedPipe
	}
	c.left -= len(b)
	return c.Conn.Write(b)
}

// The server's wire is cut at many places. Whatever happened, the invariant
// holds: a terminal that believes to be enrolled is known to the server.
func TestCutAnywhere(t *testing.T) {
	s := newSite(t)
	for left := 0; ; left += 150 {
		e := s.server()
		e.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return &cutAfter{Conn: raw, left: left}, err
		}
		got, err := Enrol(context.Background(), s.ca, e)
		if m, loadErr := LoadMembership(s.dir); loadErr == nil {
			known := false
			for _, c := range s.commits {
				known = known || c.Serial == m.Serial()
			}
			if !known || got.Serial != m.Serial() {
				t.Fatalf("cut after %d: terminal holds %s, server %+v", left, m.Serial(), got)
			}
			return
		}
		if got.Confirmed || left > 100_000 {
			t.Fatalf("cut after %d: confirmed without a membership (%v)", left, err)
		}
	}
}

func TestCodes(t *testing.T) {
	e, err := NewEnrolment(t.TempDir(), proposal, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewEnrolment(t.TempDir(), proposal, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	text := e.Code()
	if groups := strings.Split(text, "-"); len(groups) != 8 || len(text) != 8*5+7 {
		t.Errorf("code %s is not eight groups of five", text)
	}
	back, err := parseCode(text)
	if err != nil || back != e.code || !back.matches(e.shown.Leaf) || back.matches(other.shown.Leaf) {
		t.Errorf("code %s reads as something else (%v)", text, err)
	}
	if e.code.secret == other.code.secret {
		t.Error("two codes with one secret")
	}
	_, err = parseCode(typedcode.Encode(make([]byte, 10)))
	wantKey(t, err, "code.length") // a console's code typed here
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		ch := &channel{conn: struct {
			io.Reader
			io.Writer
		}{strings.NewReader(string(wire)), io.Discard}}
		var hello helloBody
		if err := ch.receive(stepHello, &hello); err == nil {
			t.Fatalf("%q was taken without a proof", wire)
		}
	})
}

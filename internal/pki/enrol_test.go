package pki

import (
	"context"
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

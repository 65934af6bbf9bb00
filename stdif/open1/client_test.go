package open1

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
)

// authority is a headquarters' CA for one test.
type authority struct {
	t    testing.TB
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key, pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) issue(name string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

const (
	terminalID = "t-01.hq-1"
	gateway    = "gateway.hq-1"
)

// serve starts a terminal's face with the handler and returns its address and
// the settings with which the gateway may dial it.
func serve(t testing.TB, handler http.Handler) (string, *tls.Config) {
	ca := newAuthority(t)
	s := httptest.NewUnstartedServer(handler)
	s.TLS = TerminalTLS(ca.issue(terminalID), ca.pool, gateway)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), GatewayTLS(ca.issue(gateway), ca.pool, terminalID)
}

// accept upgrades a connection and returns it with the hello that it began with.
func accept(t *testing.T, w http.ResponseWriter, r *http.Request) (*websocket.Conn, Hello) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{Subprotocol}})
	if err != nil {
		t.Errorf("accept: %v", err)
		return nil, Hello{}
	}
	f := receive(t, ws)
	h, p := f.ReadHello()
	if p != nil {
		t.Errorf("hello: %v", p)
	}
	return ws, h
}

func receive(t *testing.T, ws *websocket.Conn) Frame {
	_, raw, err := ws.Read(t.Context())
	if err != nil {
		t.Errorf("terminal reads: %v", err)
		return Frame{}
	}
	f, p := Decode(raw)
	if p != nil {
		t.Errorf("terminal decodes: %v", p)
	}
	return f
}

func send(t *testing.T, ws *websocket.Conn, wire string) {
	if err := ws.Write(t.Context(), websocket.MessageText, []byte(wire)); err != nil {
		t.Errorf("terminal writes: %v", err)
	}
}

// A conversation over the data plane: what does not decode, or is too large, is
// handed over with its problem and the connection lives on.
func TestConversation(t *testing.T) {
	acks := make(chan AckFrame, 1)
	snapshots := make(chan Type, 1)
	addr, settings := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, hello := accept(t, w, r)
		if ws == nil {
			return
		}
		defer ws.CloseNow()
		if d := cmp.Diff(Hello{Headquarters: "hq-1", Spool: "sp-1", Have: []Range{{1, 41}}}, hello); d != "" {
			t.Errorf("hello (-want +got):\n%s", d)
		}
		send(t, ws, sample)
		send(t, ws, `{"v":"open/1",`)
		send(t, ws, strings.Replace(sample, "息", strings.Repeat("x", MaxWire), 1))
		send(t, ws, `{"v":"open/1","type":"ping","sentAt":"2026-04-01T09:12:03Z"}`)
		a, p := receive(t, ws).ReadAck()
		if p != nil {
			t.Errorf("ack: %v", p)
		}
		acks <- a
		snapshots <- receive(t, ws).Type
		_, _, _ = ws.Read(t.Context()) // the other side closes
	}))
	conn, err := Dial(t.Context(), addr, settings, Hello{Headquarters: "hq-1", Spool: "sp-1", Have: []Range{{1, 41}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []stdif.Code{0, stdif.CodeSyntax, stdif.CodeTooLarge, 0} {
		f, raw, p, err := conn.Read(t.Context())
		if err != nil || len(raw) == 0 {
			t.Fatalf("read %d: %d bytes, %v", i, len(raw), err)
		}
		if want == 0 && p != nil || want != 0 && (p == nil || p.Code != want) {
			t.Errorf("read %d: %v %v, want code %d", i, f.Type, p, want)
		}
	}
	ack := AckFrame{Spool: "sp-1", Have: []Range{{1, 42}}, Refused: []Refusal{{Seq: 42, Problem: stdif.Problem{Code: stdif.CodeMissing}}}}
	if err := conn.Ack(t.Context(), ack); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(ack, <-acks); d != "" {
		t.Errorf("acknowledgement (-want +got):\n%s", d)
	}
	if err := conn.RequestSnapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-snapshots; got != TypeSnapshot {
		t.Errorf("terminal got %s, want a request for a snapshot", got)
	}
	if err := conn.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, _, _, err := conn.Read(t.Context()); err == nil {
		t.Error("a closed connection was read")
	}
}

// Only the headquarters' own CA and the right names get through, over TLS 1.3.
func TestIdentity(t *testing.T) {
	addr, good := serve(t, http.NotFoundHandler())
	stranger := newAuthority(t)
	wrongName := good.Clone()
	wrongName.ServerName = "t-02.hq-1"
	wrongCert := good.Clone()
	wrongCert.Certificates = []tls.Certificate{stranger.issue(gateway)}
	oldTLS := good.Clone()
	oldTLS.MinVersion, oldTLS.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	none := good.Clone()
	none.Certificates = nil
	for name, c := range map[string]*tls.Config{
		"another terminal": wrongName, "another CA": wrongCert, "TLS 1.2": oldTLS, "no certificate": none,
		"trusts another CA": GatewayTLS(stranger.issue(gateway), stranger.pool, terminalID),
	} {
		_, err := NewClient(addr, c).Health(t.Context())
		var answer *StatusError
		if err == nil || errors.As(err, &answer) {
			t.Errorf("%s: %v, want no connection", name, err)
		}
	}
	var answer *StatusError
	if _, err := NewClient(addr, good).Health(t.Context()); !errors.As(err, &answer) || answer.Status != http.StatusNotFound {
		t.Errorf("the right one: %v, want the answer 404", err)
	}
	if _, err := Dial(t.Context(), addr, good, Hello{Headquarters: "hq-1"}); !errors.As(err, &answer) {
		t.Errorf("Dial of a terminal without data plane: %v", err)
	}
}

func TestGatewayOfAnotherHeadquartersIsRefused(t *testing.T) {
	ca := newAuthority(t)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = TerminalTLS(ca.issue(terminalID), ca.pool, gateway)
	s.StartTLS()
	defer s.Close()
	c := NewClient(s.Listener.Addr().String(), GatewayTLS(ca.issue("t-02.hq-1"), ca.pool, terminalID))
	var answer *StatusError
	if _, err := c.Health(t.Context()); err == nil || errors.As(err, &answer) {
		t.Errorf("a terminal's certificate dialled another terminal: %v", err)
	}
}

func TestCheckSuite(t *testing.T) {
	for suite, ok := range map[uint16]bool{
		tls.TLS_AES_128_GCM_SHA256: true, tls.TLS_AES_256_GCM_SHA384: true, tls.TLS_CHACHA20_POLY1305_SHA256: false,
	} {
		err := CheckSuite(tls.ConnectionState{CipherSuite: suite})
		var p *stdif.Problem
		if (err == nil) != ok || err != nil && (!errors.As(err, &p) || p.Code != stdif.CodeTLS) {
			t.Errorf("%s: %v", tls.CipherSuiteName(suite), err)
		}
	}
}

// Both sides hold to the profile by themselves: the suite and the name are
// judged after each handshake, and no session is resumed past a revocation.
func TestBothSidesJudgeTheConnection(t *testing.T) {
	ca := newAuthority(t)
	leaf := func(name string) []*x509.Certificate {
		c, err := x509.ParseCertificate(ca.issue(name).Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		return []*x509.Certificate{c}
	}
	for other, c := range map[string]*tls.Config{
		terminalID: GatewayTLS(ca.issue(gateway), ca.pool, terminalID),
		gateway:    TerminalTLS(ca.issue(terminalID), ca.pool, gateway),
	} {
		state := tls.ConnectionState{CipherSuite: tls.TLS_AES_256_GCM_SHA384, PeerCertificates: leaf(other)}
		if err := c.VerifyConnection(state); err != nil {
			t.Errorf("%s: %v", other, err)
		}
		state.CipherSuite = tls.TLS_CHACHA20_POLY1305_SHA256
		if err := c.VerifyConnection(state); err == nil {
			t.Errorf("%s: ChaCha20-Poly1305 was taken", other)
		}
		state.CipherSuite, state.PeerCertificates = tls.TLS_AES_256_GCM_SHA384, leaf("t-09.hq-1")
		if err := c.VerifyConnection(state); err == nil {
			t.Errorf("%s: another name was taken", other)
		}
	}
}

func TestSessionsAreNotResumed(t *testing.T) {
	addr, settings := serve(t, http.NotFoundHandler())
	settings.SessionTicketsDisabled = false // a dialling side that would resume if it were let
	settings.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	for range 2 {
		conn, err := tls.Dial("tcp", addr, settings)
		if err != nil {
			t.Fatal(err)
		}
		// A ticket would come with the first answer.
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil {
			t.Fatal(err)
		}
		if conn.ConnectionState().DidResume {
			t.Error("resumed")
		}
		_ = conn.Close()
	}
}

func TestClient(t *testing.T) {
	photo := bytes.Repeat([]byte("photo"), 1000)
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+PathInputs, func(w http.ResponseWriter, r *http.Request) {
		wire, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read inputs: %v", err)
		}
		list, p := DecodeInputs(wire)
		if p != nil {
			t.Errorf("inputs: %v", p)
		}
		results := []stdif.InputResult{}
		for _, one := range list {
			results = append(results, stdif.InputResult{ID: one.Input.ID, Taken: one.Problem == nil, Problem: one.Problem})
		}
		_ = json.NewEncoder(w).Encode(results)
	})
	mux.HandleFunc("GET "+PathReports, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("report") {
		case "none":
			w.WriteHeader(http.StatusNoContent)
		case "bad":
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"type":"about:blank","code":403,"place":"/report","detail":"no such report"}`)
		default:
			_, _ = io.WriteString(w, "["+sample+`,{"v":"open/1"}]`)
		}
	})
	mux.HandleFunc("GET "+PathMedia+"{service}/{report}/{medium}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("report") != "a/b 1" {
			t.Errorf("report %q", r.PathValue("report"))
		}
		w.Header().Set("Content-Type", "image/jpeg")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(photo))
	})
	mux.HandleFunc("GET "+PathHealth, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(Health{TerminalID: terminalID, Through: 7})
	})
	addr, settings := serve(t, mux)
	c := NewClient(addr, settings)
	defer c.Close()

	ring := stdif.Input{ID: "i1", ServiceID: "s", ReportID: "r", Mode: stdif.Test, Verb: stdif.VerbRing, At: time.Now()}
	results, err := c.Inputs(t.Context(), []stdif.Input{ring, {ID: "i2"}})
	if err != nil || len(results) != 2 || !results[0].Taken || results[1].Taken || results[1].ID != "i2" {
		t.Errorf("Inputs = %+v, %v", results, err)
	}
	answers, err := c.Request(t.Context(), stdif.DataRequest{ServiceID: "net119.example"})
	if err != nil || len(answers) != 2 || answers[0].Inbound.Report.ID != "N-20260401-000017" || answers[0].Mode != stdif.Exercise {
		t.Fatalf("Request = %+v, %v", answers, err)
	}
	if raw := answers[1].Inbound.Raw; raw == nil || string(raw.Raw.Bytes) != `{"v":"open/1"}` || raw.Problem.Place != "/type" {
		t.Errorf("a frame that cannot be read = %+v, want it raw", answers[1].Inbound)
	}
	if none, err := c.Reports(t.Context(), stdif.DataRequest{ReportID: "none"}); err != nil || len(none) != 0 {
		t.Errorf("no report = %v, %v", none, err)
	}
	var p *stdif.Problem
	if _, err := c.Reports(t.Context(), stdif.DataRequest{ReportID: "bad"}); !errors.As(err, &p) || p.Code != stdif.CodeUnknownReport {
		t.Errorf("unknown report = %v, want 403", err)
	}
	if h, err := c.Health(t.Context()); err != nil || h.Through != 7 {
		t.Errorf("Health = %+v, %v", h, err)
	}
	for _, offset := range []int64{0, 4000} {
		body, info, err := c.Media(t.Context(), "s", "a/b 1", "m1", offset)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		if err != nil || !bytes.Equal(got, photo[offset:]) || info != (MediaInfo{"image/jpeg", offset, int64(len(photo))}) {
			t.Errorf("Media from %d = %d bytes, %+v, %v", offset, len(got), info, err)
		}
		if err := body.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// A stream of media that falls silent is given up by the caller's context too.
func TestMediaStops(t *testing.T) {
	gone := make(chan struct{})
	addr, settings := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begin")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	c := NewClient(addr, settings)
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	body, _, err := c.Media(ctx, "s", "r", "m", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(body, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := body.Read(make([]byte, 1)); err == nil {
		t.Error("read on after the end")
	}
	_ = body.Close()
	<-gone
}

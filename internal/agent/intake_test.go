package agent

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

const capAlert = `<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>CAP-1</identifier><sender>aacn@example.jp</sender><sent>2026-04-01T09:11:58+09:00</sent>
  <status>Exercise</status><msgType>Alert</msgType><scope>Private</scope><addresses>hq</addresses>
  <info><language>ja-JP</language><category>Safety</category><event>交通事故</event><urgency>Immediate</urgency>
  <severity>Severe</severity><certainty>Observed</certainty><description>車両が横転</description></info>
</alert>`

func TestIntakeAnswers(t *testing.T) {
	s := newSite(t, nil)
	body := func(change func(*stdif.Report)) []byte {
		r := newReport("N-1", 1)
		change(&r)
		return mustJSON(r)
	}
	same := body(func(*stdif.Report) {})
	actual := withMode(stdif.Actual)
	for _, c := range []struct {
		name    string
		service string
		header  http.Header
		body    []byte
		status  int
		code    stdif.Code
		kept    bool
	}{
		{"first", "net119", actual, same, 201, 0, false},
		{"the same again", "net119", actual, same, 200, 0, false},
		{"same revision, other content", "net119", actual, body(func(r *stdif.Report) { r.Text = "別" }), 409, stdif.CodeStaleRevision, true},
		{"mode changed", "net119", withMode(stdif.Test), body(func(r *stdif.Report) { r.Revision = 2 }), 409, stdif.CodeMode, true},
		{"later revision", "net119", actual, body(func(r *stdif.Report) { r.Revision = 3 }), 201, 0, false},
		{"the same number in another service is another report", "aacn", withMode(stdif.Test), same, 201, 0, false},
		{"CAP with its own mode", "aacn", http.Header{"Content-Type": {"application/cap+xml"}}, []byte(capAlert), 201, 0, false},
		{"CAP under a wrong label is read all the same", "aacn", http.Header{"Content-Type": {"application/json"}}, []byte(capAlert), 200, 0, false},
		{"no mode", "net119", asJSON, body(func(r *stdif.Report) { r.ID = "N-2" }), 422, stdif.CodeMode, true},
		{"truncated", "net119", actual, same[:len(same)-2], 422, stdif.CodeSyntax, true},
		{"empty", "net119", actual, nil, 422, stdif.CodeSyntax, true},
		{"invalid UTF-8", "net119", actual, []byte("{\"reportId\":\"\xff\"}"), 422, stdif.CodeEncoding, true},
		{"nested", "net119", actual, []byte(strings.Repeat("[", 100_000)), 422, stdif.CodeSyntax, true},
		{"no offset", "net119", actual, []byte(strings.Replace(string(same), "+09:00", "", 1)), 422, stdif.CodeTime, true},
		{"unknown format", "net119", http.Header{"Content-Type": {"application/x-unknown"}}, []byte("help"), 415, stdif.CodeSyntax, true},
		{"oversized", "net119", actual, bytes.Repeat([]byte("x"), stdif.MaxFrame+1), 413, stdif.CodeTooLarge, true},
		{"unknown credential", "nobody", actual, same, 401, stdif.CodeUnknownService, false},
	} {
		before := s.Spool().Through()
		a := s.do(c.service, "POST", open1.PathIntakeReports, c.header, c.body)
		if a.code != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, a.code, a.body, c.status)
			continue
		}
		spooled := s.Spool().Through() - before
		if c.code == 0 {
			if v := a.status(t); v.Step != stdif.Spooled || v.Say.Ja == "" || (c.status == 201) != (spooled == 1) {
				t.Errorf("%s: %+v, %d frames", c.name, v, spooled)
			}
			continue
		}
		if p := a.problem(t); p.Code != c.code || p.Kept != c.kept || c.kept != (spooled == 1) {
			t.Errorf("%s: %+v, %d frames, want code %d kept %v", c.name, p, spooled, c.code, c.kept)
		}
		if bytes.Contains(a.body, []byte("息が苦しい")) {
			t.Errorf("%s: the answer repeats what was sent", c.name)
		}
	}
	s.sound()
}

// What is over the limit is not cut in silence: the marker says what came.
func TestOversizedMarker(t *testing.T) {
	s := newSite(t, nil)
	wire := append([]byte(`{"reportId":"N-1","text":"`), bytes.Repeat([]byte("a"), 3*stdif.MaxFrame)...)
	s.do("net119", "POST", open1.PathIntakeReports, withMode(stdif.Exercise), wire)
	frames, err := s.Spool().Frames(t.Context(), 1, 1, 1)
	if err != nil || len(frames) != 1 || frames[0].Type != open1.TypeRaw || frames[0].Mode != stdif.Exercise {
		t.Fatalf("frames = %+v, %v", frames, err)
	}
	in, _, p := open1.DecodeBody(frames[0])
	if p != nil {
		t.Fatal(p)
	}
	sum := sha256.Sum256(wire)
	if d := in.Raw.Problem.Detail; !strings.Contains(d, fmt.Sprint(len(wire))) || !strings.Contains(d, hex.EncodeToString(sum[:])) {
		t.Errorf("marker says %q", d)
	}
	if !bytes.Equal(in.Raw.Raw.Bytes, wire[:keptHead]) {
		t.Errorf("%d bytes are kept", len(in.Raw.Raw.Bytes))
	}
}

// Pages of declared origins may hand over from the terminal's browser, others
// may not, and a preflight says yes to nobody else.
func TestCORS(t *testing.T) {
	s := newSite(t, nil)
	const declared = "https://net119.example"
	preflight := func(origin string) http.Header {
		return http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization,matoi-mode"},
			"Access-Control-Request-Private-Network": {"true"}, "Access-Control-Request-Local-Network": {"true"}}
	}
	for _, c := range []struct {
		name, service, method, origin string
		status                        int
		allowed                       bool
	}{
		{"preflight, declared", "", "OPTIONS", declared, 204, true},
		{"preflight, stranger", "", "OPTIONS", "https://evil.example", 403, false},
		{"preflight, another port", "", "OPTIONS", declared + ":8443", 403, false},
		{"preflight, http", "", "OPTIONS", "http://net119.example", 403, false},
		{"preflight, null", "", "OPTIONS", "null", 403, false},
		{"report, declared", "net119", "POST", declared, 201, true},
		{"report, stranger", "net119", "POST", "https://evil.example", 403, false},
		{"report, null", "net119", "POST", "null", 403, false},
		{"report, declared by another service", "aacn", "POST", declared, 403, false},
		{"report, declared, wrong credential: the page can read why", "nobody", "POST", declared, 401, true},
		{"report, no browser", "net119", "POST", "", 201, false},
	} {
		h := withMode(stdif.Test)
		if c.method == "OPTIONS" {
			h = preflight(c.origin)
		}
		if c.origin != "" {
			h.Set("Origin", c.origin)
		}
		a := s.do(c.service, c.method, open1.PathIntakeReports, h, mustJSON(newReport(c.name, 1)))
		allow := a.header.Get("Access-Control-Allow-Origin")
		if a.code != c.status || (allow == c.origin && allow != "") != c.allowed {
			t.Errorf("%s: %d, allow-origin %q, want %d, %v", c.name, a.code, allow, c.status, c.allowed)
		}
		if c.method == "OPTIONS" && c.allowed != (a.header.Get("Access-Control-Allow-Private-Network") == "true" && a.header.Get("Access-Control-Allow-Local-Network") == "true") {
			t.Errorf("%s: network answers %v", c.name, a.header)
		}
	}
}

// A stranger's name that was made to point to this machine is refused (DNS
// rebinding), and the services' face opens on no address that others reach.
func TestLoopbackOnly(t *testing.T) {
	s := newSite(t, nil)
	_, port, _ := net.SplitHostPort(s.intake.Addr().String())
	for host, want := range map[string]int{
		"evil.example": 421, "evil.example:" + port: 421, "192.0.2.1": 421, "127.0.0.1.evil.example": 421,
		"localhost:" + port: 200, "127.0.0.1": 200, "[::1]:" + port: 200,
	} {
		if a := s.do("", "GET", "/open", http.Header{"Host": {host}}, nil); a.code != want {
			t.Errorf("Host %s: %d, want %d", host, a.code, want)
		}
	}
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "terminal.example:0", "nonsense"} {
		a, err := Start(t.Context(), Config{Dir: t.TempDir(), Intake: addr, Reserve: -1})
		if err == nil {
			t.Errorf("Start on %s = nil, want refused", addr)
			_ = a.Close()
		}
	}
}

// Whoever sends a byte now and then is cut off and holds up nobody.
func TestSlowSenders(t *testing.T) {
	s := newSite(t, func(c *Config) { c.HeaderTime, c.BodyTime = 200*time.Millisecond, 200*time.Millisecond })
	for name, begin := range map[string]string{
		"header": "POST /intake/reports HTTP/1.1\r\nHost: localhost\r\n",
		"body": "POST /intake/reports HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + s.credential["net119"] +
			"\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
	} {
		c, err := net.Dial("tcp", s.intake.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, begin); err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(c)
		if err != nil {
			t.Errorf("slow %s: the connection stays open: %v (%q)", name, err, rest)
		}
		_ = c.Close()
	}
	s.report("net119", newReport("N-1", 1))
	if got := s.Spool().Through(); got != 1 {
		t.Errorf("spooled %d, want the one report that came whole", got)
	}
}

// More connections than the limit are closed, and room comes back.
func TestConnectionLimit(t *testing.T) {
	s := newSite(t, nil)
	var open []net.Conn
	for range maxConns + 20 {
		c, err := net.Dial("tcp", s.intake.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	last := open[len(open)-1]
	if err := last.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := last.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("connection %d is served: %v", len(open), err)
	}
	for _, c := range open {
		_ = c.Close()
	}
	s.until("a new connection is served", func() bool {
		res, err := s.http.Get(s.IntakeURL() + "/open")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestMediaIntake(t *testing.T) {
	duty(t, "S3-L8")
	s := newSite(t, nil)
	s.report("net119", newReport("N-1", 1))
	jpeg := append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF"), bytes.Repeat([]byte{7}, 200_000)...)
	mp4 := append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"), bytes.Repeat([]byte{9}, 1000)...)
	sum := sha256.Sum256(jpeg)
	digest := hex.EncodeToString(sum[:])
	for _, c := range []struct {
		name, report, medium, mime, digest string
		body                               []byte
		status                             int
		code                               stdif.Code
	}{
		{"picture", "N-1", "m1", "image/jpeg", digest, jpeg, 201, 0},
		{"the same again", "N-1", "m1", "image/jpeg", digest, jpeg, 200, 0},
		{"video", "N-1", "m2", "video/mp4", "", mp4, 201, 0},
		{"voice", "N-1", "m3", "audio/mpeg", "", []byte("ID3\x03"), 415, stdif.CodeVoice},
		{"voice that says it is a picture", "N-1", "m4", "image/jpeg", "", []byte("RIFF\x00\x00\x00\x00WAVEfmt "), 415, stdif.CodeVoice},
		{"wrong type", "N-1", "m5", "image/png", "", jpeg, 415, stdif.CodeMediaType},
		{"page", "N-1", "m6", "text/html", "", []byte("<script>"), 415, stdif.CodeMediaType},
		{"wrong digest", "N-1", "m7", "image/jpeg", strings.Repeat("0", 64), jpeg, 422, stdif.CodeMediaDigest},
		{"unknown report", "N-9", "m8", "image/jpeg", "", jpeg, 404, stdif.CodeUnknownReport},
	} {
		h := http.Header{"Content-Type": {c.mime}}
		if c.digest != "" {
			h.Set(DigestHeader, c.digest)
		}
		a := s.do("net119", "PUT", open1.PathIntakeReports+"/"+c.report+"/media/"+c.medium+"?label=%E7%97%87%E7%8A%B6", h, c.body)
		if a.code != c.status || c.code != 0 && a.problem(t).Code != c.code {
			t.Errorf("%s: %d %s, want %d %d", c.name, a.code, a.body, c.status, c.code)
		}
	}
	// The headquarters fetches it whole or from where a broken stream ended.
	g := s.gateway()
	for _, offset := range []int64{0, 1, 70_000, int64(len(jpeg)) - 1} {
		body, info, err := g.Media(t.Context(), "net119", "N-1", "m1", offset)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		if err != nil || info.Offset != offset || info.Total != int64(len(jpeg)) || info.MIME != "image/jpeg" || !bytes.Equal(got, jpeg[offset:]) {
			t.Errorf("from %d: %d bytes, %+v, %v", offset, len(got), info, err)
		}
		_ = body.Close()
	}
	if _, _, err := g.Media(t.Context(), "net119", "N-1", "none", 0); err == nil {
		t.Error("a medium that is not there was given")
	}
	s.sound()
}

// events reads a service's stream in the background.
type events struct {
	lines  chan event
	cancel func()
}

type event struct{ id, name, data string }

func (s *site) events(service, after string) *events {
	s.Helper()
	req, err := http.NewRequest("GET", s.IntakeURL()+open1.PathIntakeEvents, nil)
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.credential[service])
	if after != "" {
		req.Header.Set("Last-Event-ID", after)
	}
	res, err := s.http.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		s.Fatalf("events: %v %v", res, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	context.AfterFunc(ctx, func() { _ = res.Body.Close() })
	e := &events{lines: make(chan event, 1000), cancel: cancel}
	s.Cleanup(e.cancel)
	go func() {
		defer res.Body.Close()
		defer close(e.lines)
		var one event
		for sc := bufio.NewScanner(res.Body); sc.Scan(); {
			key, value, _ := strings.Cut(sc.Text(), ": ")
			switch key {
			case "id":
				one.id = value
			case "event":
				one.name = value
			case "data":
				one.data = value
			case "":
				if one.name != "" {
					e.lines <- one
				}
				one = event{}
			}
		}
	}()
	return e
}

// wait returns the first event that f wants.
func (e *events) wait(t testing.TB, what string, f func(event) bool) event {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case one, ok := <-e.lines:
			if !ok {
				t.Fatalf("the stream ended before %s", what)
			}
			if f(one) {
				return one
			}
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func (e *events) step(t testing.TB, report string, want stdif.AckStep) {
	t.Helper()
	e.wait(t, "step "+string(want), func(one event) bool {
		var v open1.Status
		return one.name == "status" && json.Unmarshal([]byte(one.data), &v) == nil && v.ReportID == report && v.Step == want
	})
}

func (e *events) input(t testing.TB, id string) event {
	t.Helper()
	return e.wait(t, "input "+id, func(one event) bool {
		var v stdif.Input
		return one.name == "input" && json.Unmarshal([]byte(one.data), &v) == nil && v.ID == id
	})
}

package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/matoi119/matoi/internal/pki"
	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
	dutytest "github.com/matoi119/matoi/test/duty"
)

var duty = dutytest.Holds

const hqID = "hq-example"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		runVictim(dir) // this process is the terminal that a test kills
		return
	}
	goleak.VerifyTestMain(m)
}

// site is a running terminal with its services, and the headquarters that may
// dial it.
type site struct {
	testing.TB
	*Agent
	dir        string
	config     Config
	credential map[string]string
	dial       *tls.Config
	member     *Member
	http       *http.Client
}

// newSite starts a terminal with two services: net119 takes input, aacn is
// output-only. change may alter the configuration.
func newSite(t testing.TB, change func(*Config)) *site {
	t.Helper()
	s := &site{TB: t, dir: t.TempDir(), credential: map[string]string{}, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	s.join()
	s.config = Config{Dir: filepath.Join(s.dir, "spool"), Intake: "127.0.0.1:0", Face: "127.0.0.1:0", Name: "通信室", Version: "test", Reserve: 1 << 16,
		LinkGrace: time.Nanosecond, Member: s.member}
	if change != nil {
		change(&s.config)
	}
	s.start()
	for _, v := range []spool.Service{{ID: "net119", Name: "Net119", Origins: []string{"https://net119.example"}}, {ID: "aacn", Name: "AACN", OutputOnly: true}} {
		c, err := s.Spool().AddService(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		s.credential[v.ID] = c
	}
	if err := s.serv.load(t.Context(), s.Spool()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.http.CloseIdleConnections()
		s.end()
	})
	return s
}

func (s *site) start() {
	s.Helper()
	a, err := Start(context.Background(), s.config)
	if err != nil {
		s.Fatalf("Start: %v", err)
	}
	s.Agent = a
}

func (s *site) end() {
	s.Helper()
	if s.Agent == nil {
		return
	}
	if err := s.Close(); err != nil {
		s.Errorf("Close: %v", err)
	}
	s.Agent = nil
}

// restart is what a reboot does to the terminal.
func (s *site) restart() {
	s.Helper()
	s.http.CloseIdleConnections()
	s.config.Intake, s.config.Face = s.intake.Addr().String(), s.FaceAddr() // the page's cookie is named by the port
	s.end()
	s.start()
}

// join enrols the terminal as the server would.
func (s *site) join() {
	s.Helper()
	ca, err := pki.OpenCA(filepath.Join(s.dir, "ca"), hqID, time.Now())
	if err != nil {
		s.Fatal(err)
	}
	dir := filepath.Join(s.dir, "member")
	e, err := pki.NewEnrolment(dir, pki.Proposal{TerminalID: "t-01", Name: "通信室"}, time.Now)
	if err != nil {
		s.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	served := make(chan *pki.Membership, 1)
	go func() {
		m, err := e.Serve(context.Background(), l)
		if err != nil {
			s.Error(err)
		}
		served <- m
	}()
	_, err = pki.Enrol(context.Background(), ca, pki.Enrolling{Address: l.Addr().String(), Code: e.Code(), HQName: "例示消防本部", Now: time.Now,
		Admit:  func(_ context.Context, p pki.Proposal) (string, error) { return p.TerminalID, nil },
		Commit: func(context.Context, pki.Enrolled) error { return nil }})
	m := <-served
	if err != nil || m == nil {
		s.Fatalf("enrol: %v", err)
	}
	h := pki.NewHolder(dir, m)
	s.member = &Member{TerminalID: m.TerminalID, Headquarters: m.Headquarters, HeadquartersName: m.HeadquartersName,
		TLS: pki.TerminalTLS(h.Membership), Renewal: h, RenewalPath: pki.PathRenewal}
	s.dial = pki.GatewayTLS(ca, ca.Gateway(time.Now), m.TerminalID, func(string) bool { return false })
}

// gateway asks over the headquarters' face.
func (s *site) gateway() *open1.Client {
	c := open1.NewClient(s.FaceAddr(), s.dial)
	s.Cleanup(c.Close)
	return c
}

var eventTime = time.Date(2026, 4, 1, 9, 11, 58, 0, time.FixedZone("JST", 9*3600))

func newReport(id string, revision int64) stdif.Report {
	return stdif.Report{ID: id, Revision: revision, EventTime: eventTime, Kind: stdif.IncidentType{Code: stdif.KindEMS, Label: "救急"}, Text: "息が苦しい"}
}

// answer is what came back for one request.
type answer struct {
	code   int
	header http.Header
	body   []byte
}

func (a answer) problem(t testing.TB) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("answer %d is no problem: %q", a.code, a.body)
	}
	return p
}

func (a answer) status(t testing.TB) open1.Status {
	t.Helper()
	var v open1.Status
	if err := json.Unmarshal(a.body, &v); err != nil || v.ReportID == "" {
		t.Fatalf("answer %d is no status: %q", a.code, a.body)
	}
	return v
}

// do sends one request as a service.
func (s *site) do(service, method, path string, header http.Header, body []byte) answer {
	s.Helper()
	req, err := http.NewRequest(method, s.IntakeURL()+path, bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for k, v := range header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	if service != "" {
		req.Header.Set("Authorization", "Bearer "+s.credential[service])
	}
	if h := header.Get("Host"); h != "" {
		req.Host = h
	}
	res, err := s.http.Do(req)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{res.StatusCode, res.Header, b}
}

var asJSON = http.Header{"Content-Type": {"application/json"}}

func withMode(m stdif.Mode) http.Header {
	return http.Header{"Content-Type": {"application/json"}, ModeHeader: {string(m)}}
}

// report hands over one report and wants it taken.
func (s *site) report(service string, r stdif.Report) {
	s.Helper()
	if a := s.do(service, "POST", open1.PathIntakeReports, withMode(stdif.Actual), mustJSON(r)); a.code != http.StatusCreated {
		s.Fatalf("report %s: %d %s", r.ID, a.code, a.body)
	}
}

func (s *site) chat(service, report, id, text string) answer {
	s.Helper()
	return s.do(service, "POST", open1.PathIntakeReports+"/"+report+"/chat", asJSON,
		mustJSON(stdif.ChatMessage{ID: id, ReportID: report, From: stdif.FromCaller, At: eventTime, Text: text}))
}

func (s *site) state(service, report string, v stdif.ServiceState) answer {
	s.Helper()
	return s.do(service, "POST", open1.PathIntakeReports+"/"+report+"/state", asJSON, mustJSON(stdif.ReportState{ReportID: report, State: v, At: eventTime}))
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return b
}

// sound asks the product's own verifier.
func (s *site) sound() {
	s.Helper()
	r, err := spool.Verify(context.Background(), s.config.Dir)
	if err != nil || !r.OK() {
		s.Fatalf("Verify: %v, findings %v", err, r.Findings)
	}
}

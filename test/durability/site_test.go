package durability

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
)

const (
	headquarters = "279999"
	serviceID    = "net119.example"
	terminalID   = "t-01"
)

// site is a headquarters with one terminal, one service and some consoles.
type site struct {
	*testing.T
	dir                   string
	hq, term              string // data directories
	listen, intake, face  string // addresses
	credential            string
	consoles              []*console
	server, terminal      *process
	reserve, spoolReserve int64
}

// newSite makes everything that has to be there before the processes start:
// the enrolment of terminal and consoles runs over the real protocol.
func newSite(t *testing.T, consoles int) *site {
	t.Helper()
	return siteAt(t, t.TempDir(), consoles)
}

func siteAt(t *testing.T, dir string, consoles int) *site {
	t.Helper()
	s := &site{
		T: t, dir: dir, hq: filepath.Join(dir, "hq"), term: filepath.Join(dir, "term"),
		listen: free(t), intake: free(t), face: free(t), reserve: 1 << 20, spoolReserve: 1 << 20,
	}
	h, err := app.OpenHouse(t.Context(), s.house())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	c := s.terminalConfig()
	if s.credential, err = app.AddService(t.Context(), c, serviceID, "ネット119", false, nil); err != nil {
		t.Fatal(err)
	}
	s.enrol(h, c)
	for i := range consoles {
		s.consoles = append(s.consoles, s.seat(h, i))
	}
	return s
}

func (s *site) house() app.HouseConfig {
	return app.HouseConfig{HQ: headquarters, Name: "例示消防本部", Dir: s.hq, Reserve: s.reserve}
}

func (s *site) terminalConfig() app.TerminalConfig {
	return app.TerminalConfig{Dir: s.term, ID: terminalID, Name: "通信室端末", Intake: s.intake, Face: s.face, Version: "test", Reserve: s.spoolReserve, Log: quiet()}
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func (s *site) enrol(h *app.House, c app.TerminalConfig) {
	s.Helper()
	code, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- app.EnrolHere(context.WithoutCancel(s.Context()), c, func(v string, _ time.Time) { code <- v })
	}()
	select {
	case err := <-done:
		s.Fatal(err)
	case typed := <-code:
		if _, err := h.EnrolTerminal(s.Context(), act.CommandLine(), terminal.Terminal{Name: c.Name, Place: "通信室", Address: c.Face}, typed); err != nil {
			s.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		s.Fatal(err)
	}
}

// seat enrols a console and logs a person in on it.
func (s *site) seat(h *app.House, n int) *console {
	s.Helper()
	return s.seatAs(h, n, staff.Dispatcher)
}

func (s *site) seatAs(h *app.House, n int, roles ...staff.Role) *console {
	s.Helper()
	account, password := "p"+strconv.Itoa(n), "pass-"+uuid.NewString()
	name := "指令台" + strconv.Itoa(n+1)
	p, err := h.Acts.AddPerson(s.Context(), act.CommandLine(), account, "係員 "+strconv.Itoa(n+1), password, roles)
	if err != nil {
		s.Fatal(err)
	}
	code, err := h.IssueConsole(s.Context(), "", name, false)
	if err != nil {
		s.Fatal(err)
	}
	seat, secret, err := h.Acts.JoinConsole(s.Context(), act.Machine(authz.KindStranger), code)
	if err != nil {
		s.Fatal(err)
	}
	_, token, err := h.Acts.LogIn(s.Context(), act.Who{Principal: authz.OfConsole(seat.ID), Console: seat.ID}, account, password)
	if err != nil {
		s.Fatal(err)
	}
	return newConsole(identity{
		Base: "https://" + s.listen, Authority: string(h.CA.PEM()), Console: seat.ID, Secret: secret, Token: token,
		Name: name, Person: p.Name,
	})
}

func (s *site) startServer() {
	s.Helper()
	s.server = launch(s.T, "server", filepath.Join(s.dir, "server.log"), "server", "--hq", headquarters, "--name", "例示消防本部",
		"--data", s.hq, "--listen", s.listen, "--reserve", strconv.FormatInt(s.reserve, 10))
}

func (s *site) startTerminal() {
	s.Helper()
	s.terminal = launch(s.T, "terminal", filepath.Join(s.dir, "terminal.log"), "terminal", "run", "--data", s.term,
		"--intake", s.intake, "--face", s.face, "--reserve", strconv.FormatInt(s.spoolReserve, 10))
}

// service is a client of the terminal's intake with connections of its own.
func (s *site) service() *intake.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 8, ResponseHeaderTimeout: 10 * time.Second}
	s.Cleanup(tr.CloseIdleConnections)
	return &intake.Client{Base: "http://" + s.intake, Credential: s.credential, HTTP: &http.Client{Transport: tr, Timeout: 15 * time.Second}}
}

func newReport(id string) stdif.Report {
	return stdif.Report{
		ID: id, Revision: 1, EventTime: time.Now(), Kind: stdif.IncidentType{Code: stdif.KindOther, Label: "試験"}, Text: "煙が出ています",
		Locations: []stdif.Location{{Role: "caller", Shape: "civic", Label: "現在地", Civic: &stdif.Civic{Prefecture: "大阪府", City: "例示市", Line: "本町1"}}},
	}
}

// send hands a report over and fails the test when the terminal does not take it.
func (s *site) send(c *intake.Client, r stdif.Report) {
	s.Helper()
	a, err := c.Report(s.Context(), stdif.Actual, r)
	if err != nil || !a.Taken() {
		s.Fatalf("report %s: %d, %v %s", r.ID, a.Code, err, a.Body)
	}
}

// step asks the terminal how far a report has come.
func (s *site) step(c *intake.Client, id string) stdif.AckStep {
	a, err := c.Status(s.Context(), id)
	if err != nil || a.Status == nil {
		return ""
	}
	return a.Status.Step
}

// free finds an address that nobody uses now. The processes keep it over their
// lives, because the headquarters knows the terminal by it.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

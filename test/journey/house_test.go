package journey

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
)

// house is a real headquarters: HTTPS with its own authority, one terminal, one
// service, one person and a code for one console.
type house struct {
	s       *scene
	c       app.ServerConfig
	server  *app.Server
	service *intake.Client
	given   map[string]any
}

const (
	account  = "sato"
	password = "correct horse battery 119"
)

// newHouse keeps the headquarters' data in dir.
func (s *scene) newHouse(dir string, reserve int64) *house {
	h := &house{s: s, c: app.ServerConfig{Listen: "127.0.0.1:0", Version: "journey", Log: s.log.With("part", "server"), Media: s.media,
		HouseConfig: app.HouseConfig{HQ: "279999", Name: "例示消防本部", Dir: dir, Reserve: reserve}}}
	h.start()
	s.t.Cleanup(h.stopped)
	u, err := url.Parse(h.server.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	h.c.Listen = u.Host // the same address after a restart
	if _, err := h.server.AddPerson(s.t.Context(), account, "佐藤 一郎", password, []string{"dispatcher"}); err != nil {
		s.t.Fatal(err)
	}
	console := "01900000-0000-7000-8000-000000000001"
	code, err := h.server.IssueConsole(s.t.Context(), console, "指令台1", false)
	if err != nil {
		s.t.Fatal(err)
	}
	h.given = map[string]any{"server": h.server.URL(), "code": code, "account": account, "password": password, "person": "佐藤 一郎", "consoleId": console}
	h.terminal()
	return h
}

func (h *house) start() {
	h.s.t.Helper()
	server, err := app.StartServer(context.WithoutCancel(h.s.t.Context()), h.c)
	if err != nil {
		h.s.t.Fatal(err)
	}
	h.server = server
}

func (h *house) stopped() {
	if h.server == nil {
		return
	}
	if err := h.server.Close(); err != nil {
		h.s.t.Error(err)
	}
	h.server = nil
}

// terminal enrols and starts the terminal, as its engineer would.
func (h *house) terminal() {
	t := h.s.t
	face, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := face.Addr().String()
	if err := face.Close(); err != nil {
		t.Fatal(err)
	}
	c := app.TerminalConfig{Dir: t.TempDir(), ID: "t-01", Name: "文字通報端末", Intake: "127.0.0.1:0", Face: address, Version: "journey", Log: h.s.log.With("part", "t-01")}
	credential, err := app.AddService(t.Context(), c, "text.example", "文字通報（模擬）", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	shown, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- app.EnrolHere(t.Context(), c, func(code string, _ time.Time) { shown <- code }) }()
	if _, err := h.server.Enrol(t.Context(), address, <-shown, c.Name, "通信室", "201"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	a, err := app.StartTerminal(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	h.service = &intake.Client{Base: a.IntakeURL(), Credential: credential, HTTP: &http.Client{Timeout: 10 * time.Second}}
}

// acts are what the service does.
func (h *house) acts() map[string]act {
	return map[string]act{"report": h.report, "step": h.step}
}

func (h *house) report(ctx context.Context, in json.RawMessage) (any, error) {
	var what struct{ ID, Text string }
	if err := json.Unmarshal(in, &what); err != nil {
		return nil, err
	}
	answer, err := h.service.Report(ctx, stdif.Actual, stdif.Report{ID: what.ID, Revision: 1, EventTime: time.Now().Truncate(time.Millisecond),
		Kind: stdif.IncidentType{Code: stdif.KindEMS}, Text: what.Text})
	if err == nil && !answer.Taken() {
		err = fmt.Errorf("the terminal answered %d", answer.Code)
	}
	return nil, err
}

func (h *house) step(ctx context.Context, in json.RawMessage) (any, error) {
	var what struct{ ID string }
	if err := json.Unmarshal(in, &what); err != nil {
		return nil, err
	}
	answer, err := h.service.Status(ctx, what.ID)
	if err != nil {
		return nil, err
	}
	if answer.Status == nil {
		return nil, fmt.Errorf("the terminal answered %d", answer.Code)
	}
	return answer.Status.Step, nil
}

// The server is gone for a while, and comes back.
func TestServerGone(t *testing.T) {
	s := newScene(t)
	h := s.newHouse(t.TempDir(), 1<<20)
	acts := h.acts()
	acts["stopServer"] = do(func(context.Context) error { h.stopped(); return nil })
	acts["startServer"] = do(func(context.Context) error { h.start(); return nil })
	s.play("server_gone.mjs", h.given, acts)
}

// A browser becomes a console, a person logs in, and both are taken away by
// the command line beside the running server.
func TestEnrolConsole(t *testing.T) {
	s := newScene(t)
	h := s.newHouse(t.TempDir(), 1<<20)
	acts := h.acts()
	acts["command"] = h.command(program(t))
	s.play("enrol_console.mjs", h.given, acts)
}

// program builds the command.
func program(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "matoi")
	build(t, path)
	return path
}

// command runs a command of the headquarters on its data.
func (h *house) command(program string) act {
	return func(ctx context.Context, in json.RawMessage) (any, error) {
		var what struct{ Args []string }
		if err := json.Unmarshal(in, &what); err != nil {
			return nil, err
		}
		return nil, run(ctx, program, append(os.Environ(), "MATOI_HQ="+h.c.HQ, "MATOI_NAME="+h.c.Name, "MATOI_DATA="+h.c.Dir), what.Args...)
	}
}

package app_test

import (
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/matoi119/matoi/check"
	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/internal/terminal"
)

// The credential that the headquarters' directory gives is the one with which an
// enrolled terminal lets the acceptance test in, beside everything else.
func TestAcceptanceOfAnEnrolledTerminal(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	face := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	c := app.TerminalConfig{Dir: filepath.Join(dir, "t"), ID: "t-01", Name: "通信室", Intake: "127.0.0.1:0", Face: face, Reserve: 1 << 16, Version: "test", Log: slog.New(slog.DiscardHandler)}
	h, err := app.OpenHouse(ctx, app.HouseConfig{HQ: "279999", Name: "例示消防本部", Dir: filepath.Join(dir, "hq"), Reserve: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}()
	credential, err := app.AddService(ctx, c, "check.example", "受入試験", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	code, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- app.EnrolHere(ctx, c, func(v string, _ time.Time) { code <- v }) }()
	if _, err := h.EnrolTerminal(ctx, act.CommandLine(), terminal.Terminal{Name: "通信室", Place: "通信室", Address: face}, <-code); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	term, err := app.StartTerminal(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := term.Close(); err != nil {
			t.Error(err)
		}
	}()
	d, err := h.Dial(ctx, "t-01")
	if err != nil || d.Watched {
		t.Fatalf("Dial: %+v, %v", d, err)
	}
	r, err := check.Run(ctx, check.Target{Profile: "open/1", Address: d.Address, Headquarters: "279999", TLS: d.TLS},
		check.Options{Service: &check.Intake{Base: term.IntakeURL(), Credential: credential}, Only: []string{"C221a", "C221b", "C221c", "C131a", "C131b", "C131c", "C132", "D-01", "C121a"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.Tests {
		want := check.Pass
		if x.ID == "C121a" { // this terminal has no screen
			want = check.Fail
		}
		if x.Answer != want {
			t.Errorf("%s = %s (%s), want %s: %+v", x.ID, x.Answer, x.Because.En, want, x.Evidence)
		}
	}
}

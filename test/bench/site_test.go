package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/internal/store/postgres/postgrestest"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/load"
)

// site is a headquarters with one terminal, its services and its consoles:
// three processes with this one, which is services and consoles.
type site struct {
	server, terminal *process
	services         []*intake.Client
	consoles         []*load.Console
}

// shape says how large a site is.
type shape struct {
	postgres           string
	services, consoles int
	screen             string // of the terminal
}

const account, password = "bench", "long enough for a measurement"

// open enrols a terminal as an engineer would, starts both processes, and takes
// every seat.
func open(b testing.TB, o shape) *site {
	b.Helper()
	dir := b.TempDir()
	hq := role{Role: "server", Dir: filepath.Join(dir, "headquarters"), Postgres: o.postgres}
	at := role{Role: "terminal", Dir: filepath.Join(dir, "terminal"), Face: freeAddress(b), Screen: o.screen}
	s := new(site)
	pool := x509.NewCertPool()
	var codes []string
	within(b, hq, func(ctx context.Context, h *app.House) error {
		pool.AppendCertsFromPEM(h.CA.PEM())
		if _, err := h.AddPerson(ctx, account, "計測", password, []string{"dispatcher"}); err != nil {
			return err
		}
		for i := range o.consoles {
			code, err := h.IssueConsole(ctx, "", fmt.Sprintf("指令台%02d", i+1), false)
			if err != nil {
				return err
			}
			codes = append(codes, code)
		}
		return s.enrol(ctx, h, at, o.services)
	})
	s.server = start(b, hq)
	s.terminal = start(b, at)
	for _, c := range s.services {
		c.Base = s.terminal.address
	}
	s.seat(b, codes, pool)
	return s
}

func within(b testing.TB, hq role, use func(context.Context, *app.House) error) {
	b.Helper()
	h, err := app.OpenHouse(b.Context(), hq.house())
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(use(b.Context(), h), h.Close()); err != nil {
		b.Fatal(err)
	}
}

func (s *site) enrol(ctx context.Context, h *app.House, at role, services int) error {
	c := at.terminal()
	for i := range services {
		credential, err := app.AddService(ctx, c, fmt.Sprintf("service-%d.example", i+1), "計測", false, nil)
		if err != nil {
			return err
		}
		pooled := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
		s.services = append(s.services, &intake.Client{Credential: credential, HTTP: pooled})
	}
	code, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- app.EnrolHere(ctx, c, func(text string, _ time.Time) { code <- text }) }()
	select {
	case err := <-done:
		return err
	case typed := <-code:
		if _, err := h.Enrol(ctx, at.Face, typed, "計測端末", "通信室", ""); err != nil {
			return err
		}
	}
	return <-done
}

// seat takes every seat and logs a person in, a few at a time: a log-in costs
// what it must cost (PBKDF2).
func (s *site) seat(b testing.TB, codes []string, pool *x509.CertPool) {
	b.Helper()
	s.consoles = make([]*load.Console, len(codes))
	fails := make([]error, len(codes))
	var wg sync.WaitGroup
	turns := make(chan struct{}, cores())
	for i, code := range codes {
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			jar, err := cookiejar.New(nil)
			if err != nil {
				fails[i] = err
				return
			}
			// A transport of its own for each: browsers do not share connections.
			client := &http.Client{Jar: jar, Transport: &http.Transport{ForceAttemptHTTP2: true,
				TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}}
			s.consoles[i], fails[i] = load.Enrol(b.Context(), s.server.address, client, code, account, password)
		})
	}
	wg.Wait()
	if err := errors.Join(fails...); err != nil {
		b.Fatal(err)
	}
}

func freeAddress(b testing.TB) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// pg is started by the first benchmark that wants it.
var pg struct {
	once sync.Once
	at   *postgrestest.Server
	stop func()
	err  error
}

func postgres(b testing.TB) string {
	b.Helper()
	pg.once.Do(func() { pg.at, pg.stop, pg.err = postgrestest.Start() })
	if pg.err != nil {
		b.Skipf("no PostgreSQL: %v", pg.err)
	}
	return pg.at.Database(b)
}

func stopPostgres() {
	if pg.stop != nil {
		pg.stop()
	}
}

// engines are the stores that everything is measured on.
func engines(b testing.TB) []engine {
	return []engine{{"SQLite", func() string { return "" }}, {"PostgreSQL", func() string { return postgres(b) }}}
}

type engine struct {
	name string
	dsn  func() string
}

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/gateway"
	"github.com/matoi119/matoi/internal/httpapi"
	"github.com/matoi119/matoi/internal/media"
	"github.com/matoi119/matoi/internal/outbox"
	"github.com/matoi119/matoi/internal/pki"
	"github.com/matoi119/matoi/internal/recording"
	"github.com/matoi119/matoi/internal/sandbox"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/internal/wake"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// ServerConfig is a headquarters with its door for consoles.
type ServerConfig struct {
	HouseConfig
	Listen string   // address of the consoles' door, HTTPS
	Names  []string // names in the door's certificate; the address itself is always in it
	// ClientListen is the address of the door that asks clients for a certificate;
	// "" = none: credentials with a pinned certificate then open nothing.
	ClientListen string
	// Webhooks may go to these networks, none = the private ones; WebhookCA adds an
	// authority (PEM) to the headquarters' own for their receivers.
	WebhookNetworks []string
	WebhookCA       string
	Bell            string // URL of the house's bell on the command LAN; "" = none
	// Paper is a directory that takes the open list as a page to print, every
	// PaperEvery: personal data in clear. "" = none.
	Paper      string
	PaperEvery time.Duration
	Media      MediaConfig
	Recording  RecordingConfig
	Version    string
	Log        *slog.Logger

	Exchange string // address of the exchange with other headquarters; "" = none comes in
	// ExchangePatience is how long a message for another headquarters may wait
	// before people are told; 0 = the default.
	ExchangePatience time.Duration

	// loopback is set by the demo alone: plain HTTP on a loopback address.
	loopback bool
}

// Server is a running headquarters.
type Server struct {
	*House
	c        ServerConfig
	gateway  *gateway.Gateway
	recorder *recording.Recorder
	media    *media.Worker
	sandbox  *sandbox.Sandbox
	api      *httpapi.Server
	shown    *pki.Shown
	clock    *clock

	handover *handover

	listener net.Listener
	clients  net.Listener // nil without a second door
	http     *http.Server
	stop     context.CancelFunc
	running  sync.WaitGroup
	failed   chan error
}

// StartServer opens the house, dials its terminals and answers its consoles
// until Close.
func StartServer(ctx context.Context, c ServerConfig) (_ *Server, err error) {
	s := &Server{c: c, failed: make(chan error, 8), clock: newClock(c.Log)}
	if s.House, err = OpenHouse(ctx, c.HouseConfig); err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	bell := new(lateBell)
	s.sandbox = &sandbox.Sandbox{Self: c.Media.Child}
	if s.recorder, err = s.newRecorder(); err != nil {
		return nil, err
	}
	s.gateway = s.newGateway(bell)
	if s.media, err = s.newMedia(); err != nil {
		return nil, err
	}
	if s.api, err = s.newAPI(); err != nil {
		return nil, err
	}
	bell.Bell = s.api
	if s.handover, err = s.newHandover(); err != nil {
		return nil, err
	}
	if s.listener, err = s.listen(); err != nil {
		return nil, err
	}
	if s.clients, err = s.listenClients(ctx); err != nil {
		return nil, err
	}
	if err := s.Store.KeepReserve(); err != nil {
		c.Log.Warn("no room for the reserve", "err", err)
	}
	s.start(run)
	return s, nil
}

// lateBell joins gateway and API, which need each other.
type lateBell struct{ gateway.Bell }

func (s *Server) newGateway(bell gateway.Bell) *gateway.Gateway {
	settings := s.dialling(s.CA.Gateway(s.House.c.Now))
	screens := gateway.ScreenConfig{Acts: s.Acts, Store: s.Store, Table: store.LeaseTable, Record: screenRecorder{s.recorder}}
	return gateway.New(gateway.Config{Screens: screens, Headquarters: s.House.c.HQ, Name: s.House.c.Name, TLS: settings, Acts: s.Acts, Store: s.Store,
		Bell: bell, Now: s.House.c.Now, Jitter: rand.Float64, Log: s.c.Log,
		Code: func(err error) stdif.Code {
			if p := pki.Problem(err); p != nil {
				return p.Code
			}
			return 0
		},
		Renew: func(ctx context.Context, id, address string) error { return s.renew(ctx, id, address, settings(id)) }})
}

// renew gives a terminal a fresh certificate when its present one is due.
func (s *Server) renew(ctx context.Context, id, address string, settings *tls.Config) error {
	var leaf string
	due := false
	look := settings.Clone()
	verify := look.VerifyConnection
	look.VerifyConnection = func(state tls.ConnectionState) error {
		if err := verify(state); err != nil {
			return err
		}
		leaf, due = pki.Serial(state.PeerCertificates[0]), pki.Due(state.PeerCertificates[0], s.House.c.Now())
		return nil
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: look}, Timeout: open1.RequestTimeout}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+open1.PathHealth, nil)
	if err != nil {
		return fmt.Errorf("renew: %w", err)
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("renew: %w", err)
	}
	if err := res.Body.Close(); err != nil || !due {
		return err
	}
	_, err = pki.Renew(ctx, s.CA, pki.Renewal{Client: client, Base: "https://" + address, TerminalID: id, Now: s.House.c.Now,
		Commit: func(ctx context.Context, serial string) error {
			return s.Acts.Renew(ctx, act.Gateway(), id, leaf, serial)
		}})
	return err
}

func (s *Server) newAPI() (*httpapi.Server, error) {
	return httpapi.New(httpapi.Config{Headquarters: s.House.c.HQ, Name: s.House.c.Name, Version: s.c.Version, Store: s.Store, Acts: s.Acts,
		May: s.May, Links: links{s.gateway}, Screens: screens{s.gateway}, Media: copies{s.media}, Recordings: s.recorder, Enrol: s.enrol, Health: s.Health, Pages: consolePages(), Maps: maps{s.Shelf()}, Now: s.House.c.Now, Log: s.c.Log})
}

// links shows the gateway to the API.
type links struct{ g *gateway.Gateway }

func (l links) Info(id string) httpapi.LinkInfo { return httpapi.LinkInfo(l.g.Info(id)) }
func (l links) Ready(id string) bool            { return l.g.Ready(id) }
func (l links) Live(ctx context.Context, terminalID, service, report string, after int64) (httpapi.LiveFrame, bool, error) {
	p, ok, err := l.g.Live(ctx, terminalID, service, report, after)
	return httpapi.LiveFrame(p), ok, err
}

func (s *Server) enrol(ctx context.Context, who act.Who, e httpapi.Enrolling) (terminal.Terminal, error) {
	t, err := s.EnrolTerminal(ctx, who, terminal.Terminal{Name: e.Name, Place: e.Place, Phone: e.Phone, Address: e.Address}, e.Code)
	if err == nil {
		s.gateway.Follow()
	}
	return t, err
}

// listen opens the consoles' door: HTTPS with a certificate of the
// headquarters' own authority.
func (s *Server) listen() (net.Listener, error) {
	l, err := net.Listen("tcp", s.c.Listen)
	if err != nil {
		return nil, fmt.Errorf("open the consoles' door: %w", err)
	}
	if s.c.loopback {
		if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
			return nil, errors.Join(errors.New("the demo answers on loopback only"), l.Close())
		}
		return l, nil
	}
	names, ips := certified(s.c.Names, l.Addr())
	s.shown = s.CA.Consoles(names, ips, s.House.c.Now)
	return tls.NewListener(l, pki.ConsoleTLS(s.shown)), nil
}

// certified splits names from addresses and adds the address of the door.
func certified(words []string, at net.Addr) (names []string, ips []net.IP) {
	if a, ok := at.(*net.TCPAddr); ok && !a.IP.IsUnspecified() {
		ips = append(ips, a.IP)
	}
	for _, w := range words {
		if ip := net.ParseIP(w); ip != nil {
			ips = append(ips, ip)
		} else {
			names = append(names, w)
		}
	}
	if len(names) == 0 {
		names = []string{"localhost"}
	}
	return names, ips
}

const (
	headerTime = 5 * time.Second
	idleTime   = 2 * time.Minute
	closeTime  = 5 * time.Second
	keepEvery  = 10 * time.Second
)

// start runs every part; each ends with ctx.
func (s *Server) start(ctx context.Context) {
	s.http = &http.Server{Handler: s.api, ReadHeaderTimeout: headerTime, ReadTimeout: 30 * time.Second, IdleTimeout: idleTime, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(s.c.Log.Handler(), slog.LevelDebug)} // scans and broken handshakes
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	s.http.Protocols.SetHTTP2(true)
	s.running.Go(func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("the consoles' door: %w", err)
		}
	})
	for name, part := range map[string]func(context.Context) error{
		"feed":       s.api.Run,
		"gateway":    s.gateway.Run,
		"media":      s.media.Run,
		"recordings": s.recorder.Run,
		"wake": func(ctx context.Context) error {
			wake.Run(ctx, s.Acts, s.Store.Reports(), s.Store.Now, s.c.Log)
			return nil
		},
		"claims": func(ctx context.Context) error {
			wake.Claims(ctx, s.Acts, s.Store.Panel(), s.api, s.c.Log)
			return nil
		},
		"paper":    s.keepPaper,
		"bell":     s.ringBell,
		"clients":  s.serveClients,
		"answers":  s.forgetAnswers,
		"webhooks": s.serveWebhooks,
		"reserve":  s.keepReserve,
		"clock":    s.clock.run,
		"peers":    s.handover.run,
	} {
		s.running.Go(func() {
			if err := part(ctx); err != nil && ctx.Err() == nil {
				s.failed <- fmt.Errorf("%s: %w", name, err)
			}
		})
	}
}

func (s *Server) ringBell(ctx context.Context) error {
	if s.c.Bell == "" {
		<-ctx.Done()
		return nil
	}
	b := &outbox.Bell{URL: s.c.Bell, Client: &http.Client{Timeout: closeTime}}
	b.Run(ctx, s.Acts, s.Store, s.c.Log)
	return nil
}

func (s *Server) keepReserve(ctx context.Context) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.Store.Recover(ctx); err != nil && ctx.Err() == nil {
				s.c.Log.Error("the store cannot write", "err", err)
				continue
			}
			if err := s.Store.KeepReserve(); err != nil {
				s.c.Log.Warn("no room for the reserve", "err", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// URL is where consoles reach the server.
func (s *Server) URL() string {
	if s.c.loopback {
		return "http://localhost:" + port(s.listener.Addr())
	}
	return "https://" + s.listener.Addr().String()
}

func port(a net.Addr) string {
	_, p, _ := net.SplitHostPort(a.String())
	return p
}

// Failed tells when a part stopped by itself: the program should end and be
// started again by its supervisor.
func (s *Server) Failed() <-chan error { return s.failed }

// Close stops every part, commits what waits and closes the store.
func (s *Server) Close() error {
	s.stop()
	var err error
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		if e := s.http.Shutdown(ctx); e != nil {
			err = s.http.Close()
		}
	} else {
		for _, l := range []net.Listener{s.listener, s.clients} {
			if l != nil {
				err = errors.Join(err, l.Close())
			}
		}
	}
	s.running.Wait()
	return errors.Join(err, s.handover.close(), s.House.Close())
}

// Health says how every part is, without any report.
func (s *Server) Health(ctx context.Context) httpapi.Health {
	h := httpapi.Health{OK: true, Version: s.c.Version, Now: s.House.c.Now(), Parts: map[string]string{}, Outbox: map[string]int64{}, Terminal: map[string]string{}}
	bad := func(part, what string) { h.OK, h.Parts[part] = false, what }
	h.Parts["store"] = "ok"
	if err := s.Store.Fault(); err != nil {
		bad("store", "cannot write")
	}
	var err error
	if h.Stored, h.Shown, err = s.Store.Reports().Counts(ctx); err != nil {
		bad("store", "cannot read")
	}
	h.Parts["reserve"] = "ok"
	if !s.Store.ReserveHeld() {
		bad("reserve", "the disk is too full to hold space back")
	}
	h.Parts["clock"] = s.clock.say()
	h.Parts["bell"] = "ok"
	if s.c.Bell == "" {
		h.Parts["bell"] = "no bell is configured: alarms wait in the outbox"
	}
	h.Parts["pictures"], h.Parts["videos"] = s.mediaHealth(ctx)
	h.Parts["map"] = s.mapHealth()
	h.Parts["recordings"] = s.recordingHealth()
	waiting, err := s.Store.OutboxWaiting(ctx)
	if err != nil {
		bad("store", "cannot read")
	}
	for _, w := range waiting {
		h.Outbox[w.Destination] = w.Count
	}
	found, err := s.Store.Terminals().Links(ctx)
	if err != nil {
		bad("store", "cannot read")
	}
	for _, l := range found {
		h.Terminal[l.TerminalID] = string(l.Shown())
	}
	return h
}

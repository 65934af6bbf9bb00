package agent

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/matoi119/matoi/internal/agent/guardian"
	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/cap"
	"github.com/matoi119/matoi/stdif/eido"
	"github.com/matoi119/matoi/stdif/multipart"
	"github.com/matoi119/matoi/stdif/notice"
	"github.com/matoi119/matoi/stdif/open1"
	"github.com/matoi119/matoi/stdif/pidf"
	"github.com/matoi119/matoi/stdif/veds"
)

// Config of a terminal. Dir and Intake are required.
type Config struct {
	Dir     string // of the spool
	Intake  string // address of the services' face; loopback only, port 0 picks one
	Face    string // address of the headquarters' face
	Name    string // shown on the page, for example 通信室 Net119端末
	Version string // of the program, for health
	Log     *slog.Logger

	// Member is the terminal's membership; nil before enrolment. Join adds it later.
	Member *Member
	// Enrolled is asked every second while there is no Member: another process
	// may enrol this terminal, and nothing has to be restarted then. May be nil.
	Enrolled func() (*Member, error)

	// Codecs are the formats that services may hand in; all of stdif when nil.
	Codecs []stdif.Codec

	Reserve int64                // see spool.Options
	Elapsed func() time.Duration // see spool.Options

	// LinkGrace is how long the link may be down before every new report rings
	// at this terminal's own page. Default 10 s.
	LinkGrace time.Duration
	// Screen is the screen that headquarters may see and operate; nil: there is none.
	// Its Changed and Log are the agent's own.
	Screen *guardian.Config

	// HeaderTime and BodyTime bound how slowly a service may send. Defaults 5 s, 10 s.
	HeaderTime, BodyTime time.Duration
}

// Member is what an enrolled terminal is to its headquarters.
type Member struct {
	TerminalID       string
	Headquarters     string
	HeadquartersName string
	// TLS admits nobody but the gateway of the headquarters.
	TLS *tls.Config
	// Renewal takes a renewed certificate; served below RenewalPath. May be nil.
	Renewal     http.Handler
	RenewalPath string
}

// Agent is a running terminal.
type Agent struct {
	c     Config
	log   *slog.Logger
	spool *spool.Spool
	hub   *hub
	link  link
	page  page
	serv  services
	live  lives

	screen *guardian.Keeper // nil: none

	intake  net.Listener
	member  atomic.Pointer[Member]
	face    net.Listener
	joining sync.Mutex
	unsaved unsaved
	bells   bells

	ctx     context.Context // ends with Close; a server's base context, not a call's
	stop    context.CancelFunc
	running sync.WaitGroup
	working sync.RWMutex // held for reading by each request
	servers []*http.Server
	failed  chan error
}

// Start opens the spool and both faces. The agent runs until Close.
func Start(ctx context.Context, c Config) (_ *Agent, err error) {
	a := &Agent{c: c.withDefaults(), hub: newHub(), failed: make(chan error, 4)}
	a.log = a.c.Log
	a.link.since = time.Now()
	a.ctx, a.stop = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	terminal := ""
	if c.Member != nil {
		terminal = c.Member.TerminalID
	}
	a.spool, err = spool.Open(ctx, spool.Options{Dir: c.Dir, Terminal: terminal, Reserve: c.Reserve, Log: a.log,
		Notify: a.hub.notify, Elapsed: c.Elapsed})
	if err != nil {
		return nil, err
	}
	if err := a.serv.load(ctx, a.spool); err != nil {
		return nil, err
	}
	if err := a.page.load(ctx, a.spool); err != nil {
		return nil, err
	}
	if a.intake, err = listenLoopback(ctx, c.Intake); err != nil {
		return nil, err
	}
	a.startScreen()
	a.serve(a.intake, a.intakeServer())
	if c.Member != nil {
		if err := a.Join(ctx, *c.Member); err != nil {
			return nil, err
		}
	}
	a.running.Go(a.clockwork)
	return a, nil
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Codecs == nil {
		c.Codecs = []stdif.Codec{eido.Codec{Now: time.Now}, open1.ReportCodec{}, cap.Codec{}, veds.Codec{Now: time.Now}, multipart.Codec{Now: time.Now}, pidf.Codec{}, notice.Codec{Now: time.Now}}
	}
	for d, standard := range map[*time.Duration]time.Duration{&c.LinkGrace: 10 * time.Second, &c.HeaderTime: 5 * time.Second, &c.BodyTime: 10 * time.Second} {
		if *d == 0 {
			*d = standard
		}
	}
	return c
}

// Join opens the headquarters' face of a terminal that has just been enrolled.
func (a *Agent) Join(ctx context.Context, m Member) error {
	a.joining.Lock()
	defer a.joining.Unlock()
	if a.member.Load() != nil {
		return errors.New("join headquarters: the terminal belongs to one already")
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", a.c.Face)
	if err != nil {
		return fmt.Errorf("open headquarters' face: %w", err)
	}
	a.face = l
	a.spool.Belongs(m.TerminalID)
	a.member.Store(&m)
	a.serve(tls.NewListener(l, m.TLS), a.faceServer(m))
	a.hub.changed()
	return nil
}

// serve runs a server until Close. A server that ends by itself is the end of
// the terminal's work and is reported through Failed.
func (a *Agent) serve(l net.Listener, s *http.Server) {
	s.Handler = a.whileOpen(s.Handler)
	s.BaseContext = func(net.Listener) context.Context { return a.ctx }
	s.ErrorLog = slog.NewLogLogger(a.log.Handler(), slog.LevelDebug) // scans and broken handshakes
	a.servers = append(a.servers, s)
	a.running.Go(func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
	})
}

// whileOpen lets Close wait for requests that are at work: a closed server
// leaves them alone, and they read the spool.
func (a *Agent) whileOpen(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.working.RLock()
		defer a.working.RUnlock()
		if a.ctx.Err() == nil {
			next.ServeHTTP(w, r)
		}
	})
}

// Failed tells when a face stopped working by itself.
func (a *Agent) Failed() <-chan error { return a.failed }

// IntakeURL is where services and the page reach the terminal.
func (a *Agent) IntakeURL() string { return "http://" + a.intake.Addr().String() }

// FaceAddr is where the gateway dials; "" before enrolment.
func (a *Agent) FaceAddr() string {
	a.joining.Lock()
	defer a.joining.Unlock()
	if a.face == nil {
		return ""
	}
	return a.face.Addr().String()
}

// Spool is the terminal's spool, for the services' register and for status.
func (a *Agent) Spool() *spool.Spool { return a.spool }

// Close ends everything that Start began and waits for it.
func (a *Agent) Close() error {
	a.stop()
	a.joining.Lock()
	servers := a.servers
	a.joining.Unlock()
	var err error
	for _, s := range servers {
		err = errors.Join(err, s.Close())
	}
	if a.intake != nil && len(servers) == 0 {
		err = errors.Join(err, a.intake.Close())
	}
	a.running.Wait()
	a.working.Lock() // waits for requests
	defer a.working.Unlock()
	if a.spool != nil {
		err = errors.Join(err, a.spool.Close())
	}
	return err
}

// clockwork does what falls due: once a second what pages must see, every
// minute the reserve, every hour retention.
func (a *Agent) clockwork() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	alone := a.alone()
	for n := 1; ; n++ {
		select {
		case <-a.ctx.Done():
			return
		case <-tick.C:
		}
		if now := a.alone(); now != alone {
			alone = now
			a.hub.changed() // from now on reports ring here, or no longer
		}
		if a.member.Load() == nil && a.c.Enrolled != nil {
			a.check("join headquarters", a.joinWhenEnrolled())
		}
		if a.spool.Storable() != nil && n%3 == 0 {
			a.check("recover the spool", a.spool.Recover(a.ctx))
		}
		if n%2 == 0 {
			a.check("read services", a.serv.load(a.ctx, a.spool))
		}
		if n%60 == 0 && a.spool.Storable() == nil {
			a.check("make the reserve", a.spool.Reserve())
		}
		if n%3600 == 60 {
			a.check("tend the spool", a.spool.Tend(a.ctx))
		}
	}
}

func (a *Agent) joinWhenEnrolled() error {
	m, err := a.c.Enrolled()
	if err != nil || m == nil {
		return err
	}
	return a.Join(a.ctx, *m)
}

func (a *Agent) check(what string, err error) {
	if err != nil && a.ctx.Err() == nil {
		a.log.Warn("clockwork", "what", what, "error", err)
	}
}

// alone reports whether reports must ring at this terminal because they cannot
// be counted on to ring anywhere else.
func (a *Agent) alone() bool {
	up, since := a.link.state()
	return !up && time.Since(since) >= a.c.LinkGrace
}

// listenLoopback refuses every address that somebody else could reach: the
// services' face has no encryption, because nothing leaves the machine.
func listenLoopback(ctx context.Context, addr string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("services' face: %w", err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("services' face: %s is not a loopback address", addr)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("services' face: %w", err)
	}
	return l, nil
}

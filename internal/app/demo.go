package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/agent/guardian"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/sim/aacn"
	"github.com/matoi119/matoi/sim/hostile"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/net119"
	"github.com/matoi119/matoi/sim/page"
	"github.com/matoi119/matoi/sim/video119"
	"github.com/matoi119/matoi/stdif"
)

// Demo is a whole made-up headquarters on one machine: server, two terminals
// and three simulated services, on loopback addresses only. It is the one place
// where consoles are answered without TLS, and nothing else can be.
type Demo struct {
	c        DemoConfig
	dir      string
	temp     bool
	server   *Server
	terms    []*Terminal
	cables   []*cable     // to terms, one each
	pages    []*page.Page // what the terminals show, one each
	cloud    *net119.Cloud
	centre   *aacn.Centre
	hostile  intake.Client
	relay    intake.Client
	consoles map[string]demoConsole
	doors    *http.Server
	url      string
	stop     context.CancelFunc
	running  sync.WaitGroup
	links    demoLinks
}

// DemoConfig of the demo; the zero value works.
type DemoConfig struct {
	Dir    string // "" = a temporary directory that goes with the demo
	Listen string // address of the doors' page; loopback; "" = any port

	// ByPage leaves the hand-over of the Net119 service to its own page in the
	// terminal's browser; otherwise installed software does it too.
	ByPage bool
	Media  MediaConfig
	// Guardian is the binary whose main gives way to GuardianChild; "" = the
	// terminals' screens are opened in this process.
	Guardian string
	// Screen is what the first terminal shows instead of a simulated service.
	Screen  *guardian.Config
	Version string
	Log     *slog.Logger

	grace time.Duration // of the terminals; see TerminalConfig
}

// demoConsole is a seat, and who sits there.
type demoConsole struct {
	id, name, secret  string
	account, password string
}

type demoLinks struct{ Caller, Phone, Net119Terminal, Terminal1, Terminal2 string }

// StartDemo starts everything and returns when the doors are open.
func StartDemo(ctx context.Context, c DemoConfig) (_ *Demo, err error) {
	d := &Demo{c: c, dir: c.Dir, consoles: map[string]demoConsole{}}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.dir == "" {
		d.temp = true
		if d.dir, err = os.MkdirTemp("", "matoi-demo-"); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
	} else if there, e := os.ReadDir(d.dir); e == nil && len(there) > 0 {
		return nil, fmt.Errorf("demo: %s is not empty; a demo begins anew each time", d.dir)
	}
	for _, step := range []func(context.Context) error{d.headquarters, d.townMap, d.people, d.terminals, d.openDoors} {
		if err = step(run); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// URL is the page with the doors.
func (d *Demo) URL() string { return d.url }

// CallerURL is the page of somebody who reports by text.
func (d *Demo) CallerURL() string { return d.links.Caller }

// Net119URL is the page that the Net119 service shows in the terminal's
// browser, with the service's keys for it behind #.
func (d *Demo) Net119URL() string { return d.links.Net119Terminal }

// Server is the demo's headquarters.
func (d *Demo) Server() *Server { return d.server }

// Close ends the demo and, when it made its directory, removes it.
func (d *Demo) Close() error {
	d.stop()
	var err error
	if d.doors != nil {
		err = d.doors.Close()
	}
	d.running.Wait()
	if d.cloud != nil {
		err = errors.Join(err, d.cloud.Close())
	}
	for _, t := range d.terms {
		err = errors.Join(err, t.Close())
	}
	for _, c := range d.cables {
		err = errors.Join(err, c.close())
	}
	if d.server != nil {
		err = errors.Join(err, d.server.Close())
	}
	if d.temp {
		err = errors.Join(err, os.RemoveAll(d.dir))
	}
	return err
}

const demoReserve = 4 << 20

func (d *Demo) headquarters(ctx context.Context) (err error) {
	d.server, err = StartServer(ctx, ServerConfig{
		HouseConfig: HouseConfig{HQ: "279999", Name: "例示消防本部", Dir: filepath.Join(d.dir, "headquarters"), Reserve: demoReserve},
		Listen:      "127.0.0.1:0", Media: d.c.Media, Version: d.c.Version, Log: d.c.Log.With("part", "server"), loopback: true})
	return err
}

// people enrols two seats and the persons who sit there.
func (d *Demo) people(ctx context.Context) error {
	cl := act.CommandLine()
	for _, who := range []struct{ door, seat, account, name string }{
		{"a", "指令台A", "sato", "佐藤 一郎"}, {"b", "指令台B", "suzuki", "鈴木 花"},
	} {
		c := demoConsole{name: who.seat, account: who.account, password: "demo-" + uuid.NewString()}
		if _, err := d.server.Acts.AddPerson(ctx, cl, c.account, who.name, c.password, []staff.Role{staff.Dispatcher}); err != nil {
			return fmt.Errorf("demo: person: %w", err)
		}
		code, err := d.server.Acts.IssueConsole(ctx, cl, uuid.NewString(), who.seat, false)
		if err != nil {
			return fmt.Errorf("demo: console: %w", err)
		}
		seat, secret, err := d.server.Acts.JoinConsole(ctx, act.Machine(authz.KindStranger), code)
		if err != nil {
			return fmt.Errorf("demo: console: %w", err)
		}
		c.id, c.secret = seat.ID, secret
		d.consoles[who.door] = c
	}
	return nil
}

// terminals enrols two terminals as an engineer would, and starts the services.
func (d *Demo) terminals(ctx context.Context) error {
	cloudListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	origin := "http://localhost:" + port(cloudListener.Addr())
	one, credentials, err := d.terminal(ctx, terminal.Terminal{Name: "Net119端末", Place: "通信室 東側", Phone: "201"}, "t-01", page.Config{},
		demoService{"net119.example", "ネット119（模擬）", []string{origin}}, demoService{"aacn.example", "事故自動通報（模擬）", nil}, demoService{"relay.example", "代理通報（模擬）", nil},
		demoService{"video119.example", "映像通報（模擬）", nil})
	if err != nil {
		return errors.Join(err, cloudListener.Close())
	}
	two, others, err := d.terminal(ctx, terminal.Terminal{Name: "予備端末", Place: "通信室 西側", Phone: "202"}, "t-02",
		page.Config{Name: "予備端末の画面（模擬サービス）", Width: 1024, Height: 768, Monitors: 2},
		demoService{"hostile.example", "不正データ（模擬）", nil})
	if err != nil {
		return errors.Join(err, cloudListener.Close())
	}
	key := net119.NewKey()
	if d.cloud, err = net119.New(net119.Config{TerminalKey: key, IntakeURL: one.IntakeURL(), DefaultMode: stdif.Actual}); err != nil {
		return errors.Join(err, cloudListener.Close())
	}
	first := &intake.Client{Base: one.IntakeURL(), Credential: credentials[0], HTTP: &http.Client{}}
	d.relay = intake.Client{Base: one.IntakeURL(), Credential: credentials[2], HTTP: &http.Client{}}
	videoListener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("demo: %w", err), cloudListener.Close())
	}
	video := video119.New(&intake.Client{Base: one.IntakeURL(), Credential: credentials[3], HTTP: &http.Client{}}, nil)
	second := &intake.Client{Base: one.IntakeURL(), Credential: credentials[1], HTTP: &http.Client{}}
	d.hostile = intake.Client{Base: two.IntakeURL(), Credential: others[0], HTTP: &http.Client{}}
	d.centre = aacn.New(aacn.Config{}, second)
	handover := &net119.Handover{Cloud: origin, TerminalKey: key, Intake: first, HTTP: &http.Client{}}
	parts := map[string]func(context.Context) error{
		"net119": func(ctx context.Context) error { return d.cloud.Serve(ctx, cloudListener) },
		"aacn":   d.centre.Run,
		"video":  func(ctx context.Context) error { return video.Serve(ctx, videoListener) },
	}
	if !d.c.ByPage {
		parts["handover"] = handover.Run
	}
	for name, part := range parts {
		d.running.Go(func() {
			if err := part(ctx); err != nil && ctx.Err() == nil {
				d.c.Log.Error("demo", "part", name, "err", err)
			}
		})
	}
	d.links = demoLinks{Caller: net119.CallerURL(origin), Phone: "http://localhost:" + port(videoListener.Addr()) + "/", Net119Terminal: net119.TerminalURL(origin, key, one.IntakeURL(), credentials[0])}
	return nil
}

type demoService struct {
	id, name string
	origins  []string
}

// terminal adds the services, enrols over the real protocol, and starts.
func (d *Demo) terminal(ctx context.Context, t terminal.Terminal, id string, shows page.Config, services ...demoService) (*Terminal, []string, error) {
	face, err := freeAddress()
	if err != nil {
		return nil, nil, err
	}
	line, err := layCable(ctx, face)
	if err != nil {
		return nil, nil, err
	}
	d.cables = append(d.cables, line)
	c := TerminalConfig{Dir: filepath.Join(d.dir, id), ID: id, Name: t.Name, Intake: "127.0.0.1:0", Face: face, Version: d.c.Version,
		Reserve: demoReserve, Log: d.c.Log.With("part", id), grace: d.c.grace}
	if c.Screen, err = d.screen(ctx, shows); err != nil {
		return nil, nil, err
	}
	if d.c.Screen != nil && len(d.terms) == 0 {
		c.Screen = d.c.Screen
	}
	var credentials []string
	for _, s := range services {
		credential, err := AddService(ctx, c, s.id, s.name, false, s.origins)
		if err != nil {
			return nil, nil, fmt.Errorf("demo: service %s: %w", s.id, err)
		}
		credentials = append(credentials, credential)
	}
	if _, err := os.Stat(filepath.Join(c.memberDir(), "membership.json")); errors.Is(err, fs.ErrNotExist) {
		t.Address = line.address()
		if err := d.enrol(ctx, c, t); err != nil {
			return nil, nil, fmt.Errorf("demo: enrol %s: %w", id, err)
		}
	}
	a, err := StartTerminal(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	d.terms = append(d.terms, a)
	return a, credentials, nil
}

func (d *Demo) enrol(ctx context.Context, c TerminalConfig, t terminal.Terminal) error {
	code := make(chan string, 1)
	done := make(chan error, 1)
	go func() { done <- EnrolHere(ctx, c, func(s string, _ time.Time) { code <- s }) }()
	select {
	case err := <-done:
		return err
	case typed := <-code:
		if _, err := d.server.EnrolTerminal(ctx, act.CommandLine(), t, typed); err != nil {
			return err
		}
	}
	if err := <-done; err != nil {
		return err
	}
	d.server.gateway.Follow()
	return nil
}

// freeAddress finds a loopback port that is free now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// enter logs the console's person in and gives the browser both cookies.
func (d *Demo) enter(w http.ResponseWriter, r *http.Request) {
	c, ok := d.consoles[r.PathValue("door")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, token, err := d.server.Acts.LogIn(r.Context(), act.Who{Principal: authz.OfConsole(c.id), Console: c.id}, c.account, c.password)
	if err != nil {
		d.c.Log.Error("demo: log in", "err", err)
		http.Error(w, "この席を開けませんでした。もう一度押してください。", http.StatusServiceUnavailable)
		return
	}
	authn.SetConsole(w, c.id, c.secret)
	authn.SetSession(w, c.id, token)
	http.Redirect(w, r, d.server.URL()+"/?console="+c.id, http.StatusSeeOther)
}

// crash makes the operator centre send a crash notification with a revision.
func (d *Demo) crash(w http.ResponseWriter, r *http.Request) {
	d.centre.Crash(aacn.Example(stdif.Actual))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// bad sends a message that nobody can read: it must ring all the same.
func (d *Demo) bad(w http.ResponseWriter, r *http.Request) {
	cases := hostile.Made(uuid.NewString()[:8], time.Now())[:1]
	for _, s := range cases[0].Steps {
		s.Header.Set(intake.ModeHeader, string(stdif.Actual)) // the simulator's own mode is test, which rings softly
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 20*time.Second)
		defer cancel()
		if _, err := hostile.Run(ctx, d.hostile, cases, nil); err != nil {
			d.c.Log.Error("demo: hostile", "err", err)
		}
	}()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

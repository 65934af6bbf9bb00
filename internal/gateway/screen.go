package gateway

import (
	"context"
	"crypto/tls"
	"sync"
	"sync/atomic"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/stdif/open1"
)

// ScreenStories are the acts by which the gateway ends and counts grants.
type ScreenStories interface {
	LapseScreen(ctx context.Context, who act.Who, terminal string, token int64, cause act.LapseCause) error
	LocalScreen(ctx context.Context, who act.Who, terminal string) error
	CountScreen(ctx context.Context, who act.Who, terminal string, l screen.Lease, n act.ScreenCounts) error
}

// ScreenReads is what the relays read of the store. OnWrite hints at commits
// before anybody is answered.
type ScreenReads interface {
	Screens() screen.Store
	Consoles() console.Store
	Staff() staff.Store
	OnWrite(hook func(), tables ...string)
}

// ScreenConfig joins the relays with the rest.
type ScreenConfig struct {
	Acts   ScreenStories
	Store  ScreenReads
	Table  string   // of leases, for OnWrite
	Record Recorder // nil: nothing is recorded

	// dial opens a terminal's screen; tests put theirs here.
	dial func(ctx context.Context, address string, settings *tls.Config) (terminalScreen, error)
	// renew is how often a holder's page is asked to renew; tests ask more often.
	renew time.Duration
}

// Times of the relay beside those of package screen.
const (
	// pageSilence is after how long without a beat the gateway lets go: with the
	// way to the terminal it stays below screen.LetGoAfter.
	pageSilence = 150 * time.Millisecond
	// socketGrace is how long a console that lost its connection keeps its lease.
	socketGrace = 10 * time.Second
	// linger is how long the connection to a terminal is kept after the last use.
	linger = 10 * time.Second
	// leasePoll is how often leases are read although nobody hinted: another
	// process may have written.
	leasePoll = 5 * time.Second
	actAgain  = 500 * time.Millisecond
)

// redial is how long the relay waits between two tries.
var redial = []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second}

// screens keeps a relay for each terminal whose screen somebody holds.
type screens struct {
	g     *Gateway
	c     ScreenConfig
	began time.Time

	changed atomic.Int64 // grows whenever a lease may have changed
	seen    atomic.Int64 // up to where the relays know
	reading sync.Mutex   // one reads and tells the relays
	wake    chan struct{}

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // of Run; relays and what they still record live in it
	relays  map[string]*relay
	running sync.WaitGroup
}

func newScreens(g *Gateway, c ScreenConfig) *screens {
	s := &screens{g: g, c: c, relays: map[string]*relay{}, wake: make(chan struct{}, 1)}
	if s.c.dial == nil {
		s.c.dial = dialScreen
	}
	if s.c.renew == 0 {
		s.c.renew = screen.RenewEach
	}
	s.changed.Store(1)
	if c.Store != nil {
		s.began = g.c.Now()
		c.Store.OnWrite(s.hint, c.Table)
	}
	return s
}

func dialScreen(ctx context.Context, address string, settings *tls.Config) (terminalScreen, error) {
	c := open1.NewClient(address, settings)
	defer c.Close()
	conn, err := c.Screen(ctx)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// hint says that leases may have changed. It runs before the act that changed
// them is answered: from here on no input passes under what was known before.
func (s *screens) hint() {
	s.changed.Add(1)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run follows the leases until ctx ends, and lets go of everything then.
func (s *screens) run(ctx context.Context) error {
	if s.c.Store == nil {
		<-ctx.Done()
		return nil
	}
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
	s.sweep(ctx, s.began)
	tick := time.NewTicker(leasePoll)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := s.sync(ctx); err != nil && ctx.Err() == nil {
			s.g.c.Log.Error("read the leases of screens", "err", err)
		}
		select {
		case <-s.wake:
		case <-tick.C:
			s.changed.Add(1)
		case <-ctx.Done():
		}
	}
	s.running.Wait()
	return nil
}

// sweep ends the leases of a gateway before this one, which began then: nobody
// beats for them.
func (s *screens) sweep(ctx context.Context, began time.Time) {
	for ctx.Err() == nil {
		leases, err := s.c.Store.Screens().Leases(ctx)
		for _, l := range leases {
			if err == nil && l.Holder.Console != "" && l.Since.Before(began) {
				err = s.c.Acts.LapseScreen(ctx, s.g.who, l.Terminal, l.Token, act.LapseStart)
			}
		}
		if err == nil {
			return
		}
		s.g.c.Log.Error("end the leases of before", "err", err)
		select {
		case <-time.After(actAgain):
		case <-ctx.Done():
		}
	}
}

// sync reads the leases where something may have changed, and tells the relays.
func (s *screens) sync(ctx context.Context) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	upTo := s.changed.Load()
	if s.seen.Load() == upTo {
		return nil
	}
	leases, err := s.c.Store.Screens().Leases(ctx)
	if err != nil {
		return err
	}
	for _, l := range leases {
		if r := s.relay(l.Terminal, l.Holder.Console != "" && !l.Since.Before(s.began)); r != nil {
			r.adopt(l, s.preemption(ctx, r, l))
		}
	}
	s.seen.Store(upTo)
	return nil
}

// preemption is why the present holder lost the screen, where a supervisor took it.
func (s *screens) preemption(ctx context.Context, r *relay, l screen.Lease) screen.Preemption {
	token := r.token()
	if token == 0 || token == l.Token || l.Holder.Console == "" {
		return screen.Preemption{}
	}
	p, err := s.c.Store.Screens().Preemption(ctx, l.Terminal, token)
	if err != nil && fault.Of(err) != fault.NotFound && ctx.Err() == nil {
		s.g.c.Log.Error("read why a screen was taken", "terminal", l.Terminal, "err", err)
	}
	return p
}

// current makes sure that what the relays know is what is stored.
func (s *screens) current(ctx context.Context) bool {
	return s.seen.Load() == s.changed.Load() || s.sync(ctx) == nil
}

// relay is that of a terminal; nil where there is none and none is to be made.
func (s *screens) relay(terminal string, needed bool) *relay {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.relays[terminal]
	if r == nil && needed && s.ctx != nil && s.ctx.Err() == nil {
		r = newRelay(s, terminal)
		s.relays[terminal] = r
		s.running.Go(func() { r.run(s.ctx) })
	}
	return r
}

// drop takes a relay that nobody uses out of the table; false: somebody does.
func (s *screens) drop(r *relay) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.used() {
		return false
	}
	delete(s.relays, r.id)
	return true
}

// record runs an act about a grant that has ended, until the store takes it: the
// grant is over in memory whatever the store says.
func (s *screens) record(terminal string, run func(ctx context.Context) error) {
	ctx := s.ctx // set before the first relay, and never again
	s.running.Go(func() {
		for {
			err := run(context.WithoutCancel(ctx))
			if err == nil {
				return
			}
			s.g.c.Log.Error("record the end of a screen's grant", "terminal", terminal, "err", err)
			select {
			case <-time.After(actAgain):
			case <-ctx.Done():
				return // a gateway that starts ends what it finds
			}
		}
	})
}

// address is where a terminal is dialled.
func (g *Gateway) address(terminal string) (string, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.links[terminal]
	if r == nil {
		return "", false
	}
	return r.link.t.Address, true
}

// Planes of a terminal's screen.
const (
	PlaneAbsent = "absent"
	PlaneDown   = "down"
	PlaneReady  = "ready"
)

// ScreenInfo is what the gateway knows of a screen beyond its lease.
type ScreenInfo struct {
	Plane   string
	Up      bool
	LocalAt time.Time
	Source  *open1.ScreenNotice // of type source; nil: not known now
}

// Screen answers for one terminal.
func (g *Gateway) Screen(terminal string) ScreenInfo {
	info := ScreenInfo{Plane: PlaneAbsent}
	switch p := g.Info(terminal).Screen; {
	case p == PlaneReady && g.Ready(terminal):
		info.Plane = PlaneReady
	case p == PlaneReady, p == PlaneDown:
		info.Plane = PlaneDown
	}
	if r := g.screens.relay(terminal, false); r != nil {
		r.tell(&info)
	}
	return info
}

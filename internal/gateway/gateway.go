// Package gateway dials the dedicated terminals and keeps their links: it takes
// what they send into the store, tells them what is durable, delivers what the
// headquarters has to say, and asks for data when somebody wants it. The
// trusted side always dials; no terminal ever opens a connection here.
//
// One link owns five goroutines while it is up (see link.go): reader, committer,
// sender, health and retry. They end together when the connection ends, and the
// link dials again after 1, 2, 5, 5 … seconds, for ever.
package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Stories are the acts that the gateway runs.
type Stories interface {
	Arrive(ctx context.Context, who act.Who, in act.Incoming) (*writer.Pending, error)
	Answer(ctx context.Context, who act.Who, request string, count int, problem stdif.Code) error
	Deliver(ctx context.Context, who act.Who, destination string, done []act.Delivered) error
	Link(ctx context.Context, who act.Who, l terminal.Link) error
	Services(ctx context.Context, who act.Who, id string, services []terminal.Service) error
	RestoreAfterDrill(ctx context.Context, who act.Who, id, why string) error
}

// Reads is what the gateway reads of the store.
type Reads interface {
	Spools
	Terminals() terminal.Store
	Undelivered(ctx context.Context, destination string, limit int) ([]entry.Message, error)
	Drills() terminal.DrillReader
	OnCommit(hook func(seq int64))
	OnWrite(hook func(), tables ...string)
}

// Spools says what is stored of a terminal's spools.
type Spools interface {
	LastSpool(ctx context.Context, terminalID string) (string, error)
	Extent(ctx context.Context, terminalID, spool string) (n, first, last int64, err error)
	Seqs(ctx context.Context, terminalID, spool string, after int64, limit int) ([]int64, error)
	Refusals(ctx context.Context, terminalID, spool string, since time.Time) ([]open1.Refusal, error)
}

// Bell rings what could not be stored: it shows a report from memory, marked
// 未保存, until Saved is called for the same frame. It must not block.
type Bell interface {
	Unsaved(in act.Incoming)
	Saved(frame string)
}

// Config of a gateway.
type Config struct {
	Headquarters string // id
	Name         string
	TLS          func(terminalID string) *tls.Config
	Renew        func(ctx context.Context, terminalID, address string) error // renews the terminal's certificate when it is due
	Code         func(error) stdif.Code                                      // what a failed handshake means (§5.7); 0 = unknown
	Acts         Stories
	Store        Reads
	Bell         Bell
	Now          func() time.Time
	Jitter       func() float64 // [0, 1)
	Log          *slog.Logger
	Screens      ScreenConfig // without a store: no screen is relayed
}

// Gateway keeps one link for every terminal in the register.
type Gateway struct {
	c   Config
	who act.Who

	again  chan struct{}
	decode chan struct{} // slots of live pictures that are decoded now

	screens *screens

	mu    sync.Mutex
	links map[string]*running
	cuts  map[string]terminal.Drill
	// severs ends the connections to a terminal, by a number of their own.
	severs    map[string]map[int]context.CancelCauseFunc
	lastSever int
}

type running struct {
	link *link
	stop context.CancelFunc
	done chan struct{}
}

// stands reports whether the link still is the one that the register wants:
// the same address, and no enrolment since that shut out its certificate.
func (r *running) stands(t terminal.Terminal) bool {
	return t.Address == r.link.t.Address && t.EnrolledAt.Equal(r.link.t.EnrolledAt)
}

// New makes a gateway; Run starts it.
func New(c Config) *Gateway {
	g := &Gateway{c: c, who: act.Gateway(), links: map[string]*running{}, severs: map[string]map[int]context.CancelCauseFunc{}, again: make(chan struct{}, 1), decode: make(chan struct{}, decoding)}
	g.screens = newScreens(g, c.Screens)
	return g
}

// Info is what the gateway knows of a link beyond what is stored.
type Info struct {
	Pending  int64  // frames at the terminal that are not acknowledged
	Storable bool   // the terminal can write its spool
	Heard    bool   // a health answer came on this link
	Screen   string // plane of the screen: ready, down, absent; "" = not said
}

// Info answers for one terminal.
func (g *Gateway) Info(terminalID string) Info {
	g.mu.Lock()
	r := g.links[terminalID]
	g.mu.Unlock()
	if r == nil {
		return Info{}
	}
	return r.link.info()
}

// Ready reports whether a terminal can be asked now.
func (g *Gateway) Ready(terminalID string) bool {
	g.mu.Lock()
	r := g.links[terminalID]
	g.mu.Unlock()
	return r != nil && r.link.ready()
}

// Run follows the register until ctx ends and every link has ended.
func (g *Gateway) Run(ctx context.Context) error {
	g.c.Store.OnCommit(func(int64) { g.kick() })
	g.c.Store.OnWrite(g.Follow, "terminal_drill")
	defer g.stopAll()
	var screens sync.WaitGroup
	screens.Go(func() { _ = g.screens.run(ctx) }) // it ends with ctx and no otherwise
	defer screens.Wait()
	tick := time.NewTicker(5 * time.Second) // another process may have enrolled a terminal
	defer tick.Stop()
	for {
		if err := g.follow(ctx); err != nil && ctx.Err() == nil {
			g.c.Log.Error("read the register of terminals", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-g.again:
		}
	}
}

// Follow makes Run read the register now: after an enrolment nobody waits for
// the tick.
func (g *Gateway) Follow() {
	select {
	case g.again <- struct{}{}:
	default:
	}
}

// follow starts links of new terminals and stops those that are gone. Only Run
// calls it. No lock is held while a link ends or the store is read: the writer
// takes the same lock after each commit.
func (g *Gateway) follow(ctx context.Context) error {
	if err := g.followDrills(ctx); err != nil {
		return err
	}
	terminals, err := g.c.Store.Terminals().Terminals(ctx)
	if err != nil {
		return err
	}
	want := map[string]terminal.Terminal{}
	for _, t := range terminals {
		if t.RevokedAt.IsZero() {
			want[t.ID] = t
		}
	}
	for _, r := range g.take(func(id string, r *running) bool { t, ok := want[id]; return !ok || !r.stands(t) }) {
		r.end()
	}
	for id, t := range want {
		g.mu.Lock()
		_, runs := g.links[id]
		g.mu.Unlock()
		if runs {
			continue
		}
		if err := g.start(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// take removes the links that match from the table.
func (g *Gateway) take(match func(id string, r *running) bool) []*running {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []*running
	for id, r := range g.links {
		if match(id, r) {
			out = append(out, r)
			delete(g.links, id)
		}
	}
	return out
}

func (g *Gateway) start(ctx context.Context, t terminal.Terminal) error {
	stored, err := g.c.Store.Terminals().Link(ctx, t.ID)
	if err != nil {
		return fmt.Errorf("link of %s: %w", t.ID, err)
	}
	l := newLink(g, t, stored)
	run, stop := context.WithCancel(ctx)
	r := &running{link: l, stop: stop, done: make(chan struct{})}
	g.mu.Lock()
	g.links[t.ID] = r
	g.mu.Unlock()
	go func() {
		defer close(r.done)
		l.step(run, terminal.Event{Kind: terminal.EventRestart}) // what is stored was another link
		l.run(run)
	}()
	return nil
}

func (r *running) end() {
	r.stop()
	<-r.done
}

func (g *Gateway) stopAll() {
	all := g.take(func(string, *running) bool { return true })
	for _, r := range all {
		r.stop()
	}
	for _, r := range all {
		<-r.done
	}
}

// kick tells every link that the outbox may hold something.
func (g *Gateway) kick() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.links {
		r.link.kick()
	}
}

// hello says what is stored here of a terminal's spool.
func (g *Gateway) hello(ctx context.Context, terminalID string) (open1.Hello, error) {
	h := open1.Hello{Headquarters: g.c.Headquarters, Name: g.c.Name}
	spool, err := g.c.Store.LastSpool(ctx, terminalID)
	if err != nil || spool == "" {
		return h, err
	}
	h.Spool = spool
	have, err := g.have(ctx, terminalID, spool)
	h.Have = have
	return h, err
}

// have reads which frames of a spool are stored, as ranges.
func (g *Gateway) have(ctx context.Context, terminalID, spool string) (open1.Ranges, error) {
	const page = 20000
	var have open1.Ranges
	n, first, last, err := g.c.Store.Extent(ctx, terminalID, spool)
	if err != nil {
		return nil, err
	}
	if n == last-first+1 { // no gap: the ordinary case
		have.AddRange(open1.Range{From: first, To: last})
		return have, nil
	}
	for after := int64(0); ; {
		seqs, err := g.c.Store.Seqs(ctx, terminalID, spool, after, page)
		if err != nil {
			return nil, err
		}
		for _, s := range seqs {
			have.Add(s)
		}
		if len(seqs) < page {
			return have, nil
		}
		after = seqs[len(seqs)-1]
	}
}

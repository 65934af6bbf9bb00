package gateway

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// link is one terminal's link. Every goroutine of it may step its state.
type link struct {
	g  *Gateway
	t  terminal.Terminal
	id string

	order  sync.Mutex // one step at a time, its record included
	untold bool       // what consoles show is not what is so: the store could not write

	mu       sync.Mutex
	state    terminal.Link
	seen     Info
	live     *live         // nil while there is no connection
	restored chan struct{} // a drill may be over

	wake  chan struct{} // the outbox may hold something
	retry *retrier
}

func newLink(g *Gateway, t terminal.Terminal, stored terminal.Link) *link {
	l := &link{g: g, t: t, id: t.ID, state: stored, wake: make(chan struct{}, 1), restored: make(chan struct{}, 1)}
	l.retry = newRetrier(l)
	return l
}

func (l *link) info() Info {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

func (l *link) ready() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.State.Up()
}

func (l *link) kick() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// step moves the state machine; what consoles see differently is recorded. A
// store that cannot write must not stop the link: the state goes on in memory,
// and the next step records it.
func (l *link) step(ctx context.Context, e terminal.Event) {
	l.order.Lock() // two steps at once must not be recorded the other way round
	defer l.order.Unlock()
	l.mu.Lock()
	next, told := terminal.Step(l.state, e, l.g.c.Now())
	l.state = next
	l.mu.Unlock()
	if !told && !l.untold {
		return
	}
	err := l.g.c.Acts.Link(context.WithoutCancel(ctx), l.g.who, next)
	if l.untold = err != nil; l.untold {
		l.g.c.Log.Error("record the state of a link", "terminal", l.id, "state", next.State, "err", err)
	}
}

func (l *link) tries() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.Tries
}

// run dials for ever.
func (l *link) run(ctx context.Context) {
	go l.retry.run(ctx)
	defer l.retry.wait()
	for ctx.Err() == nil {
		if l.waitCut(ctx); ctx.Err() != nil {
			return
		}
		l.step(ctx, terminal.Event{Kind: terminal.EventDial})
		err := l.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		code := l.g.c.Code(err)
		if p, ok := errors.AsType[*stdif.Problem](err); ok && code == 0 {
			code = p.Code
		}
		l.g.c.Log.Warn("link lost", "terminal", l.id, "code", int(code), "err", err)
		l.step(ctx, terminal.Event{Kind: terminal.EventLost, Problem: code})
		if l.g.Cut(l.id) {
			continue
		}
		select {
		case <-time.After(terminal.Wait(l.tries(), l.g.c.Jitter())):
		case <-ctx.Done():
		}
	}
}

// connect keeps one connection until it breaks.
func (l *link) connect(ctx context.Context) error {
	ctx, done := l.g.uncut(ctx, l.id)
	defer done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hello, err := l.g.hello(ctx, l.id)
	if err != nil {
		return err
	}
	settings := l.g.c.TLS(l.id)
	conn, err := open1.Dial(ctx, l.t.Address, settings, hello)
	if err != nil {
		return err
	}
	defer conn.CloseNow() //nolint:errcheck // it may be closed already
	l.mu.Lock()
	l.seen = Info{}
	l.mu.Unlock()
	l.step(ctx, terminal.Event{Kind: terminal.EventTLSOK})
	l.step(ctx, terminal.Event{Kind: terminal.EventHello})

	client := open1.NewClient(l.t.Address, settings)
	defer client.Close()
	l.goLive(&live{client: client, ctx: ctx})
	defer l.goLive(nil)
	s := newSession(l, conn, client, hello)
	var wg sync.WaitGroup
	for _, part := range []func(context.Context) error{s.read, s.commit, s.send, s.health} {
		wg.Go(func() { cancel(part(ctx)) }) // the first that ends, ends them all
	}
	<-ctx.Done()
	_ = conn.CloseNow() // the first part that ended may have closed it
	wg.Wait()
	return context.Cause(ctx)
}

// maxInFlight is how many frames may wait for their commit on one link. A full
// pipe stops reading, and the terminal keeps the rest.
const maxInFlight = 1024

// from is the gateway acting on a message of this terminal.
func (l *link) from(in act.Incoming) act.Who {
	who := l.g.who
	who.Terminal, who.Service = l.id, in.Service
	return who
}

// incoming joins a frame with what its body says.
func (l *link) incoming(f open1.Frame, wire []byte, p *stdif.Problem, id string) act.Incoming {
	in := act.Incoming{
		Frame: id, Terminal: l.id, Spool: f.Spool, Seq: f.Seq, MsgID: f.MsgID, Service: f.ServiceID, Type: string(f.Type),
		Mode: f.Mode, SentAt: f.SentAt, Late: f.Late, Wire: wire, Problem: p, Refused: new(act.Refused),
	}
	if in.SentAt.IsZero() {
		in.SentAt = l.g.c.Now()
	}
	if in.Service == "" {
		in.Service = "unknown"
	}
	if p == nil {
		in.Inbound, _, in.Problem = open1.DecodeBody(f)
		if in.Inbound.Mode != "" && !in.Mode.Valid() {
			in.Mode = in.Inbound.Mode
		}
	}
	return in
}

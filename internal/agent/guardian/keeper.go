package guardian

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/agent/capture"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Config of a Keeper.
type Config struct {
	Source Source
	Self   string // binary whose main gives way to Child: our own
	// Open opens a screen that is made up in this process, instead of Self; each call
	// one of its own, because one guardian serves while the next one waits.
	Open func(ctx context.Context) (capture.Screen, error)
	// Changed is called when State may be another; it must not block.
	Changed func()
	Log     *slog.Logger
}

// The states of a screen; those of open1.Health.
const (
	Absent = "absent"
	Ready  = "ready"
	Down   = "down"
)

// State is what the terminal's own page shows of its screen.
type State struct {
	State   string
	Code    stdif.Code // while down
	Source  open1.ScreenNotice
	Viewers []open1.ScreenViewer
	LocalAt time.Time // the person at the terminal used it while somebody saw it
}

// Keeper starts guardians and connects them with the headquarters: one at a time,
// the next one kept warm.
type Keeper struct {
	c       Config
	leave   time.Duration // warmAfter but in tests
	running sync.WaitGroup
	wanted  chan struct{} // the warm one was taken

	mu     sync.Mutex
	state  State
	warm   *process
	link   *link // of the present connection
	closed bool
}

// warmAfter leaves the machine to the first picture before the next guardian is
// started; retryAfter is the pause after one that ended by itself.
const (
	warmAfter  = 500 * time.Millisecond
	retryAfter = time.Second
)

// NewKeeper makes a keeper; Run is its work.
func NewKeeper(c Config) *Keeper {
	if c.Changed == nil {
		c.Changed = func() {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Keeper{c: c, leave: warmAfter, wanted: make(chan struct{}, 1), state: State{State: Down, Code: stdif.CodeScreen}}
}

// State is how the screen is now.
func (k *Keeper) State() State {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.state
	s.Viewers = slices.Clone(s.Viewers)
	return s
}

// Run keeps one guardian warm until ctx ends; then it waits for all that Serve and
// it began.
func (k *Keeper) Run(ctx context.Context) {
	for ctx.Err() == nil {
		p, err := k.successor()
		if err != nil {
			k.c.Log.Warn("no guardian of the screen can be started", "error", err)
			k.noticed(open1.ScreenNotice{Type: open1.ScreenFault, Code: stdif.CodeScreen})
		}
		pause := retryAfter
		if err == nil {
			select {
			case <-ctx.Done():
			case <-k.wanted:
				pause = k.leave
			case <-p.quiet:
				k.forget(p)
			}
		}
		wait(ctx, pause)
	}
	k.mu.Lock()
	k.closed = true
	p, l := k.warm, k.link
	k.warm = nil
	k.mu.Unlock()
	if l != nil {
		l.close()
	}
	if p != nil {
		p.end()
	}
	k.running.Wait()
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// successor is the guardian that waits; it is started when there is none.
func (k *Keeper) successor() (*process, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.warm != nil {
		select {
		case <-k.warm.quiet:
		default:
			return k.warm, nil
		}
	}
	if k.closed {
		return nil, context.Canceled
	}
	p, err := k.launch()
	if err == nil {
		k.warm = p
	}
	return p, err
}

// forget gives up a warm guardian that ended.
func (k *Keeper) forget(p *process) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.warm == p {
		k.warm = nil
	}
}

// noticed keeps what a guardian says of the screen.
func (k *Keeper) noticed(n open1.ScreenNotice) {
	k.mu.Lock()
	switch n.Type {
	case open1.ScreenSource:
		k.state.State, k.state.Code, k.state.Source = Ready, 0, n
	case open1.ScreenFault:
		k.state.State, k.state.Code = Down, n.Code
	case open1.ScreenLocal:
		k.state.LocalAt = time.Now()
	}
	k.mu.Unlock()
	k.c.Changed()
}

func (k *Keeper) watched(l *link, viewers []open1.ScreenViewer) {
	k.mu.Lock()
	if k.link == l {
		k.state.Viewers = viewers
	}
	k.mu.Unlock()
	k.c.Changed()
}

// link is a connection of the headquarters.
type link struct {
	conn *open1.ScreenServed
	done chan struct{} // its guardian has let go and is gone
	once sync.Once

	guardian *process // guarded by Keeper.mu
}

func (l *link) close() { l.once.Do(func() { _ = l.conn.Close() }) }

func (l *link) send(b []byte) {
	if _, err := l.conn.Write(b); err != nil {
		l.close() // the reader ends too
	}
}

func (l *link) notify(n open1.ScreenNotice) {
	if err := l.conn.Notify(context.Background(), n); err != nil {
		l.close()
	}
}

// Serve connects a headquarters with a guardian until either ends. It ends an
// earlier connection and waits until that one's guardian has let go.
func (k *Keeper) Serve(ctx context.Context, conn *open1.ScreenServed) {
	l := &link{conn: conn, done: make(chan struct{})}
	defer close(l.done)
	defer l.close()
	k.mu.Lock()
	before := k.link
	k.link = l
	k.state.Viewers = nil
	k.mu.Unlock()
	if before != nil {
		before.close()
		<-before.done
	}
	stop := context.AfterFunc(ctx, l.close)
	defer stop()
	p, err := k.successor()
	if err != nil {
		k.c.Log.Warn("no guardian of the screen can be started", "error", err)
		l.notify(open1.ScreenNotice{Type: open1.ScreenFault, Code: stdif.CodeScreen})
		return
	}
	k.mu.Lock()
	k.warm, l.guardian = nil, p
	k.mu.Unlock()
	select {
	case k.wanted <- struct{}{}:
	default:
	}
	k.pass(ctx, l, p)
	killed := p.end()
	k.mu.Lock()
	if k.link == l {
		k.link, k.state.Viewers = nil, nil
	}
	k.mu.Unlock()
	k.c.Changed()
	if killed {
		k.release(p.pid)
	}
}

// release lets the successor let go of what a killed guardian held.
func (k *Keeper) release(pid int) {
	k.c.Log.Warn("a guardian of the screen was killed; its successor lets go", "pid", pid)
	p, err := k.successor()
	if err == nil {
		err = p.tell(order{Release: true})
	}
	if err != nil {
		k.c.Log.Error("what a killed guardian held may still be down", "error", err)
	}
}

// pass hands on bytes both ways until the connection or the guardian ends.
func (k *Keeper) pass(ctx context.Context, l *link, p *process) {
	over := make(chan struct{})
	defer close(over)
	k.running.Go(func() { k.attend(ctx, l, p, over) })
	if p.serve(l) != nil {
		return
	}
	buf := make([]byte, headSize+32<<10)
	for {
		n, err := l.conn.Read(buf[headSize:])
		if err != nil {
			return
		}
		buf[0] = kindRFB
		binary.BigEndian.PutUint32(buf[1:], uint32(n))
		if p.write(buf[:headSize+n]) != nil {
			return
		}
	}
}

// attend looks after a connection beside its bytes: who sees the screen, whether
// the other side lives, whether the guardian does.
func (k *Keeper) attend(ctx context.Context, l *link, p *process, over <-chan struct{}) {
	ping := time.NewTicker(open1.PingEvery)
	defer ping.Stop()
	for {
		select {
		case <-over:
			return
		case <-p.quiet:
			l.close()
			return
		case w := <-l.conn.Watches():
			k.watched(l, w.Viewers)
		case <-ping.C:
			k.running.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, open1.DeadAfter-open1.PingEvery)
				defer cancel()
				if l.conn.Ping(ctx) != nil {
					l.close()
				}
			})
		}
	}
}

// stderr is where a guardian's own words go: our log, line by line.
func (k *Keeper) stderr() *lines { return &lines{log: k.c.Log} }

type lines struct {
	log  *slog.Logger
	rest []byte
}

// Write implements io.Writer.
func (w *lines) Write(b []byte) (int, error) {
	w.rest = append(w.rest, b...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte("\n"))
		if !ok {
			if len(w.rest) > 4096 {
				w.rest = w.rest[:0]
			}
			return len(b), nil
		}
		w.log.Warn("guardian of the screen", "said", string(line))
		w.rest = append(w.rest[:0], rest...)
	}
}

package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
)

// Config of the exchange.
type Config struct {
	Headquarters string
	Acts         Stories
	Store        Reads
	Client       func(p transfer.Partner) (*http.Client, error)   // one that speaks to that partner alone
	Originals    func(m report.Medium) (io.ReadSeekCloser, error) // the bytes of a medium as they came; os.ErrNotExist: not here
	Patience     time.Duration                                    // how long a message may wait before people are told; 0 = transfer.StuckAfter
	Now          func() time.Time
	Log          *slog.Logger
}

// Exchange hands reports over and takes them.
type Exchange struct {
	c   Config
	out outgoing

	mu    sync.Mutex
	links map[string]*link
	hint  chan struct{}
}

// link is one partner as the sending side knows it.
type link struct {
	busy  bool
	next  time.Time // not before
	fails time.Time // since when nothing gets through; zero = it does
	tries int
}

// New makes an exchange. Run sends; ServeHTTP takes.
func New(c Config) *Exchange {
	if c.Patience == 0 {
		c.Patience = transfer.StuckAfter
	}
	return &Exchange{c: c, out: outgoing{c.Headquarters, c.Store, c.Now}, links: map[string]*link{}, hint: make(chan struct{}, 1)}
}

const (
	batch     = 32
	every     = 500 * time.Millisecond
	patience  = 10 * time.Second
	maxAnswer = 64 << 10
	longest   = 5 * time.Second // between two tries
)

// Run sends what waits until ctx ends. A partner that does not answer holds up
// nobody else.
func (e *Exchange) Run(ctx context.Context) error {
	e.c.Store.OnCommit(func(int64) {
		select {
		case e.hint <- struct{}{}:
		default:
		}
	})
	var running sync.WaitGroup
	defer running.Wait()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		partners, err := e.c.Store.Transfers().Partners(ctx)
		if err != nil && ctx.Err() == nil {
			e.c.Log.Error("read the partners", "err", err)
		}
		for _, p := range partners {
			if l := e.begin(p); l != nil {
				running.Go(func() { e.end(l, e.round(ctx, p, l)) })
			}
		}
		select {
		case <-e.hint:
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// begin takes a partner's turn, when it is not under way and not too early.
func (e *Exchange) begin(p transfer.Partner) *link {
	if !p.Data() {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.links[p.ID]
	if l == nil {
		l = new(link)
		e.links[p.ID] = l
	}
	if l.busy || time.Now().Before(l.next) {
		return nil
	}
	l.busy = true
	return l
}

func (e *Exchange) end(l *link, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l.busy = false
	if err == nil {
		l.tries, l.next, l.fails = 0, time.Time{}, time.Time{}
		return
	}
	if l.fails.IsZero() {
		l.fails = time.Now()
	}
	l.tries++
	l.next = time.Now().Add(min(longest, time.Duration(l.tries)*every))
}

// round delivers everything that waits for one partner, oldest first.
func (e *Exchange) round(ctx context.Context, p transfer.Partner, l *link) error {
	var client *http.Client
	for _, destination := range []string{transfer.Destination(p.ID), "terminal/" + transfer.Channel(p.ID)} {
		for {
			waiting, err := e.c.Store.Undelivered(ctx, destination, batch)
			if err != nil {
				return err
			}
			if len(waiting) == 0 {
				break
			}
			if client == nil {
				if client, err = e.c.Client(p); err != nil {
					return err
				}
				defer client.CloseIdleConnections()
			}
			for _, m := range waiting {
				if err := e.deliver(ctx, client, p, destination, m); err != nil {
					if ctx.Err() == nil {
						e.c.Log.Warn("hand over to another headquarters", "partner", p.ID, "message", m.ID, "err", err)
						e.stuck(ctx, p, l, waiting)
					}
					return err
				}
			}
		}
	}
	return nil
}

func (e *Exchange) deliver(ctx context.Context, client *http.Client, p transfer.Partner, destination string, m entry.Message) error {
	who := whoIs(p.ID)
	out, err := e.out.message(ctx, m)
	if err != nil {
		return err
	}
	a := Answer{}
	if out != nil {
		if a, err = e.post(ctx, client, p, *out); err != nil {
			return err
		}
	}
	if destination == transfer.Destination(p.ID) {
		return e.c.Acts.TransferReceipt(ctx, who, m, a.Number, a.Problem)
	}
	return e.c.Acts.Deliver(ctx, who, destination, []act.Delivered{{Message: m, Problem: a.Problem}})
}

// whoIs is a partner as an actor: it plays a terminal.
func whoIs(partner string) act.Who {
	who := act.Gateway()
	who.Terminal, who.Service = transfer.Channel(partner), transfer.Channel(partner)
	return who
}

// stuck tells people, once a message has waited for too long, which reports
// they had better hand over by telephone.
func (e *Exchange) stuck(ctx context.Context, p transfer.Partner, l *link, waiting []entry.Message) {
	e.mu.Lock()
	since := l.fails
	e.mu.Unlock()
	if since.IsZero() || time.Since(since) < e.c.Patience {
		return
	}
	told := map[string]bool{}
	for _, m := range waiting {
		var what act.Relay
		if err := json.Unmarshal(m.Body, &what); err != nil || what.Transfer == "" || m.Kind == act.MessageRefuse || told[what.Transfer] {
			continue
		}
		told[what.Transfer] = true
		if err := e.c.Acts.TransferStuck(ctx, whoIs(p.ID), what.Transfer); err != nil {
			e.c.Log.Error("mark a transfer", "partner", p.ID, "err", err)
		}
	}
}

// post sends one message. A problem is for good; an error is tried again.
func (e *Exchange) post(ctx context.Context, client *http.Client, p transfer.Partner, m Message) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	body, err := json.Marshal(m)
	if err != nil {
		return Answer{}, fmt.Errorf("encode message: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+p.Address+Path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("message: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", m.ID)
	res, err := client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("answer: %w", err)
	}
	if res.StatusCode == http.StatusRequestEntityTooLarge {
		return Answer{Problem: stdif.CodeTooLarge}, nil
	}
	if res.StatusCode != http.StatusOK {
		return Answer{}, fmt.Errorf("the other headquarters answered %d", res.StatusCode)
	}
	var a Answer
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("answer: %w", err)
	}
	if a.Problem == 0 && m.Kind == kindFrames && a.Number == "" {
		return a, errors.New("the other headquarters answered without a number")
	}
	return a, nil
}

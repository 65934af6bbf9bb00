package intake

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// Item is one thing on its way to the terminal: exactly one of Report, State,
// Chat, Media and Receipt is set.
type Item struct {
	Number  int64              `json:"n"` // of the service's own queue, for its bookkeeping
	Mode    stdif.Mode         `json:"mode"`
	Report  *stdif.Report      `json:"report,omitempty"`
	State   *stdif.ReportState `json:"state,omitempty"`
	Chat    *stdif.ChatMessage `json:"chat,omitempty"`
	Media   *stdif.Media       `json:"media,omitempty"`
	Receipt *stdif.Receipt     `json:"receipt,omitempty"`
	Content []byte             `json:"content,omitempty"` // of Media
}

// ReportID names the report that the item belongs to.
func (i Item) ReportID() string {
	switch {
	case i.Report != nil:
		return i.Report.ID
	case i.State != nil:
		return i.State.ReportID
	case i.Chat != nil:
		return i.Chat.ReportID
	case i.Media != nil:
		return i.Media.ReportID
	case i.Receipt != nil:
		return i.Receipt.ReportID
	}
	return ""
}

// Heartbeat reports whether the item only says that the session lives: an
// older one is worth nothing once a newer one exists.
func (i Item) Heartbeat() bool { return i.State != nil && i.State.State == stdif.ServiceActive }

// Send hands over one item.
func (c *Client) Send(ctx context.Context, i Item) (Answer, error) {
	switch {
	case i.Report != nil:
		return c.Report(ctx, i.Mode, *i.Report)
	case i.State != nil:
		return c.State(ctx, *i.State)
	case i.Chat != nil:
		return c.Chat(ctx, *i.Chat)
	case i.Receipt != nil:
		return c.Receipt(ctx, *i.Receipt)
	default:
		return c.Media(ctx, *i.Media, i.Content)
	}
}

// Back-off of a sender that gets no answer, or one that may change.
const (
	firstWait = 250 * time.Millisecond
	longWait  = 5 * time.Second
	oneTry    = 10 * time.Second
)

// Sender keeps what was put until the terminal has answered for good. Items of
// one report go in order; reports do not wait for each other, so one that the
// terminal cannot take now delays no other.
type Sender struct {
	client   *Client
	answered func(Item, Answer)

	mu      sync.Mutex
	lanes   map[string][]Item // by report; a lane exists while its goroutine lives
	started bool
	ctx     context.Context // of Run; lanes end with it
	wg      sync.WaitGroup
	trouble error // the last try of any lane, nil when it went through
}

// NewSender makes a sender; answered is called once per item, from the lane's
// goroutine, when the terminal has answered for good.
func NewSender(c *Client, answered func(Item, Answer)) *Sender {
	return &Sender{client: c, answered: answered, lanes: map[string][]Item{}}
}

// Put adds an item. It never blocks and never drops anything but a heartbeat
// that a newer one replaces.
func (s *Sender) Put(i Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := i.ReportID()
	lane, busy := s.lanes[id]
	if n := len(lane); n > 1 && i.Heartbeat() && lane[n-1].Heartbeat() {
		lane[n-1] = i // not lane[0]: that one may be on the wire
		return
	}
	s.lanes[id] = append(lane, i)
	if s.started && !busy {
		s.start(id)
	}
}

// Waiting returns how many items the terminal has not yet answered for.
func (s *Sender) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, lane := range s.lanes {
		n += len(lane)
	}
	return n
}

// Trouble returns why the last try did not go through, or nil.
func (s *Sender) Trouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// Run sends until ctx ends and returns when no goroutine of the sender is left.
func (s *Sender) Run(ctx context.Context) {
	s.mu.Lock()
	s.started, s.ctx = true, ctx
	for id := range s.lanes {
		s.start(id)
	}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.started = false
	s.mu.Unlock()
	s.wg.Wait()
}

// start owns s.mu.
func (s *Sender) start(id string) {
	ctx := s.ctx
	s.wg.Go(func() { s.drain(ctx, id) })
}

func (s *Sender) drain(ctx context.Context, id string) {
	for {
		s.mu.Lock()
		lane := s.lanes[id]
		if len(lane) == 0 {
			delete(s.lanes, id)
			s.mu.Unlock()
			return
		}
		item := lane[0]
		s.mu.Unlock()
		a, ok := s.deliver(ctx, item)
		if !ok {
			return // ctx ended; the lane stays for the next Run
		}
		s.mu.Lock()
		s.lanes[id] = s.lanes[id][1:]
		s.mu.Unlock()
		s.answered(item, a)
	}
}

func (s *Sender) deliver(ctx context.Context, item Item) (Answer, bool) {
	for wait := firstWait; ; wait = min(2*wait, longWait) {
		try, cancel := context.WithTimeout(ctx, oneTry)
		a, err := s.client.Send(try, item)
		cancel()
		if err == nil && !a.Final() {
			err = &RefusedNow{Code: a.Code}
		}
		s.mu.Lock()
		s.trouble = err
		s.mu.Unlock()
		if err == nil {
			return a, true
		}
		if !pause(ctx, wait/2+rand.N(wait/2)) {
			return Answer{}, false
		}
	}
}

// RefusedNow is an answer that may change: storage is full, slow down, or the
// credential is not (yet) known.
type RefusedNow struct{ Code int }

func (e *RefusedNow) Error() string {
	return "the terminal does not take it now"
}

// pause waits d and reports whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Follow reads the terminal's events for ever, reconnecting and resuming, until
// ctx ends or each returns an error. linked, when not nil, hears whether the
// stream stands.
func (c *Client) Follow(ctx context.Context, after string, linked func(bool), each func(Event) error) error {
	if linked == nil {
		linked = func(bool) {}
	}
	var stop error
	for wait := firstWait; ; wait = min(2*wait, longWait) {
		stood := false
		_ = c.Events(ctx, after, func() { // why it broke is of no use: it is tried again
			stood = true
			linked(true)
		}, func(e Event) error {
			if stop = each(e); stop == nil && e.ID != "" {
				after = e.ID
			}
			return stop
		})
		linked(false)
		if stop != nil {
			return stop
		}
		if stood {
			wait = firstWait
		}
		if !pause(ctx, wait/2+rand.N(wait/2)) {
			return ctx.Err()
		}
	}
}

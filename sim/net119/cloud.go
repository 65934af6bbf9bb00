package net119

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
)

// Config is what the service needs. TerminalKey is required.
type Config struct {
	Name        string           // as shown, for example "ネット119"
	TerminalKey string           // with which the service's own page and software at the terminal come in
	IntakeURL   string           // of the terminal, for the page's Content-Security-Policy; "" allows any loopback port
	DefaultMode stdif.Mode       // preset of the caller's page; "" means exercise
	Dir         string           // where the journal lives; "" keeps nothing over a restart
	Persons     []Person         // nil: Examples
	Outside     []Area           // where headquarters without this service answer; nil: Outside
	Clock       func() time.Time // nil: time.Now
}

// Cloud is the service. All methods may be called from anywhere.
type Cloud struct {
	cfg  Config
	page http.Handler

	mu       sync.Mutex
	journal  *journal
	sessions map[string]*session
	order    []string // ids, oldest first
	queue    queue
	cursor   string // last event heard from the terminal
	takers   int    // streams of pages and software that hand over now
	wake     chan struct{}
}

// New opens the service and what its journal kept.
func New(cfg Config) (*Cloud, error) {
	if cfg.TerminalKey == "" {
		return nil, errors.New("net119: a terminal key is required")
	}
	if cfg.Name == "" {
		cfg.Name = "ネット119"
	}
	if cfg.DefaultMode == "" {
		cfg.DefaultMode = stdif.Exercise
	}
	if cfg.Persons == nil {
		cfg.Persons = Examples()
	}
	if cfg.Outside == nil {
		cfg.Outside = Outside()
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	c := &Cloud{cfg: cfg, sessions: map[string]*session{}, wake: make(chan struct{})}
	var err error
	if c.journal, err = openJournal(cfg.Dir, c.restore, c.whole); err != nil {
		return nil, err
	}
	c.page = c.routes()
	return c, nil
}

// ServeHTTP answers callers' pages and the service's own page at the terminal.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.page.ServeHTTP(w, r) }

// Serve answers on ln and sends heartbeats until ctx ends, then closes the
// journal. It returns when nothing of the service runs any more.
func (c *Cloud) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{Handler: c, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute,
		BaseContext: func(net.Listener) context.Context { return ctx }} // streams end with ctx
	var wg sync.WaitGroup
	wg.Go(func() { c.Run(ctx) })
	wg.Go(func() {
		<-ctx.Done()
		last, done := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer done()
		if srv.Shutdown(last) != nil {
			srv.Close() //nolint:errcheck // nothing is left to save on these connections
		}
	})
	err := srv.Serve(ln)
	cancel()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, c.Close())
}

// Close closes the journal.
func (c *Cloud) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.journal.close()
}

func (c *Cloud) restore(r record) {
	switch {
	case r.Session != nil:
		if _, known := c.sessions[r.Session.ID]; !known {
			c.order = append(c.order, r.Session.ID)
		}
		r.Session.lastSeen = c.cfg.Clock()
		c.sessions[r.Session.ID] = r.Session
	case r.Item != nil:
		c.queue.restore(*r.Item)
	case r.Done != 0:
		c.queue.remove(r.Done)
		c.queue.last = max(c.queue.last, r.Done)
	case r.Cursor != "":
		c.cursor = r.Cursor
	}
}

func (c *Cloud) whole() []record {
	var recs []record
	for _, id := range c.order {
		recs = append(recs, record{Session: c.sessions[id]})
	}
	if c.queue.last > 0 {
		recs = append(recs, record{Done: c.queue.last}) // numbers are never given twice
	}
	for _, i := range c.queue.items {
		recs = append(recs, record{Item: &i})
	}
	if c.cursor != "" {
		recs = append(recs, record{Cursor: c.cursor})
	}
	return recs
}

// keep writes what changed in a call, with the items it caused, and wakes all
// streams. It owns c.mu.
func (c *Cloud) keep(s *session, items ...intake.Item) error {
	recs := []record{{Session: s}}
	for _, i := range items {
		i.Mode = s.Call.Mode
		recs = append(recs, c.queue.add(i)...)
	}
	close(c.wake)
	c.wake = make(chan struct{})
	return c.journal.write(recs...)
}

func (c *Cloud) person(id string) (Person, bool) {
	k := slices.IndexFunc(c.cfg.Persons, func(p Person) bool { return p.ID == id })
	if k < 0 {
		return Person{}, false
	}
	return c.cfg.Persons[k], true
}

// Place sends a report: it is connected at once, nothing is asked again. The
// token opens this call and no other.
func (c *Cloud) Place(call Call) (report, token string, err error) {
	now := c.cfg.Clock()
	s, err := c.newSession(call, now)
	if err != nil {
		return "", "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions[s.ID] = s
	c.order = append(c.order, s.ID)
	first := s.Report
	return s.ID, s.Token, c.keep(s, intake.Item{Report: &first})
}

// with runs do on a call under the lock.
func (c *Cloud) with(report string, do func(*session) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.sessions[report]
	if !ok {
		return ErrUnknown
	}
	return do(s)
}

// Say adds a line of the caller; a repeated id changes nothing.
func (c *Cloud) Say(report, id, text string) error { return c.say(report, id, text, stdif.FromCaller) }

// SayAtTerminal adds a line of the person at the dedicated terminal, who
// answers on the service's own page there (condition 1-1-2).
func (c *Cloud) SayAtTerminal(report, id, text string) error {
	return c.say(report, id, text, stdif.FromTerminal)
}

func (c *Cloud) say(report, id, text string, from stdif.ChatFrom) error {
	if text == "" || utf8.RuneCountInString(text) > stdif.MaxText || len(id) > stdif.MaxID {
		return ErrTooLong
	}
	if id == "" {
		id = rand.Text()
	}
	return c.with(report, func(s *session) error {
		if s.has(id) {
			return nil
		}
		if s.Ended && from == stdif.FromCaller {
			return ErrEnded
		}
		m := stdif.ChatMessage{ID: id, ReportID: report, From: from, At: c.cfg.Clock().In(jst), Text: text}
		s.Chat = append(s.Chat, m)
		if from == stdif.FromTerminal {
			c.callBack(s)
		}
		return c.keep(s, intake.Item{Chat: &m})
	})
}

// Move sends the caller's new position as the next revision.
func (c *Cloud) Move(report string, lat, lon, radius float64) error {
	return c.with(report, func(s *session) error {
		if s.Ended {
			return ErrEnded
		}
		now := c.cfg.Clock().In(jst)
		here, err := position(Call{Lat: &lat, Lon: &lon, RadiusM: radius}, now)
		if err != nil {
			return err
		}
		next := s.Report
		next.Revision++
		next.Locations = []stdif.Location{here}
		if p, ok := c.person(s.Call.Person); ok {
			next.Locations = append(next.Locations, home(p))
		}
		s.Report = next
		return c.keep(s, intake.Item{Report: &next})
	})
}

// Photo sends a still image.
func (c *Cloud) Photo(report, mime, label string, content []byte) error {
	return c.with(report, func(s *session) error {
		if s.Ended {
			return ErrEnded
		}
		sum := sha256.Sum256(content)
		m := stdif.Media{ID: rand.Text()[:12], ReportID: report, MIME: mime, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:]), Label: label}
		return c.keep(s, intake.Item{Media: &m, Content: content})
	})
}

// End is the caller ending the session.
func (c *Cloud) End(report string) error {
	return c.with(report, func(s *session) error {
		if s.Ended {
			return nil
		}
		s.Ended = true
		return c.keep(s, c.state(s, stdif.ServiceEnded))
	})
}

// Resume opens an ended call again, as the caller does from a call-back mail.
func (c *Cloud) Resume(report string) error {
	return c.with(report, func(s *session) error {
		if !s.Ended && !s.Gone {
			return nil
		}
		s.Ended, s.Gone, s.lastSeen = false, false, c.cfg.Clock()
		return c.keep(s, c.state(s, stdif.ServiceActive))
	})
}

func (c *Cloud) state(s *session, state stdif.ServiceState) intake.Item {
	return intake.Item{State: &stdif.ReportState{ReportID: s.ID, State: state, At: c.cfg.Clock().In(jst)}}
}

// Look returns a call as its pages show it.
func (c *Cloud) Look(report string) (View, error) {
	var v View
	err := c.with(report, func(s *session) error {
		v = c.view(s)
		return nil
	})
	return v, err
}

// Attach says that the caller's page stands, until the returned function is
// called: so long the service sends heartbeats.
func (c *Cloud) Attach(report string) (detach func(), err error) {
	err = c.with(report, func(s *session) error {
		s.pages++
		items := c.receipts(s)
		if s.Gone {
			s.Gone = false
			items = append(items, c.state(s, stdif.ServiceActive))
		}
		if len(items) == 0 {
			return nil
		}
		return c.keep(s, items...)
	})
	return sync.OnceFunc(func() {
		_ = c.with(report, func(s *session) error { // a call is never forgotten
			s.pages--
			s.lastSeen = c.cfg.Clock()
			return nil
		})
	}), err
}

// Changed returns a channel that is closed at the next change of anything.
func (c *Cloud) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wake
}

// Run sends the heartbeats of all calls until ctx ends.
func (c *Cloud) Run(ctx context.Context) {
	t := time.NewTicker(stdif.Heartbeat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			c.beat()
		}
	}
}

func (c *Cloud) beat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Clock()
	for _, s := range c.sessions {
		switch {
		case s.Ended || s.Closed:
		case s.pages > 0:
			_ = c.keep(s, c.state(s, stdif.ServiceActive)) // the next beat tries again
		case !s.Gone && now.Sub(s.lastSeen) >= stdif.StaleAfter:
			s.Gone = true
			_ = c.keep(s, c.state(s, stdif.ServiceCallerGone)) // as above
		}
	}
}

// NewKey makes a terminal key.
func NewKey() string { return rand.Text() }

// CallerURL is the caller's page of a service at base.
func CallerURL(base string) string { return base + "/caller/" }

// TerminalURL is the service's own page at the terminal, with what it needs
// once. It is in the part of the address that is never sent anywhere; the page
// keeps it in the browser and takes it out of the address.
func TerminalURL(base, key, intakeURL, credential string) string {
	v := url.Values{"key": {key}, "intake": {intakeURL}, "credential": {credential}}
	return base + "/terminal/#" + v.Encode()
}

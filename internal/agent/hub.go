package agent

import (
	"sync"

	"github.com/matoi119/matoi/internal/spool"
)

// hub turns the spool's notices into wake-ups. A wake-up is a hint: whoever
// gets one reads the spool, so none carries content and any may be lost into
// another that is already waiting.
type hub struct {
	mu    sync.Mutex
	pages map[chan struct{}]bool
	subs  map[*subscriber]bool
	link  chan struct{} // a frame was spooled
}

// subscriber is one event stream of a service.
type subscriber struct {
	service string
	wake    chan struct{}

	mu      sync.Mutex
	reports map[string]bool // whose status moved
	all     bool            // too many to name: every open report
}

// maxNamed is how many reports a stream that does not read may have waiting by
// name.
const maxNamed = 4096

func newHub() *hub {
	return &hub{pages: map[chan struct{}]bool{}, subs: map[*subscriber]bool{}, link: make(chan struct{}, 1)}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// notify takes what the spool committed. It never blocks.
func (h *hub) notify(n spool.Notice) {
	if n.Kind == spool.Framed {
		poke(h.link)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subs {
		if s.service == n.Service && (n.Kind == spool.Stepped || n.Kind == spool.Inputted) {
			s.moved(n.ReportID)
		}
	}
	for c := range h.pages {
		poke(c)
	}
}

// changed wakes every page.
func (h *hub) changed() { h.notify(spool.Notice{Kind: spool.Other}) }

// linkMoved wakes everybody: what a service may tell its callers is different now.
func (h *hub) linkMoved() {
	h.mu.Lock()
	for s := range h.subs {
		s.everything()
	}
	h.mu.Unlock()
	h.changed()
}

func (h *hub) subscribe(service string) (*subscriber, func()) {
	s := &subscriber{service: service, wake: make(chan struct{}, 1), reports: map[string]bool{}, all: true}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs[s] = true
	return s, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.subs, s)
	}
}

func (h *hub) watch() (chan struct{}, func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pages[c] = true
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.pages, c)
	}
}

func (s *subscriber) moved(report string) {
	s.mu.Lock()
	if len(s.reports) < maxNamed {
		s.reports[report] = true
	} else {
		s.all = true
	}
	s.mu.Unlock()
	poke(s.wake)
}

func (s *subscriber) everything() {
	s.mu.Lock()
	s.all = true
	s.mu.Unlock()
	poke(s.wake)
}

// take returns what waits and forgets it.
func (s *subscriber) take() (reports map[string]bool, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	reports, all = s.reports, s.all
	s.reports, s.all = map[string]bool{}, false
	return reports, all
}

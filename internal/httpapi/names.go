package httpapi

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/incident"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/internal/transfer"
)

// names turns ids into the words that people know. Its maps are shared and never
// change; what changed is a new map.
type names struct {
	consoles  map[string]string
	clients   map[string]string
	persons   map[string]string
	services  map[string]terminal.Service // of terminals and partners
	terminals map[string]terminal.Terminal
	links     map[string]terminal.Link
	incidents map[string]incident.Mark // by kind/member
	elsewhere elsewhere
	screens   map[string]screen.Lease   // by terminal
	drills    map[string]terminal.Drill // that cut a line, by terminal
}

// namesPart is one of the things that names are made of, with the tables it is read
// from and the kinds of change that another process announces it by.
type namesPart struct {
	tables []string
	kinds  []string
	recent bool // of the last two days only, so that it grows old by itself
	read   func(ctx context.Context, s *Server, n *names) error
	take   func(to *names, from names)
}

var parts = []namesPart{
	{tables: []string{"console_register"}, kinds: []string{"console", "client"}, read: func(ctx context.Context, s *Server, n *names) error {
		found, err := s.store.Consoles().Consoles(ctx)
		n.consoles = make(map[string]string, len(found))
		for _, c := range found {
			n.consoles[c.ID] = c.Name
		}
		return err
	}, take: func(to *names, from names) { to.consoles = from.consoles }},
	{tables: []string{"client_register"}, kinds: []string{"client"}, read: func(ctx context.Context, s *Server, n *names) error {
		found, err := s.store.Clients().Clients(ctx)
		n.clients = make(map[string]string, len(found))
		for _, c := range found {
			n.clients[c.ID] = c.Name
		}
		return err
	}, take: func(to *names, from names) { to.clients = from.clients }},
	{tables: []string{"staff_person"}, kinds: []string{"person"}, read: func(ctx context.Context, s *Server, n *names) error {
		found, err := s.store.Staff().People(ctx)
		n.persons = make(map[string]string, len(found))
		for _, p := range found {
			n.persons[p.ID] = p.Name
		}
		return err
	}, take: func(to *names, from names) { to.persons = from.persons }},
	{tables: []string{"terminal_register"}, kinds: []string{"terminal"}, read: func(ctx context.Context, s *Server, n *names) error {
		found, err := s.store.Terminals().Terminals(ctx)
		n.terminals = make(map[string]terminal.Terminal, len(found))
		for _, t := range found {
			n.terminals[t.ID] = t
		}
		return err
	}, take: func(to *names, from names) { to.terminals = from.terminals }},
	{tables: []string{"terminal_link"}, kinds: []string{"terminal"}, read: func(ctx context.Context, s *Server, n *names) error {
		found, err := s.store.Terminals().Links(ctx)
		n.links = make(map[string]terminal.Link, len(found))
		for _, l := range found {
			n.links[l.TerminalID] = l
		}
		return err
	}, take: func(to *names, from names) { to.links = from.links }},
	{tables: []string{store.LeaseTable}, kinds: []string{"terminal"}, read: func(ctx context.Context, s *Server, n *names) error {
		found, err := s.store.Screens().Leases(ctx)
		n.screens = make(map[string]screen.Lease, len(found))
		for _, l := range found {
			n.screens[l.Terminal] = l
		}
		return err
	}, take: func(to *names, from names) { to.screens = from.screens }},
	{tables: []string{"terminal_drill"}, kinds: []string{"terminal"}, read: func(ctx context.Context, s *Server, n *names) error {
		found, err := s.store.Drills().DrillsCut(ctx)
		n.drills = make(map[string]terminal.Drill, len(found))
		for _, d := range found {
			n.drills[d.Terminal] = d
		}
		return err
	}, take: func(to *names, from names) { to.drills = from.drills }},
	{tables: []string{"incident_incident", "incident_link"}, kinds: []string{"incident"}, recent: true, read: func(ctx context.Context, s *Server, n *names) (err error) {
		n.incidents, err = s.store.Incidents().Links(ctx, s.now().Add(-marksSince))
		return err
	}, take: func(to *names, from names) { to.incidents = from.incidents }},
	{tables: []string{"transfer_partner"}, kinds: []string{"partner"}, read: func(ctx context.Context, s *Server, n *names) error {
		found, err := s.store.Transfers().Partners(ctx)
		n.elsewhere.partners, n.elsewhere.codes = make(map[string]transfer.Partner, len(found)), make(map[string]transfer.Partner, len(found))
		for _, p := range found {
			n.elsewhere.partners[p.ID] = p
			if !p.Revoked() {
				n.elsewhere.codes[p.Code] = p
			}
		}
		return err
	}, take: func(to *names, from names) {
		to.elsewhere.partners, to.elsewhere.codes = from.elsewhere.partners, from.elsewhere.codes
	}},
	{tables: []string{"transfer_transfer"}, kinds: []string{"transfer"}, recent: true, read: func(ctx context.Context, s *Server, n *names) error {
		found, err := s.store.Transfers().TransfersSince(ctx, s.now().Add(-marksSince))
		n.elsewhere.latest = make(map[string]transfer.Transfer, len(found))
		for _, t := range found {
			n.elsewhere.latest[t.Report] = t
		}
		return err
	}, take: func(to *names, from names) { to.elsewhere.latest = from.elsewhere.latest }},
}

const recentKept = time.Minute // how long what is of the last two days is used again

// offered puts together what terminals and partners are called as services.
func (n *names) offered() {
	n.services = map[string]terminal.Service{}
	for _, t := range n.terminals {
		for _, v := range t.Services {
			n.services[v.ID] = v
		}
	}
	for _, p := range n.elsewhere.partners {
		n.services[transfer.Channel(p.ID)] = terminal.Service{ID: transfer.Channel(p.ID), Name: p.Name}
	}
}

// lore remembers names, and which reports have to do with a request for video.
// Reading them for every card and every answer was most of what the board asked
// of the store. A commit of this process makes it read again what the commit
// wrote, before anybody is answered; a change of another process does when the
// feed tells of it.
type lore struct {
	mu         sync.Mutex
	following  bool
	now        names
	fresh      []time.Time // by part: when it was read; zero = it must be
	generation []int64     // by part; what was read in an earlier one is not kept
	videoAge   int64
	videos     map[string]videoSeen // by report
}

const maxSeenVideos = 16384

func newLore() *lore {
	return &lore{fresh: make([]time.Time, len(parts)), generation: make([]int64, len(parts)), videos: map[string]videoSeen{}}
}

// follow hears of every commit; nothing is remembered before.
func (l *lore) follow(s *store.Store) {
	for i, p := range parts {
		s.OnWrite(func() { l.forget(i) }, p.tables...)
	}
	s.OnWrite(l.forgetVideos, "report_video")
	l.mu.Lock()
	defer l.mu.Unlock()
	l.following = true
}

func (l *lore) forget(i int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.generation[i]++
	l.fresh[i] = time.Time{}
}

func (l *lore) forgetVideos() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.videoAge++
	clear(l.videos)
}

// heard forgets what changes of the feed are about.
func (l *lore) heard(changes []store.FeedChange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range changes {
		if c.Kind == "report" {
			l.videoAge++
			delete(l.videos, c.Subject)
			continue
		}
		for i, p := range parts {
			if slices.Contains(p.kinds, c.Kind) {
				l.generation[i]++
				l.fresh[i] = time.Time{}
			}
		}
	}
}

func (l *lore) look(at func()) (generation int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at()
	return l.videoAge
}

// keepVideos remembers what was read of reports, the absence of videos too.
func (l *lore) keepVideos(generation int64, reports []string, seen map[string]videoSeen) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.following || l.videoAge != generation {
		return
	}
	if len(l.videos)+len(reports) > maxSeenVideos {
		clear(l.videos)
	}
	for _, id := range reports {
		l.videos[id] = seen[id]
	}
}

// names reads what is not remembered.
func (s *Server) names(ctx context.Context) (*names, error) {
	l := s.lore
	now := s.now()
	l.mu.Lock()
	n := l.now
	generation := slices.Clone(l.generation)
	var stale []int
	for i, p := range parts {
		age := now.Sub(l.fresh[i])
		if l.fresh[i].IsZero() || p.recent && (age > recentKept || age < 0) {
			stale = append(stale, i)
		}
	}
	l.mu.Unlock()
	if len(stale) == 0 {
		return &n, nil
	}
	for _, i := range stale {
		if err := parts[i].read(ctx, s, &n); err != nil {
			return nil, err
		}
	}
	n.offered()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.following {
		return &n, nil
	}
	l.keep(n, stale, generation, now)
	return &n, nil
}

// keep takes over the parts that nobody changed meanwhile. Each part is a field of
// its own, so what another caller read in the meantime stays.
func (l *lore) keep(n names, read []int, generation []int64, now time.Time) {
	merged := l.now
	for _, i := range read {
		if l.generation[i] != generation[i] {
			continue
		}
		l.fresh[i] = now
		parts[i].take(&merged, n)
	}
	merged.offered()
	l.now = merged
}

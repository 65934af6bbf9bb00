package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/store"
)

// Change is one event of the feed: what changed and, for whoever may read it,
// how it looks now.
type Change struct {
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"`
	Subject  string    `json:"subject"`
	Detail   string    `json:"detail"`
	Report   *Card     `json:"report,omitempty"`
	Terminal *Link     `json:"terminal,omitempty"`
}

// event is one rendered change. bare has no words of callers: it is for persons
// without the right to read reports. The bytes of changes that were read together
// lie behind one another, so that a stream writes them as one (joined).
type event struct {
	seq           int64
	kind, subject string
	full          []byte
	bare          []byte
}

// joined joins the bytes of events as far as they lie behind one another in memory.
func joined(events []event, of func(event) []byte) (b []byte, n int) {
	b = of(events[0])
	for n = 1; n < len(events); n++ {
		next := of(events[n])
		if len(b)+len(next) > cap(b) || len(next) == 0 || &b[:len(b)+1][len(b)] != &next[0] {
			break
		}
		b = b[:len(b)+len(next)]
	}
	return b, n
}

// hub reads the change feed once for all pages. A commit is only a hint: the
// data is the database's sequence, so a lost hint costs a moment and never a
// change.
type hub struct {
	s     *Server
	hint  chan struct{}
	told  map[string]LinkInfo // by terminal; owned by run
	seats []Presence          // as told last; owned by run
	held  *time.Timer         // ends the wait of quiet changes; owned by run

	holding bool // owned by run

	mu      sync.Mutex
	known   *names // the last names, for when the store cannot be read
	cursor  int64
	recent  []event         // ascending, the last of them is cursor
	news    chan struct{}   // closed at every broadcast
	unsaved map[string]Card // by id
	beside  []aside         // unsaved, saved: not numbered
	asides  int64
	present map[string]int // streams by console
}

// aside is an event outside of the numbered feed. It has words of callers unless
// it is for everybody.
type aside struct {
	n         int64
	name      string
	full      []byte
	everybody bool
}

const (
	keepEvents  = 8192
	keepAsides  = 1024
	feedPage    = 512
	maxBehind   = 20000 // a page that missed more reads the board anew
	feedPoll    = time.Second
	beatEvery   = time.Second
	streamWrite = 10 * time.Second
)

func newHub(s *Server) *hub {
	return &hub{s: s, hint: make(chan struct{}, 1), news: make(chan struct{}), unsaved: map[string]Card{}, present: map[string]int{}, told: map[string]LinkInfo{}}
}

// start begins at the newest change: what is older is on the board.
func (h *hub) start(ctx context.Context) error {
	cursor, err := h.s.store.LastChange(ctx)
	if err != nil {
		return err
	}
	known, err := h.s.names(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock() // pages may be asking already
	defer h.mu.Unlock()
	h.cursor, h.known = cursor, known
	return nil
}

func (h *hub) committed(int64) {
	select {
	case h.hint <- struct{}{}:
	default:
	}
}

// quiet are the acts whose changes nobody waits for: what was painted, and what the
// clock did. They go out with the next change that somebody does wait for, or
// after quietFor; fifty streams are written to half as often.
var quiet = map[act.Name]bool{act.ReportIntegrate: true, act.ReportEscalate: true, act.ReportSilent: true}

const quietFor = 25 * time.Millisecond

// run follows the feed until ctx ends.
func (h *hub) run(ctx context.Context) {
	poll := time.NewTicker(feedPoll)
	defer poll.Stop()
	h.held = time.NewTimer(quietFor)
	defer h.held.Stop()
	for {
		select {
		case <-h.held.C:
			h.holding = false
			h.wake()
			continue
		case <-h.hint:
		case <-poll.C: // another process may have written
			h.tellLinks()
			h.tellPresences(ctx)
		case <-ctx.Done():
			return
		}
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = h.read(ctx); err != nil {
				if ctx.Err() == nil {
					h.s.log.Error("read the feed", "err", err)
				}
				break
			}
		}
	}
}

// read renders the next page of changes and wakes every stream.
func (h *hub) read(ctx context.Context) (more bool, err error) {
	changes, err := h.s.store.Changes(ctx, h.cursor, feedPage)
	if err != nil || len(changes) == 0 {
		return false, err
	}
	for _, c := range changes {
		if c.Kind == "report" && ringsAnew[act.Name(c.Detail)] {
			h.s.painted.forget(c.Subject)
		}
	}
	h.s.lore.heard(changes)
	n, err := h.s.names(ctx)
	if err != nil {
		return false, err
	}
	events, err := h.render(ctx, n, changes)
	if err != nil {
		return false, err
	}
	h.mu.Lock()
	h.recent = append(h.recent, events...)
	if len(h.recent) >= 2*keepEvents { // seldom, because it copies
		h.recent = append(h.recent[:0:0], h.recent[len(h.recent)-keepEvents:]...)
	}
	h.cursor = changes[len(changes)-1].Seq
	h.known = n
	h.mu.Unlock()
	if slices.ContainsFunc(changes, func(c store.FeedChange) bool { return !quiet[act.Name(c.Detail)] }) {
		h.holding = false
		h.held.Stop()
		h.wake()
	} else if !h.holding {
		h.holding = true
		h.held.Reset(quietFor)
	}
	return len(changes) == feedPage, nil
}

func (h *hub) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wakeLocked()
}

// ringsAnew are the acts after which a report may ring that rang before: each
// ring is confirmed for itself.
var ringsAnew = map[act.Name]bool{act.ReportRevise: true, act.ReportRelease: true, act.ReportRaise: true, act.ChatReceive: true}

func (h *hub) wakeLocked() {
	close(h.news)
	h.news = make(chan struct{})
}

// render makes events. A report that changed several times in a page is read
// once: every event shows it as it is now, which is at or after the change.
func (h *hub) render(ctx context.Context, n *names, changes []store.FeedChange) ([]event, error) {
	reports := map[string]bool{}
	for _, c := range changes {
		if c.Kind == "report" || c.Kind == "chat" {
			reports[c.Subject] = true
		}
	}
	cards, err := h.s.cardsOf(ctx, n, slices.Collect(maps.Keys(reports)))
	if err != nil {
		return nil, err
	}
	out := make([]event, 0, len(changes))
	for _, c := range changes {
		v := Change{Seq: c.Seq, At: c.At, Kind: c.Kind, Subject: c.Subject, Detail: c.Detail}
		switch c.Kind {
		case "report", "chat":
			v.Report = cards[c.Subject]
		case "terminal":
			if t, ok := n.terminals[c.Subject]; ok {
				h.told[t.ID] = h.s.links.Info(t.ID)
				l := h.s.linkOf(n, t)
				v.Terminal = &l
			}
		}
		e, err := encodeEvent(v)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	behind(out)
	return out, nil
}

// behind puts the bytes of events behind one another.
func behind(events []event) {
	var full, bare int
	for _, e := range events {
		full, bare = full+len(e.full), bare+len(e.bare)
	}
	fulls, bares := make([]byte, 0, full), make([]byte, 0, bare)
	for i, e := range events {
		fulls, bares = append(fulls, e.full...), append(bares, e.bare...)
		events[i].full, events[i].bare = fulls[len(fulls)-len(e.full):], bares[len(bares)-len(e.bare):]
	}
}

func encodeEvent(v Change) (event, error) {
	full, err := sse("change", v.Seq, v)
	if err != nil {
		return event{}, err
	}
	e := event{seq: v.Seq, kind: v.Kind, subject: v.Subject, full: full, bare: full}
	if v.Report != nil {
		v.Report = nil
		e.bare, err = sse("change", v.Seq, v)
	}
	return e, err
}

// sse renders one Server-Sent Event; id 0 leaves the id out.
func sse(name string, id int64, v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", name, err)
	}
	if id == 0 {
		return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", name, data), nil
	}
	return fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", id, name, data), nil
}

// Unsaved shows a message that could not be stored, on every console, from
// memory (gateway.Bell).
func (h *hub) Unsaved(in act.Incoming) {
	n := h.lastNames()
	card := unsavedCard(n, in, h.s.now())
	h.mu.Lock()
	h.unsaved[card.ID] = card
	h.mu.Unlock()
	h.tell("unsaved", card, false)
}

// Saved takes it off again: the stored report has taken its place.
func (h *hub) Saved(frame string) {
	id := unsavedID(frame)
	h.mu.Lock()
	delete(h.unsaved, id)
	h.mu.Unlock()
	h.tell("saved", Saved{id}, false)
}

// tellLinks tells what of a link is stored nowhere and so makes no change: how
// much waits at the terminal, and whether its disk takes more.
func (h *hub) tellLinks() {
	n := h.lastNames()
	for _, t := range n.terminals {
		info := h.s.links.Info(t.ID)
		if h.told[t.ID] != info && t.RevokedAt.IsZero() {
			h.told[t.ID] = info
			h.tell("link", h.s.linkOf(n, t), true)
		}
	}
}

// lastNames never touches the store: it is asked when the store is broken.
func (h *hub) lastNames() *names {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		return &names{}
	}
	return h.known
}

func (h *hub) tell(name string, v any, everybody bool) {
	full, err := sse(name, 0, v)
	if err != nil {
		return // cards are plain values; encoding cannot fail
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asides++
	h.beside = append(h.beside, aside{h.asides, name, full, everybody})
	if len(h.beside) >= 2*keepAsides {
		h.beside = append(h.beside[:0:0], h.beside[len(h.beside)-keepAsides:]...)
	}
	h.wakeLocked()
}

func (h *hub) unsavedCards() []Card {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]Card, 0, len(h.unsaved))
	for _, c := range h.unsaved {
		out = append(out, c)
	}
	return out
}

// unsavedNow gives what a new stream must know of reports that are in memory
// only, and where the rest goes on: which were saved of late, because the page
// may have read its board just before, and which are unsaved now.
func (h *hub) unsavedNow() (out []aside, asides int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.beside {
		if a.name == "saved" {
			out = append(out, aside{name: a.name, full: a.full})
		}
	}
	for _, c := range h.unsaved {
		if full, err := sse("unsaved", 0, c); err == nil { // cards are plain values; encoding cannot fail
			out = append(out, aside{name: "unsaved", full: full})
		}
	}
	return out, h.asides
}

// after returns what a stream has not seen yet, and the channel that closes
// when there is more. complete is false when the changes are older than what is
// kept in memory.
func (h *hub) after(cursor, asides int64) (events []event, beside []aside, news <-chan struct{}, complete bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	complete = cursor >= h.cursor || len(h.recent) > 0 && h.recent[0].seq <= cursor+1
	if complete && cursor < h.cursor {
		events = h.recent[len(h.recent)-int(h.cursor-cursor):]
	}
	if behind := h.asides - asides; behind > 0 {
		beside = h.beside[max(0, len(h.beside)-int(behind)):]
	}
	return events, beside, h.news, complete
}

func (h *hub) heads() (cursor, asides int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cursor, h.asides
}

// attend counts a console's open streams: a seat with one is present.
func (h *hub) attend(console string, by int) {
	if console == "" { // a machine sits nowhere
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.present[console] += by; h.present[console] <= 0 {
		delete(h.present, console)
	}
}

func (h *hub) isPresent(console string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.present[console] > 0
}

package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
)

// stream answers GET /api/v1/feed: Server-Sent Events from a cursor on. The
// browser's Last-Event-ID wins over the query, so that its own reconnect
// continues where it stopped.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	who, _ := authn.From(r.Context())
	cursor, err := feedCursor(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	leave, err := s.paces.enter(who)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer leave()
	head, _ := s.hub.heads()
	if cursor > head || head-cursor > maxBehind {
		s.refuseStatus(w, r, http.StatusGone, fault.New(fault.Conflict, "feed.behind"))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	s.hub.attend(who.Console.ID, 1)
	defer s.hub.attend(who.Console.ID, -1)
	full := s.readsReports(who)
	st := &streaming{s: s, w: w, c: http.NewResponseController(w), cursor: cursor, full: full, r: r}
	// The server's limit for reading a request would end the stream: after it the
	// connection is read in the background, to notice that the page has gone.
	if err := st.c.SetReadDeadline(time.Time{}); err != nil {
		s.log.Warn("keep a stream open", "err", err)
	}
	st.run(r.Context(), who)
}

func feedCursor(r *http.Request) (int64, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("cursor")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "input.invalid", "place", "cursor")
	}
	return n, nil
}

// streaming is one open stream; one goroutine, the request's own.
type streaming struct {
	s      *Server
	w      http.ResponseWriter
	c      *http.ResponseController
	r      *http.Request
	cursor int64
	asides int64
	full   bool

	prolonged time.Time // when the time to write was last set
}

// sessionCheck is how soon an open stream notices that its session was revoked.
const sessionCheck = 5 * time.Second

func (st *streaming) run(ctx context.Context, who authn.Identity) {
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	lastCheck := time.Now()
	// What is unsaved now is told anew: the page read its board a moment ago, and
	// a report that exists in memory only must not fall between the two.
	var unsaved []aside
	if unsaved, st.asides = st.s.hub.unsavedNow(); st.write(nil, unsaved) != nil || st.beat() != nil {
		return
	}
	for {
		events, beside, news, complete := st.s.hub.after(st.cursor, st.asides)
		if !complete {
			if st.older(ctx) != nil {
				return
			}
			continue
		}
		if st.write(events, beside) != nil {
			return
		}
		select {
		case <-news:
			continue
		case <-beat.C:
		case <-ctx.Done():
			return
		}
		if time.Since(lastCheck) >= sessionCheck {
			lastCheck = time.Now()
			if !st.stillThere(ctx, who) {
				return
			}
		}
		if st.beat() != nil {
			return
		}
	}
}

func (st *streaming) write(events []event, beside []aside) error {
	if len(events) == 0 && len(beside) == 0 {
		return nil
	}
	if err := st.prolong(); err != nil {
		return err
	}
	for _, a := range beside {
		st.asides = max(st.asides, a.n)
		if !st.full && !a.everybody {
			continue
		}
		if _, err := st.w.Write(a.full); err != nil {
			return err
		}
	}
	for len(events) > 0 {
		b, n := joined(events, st.bytesOf)
		if _, err := st.w.Write(b); err != nil {
			return err
		}
		st.cursor = events[n-1].seq
		events = events[n:]
	}
	return st.c.Flush()
}

func (st *streaming) bytesOf(e event) []byte {
	if st.full {
		return e.full
	}
	return e.bare
}

// prolong gives the next write its time. Over HTTP/2 each setting is a message to
// the connection's own loop, so it is done once a second and not for every write.
func (st *streaming) prolong() error {
	now := time.Now()
	if now.Sub(st.prolonged) < time.Second {
		return nil
	}
	st.prolonged = now
	return st.c.SetWriteDeadline(now.Add(streamWrite))
}

// older reads changes from the store that are no longer in memory.
func (st *streaming) older(ctx context.Context) error {
	changes, err := st.s.store.Changes(ctx, st.cursor, feedPage)
	if err != nil {
		return err
	}
	n, err := st.s.names(ctx)
	if err != nil {
		return err
	}
	events, err := st.s.hub.render(ctx, n, changes)
	if err != nil {
		return err
	}
	return st.write(events, nil)
}

// Beat is sent every second: a page that hears nothing for three seconds says
// so aloud.
type Beat struct {
	Now    time.Time `json:"now"`
	Cursor int64     `json:"cursor"`
}

func (st *streaming) beat() error {
	cursor, _ := st.s.hub.heads()
	b, err := sse("beat", 0, Beat{st.s.now(), cursor})
	if err != nil {
		return err
	}
	if err := st.prolong(); err != nil {
		return err
	}
	if _, err := st.w.Write(b); err != nil {
		return err
	}
	return st.c.Flush()
}

// stillThere asks again who sits there and what that person may read, and keeps
// the session alive: a page that is open is a person at work.
func (st *streaming) stillThere(ctx context.Context, who authn.Identity) bool {
	s := st.s
	now, err := authn.Identify(st.r, s.identities, s.now())
	if err != nil {
		return fault.Of(err) != fault.Unknown // a store that cannot answer must not darken the consoles
	}
	if !sameAs(now, who) || s.readsReports(now) != st.full {
		return false // the page reads everything anew, under its present right
	}
	if now.Session == nil {
		return true
	}
	if err := s.acts.Touch(ctx, s.whoOf(now), now.Session.TokenHash); err != nil && ctx.Err() == nil {
		s.log.Warn("keep a session", "err", err)
	}
	return true
}

// sameAs says that the same person, or the same machine, is still there.
func sameAs(now, before authn.Identity) bool {
	if (now.Client == nil) != (before.Client == nil) || now.Client != nil && now.Client.ID != before.Client.ID {
		return false
	}
	if now.Person == nil || before.Person == nil {
		return now.Client != nil && now.Person == nil && before.Person == nil
	}
	return now.Person.ID == before.Person.ID
}

func (s *Server) readsReports(who authn.Identity) bool {
	return (who.Person != nil || who.Client != nil) && s.may.May(s.whoOf(who).Principal, authz.ReportRead, authz.Resource{}).Allowed
}

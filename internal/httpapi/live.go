package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/fault"
)

// lives lets the consoles that look at the same report share its pictures: one
// of them fetches, all get it. Nothing is kept but the newest one, and that not
// longer than somebody looks. The zero value is ready.
type lives struct {
	mu   sync.Mutex
	of   map[string]*liveView
	look map[looking]bool
}

// looking is one console that looks at one report. It may only after the act
// that says so.
type looking struct{ console, report string }

type liveView struct {
	picture LiveFrame
	pulling bool
	wake    chan struct{} // closed and replaced when a pull ended
	users   int
}

const maxLooking = 1000

func (l *lives) set(k looking, looks bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.look == nil || len(l.look) >= maxLooking {
		l.look = map[looking]bool{}
	}
	if looks {
		l.look[k] = true
	} else {
		delete(l.look, k)
	}
}

func (l *lives) looks(k looking) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.look[k]
}

func (l *lives) join(report string) *liveView {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]*liveView{}
	}
	v := l.of[report]
	if v == nil {
		v = &liveView{wake: make(chan struct{})}
		l.of[report] = v
	}
	v.users++
	return v
}

func (l *lives) leave(report string, v *liveView) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v.users--; v.users == 0 && l.of[report] == v {
		delete(l.of, report)
	}
}

// begin returns the picture where it is newer; else mine says that the caller
// must pull, and wake what to wait for otherwise.
func (l *lives) begin(v *liveView, after int64) (p LiveFrame, mine bool, wake <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case v.picture.Number > after:
		return v.picture, false, nil
	case v.pulling:
		return LiveFrame{}, false, v.wake
	}
	v.pulling = true
	return LiveFrame{}, true, nil
}

func (l *lives) end(v *liveView, p LiveFrame, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ok {
		v.picture = p
	}
	v.pulling = false
	close(v.wake)
	v.wake = make(chan struct{})
}

// next waits for a picture after the one with this number, a few seconds.
func (l *lives) next(ctx context.Context, report string, after int64, pull func(context.Context) (LiveFrame, bool, error)) (LiveFrame, bool, error) {
	v := l.join(report)
	defer l.leave(report, v)
	for {
		p, mine, wake := l.begin(v, after)
		switch {
		case p.JPEG != nil:
			return p, true, nil
		case mine:
			p, ok, err := pull(ctx)
			l.end(v, p, ok)
			return p, ok, err
		}
		select {
		case <-wake: // whoever pulled has it, or went away: look again
		case <-ctx.Done():
			return LiveFrame{}, false, ctx.Err()
		}
	}
}

type lookInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Looks bool `json:"looks"`
	}
}

func (s *Server) lookLive(ctx context.Context, id authn.Identity, in *lookInput) (nothing, error) {
	k := looking{id.Console.ID, in.ID}
	if s.lives.looks(k) == in.Body.Looks {
		return nothing{}, nil
	}
	if err := s.acts.Look(ctx, s.whoOf(id), in.ID, in.Body.Looks); err != nil {
		return nothing{}, err
	}
	s.lives.set(k, in.Body.Looks)
	return nothing{}, nil
}

const liveTime = 8 * time.Second // longer than a terminal lets a request wait

// livePicture answers with the next picture after the one that the page has,
// 204 when none came. Whoever asks said before that they look.
func (s *Server) livePicture(w http.ResponseWriter, r *http.Request) {
	id, _ := authn.From(r.Context())
	report := r.PathValue("id")
	if !s.lives.looks(looking{id.Console.ID, report}) {
		s.refuse(w, r, fault.New(fault.Conflict, "live.not-looking"))
		return
	}
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil {
		after = 0
	}
	v, err := s.store.Reports().Report(r.Context(), report)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), liveTime)
	defer cancel()
	p, ok, err := s.lives.next(ctx, report, after, func(ctx context.Context) (LiveFrame, bool, error) {
		return s.links.Live(ctx, v.Terminal, v.Service, v.ServiceReport, after)
	})
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case err != nil && r.Context().Err() != nil:
	case err != nil && ctx.Err() != nil, err == nil && !ok:
		w.WriteHeader(http.StatusNoContent)
	case err != nil:
		s.refuse(w, r, err)
	default:
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("Matoi-Frame", strconv.FormatInt(p.Number, 10))
		w.Header().Set("Matoi-At", p.At.UTC().Format(time.RFC3339Nano))
		_, _ = w.Write(p.JPEG) // the page may be gone
	}
}

package net119

import (
	"context"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/matoi119/matoi/sim/sse"
	"github.com/matoi119/matoi/stdif"
)

//go:embed web
var web embed.FS

const (
	maxBody  = 64 << 10
	maxPhoto = 8 << 20
	// beat is how often a stream says that it stands; a page that hears nothing
	// for three of them says so.
	beat = 4 * time.Second
)

// routes lists everything that the service answers, and who may.
func (c *Cloud) routes() http.Handler {
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic("net119: " + err.Error()) // the files are in the binary
	}
	mux := http.NewServeMux()
	// Anybody: the pages themselves and what the caller chooses from.
	mux.Handle("GET /{$}", http.RedirectHandler("/caller/", http.StatusFound))
	mux.Handle("GET /caller/", c.static(files, "'self'"))
	mux.Handle("GET /terminal/", c.static(files, "'self' "+c.intakeSource()))
	mux.Handle("GET /assets/", c.static(files, "'self'"))
	mux.HandleFunc("GET /caller/api/setup", c.getSetup)
	mux.HandleFunc("POST /caller/api/calls", c.postCall)
	// The caller of this one call: its token.
	mux.HandleFunc("GET /caller/api/calls/{call}", c.caller(c.getCall))
	mux.HandleFunc("GET /caller/api/calls/{call}/stream", c.caller(c.streamCall))
	mux.HandleFunc("POST /caller/api/calls/{call}/chat", c.caller(c.postChat(c.Say)))
	mux.HandleFunc("POST /caller/api/calls/{call}/move", c.caller(c.postMove))
	mux.HandleFunc("POST /caller/api/calls/{call}/photos", c.caller(c.postPhoto))
	mux.HandleFunc("POST /caller/api/calls/{call}/end", c.caller(c.do(c.End)))
	mux.HandleFunc("POST /caller/api/calls/{call}/resume", c.caller(c.do(c.Resume)))
	// The service's own page or software at the terminal: the terminal's key.
	mux.HandleFunc("GET /terminal/api/stream", c.atTerminal(c.streamItems))
	mux.HandleFunc("GET /terminal/api/items/{n}/content", c.atTerminal(c.getContent))
	mux.HandleFunc("POST /terminal/api/items/{n}/answer", c.atTerminal(c.postAnswer))
	mux.HandleFunc("POST /terminal/api/events", c.atTerminal(c.postEvent))
	mux.HandleFunc("POST /terminal/api/calls/{call}/chat", c.atTerminal(c.postChat(c.SayAtTerminal)))
	return http.NewCrossOriginProtection().Handler(mux)
}

// intakeSource is the source expression that lets the terminal's page reach the
// loopback intake, and nothing else outside.
func (c *Cloud) intakeSource() string {
	u, err := url.Parse(c.cfg.IntakeURL)
	if err != nil || u.Host == "" {
		return "http://127.0.0.1:* http://localhost:*"
	}
	return u.Scheme + "://" + u.Host
}

func (c *Cloud) static(files fs.FS, connect string) http.Handler {
	serve := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/assets/" { // no listing
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "+
			connect+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "geolocation=(self), camera=(), microphone=()")
		h.Set("Cache-Control", "no-cache")
		serve.ServeHTTP(w, r)
	})
}

func bearer(r *http.Request) string {
	b, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return b
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// caller lets in whoever holds the token of the call.
func (c *Cloud) caller(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := c.with(r.PathValue("call"), func(s *session) error {
			if !same(bearer(r), s.Token) {
				return ErrUnknown // whether the call exists is nobody's business
			}
			return nil
		})
		if err != nil {
			answer(w, nil, err)
			return
		}
		next(w, r)
	}
}

func (c *Cloud) atTerminal(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !same(bearer(r), c.cfg.TerminalKey) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

// answer writes v, or the code of err.
func answer(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	switch {
	case err == nil:
	case errors.Is(err, ErrUnknown):
		status = http.StatusNotFound
	case errors.Is(err, ErrEnded):
		status = http.StatusConflict
	case errors.Is(err, ErrPerson), errors.Is(err, ErrKind), errors.Is(err, ErrPlace), errors.Is(err, ErrMode), errors.Is(err, ErrTooLong), errors.Is(err, errBody):
		status = http.StatusUnprocessableEntity
	default:
		status, err = http.StatusInternalServerError, errors.New("internal")
	}
	if err != nil {
		v = map[string]string{"error": err.Error()}
	}
	b, encodeErr := json.Marshal(v)
	if encodeErr != nil {
		status, b = http.StatusInternalServerError, []byte(`{"error":"internal"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b) //nolint:errcheck // the page went away; it will ask again
}

var errBody = errors.New("bad-request")

func take(w http.ResponseWriter, r *http.Request, v any) error {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(v); err != nil {
		return errBody
	}
	return nil
}

// stream writes events until the page goes away: state returns the event to
// send now, or nothing, and is asked again at every change.
func (c *Cloud) stream(w http.ResponseWriter, r *http.Request, state func(send func(name string, v any) error) error) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	send := func(name string, v any) error {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		return sse.Write(w, "", name, b)
	}
	t := time.NewTicker(beat)
	defer t.Stop()
	for {
		changed := c.Changed()
		if state(send) != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		if !c.waitStream(r.Context(), changed, t.C, send) {
			return
		}
	}
}

func (c *Cloud) waitStream(ctx context.Context, changed <-chan struct{}, t <-chan time.Time, send func(string, any) error) bool {
	select {
	case <-ctx.Done():
		return false
	case <-changed:
		return true
	case <-t:
		return send("beat", struct{}{}) == nil
	}
}

type setup struct {
	Name    string        `json:"name"`
	Mode    stdif.Mode    `json:"mode"`
	Persons []setupPerson `json:"persons"`
}

type setupPerson struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Home  string   `json:"home"`
	Often []string `json:"often"`
}

func (c *Cloud) getSetup(w http.ResponseWriter, _ *http.Request) {
	s := setup{Name: c.cfg.Name, Mode: c.cfg.DefaultMode}
	for _, p := range c.cfg.Persons {
		sp := setupPerson{ID: p.ID, Name: p.Subscriber.Name, Home: civic(p.Home), Often: []string{}}
		for _, o := range p.Often {
			sp.Often = append(sp.Often, o.Label+" "+civic(o.Civic))
		}
		s.Persons = append(s.Persons, sp)
	}
	answer(w, s, nil)
}

package agent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/ui"
)

// page is who may hold the terminal's own page: whoever opened the one-time
// link that is printed at the terminal. The session outlives the program, so
// that a restart does not take the page from the person who needs it.
type page struct {
	mu       sync.Mutex
	key      string // works once
	sessions [][sha256.Size]byte

	cacheMu sync.Mutex
	cache   map[string]cached
}

func (p *page) load(ctx context.Context, s *spool.Spool) error {
	sessions, err := s.PageSessions(ctx)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions = sessions
	return nil
}

// PageLink makes a new one-time link to the terminal's own page; an earlier one
// that nobody used is dead. The key stands behind #, which no browser sends.
func (a *Agent) PageLink() (string, error) {
	key := make([]byte, 24)
	if _, err := rand.Read(key); err != nil {
		return "", err
	}
	a.page.mu.Lock()
	defer a.page.mu.Unlock()
	a.page.key = base64.RawURLEncoding.EncodeToString(key)
	return a.IntakeURL() + "/open#key=" + a.page.key, nil
}

// redeem reports whether key is the one-time key, and ends it.
func (p *page) redeem(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	ok := p.key != "" && subtle.ConstantTimeCompare([]byte(key), []byte(p.key)) == 1
	if ok {
		p.key = ""
	}
	return ok
}

func (p *page) holds(session [sha256.Size]byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	held := 0
	for _, s := range p.sessions {
		held |= subtle.ConstantTimeCompare(s[:], session[:])
	}
	return held == 1
}

// cookie is named by the port: browsers share cookies among all ports of one
// address, and two terminals may run on one machine.
func (a *Agent) cookie() string {
	_, port, err := net.SplitHostPort(a.intake.Addr().String())
	if err != nil {
		panic("agent: the listener has no port: " + err.Error())
	}
	return "matoi_terminal_" + port
}

const sessionLife = 400 * 24 * time.Hour // the most that browsers keep

// openSession exchanges the one-time key for a session.
func (a *Agent) openSession(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Key string `json:"key"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	if !a.page.redeem(in.Key) {
		say(w, r, http.StatusUnauthorized, "terminal.key")
		return
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		a.fail(w, r, err)
		return
	}
	value := base64.RawURLEncoding.EncodeToString(secret)
	sum := sha256.Sum256([]byte(value))
	if err := a.spool.OpenPage(r.Context(), sum); err != nil {
		// The page must open even if the disk is full: that is when it is needed.
		a.log.Warn("the page's session is not durable", "error", err)
		a.page.mu.Lock()
		a.page.sessions = append(a.page.sessions, sum)
		a.page.mu.Unlock()
	} else if err := a.page.load(r.Context(), a.spool); err != nil {
		a.fail(w, r, err)
		return
	}
	// Secure would keep the cookie from http, which loopback speaks; nothing but
	// this machine can hear it.
	http.SetCookie(w, &http.Cookie{Name: a.cookie(), Value: value, Path: "/", HttpOnly: true, //nolint:gosec // see above
		SameSite: http.SameSiteStrictMode, MaxAge: int(sessionLife.Seconds())})
	w.WriteHeader(http.StatusNoContent)
}

// person admits whoever holds the page's session, from the page itself only.
func (a *Agent) person(next http.HandlerFunc) http.Handler {
	return sameOrigin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie(a.cookie())
		if err != nil || !a.page.holds(sha256.Sum256([]byte(c.Value))) {
			say(w, r, http.StatusUnauthorized, "terminal.key")
			return
		}
		next(w, r)
	}))
}

func sameOrigin(next http.Handler) http.Handler {
	return http.NewCrossOriginProtection().Handler(next)
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		refuseAs(w, http.StatusUnsupportedMediaType, stdif.Problemf(stdif.CodeSyntax, "Content-Type", "application/json"), false)
		return false
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(into); err != nil {
		refuseAs(w, http.StatusBadRequest, stdif.Problemf(stdif.CodeSyntax, "", "not the JSON that this address takes"), false)
		return false
	}
	return true
}

// files serves the built page. Every file is part of the program; none of it
// says anything about a report.
func (a *Agent) files() http.Handler {
	server := http.FileServerFS(ui.Dist())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", ui.ContentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if r.URL.Path != "/" {
			server.ServeHTTP(w, r)
			return
		}
		b, err := fs.ReadFile(ui.Dist(), ui.TerminalPage)
		if err != nil {
			http.Error(w, "this program was built without its pages; run make build", http.StatusNotImplemented)
			return
		}
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(b) // the browser may be gone
	})
}

//go:embed open.html
var openHTML []byte

//go:embed open.js
var openJS []byte

// openPage reads the key behind #, exchanges it and goes to the page: the key
// never stands in a request line, a log or the browser's history.
func openPage(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", ui.ContentSecurityPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(openHTML) // the browser may be gone
}

func openScript(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(openJS) // the browser may be gone
}

// pageChat answers the caller from this terminal (condition 1-1-2).
func (a *Agent) pageChat(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Text string `json:"text"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	text := stdif.Clean(in.Text)
	if strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > stdif.MaxText {
		say(w, r, http.StatusUnprocessableEntity, "chat.text")
		return
	}
	out, err := a.spool.Say(r.Context(), a.pageService(r), r.PathValue("report"), text, time.Now())
	a.pageAnswer(w, r, out, err)
}

// pageClose closes a report that was completed at this terminal alone.
func (a *Agent) pageClose(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Reason string `json:"reason"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	if in.Reason == "" {
		in.Reason = string(stdif.ServiceHandledHere)
	}
	if len(in.Reason) > 64 || strings.ContainsFunc(in.Reason, func(c rune) bool { return (c < 'a' || c > 'z') && c != '-' }) {
		refuse(w, stdif.Problemf(stdif.CodeUnknownValue, "/reason", "a reason is a code: letters and hyphens"))
		return
	}
	out, err := a.spool.Finish(r.Context(), a.pageService(r), r.PathValue("report"), in.Reason, time.Now())
	a.pageAnswer(w, r, out, err)
}

// pageService is the service of a path. One that was removed takes no input
// any more, but its reports can still be closed here.
func (a *Agent) pageService(r *http.Request) spool.Service {
	id := r.PathValue("service")
	v := a.serv.get(id)
	if v.ID == "" {
		v = spool.Service{ID: id, OutputOnly: true}
	}
	return v
}

func (a *Agent) pageAnswer(w http.ResponseWriter, r *http.Request, out spool.Taken, err error) {
	switch {
	case err != nil:
		a.fail(w, r, err)
	case out.Problem != nil && out.Problem.Code == stdif.CodeOutputOnly:
		say(w, r, http.StatusConflict, "terminal.output-only")
	case out.Problem != nil:
		refuse(w, out.Problem)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// pageQuiet stops the ring of one report here. Who did it is recorded.
func (a *Agent) pageQuiet(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"name"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	name := strings.TrimSpace(stdif.Clean(in.Name))
	if name == "" || utf8.RuneCountInString(name) > stdif.MaxShort {
		say(w, r, http.StatusUnprocessableEntity, "terminal.ring.name")
		return
	}
	service, report := r.PathValue("service"), r.PathValue("report")
	if a.unsaved.silence(service, report) {
		a.hub.changed()
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if service == stdif.Elsewhere && a.bells.silence(report) {
		a.hub.changed()
		if err := a.spool.QuietElsewhere(r.Context(), report, name); err != nil {
			a.fail(w, r, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	known, err := a.spool.Quiet(r.Context(), service, report, name)
	switch {
	case err != nil:
		a.fail(w, r, err)
	case !known:
		refuse(w, stdif.Problemf(stdif.CodeUnknownReport, "", "no report with this number was taken here"))
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

package video119

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/matoi119/matoi/stdif"
)

//go:embed web
var web embed.FS

// Serve answers the callers' pages on ln and runs the service until ctx ends.
func (s *Service) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Run(ctx) }) // it ends with ctx
	wg.Go(func() {
		<-ctx.Done()
		srv.Close() //nolint:errcheck // nothing is left to save on these connections
	})
	err := srv.Serve(ln)
	cancel()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return err
}

// ServeHTTP answers the simulated telephone and the callers' pages. A link is a
// secret in the part of the address that is not sent; the page shows it once.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic("video119: " + err.Error()) // the files are in the binary
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(self)")
		h.Set("Cache-Control", "no-cache")
		http.FileServerFS(files).ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /api/sent", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.Sent(), nil) })
	mux.HandleFunc("GET /api/link", s.link(func(_ *http.Request, token string) error { _, err := s.Look(token); return err }))
	mux.HandleFunc("POST /api/link/open", s.link(func(_ *http.Request, token string) error { return s.Open(token) }))
	mux.HandleFunc("POST /api/link/consent", s.link(func(r *http.Request, token string) error {
		var p struct {
			Lat, Lon *float64
			RadiusM  float64
		}
		if err := json.NewDecoder(io.LimitReader(r.Body, 4<<10)).Decode(&p); err != nil {
			return errBody
		}
		return s.Consent(token, p.Lat, p.Lon, p.RadiusM)
	}))
	mux.HandleFunc("POST /api/link/decline", s.link(func(_ *http.Request, token string) error { return s.Decline(token) }))
	mux.HandleFunc("POST /api/link/played", s.link(func(_ *http.Request, token string) error { return s.Played(token) }))
	mux.HandleFunc("POST /api/link/end", s.link(func(_ *http.Request, token string) error { return s.End(token) }))
	mux.HandleFunc("POST /api/link/frame", s.link(func(r *http.Request, token string) error {
		jpeg, err := io.ReadAll(io.LimitReader(r.Body, stdif.MaxLiveFrame+1))
		if err != nil || len(jpeg) > stdif.MaxLiveFrame {
			return errBody
		}
		return s.Frame(r.Context(), token, jpeg)
	}))
	http.NewCrossOriginProtection().Handler(mux).ServeHTTP(w, r)
}

var errBody = errors.New("bad-request")

const bearer = "Bearer "

// link answers whoever holds a link with how it stands.
func (s *Service) link(do func(r *http.Request, token string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("Authorization")
		if len(token) > len(bearer) {
			token = token[len(bearer):]
		}
		err := do(r, token)
		var v View
		if err == nil {
			v, err = s.Look(token)
		}
		answer(w, v, err)
	}
}

func answer(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	switch {
	case err == nil:
	case errors.Is(err, ErrUnknown):
		status = http.StatusNotFound
	case errors.Is(err, ErrOver), errors.Is(err, ErrConsent):
		status = http.StatusConflict
	default:
		status = http.StatusUnprocessableEntity
	}
	if err != nil {
		v = map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the page went away; it will ask again
}

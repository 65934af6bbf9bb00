// Package httpapi is the door for consoles and, with the same routes, for a
// command system of another maker: OpenAPI 3.1, problem details (RFC 9457), the
// feed as Server-Sent Events, and the pages. Every route stands in routes.go
// with the right that it needs; a route without a declared right keeps the
// server from starting.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
)

// LinkInfo is what the gateway knows of a link beyond what is stored.
type LinkInfo struct {
	Pending  int64
	Storable bool
	Heard    bool
	Screen   string // state of the screen's plane
}

// Links answers for the links to terminals.
type Links interface {
	Info(terminalID string) LinkInfo
	Ready(terminalID string) bool
	Live(ctx context.Context, terminalID, service, report string, after int64) (LiveFrame, bool, error)
}

// LiveFrame is one picture of a live view, inert.
type LiveFrame struct {
	Number int64
	At     time.Time
	JPEG   []byte
}

// Enrolling is what a person types to enrol a terminal.
type Enrolling struct {
	Address string `json:"address" doc:"host:port of the terminal's headquarters' face" minLength:"3" maxLength:"255"`
	Code    string `json:"code" doc:"as matoi terminal enrol prints it" minLength:"8" maxLength:"100"`
	Name    string `json:"name" minLength:"1" maxLength:"100"`
	Place   string `json:"place" doc:"where to walk when the link is down" minLength:"1" maxLength:"100"`
	Phone   string `json:"phone,omitempty" maxLength:"100"`
}

// Config of the door. Everything is required but Health, Maps and Screens.
type Config struct {
	Headquarters string
	Name         string
	Version      string
	Store        *store.Store
	Acts         *act.Acts
	May          *authz.Decider
	Links        Links
	Enrol        func(ctx context.Context, who act.Who, e Enrolling) (terminal.Terminal, error)
	Health       func(ctx context.Context) Health
	Media        Media
	Screens      Screens      // nil: no terminal shows one
	Recordings   Recordings   // nil: nothing is recorded
	Pages        http.Handler // the built pages
	Maps         Maps         // nil: there is no map
	Now          func() time.Time
	Log          *slog.Logger
}

// Health is what the health page says, without any report.
type Health struct {
	OK       bool              `json:"ok"`
	Version  string            `json:"version"`
	Now      time.Time         `json:"now"`
	Parts    map[string]string `json:"parts" doc:"each part: ok, or what is wrong with it"`
	Stored   int64             `json:"stored"`
	Shown    int64             `json:"shown"`
	Outbox   map[string]int64  `json:"outbox" doc:"messages that wait, by destination"`
	Terminal map[string]string `json:"terminals" doc:"link state by terminal"`
}

// Server answers consoles. Run it beside its http.Server.
type Server struct {
	hq, hqName, version string
	store               *store.Store
	acts                *act.Acts
	may                 *authz.Decider
	links               Links
	media               Media
	recordings          Recordings
	screens             Screens
	enrol               func(ctx context.Context, who act.Who, e Enrolling) (terminal.Terminal, error)
	health              func(ctx context.Context) Health
	pages               http.Handler
	maps                Maps
	now                 func() time.Time
	log                 *slog.Logger

	hub         *hub
	paces       paces
	conveyTimes conveyTimes
	summaries   summaries
	painted     painted
	identities  *identities
	lore        *lore
	api         huma.API
	handler     http.Handler
	lives       lives
	attendance  attendance
}

// New makes the door and checks that every route's right is declared.
func New(c Config) (*Server, error) {
	humaErrors()
	if c.Recordings == nil {
		c.Recordings = noRecordings{}
	}
	if c.Media == nil {
		c.Media = noMedia{}
	}
	s := &Server{
		hq: c.Headquarters, hqName: c.Name, version: c.Version, store: c.Store, acts: c.Acts, may: c.May, links: c.Links, media: c.Media, recordings: c.Recordings,
		enrol: c.Enrol, health: c.Health, pages: c.Pages, now: c.Now, log: c.Log,
		summaries: summaries{of: map[string]summary{}}, painted: painted{of: map[string]*confirmation{}}, paces: paces{of: map[string]*pace{}}, conveyTimes: usualTimes,
		attendance: attendance{start: time.Now(), of: map[string]heard{}},
	}
	if s.screens = c.Screens; s.screens == nil {
		s.screens = noScreens{}
	}
	if s.maps = c.Maps; s.maps == nil {
		s.maps = noMap{}
	}
	s.hub = newHub(s)
	s.identities, s.lore = newIdentities(c.Store, c.Now), newLore()
	mux := http.NewServeMux()
	config := huma.DefaultConfig("Matoi", c.Version)
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // served below, under a right
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.CreateHooks = nil // no $schema links into answers
	config.Info.Description = "What a console can do, a command system of another maker can do. See docs/operations and docs/open1.md."
	s.api = humago.New(mux, config)
	if err := s.routes(mux); err != nil {
		return nil, err
	}
	s.describe()
	s.handler = headers(http.NewCrossOriginProtection().Handler(mux))
	return s, nil
}

// schemaName keeps values of the standard interface apart from our own.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if strings.HasSuffix(t.PkgPath(), "/stdif") {
		return "Interface" + name
	}
	return name
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Run follows the change feed until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	if err := s.hub.start(ctx); err != nil {
		return err
	}
	s.store.OnCommit(s.hub.committed)
	s.identities.follow()
	s.lore.follow(s.store)
	s.hub.run(ctx)
	return nil
}

// Unsaved and Saved ring what the store could not take (gateway.Bell).
func (s *Server) Unsaved(in act.Incoming) { s.hub.Unsaved(in) }

// Saved takes an unsaved report off the boards.
func (s *Server) Saved(frame string) { s.hub.Saved(frame) }

// OpenAPI is the description of the API as JSON.
func (s *Server) OpenAPI() ([]byte, error) { return s.api.OpenAPI().MarshalJSON() }

// headers are the same on every answer.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// whoOf is the actor behind an identity.
func (s *Server) whoOf(id authn.Identity) act.Who {
	if id.Client != nil && id.Person == nil {
		return act.Who{Principal: authz.OfClient(*id.Client), Client: id.Client.ID}
	}
	if id.Client != nil {
		return act.Who{Principal: authz.OfPerson(*id.Person), Console: id.Console.ID, Client: id.Client.ID}
	}
	if id.Person != nil {
		return act.Who{Principal: authz.OfPerson(*id.Person), Console: id.Console.ID}
	}
	return act.Who{Principal: authz.OfConsole(id.Console.ID), Console: id.Console.ID}
}

// identify finds out who asks. Documents for other centres may also be asked for
// by certificate alone, as the adapters of their makers do (NENA-STA-024); what
// such a client then is can do nothing else.
func (s *Server) identify(r *http.Request, right authz.Right) (authn.Identity, error) {
	if right == authz.EidoRead && authn.ByCertificate(r) {
		return authn.IdentifyCertificate(r, s.identities, s.now())
	}
	return authn.Identify(r, s.identities, s.now())
}

// admit answers who asks and whether the right allows it. A stranger is let
// through only where the policy lets strangers.
func (s *Server) admit(r *http.Request, right authz.Right) (authn.Identity, error) {
	id, err := s.identify(r, right)
	if err != nil {
		// A store that cannot answer does not keep pages and health from anybody.
		if s.may.May(authz.OfMachine(authz.KindStranger), right, authz.Resource{}).Allowed {
			return authn.Identity{}, nil
		}
		return id, err
	}
	if s.may.May(s.whoOf(id).Principal, right, authz.Resource{}).Allowed {
		if id.Person != nil {
			s.attendance.hear(id.Console.ID)
		}
		return id, s.pace(r, id)
	}
	if id.Client != nil && id.Person == nil {
		return id, fault.New(fault.Denied, "client.scope", "act", string(right))
	}
	if id.Person == nil {
		return id, fault.New(fault.Unknown, "session.none")
	}
	return id, fault.New(fault.Denied, "right.none", "act", string(right))
}

var errUndeclared = errors.New("httpapi: a route's right is not declared in the policy")

// painted remembers which reports are integrated or on their way to it, so that
// fifty consoles which confirm the same report at the same moment cost one act.
type painted struct {
	mu sync.Mutex
	of map[string]*confirmation
}

// confirmation is one act that records the step integrated; err is set before
// done is closed.
type confirmation struct {
	done chan struct{}
	err  error
}

const maxPainted = 100_000

// begin returns the confirmation of a report; mine says that the caller must
// run it and settle it.
func (p *painted) begin(id string) (c *confirmation, mine bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.of[id]; c != nil {
		return c, false
	}
	if len(p.of) >= maxPainted {
		clear(p.of)
	}
	c = &confirmation{done: make(chan struct{})}
	p.of[id] = c
	return c, true
}

// settle answers everybody who waits. One that did not succeed is forgotten, so
// that the next page tries again.
func (p *painted) settle(id string, c *confirmation, err error) {
	c.err = err
	close(c.done)
	if err == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[id] == c {
		delete(p.of, id)
	}
}

func (p *painted) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.of, id)
}

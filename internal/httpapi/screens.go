package httpapi

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/screen"
)

// ScreenPlane is how a terminal's screen can be reached.
type ScreenPlane string

// The states of the plane.
const (
	PlaneAbsent ScreenPlane = "absent" // this terminal offers no screen, or has not said yet
	PlaneDown   ScreenPlane = "down"
	PlaneReady  ScreenPlane = "ready"
)

// ScreenInfo is what the gateway knows of a screen beyond its lease.
type ScreenInfo struct {
	Plane   ScreenPlane
	Up      bool      // the relay has a picture of it now
	LocalAt time.Time // the person at the terminal used it last
	Source  *ScreenSource
}

// ScreenSource is what stands behind a terminal's screen, and what it can do.
// "no" is a stated result: pages show it.
type ScreenSource struct {
	Kind      string          `json:"kind" enum:"x11,windows,vnc,page" doc:"what the picture is made of"`
	Clipboard bool            `json:"clipboard"`
	ScanCodes bool            `json:"scanCodes" doc:"takes keys by their place on the keyboard"`
	LocalUse  bool            `json:"localUse" doc:"notices when the person at the terminal uses it"`
	Monitors  []ScreenMonitor `json:"monitors"`
}

// ScreenMonitor is one monitor of the terminal, in pixels of the whole picture.
type ScreenMonitor struct {
	ID     int64 `json:"id"`
	X      int64 `json:"x"`
	Y      int64 `json:"y"`
	Width  int64 `json:"width"`
	Height int64 `json:"height"`
}

// ScreenState is who sees and who operates a terminal's screen now.
type ScreenState struct {
	TerminalID string         `json:"terminalId"`
	State      string         `json:"state" enum:"absent,down,free,view,operate" doc:"absent and down only while nobody holds it"`
	Up         bool           `json:"up" doc:"the gateway has a picture of it now"`
	Token      int64          `json:"token,omitempty" doc:"of the grant, for its holder alone: the socket asks for it"`
	Holder     *ScreenHolder  `json:"holder,omitempty"`
	Input      ScreenInput    `json:"input" doc:"what the holder may send"`
	Since      time.Time      `json:"since,omitzero"`
	Offer      *ScreenOffer   `json:"offer,omitempty" doc:"the holder offers it to this console"`
	Asking     []ScreenAsking `json:"asking" doc:"who asked the holder for it, oldest first"`
	Mirrors    []Named        `json:"mirrors" doc:"consoles that see a copy"`
	LocalAt    time.Time      `json:"localAt,omitzero" doc:"the person at the terminal used it last; consoles wait 3 s"`
	Recording  bool           `json:"recording" doc:"what is to be seen is recorded at this moment"`
	Source     *ScreenSource  `json:"source,omitempty" doc:"known while the gateway has a picture"`
}

// ScreenHolder is a console and the person there.
type ScreenHolder struct {
	ConsoleID   string `json:"consoleId"`
	ConsoleName string `json:"consoleName"`
	PersonID    string `json:"personId"`
	PersonName  string `json:"personName"`
}

// ScreenInput is a set of the kinds of input.
type ScreenInput struct {
	Keyboard  bool `json:"keyboard"`
	Pointer   bool `json:"pointer"`
	Clipboard bool `json:"clipboard"`
}

func (i ScreenInput) set() (out screen.Input) {
	for kind, on := range map[screen.Input]bool{screen.Keyboard: i.Keyboard, screen.Pointer: i.Pointer, screen.Clipboard: i.Clipboard} {
		if on {
			out |= kind
		}
	}
	return out
}

func inputOf(i screen.Input) ScreenInput {
	return ScreenInput{i&screen.Keyboard != 0, i&screen.Pointer != 0, i&screen.Clipboard != 0}
}

// ScreenOffer is a lease that its holder offers.
type ScreenOffer struct {
	ConsoleID   string    `json:"consoleId"`
	ConsoleName string    `json:"consoleName"`
	At          time.Time `json:"at"`
}

// ScreenAsking is somebody who asked the holder for the screen.
type ScreenAsking struct {
	ScreenHolder
	At time.Time `json:"at"`
}

func (n *names) holder(by screen.By) ScreenHolder {
	return ScreenHolder{by.Console, or(n.consoles[by.Console], by.Console), by.Person, or(n.persons[by.Person], by.Person)}
}

// screenOf is the view of a lease that everybody may have: without its token.
func (s *Server) screenOf(n *names, l screen.Lease) ScreenState {
	info := s.screens.Screen(l.Terminal)
	v := ScreenState{
		TerminalID: l.Terminal, State: "free", Up: info.Up, Input: inputOf(l.Input), Since: l.Since, Source: info.Source,
		Asking: []ScreenAsking{}, Mirrors: []Named{}, LocalAt: info.LocalAt,
	}
	v.Recording = l.Holder.Console != "" && s.recordings.Recorded(l.Terminal)
	if v.LocalAt.Before(l.LocalAt) {
		v.LocalAt = l.LocalAt
	}
	switch {
	case l.Holder.Console != "":
		v.State = string(l.Purpose)
		h := n.holder(l.Holder)
		v.Holder = &h
	case info.Plane != PlaneReady:
		v.State = string(info.Plane)
	}
	if l.Offer.To != "" {
		v.Offer = &ScreenOffer{l.Offer.To, or(n.consoles[l.Offer.To], l.Offer.To), l.Offer.At}
	}
	for _, a := range l.Asking {
		v.Asking = append(v.Asking, ScreenAsking{n.holder(a.By), a.At})
	}
	for _, c := range l.Mirrors {
		v.Mirrors = append(v.Mirrors, Named{c, or(n.consoles[c], c)})
	}
	return v
}

// screenFor is the view for somebody: the holder gets the token of the grant.
func (s *Server) screenFor(ctx context.Context, id authn.Identity, l screen.Lease) (ScreenState, error) {
	n, err := s.names(ctx)
	if err != nil {
		return ScreenState{}, err
	}
	v := s.screenOf(n, l)
	if id.Person != nil && l.Holder == (screen.By{Console: id.Console.ID, Person: id.Person.ID}) {
		v.Token = l.Token
	}
	return v, nil
}

// screenRoutes are the lease of a terminal's screen; the picture itself goes
// through the socket.
func (s *Server) screenRoutes(b *binder) {
	get(b, "/terminals/{id}/screen", authz.ScreenView, "Who sees and who operates a terminal's screen", s.readScreen)
	post(b, "/terminals/{id}/screen/take", authz.ScreenView, "Take the screen of a terminal, to view or to operate; one console at a time", s.takeScreen)
	post(b, "/terminals/{id}/screen/release", authz.ScreenView, "Give the screen back", s.releaseScreen)
	post(b, "/terminals/{id}/screen/ask", authz.ScreenView, "Ask the holder for the screen", s.askScreen)
	post(b, "/terminals/{id}/screen/offer", authz.ScreenView, "Offer the screen to another console; the holder keeps it until that one accepts", s.offerScreen)
	post(b, "/terminals/{id}/screen/accept", authz.ScreenView, "Take what was offered; the connection to the terminal stays", s.acceptScreen)
	post(b, "/terminals/{id}/screen/decline", authz.ScreenView, "Refuse an offer", s.declineScreen)
	post(b, "/terminals/{id}/screen/preempt", authz.ScreenPreempt, "Take the screen from its holder, with a reason", s.preemptScreen)
	post(b, "/terminals/{id}/screen/mirror", authz.ScreenMirror, "Show a copy to another console, or end it", s.mirrorScreen)
	b.raw("GET /api/v1/terminals/{id}/screen/socket", authz.ScreenView, s.screenSocket)
}

type screenInput struct {
	ID string `path:"id" maxLength:"64"`
}

type takeScreenInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Purpose screen.Purpose `json:"purpose" enum:"view,operate"`
		Input   *ScreenInput   `json:"input,omitempty" doc:"which kinds to send; without it every kind that the person may"`
	}
}

type preemptScreenInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Purpose screen.Purpose `json:"purpose" enum:"view,operate"`
		Input   *ScreenInput   `json:"input,omitempty"`
		Reason  string         `json:"reason" maxLength:"2000" doc:"shown to whoever loses it; kept sealed. At most 400 characters"`
	}
}

type offerScreenInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		ConsoleID string `json:"consoleId" maxLength:"64" doc:"empty takes the offer back"`
	}
}

type mirrorScreenInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		ConsoleID string `json:"consoleId" minLength:"1" maxLength:"64"`
		On        bool   `json:"on"`
	}
}

// wished is the set of kinds that a request names; 0 leaves it to the rights.
func wished(i *ScreenInput) screen.Input {
	if i == nil {
		return 0
	}
	return i.set()
}

func (s *Server) readScreen(ctx context.Context, id authn.Identity, in *screenInput) (ScreenState, error) {
	if _, err := s.store.Terminals().Terminal(ctx, in.ID); err != nil {
		return ScreenState{}, err
	}
	l, err := s.store.Screens().Lease(ctx, in.ID)
	if err != nil {
		return ScreenState{}, err
	}
	return s.screenFor(ctx, id, l)
}

// told answers with the lease as the act left it.
func (s *Server) told(ctx context.Context, id authn.Identity, l screen.Lease, err error) (ScreenState, error) {
	if err != nil {
		return ScreenState{}, err
	}
	return s.screenFor(ctx, id, l)
}

func (s *Server) takeScreen(ctx context.Context, id authn.Identity, in *takeScreenInput) (ScreenState, error) {
	l, err := s.acts.TakeScreen(ctx, s.whoOf(id), in.ID, in.Body.Purpose, wished(in.Body.Input))
	return s.told(ctx, id, l, err)
}

func (s *Server) releaseScreen(ctx context.Context, id authn.Identity, in *screenInput) (ScreenState, error) {
	l, err := s.acts.ReleaseScreen(ctx, s.whoOf(id), in.ID)
	return s.told(ctx, id, l, err)
}

func (s *Server) askScreen(ctx context.Context, id authn.Identity, in *screenInput) (ScreenState, error) {
	l, err := s.acts.AskScreen(ctx, s.whoOf(id), in.ID)
	return s.told(ctx, id, l, err)
}

func (s *Server) offerScreen(ctx context.Context, id authn.Identity, in *offerScreenInput) (ScreenState, error) {
	l, err := s.acts.OfferScreen(ctx, s.whoOf(id), in.ID, in.Body.ConsoleID)
	return s.told(ctx, id, l, err)
}

func (s *Server) acceptScreen(ctx context.Context, id authn.Identity, in *screenInput) (ScreenState, error) {
	l, err := s.acts.AcceptScreen(ctx, s.whoOf(id), in.ID)
	return s.told(ctx, id, l, err)
}

func (s *Server) declineScreen(ctx context.Context, id authn.Identity, in *screenInput) (ScreenState, error) {
	l, err := s.acts.DeclineScreen(ctx, s.whoOf(id), in.ID)
	return s.told(ctx, id, l, err)
}

func (s *Server) preemptScreen(ctx context.Context, id authn.Identity, in *preemptScreenInput) (ScreenState, error) {
	l, err := s.acts.PreemptScreen(ctx, s.whoOf(id), in.ID, in.Body.Purpose, wished(in.Body.Input), in.Body.Reason)
	return s.told(ctx, id, l, err)
}

func (s *Server) mirrorScreen(ctx context.Context, id authn.Identity, in *mirrorScreenInput) (ScreenState, error) {
	l, err := s.acts.MirrorScreen(ctx, s.whoOf(id), in.ID, in.Body.ConsoleID, in.Body.On)
	return s.told(ctx, id, l, err)
}

// Screens is the gateway's part: what it knows of screens, and who joins them.
type Screens interface {
	Screen(terminalID string) ScreenInfo
	// Serve shows a screen to a page until the lease, the page or ctx ends.
	Serve(ctx context.Context, p ScreenPage)
}

// noScreens stands where there is no gateway.
type noScreens struct{}

func (noScreens) Screen(string) ScreenInfo          { return ScreenInfo{Plane: PlaneAbsent} }
func (noScreens) Serve(context.Context, ScreenPage) {}

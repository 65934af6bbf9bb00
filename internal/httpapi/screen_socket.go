package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authn"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/screen"
)

// ScreenSubprotocol is what a page's socket speaks: binary messages are RFB 3.8
// with the gateway as server, text messages are JSON.
const ScreenSubprotocol = "matoi.screen.v1"

const (
	maxScreenMessage = 2 << 20
	// screenCheck is how often an open socket asks again who sits there and what
	// that person may: a revocation ends it within a second.
	screenCheck = 400 * time.Millisecond
	screenTouch = time.Minute
)

// ScreenPage is a page that sees a terminal's screen; the gateway serves it until
// its context ends, which says why with an act.LapseCause.
type ScreenPage struct {
	Terminal        string
	Console, Person string
	Token           int64
	May             func() screen.Input
	State           func(l screen.Lease) []byte
	Over            func(code string, l screen.Lease, why screen.Preemption) []byte
	Conn            *websocket.Conn
}

// screenKinds are the rights of the kinds of input.
var screenKinds = map[screen.Input]authz.Right{
	screen.Keyboard: authz.ScreenKeyboard, screen.Pointer: authz.ScreenPointer, screen.Clipboard: authz.ScreenClipboard,
}

// mayInput is what an identity may send to a terminal now.
func (s *Server) mayInput(id authn.Identity, terminal string) (may screen.Input) {
	who, on := s.whoOf(id).Principal, authz.Resource{Type: "Terminal", ID: terminal}
	if !s.may.May(who, authz.ScreenOperate, on).Allowed {
		return 0
	}
	for kind, right := range screenKinds {
		if s.may.May(who, right, on).Allowed {
			may |= kind
		}
	}
	return may
}

// screenSocket answers GET /api/v1/terminals/{id}/screen/socket. A browser names
// its origin with it, which must be this one; a program of others has none.
func (s *Server) screenSocket(w http.ResponseWriter, r *http.Request) {
	id, _ := authn.From(r.Context())
	if id.Person == nil {
		s.refuse(w, r, fault.New(fault.Unknown, "session.none"))
		return
	}
	token := int64(0)
	if text := r.URL.Query().Get("token"); text != "" {
		var err error
		if token, err = strconv.ParseInt(text, 10, 64); err != nil || token < 1 {
			s.refuse(w, r, fault.New(fault.Invalid, "input.invalid", "place", "token"))
			return
		}
	}
	terminal := r.PathValue("id")
	if _, err := s.store.Terminals().Terminal(r.Context(), terminal); err != nil {
		s.refuse(w, r, err)
		return
	}
	leave, err := s.paces.enter(id)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer leave()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{ScreenSubprotocol}})
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow() //nolint:errcheck // it may be closed already
	if conn.Subprotocol() != ScreenSubprotocol {
		_ = conn.Close(websocket.StatusPolicyViolation, "subprotocol")
		return
	}
	conn.SetReadLimit(maxScreenMessage)
	ctx, end := context.WithCancelCause(r.Context())
	defer end(nil)
	var may atomic.Int64
	may.Store(int64(s.mayInput(id, terminal)))
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		end(s.watchSocket(ctx, r, id, terminal, &may))
	}()
	s.screens.Serve(ctx, ScreenPage{
		Terminal: terminal, Console: id.Console.ID, Person: id.Person.ID, Token: token, Conn: conn,
		May:   func() screen.Input { return screen.Input(may.Load()) },
		State: func(l screen.Lease) []byte { return s.socketState(id, l) },
		Over:  s.socketOver,
	})
	end(nil)
	<-watched
}

// watchSocket asks again and again whether the same person still sits there and
// may see screens; it returns why not.
func (s *Server) watchSocket(ctx context.Context, r *http.Request, id authn.Identity, terminal string, may *atomic.Int64) error {
	tick := time.NewTicker(screenCheck)
	defer tick.Stop()
	touched := time.Now()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		now, err := authn.Identify(r, s.identities, s.now())
		switch {
		case fault.Of(err) == fault.Unknown && err != nil:
			return act.LapseSession
		case err != nil:
			continue // a store that cannot answer takes no screen away
		case !sameAs(now, id):
			return act.LapseSession
		case !s.may.May(s.whoOf(now).Principal, authz.ScreenView, authz.Resource{Type: "Terminal", ID: terminal}).Allowed:
			return act.LapseRight
		}
		may.Store(int64(s.mayInput(now, terminal)))
		s.attendance.hear(now.Console.ID)
		if now.Session != nil && time.Since(touched) >= screenTouch {
			touched = time.Now()
			if err := s.acts.Touch(ctx, s.whoOf(now), now.Session.TokenHash); err != nil && ctx.Err() == nil {
				s.log.Warn("keep a session", "err", err)
			}
		}
	}
}

// socketMessage is a text that the gateway sends to a page.
type socketMessage struct {
	Type   string        `json:"type"`
	State  *ScreenState  `json:"state,omitempty"`
	Code   string        `json:"code,omitempty"`
	By     *ScreenHolder `json:"by,omitempty"`     // who has it now
	Reason string        `json:"reason,omitempty"` // of a preemption
}

func encodeSocket(m socketMessage) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic("httpapi: a socket's message cannot be encoded: " + err.Error()) // plain values only
	}
	return b
}

func (s *Server) socketState(id authn.Identity, l screen.Lease) []byte {
	v := s.screenOf(s.hub.lastNames(), l)
	if l.Holder == (screen.By{Console: id.Console.ID, Person: id.Person.ID}) {
		v.Token = l.Token
	}
	return encodeSocket(socketMessage{Type: "state", State: &v})
}

// socketOver says why a page's connection ends, and who has the screen now.
func (s *Server) socketOver(code string, l screen.Lease, why screen.Preemption) []byte {
	m := socketMessage{Type: "over", Code: code}
	if l.Holder.Console != "" {
		h := s.hub.lastNames().holder(l.Holder)
		m.By, m.Reason = &h, why.Reason
	}
	return encodeSocket(m)
}

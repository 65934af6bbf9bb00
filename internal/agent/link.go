package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/stdif/open1"
)

// Times of the data plane.
const (
	helloTime = 5 * time.Second
	frameTime = 10 * time.Second // to write one frame; a gateway slower than this is dead
)

// link is the one connection of the gateway.
type link struct {
	mu    sync.Mutex
	since time.Time
	up    bool
	now   *session
}

func (l *link) state() (up bool, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.up, l.since
}

func (l *link) set(up bool) {
	if l.up != up {
		l.up, l.since = up, time.Now()
	}
}

// enter makes s the connection and ends the one before: what a gateway left
// behind when it was restarted must not keep frames from its successor. It
// returns when the old one has written its last.
func (l *link) enter(s *session) {
	l.mu.Lock()
	old := l.now
	l.now = s
	l.set(true)
	l.mu.Unlock()
	if old != nil {
		old.stop()
		<-old.done
	}
}

// leave ends s; the link is down unless another took its place.
func (l *link) leave(s *session) (down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now != s {
		return false
	}
	l.now = nil
	l.set(false)
	return true
}

// data is the data plane: the gateway connects, says hello, and gets frames
// until one side ends. The handler owns the connection's goroutines.
func (a *Agent) data(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{open1.Subprotocol}, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // Accept answered
	}
	defer func() { _ = ws.CloseNow() }() // closed properly where there was a reason
	ctx, stop := context.WithCancel(a.ctx)
	defer stop()
	if ws.Subprotocol() != open1.Subprotocol {
		_ = ws.Close(websocket.StatusProtocolError, "subprotocol "+open1.Subprotocol)
		return
	}
	ws.SetReadLimit(open1.MaxWire)
	hello, err := a.hello(ctx, ws)
	if err != nil {
		a.log.Warn("data plane", "error", err)
		_ = ws.Close(websocket.StatusPolicyViolation, "hello")
		return
	}
	s := &session{a: a, ws: ws, stop: stop, done: make(chan struct{}), acks: make(chan struct{}, 1), room: make(chan struct{}, 1), again: make(chan struct{}, 1)}
	a.link.enter(s)
	a.hub.linkMoved()
	a.log.Info("the link is up")
	err = s.run(ctx, hello)
	close(s.done)
	if a.link.leave(s) {
		a.hub.linkMoved()
		a.log.Warn("the link is down", "error", err)
	}
}

// hello reads who dials and what is there already.
func (a *Agent) hello(ctx context.Context, ws *websocket.Conn) (open1.Hello, error) {
	ctx, cancel := context.WithTimeout(ctx, helloTime)
	defer cancel()
	_, wire, err := ws.Read(ctx)
	if err != nil {
		return open1.Hello{}, fmt.Errorf("wait for hello: %w", err)
	}
	f, p := open1.Decode(wire)
	if p != nil {
		return open1.Hello{}, fmt.Errorf("read hello: %w", p)
	}
	h, p := f.ReadHello()
	if p != nil {
		return open1.Hello{}, fmt.Errorf("read hello: %w", p)
	}
	if m := a.member.Load(); h.Headquarters != m.Headquarters {
		return open1.Hello{}, errors.New("read hello: it names another headquarters than the certificate")
	}
	return h, nil
}

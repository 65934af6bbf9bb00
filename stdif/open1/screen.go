package open1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/stdif"
)

// PathScreen is the terminal's screen: a WebSocket whose binary messages are the
// byte stream of RFB 3.8 (RFC 6143), the terminal being the server with security
// type None, and whose text messages are a ScreenNotice or a ScreenWatch.
const (
	PathScreen        = "/open1/screen"
	ScreenSubprotocol = "open1.screen"
)

// Limits of the screen plane. What a message is cut into means nothing.
const (
	MaxScreenMessage = 1 << 20 // bytes of a binary message
	MaxScreenText    = 64 << 10
	MaxMonitors      = 16
	MaxViewers       = 16
)

// Kinds of a ScreenNotice. A reader passes over those that it does not know.
const (
	ScreenSource = "source" // what the screen is and can do; first, and again at each change
	ScreenLocal  = "local"  // the person at the terminal uses it: what comes from afar is dropped for 3 s
	ScreenFault  = "fault"  // the screen cannot be shown; the terminal goes on trying
)

// Yes and No answer what a source can do.
const (
	Yes = "yes"
	No  = "no"
)

// ScreenNotice is what the terminal says beside the picture.
type ScreenNotice struct {
	Type      string          `json:"type"`
	Source    string          `json:"source,omitempty"`    // x11, windows, vnc, page
	Clipboard string          `json:"clipboard,omitempty"` // yes, no
	ScanCodes string          `json:"scanCodes,omitempty"`
	LocalUse  string          `json:"localUse,omitempty"` // it can tell the person at the terminal from the console
	Monitors  []ScreenMonitor `json:"monitors,omitempty"`
	Code      stdif.Code      `json:"code,omitempty"` // of a fault
}

// ScreenMonitor is one monitor, in pixels of the picture. ID is that of the
// ExtendedDesktopSize.
type ScreenMonitor struct {
	ID     int64 `json:"id"`
	X      int64 `json:"x"`
	Y      int64 `json:"y"`
	Width  int64 `json:"width"`
	Height int64 `json:"height"`
}

// ScreenWatch is what the headquarters says beside its input: who sees the
// screen now, for the banner at the terminal. Nobody is an empty list.
type ScreenWatch struct {
	Viewers []ScreenViewer `json:"viewers"`
}

// ScreenViewer is one console that sees the screen.
type ScreenViewer struct {
	Console  string    `json:"console"` // names to show
	Person   string    `json:"person"`
	Operates bool      `json:"operates"`
	Recorded bool      `json:"recorded,omitempty"` // the headquarters records what this console sees
	Since    time.Time `json:"since"`
}

// DecodeScreenNotice reads a notice. Unknown members are passed over.
func DecodeScreenNotice(wire []byte) (ScreenNotice, *stdif.Problem) {
	n, p := readScreen[ScreenNotice](wire)
	if p != nil {
		return ScreenNotice{}, p
	}
	if n.Type == "" {
		return ScreenNotice{}, stdif.Problemf(stdif.CodeMissing, "/type", "required item is missing")
	}
	if len(n.Monitors) > MaxMonitors {
		return ScreenNotice{}, stdif.Problemf(stdif.CodeTooLarge, "/monitors", "%d monitors, limit %d", len(n.Monitors), MaxMonitors)
	}
	for _, m := range n.Monitors {
		if m.ID < 0 || m.X < 0 || m.Y < 0 || m.Width < 1 || m.Height < 1 || max(m.X+m.Width, m.Y+m.Height, m.ID) > 1<<32 {
			return ScreenNotice{}, stdif.Problemf(stdif.CodeUnknownValue, "/monitors", "a monitor that cannot be")
		}
	}
	for _, text := range []*string{&n.Type, &n.Source, &n.Clipboard, &n.ScanCodes, &n.LocalUse} {
		*text = stdif.Excerpt(stdif.Clean(*text), stdif.MaxID)
	}
	return n, nil
}

// DecodeScreenWatch reads who sees the screen.
func DecodeScreenWatch(wire []byte) (ScreenWatch, *stdif.Problem) {
	w, p := readScreen[ScreenWatch](wire)
	if p != nil {
		return ScreenWatch{}, p
	}
	if len(w.Viewers) > MaxViewers {
		return ScreenWatch{}, stdif.Problemf(stdif.CodeTooLarge, "/viewers", "%d viewers, limit %d", len(w.Viewers), MaxViewers)
	}
	for i := range w.Viewers {
		v := &w.Viewers[i]
		v.Console, v.Person = stdif.Excerpt(stdif.Clean(v.Console), stdif.MaxShort), stdif.Excerpt(stdif.Clean(v.Person), stdif.MaxShort)
	}
	return w, nil
}

func readScreen[T any](wire []byte) (v T, _ *stdif.Problem) {
	if p := scan(wire, MaxScreenText); p != nil {
		return v, p
	}
	v, _, p := read[T](wire)
	return v, p
}

// screenStream is the bytes of the binary messages; text messages go to said.
type screenStream struct {
	ws   *websocket.Conn
	said func(wire []byte)
	rest io.Reader // of a binary message
}

// Read reads bytes of the RFB stream. One goroutine reads; while it does, text
// messages are taken too. It is io.EOF when the other side closed in good order.
func (s *screenStream) Read(b []byte) (int, error) {
	for {
		if s.rest != nil {
			n, err := s.rest.Read(b)
			if errors.Is(err, io.EOF) {
				s.rest, err = nil, nil
			}
			if n > 0 || err != nil {
				return n, err
			}
		}
		kind, r, err := s.ws.Reader(context.Background())
		if err != nil {
			if status := websocket.CloseStatus(err); status == websocket.StatusNormalClosure || status == websocket.StatusGoingAway {
				return 0, io.EOF
			}
			return 0, fmt.Errorf("read screen: %w", err)
		}
		if kind == websocket.MessageBinary {
			s.rest = r
			continue
		}
		wire, err := io.ReadAll(io.LimitReader(r, MaxScreenText+1))
		if err != nil {
			return 0, fmt.Errorf("read screen: %w", err)
		}
		s.said(wire)
	}
}

// Write sends bytes of the RFB stream. It ends the connection when the other side
// takes nothing for DeadAfter.
func (s *screenStream) Write(b []byte) (int, error) {
	for at := 0; at < len(b); at += MaxScreenMessage {
		if err := s.write(context.Background(), websocket.MessageBinary, b[at:min(at+MaxScreenMessage, len(b))]); err != nil {
			return at, err
		}
	}
	return len(b), nil
}

func (s *screenStream) say(ctx context.Context, v any) error {
	wire, err := Marshal(v)
	if err != nil {
		return fmt.Errorf("write screen: %w", err)
	}
	return s.write(ctx, websocket.MessageText, wire)
}

func (s *screenStream) write(ctx context.Context, kind websocket.MessageType, b []byte) error {
	ctx, cancel := context.WithTimeout(ctx, DeadAfter)
	defer cancel()
	if err := s.ws.Write(ctx, kind, b); err != nil {
		return fmt.Errorf("write screen: %w", err)
	}
	return nil
}

// Ping asks the other side whether it lives; somebody must be reading meanwhile.
func (s *screenStream) Ping(ctx context.Context) error { return s.ws.Ping(ctx) }

// Close ends the connection at once.
func (s *screenStream) Close() error {
	_ = s.ws.CloseNow() // it may be gone already, which is what is wanted
	return nil
}

// offer puts v into a channel and drops the oldest where it is full: what is said
// later counts more.
func offer[T any](to chan T, v T) {
	for {
		select {
		case to <- v:
			return
		default:
		}
		select {
		case <-to:
		default:
		}
	}
}

// ScreenConn is a terminal's screen, seen from the headquarters: the RFB stream by
// Read and Write, and what is said beside it. One goroutine reads; others may
// write.
type ScreenConn struct {
	screenStream
	notices chan ScreenNotice
}

// Screen opens the screen plane; the RFB handshake is the caller's. A newer
// connection ends an older one. ctx covers the dialling only.
func (c *Client) Screen(ctx context.Context) (*ScreenConn, error) {
	transport := newTransport(c.settings)
	transport.TLSClientConfig.NextProtos = []string{"http/1.1"} // RFC 6455 upgrades HTTP/1.1
	ws, answer, err := websocket.Dial(ctx, c.base+PathScreen, &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: transport, CheckRedirect: noRedirect},
		Subprotocols: []string{ScreenSubprotocol},
	})
	if err != nil {
		if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
			return nil, fmt.Errorf("open screen: %w", answered(answer))
		}
		return nil, fmt.Errorf("open screen: %w", err)
	}
	if ws.Subprotocol() != ScreenSubprotocol {
		_ = ws.CloseNow()
		return nil, fmt.Errorf("open screen: %w", stdif.Problemf(stdif.CodeVersion, "", "the terminal does not speak %s", ScreenSubprotocol))
	}
	ws.SetReadLimit(MaxScreenMessage)
	s := &ScreenConn{notices: make(chan ScreenNotice, 16)}
	s.screenStream = screenStream{ws: ws, said: func(wire []byte) {
		if n, p := DecodeScreenNotice(wire); p == nil {
			offer(s.notices, n)
		}
	}}
	return s, nil
}

// Notices are what the terminal said, as far as Read has come. The oldest are
// dropped when nobody takes them. It is never closed.
func (s *ScreenConn) Notices() <-chan ScreenNotice { return s.notices }

// Watch tells the terminal who sees its screen now.
func (s *ScreenConn) Watch(ctx context.Context, w ScreenWatch) error { return s.say(ctx, w) }

// ScreenServed is the terminal's end of a ScreenConn.
type ScreenServed struct {
	screenStream
	watches chan ScreenWatch
}

// AcceptScreen takes the headquarters' connection at a terminal; who it is was
// asked before.
func AcceptScreen(w http.ResponseWriter, r *http.Request) (*ScreenServed, error) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{ScreenSubprotocol}})
	if err != nil {
		return nil, fmt.Errorf("accept screen: %w", err)
	}
	if ws.Subprotocol() != ScreenSubprotocol {
		_ = ws.Close(websocket.StatusPolicyViolation, "subprotocol")
		return nil, fmt.Errorf("accept screen: %w", stdif.Problemf(stdif.CodeVersion, "", "the headquarters does not speak %s", ScreenSubprotocol))
	}
	ws.SetReadLimit(MaxScreenMessage)
	s := &ScreenServed{watches: make(chan ScreenWatch, 4)}
	s.screenStream = screenStream{ws: ws, said: func(wire []byte) {
		if v, p := DecodeScreenWatch(wire); p == nil {
			offer(s.watches, v)
		}
	}}
	return s, nil
}

// Watches are who sees the screen, as far as Read has come; the last one counts.
func (s *ScreenServed) Watches() <-chan ScreenWatch { return s.watches }

// Notify says something beside the picture.
func (s *ScreenServed) Notify(ctx context.Context, n ScreenNotice) error { return s.say(ctx, n) }

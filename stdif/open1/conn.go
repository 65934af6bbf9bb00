package open1

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/stdif"
)

// Waiting times of the dialling side (standard-interface §5.7).
const (
	ConnectTimeout = 3 * time.Second
	TLSTimeout     = 3 * time.Second
	RequestTimeout = 5 * time.Second
	MediaTimeout   = 30 * time.Second // without a byte
	// PingEvery is how often a terminal says that it lives; DeadAfter is after
	// how long a silence the reader should give the connection up.
	PingEvery = 5 * time.Second
	DeadAfter = 3 * PingEvery
)

// Conn is an open data plane, seen from the headquarters. One goroutine reads;
// others may write at the same time.
type Conn struct{ ws *websocket.Conn }

// Dial opens the data plane of the terminal at addr (host:port) and says hello.
// GatewayTLS makes the settings. ctx covers the dialling only.
func Dial(ctx context.Context, addr string, settings *tls.Config, hello Hello) (*Conn, error) {
	transport := newTransport(settings)
	transport.TLSClientConfig.NextProtos = []string{"http/1.1"} // RFC 6455 upgrades HTTP/1.1
	ws, answer, err := websocket.Dial(ctx, "https://"+addr+PathData, &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: transport, CheckRedirect: noRedirect},
		Subprotocols: []string{Subprotocol},
	})
	if err != nil {
		if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
			return nil, fmt.Errorf("dial terminal: %w", answered(answer))
		}
		return nil, fmt.Errorf("dial terminal: %w", err)
	}
	if ws.Subprotocol() != Subprotocol {
		_ = ws.Close(websocket.StatusProtocolError, "subprotocol")
		return nil, fmt.Errorf("dial terminal: %w", stdif.Problemf(stdif.CodeVersion, "", "the terminal does not speak %s", Subprotocol))
	}
	// Above MaxWire a frame is refused (203) and the connection lives on; this
	// limit only bounds the memory that a peer out of its mind can take.
	ws.SetReadLimit(4 * MaxWire)
	c := &Conn{ws}
	if err := c.write(ctx, TypeHello, hello); err != nil {
		_ = ws.CloseNow()
		return nil, fmt.Errorf("say hello: %w", err)
	}
	return c, nil
}

// Read waits for the next frame and returns it with its bytes. A frame that
// does not decode comes with its Problem and leaves the connection alive; an
// error means that the connection is gone. When ctx ends, the connection is
// closed: give each call a deadline of DeadAfter to notice a dead terminal.
func (c *Conn) Read(ctx context.Context) (Frame, []byte, *stdif.Problem, error) {
	kind, raw, err := c.ws.Read(ctx)
	if err != nil {
		return Frame{}, nil, nil, fmt.Errorf("read frame: %w", err)
	}
	if kind != websocket.MessageText {
		return Frame{}, raw, stdif.Problemf(stdif.CodeSyntax, "", "a frame is a text message"), nil
	}
	f, p := Decode(raw)
	return f, raw, p, nil
}

// Ack says what is durable at the headquarters.
func (c *Conn) Ack(ctx context.Context, a AckFrame) error { return c.write(ctx, TypeAck, a) }

// RequestSnapshot asks for everything not yet acknowledged, again.
func (c *Conn) RequestSnapshot(ctx context.Context) error { return c.write(ctx, TypeSnapshot, nil) }

// Close ends the connection in good order.
func (c *Conn) Close() error {
	err := c.ws.Close(websocket.StatusNormalClosure, "")
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// CloseNow ends the connection without waiting for the other side.
func (c *Conn) CloseNow() error { return c.ws.CloseNow() }

func (c *Conn) write(ctx context.Context, t Type, body any) error {
	f, err := NewFrame(t, time.Now(), body)
	if err != nil {
		return err
	}
	wire, err := Encode(f)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, wire); err != nil {
		return fmt.Errorf("write %s: %w", t, err)
	}
	return nil
}

func newTransport(settings *tls.Config) *http.Transport {
	dialer := &net.Dialer{Timeout: ConnectTimeout}
	return &http.Transport{
		Proxy:                 nil, // a terminal is reached directly or not at all
		DialContext:           dialer.DialContext,
		TLSClientConfig:       settings.Clone(),
		TLSHandshakeTimeout:   TLSTimeout,
		ResponseHeaderTimeout: RequestTimeout,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   4,
		ForceAttemptHTTP2:     false,
	}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

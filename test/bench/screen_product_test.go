package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/sim/load"
)

// product is a headquarters and a terminal with that screen: terminal, guardian
// and server are processes, and the client stands where a console's page does,
// behind TLS, with a person's session and a lease.
func product(b testing.TB, name, screen string) *door {
	b.Helper()
	s := open(b, shape{services: 1, consoles: 1, screen: screen})
	seat := s.consoles[0]
	d := &door{name: name, site: s, roots: []int{s.server.cmd.Process.Pid, s.terminal.cmd.Process.Pid}}
	d.dial = func(ctx context.Context) (*websocket.Conn, error) {
		token, err := take(ctx, seat)
		if err != nil {
			return nil, err
		}
		c, _, err := websocket.Dial(ctx, fmt.Sprintf("%s/api/v1/terminals/t-01/screen/socket?token=%d", seat.Base, token), &websocket.DialOptions{
			HTTPClient: h1(seat.HTTP), HTTPHeader: http.Header{"Matoi-Console": {seat.ID}}, Subprotocols: []string{"matoi.screen.v1"},
			CompressionMode: websocket.CompressionDisabled})
		return c, err
	}
	d.renew = func(ctx context.Context, c *websocket.Conn) error {
		return c.Write(ctx, websocket.MessageText, []byte(`{"type":"renew"}`))
	}
	answers(b, d)
	return d
}

// h1 is the same client without HTTP/2, as a browser opens a WebSocket.
func h1(c *http.Client) *http.Client {
	t := c.Transport.(*http.Transport).Clone()
	t.ForceAttemptHTTP2 = false
	t.TLSClientConfig.NextProtos = []string{"http/1.1"}
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	return &http.Client{Jar: c.Jar, Transport: t}
}

// giveBack gives the screen back, as a key of the console does.
func giveBack(b testing.TB, seat *load.Console) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, seat.Base+"/api/v1/terminals/t-01/screen/release", strings.NewReader("{}"))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Matoi-Console", seat.ID)
	res, err := seat.HTTP.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	_ = res.Body.Close()
}

// take takes the screen to operate it, as a key of the console does.
func take(ctx context.Context, seat *load.Console) (token int64, err error) {
	body := strings.NewReader(`{"purpose":"operate","input":{"keyboard":true,"pointer":true,"clipboard":true}}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, seat.Base+"/api/v1/terminals/t-01/screen/take", body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Matoi-Console", seat.ID)
	res, err := seat.HTTP.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var text bytes.Buffer
	_, _ = text.ReadFrom(res.Body)
	var state struct {
		Token int64 `json:"token"`
	}
	if err := json.Unmarshal(text.Bytes(), &state); err != nil || res.StatusCode != http.StatusOK || state.Token == 0 {
		return 0, fmt.Errorf("take the screen: %d %s", res.StatusCode, text.String())
	}
	return state.Token, nil
}

// Package intake is the services' side of a dedicated terminal's intake: the
// loopback HTTP wire of open/1 over which a service's own software hands over
// reports, states, chat lines and media, and over which it hears how far each
// has come. A provider may copy it as a starting point: it imports nothing
// but the published packages.
//
// Two rules of the wire shape it. An answer of 201 means that the terminal has
// the report on disk, and nothing else does; until then the service keeps it
// and sends it again under the same id (Sender does that). And only the step
// "seen" may be shown to a caller as 消防が確認しました.
package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/matoi119/matoi/sim/sse"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// ModeHeader carries the mode of a native report, which has no field for it.
const ModeHeader = "Matoi-Mode"

// DigestHeader carries the SHA-256 of a medium, lower-case hex.
const DigestHeader = "Matoi-Sha256"

// LookedHeader of the answer to a live picture says whether somebody looks.
const LookedHeader = "Matoi-Looked-At"

// maxAnswer bounds what is read of an answer.
const maxAnswer = 2 << 20

// Client speaks to one terminal's intake for one service.
type Client struct {
	Base       string       // "http://127.0.0.1:8319"
	Credential string       // of this service at this terminal; never logged
	HTTP       *http.Client // nil: http.DefaultClient
}

// Problem is the problem+json of the intake (RFC 9457 with the code and place
// of standard-interface §5.7).
type Problem struct {
	Title  string     `json:"title,omitempty"`
	Status int        `json:"status,omitempty"`
	Detail string     `json:"detail,omitempty"`
	Code   stdif.Code `json:"code,omitempty"`
	Place  string     `json:"place,omitempty"`
	Kept   bool       `json:"kept,omitempty"` // the bytes were spooled although they could not be read
}

// Answer is what the terminal said to one request. Exactly one of Status and
// Problem is set where the terminal answered in the agreed form; Body holds
// the bytes of other answers.
type Answer struct {
	Code    int
	Type    string
	Status  *open1.Status
	Problem *Problem
	Body    []byte
}

// Taken reports whether the terminal has it on disk.
func (a Answer) Taken() bool { return a.Code >= 200 && a.Code < 300 }

// Final reports whether sending the same thing again cannot change the answer.
// A wrong credential is not final: a person corrects it and the report goes.
func (a Answer) Final() bool {
	switch {
	case a.Taken():
		return true
	case a.Code == http.StatusUnauthorized, a.Code == http.StatusForbidden,
		a.Code == http.StatusRequestTimeout, a.Code == http.StatusTooManyRequests:
		return false
	}
	return a.Code >= 400 && a.Code < 500
}

// Report hands over one revision.
func (c *Client) Report(ctx context.Context, mode stdif.Mode, r stdif.Report) (Answer, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return Answer{}, fmt.Errorf("encode report %s: %w", r.ID, err)
	}
	return c.Do(ctx, http.MethodPost, open1.PathIntakeReports, http.Header{
		"Content-Type": {"application/json"}, ModeHeader: {string(mode)},
	}, bytes.NewReader(b))
}

// State says how the service's own end of a report is doing.
func (c *Client) State(ctx context.Context, s stdif.ReportState) (Answer, error) {
	return c.post(ctx, below(s.ReportID, open1.PathIntakeState), s)
}

// Chat hands over one chat line; its id makes a repeat harmless.
func (c *Client) Chat(ctx context.Context, m stdif.ChatMessage) (Answer, error) {
	return c.post(ctx, below(m.ReportID, open1.PathIntakeChat), m)
}

// Media hands over one still image or video.
func (c *Client) Media(ctx context.Context, m stdif.Media, content []byte) (Answer, error) {
	path := below(m.ReportID, open1.PathIntakeMedia) + url.PathEscape(m.ID)
	if m.Label != "" {
		path += "?label=" + url.QueryEscape(m.Label)
	}
	h := http.Header{"Content-Type": {m.MIME}}
	if m.SHA256 != "" {
		h.Set(DigestHeader, m.SHA256)
	}
	return c.Do(ctx, http.MethodPut, path, h, bytes.NewReader(content))
}

// Receipt says how far something of the headquarters has come to a caller.
func (c *Client) Receipt(ctx context.Context, r stdif.Receipt) (Answer, error) {
	return c.post(ctx, below(r.ReportID, open1.PathIntakeReceipt), r)
}

// Offer says what the service can do.
func (c *Client) Offer(ctx context.Context, o stdif.Offer) (Answer, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return Answer{}, fmt.Errorf("encode offer: %w", err)
	}
	return c.Do(ctx, http.MethodPut, open1.PathIntakeOffer, http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(b))
}

// Live hands over one live picture; looked says whether somebody looks now.
func (c *Client) Live(ctx context.Context, report string, jpeg []byte) (a Answer, looked bool, err error) {
	req, err := c.request(ctx, http.MethodPut, below(report, open1.PathIntakeLive), http.Header{"Content-Type": {"image/jpeg"}}, bytes.NewReader(jpeg))
	if err != nil {
		return a, false, err
	}
	res, err := c.client().Do(req)
	if err != nil {
		return a, false, fmt.Errorf("reach the terminal's intake: %w", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return a, false, fmt.Errorf("read the terminal's answer: %w", err)
	}
	return read(res, b), res.Header.Get(LookedHeader) == "true", nil
}

// Status asks how far a report has come.
func (c *Client) Status(ctx context.Context, report string) (Answer, error) {
	return c.Do(ctx, http.MethodGet, below(report, ""), nil, nil)
}

func below(report, rest string) string {
	return open1.PathIntakeReports + "/" + url.PathEscape(report) + rest
}

func (c *Client) post(ctx context.Context, path string, v any) (Answer, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return Answer{}, fmt.Errorf("encode: %w", err)
	}
	return c.Do(ctx, http.MethodPost, path, http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(b))
}

// Do sends one request as it is and reads the answer, whatever it is.
func (c *Client) Do(ctx context.Context, method, path string, h http.Header, body io.Reader) (Answer, error) {
	req, err := c.request(ctx, method, path, h, body)
	if err != nil {
		return Answer{}, err
	}
	res, err := c.client().Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("reach the terminal's intake: %w", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("read the terminal's answer: %w", err)
	}
	return read(res, b), nil
}

func (c *Client) request(ctx context.Context, method, path string, h http.Header, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.Base, "/")+path, body)
	if err != nil {
		return nil, fmt.Errorf("address the terminal's intake: %w", err)
	}
	for k, v := range h {
		req.Header[k] = v
	}
	if c.Credential != "" {
		req.Header.Set("Authorization", "Bearer "+c.Credential)
	}
	return req, nil
}

func (c *Client) client() *http.Client {
	if c.HTTP == nil {
		return http.DefaultClient
	}
	return c.HTTP
}

func read(res *http.Response, body []byte) Answer {
	a := Answer{Code: res.StatusCode, Type: res.Header.Get("Content-Type"), Body: body}
	switch {
	case strings.HasPrefix(a.Type, "application/problem+json"):
		var p Problem
		if json.Unmarshal(body, &p) == nil {
			a.Problem = &p
		}
	case a.Taken() && strings.HasPrefix(a.Type, "application/json"):
		var s open1.Status
		if json.Unmarshal(body, &s) == nil && s.ReportID != "" {
			a.Status = &s
		}
	}
	return a
}

// Event is one event of the terminal's stream: exactly one of Input and Status
// is set. ID is where to resume.
type Event struct {
	ID     string
	Input  *stdif.Input
	Status *open1.Status
}

// Events reads the stream of inputs and steps, resuming after the id last
// handled, until it breaks; it never returns nil. opened, when not nil, is
// called once the terminal has accepted the stream.
func (c *Client) Events(ctx context.Context, after string, opened func(), each func(Event) error) error {
	h := http.Header{"Accept": {"text/event-stream"}}
	if after != "" {
		h.Set("Last-Event-ID", after)
	}
	req, err := c.request(ctx, http.MethodGet, open1.PathIntakeEvents, h, nil)
	if err != nil {
		return err
	}
	res, err := c.client().Do(req)
	if err != nil {
		return fmt.Errorf("reach the terminal's events: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("terminal's events: status %d", res.StatusCode)
	}
	if opened != nil {
		opened()
	}
	return sse.Read(res.Body, func(e sse.Event) error {
		out := Event{ID: e.ID}
		switch e.Name {
		case "input":
			out.Input = new(stdif.Input)
			err = json.Unmarshal(e.Data, out.Input)
		case "status":
			out.Status = new(open1.Status)
			err = json.Unmarshal(e.Data, out.Status)
		default:
			return nil // a later version may say more
		}
		if err != nil {
			return fmt.Errorf("decode %s event: %w", e.Name, err)
		}
		return each(out)
	})
}

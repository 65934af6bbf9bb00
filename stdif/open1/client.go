package open1

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/matoi119/matoi/stdif"
)

// maxAnswer bounds the answer to one request: some hundred open reports.
const maxAnswer = 64 << 20

// Client asks one terminal over HTTPS: data at any time (S3-1-3-2), input,
// media, health. It satisfies stdif.DataPort. Close it when done.
type Client struct {
	base     string
	http     *http.Client
	settings *tls.Config
}

var _ stdif.DataPort = (*Client)(nil)

// NewClient returns a client of the terminal at addr (host:port). It connects
// when it is first asked.
func NewClient(addr string, settings *tls.Config) *Client {
	transport := newTransport(settings)
	transport.ForceAttemptHTTP2 = true
	return &Client{base: "https://" + addr, http: &http.Client{Transport: transport, CheckRedirect: noRedirect}, settings: settings}
}

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// StatusError is an answer that says no.
type StatusError struct {
	Status  int
	Problem *stdif.Problem // nil where the answer named none
}

func (e *StatusError) Error() string {
	if e.Problem != nil {
		return fmt.Sprintf("terminal answered %d (%s)", e.Status, e.Problem.Error())
	}
	return fmt.Sprintf("terminal answered %d", e.Status)
}

// Unwrap gives the problem.
func (e *StatusError) Unwrap() error {
	if e.Problem == nil {
		return nil
	}
	return e.Problem
}

// Received is one frame of an answer, as it came.
type Received struct {
	Frame   Frame
	Raw     []byte
	Problem *stdif.Problem
}

// Inputs hands inputs to the terminal; each has a result of its own.
func (c *Client) Inputs(ctx context.Context, in []stdif.Input) ([]stdif.InputResult, error) {
	wire, err := Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode inputs: %w", err)
	}
	var results []stdif.InputResult
	if err := c.ask(ctx, http.MethodPost, PathInputs, wire, &results); err != nil {
		return nil, fmt.Errorf("hand over inputs: %w", err)
	}
	return results, nil
}

// Input is Inputs under the name of stdif.DataPort.
func (c *Client) Input(ctx context.Context, in []stdif.Input) ([]stdif.InputResult, error) {
	return c.Inputs(ctx, in)
}

// Reports requests data (データ連携要求). No report is no error.
func (c *Client) Reports(ctx context.Context, q stdif.DataRequest) ([]Received, error) {
	query := url.Values{}
	if q.ServiceID != "" {
		query.Set("service", q.ServiceID)
	}
	if q.ReportID != "" {
		query.Set("report", q.ReportID)
	}
	path := PathReports
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	var list []jsontext.Value
	if err := c.ask(ctx, http.MethodGet, path, nil, &list); err != nil {
		return nil, fmt.Errorf("request data: %w", err)
	}
	out := make([]Received, len(list))
	for i, raw := range list {
		out[i].Raw = raw
		out[i].Frame, out[i].Problem = Decode(raw)
	}
	return out, nil
}

// Request is Reports, decoded. A frame that cannot be read is among the answers
// as an undecodable message: nothing that a terminal sent is left out.
func (c *Client) Request(ctx context.Context, q stdif.DataRequest) ([]stdif.Answer, error) {
	received, err := c.Reports(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]stdif.Answer, 0, len(received))
	for _, r := range received {
		a := stdif.Answer{ServiceID: r.Frame.ServiceID, Mode: r.Frame.Mode}
		p := r.Problem
		if p == nil {
			a.Inbound, a.Warnings, p = DecodeBody(r.Frame)
		}
		if p != nil {
			a.Inbound = stdif.Inbound{Mode: r.Frame.Mode, Raw: &stdif.Undecodable{
				Raw: stdif.Raw{MIME: "application/json", Bytes: r.Raw}, Problem: *p,
			}}
		}
		out = append(out, a)
	}
	return out, nil
}

// Health asks the terminal how it is.
func (c *Client) Health(ctx context.Context) (Health, error) {
	var h Health
	if err := c.ask(ctx, http.MethodGet, PathHealth, nil, &h); err != nil {
		return Health{}, fmt.Errorf("ask for health: %w", err)
	}
	return h, nil
}

// MediaInfo says what a stream of media bytes is.
type MediaInfo struct {
	MIME   string
	Offset int64 // first byte of the stream
	Total  int64 // size of the whole medium, -1 when not told
}

// Media fetches a medium from offset on. The caller closes the stream, checks
// the digest, and asks again from where a broken stream ended.
func (c *Client) Media(ctx context.Context, service, report, medium string, offset int64) (io.ReadCloser, MediaInfo, error) {
	path := PathMedia + url.PathEscape(service) + "/" + url.PathEscape(report) + "/" + url.PathEscape(medium)
	ctx, cancel := context.WithCancel(ctx)
	silence := time.AfterFunc(MediaTimeout, cancel)
	stop := func() { silence.Stop(); cancel() }
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		stop()
		return nil, MediaInfo{}, fmt.Errorf("fetch medium: %w", err)
	}
	if offset > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
	}
	answer, err := c.http.Do(req)
	if err != nil {
		stop()
		return nil, MediaInfo{}, fmt.Errorf("fetch medium: %w", err)
	}
	info, err := mediaInfo(answer, offset)
	if err != nil {
		_ = answer.Body.Close()
		stop()
		return nil, MediaInfo{}, fmt.Errorf("fetch medium: %w", err)
	}
	return &stream{body: answer.Body, silence: silence, stop: stop}, info, nil
}

func mediaInfo(answer *http.Response, offset int64) (MediaInfo, error) {
	info := MediaInfo{MIME: answer.Header.Get("Content-Type"), Total: -1}
	switch answer.StatusCode {
	case http.StatusOK: // a server may ignore a range: the stream then begins at 0
		info.Total = answer.ContentLength
		return info, nil
	case http.StatusPartialContent:
		var to int64
		n, err := fmt.Sscanf(answer.Header.Get("Content-Range"), "bytes %d-%d/%d", &info.Offset, &to, &info.Total)
		if n < 2 || info.Offset != offset || err != nil && n == 3 {
			return info, errors.New("terminal answered another range than asked for")
		}
		return info, nil
	}
	return info, answered(answer)
}

// stream ends when no byte has come for MediaTimeout.
type stream struct {
	body    io.ReadCloser
	silence *time.Timer
	stop    func()
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if n > 0 {
		s.silence.Reset(MediaTimeout)
	}
	return n, err
}

func (s *stream) Close() error {
	defer s.stop()
	return s.body.Close()
}

// ask sends one request and reads the JSON answer into v; 204 leaves v alone.
func (c *Client) ask(ctx context.Context, method, path string, body []byte, v any) error {
	ctx, cancel := context.WithTimeout(ctx, RequestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNoContent {
		return nil
	}
	if answer.StatusCode/100 != 2 {
		return answered(answer)
	}
	wire, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if len(wire) > maxAnswer {
		return stdif.Problemf(stdif.CodeTooLarge, "", "answer over %d bytes", maxAnswer)
	}
	return readAnswer(wire, v)
}

// readAnswer reads an answer as strictly as a frame, but lets unknown members
// be: a newer terminal may say more than is understood here.
func readAnswer(wire []byte, v any) error {
	var p *stdif.Problem
	switch v := v.(type) {
	case *[]jsontext.Value:
		*v, p = values(wire)
	case *Health:
		*v, _, p = read[Health](wire)
	case *[]stdif.InputResult:
		*v, _, p = read[[]stdif.InputResult](wire)
	default:
		return json.Unmarshal(wire, v)
	}
	if p != nil {
		return p
	}
	return nil
}

// answered turns a refusal (RFC 9457) into an error. Only the members of
// stdif.Problem are read from it.
func answered(answer *http.Response) error {
	e := &StatusError{Status: answer.StatusCode}
	wire, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err == nil {
		if p, _, bad := read[stdif.Problem](wire); bad == nil && p.Code != 0 {
			p.Place, p.Detail = short(p.Place), short(p.Detail)
			e.Problem = &p
		}
	}
	return e
}

package check

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Intake is the services' face of a terminal of open/1. It stands on the
// terminal's loopback: the runner runs there, or reaches it through a tunnel
// that somebody opened for the day.
type Intake struct {
	Base       string // "http://127.0.0.1:8319"
	Credential string // of a service that was added for the test
	HTTP       *http.Client
}

// answerLimit bounds what is read of an answer of the intake.
const answerLimit = 1 << 20

// Report hands over a report in the mode test.
func (i *Intake) Report(ctx context.Context, wire []byte) error {
	return i.do(ctx, http.MethodPost, open1.PathIntakeReports, http.Header{"Content-Type": {"application/json"}, "Matoi-Mode": {string(stdif.Test)}}, wire, nil)
}

// Chat hands over a line of the made-up caller.
func (i *Intake) Chat(ctx context.Context, m stdif.ChatMessage) error {
	return i.json(ctx, below(m.ReportID, open1.PathIntakeChat), m)
}

// State says how the service's own end is doing.
func (i *Intake) State(ctx context.Context, s stdif.ReportState) error {
	return i.json(ctx, below(s.ReportID, open1.PathIntakeState), s)
}

// Medium puts a picture.
func (i *Intake) Medium(ctx context.Context, m stdif.Media, content []byte) error {
	return i.do(ctx, http.MethodPut, below(m.ReportID, open1.PathIntakeMedia)+url.PathEscape(m.ID),
		http.Header{"Content-Type": {m.MIME}, "Matoi-Sha256": {m.SHA256}}, content, nil)
}

// Lines lists the dialog.
func (i *Intake) Lines(ctx context.Context, report string) ([]stdif.ChatMessage, error) {
	var out []stdif.ChatMessage
	err := i.do(ctx, http.MethodGet, below(report, open1.PathIntakeChat), http.Header{}, nil, &out)
	return out, err
}

func below(report, path string) string {
	return open1.PathIntakeReports + "/" + url.PathEscape(report) + path
}

func (i *Intake) json(ctx context.Context, path string, v any) error {
	wire, err := open1.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode for the intake: %w", err)
	}
	return i.do(ctx, http.MethodPost, path, http.Header{"Content-Type": {"application/json"}}, wire, nil)
}

func (i *Intake) do(ctx context.Context, method, path string, h http.Header, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, open1.RequestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, i.Base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("intake: %w", err)
	}
	req.Header = h
	req.Header.Set("Authorization", "Bearer "+i.Credential)
	client := i.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("intake: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("intake: %w", err)
	}
	if answer.StatusCode >= 300 {
		return fmt.Errorf("intake answered %d", answer.StatusCode)
	}
	if into != nil && len(text) > 0 {
		return json.Unmarshal(text, into)
	}
	return nil
}

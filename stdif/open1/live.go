package open1

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// FrameHeader carries the number of a live picture, AtHeader when the terminal
// had it. Numbers only grow while the picture is live.
const (
	FrameHeader = "Matoi-Frame"
	AtHeader    = "Matoi-At"
	// LiveWait is how long a terminal lets a request for the next picture wait.
	LiveWait = 5 * time.Second
)

// LiveFrame is one picture of a live view, as the service sent it: hostile
// until it was decoded and written anew.
type LiveFrame struct {
	Number int64
	At     time.Time
	JPEG   []byte
}

// Live fetches the newest picture after the one with this number. ok is false
// when none came in LiveWait; the caller asks again. Asking is what tells the
// service that somebody looks.
func (c *Client) Live(ctx context.Context, service, report string, after int64) (f LiveFrame, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, LiveWait+RequestTimeout)
	defer cancel()
	path := PathLive + url.PathEscape(service) + "/" + url.PathEscape(report) + "?after=" + strconv.FormatInt(after, 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return f, false, fmt.Errorf("fetch live picture: %w", err)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return f, false, fmt.Errorf("fetch live picture: %w", err)
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusNoContent:
		return f, false, nil
	case http.StatusOK:
	default:
		return f, false, fmt.Errorf("fetch live picture: %w", answered(answer))
	}
	if f.JPEG, err = io.ReadAll(io.LimitReader(answer.Body, stdif.MaxLiveFrame+1)); err != nil {
		return f, false, fmt.Errorf("fetch live picture: %w", err)
	}
	if len(f.JPEG) > stdif.MaxLiveFrame {
		return f, false, stdif.Problemf(stdif.CodeTooLarge, "", "a live picture has at most %d bytes", stdif.MaxLiveFrame)
	}
	f.Number, err = strconv.ParseInt(answer.Header.Get(FrameHeader), 10, 64)
	if err != nil {
		return f, false, fmt.Errorf("fetch live picture: number: %w", err)
	}
	f.At, _ = time.Parse(time.RFC3339Nano, answer.Header.Get(AtHeader)) // only shown
	return f, true, nil
}

package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/transfer"
)

// MediaPath is where a partner fetches the bytes of media of a report that was
// handed to it, as it would from a terminal: with Range.
const MediaPath = "/transfer/1/media"

// slowest is how long one answer may take: the largest medium over a slow line.
// Whoever was cut goes on where it stopped.
const slowest = 30 * time.Minute

// serveMedium gives the original, as it came: the other house verifies it, makes
// its own harmless copies and keeps it under its own rules. What is not here yet
// is asked for again; what this house has destroyed is gone.
func (e *Exchange) serveMedium(w http.ResponseWriter, r *http.Request, partner string) {
	m, err := e.handed(r.Context(), partner, r.URL.Query().Get("transfer"), r.URL.Query().Get("medium"))
	if err == nil {
		var b io.ReadSeekCloser
		if b, err = e.c.Originals(m); err == nil {
			defer b.Close() //nolint:errcheck // it was only read
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(slowest))
			w.Header().Set("Content-Type", "application/octet-stream")
			http.ServeContent(w, r, "", time.Time{}, b)
			return
		}
	}
	switch {
	case fault.Of(err) == fault.NotFound, errors.Is(err, os.ErrNotExist):
		w.WriteHeader(http.StatusNotFound)
	default:
		e.c.Log.Error("give a medium to another headquarters", "partner", partner, "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// handed is a medium of a report that is in this partner's hands.
func (e *Exchange) handed(ctx context.Context, partner, transferID, id string) (report.Medium, error) {
	unknown := fault.New(fault.NotFound, "medium.unknown")
	t, err := e.c.Store.Transfers().Transfer(ctx, transferID)
	switch {
	case err != nil:
		return report.Medium{}, err
	case t.Partner != partner || t.Method != transfer.Data || t.State == transfer.Refused || t.State == transfer.Withdrawn:
		return report.Medium{}, unknown
	}
	media, err := e.c.Store.Media().OfReport(ctx, t.Report)
	if err != nil {
		return report.Medium{}, err
	}
	for _, m := range media {
		if m.Media.ID == id {
			return m, nil
		}
	}
	return report.Medium{}, unknown
}

// Medium fetches the bytes of a medium from the house that handed its report to
// us, from offset on, and says at which byte the stream begins.
func (e *Exchange) Medium(ctx context.Context, partner, transferID, medium string, offset int64) (io.ReadCloser, int64, error) {
	p, err := e.c.Store.Transfers().Partner(ctx, partner)
	if err != nil {
		return nil, 0, err
	}
	if !p.Data() {
		return nil, 0, fault.New(fault.Unavailable, "medium.no-link")
	}
	client, err := e.c.Client(p)
	if err != nil {
		return nil, 0, err
	}
	where := url.URL{Scheme: "https", Host: p.Address, Path: MediaPath, RawQuery: url.Values{"transfer": {transferID}, "medium": {medium}}.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), nil)
	if err != nil {
		return nil, 0, fmt.Errorf("ask for a medium: %w", err)
	}
	if offset > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
	}
	res, err := client.Do(req)
	if err != nil {
		client.CloseIdleConnections()
		return nil, 0, fault.New(fault.Unavailable, "medium.no-link").Because(err)
	}
	from, err := begins(res, offset)
	if err != nil {
		_ = res.Body.Close()
		client.CloseIdleConnections()
		return nil, 0, err
	}
	return &stream{res.Body, client.CloseIdleConnections}, from, nil
}

// begins is the byte at which an answer begins.
func begins(res *http.Response, offset int64) (int64, error) {
	switch res.StatusCode {
	case http.StatusOK:
		return 0, nil
	case http.StatusPartialContent:
		first, _, _ := strings.Cut(strings.TrimPrefix(res.Header.Get("Content-Range"), "bytes "), "-")
		from, err := strconv.ParseInt(first, 10, 64)
		if err != nil || from != offset {
			return 0, fmt.Errorf("a medium of another headquarters begins at %q, asked from %d", res.Header.Get("Content-Range"), offset)
		}
		return from, nil
	case http.StatusNotFound, http.StatusForbidden:
		return 0, fault.New(fault.NotFound, "medium.unknown")
	}
	return 0, fault.New(fault.Unavailable, "medium.no-link").Because(fmt.Errorf("the other headquarters answers %d", res.StatusCode))
}

// stream is an answer's body that ends its connection.
type stream struct {
	io.ReadCloser
	end func()
}

// Close ends the stream.
func (s *stream) Close() error {
	defer s.end()
	return s.ReadCloser.Close()
}

package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif/open1"
)

// live is what a connection lends to whoever fetches media or pictures over it.
type live struct {
	client *open1.Client
	ctx    context.Context // ends with the connection
}

func (l *link) goLive(v *live) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.live = v
}

// present is the connection that is there now, nil while there is none.
func (l *link) present() *live {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live
}

// Medium fetches the bytes of a medium from offset on, and says at which byte
// the stream begins: a terminal may ignore the offset. The stream ends with the
// connection, so that nobody waits on a dead one while the link is up again.
// fault.Unavailable: no link now. fault.NotFound: the terminal does not have it.
func (g *Gateway) Medium(ctx context.Context, terminalID, service, report, medium string, offset int64) (io.ReadCloser, int64, error) {
	g.mu.Lock()
	r := g.links[terminalID]
	g.mu.Unlock()
	if r == nil {
		return nil, 0, fault.New(fault.Unavailable, "medium.no-link")
	}
	v := r.link.present()
	if v == nil {
		return nil, 0, fault.New(fault.Unavailable, "medium.no-link")
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(v.ctx, cancel)
	body, info, err := v.client.Media(ctx, service, report, medium, offset)
	if err != nil {
		stop()
		cancel()
		if e, ok := errors.AsType[*open1.StatusError](err); ok && (e.Status == http.StatusNotFound || e.Status == http.StatusGone) {
			return nil, 0, fault.New(fault.NotFound, "medium.unknown").Because(err)
		}
		return nil, 0, err
	}
	return &lent{ReadCloser: body, end: func() { stop(); cancel() }}, info.Offset, nil
}

// lent is a stream that gives its context back when it is closed.
type lent struct {
	io.ReadCloser
	end func()
}

// Close ends the stream.
func (l *lent) Close() error {
	defer l.end()
	return l.ReadCloser.Close()
}

package gateway

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// LiveFrame is one live picture after it was made inert: decoded within limits
// and written anew, so that no byte of the sender reaches a console.
type LiveFrame struct {
	Number int64
	At     time.Time // when the terminal had it
	JPEG   []byte
}

// Limits of a live picture before it is decoded. A picture of this size takes
// some 6 MB while it is decoded; at most decoding of them are, at once.
const (
	maxLiveSide   = 1920
	maxLivePixels = 1920 * 1200
	decoding      = 2
	liveQuality   = 75
)

// Live fetches the next picture of a report after the one with this number. ok
// is false when none came within a few seconds. Nothing is fetched but on
// demand: a terminal sends no picture that no console looks at.
func (g *Gateway) Live(ctx context.Context, terminalID, service, report string, after int64) (p LiveFrame, ok bool, err error) {
	g.mu.Lock()
	r := g.links[terminalID]
	g.mu.Unlock()
	if r == nil {
		return p, false, fault.New(fault.Unavailable, "live.no-link")
	}
	v := r.link.present()
	if v == nil {
		return p, false, fault.New(fault.Unavailable, "live.no-link")
	}
	f, ok, err := v.client.Live(ctx, service, report, after)
	if err != nil {
		if ctx.Err() != nil {
			return p, false, ctx.Err()
		}
		return p, false, fault.New(fault.Unavailable, "live.no-link").Because(err)
	}
	if !ok {
		return p, false, nil
	}
	select {
	case g.decode <- struct{}{}:
		defer func() { <-g.decode }()
	case <-ctx.Done():
		return p, false, ctx.Err()
	}
	plain, err := inert(f)
	if err != nil {
		return LiveFrame{Number: f.Number}, false, fault.New(fault.Unsupported, "live.unreadable").Because(err)
	}
	return LiveFrame{Number: f.Number, At: f.At, JPEG: plain}, true, nil
}

// inert decodes a picture and writes it anew. The size is looked at before
// anything is decoded, so that a bomb costs nothing.
func inert(f open1.LiveFrame) ([]byte, error) {
	size, err := jpeg.DecodeConfig(bytes.NewReader(f.JPEG))
	switch {
	case err != nil:
		return nil, err
	case size.Width > maxLiveSide || size.Height > maxLiveSide || size.Width*size.Height > maxLivePixels:
		return nil, stdif.Problemf(stdif.CodeTooLarge, "", "a live picture has at most %d by %d pixels", maxLiveSide, maxLivePixels/maxLiveSide)
	}
	var picture image.Image
	if picture, err = jpeg.Decode(bytes.NewReader(f.JPEG)); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, &jpeg.Options{Quality: liveQuality}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

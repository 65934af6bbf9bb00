package media

import (
	"context"
	"errors"
	"io"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store/blob"
	"github.com/matoi119/matoi/stdif"
)

// pull brings the original here, from where it stopped the last time. No lock is
// held at the terminal, so a connection that died keeps nobody from going on;
// here one goroutine at a time has the file.
func (w *Worker) pull(ctx context.Context, m report.Medium) {
	if w.c.Now().Sub(m.At) >= report.MediumWaits {
		w.told(ctx, m, "give up a medium", w.c.Acts.MissMedium(ctx, w.who, m.ID))
		return
	}
	if note := w.room(ctx, m); note != "" {
		w.later(m.ID, note, true)
		return
	}
	p, err := w.c.Blobs.Resume(m.Blob(report.Original))
	if err != nil {
		w.failed(ctx, m, "open a sealed file", err)
		return
	}
	w.advance(m.ID, p.Size())
	whole, err := w.fetch(ctx, m, p)
	if !whole {
		w.brokeOff(ctx, m, errors.Join(err, p.Close()), err)
		return
	}
	info, err := p.Finish()
	if err != nil {
		w.failed(ctx, m, "finish a sealed file", err)
		return
	}
	w.told(ctx, m, "keep a medium", w.c.Acts.KeepMedium(ctx, w.who, m.ID, info.Bytes, info.SHA256[:]))
}

// most is how many bytes are read: one more than stated, so that too many are
// noticed without being stored.
func most(m report.Medium) int64 {
	if m.Media.Bytes > 0 {
		return min(m.Media.Bytes, stdif.MaxMediaBytes) + 1
	}
	return stdif.MaxMediaBytes + 1
}

// fetch reads the stream into the file; whole says that nothing is missing.
func (w *Worker) fetch(ctx context.Context, m report.Medium, p *blob.Partial) (whole bool, err error) {
	if m.Media.Bytes > 0 && p.Size() == m.Media.Bytes {
		return true, nil // killed between the last byte and the end of the file
	}
	stream, from, err := w.c.Fetch.Medium(ctx, m.Terminal, m.Service, m.ServiceReport, m.Media.ID, p.Size())
	if err != nil {
		return false, err
	}
	defer stream.Close() //nolint:errcheck // it was read to its end, or it broke
	if from > p.Size() {
		return false, errors.New("the terminal answered from another byte")
	}
	if _, err := io.CopyN(io.Discard, stream, p.Size()-from); err != nil { // it ignored the offset
		return false, err
	}
	_, err = io.Copy(p, &counted{r: io.LimitReader(stream, most(m)-p.Size()), each: func() { w.advance(m.ID, p.Size()) }})
	return err == nil, err
}

// counted tells of every step.
type counted struct {
	r    io.Reader
	each func()
}

// Read implements io.Reader.
func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.each()
	return n, err
}

// brokeOff puts a pull off that did not come to its end.
func (w *Worker) brokeOff(ctx context.Context, m report.Medium, all, err error) {
	if ctx.Err() != nil {
		return
	}
	switch fault.Of(err) {
	case fault.Unavailable:
		w.later(m.ID, NoteLink, false)
	case fault.NotFound:
		w.later(m.ID, NoteThere, true)
	default:
		w.later(m.ID, NoteRetry, true)
		w.c.Log.Warn("the pull of a medium broke off", "medium", m.ID, "terminal", m.Terminal, "err", all)
	}
}

func (w *Worker) failed(ctx context.Context, m report.Medium, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	w.c.Log.Error(what, "medium", m.ID, "err", err)
	w.later(m.ID, NoteRoom, true)
}

// told puts a medium off whose act could not be stored.
func (w *Worker) told(ctx context.Context, m report.Medium, what string, err error) {
	if err != nil {
		w.failed(ctx, m, what, err)
	}
}

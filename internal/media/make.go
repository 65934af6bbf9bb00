package media

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/sandbox"
)

// make lets the sandbox make the copies of an original and stores them. The
// bytes are durable before the act that says so.
func (w *Worker) make(ctx context.Context, m report.Medium) {
	made, err := w.copies(ctx, m)
	if errors.Is(err, sandbox.ErrNoSandbox) {
		made, err = report.Made{Reason: report.HeldNoSandbox}, nil
	}
	if errors.Is(err, sandbox.ErrNoTool) {
		made, err = report.Made{Reason: report.HeldNoTool}, nil
	}
	if err != nil {
		w.failed(ctx, m, "make the copy of a medium", err)
		return
	}
	w.told(ctx, m, "show a medium", w.c.Acts.ShowMedium(ctx, w.who, m.ID, made))
}

func (w *Worker) copies(ctx context.Context, m report.Medium) (report.Made, error) {
	original, err := w.c.Blobs.Reader(m.Blob(report.Original))
	if err != nil {
		return report.Made{}, err
	}
	defer original.Close() //nolint:errcheck // opened for reading
	var r sandbox.Result
	if m.Media.MIME == "video/mp4" {
		r, err = w.c.Make.Video(ctx, original, original.Bytes, w.c.Sound)
	} else {
		r, err = w.c.Make.Image(ctx, m.Media.MIME, original)
	}
	if r.File != nil {
		defer r.File.Close() //nolint:errcheck // it lies in memory alone
	}
	if err != nil || r.Reason != "" {
		return report.Made{Reason: report.MediumReason(r.Reason)}, err
	}
	made := report.Made{
		MIME: r.MIME, Width: int64(r.Width), Height: int64(r.Height), Duration: r.Duration, Sound: r.Sound, Location: r.Location,
	}
	shown := io.Reader(bytes.NewReader(r.Data))
	if r.File != nil {
		shown = r.File
	}
	info, err := w.c.Blobs.Put(m.Blob(report.ShownCopy), shown)
	if err != nil {
		return report.Made{}, err
	}
	made.ShownBytes = info.Bytes
	if len(r.Poster) > 0 {
		if info, err = w.c.Blobs.Put(m.Blob(report.PosterCopy), bytes.NewReader(r.Poster)); err != nil {
			return report.Made{}, err
		}
		made.Poster = info.Bytes
	}
	return made, nil
}

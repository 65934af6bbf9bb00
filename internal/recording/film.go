package recording

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/matoi119/matoi/internal/calendar"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/rfb"
)

// A film has a line below the picture with date and time in Japan, so that it
// says when it was without us and covers nothing.
const (
	lineHeight = 24
	filmEach   = 100 * time.Millisecond // frames are not closer than that
	clockEach  = time.Second            // and not further apart
)

// Film writes a recording as a film (MP4, H.264, no sound) from some point on,
// while it is made. It is the caller who has recorded that somebody looks.
func (r *Recorder) Film(ctx context.Context, one screen.Recording, from time.Duration, film io.Writer) error {
	select {
	case r.films <- struct{}{}:
		defer func() { <-r.films }()
	default:
		return fault.New(fault.Unavailable, "recording.busy")
	}
	f, err := Open(r.c.Blobs, one.ID)
	if err != nil {
		return fault.New(fault.NotFound, "recording.gone").Because(err)
	}
	defer f.Close() //nolint:errcheck // opened for reading
	if err := f.Seek(from); err != nil {
		return err
	}
	in, out := io.Pipe()
	made := make(chan error, 1)
	go func() {
		err := frames(ctx, f, one, from, out)
		made <- errors.Join(err, out.CloseWithError(err))
	}()
	err = r.c.Film.Encode(ctx, in, film)
	_ = in.CloseWithError(errEncoderGone) // whoever still writes frames ends
	if e := <-made; err == nil && !errors.Is(e, errEncoderGone) {
		err = e
	}
	return err
}

var errEncoderGone = errors.New("recording: the encoder has ended")

// frames plays a recording into an uncompressed film.
func frames(ctx context.Context, f *Reader, one screen.Recording, from time.Duration, out io.Writer) error {
	c, there := &canvas{zero: one.BeganAt, first: from, out: out}, false
	for ctx.Err() == nil {
		changed, err := f.Next()
		if errors.Is(err, io.EOF) {
			return c.until(f, f.At(), true)
		}
		if err != nil {
			return err
		}
		there = there || len(changed) > 0 // before that the picture is an empty one
		if !there || f.At() < from {
			continue
		}
		if c.picture == nil {
			c.begin(f.Shown(), one)
			if err := c.frame(f, max(from, f.At())); err != nil {
				return err
			}
			continue
		}
		if err := c.until(f, f.At(), false); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// canvas is the picture of a film: one size from the beginning to the end.
type canvas struct {
	zero    time.Time
	first   time.Duration
	out     io.Writer
	picture *rfb.Framebuffer
	at      time.Duration // of the last frame
	buffer  []byte
}

// begin makes the canvas as large as the largest picture of the recording; a
// coder of video wants even sides.
func (c *canvas) begin(p *rfb.Framebuffer, one screen.Recording) {
	width, height := max(p.Width, int(one.Width), glyphs*(len(clockText)+2)), max(p.Height, int(one.Height))
	c.picture = rfb.NewFramebuffer((width+1)&^1, (height+lineHeight+1)&^1)
	c.buffer = matroskaHead(c.picture.Width, c.picture.Height)
}

// until writes the frames that are due before a time: one for each second of the
// clock, and one for the change itself unless another was just written.
func (c *canvas) until(f *Reader, at time.Duration, last bool) error {
	if c.picture == nil {
		return nil
	}
	for next := c.at.Truncate(clockEach) + clockEach; next < at; next += clockEach {
		c.clock(next)
		if err := c.write(next); err != nil {
			return err
		}
	}
	if at <= c.at || !last && at-c.at < filmEach {
		return nil
	}
	return c.frame(f, at)
}

// frame copies what is shown now and writes it.
func (c *canvas) frame(f *Reader, at time.Duration) error {
	p := f.Shown()
	area := p.Bounds().Intersect(c.picture.Bounds())
	for y := range min(int(area.Height), c.picture.Height-lineHeight) {
		copy(c.picture.Row(0, y, int(area.Width)), p.Row(0, y, int(area.Width)))
	}
	if x, y, ok := f.Pointer(); ok {
		c.cross(x, y)
	}
	c.clock(at)
	return c.write(at)
}

func (c *canvas) write(at time.Duration) error {
	c.at = at
	c.buffer = appendFrame(c.buffer, at-c.first, c.picture.Pix)
	_, err := c.out.Write(c.buffer)
	c.buffer = c.buffer[:0]
	return err
}

const clockText = "2026-11-23 12:34:56 JST"

// clock writes the line below the picture.
func (c *canvas) clock(at time.Duration) {
	y := c.picture.Height - lineHeight
	c.picture.Fill(rfb.Rect{Y: uint16(y), Width: uint16(c.picture.Width), Height: lineHeight}, 0x101010) //nolint:gosec // within rfb.MaxSide
	text(c.picture, glyphs, y+(lineHeight-glyphHeight*glyphScale)/2, c.zero.Add(at).In(calendar.Zone()).Format("2006-01-02 15:04:05")+" JST")
}

// cross marks where the pointer was.
func (c *canvas) cross(x, y int) {
	for d := -6; d <= 6; d++ {
		for _, at := range [][2]int{{x + d, y}, {x, y + d}} {
			if at[0] >= 0 && at[1] >= 0 && at[0] < c.picture.Width && at[1] < c.picture.Height-lineHeight {
				c.picture.Set(at[0], at[1], 0xFF00FF)
			}
		}
	}
}

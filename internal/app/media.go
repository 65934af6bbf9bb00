package app

import (
	"context"
	"io"
	"path/filepath"
	"time"

	"github.com/matoi119/matoi/internal/httpapi"
	"github.com/matoi119/matoi/internal/media"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/sandbox"
	"github.com/matoi119/matoi/internal/store/blob"
	"github.com/matoi119/matoi/internal/transfer"
)

// MediaConfig is what a headquarters decides about pictures and videos.
type MediaConfig struct {
	Sound        bool          // a video's shown copy keeps its sound; otherwise only the sealed original has it
	Keep         time.Duration // how long media of actual reports are kept; 0 = for ever
	KeepExercise time.Duration // of exercises and tests
	KeepHeld     time.Duration // of what is held back
	Quota        int64         // bytes of all media; 0 = none
	ServiceRoom  int64         // bytes of one service's media; 0 = none
	TerminalRoom int64         // bytes of one terminal's media; 0 = none
	Floor        int64         // bytes of the disk that media leave free
	Dir          string        // "" = media below the data directory
	Child        string        // binary whose main gives way to SandboxChild; "" = media are held back
}

// MediaDir is the directory of sealed media below a data directory.
const MediaDir = "media"

func (s *Server) newMedia() (*media.Worker, error) {
	c, dir := s.c.Media, s.c.Media.Dir
	if dir == "" {
		dir = filepath.Join(s.House.c.Dir, MediaDir)
	}
	blobs, err := blob.Open(dir, s.House.c.HQ, s.Keys)
	if err != nil {
		return nil, err
	}
	return media.New(media.Config{
		Acts: s.Acts, Media: s.Store.Media(), Reports: s.Store.Reports(), OnCommit: s.Store.OnCommit, Blobs: blobs,
		Fetch: fetcher{s}, Make: s.sandbox, Now: s.House.c.Now, Log: s.c.Log, Sound: c.Sound,
		Retention: report.Retention{Actual: c.Keep, Exercise: c.KeepExercise, Quarantined: c.KeepHeld},
		Also:      s.recorder.Tidy,
		Quota:     c.Quota, PerService: c.ServiceRoom, PerTerminal: c.TerminalRoom, Floor: c.Floor,
	}), nil
}

// fetcher asks where a report came from: its terminal, or the headquarters that
// handed it over.
type fetcher struct{ s *Server }

// Medium implements media.Fetcher.
func (f fetcher) Medium(ctx context.Context, terminalID, service, report, medium string, offset int64) (io.ReadCloser, int64, error) {
	if partner, ok := transfer.PartnerOf(terminalID); ok {
		return f.s.handover.Medium(ctx, partner, report, medium, offset)
	}
	return f.s.gateway.Medium(ctx, terminalID, service, report, medium, offset)
}

// copies shows the worker to the API.
type copies struct{ w *media.Worker }

var _ httpapi.Media = copies{}

// Open implements httpapi.Media.
func (c copies) Open(m report.Medium, which report.Copy) (io.ReadSeekCloser, error) {
	return c.w.Open(m, which)
}

// Pulling implements httpapi.Media.
func (c copies) Pulling(id string) (int64, bool, string) {
	p := c.w.Progress(id)
	return p.Bytes, p.Active, p.Note
}

// mediaHealth says whether pictures and videos can be shown without risk. Where
// they cannot, they are held back, and reports are on the screen all the same:
// that is a lack, not an outage.
func (s *Server) mediaHealth(ctx context.Context) (pictures, videos string) {
	pictures, videos = "ok", "ok"
	if err := s.sandbox.Check(context.WithoutCancel(ctx)); err != nil {
		return "held back: this machine cannot confine a decoder", "held back: this machine cannot confine a decoder"
	}
	if err := s.sandbox.CheckVideo(context.WithoutCancel(ctx)); err != nil {
		videos = "held back: " + err.Error()
	}
	return pictures, videos
}

// OwnBinary is the Child of a program whose main begins with SandboxChild.
const OwnBinary = "/proc/self/exe"

// SandboxChild runs this process as a child that decodes a stranger's medium,
// and reports whether the arguments asked for one.
func SandboxChild(args []string, in io.Reader, out io.Writer) (code int, is bool) {
	if !sandbox.IsChild(args) {
		return 0, false
	}
	return sandbox.Child(args, in, out), true
}

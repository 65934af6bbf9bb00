package sandbox

import (
	"context"
	"errors"
	"io"
)

// ErrNoTool means that no program for videos is installed.
var ErrNoTool = errors.New("sandbox: no program for videos is installed")

// CheckVideo is Check for videos.
func (s *Sandbox) CheckVideo(ctx context.Context) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	return s.video
}

func (s *Sandbox) checkVideo(context.Context) error { return ErrNoTool }

// Video makes an inert copy of a video.
func (s *Sandbox) Video(context.Context, io.Reader, int64, bool) (Result, error) {
	return Result{}, ErrNoTool
}

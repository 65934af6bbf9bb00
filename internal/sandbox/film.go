package sandbox

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Limits of the making of a film: a shift of twelve hours, and no end without one.
const (
	encodeSeconds = 4 * 60 * 60 // processor time
	encodeTime    = 4 * time.Hour
)

// Encode makes a film (MP4 in fragments, H.264, no sound) of our own pictures: a
// Matroska stream of uncompressed frames with their times. The film is written
// while it is made. The tool runs behind the same fence as for strangers' videos,
// so that a recording never lies on a disk in clear.
func (s *Sandbox) Encode(ctx context.Context, frames io.Reader, film io.Writer) error {
	if err := s.CheckVideo(ctx); err != nil {
		return err
	}
	argv := []string{s.FFmpeg, "-v", "error", "-nostdin", "-threads", "1", "-f", "matroska", "-i", "pipe:0",
		"-map", "0:v:0", "-an", "-vsync", "vfr", "-pix_fmt", "yuv420p",
		"-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-g", "50", "-threads", "2",
		"-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", "+empty_moov+default_base_moof+frag_keyframe", "-frag_duration", "2000000",
		"-f", "mp4", "pipe:1"}
	if err := s.run(ctx, job{name: jobEncode, args: argv, wall: encodeTime}, frames, film); err != nil {
		return fmt.Errorf("sandbox: make a film: %w", err)
	}
	return nil
}

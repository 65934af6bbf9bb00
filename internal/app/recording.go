package app

import (
	"context"
	"path/filepath"
	"time"

	"github.com/matoi119/matoi/internal/gateway"
	"github.com/matoi119/matoi/internal/recording"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/store/blob"
)

// RecordingConfig is what a headquarters decides about recordings of screens,
// beside the policy of each terminal.
type RecordingConfig struct {
	Keep  time.Duration // how long recordings are kept; 0 = for ever
	Quota int64         // bytes of all recordings; 0 = none. A full one stops recording
	Dir   string        // "" = recordings below the data directory
}

// RecordingDir is the directory of recordings below a data directory.
const RecordingDir = "recordings"

func (s *Server) newRecorder() (*recording.Recorder, error) {
	c, dir := s.c.Recording, s.c.Recording.Dir
	if dir == "" {
		dir = filepath.Join(s.House.c.Dir, RecordingDir)
	}
	blobs, err := blob.Open(dir, s.House.c.HQ, s.Keys)
	if err != nil {
		return nil, err
	}
	return recording.New(recording.Config{Acts: s.Acts, Read: s.Store.Recordings(), Blobs: blobs, Film: s.sandbox, Now: s.House.c.Now, Log: s.c.Log,
		Quota: c.Quota, Floor: s.c.Media.Floor, Keep: c.Keep}), nil
}

// screenRecorder shows the recorder to the gateway, which knows neither policy
// nor files.
type screenRecorder struct{ r *recording.Recorder }

// Begin implements gateway.Recorder. It never waits: whether the policy wants a
// recording is read while the picture is already on its way to the console.
func (s screenRecorder) Begin(_ context.Context, l screen.Lease) (gateway.Recording, error) {
	return s.r.Begin(l.Terminal, l.Holder), nil
}

// Wanted implements gateway.Recorder.
func (s screenRecorder) Wanted(ctx context.Context, terminal string) bool {
	return s.r.Wanted(ctx, terminal)
}

// recordingHealth says whether what should be recorded can be.
func (s *Server) recordingHealth() string {
	switch s.recorder.Full() {
	case screen.EndQuota:
		return "stopped: the room for recordings is full; nothing is destroyed before its time"
	case screen.EndRoom:
		return "stopped: the disk is too full"
	}
	return "ok"
}

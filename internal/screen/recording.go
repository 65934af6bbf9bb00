package screen

import (
	"context"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// RecordPolicy says whether the screen transfers of one terminal are recorded:
// the headquarters' decision, with its reason. The zero value records nothing.
type RecordPolicy struct {
	Terminal string
	On       bool
	Reason   string // words of the house
	By       By
	At       time.Time
}

// Decide changes the policy; the same again is no change.
func (p RecordPolicy) Decide(on bool, reason string, by By, now time.Time) (_ RecordPolicy, changed bool, err error) {
	if strings.TrimSpace(reason) == "" || len([]rune(reason)) > MaxReason {
		return p, false, fault.New(fault.Invalid, "recording.reason")
	}
	if p.On == on {
		return p, false, nil
	}
	return RecordPolicy{Terminal: p.Terminal, On: on, Reason: reason, By: by, At: now}, true, nil
}

// RecordingState is what has become of a recording.
type RecordingState string

// The states of a recording.
const (
	RecordingRuns     RecordingState = "running"
	RecordingEnded    RecordingState = "ended"
	RecordingMissed   RecordingState = "missed" // it should have been made, and nothing of it is there
	RecordingDisposed RecordingState = "disposed"
)

// RecordingEnd is why a recording ended, or was not made. The operation itself
// goes on whatever it is.
type RecordingEnd string

// The ends of a recording.
const (
	EndOver   RecordingEnd = "over"   // nobody looks any more, or the policy changed
	EndQuota  RecordingEnd = "quota"  // the recordings' room is full: nothing that is still to be kept is destroyed for a new one
	EndRoom   RecordingEnd = "room"   // the disk is too full
	EndFault  RecordingEnd = "fault"  // it could not be written
	EndKilled RecordingEnd = "killed" // the program ended under it; what was written is there
)

// Recording is one recorded use of a terminal's screen: from the moment when
// somebody took it until nobody looked any more. It holds pixels and the pointer,
// never a key (condition 1-2-2).
type Recording struct {
	ID         string
	Terminal   string
	By         By // who held the screen when it began
	State      RecordingState
	End        RecordingEnd
	BeganAt    time.Time
	EndedAt    time.Time
	DisposedAt time.Time
	Bytes      int64
	Width      int64 // pixels of the largest picture
	Height     int64
}

// Readable reports whether pictures of it are there.
func (r Recording) Readable() bool { return r.State == RecordingRuns || r.State == RecordingEnded }

// Finish ends a running recording; a second end changes nothing.
func (r Recording) Finish(end RecordingEnd, size, width, height int64, now time.Time) (Recording, bool) {
	if r.State != RecordingRuns {
		return r, false
	}
	r.State, r.End, r.EndedAt, r.Bytes, r.Width, r.Height = RecordingEnded, end, now, size, width, height
	if size == 0 {
		r.State = RecordingMissed
	}
	return r, true
}

// Dispose marks the pictures of an ended recording as destroyed.
func (r Recording) Dispose(now time.Time) (Recording, bool) {
	if r.State != RecordingEnded {
		return r, false
	}
	r.State, r.DisposedAt = RecordingDisposed, now
	return r, true
}

// RecordingLook is somebody who watched a recording or took it out as a file.
type RecordingLook struct {
	ID        string
	Recording string
	By        By
	Export    bool
	From      time.Duration // where watching began
	At        time.Time
}

// Recordings is the port of the stories on recordings.
type Recordings interface {
	Recording(ctx context.Context, id string) (Recording, error)
	SaveRecording(ctx context.Context, r Recording) error
	AddRecordingLook(ctx context.Context, l RecordingLook) error
	RecordPolicy(ctx context.Context, terminal string) (RecordPolicy, error)
	SaveRecordPolicy(ctx context.Context, p RecordPolicy) error
}

// RecordingReader is what pages and the recorder read.
type RecordingReader interface {
	Recording(ctx context.Context, id string) (Recording, error)
	Recordings(ctx context.Context, before time.Time, limit int) ([]Recording, error) // the newest first
	RunningRecordings(ctx context.Context) ([]Recording, error)
	OldRecordings(ctx context.Context, before time.Time, limit int) ([]Recording, error) // ended, with pictures, the oldest first
	RecordedBytes(ctx context.Context) (int64, error)                                    // of all that have ended
	RecordingLooks(ctx context.Context, recording string) ([]RecordingLook, error)
	RecordPolicies(ctx context.Context) ([]RecordPolicy, error)
}

package act

import (
	"context"
	"strconv"
	"time"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/store"
)

// DecideRecording changes whether a terminal's screen transfers are recorded. The
// reason stands in the row, sealed; the entry says what was decided and by whom.
func (a *Acts) DecideRecording(ctx context.Context, who Who, terminal string, on bool, reason string) error {
	s, err := seat(who)
	if err != nil {
		return err
	}
	return a.do(ctx, who, ScreenRecordPolicy, onTerminal(terminal), func(ctx context.Context, u *store.Unit) (Told, error) {
		if _, err := u.Terminals().Terminal(ctx, terminal); err != nil {
			return Told{}, err
		}
		p, err := u.Recordings().RecordPolicy(ctx, terminal)
		if err != nil {
			return Told{}, err
		}
		n, changed, err := p.Decide(on, reason, screen.By(s), u.Now())
		if err != nil || !changed {
			return Told{}, err
		}
		if err := u.Recordings().SaveRecordPolicy(ctx, n); err != nil {
			return Told{}, err
		}
		u.Changed("terminal", terminal, string(ScreenRecordPolicy))
		return Told{Subject: "terminal/" + terminal, Facts: map[string]string{"recorded": strconv.FormatBool(on)}}, nil
	})
}

// RecordingWanted is a recording that the recorder is about to make.
type RecordingWanted struct {
	Terminal string
	By       screen.By
	At       time.Time
	// Missed is why nothing can be recorded; "" = it begins.
	Missed screen.RecordingEnd
}

// BeginRecording records that a recording begins, before its first picture is
// written, or why it does not. ok is false where the policy does not want one.
func (a *Acts) BeginRecording(ctx context.Context, who Who, w RecordingWanted) (r screen.Recording, ok bool, err error) {
	err = a.do(ctx, who, RecordingBegin, onTerminal(w.Terminal), func(ctx context.Context, u *store.Unit) (Told, error) {
		ok = false
		p, err := u.Recordings().RecordPolicy(ctx, w.Terminal)
		if err != nil || !p.On {
			return Told{}, err
		}
		r = screen.Recording{ID: newID(), Terminal: w.Terminal, By: w.By, State: screen.RecordingRuns, BeganAt: w.At}
		facts := map[string]string{"recording": r.ID}
		if w.Missed != "" {
			r, _ = r.Finish(w.Missed, 0, 0, 0, w.At)
			facts["end"] = string(w.Missed)
		}
		if err := u.Recordings().SaveRecording(ctx, r); err != nil {
			return Told{}, err
		}
		ok = r.State == screen.RecordingRuns
		u.Changed("terminal", w.Terminal, string(RecordingBegin))
		return Told{Subject: "terminal/" + w.Terminal, Facts: facts}, nil
	})
	return r, ok && err == nil, err
}

// RecordingDone is what a recording has become.
type RecordingDone struct {
	ID            string
	End           screen.RecordingEnd
	At            time.Time // of its last picture
	Bytes         int64     // of its file; 0 = there is nothing
	Width, Height int64
}

// EndRecording records that a recording has ended and why.
func (a *Acts) EndRecording(ctx context.Context, who Who, d RecordingDone) error {
	return a.recordingStory(ctx, who, RecordingEnd, d.ID, func(r screen.Recording, _ time.Time) (screen.Recording, bool) {
		return r.Finish(d.End, d.Bytes, d.Width, d.Height, d.At)
	})
}

// DisposeRecording records that the pictures of a recording are to be destroyed;
// the caller destroys them after the commit.
func (a *Acts) DisposeRecording(ctx context.Context, who Who, id string) error {
	return a.recordingStory(ctx, who, RecordingDispose, id, func(r screen.Recording, now time.Time) (screen.Recording, bool) {
		return r.Dispose(now)
	})
}

func (a *Acts) recordingStory(ctx context.Context, who Who, name Name, id string,
	rule func(r screen.Recording, now time.Time) (screen.Recording, bool),
) error {
	return a.do(ctx, who, name, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		r, err := u.Recordings().Recording(ctx, id)
		if err != nil {
			return Told{}, err
		}
		n, changed := rule(r, u.Now())
		if !changed {
			return Told{}, nil
		}
		if err := u.Recordings().SaveRecording(ctx, n); err != nil {
			return Told{}, err
		}
		u.Changed("terminal", n.Terminal, string(name))
		return Told{Subject: "terminal/" + n.Terminal, Facts: map[string]string{
			"recording": n.ID, "end": string(n.End), "bytes": strconv.FormatInt(n.Bytes, 10),
			"seconds": strconv.FormatInt(int64(n.EndedAt.Sub(n.BeganAt).Seconds()), 10),
		}}, nil
	})
}

// LookRecording records that a person watches a recording from some point on, or
// takes it out as a file: before the first picture is handed over.
func (a *Acts) LookRecording(ctx context.Context, who Who, id string, from time.Duration, export bool) (screen.Recording, error) {
	var r screen.Recording
	s, err := seat(who)
	if err != nil {
		return r, err
	}
	name := RecordingLook
	if export {
		name = RecordingExport
	}
	err = a.do(ctx, who, name, authz.Resource{}, func(ctx context.Context, u *store.Unit) (Told, error) {
		if r, err = u.Recordings().Recording(ctx, id); err != nil {
			return Told{}, err
		}
		if !r.Readable() {
			return Told{}, fault.New(fault.NotFound, "recording.gone")
		}
		look := screen.RecordingLook{ID: newID(), Recording: id, By: screen.By(s), Export: export, From: from, At: u.Now()}
		if err := u.Recordings().AddRecordingLook(ctx, look); err != nil {
			return Told{}, err
		}
		return Told{Subject: "terminal/" + r.Terminal, Facts: map[string]string{
			"recording": id, "from": strconv.FormatInt(int64(from.Seconds()), 10),
		}}, nil
	})
	return r, err
}

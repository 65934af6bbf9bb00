package store

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/seal"
	screenq "github.com/matoi119/matoi/internal/store/query/screen"
	"github.com/matoi119/matoi/internal/store/writer"
)

// recordings implements screen.Recordings and screen.RecordingReader; tx is nil
// outside of acts.
type recordings struct {
	q  *screenq.Queries
	s  *Store
	tx *writer.Tx
}

// Recordings is the port for recordings of screens inside the act.
func (u *Unit) Recordings() screen.Recordings {
	return recordings{screenq.New(u.tx.Query()), u.s, u.tx}
}

// Recordings reads recordings of screens outside of acts.
func (s *Store) Recordings() screen.RecordingReader {
	return recordings{screenq.New(s.read), s, nil}
}

func toRecording(r screenq.ScreenRecording) (screen.Recording, error) {
	return screen.Recording{
		ID: r.ID, Terminal: r.Terminal, By: screen.By{Console: r.Console, Person: r.Person},
		State: screen.RecordingState(r.State), End: screen.RecordingEnd(r.Ending),
		BeganAt: instant(r.BeganAt), EndedAt: instant(r.EndedAt), DisposedAt: instant(r.DisposedAt),
		Bytes: r.Bytes, Width: r.Width, Height: r.Height,
	}, nil
}

func (v recordings) Recording(ctx context.Context, id string) (screen.Recording, error) {
	row, err := v.q.Recording(ctx, screenq.RecordingParams{HQ: v.s.hq, ID: id})
	return found(row, err, "recording", toRecording)
}

func (v recordings) SaveRecording(ctx context.Context, r screen.Recording) error {
	return put(ctx, v.tx, "screen_recording", screenq.ScreenRecording{
		HQ: v.s.hq, ID: r.ID, Terminal: r.Terminal, Console: r.By.Console, Person: r.By.Person, State: string(r.State), Ending: string(r.End),
		BeganAt: micros(r.BeganAt), EndedAt: micros(r.EndedAt), DisposedAt: micros(r.DisposedAt), Bytes: r.Bytes, Width: r.Width, Height: r.Height,
	})
}

func (v recordings) Recordings(ctx context.Context, before time.Time, limit int) ([]screen.Recording, error) {
	rows, err := v.q.Recordings(ctx, screenq.RecordingsParams{HQ: v.s.hq, BeganAt: micros(before), Limit: int32(limit)})
	return list(rows, err, "recording", toRecording)
}

func (v recordings) inState(ctx context.Context, state screen.RecordingState, before int64, limit int) ([]screen.Recording, error) {
	rows, err := v.q.RecordingsInState(ctx, screenq.RecordingsInStateParams{HQ: v.s.hq, State: string(state), BeganAt: before, Limit: int32(limit)})
	return list(rows, err, "recording", toRecording)
}

func (v recordings) RunningRecordings(ctx context.Context) ([]screen.Recording, error) {
	return v.inState(ctx, screen.RecordingRuns, math.MaxInt64, math.MaxInt32)
}

func (v recordings) OldRecordings(ctx context.Context, before time.Time, limit int) ([]screen.Recording, error) {
	return v.inState(ctx, screen.RecordingEnded, micros(before), limit)
}

func (v recordings) RecordedBytes(ctx context.Context) (int64, error) {
	n, err := v.q.RecordedBytes(ctx, v.s.hq)
	if err != nil {
		return 0, fmt.Errorf("read recordings: %w", err)
	}
	return n, nil
}

func (v recordings) AddRecordingLook(ctx context.Context, l screen.RecordingLook) error {
	return put(ctx, v.tx, "screen_recording_look", screenq.ScreenRecordingLook{
		HQ: v.s.hq, ID: l.ID, Recording: l.Recording, Console: l.By.Console, Person: l.By.Person,
		Export: flag(l.Export), Start: l.From.Microseconds(), At: micros(l.At),
	})
}

func (v recordings) RecordingLooks(ctx context.Context, recording string) ([]screen.RecordingLook, error) {
	rows, err := v.q.RecordingLooks(ctx, screenq.RecordingLooksParams{HQ: v.s.hq, Recording: recording})
	return list(rows, err, "look", func(r screenq.ScreenRecordingLook) (screen.RecordingLook, error) {
		return screen.RecordingLook{ID: r.ID, Recording: r.Recording, By: screen.By{Console: r.Console, Person: r.Person},
			Export: r.Export == 1, From: time.Duration(r.Start) * time.Microsecond, At: instant(r.At)}, nil
	})
}

func (v recordings) SaveRecordPolicy(ctx context.Context, p screen.RecordPolicy) error {
	box, err := v.s.keys.Seal(seal.Staff, []byte(p.Reason), v.s.place("screen_recording_policy", p.Terminal))
	if err != nil {
		return err
	}
	return put(ctx, v.tx, "screen_recording_policy", screenq.ScreenRecordingPolicy{
		HQ: v.s.hq, Terminal: p.Terminal, Recorded: flag(p.On), Console: p.By.Console, Person: p.By.Person, At: micros(p.At), Body: box,
	})
}

func (v recordings) toPolicy(r screenq.ScreenRecordingPolicy) (screen.RecordPolicy, error) {
	p := screen.RecordPolicy{Terminal: r.Terminal, On: r.Recorded == 1, By: screen.By{Console: r.Console, Person: r.Person}, At: instant(r.At)}
	if r.Terminal == "" {
		return p, nil
	}
	reason, err := v.s.keys.Open(seal.Staff, r.Body, v.s.place("screen_recording_policy", r.Terminal))
	if err != nil {
		return p, fmt.Errorf("open recording policy of %s: %w", r.Terminal, err)
	}
	p.Reason = string(reason)
	return p, nil
}

// RecordPolicy is that of a terminal, or the zero one: nothing is recorded.
func (v recordings) RecordPolicy(ctx context.Context, terminal string) (screen.RecordPolicy, error) {
	row, err := orNothing(v.q.RecordPolicy(ctx, screenq.RecordPolicyParams{HQ: v.s.hq, Terminal: terminal}))
	if err != nil {
		return screen.RecordPolicy{}, fmt.Errorf("read recording policy: %w", err)
	}
	p, err := v.toPolicy(row)
	p.Terminal = terminal
	return p, err
}

func (v recordings) RecordPolicies(ctx context.Context) ([]screen.RecordPolicy, error) {
	rows, err := v.q.RecordPolicies(ctx, v.s.hq)
	return list(rows, err, "recording policy", v.toPolicy)
}

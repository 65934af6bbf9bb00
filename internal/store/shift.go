package store

import (
	"context"

	"github.com/matoi119/matoi/internal/console"
	consoleq "github.com/matoi119/matoi/internal/store/query/console"
	"github.com/matoi119/matoi/internal/store/writer"
)

// shifts implements console.Shifts; tx is nil outside of acts.
type shifts struct {
	q  *consoleq.Queries
	s  *Store
	tx *writer.Tx
}

// Shifts is the port for shifts and hand-overs inside the act.
func (u *Unit) Shifts() console.Shifts { return shifts{u.s.consoleQueries(u.tx.Query()), u.s, u.tx} }

// Shifts reads shifts and hand-overs outside of acts; Save methods refuse.
func (s *Store) Shifts() console.Shifts { return shifts{s.consoleQueries(s.read), s, nil} }

func (v shifts) Shift(ctx context.Context, seat string) (console.Shift, error) {
	row, err := v.q.Shift(ctx, consoleq.ShiftParams{HQ: v.s.hq, Console: seat})
	return found(row, err, "shift", toShift)
}

func (v shifts) Shifts(ctx context.Context) ([]console.Shift, error) {
	rows, err := v.q.Shifts(ctx, v.s.hq)
	return list(rows, err, "shift", toShift)
}

func toShift(r consoleq.ConsoleShift) (console.Shift, error) {
	return console.Shift{
		ID: r.ID, Console: r.Console, Person: r.Person, BeganAt: instant(r.BeganAt), EndedAt: instant(r.EndedAt),
		Sound: console.Sound(r.Sound), SoundAt: instant(r.SoundAt), Reason: r.Reason, Volume: r.Volume,
	}, nil
}

func (v shifts) SaveShift(ctx context.Context, w console.Shift) error {
	return put(ctx, v.tx, "console_shift", consoleq.ConsoleShift{
		HQ: v.s.hq, ID: w.ID, Console: w.Console, Person: w.Person, BeganAt: micros(w.BeganAt), EndedAt: micros(w.EndedAt),
		Sound: string(w.Sound), SoundAt: micros(w.SoundAt), Reason: w.Reason, Volume: w.Volume,
	})
}

func (v shifts) HandOver(ctx context.Context, id string) (console.HandOver, error) {
	row, err := v.q.HandOver(ctx, consoleq.HandOverParams{HQ: v.s.hq, ID: id})
	return found(row, err, "handover", v.toHandOver)
}

func (v shifts) HandOvers(ctx context.Context, to string) ([]console.HandOver, error) {
	rows, err := v.q.HandOvers(ctx, consoleq.HandOversParams{HQ: v.s.hq, ToConsole: to})
	return list(rows, err, "handover", v.toHandOver)
}

func (v shifts) toHandOver(r consoleq.ConsoleHandover) (console.HandOver, error) {
	note, err := v.s.openNote(r.Note, "console_handover", r.ID)
	return console.HandOver{
		ID: r.ID, Console: r.Console, Person: r.Person, To: r.ToConsole, At: instant(r.At),
		TakenBy: r.TakenPerson, TakenAt: instant(r.TakenAt), Note: note,
	}, err
}

func (v shifts) SaveHandOver(ctx context.Context, h console.HandOver) error {
	box, err := v.s.sealNote(h.Note, "console_handover", h.ID)
	if err != nil {
		return err
	}
	return put(ctx, v.tx, "console_handover", consoleq.ConsoleHandover{
		HQ: v.s.hq, ID: h.ID, Console: h.Console, Person: h.Person, ToConsole: h.To, At: micros(h.At),
		TakenPerson: h.TakenBy, TakenAt: micros(h.TakenAt), Note: box,
	})
}

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/seal"
	evidenceq "github.com/matoi119/matoi/internal/store/query/evidence"
	outboxq "github.com/matoi119/matoi/internal/store/query/outbox"
	reportq "github.com/matoi119/matoi/internal/store/query/report"
	terminalq "github.com/matoi119/matoi/internal/store/query/terminal"
	"github.com/matoi119/matoi/internal/store/writer"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif/open1"
)

// drills implements terminal.Drills and terminal.DrillReader; tx is nil outside
// of acts.
type drills struct {
	q  *terminalq.Queries
	s  *Store
	tx *writer.Tx
}

// Drills is the port for drills inside the act.
func (u *Unit) Drills() terminal.Drills {
	return drills{u.s.terminalQueries(u.tx.Query()), u.s, u.tx}
}

// Drills reads drills outside of acts.
func (s *Store) Drills() terminal.DrillReader { return drills{s.terminalQueries(s.read), s, nil} }

// drillWords is what is sealed of a drill.
type drillWords struct {
	Reason string `json:"reason"`
	Leader string `json:"leader"`
	Record []byte `json:"record,omitempty"`
}

func (v drills) SaveDrill(ctx context.Context, d terminal.Drill) error {
	plain, err := json.Marshal(drillWords{d.Reason, d.Leader, d.Record})
	if err != nil {
		return fmt.Errorf("encode drill: %w", err)
	}
	box, err := v.s.keys.Seal(seal.Staff, plain, v.s.place("terminal_drill", d.ID))
	if err != nil {
		return err
	}
	return put(ctx, v.tx, "terminal_drill", terminalq.TerminalDrill{
		HQ: v.s.hq, ID: d.ID, Terminal: d.Terminal, State: string(d.State), CutAt: micros(d.CutAt), Until: micros(d.Until),
		RestoredAt: micros(d.RestoredAt), EndedAt: micros(d.EndedAt), Restored: d.Restored, Digest: d.Digest, Body: box,
	})
}

func (v drills) toDrill(r terminalq.TerminalDrill) (terminal.Drill, error) {
	d := terminal.Drill{ID: r.ID, Terminal: r.Terminal, State: terminal.DrillState(r.State), CutAt: instant(r.CutAt), Until: instant(r.Until),
		RestoredAt: instant(r.RestoredAt), EndedAt: instant(r.EndedAt), Restored: r.Restored, Digest: r.Digest}
	plain, err := v.s.keys.Open(seal.Staff, r.Body, v.s.place("terminal_drill", r.ID))
	if err != nil {
		return d, fmt.Errorf("open drill %s: %w", r.ID, err)
	}
	var words drillWords
	if err := json.Unmarshal(plain, &words); err != nil {
		return d, fmt.Errorf("decode drill %s: %w", r.ID, err)
	}
	d.Reason, d.Leader, d.Record = words.Reason, words.Leader, words.Record
	return d, nil
}

func (v drills) Drill(ctx context.Context, id string) (terminal.Drill, error) {
	row, err := v.q.Drill(ctx, terminalq.DrillParams{HQ: v.s.hq, ID: id})
	return found(row, err, "drill", v.toDrill)
}

func (v drills) CutNow(ctx context.Context, id string) (terminal.Drill, bool, error) {
	row, err := v.q.DrillOf(ctx, terminalq.DrillOfParams{HQ: v.s.hq, State: string(terminal.DrillCut), Terminal: id})
	d, err := found(row, err, "drill", v.toDrill)
	if fault.Of(err) == fault.NotFound {
		return d, false, nil
	}
	return d, err == nil, err
}

func (v drills) DrillsCut(ctx context.Context) ([]terminal.Drill, error) {
	rows, err := v.q.DrillsInState(ctx, terminalq.DrillsInStateParams{HQ: v.s.hq, State: string(terminal.DrillCut)})
	return list(rows, err, "drill", v.toDrill)
}

func (v drills) Drills(ctx context.Context, limit int) ([]terminal.Drill, error) {
	rows, err := v.q.Drills(ctx, terminalq.DrillsParams{HQ: v.s.hq, Limit: int32(limit)})
	return list(rows, err, "drill", v.toDrill)
}

// OpenActual counts the actual reports of a terminal that somebody still has to
// end; one that no mode could be read of counts.
func (u *Unit) OpenActual(ctx context.Context, terminalID string) (int64, error) {
	n, err := u.s.reportQueries(u.tx.Query()).OpenActual(ctx, reportq.OpenActualParams{HQ: u.s.hq, Terminal: terminalID})
	if err != nil {
		return 0, fmt.Errorf("count reports: %w", err)
	}
	return n, nil
}

// FramesAfter lists the frames of a spool above a number.
func (s *Store) FramesAfter(ctx context.Context, terminalID, spool string, after int64) ([]terminal.StoredFrame, error) {
	rows, err := s.reportQueries(s.read).FramesAfter(ctx, reportq.FramesAfterParams{HQ: s.hq, Terminal: terminalID, Spool: spool, Seq: after, Limit: math.MaxInt32})
	return list(rows, err, "frame", func(r reportq.FramesAfterRow) (terminal.StoredFrame, error) {
		return terminal.StoredFrame{Seq: r.Seq, MsgID: r.MsgID, Service: r.Service, Type: open1.Type(r.Type), Report: r.Report, ReceivedAt: instant(r.ReceivedAt)}, nil
	})
}

// SentTo lists the messages for a destination since a time.
func (s *Store) SentTo(ctx context.Context, destination string, since time.Time) ([]terminal.SentMessage, error) {
	rows, err := s.outboxQueries(s.read).SentTo(ctx, outboxq.SentToParams{HQ: s.hq, Destination: destination, CreatedAt: micros(since), Limit: math.MaxInt32})
	return list(rows, err, "message", func(r outboxq.SentToRow) (terminal.SentMessage, error) {
		return terminal.SentMessage{ID: r.ID, Kind: r.Kind, CreatedAt: instant(r.CreatedAt), DoneAt: instant(r.DoneAt), Problem: r.Problem}, nil
	})
}

// Proofs lists the entries about a subject since a time, by the evidence log's
// own numbers.
func (s *Store) Proofs(ctx context.Context, subject string, since time.Time) (out []terminal.Proof, err error) {
	rows, err := s.evidenceQueries(s.read).OfSubject(ctx, evidenceq.OfSubjectParams{HQ: s.hq, Subject: subject, Limit: math.MaxInt32})
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	for _, r := range rows {
		if at := instant(r.At); !at.Before(since) {
			out = append(out, terminal.Proof{Entry: r.Leaf, Act: r.Act, At: at})
		}
	}
	return out, nil
}

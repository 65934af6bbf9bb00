package terminal

import (
	"context"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif/open1"
)

// Bounds of a drill.
const (
	MaxDrill       = time.Hour // the line comes back by itself after that, whatever else happens
	MaxDrillReason = 400       // characters
)

// DrillState is how far a drill has come.
type DrillState string

// The states of a drill.
const (
	DrillCut       DrillState = "cut"       // the server keeps away from the terminal
	DrillRestored  DrillState = "restored"  // the line is back, both sides are counted
	DrillPassed    DrillState = "passed"    // with a record
	DrillFailed    DrillState = "failed"    // with a record
	DrillAbandoned DrillState = "abandoned" // ended before it was counted
)

// Why a line came back.
const (
	RestoreDone    = "done"    // the case was worked through
	RestoreStopped = "stopped" // somebody ended the drill
	RestoreLapsed  = "lapsed"  // its time was over
)

// Drill is the standalone drill of one terminal (訓練: 回線断): all planes are
// cut from the server's side, the terminal goes on alone, and afterwards both
// sides are counted (condition 1-1-2; standard-interface §5.10, D-03).
type Drill struct {
	ID         string
	Terminal   string
	State      DrillState
	Reason     string // words of the house
	Leader     string // who leads it at the terminal
	CutAt      time.Time
	Until      time.Time
	RestoredAt time.Time
	EndedAt    time.Time
	Restored   string // why the line came back
	Digest     string // SHA-256 of the record, hex
	Record     []byte // canonical JSON
}

// Cut reports whether the server keeps away from the terminal at that time. The
// end does not depend on anybody who could die before it.
func (d Drill) Cut(now time.Time) bool { return d.State == DrillCut && now.Before(d.Until) }

// Begin cuts the line. actual is how many actual reports of the terminal are open:
// a drill waits for the last of them.
func (d Drill) Begin(lasting time.Duration, actual int64, now time.Time) (Drill, error) {
	switch {
	case strings.TrimSpace(d.Reason) == "" || len([]rune(d.Reason)) > MaxDrillReason || strings.TrimSpace(d.Leader) == "" || len([]rune(d.Leader)) > maxWords:
		return d, fault.New(fault.Invalid, "drill.reason")
	case lasting <= 0 || lasting > MaxDrill:
		return d, fault.New(fault.Invalid, "drill.lasting")
	case actual > 0:
		return d, fault.New(fault.Conflict, "drill.actual-open")
	}
	d.State, d.CutAt, d.Until = DrillCut, now, now.Add(lasting)
	return d, nil
}

// Restore brings the line back. One that is back already is no change.
func (d Drill) Restore(why string, now time.Time) (Drill, bool) {
	if d.State != DrillCut {
		return d, false
	}
	d.State, d.RestoredAt, d.Restored = DrillRestored, now, why
	if why != RestoreDone {
		d.State, d.EndedAt = DrillAbandoned, now
	}
	return d, true
}

// Finish keeps the record of a drill whose line is back.
func (d Drill) Finish(passed bool, digest string, record []byte, now time.Time) (Drill, error) {
	if d.State != DrillRestored {
		return d, fault.New(fault.Conflict, "drill.over")
	}
	d.State, d.EndedAt, d.Digest, d.Record = DrillFailed, now, digest, record
	if passed {
		d.State = DrillPassed
	}
	return d, nil
}

// Drills is the port of the stories on drills.
type Drills interface {
	Drill(ctx context.Context, id string) (Drill, error)
	CutNow(ctx context.Context, terminal string) (Drill, bool, error) // the drill in state cut
	SaveDrill(ctx context.Context, d Drill) error
}

// DrillReader is what pages, the gateway and the command line read.
type DrillReader interface {
	Drill(ctx context.Context, id string) (Drill, error)
	DrillsCut(ctx context.Context) ([]Drill, error)         // in state cut, whatever the time
	Drills(ctx context.Context, limit int) ([]Drill, error) // the newest first
}

// StoredFrame is a frame of a terminal as the headquarters stores it, without its
// body.
type StoredFrame struct {
	Seq        int64
	MsgID      string
	Service    string
	Type       open1.Type
	Report     string // id at the headquarters, "" where there is none
	ReceivedAt time.Time
}

// SentMessage is what the headquarters has for a terminal, without its body.
type SentMessage struct {
	ID        string
	Kind      string
	CreatedAt time.Time
	DoneAt    time.Time
	Problem   int64
}

// Proof is an entry of the evidence log.
type Proof struct {
	Entry int64
	Act   string
	At    time.Time
}

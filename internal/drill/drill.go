// Package drill runs the standalone drill of a terminal (訓練: 回線断; condition
// 1-1-2; standard-interface §5.10, D-03): it cuts every plane from the server's
// side, lets a whole case be worked through on the terminal alone, brings the
// line back and counts every message on both sides. What it found is a record
// that is kept as evidence.
package drill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif/open1"
)

// Stories are the acts of a drill.
type Stories interface {
	CutForDrill(ctx context.Context, who act.Who, n act.NewDrill) (terminal.Drill, error)
	RestoreAfterDrill(ctx context.Context, who act.Who, id, why string) error
	FinishDrill(ctx context.Context, who act.Who, id string, passed bool, digest string, record []byte) error
}

// Headquarters is what is stored there.
type Headquarters interface {
	Terminals() terminal.Store
	Drills() terminal.DrillReader
	FramesAfter(ctx context.Context, terminalID, spool string, after int64) ([]terminal.StoredFrame, error)
	SentTo(ctx context.Context, destination string, since time.Time) ([]terminal.SentMessage, error)
	// ChatLines lists the ids of the lines of a report, and its id here; nothing
	// where it is unknown.
	ChatLines(ctx context.Context, service, serviceReport string) (report string, lines []string, err error)
	Proofs(ctx context.Context, subject string, since time.Time) ([]terminal.Proof, error)
}

// Tally asks the terminal itself what it holds (open1.Client).
type Tally interface {
	Tally(ctx context.Context, frames, inputs int64) (open1.Tally, error)
}

// Said is what was worked through on the terminal, as whoever played it knows.
type Said struct {
	Service, Report string
	Lines           int   // of the chat at the terminal's own page, both ways
	Messages        []Key // that a simulated service handed over
}

// Key names a message within a terminal.
type Key struct{ Type, Service, Report, Item string }

// Case plays a whole case on the terminal alone: a report arrives, the terminal's
// own page rings, chat goes both ways, the report is closed there. did is called
// after each of the Steps.
type Case interface {
	Play(ctx context.Context, did func(step string)) (Said, error)
}

// The steps of a case, in their order.
const (
	StepArrived  = "arrived"
	StepRang     = "rang"
	StepAsked    = "asked"    // the caller wrote
	StepAnswered = "answered" // the terminal's own page wrote
	StepClosed   = "closed"
)

// Steps lists them.
func Steps() []string {
	return []string{StepArrived, StepRang, StepAsked, StepAnswered, StepClosed}
}

// Config of a drill. Everything is required.
type Config struct {
	Acts     Stories
	Who      act.Who
	House    Headquarters
	Tally    Tally
	Case     Case
	Now      func() time.Time
	Say      func(step string) // tells whoever watches; never asked for an answer
	HQ       string
	Version  string
	Played   string        // person or simulated
	Patience time.Duration // how long the line may take to fall, and to come back
}

// ErrNotReady means that the drill cannot begin: the line must stand first.
var ErrNotReady = errors.New("the link to the terminal is not up")

const lookEach = 200 * time.Millisecond

// Run is one drill. The line is brought back whatever happens; an error means
// that nothing could be judged, and a record that has not passed is no error.
func Run(ctx context.Context, c Config, n act.NewDrill) (r Record, err error) {
	t, err := c.House.Terminals().Terminal(ctx, n.Terminal)
	if err != nil {
		return r, err
	}
	link, err := c.House.Terminals().Link(ctx, n.Terminal)
	if err != nil {
		return r, err
	}
	if !link.State.Up() {
		return r, fault.New(fault.Conflict, "drill.not-ready").Because(ErrNotReady)
	}
	before, err := everything(ctx, c.Tally, 0, 0)
	if err != nil {
		return r, fmt.Errorf("count at the terminal: %w", err)
	}
	d, err := c.Acts.CutForDrill(ctx, c.Who, n)
	if err != nil {
		return r, err
	}
	r = Record{Format: Format, Drill: d.ID, Kind: "standalone", Conditions: []string{"S3-1-1-2"}, Headquarters: c.HQ,
		Terminal: Place{t.ID, t.Name, t.Place}, Version: c.Version, Mode: "exercise", Played: c.Played,
		Reason: n.Reason, Leader: n.Leader, CutAt: d.CutAt, Steps: []Step{}, Messages: []Message{}, Evidence: []Proof{}}
	said, err := c.alone(ctx, &r, d)
	if e := c.Acts.RestoreAfterDrill(context.WithoutCancel(ctx), c.Who, d.ID, restoreWhy(err)); e != nil {
		return r, errors.Join(err, e)
	}
	if err != nil {
		return r, err
	}
	if err := c.reconcile(ctx, &r, d, before, said); err != nil {
		return r, err
	}
	return r, c.keep(ctx, &r)
}

func restoreWhy(err error) string {
	if err != nil {
		return terminal.RestoreStopped
	}
	return terminal.RestoreDone
}

// did notes a step.
func (c Config) did(r *Record, name, by string) {
	r.Steps = append(r.Steps, Step{Name: name, At: c.Now().UTC(), By: by})
	c.Say(name)
}

// alone waits until the line is down, and lets the case be played within the time
// of the drill.
func (c Config) alone(ctx context.Context, r *Record, d terminal.Drill) (Said, error) {
	if err := c.until(ctx, d.Terminal, func(l terminal.Link) bool { return l.Shown() == terminal.Down }); err != nil {
		return Said{}, fault.New(fault.Unavailable, "drill.not-cut").Because(err)
	}
	c.did(r, "cut", "measured")
	ctx, cancel := context.WithTimeout(ctx, d.Until.Sub(c.Now()))
	defer cancel()
	said, err := c.Case.Play(ctx, func(step string) { c.did(r, step, c.Played) })
	if errors.Is(err, context.DeadlineExceeded) {
		err = fault.New(fault.Unavailable, "drill.lapsed").Because(err)
	}
	return said, err
}

// until waits for a state of the link, as the store tells it: the server that
// keeps the link may be another process.
func (c Config) until(ctx context.Context, id string, good func(terminal.Link) bool) error {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	tick := time.NewTicker(lookEach)
	defer tick.Stop()
	for {
		l, err := c.House.Terminals().Link(ctx, id)
		if err == nil && good(l) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// keep makes the record durable in the evidence log and its row.
func (c Config) keep(ctx context.Context, r *Record) error {
	canonical, digest, err := r.Canonical()
	if err != nil {
		return err
	}
	return c.Acts.FinishDrill(ctx, c.Who, r.Drill, r.Passed, digest, canonical)
}

// everything asks for all that a terminal holds above two numbers.
func everything(ctx context.Context, ask Tally, frames, inputs int64) (all open1.Tally, err error) {
	for {
		t, err := ask.Tally(ctx, frames, inputs)
		if err != nil {
			return all, err
		}
		if all.Spool != "" && all.Spool != t.Spool {
			return all, errors.New("the spool became another one meanwhile")
		}
		all.TerminalID, all.Spool, all.Clock = t.TerminalID, t.Spool, t.Clock
		all.Frames, all.Inputs = append(all.Frames, t.Frames...), append(all.Inputs, t.Inputs...)
		if n := len(t.Frames); n > 0 {
			frames = t.Frames[n-1].Seq
		}
		if n := len(t.Inputs); n > 0 {
			inputs = t.Inputs[n-1].Seq
		}
		if len(t.Frames) < open1.MaxTally && len(t.Inputs) < open1.MaxTally {
			return all, nil
		}
	}
}

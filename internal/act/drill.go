package act

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
)

// NewDrill is what somebody wants to try.
type NewDrill struct {
	Terminal string
	Reason   string
	Leader   string
	Lasting  time.Duration
}

// CutForDrill makes the server keep away from a terminal for a drill, with a
// reason, for a time that ends by itself. The commit is what the gateway obeys.
func (a *Acts) CutForDrill(ctx context.Context, who Who, n NewDrill) (terminal.Drill, error) {
	d := terminal.Drill{ID: newID(), Terminal: n.Terminal, Reason: n.Reason, Leader: n.Leader}
	err := a.do(ctx, who, DrillCut, onTerminal(n.Terminal), func(ctx context.Context, u *store.Unit) (Told, error) {
		t, err := u.Terminals().Terminal(ctx, n.Terminal)
		if err != nil {
			return Told{}, err
		}
		if !t.RevokedAt.IsZero() {
			return Told{}, fault.New(fault.NotFound, "terminal.unknown")
		}
		if _, cut, err := u.Drills().CutNow(ctx, n.Terminal); err != nil || cut {
			if err == nil {
				err = fault.New(fault.Conflict, "drill.running")
			}
			return Told{}, err
		}
		open, err := u.OpenActual(ctx, n.Terminal)
		if err != nil {
			return Told{}, err
		}
		if d, err = d.Begin(n.Lasting, open, u.Now()); err != nil {
			return Told{}, err
		}
		return a.drilled(ctx, u, d, DrillCut, map[string]string{"until": d.Until.Format(time.RFC3339)})
	})
	return d, err
}

// RestoreAfterDrill lets the server dial the terminal again.
func (a *Acts) RestoreAfterDrill(ctx context.Context, who Who, id, why string) error {
	return a.do(ctx, who, DrillRestore, onTerminal(""), func(ctx context.Context, u *store.Unit) (Told, error) {
		d, err := u.Drills().Drill(ctx, id)
		if err != nil {
			return Told{}, err
		}
		n, changed := d.Restore(why, u.Now())
		if !changed {
			return Told{}, nil
		}
		return a.drilled(ctx, u, n, DrillRestore, map[string]string{"why": why})
	})
}

// FinishDrill keeps the record of a drill: whether both sides had the same.
func (a *Acts) FinishDrill(ctx context.Context, who Who, id string, passed bool, digest string, record []byte) error {
	return a.do(ctx, who, DrillFinish, onTerminal(""), func(ctx context.Context, u *store.Unit) (Told, error) {
		d, err := u.Drills().Drill(ctx, id)
		if err != nil {
			return Told{}, err
		}
		n, err := d.Finish(passed, digest, record, u.Now())
		if err != nil {
			return Told{}, err
		}
		return a.drilled(ctx, u, n, DrillFinish, map[string]string{"result": string(n.State), "sha256": digest})
	})
}

func (a *Acts) drilled(ctx context.Context, u *store.Unit, d terminal.Drill, name Name, facts map[string]string) (Told, error) {
	if err := u.Drills().SaveDrill(ctx, d); err != nil {
		return Told{}, err
	}
	u.Changed("terminal", d.Terminal, string(name))
	facts["drill"] = d.ID
	return Told{Subject: "terminal/" + d.Terminal, Facts: facts}, nil
}

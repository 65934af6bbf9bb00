package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/matoi119/matoi/internal/terminal"
)

// errDrill ends a connection because a drill cuts the line.
var errDrill = errors.New("the line is cut for a drill")

// followDrills takes over which lines are cut now. A drill whose time is over is
// ended here: the line does not wait for whoever began it.
func (g *Gateway) followDrills(ctx context.Context) error {
	all, err := g.c.Store.Drills().DrillsCut(ctx)
	if err != nil {
		return err
	}
	now, cuts := g.c.Now(), map[string]terminal.Drill{}
	for _, d := range all {
		if d.Cut(now) {
			cuts[d.Terminal] = d
			continue
		}
		if err := g.c.Acts.RestoreAfterDrill(ctx, g.who, d.ID, terminal.RestoreLapsed); err != nil {
			g.c.Log.Error("end a drill", "terminal", d.Terminal, "err", err)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cuts = cuts
	for id, r := range g.links {
		_, cut := cuts[id]
		r.link.cut(cut)
	}
	return nil
}

// Cut reports whether a drill keeps the server away from a terminal, on every
// plane.
func (g *Gateway) Cut(terminalID string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	d, ok := g.cuts[terminalID]
	return ok && d.Cut(g.c.Now())
}

// cut ends the connection that is there; run does not dial before wake.
func (l *link) cut(on bool) {
	l.mu.Lock()
	sever := l.sever
	l.mu.Unlock()
	if on && sever != nil {
		sever(errDrill)
	}
	if !on {
		select {
		case l.restored <- struct{}{}:
		default:
		}
	}
}

// cutEach is how often a cut line looks whether its time is over.
const cutEach = time.Second

// waitCut returns when no drill cuts the line.
func (l *link) waitCut(ctx context.Context) {
	for l.g.Cut(l.id) && ctx.Err() == nil {
		select {
		case <-l.restored:
		case <-time.After(cutEach):
		case <-ctx.Done():
		}
	}
}

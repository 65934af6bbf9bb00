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
		if _, cut := cuts[id]; !cut {
			r.link.restore()
		}
	}
	for id := range cuts {
		for _, sever := range g.severs[id] {
			sever(errDrill)
		}
	}
	return nil
}

// uncut is a context that ends when a drill cuts the line of a terminal. Every
// connection to one is made in such a context, on every plane.
func (g *Gateway) uncut(ctx context.Context, terminalID string) (_ context.Context, done func()) {
	ctx, sever := context.WithCancelCause(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.severs[terminalID] == nil {
		g.severs[terminalID] = map[int]context.CancelCauseFunc{}
	}
	g.lastSever++
	n := g.lastSever
	g.severs[terminalID][n] = sever
	if d, ok := g.cuts[terminalID]; ok && d.Cut(g.c.Now()) {
		sever(errDrill)
	}
	return ctx, func() {
		sever(nil)
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.severs[terminalID], n)
	}
}

// Cut reports whether a drill keeps the server away from a terminal, on every
// plane.
func (g *Gateway) Cut(terminalID string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	d, ok := g.cuts[terminalID]
	return ok && d.Cut(g.c.Now())
}

// restore tells run that a drill may be over.
func (l *link) restore() {
	select {
	case l.restored <- struct{}{}:
	default:
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

package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/calendar"
	"github.com/matoi119/matoi/internal/drill"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/pki"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif/open1"
)

// DrillConfig is a drill that somebody wants to run.
type DrillConfig struct {
	Terminal string
	Reason   string
	Leader   string
	Lasting  time.Duration
	Out      string            // directory for the record and its page; "" = neither is written
	Case     drill.Case        // who works the case through
	Say      func(step string) // tells how far it is
	Version  string

	simulated bool
	patience  time.Duration // 0 = drillPatience
}

// drillPatience is how long the line may take to fall and to come back: another
// process keeps it, and looks every five seconds.
const drillPatience = time.Minute

// DrillSaid is what was worked through, and DrillSteps what is.
type DrillSaid = drill.Said

// DrillSteps lists the steps of a case, in their order.
func DrillSteps() []string { return drill.Steps() }

// Drilled is a drill that was judged.
type Drilled struct {
	Record    drill.Record
	Digest    string
	Canonical []byte
	Files     []string
}

// RunDrill runs the standalone drill of a terminal, beside the server that keeps
// its link. Both sides are counted; the record is kept in the store.
func (h *House) RunDrill(ctx context.Context, c DrillConfig) (d Drilled, err error) {
	t, err := h.Store.Terminals().Terminal(ctx, c.Terminal)
	if err != nil {
		return d, err
	}
	client := open1.NewClient(t.Address, h.terminalTLS(t.ID))
	defer client.Close()
	played, patience := "person", drillPatience
	if c.simulated {
		played = "simulated"
	}
	if c.patience > 0 {
		patience = c.patience
	}
	d.Record, err = drill.Run(ctx, drill.Config{Acts: h.Acts, Who: act.CommandLine(), House: drillHouse{h}, Tally: client, Case: c.Case,
		Now: h.c.Now, Say: c.Say, HQ: h.c.Name, Version: c.Version, Played: played, Patience: patience},
		act.NewDrill{Terminal: c.Terminal, Reason: c.Reason, Leader: c.Leader, Lasting: c.Lasting})
	if err != nil {
		return d, err
	}
	if d.Canonical, d.Digest, err = d.Record.Canonical(); err != nil {
		return d, err
	}
	d.Files, err = d.write(c.Out)
	return d, err
}

// write leaves the record and the page in a directory.
func (d Drilled) write(dir string) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	var page bytes.Buffer
	if err := drill.Page(&page, d.Canonical, d.Digest); err != nil {
		return nil, err
	}
	whole, err := json.Marshal(struct {
		Record json.RawMessage `json:"record"`
		Digest string          `json:"sha256"`
	}{d.Canonical, d.Digest})
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	name := filepath.Join(dir, "drill-standalone-"+d.Record.Terminal.ID+"-"+d.Record.CutAt.In(calendar.Zone()).Format("20060102-150405"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of records: %w", err)
	}
	files := []string{name + ".json", name + ".html"}
	return files, errors.Join(os.WriteFile(files[0], append(whole, '\n'), 0o600), os.WriteFile(files[1], page.Bytes(), 0o600))
}

// RestoreDrill ends the drill of a terminal at once; false where none runs.
func (h *House) RestoreDrill(ctx context.Context, terminalID string) (bool, error) {
	cut, err := h.Store.Drills().DrillsCut(ctx)
	if err != nil {
		return false, err
	}
	for _, d := range cut {
		if d.Terminal == terminalID {
			return true, h.Acts.RestoreAfterDrill(ctx, act.CommandLine(), d.ID, terminal.RestoreStopped)
		}
	}
	return false, nil
}

// Drills lists the newest drills.
func (h *House) Drills(ctx context.Context) ([]terminal.Drill, error) {
	return h.Store.Drills().Drills(ctx, 100)
}

// drillHouse is what a drill reads here.
type drillHouse struct{ *House }

func (h drillHouse) Terminals() terminal.Store    { return h.Store.Terminals() }
func (h drillHouse) Drills() terminal.DrillReader { return h.Store.Drills() }
func (h drillHouse) FramesAfter(ctx context.Context, terminalID, spool string, after int64) ([]terminal.StoredFrame, error) {
	return h.Store.FramesAfter(ctx, terminalID, spool, after)
}

func (h drillHouse) SentTo(ctx context.Context, destination string, since time.Time) ([]terminal.SentMessage, error) {
	return h.Store.SentTo(ctx, destination, since)
}

func (h drillHouse) Proofs(ctx context.Context, subject string, since time.Time) ([]terminal.Proof, error) {
	return h.Store.Proofs(ctx, subject, since)
}

func (h drillHouse) ChatLines(ctx context.Context, service, serviceReport string) (string, []string, error) {
	r, err := h.Store.ReportOf(ctx, service, serviceReport)
	if fault.Of(err) == fault.NotFound {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	chat, err := h.Store.Content().Chat(ctx, r.ID)
	var ids []string
	for _, l := range chat {
		ids = append(ids, l.ID)
	}
	return r.ID, ids, err
}

// terminalTLS are the settings with which this headquarters dials a terminal.
func (h *House) terminalTLS(id string) *tls.Config { return h.dialling(h.CA.Gateway(h.c.Now))(id) }

func (h *House) dialling(shown *pki.Shown) func(id string) *tls.Config {
	return func(id string) *tls.Config {
		return pki.GatewayTLS(h.CA, shown, id, func(serial string) bool {
			t, err := h.Store.Terminals().Terminal(context.Background(), id)
			return err != nil || !t.Admits(serial)
		})
	}
}

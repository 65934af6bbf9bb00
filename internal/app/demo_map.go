package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/matoi119/matoi/sim/moving"
	"github.com/matoi119/matoi/sim/town"
	"github.com/matoi119/matoi/stdif"
)

// townMap imports the made-up town as a headquarters imports its own map.
func (d *Demo) townMap(ctx context.Context) error {
	var b bytes.Buffer
	if err := town.Write(&b); err != nil {
		return err
	}
	path := filepath.Join(d.dir, "town.pmtiles")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if _, err := d.server.ImportMap(ctx, path); err != nil {
		return fmt.Errorf("demo: map: %w", err)
	}
	return nil
}

// walk lets a relay operator report somebody who walks through the town.
func (d *Demo) walk(w http.ResponseWriter, r *http.Request) {
	if _, err := moving.Send(r.Context(), &d.relay, stdif.Actual); err != nil {
		d.c.Log.Error("demo: moving", "err", err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

package act

import (
	"context"
	"strconv"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/store"
)

// Map is what the evidence keeps of an imported map file: nothing that its maker
// wrote, only what can be compared with the file.
type Map struct {
	SHA256           string
	Bytes            int64
	MinZoom, MaxZoom int
}

const theMap = "map/current"

// ImportMap records that a checked file is now the map of all consoles.
func (a *Acts) ImportMap(ctx context.Context, who Who, m Map) error {
	return a.do(ctx, who, MapImport, authz.Resource{}, func(_ context.Context, u *store.Unit) (Told, error) {
		u.Changed("map", m.SHA256, string(MapImport))
		return Told{Subject: theMap, Facts: map[string]string{
			"sha256": m.SHA256, "bytes": strconv.FormatInt(m.Bytes, 10), "zooms": strconv.Itoa(m.MinZoom) + "-" + strconv.Itoa(m.MaxZoom),
		}}, nil
	})
}

// RemoveMap records that consoles have no map any more.
func (a *Acts) RemoveMap(ctx context.Context, who Who, sha256 string) error {
	return a.do(ctx, who, MapRemove, authz.Resource{}, func(_ context.Context, u *store.Unit) (Told, error) {
		u.Changed("map", sha256, string(MapRemove))
		return Told{Subject: theMap, Facts: map[string]string{"sha256": sha256}}, nil
	})
}

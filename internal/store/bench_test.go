package store_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/store/postgres/postgrestest"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
	"github.com/matoi119/matoi/test/bench"
)

// open seals nothing: the bytes lie in the table as they came.
type open struct{ *seal.Keeper }

func (open) Seal(_ string, plain, _ []byte) ([]byte, error)  { return plain, nil }
func (open) Open(_ string, sealed, _ []byte) ([]byte, error) { return sealed, nil }

// BenchmarkArrive is the whole act of a report's arrival — decision, reads, rule,
// frame, report, number, entry, change — with evidence and sealing taken away one
// by one.
func BenchmarkArrive(b *testing.B) {
	t := bench.Table{Title: "A report's arrival as an act, 32 submitters", Heads: bench.WriteHeads()}
	pg, stop, err := postgrestest.Start()
	if err != nil {
		b.Skipf("no PostgreSQL: %v", err)
	}
	defer stop()
	for name, dsn := range map[string]func() string{"SQLite": func() string { return "" }, "PostgreSQL": func() string { return pg.Database(b) }} {
		b.Run(name, func(b *testing.B) {
			bench.Interleave(b, &t, name, []bench.Cell{
				arrivals(b, "neither evidence nor sealing", dsn(), true, false, 0),
				arrivals(b, "evidence", dsn(), false, false, 0),
				arrivals(b, "sealing", dsn(), true, true, 0),
				arrivals(b, "evidence and sealing: the product", dsn(), false, true, 2),
			})
		})
	}
	if err := t.Write(os.Stdout); err != nil {
		b.Fatal(err)
	}
}

func arrivals(b *testing.B, name, dsn string, unlogged, sealed bool, extends int) bench.Cell {
	b.Helper()
	keeper, err := seal.OpenDir(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	keys, start := store.Sealer(open{keeper}), store.Open
	if sealed {
		keys = keeper
	}
	if unlogged {
		start = store.OpenUnlogged
	}
	s, err := start(b.Context(), store.Config{HQ: "279999", Dir: b.TempDir(), Postgres: dsn}, keys)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	may, err := authz.New()
	if err != nil {
		b.Fatal(err)
	}
	acts, err := act.New(s, may)
	if err != nil {
		b.Fatal(err)
	}
	who := act.Gateway()
	who.Terminal, who.Service = "t-01", "net119.example"
	return bench.Cell{Name: name, Extends: extends, Write: func(ctx context.Context, n int64) error {
		in, err := incoming(n)
		if err != nil {
			return err
		}
		p, err := acts.Arrive(ctx, who, in)
		if err != nil {
			return err
		}
		return p.Wait(ctx)
	}}
}

func incoming(n int64) (act.Incoming, error) {
	now := time.Now()
	r := &stdif.Report{
		ID: fmt.Sprintf("R-%d", n), Revision: 1, EventTime: now, Kind: stdif.IncidentType{Code: stdif.KindOther, Label: "試験"}, Text: "試験です。",
		Locations: []stdif.Location{{Role: "caller", Shape: "civic", Label: "試験", Civic: &stdif.Civic{Prefecture: "大阪府", City: "例示市", Line: "本町1"}}},
	}
	f, err := open1.FrameOf(stdif.Inbound{Mode: stdif.Test, Report: r}, now)
	if err != nil {
		return act.Incoming{}, err
	}
	f.Spool, f.Seq, f.ServiceID, f.TerminalID, f.MsgID = "spool", n, "net119.example", "t-01", fmt.Sprintf("m-%d", n)
	wire, err := open1.Encode(f)
	return act.Incoming{
		Frame: fmt.Sprintf("t-01/spool/%d", n), Terminal: "t-01", Spool: "spool", Seq: n, MsgID: f.MsgID, Service: f.ServiceID,
		Type: string(f.Type), Mode: f.Mode, SentAt: now, Wire: wire, Inbound: stdif.Inbound{Report: r, Mode: stdif.Test},
	}, err
}

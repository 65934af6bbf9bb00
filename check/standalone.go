package check

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// Standalone is the record of exercise D-03 (条件 1-1-2): every line was cut, a
// person worked a whole case on the terminal alone, and both sides were counted
// afterwards. The exercise itself is guided elsewhere; here its record is judged.
type Standalone struct {
	// Record is in the form recordFormat: Digest is the
	// SHA-256 of its canonical form (RFC 8785), hex, as the evidence log has it.
	Record json.RawMessage `json:"record"`
	Digest string          `json:"digest"`
}

const (
	recordFormat = "matoi.drill/1"
	recordKind   = "standalone"
	// recordDays is how old a record may be: the exercise is held every year.
	recordDays = 366
)

// recorded is what is read of a record.
type recorded struct {
	Format   string `json:"format"`
	Kind     string `json:"kind"`
	Terminal struct {
		ID string `json:"id"`
	} `json:"terminal"`
	RestoredAt time.Time `json:"restoredAt"`
	Passed     bool      `json:"passed"`
	Checks     []struct {
		OK bool `json:"ok"`
	} `json:"checks"`
	Counts struct {
		Terminal     int `json:"terminal"`
		Headquarters int `json:"headquarters"`
	} `json:"counts"`
}

// d03 verifies the record.
func d03(_ context.Context, x *run) Outcome {
	s := x.o.Evidence.Standalone
	if s == nil || len(s.Record) == 0 {
		return x.notRun("missing.standalone")
	}
	sum, err := stdif.Digest(s.Record)
	if err != nil {
		return x.fail("fail.record", cause(err))
	}
	if sum != s.Digest {
		return x.fail("fail.record", "sha256 "+sum)
	}
	var r recorded
	if err := json.Unmarshal(s.Record, &r); err != nil {
		return x.fail("fail.record", cause(err))
	}
	x.step("record of the exercise, sha256 " + sum)(fmt.Sprintf("terminal %s, %s, passed %t, %d messages there, %d here", plain(r.Terminal.ID, 64), r.RestoredAt.Format(time.RFC3339), r.Passed, r.Counts.Terminal, r.Counts.Headquarters))
	days := int(x.o.Now().Sub(r.RestoredAt) / (24 * time.Hour))
	switch {
	case r.Format != recordFormat || r.Kind != recordKind:
		return x.fail("fail.record", plain(r.Format+" "+r.Kind, 80))
	case r.Terminal.ID != x.t.TLS.ServerName:
		return x.fail("fail.record-terminal")
	case days < 0 || days > recordDays:
		return x.fail("fail.record-old", days, recordDays)
	}
	whole := r.Passed && len(r.Checks) > 0 && r.Counts.Headquarters >= r.Counts.Terminal
	for _, c := range r.Checks {
		whole = whole && c.OK
	}
	if !whole {
		return x.fail("fail.record-failed")
	}
	return x.pass("pass.record", r.RestoredAt.In(tokyo).Format(time.DateOnly))
}

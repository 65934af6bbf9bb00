package audit

import (
	"testing"

	"github.com/matoi119/matoi/internal/entry"
)

// What evidence costs in the processor alone, without any store.
func BenchmarkEvidence(b *testing.B) {
	columns := []string{"at", "body", "hq", "id", "late", "mode", "seq", "service"}
	values := []any{int64(1_700_000_000_000_000), make([]byte, 1024), "279999", "0197f3c2-0000-7000-8000-000000000000", int64(0), "actual", int64(42), "net119.example"}
	b.Run("row digest", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := RowDigest("report_frame", columns, values); err != nil {
				b.Fatal(err)
			}
		}
	})
	body := Body{V: 1, HQ: "279999", Act: "report.arrive", Actor: entry.Actor{Terminal: "t-01", Service: "net119.example", System: "gateway"},
		Subject: "report/0197f3c2-0000-7000-8000-000000000000", Mode: "actual",
		Rows:    []Row{{"report_frame", `["a"]`, "d"}, {"report_report", `["b"]`, "d"}, {"report_counter", `["c"]`, "d"}},
		Changes: []Change{{Seq: 1, Kind: "report", Subject: "0197f3c2-0000-7000-8000-000000000000", Detail: "report.arrive"}}}
	b.Run("entry", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := body.Encode(); err != nil {
				b.Fatal(err)
			}
		}
	})
	leaf, err := body.Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("tree", func(b *testing.B) {
		b.ReportAllocs()
		var e Edge
		for b.Loop() {
			if _, err := e.Append(leaf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

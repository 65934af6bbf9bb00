package durability

import (
	"path/filepath"
	"testing"

	"github.com/matoi119/matoi/internal/spool"
	"github.com/matoi119/matoi/internal/store/sqlite"
	"github.com/matoi119/matoi/stdif/open1"
)

// spoolCounts reads every frame of a spool and counts reports and lines by the
// service's number. Numbers of frames must have no gap.
func spoolCounts(t *testing.T, term string) (reports, lines map[string]int) {
	t.Helper()
	s, err := spool.Open(t.Context(), spool.Options{Dir: filepath.Join(term, "spool"), Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	reports, lines = map[string]int{}, map[string]int{}
	for next := int64(1); next <= s.Through(); {
		frames, err := s.Frames(t.Context(), next, s.Through(), 1000)
		if err != nil || len(frames) == 0 {
			t.Fatalf("number %d is missing: %v", next, err)
		}
		for _, f := range frames {
			if f.Seq != next {
				t.Fatalf("number %d is missing", next)
			}
			next++
			in, _, p := open1.DecodeBody(f)
			switch {
			case p != nil:
				t.Fatalf("frame %d: %v", f.Seq, p)
			case in.Report != nil:
				reports[in.Report.ID]++
			case in.Chat != nil:
				lines[in.Chat.ReportID]++
			}
		}
	}
	if n := s.Pending(); n != 0 {
		t.Errorf("%d frames of the spool are not acknowledged", n)
	}
	return reports, lines
}

// storeCounts asks the database of a headquarters, behind the product's back.
func storeCounts(t *testing.T, hq string) (reports, lines map[string]int) {
	t.Helper()
	db, err := sqlite.OpenRead(t.Context(), filepath.Join(hq, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var twice int
	err = db.Read.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM (SELECT 1 FROM report_frame WHERE seq > 0 GROUP BY terminal, spool, seq HAVING COUNT(*) > 1)`).Scan(&twice)
	if err != nil || twice != 0 {
		t.Errorf("%d frames are stored twice, %v", twice, err)
	}
	reports = count(t, db, "SELECT service_report FROM report_report")
	for id, n := range count(t, db, "SELECT r.service_report FROM report_frame f JOIN report_report r ON r.id = f.report WHERE f.type = 'report.upsert'") {
		if n != 1 {
			t.Errorf("%s has %d frames", id, n)
		}
	}
	return reports, count(t, db, "SELECT r.service_report FROM report_chat c JOIN report_report r ON r.id = c.report")
}

func count(t *testing.T, db *sqlite.DB, query string) map[string]int {
	t.Helper()
	rows, err := db.Read.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		out[id]++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

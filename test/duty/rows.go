package duty

import (
	"encoding/csv"
	"fmt"
	"strings"

	"github.com/matoi119/matoi/docs"
)

// Row is one duty of the source texts.
type Row struct {
	ID     string // S3-1-3-1, MQ-5-6, FD-18
	Clause string // where the source text says it, in its own words
	Duty   string // what must be so, in English
	Proof  string // what we owe as evidence
	Owner  string // the work that owns the row
}

// Rows reads docs/requirements.csv. Columns are found by name, so that a new
// column does not shift the others.
func Rows() ([]Row, error) { return parseRows(docs.Requirements) }

func parseRows(text string) ([]Row, error) {
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read requirements.csv: %w", err)
	}
	if len(all) < 2 {
		return nil, fmt.Errorf("read requirements.csv: no rows")
	}
	column := map[string]int{}
	for i, name := range all[0] {
		column[name] = i
	}
	for _, name := range []string{"id", "clause", "duty_en", "proof", "issue"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("read requirements.csv: no column %s", name)
		}
	}
	rows := make([]Row, 0, len(all)-1)
	seen := map[string]bool{}
	for _, rec := range all[1:] {
		r := Row{
			ID: rec[column["id"]], Clause: rec[column["clause"]], Duty: rec[column["duty_en"]],
			Proof: rec[column["proof"]], Owner: rec[column["issue"]],
		}
		if r.ID == "" || seen[r.ID] {
			return nil, fmt.Errorf("read requirements.csv: id %q is empty or twice", r.ID)
		}
		seen[r.ID] = true
		rows = append(rows, r)
	}
	return rows, nil
}

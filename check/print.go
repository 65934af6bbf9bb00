package check

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"
)

//go:embed print.html
var printText string

// tokyo is the clock of whoever reads the report.
var tokyo = time.FixedZone("JST", 9*60*60)

// sheet is what the template prints.
type sheet struct {
	Result
	Counts []count
	Names  map[Answer]Words
}

type count struct {
	Name Words
	N    int
}

// WriteHTML writes the report for people: one Japanese page to print, which
// loads nothing.
func (r Result) WriteHTML(w io.Writer) error {
	words := sentences()
	s := sheet{Result: r, Names: map[Answer]Words{}}
	for _, a := range []Answer{Pass, Fail, Error, NotApplicable, NotRun} {
		s.Names[a] = words["answer."+string(a)]
		s.Counts = append(s.Counts, count{s.Names[a], r.Count(a)})
	}
	t, err := template.New("report").Funcs(template.FuncMap{
		"time": func(t time.Time) string { return t.In(tokyo).Format("2006-01-02 15:04:05") },
		"took": func(ms float64) string { return fmt.Sprintf("%.0f ms", ms) },
		"name": func(a Answer) string { return s.Names[a].Ja },
		"row":  conditionOf,
	}).Parse(printText)
	if err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	if err := t.Execute(w, s); err != nil {
		return fmt.Errorf("print the result: %w", err)
	}
	return nil
}

// conditionOf is the number of a row as the source text writes it.
func conditionOf(row string) string {
	if len(row) > 3 && row[:3] == "S3-" {
		return row[3:]
	}
	return row
}

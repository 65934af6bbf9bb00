// Package bench measures the whole product beside references of the same run:
// the raw store, the same act without its evidence, the machine's own loopback.
// Ratios of one run are the result; absolute numbers belong to a machine. The
// benchmarks print tables and assert nothing about time; `make bench` runs them
// with machine, versions and date, and docs/benchmarks.md keeps what they said.
//
// The system under load runs as it does in a headquarters: server and terminal
// are processes of their own (this test binary started again with a role), and
// what is measured goes through the public wire of both.
package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table is what one benchmark prints.
type Table struct {
	Title string
	Heads []string
	rows  [][]string
	notes []string
}

// Row adds a line; floats are printed with three significant digits.
func (t *Table) Row(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		switch v := c.(type) {
		case float64:
			row[i] = Number(v)
		default:
			row[i] = fmt.Sprint(v)
		}
	}
	t.rows = append(t.rows, row)
}

// Note adds a sentence below the table.
func (t *Table) Note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// Write prints the table as Markdown that a person can also read as it is.
func (t *Table) Write(w io.Writer) error {
	width := make([]int, len(t.Heads))
	for _, row := range append([][]string{t.Heads}, t.rows...) {
		for i, c := range row {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\n### %s\n\n", t.Title)
	line := func(row []string) {
		for i, c := range row {
			out.WriteString("| " + c + strings.Repeat(" ", width[i]-utf8.RuneCountInString(c)+1))
		}
		out.WriteString("|\n")
	}
	line(t.Heads)
	for i := range t.Heads {
		out.WriteString("|" + strings.Repeat("-", width[i]+2))
	}
	out.WriteString("|\n")
	for _, row := range t.rows {
		line(row)
	}
	for _, n := range t.notes {
		out.WriteString("\n" + n + "\n")
	}
	out.WriteByte('\n')
	_, err := io.WriteString(w, out.String())
	return err
}

// Number prints three significant digits, and whole numbers above a hundred.
func Number(v float64) string {
	switch {
	case v >= 100 || v == 0:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// Median of the samples, which it sorts.
func Median(samples []float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	slices.Sort(samples)
	n := len(samples)
	return (samples[(n-1)/2] + samples[n/2]) / 2
}

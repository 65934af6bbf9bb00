package main

import (
	"fmt"
	"io"

	"github.com/matoi119/matoi/test/duty"
)

// printRows writes the table and reports whether every row that had to be held
// is held: every test of every printed row passed, and with an owner no row is
// without a test.
func printRows(w io.Writer, rows []duty.Row, results map[string][]outcome, owner string) bool {
	ok := true
	total, held, free := 0, 0, 0
	for _, r := range rows {
		if owner != "" && r.Owner != owner {
			continue
		}
		total++
		list := results[r.ID]
		fmt.Fprintf(w, "%-9s %-18s %s\n", r.ID, "["+r.Owner+"]", r.Duty)
		if len(list) == 0 {
			free++
			fmt.Fprintf(w, "          held by nobody\n")
			ok = ok && owner == ""
			continue
		}
		passed := true
		for _, o := range list {
			word := string(o.result)
			if o.result == duty.Began {
				word = "crashed"
			}
			fmt.Fprintf(w, "          %-8s %s\n", word, o.name())
			passed = passed && o.result == duty.Pass
		}
		if passed {
			held++
		}
		ok = ok && passed
	}
	fmt.Fprintf(w, "\n%d rows: %d held by tests that pass, %d held by tests that do not, %d held by nobody\n",
		total, held, total-held-free, free)
	return ok
}

// Package docs carries the documents that programs read: requirements.csv, one
// row for each duty of the three source texts, with the proof that is owed.
// Tests name its ids (test/duty) and `make duties` prints it with what holds
// each row. The other files of this folder are for people.
package docs

import _ "embed"

// Requirements is requirements.csv: id, source, clause, actor, kind, duty_en,
// duty_ja_short, software_does, proof, area, issue.
//
//go:embed requirements.csv
var Requirements string

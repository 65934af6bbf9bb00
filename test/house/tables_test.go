package house

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// table is one CREATE TABLE of a migration.
type table struct {
	file, name string
	columns    []string
	lines      []string // definitions of columns, in order
	key        []string
}

var (
	create   = regexp.MustCompile(`(?is)CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)\s*\((.*?)\)\s*;`)
	comment  = regexp.MustCompile(`--[^\n]*`)
	touched  = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z]\w*)`)
	withName = regexp.MustCompile(`(?i)(?:\bWITH\s+(?:RECURSIVE\s+)?|\)\s*,\s*)(\w+)\s+AS\s*\(`)
	cols     = regexp.MustCompile(`(?is)PRIMARY\s+KEY\s*\(([^)]*)\)`)
)

func tables(t *testing.T) []table {
	t.Helper()
	var all []table
	for _, name := range files(t, suffix(".sql")) {
		text := comment.ReplaceAllString(read(t, name), "")
		for _, m := range create.FindAllStringSubmatch(text, -1) {
			all = append(all, parseTable(name, m[1], m[2]))
		}
	}
	return all
}

func parseTable(file, name, body string) table {
	tb := table{file: file, name: name}
	for _, def := range splitTop(body) {
		def = strings.Join(strings.Fields(def), " ")
		upper := strings.ToUpper(def)
		switch {
		case def == "":
		case strings.HasPrefix(upper, "PRIMARY KEY"):
			for c := range strings.SplitSeq(cols.FindStringSubmatch(def)[1], ",") {
				tb.key = append(tb.key, strings.TrimSpace(c))
			}
		case strings.HasPrefix(upper, "UNIQUE"), strings.HasPrefix(upper, "CHECK"), strings.HasPrefix(upper, "FOREIGN"), strings.HasPrefix(upper, "CONSTRAINT"):
		default:
			column, _, _ := strings.Cut(def, " ")
			tb.columns = append(tb.columns, column)
			tb.lines = append(tb.lines, def)
			if strings.Contains(upper, "PRIMARY KEY") {
				tb.key = []string{column}
			}
		}
	}
	return tb
}

// splitTop splits at commas that stand in no parentheses.
func splitTop(s string) []string {
	var parts []string
	depth, from := 0, 0
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, s[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, s[from:])
}

// prefixes are the rooms whose tables a name may begin with: the fields, and
// what acts, writer, spool and doors keep for themselves.
func prefixes() []string {
	all := []string{"evidence", "feed", "outbox", "wake", "spool", "session", "seal", "pki", "backup", "blob", "media"}
	for _, f := range field {
		all = append(all, path.Base(f))
	}
	return all
}

var portable = regexp.MustCompile(`^\w+ (BIGINT|TEXT|BYTEA) NOT NULL( PRIMARY KEY)?( DEFAULT \S+)?$`)

// flaws says what is wrong with a table by the house rules: every table carries
// its headquarters from the first migration and first in its key, nothing is
// NULL, and only the three types that both engines share are used.
func (tb table) flaws() []string {
	var all []string
	prefix, _, _ := strings.Cut(tb.name, "_")
	if !slices.Contains(prefixes(), prefix) {
		all = append(all, "its name begins with no room's word: "+prefix)
	}
	if len(tb.columns) == 0 || tb.columns[0] != "hq" {
		all = append(all, "its first column is not hq")
	}
	if len(tb.key) == 0 || tb.key[0] != "hq" {
		all = append(all, "its primary key does not begin with hq")
	}
	for _, line := range tb.lines {
		if !portable.MatchString(line) {
			all = append(all, "column is not BIGINT, TEXT or BYTEA and NOT NULL: "+line)
		}
	}
	return all
}

func TestTablesKeepTheHouseRules(t *testing.T) {
	found := tables(t)
	if len(found) == 0 {
		t.Fatal("no migration creates a table")
	}
	for _, tb := range found {
		for _, flaw := range tb.flaws() {
			t.Errorf("%s: %s: %s", tb.file, tb.name, flaw)
		}
	}
}

func TestFlawsAreSeen(t *testing.T) {
	bad := parseTable("x.sql", "stuff", "id TEXT NOT NULL, at TIMESTAMP NOT NULL, note TEXT, PRIMARY KEY (id, at)")
	if got := bad.flaws(); len(got) != 5 {
		t.Errorf("flaws = %q, want five", got)
	}
	good := parseTable("x.sql", "report_revision", "hq TEXT NOT NULL,\n  report_id TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (hq, report_id, n)")
	if got := good.flaws(); len(got) != 0 {
		t.Errorf("flaws = %q, want none", got)
	}
}

// together are packages of queries that own the tables of two prefixes.
var together = map[string]string{
	"evidence": "feed", // one head counts both: the leaf and the change of an act
}

// One sqlc package per field: what a field's queries touch is the field's own,
// so that the import table is also the table of who reads what.
func TestQueriesTouchTheTablesOfTheirField(t *testing.T) {
	for _, name := range files(t, suffix(".sql")) {
		rest, ok := strings.CutPrefix(name, "internal/store/query/")
		if !ok {
			continue
		}
		room, _, _ := strings.Cut(rest, "/")
		room = strings.TrimSuffix(room, ".sql")
		text := comment.ReplaceAllString(read(t, name), "")
		local := map[string]bool{}
		for _, m := range withName.FindAllStringSubmatch(text, -1) {
			local[strings.ToLower(m[1])] = true
		}
		for _, m := range touched.FindAllStringSubmatch(text, -1) {
			tb := strings.ToLower(m[1])
			if local[tb] || tb == room || strings.HasPrefix(tb, room+"_") || tb == "set" || together[room] != "" && strings.HasPrefix(tb, together[room]+"_") {
				continue
			}
			t.Errorf("%s touches %s, which is not a table of %s", name, tb, room)
		}
	}
}

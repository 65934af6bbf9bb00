package probe

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Standing is what a list says of a name.
type Standing string

// What a list can say. Limited is listed with an end or a doubt, which the row
// names; Unlisted is not to be used, or no row has the name.
const (
	Listed   Standing = "listed"
	Limited  Standing = "limited"
	Unlisted Standing = "unlisted"
)

// Source is a text that rows of a list come from.
type Source struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Date  string `json:"date"` // YYYY-MM-DD
	Note  string `json:"note,omitempty"`
}

// Row is one line of a list.
type Row struct {
	ID       string   `json:"id"`
	Class    string   `json:"class"` // version, exchange, group, cipher, mode, hash, signature, key
	Names    []string `json:"names"`
	Standing Standing `json:"standing"`
	Bits     int      `json:"bits,omitempty"`  // strength
	Until    string   `json:"until,omitempty"` // last day, YYYY-MM-DD
	Source   string   `json:"source"`
	Note     string   `json:"note,omitempty"`
}

// List is a dated list of what may be used.
type List struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Date      string   `json:"date"` // of the newest of its sources that it follows, YYYY-MM-DD
	Condition string   `json:"condition"`
	Sources   []Source `json:"sources"`
	Rows      []Row    `json:"rows"`
}

//go:embed list.json
var embedded []byte

// CRYPTREC is the list that verdicts are made by where no other is given: own
// words after the CRYPTREC lists, with sources and dates, not their text.
func CRYPTREC() *List {
	l, err := ReadList(embedded)
	if err != nil { // the file is part of the program and tested
		panic("probe: " + err.Error())
	}
	return l
}

// maxList bounds what ReadList reads.
const maxList = 1 << 20

// ReadList reads a list, for example a newer edition than the embedded one.
// Every row names a source of the list, and no two rows of one class a name.
func ReadList(text []byte) (*List, error) {
	if len(text) > maxList {
		return nil, fmt.Errorf("read list: over %d bytes", maxList)
	}
	var l List
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, fmt.Errorf("read list: %w", err)
	}
	if _, err := time.Parse(time.DateOnly, l.Date); err != nil || l.ID == "" || len(l.Rows) == 0 {
		return nil, fmt.Errorf("read list %q: id, date (YYYY-MM-DD) or rows are missing", l.ID)
	}
	seen := map[string]bool{}
	for _, r := range l.Rows {
		if err := r.check(&l, seen); err != nil {
			return nil, fmt.Errorf("read list %s, row %q: %w", l.ID, r.ID, err)
		}
	}
	return &l, nil
}

func (r Row) check(l *List, seen map[string]bool) error {
	if r.ID == "" || len(r.Names) == 0 || !slices.Contains([]Standing{Listed, Limited, Unlisted}, r.Standing) {
		return fmt.Errorf("id, names or standing are missing")
	}
	if !slices.ContainsFunc(l.Sources, func(s Source) bool { return s.ID == r.Source }) {
		return fmt.Errorf("no source %q", r.Source)
	}
	if r.Until != "" {
		if _, err := time.Parse(time.DateOnly, r.Until); err != nil {
			return fmt.Errorf("until: %w", err)
		}
	}
	for _, name := range append([]string{"#" + r.ID}, r.Names...) {
		key := r.Class + "/" + strings.ToLower(name)
		if seen[key] {
			return fmt.Errorf("%q stands in two rows", name)
		}
		seen[key] = true
	}
	return nil
}

// Verdict is what a list says of one thing, and where it says so.
type Verdict struct {
	Standing Standing `json:"standing"`
	List     string   `json:"list"`            // id of the list
	Date     string   `json:"date"`            // of the list
	Rows     []string `json:"rows"`            // ids of the rows that decided
	Until    string   `json:"until,omitempty"` // the earliest end among them
	Note     string   `json:"note,omitempty"`
}

// OK reports whether the thing may be used at that time.
func (v Verdict) OK(at time.Time) bool {
	return v.Standing != Unlisted && (v.Until == "" || at.Format(time.DateOnly) <= v.Until)
}

// part is one name that a judgement needs.
type part struct{ class, name string }

// judge asks the list for all parts; the worst of them is the verdict.
func (l *List) judge(parts ...part) Verdict {
	v := Verdict{Standing: Listed, List: l.ID, Date: l.Date, Rows: []string{}}
	worse := map[Standing]int{Listed: 0, Limited: 1, Unlisted: 2}
	for _, p := range parts {
		r, ok := l.row(p.class, p.name)
		if !ok {
			r = Row{ID: "-", Standing: Unlisted, Note: p.name + ": no row"}
		}
		v.Rows = append(v.Rows, r.ID)
		if worse[r.Standing] > worse[v.Standing] {
			v.Standing, v.Note = r.Standing, r.Note
		}
		if r.Until != "" && (v.Until == "" || r.Until < v.Until) {
			v.Until = r.Until
		}
	}
	return v
}

func (l *List) row(class, name string) (Row, bool) {
	for _, r := range l.Rows {
		if r.Class == class && slices.ContainsFunc(r.Names, func(n string) bool { return strings.EqualFold(n, name) }) {
			return r, true
		}
	}
	return Row{}, false
}

// Named finds the rows whose names stand in a text of people, such as a
// declaration: "AES-256-GCM" names AES and GCM. A name counts only as a word of
// its own, so that "3DES" is not DES and "DESC" nothing.
func (l *List) Named(text string) []Row {
	var found []Row
	lower := strings.ToLower(text)
	for _, r := range l.Rows {
		if slices.ContainsFunc(r.Names, func(n string) bool { return word(lower, strings.ToLower(n)) }) {
			found = append(found, r)
		}
	}
	return found
}

func word(text, name string) bool {
	letter := func(b byte) bool { return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' }
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(name)
		before := i == 0 || !letter(text[i-1])
		after := end == len(text) || !letter(text[end])
		// "AES128" and "AES256" are ways to write AES with a key length.
		if !after && (strings.HasPrefix(text[end:], "128") || strings.HasPrefix(text[end:], "192") || strings.HasPrefix(text[end:], "256")) {
			after = true
		}
		// "SHA" alone is SHA-1, "SHA-256" is not.
		if name == "sha" && end < len(text) && text[end] == '-' {
			after = false
		}
		if before && after {
			return true
		}
		from = i + 1
	}
}

package hostile

import (
	"bytes"
	"encoding/csv"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// sample is one line of index.csv.
type sample struct{ file, expect string }

// SampleOptions chooses among the samples.
type SampleOptions struct {
	// Actual sends alerts that say of themselves that they are real.
	Actual bool
}

// Samples returns the cases of a folder laid out like the project's samples.
// Folders that are of no use here are passed over.
func Samples(dir fs.FS, run string, now time.Time, o SampleOptions) ([]Case, error) {
	f, err := dir.Open("index.csv")
	if err != nil {
		return nil, fmt.Errorf("read the samples' index: %w", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the samples' index: %w", err)
	}
	if len(rows) == 0 || slices.Index(rows[0], "file") < 0 || slices.Index(rows[0], "expect") < 0 {
		return nil, errors.New("read the samples' index: columns file and expect are required")
	}
	name, expect := slices.Index(rows[0], "file"), slices.Index(rows[0], "expect")
	r := reader{dir: dir, maker: &maker{run: run + "-s", now: now}, options: o}
	for _, row := range rows[1:] {
		if err := r.take(sample{row[name], row[expect]}); err != nil {
			return nil, err
		}
	}
	return r.maker.list, nil
}

type reader struct {
	dir     fs.FS
	maker   *maker
	options SampleOptions
}

// folders says what is done with the files below a folder.
var folders = []struct {
	prefix string
	take   func(*reader, sample, []byte) error
}{
	{"json-test-suite/", (*reader).asMember},
	{"go-fuzz-corpus/json/", (*reader).asMember},
	{"go-fuzz-corpus/xml/", (*reader).asXML},
	{"naughty-strings/", (*reader).asTexts},
	{"own/text/notice.", (*reader).asText},
	{"own/text/export-cells.json", (*reader).asTexts},
	{"own/text/file-names.json", (*reader).asTexts},
	{"own/xml/", (*reader).asXML},
	{"own/veds/", (*reader).asXML},
	{"own/cap/", (*reader).asAlert},
	{"cap-library/", (*reader).asAlert},
	{"cap-ts/", (*reader).asAlert},
}

func (r *reader) take(s sample) error {
	for _, f := range folders {
		if !strings.HasPrefix(s.file, f.prefix) {
			continue
		}
		b, err := fs.ReadFile(r.dir, s.file)
		if err != nil {
			return fmt.Errorf("read sample: %w", err)
		}
		return f.take(r, s, b)
	}
	return nil
}

func (s sample) group() string { return path.Dir(s.file) }

// asMember sends JSON twice: as the value of an unknown member, where the
// sample's verdict holds for the whole report, and alone, where it is never one.
func (r *reader) asMember(s sample, b []byte) error {
	m := r.maker
	want := either
	switch s.expect {
	case "accept":
		want = taken
	case "reject":
		want = refused
	}
	inside := m.native(m.id(), map[string]string{"x": string(b)})
	if len(b) == 0 {
		inside = append(m.native(m.id(), nil)[:10], b...) // nothing cannot be a member
	}
	alone := refused
	if len(b) > stdif.MaxFrame {
		alone = Expect{Status: []int{http.StatusRequestEntityTooLarge}}
	}
	m.add(s.group(), path.Base(s.file), post(inside, want), post(b, alone))
	return nil
}

// asXML sends what is XML, or claims to be, but never an alert.
func (r *reader) asXML(s sample, b []byte) error {
	want := refused
	if len(b) > stdif.MaxFrame {
		want = Expect{Status: []int{http.StatusRequestEntityTooLarge}}
	}
	r.maker.add(s.group(), path.Base(s.file), alert(b, want))
	return nil
}

func alert(b []byte, want Expect) Step {
	return Step{Method: http.MethodPost, Path: open1.PathIntakeReports, Header: http.Header{"Content-Type": {"application/cap+xml"}}, Body: of(b), Expect: want}
}

// asAlert sends CAP. Its own status is the mode.
func (r *reader) asAlert(s sample, b []byte) error {
	if !r.options.Actual && bytes.Contains(b, []byte("Actual")) {
		return nil
	}
	want := refused
	if s.expect == "accept" && path.Ext(s.file) != ".atom" { // a feed is no alert
		// Two alerts of the samples share an identifier: the second is a conflict.
		want = Expect{Status: append([]int{http.StatusConflict}, taken.Status...)}
	}
	r.maker.add(s.group(), path.Base(s.file), alert(b, want))
	return nil
}

// asTexts sends each string of a JSON file as the text of a report.
func (r *reader) asTexts(s sample, b []byte) error {
	var texts []string
	if err := stdjson.Unmarshal(b, &texts); err != nil {
		return fmt.Errorf("read %s: %w", s.file, err)
	}
	for n, text := range texts {
		quoted, err := stdjson.Marshal(text)
		if err != nil {
			return fmt.Errorf("quote text %d of %s: %w", n, s.file, err)
		}
		want := taken
		if utf8.RuneCountInString(text) > stdif.MaxText {
			want = refused.with(stdif.CodeTooLarge)
		}
		m := r.maker
		m.one(s.group(), fmt.Sprintf("%s #%d", path.Base(s.file), n), map[string]string{"text": string(quoted)}, want)
	}
	return nil
}

// asText sends bytes as they are between the quotes of a text, and as a notice in
// plain text, which is taken where its encoding is certain.
func (r *reader) asText(s sample, b []byte) error {
	m := r.maker
	want := refused.with(stdif.CodeEncoding, stdif.CodeSyntax)
	if utf8.Valid(b) {
		want = taken
	}
	text := bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r"), nil), []byte("\n"), []byte(`\n`))
	inside := post(m.native(m.id(), map[string]string{"text": `"` + string(text) + `"`}), want)
	want = either
	want.Status = append([]int{http.StatusUnsupportedMediaType}, either.Status...) // a terminal need not read notices
	plain := post(b, want)
	plain.Header = http.Header{"Content-Type": {"text/plain"}, intake.ModeHeader: {string(stdif.Test)}}
	m.add(s.group(), path.Base(s.file), inside, plain)
	return nil
}

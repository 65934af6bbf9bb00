// Package scenario reads and runs stories that an officer can read and write:
// what services and callers do, what headquarters answers, and what must come
// of it. One line is one act.
//
//	# a comment
//	title "ネット119: 救急"
//	mode exercise
//	at 0s  net119 sends person=hanako kind=ems place=home text="息が苦しい" as R1
//	at 5s  R1 says "はい、意識はあります"
//	at 60s R1 ends
//	expect R1 step seen within 60s
//	expect R1 hears "どうしましたか" within 90s
//	expect R1 closed within 120s
//	when a report arrives, after 2s headquarters says "どうしましたか"
//
// Times count from the start of the story. Expectations hold for what happened
// since the start, so their order among the lines does not matter. The verbs
// and their words are listed in Grammar; anything else is refused with its line.
package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/matoi119/matoi/stdif"
)

// Scenario is one story.
type Scenario struct {
	Title   string
	Mode    stdif.Mode
	Acts    []Act
	Expects []Expect
	Answers []Answer
}

// Act is what somebody does at a time: a service starts a report (Name set), or
// something happens to a report that was started (Report set).
type Act struct {
	At     time.Duration
	Actor  string // net119, aacn, hostile, or the name of a report
	Verb   string
	Words  map[string]string // person=hanako …
	Text   string
	Name   string // "as R1"
	LineNo int
}

// Expect is what must have come true within a time from the start.
type Expect struct {
	Report string
	What   string // step, hears, closed, claimed, refused
	Value  string
	Within time.Duration
	LineNo int
}

// Answer is what a simulated headquarters does with every report that arrives.
type Answer struct {
	After  time.Duration
	Verb   string // sees, accepts, says, closes, refuses, stalls, releases, dispatches
	Text   string
	Words  map[string]string
	LineNo int
}

// Verbs of the grammar: who may do what, with which words.
var (
	starts  = map[string][]string{"net119": {"sends"}, "aacn": {"crashes"}, "hostile": {"sends"}}
	follows = []string{"says", "moves", "ends", "resumes", "leaves", "answers", "cancels"}
	answers = []string{"sees", "accepts", "says", "closes", "refuses", "stalls", "releases", "dispatches"}
	wants   = []string{"step", "hears", "closed", "claimed"}
	words   = map[string][]string{
		"net119 sends": {"person", "kind", "place", "lat", "lon", "radius", "text"}, "aacn crashes": {"speed", "delta-v", "direction", "belted", "rollover", "lat", "lon"},
		"hostile sends": {"group"}, "moves": {"lat", "lon", "radius"}, "answers": {"occupants", "belted", "spoke", "text"}, "cancels": {"text"},
		"closes": {"reason"}, "refuses": {"code"},
	}
)

// Grammar is the help text of the command.
const Grammar = `title "…"
mode actual|exercise|test
at TIME net119 sends person=ID kind=ems|fire|other place=home|often:0|here|"address" [lat= lon= radius=] [text="…"] as NAME
at TIME aacn crashes [speed= delta-v= direction=1…12 belted=yes|no rollover=yes|no lat= lon=] as NAME
at TIME hostile sends [group=broken|content|order|door|below|heavy]
at TIME NAME says "…" | moves lat= lon= radius= | leaves | ends | resumes      (net119)
at TIME NAME answers occupants= belted= spoke=yes|no [text="…"] | says "…" | cancels [text="…"] | ends   (aacn)
expect NAME step spooled|received|integrated|seen|refused within TIME
expect NAME hears "…" within TIME
expect NAME claimed within TIME
expect NAME closed within TIME
when a report arrives, after TIME headquarters sees | accepts | says "…" | dispatches "…" | releases | closes reason=… | refuses code=… | stalls`

// Error is a line that cannot be read.
type Error struct {
	Line int
	Why  string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }

// Parse reads a story.
func Parse(text string) (*Scenario, error) {
	if !utf8.ValidString(text) {
		return nil, &Error{1, "the file is not UTF-8"}
	}
	s := &Scenario{Mode: stdif.Exercise}
	n := 0
	for line := range strings.Lines(text) {
		n++
		tokens, err := split(line)
		if err == nil && len(tokens) > 0 {
			err = s.take(tokens, n)
		}
		if err != nil {
			return nil, &Error{n, err.Error()}
		}
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(s.Acts, func(a, b Act) int { return int(a.At - b.At) })
	return s, nil
}

// token is a word, key=value or quoted text of a line.
type token struct {
	word   string // lower layer: the word, or the key of key=value
	value  string
	pair   bool
	quoted bool
}

// split cuts a line into tokens. A quoted text runs to the next quotation mark
// that has no backslash before it; a comment starts at # outside of one.
func split(line string) ([]token, error) {
	var out []token
	rest := strings.TrimRightFunc(line, unicode.IsSpace)
	for {
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		if rest == "" || rest[0] == '#' {
			return out, nil
		}
		if rest[0] == '"' {
			text, after, err := quoted(rest)
			if err != nil {
				return nil, err
			}
			out, rest = append(out, token{value: text, quoted: true}), after
			continue
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == '"' })
		if end < 0 {
			end = len(rest)
		}
		word := rest[:end]
		rest = rest[end:]
		key, value, pair := strings.Cut(word, "=")
		t := token{word: strings.TrimSuffix(word, ","), pair: pair}
		if pair {
			t.word, t.value = key, value
			if value == "" && strings.HasPrefix(rest, `"`) {
				var err error
				if t.value, rest, err = quoted(rest); err != nil {
					return nil, err
				}
			}
		} else if strings.HasPrefix(rest, `"`) {
			return nil, fmt.Errorf("a space is missing before the quotation mark after %q", word)
		}
		out = append(out, t)
	}
}

func quoted(s string) (text, rest string, err error) {
	var b strings.Builder
	escaped := false
	for i, r := range s[1:] {
		switch {
		case escaped:
			b.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"':
			return b.String(), s[1+i+1:], nil
		default:
			b.WriteRune(r)
		}
	}
	return "", "", fmt.Errorf("a quotation mark is not closed")
}

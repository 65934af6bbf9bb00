package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
)

func (s *Scenario) take(t []token, line int) error {
	switch {
	case t[0].word == "title" && len(t) == 2 && t[1].quoted:
		s.Title = t[1].value
	case t[0].word == "mode" && len(t) == 2:
		s.Mode = stdif.Mode(t[1].word)
		if !s.Mode.Valid() {
			return errors.New("mode is actual, exercise or test")
		}
	case t[0].word == "at" && len(t) >= 4:
		return s.act(t[1:], line)
	case t[0].word == "expect" && len(t) >= 5:
		return s.expect(t[1:], line)
	case t[0].word == "when":
		return s.answer(t, line)
	default:
		return errors.New("a line starts with title, mode, at, expect or when")
	}
	return nil
}

func duration(t token) (time.Duration, error) {
	d, err := time.ParseDuration(t.word)
	if err != nil || d < 0 || d > 24*time.Hour {
		return 0, errors.New("a time is like 500ms, 30s or 2m")
	}
	return d, nil
}

func (s *Scenario) act(t []token, line int) error {
	at, err := duration(t[0])
	if err != nil {
		return err
	}
	a := Act{At: at, Actor: t[1].word, Verb: t[2].word, LineNo: line}
	rest := t[3:]
	if n := len(rest); n >= 2 && rest[n-2].word == "as" && !rest[n-2].pair && !rest[n-2].quoted {
		a.Name, rest = rest[n-1].word, rest[:n-2]
		if _, taken := starts[a.Name]; taken || a.Name == "" {
			return errors.New("as needs a name of its own, for example R1")
		}
	}
	verb := a.Verb
	verbs, start := starts[a.Actor]
	switch {
	case start && !slices.Contains(verbs, verb), !start && !slices.Contains(follows, verb):
		return fmt.Errorf("%q cannot be done by %q", verb, a.Actor)
	case start:
		verb = a.Actor + " " + verb
	}
	if (a.Name == "") == (start && a.Actor != "hostile") {
		return errors.New("a new report, and nothing else, is named with as")
	}
	a.Words, a.Text, err = pairs(verb, rest, verb == "says")
	s.Acts = append(s.Acts, a)
	return err
}

// pairs reads key=value and, where allowed, one quoted text.
func pairs(verb string, t []token, text bool) (map[string]string, string, error) {
	m := map[string]string{}
	said, quotes := "", 0
	for _, x := range t {
		switch {
		case x.quoted && text:
			said = x.value
			quotes++
		case x.pair && slices.Contains(words[verb], x.word):
			if _, twice := m[x.word]; twice {
				return nil, "", fmt.Errorf("%s is given twice", x.word)
			}
			m[x.word] = x.value
		default:
			return nil, "", fmt.Errorf("%q does not belong after %s", x.word+x.value, verb)
		}
	}
	if text && (quotes != 1 || said == "") {
		return nil, "", fmt.Errorf(`%s needs one text in "quotation marks"`, verb)
	}
	return m, said, nil
}

func (s *Scenario) expect(t []token, line int) error {
	n := len(t)
	if t[n-2].word != "within" {
		return errors.New("an expectation ends with within and a time")
	}
	within, err := duration(t[n-1])
	if err != nil {
		return err
	}
	e := Expect{Report: t[0].word, What: t[1].word, Within: within, LineNo: line}
	rest := t[2 : n-2]
	switch {
	case !slices.Contains(wants, e.What):
		return fmt.Errorf("what can be expected is %s", strings.Join(wants, ", "))
	case e.What == "hears" && len(rest) == 1 && rest[0].quoted && rest[0].value != "":
		e.Value = rest[0].value
	case e.What == "step" && len(rest) == 1 && slices.Contains(steps, stdif.AckStep(rest[0].word)):
		e.Value = rest[0].word
	case (e.What == "closed" || e.What == "claimed") && len(rest) == 0:
	default:
		return fmt.Errorf("what is expected after %s is missing or unknown", e.What)
	}
	s.Expects = append(s.Expects, e)
	return nil
}

var steps = []stdif.AckStep{stdif.Spooled, stdif.Received, stdif.Integrated, stdif.Seen, stdif.Refused}

func (s *Scenario) answer(t []token, line int) error {
	lead := []string{"when", "a", "report", "arrives", "after"}
	if len(t) < 8 {
		return errors.New("like: when a report arrives, after 2s headquarters sees")
	}
	for i, w := range lead {
		if t[i].word != w {
			return errors.New("like: when a report arrives, after 2s headquarters sees")
		}
	}
	after, err := duration(t[5])
	if err != nil {
		return err
	}
	a := Answer{After: after, Verb: t[7].word, LineNo: line}
	if t[6].word != "headquarters" || !slices.Contains(answers, a.Verb) {
		return fmt.Errorf("headquarters %s", strings.Join(answers, ", "))
	}
	a.Words, a.Text, err = pairs(a.Verb, t[8:], a.Verb == "says" || a.Verb == "dispatches")
	s.Answers = append(s.Answers, a)
	return err
}

// check refuses a story in which a name is used that nobody has.
func (s *Scenario) check() error {
	from := map[string]string{}
	for _, a := range s.Acts {
		if a.Name == "" {
			continue
		}
		if _, twice := from[a.Name]; twice {
			return &Error{a.LineNo, a.Name + " is named twice"}
		}
		from[a.Name] = a.Actor
	}
	only := map[string]string{"moves": "net119", "leaves": "net119", "resumes": "net119", "answers": "aacn", "cancels": "aacn"}
	for _, a := range s.Acts {
		if _, start := starts[a.Actor]; start {
			continue
		}
		service, known := from[a.Actor]
		switch {
		case !known:
			return &Error{a.LineNo, "nobody is named " + a.Actor}
		case only[a.Verb] != "" && only[a.Verb] != service:
			return &Error{a.LineNo, a.Verb + " belongs to " + only[a.Verb]}
		}
	}
	for _, e := range s.Expects {
		if _, known := from[e.Report]; !known {
			return &Error{e.LineNo, "nobody is named " + e.Report}
		}
	}
	return nil
}

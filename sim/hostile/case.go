// Package hostile is a service that means harm, or only behaves as broken
// software does: it hands a terminal everything that it must digest and checks
// what it got back against what docs/open1.md promises. Nothing that it sends
// may bring forth a 5xx other than 507, stop the terminal from taking the next
// report, or be answered with the sender's own words.
//
// The cases are made here (Made), or read from a folder laid out like the
// project's samples with an index.csv (Samples). All generated reports carry
// the mode test; alerts of the samples say their own mode, and those that say
// "Actual" are left out unless they are asked for. Never point it at a
// headquarters that is on duty.
package hostile

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
)

// Expect is what an answer must be.
type Expect struct {
	Status   []int        // any of these
	Codes    []stdif.Code // of the problem, any of these; empty: any code
	Place    string       // prefix of the problem's place; "" any, but there must be one with 422
	Warning  stdif.Code   // must be among the warnings of a taken report
	NoAnswer bool         // the terminal may also just end the connection
	Loose    bool         // nothing need be kept: a state is no report
}

// Usual expectations.
var (
	taken   = Expect{Status: []int{http.StatusCreated, http.StatusOK}}
	refused = Expect{Status: []int{http.StatusUnprocessableEntity}}
	either  = Expect{Status: []int{http.StatusCreated, http.StatusOK, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusConflict}}
)

func (e Expect) with(codes ...stdif.Code) Expect {
	e.Codes = codes
	return e
}

func (e Expect) at(place string) Expect {
	e.Place = place
	return e
}

// String says the expectation in one line.
func (e Expect) String() string {
	parts := make([]string, 0, 6)
	for _, s := range e.Status {
		parts = append(parts, strconv.Itoa(s))
	}
	text := strings.Join(parts, "|")
	if len(e.Codes) > 0 {
		codes := make([]string, len(e.Codes))
		for i, c := range e.Codes {
			codes[i] = strconv.Itoa(int(c))
		}
		text += " code " + strings.Join(codes, "|")
	}
	if e.Place != "" {
		text += " at " + e.Place
	}
	if e.Warning != 0 {
		text += " warning " + strconv.Itoa(int(e.Warning))
	}
	if e.NoAnswer {
		text += " or no answer"
	}
	return text
}

// Step is one request of a case.
type Step struct {
	Method     string
	Path       string
	Header     http.Header
	Body       func() io.Reader // nil: none
	Credential *string          // nil: the right one
	Times      int              // sent so often at once; 0 is 1
	Expect     Expect
}

// Case is one thing that a hostile sender does.
type Case struct {
	Group string
	Name  string
	Steps []Step
}

// marker stands in the words of generated reports. An answer that holds it has
// repeated a caller's words.
const marker = "漏洩検査"

// Judge returns what is wrong with an answer, or nothing.
func (e Expect) Judge(a intake.Answer, err error) []string {
	if err != nil {
		if e.NoAnswer {
			return nil
		}
		return []string{"no answer"} // the error's text may hold an address
	}
	var wrong []string
	if a.Code >= 500 && a.Code != http.StatusInsufficientStorage {
		wrong = append(wrong, "the terminal failed")
	}
	if !slices.Contains(e.Status, a.Code) {
		wrong = append(wrong, "status "+strconv.Itoa(a.Code))
	}
	if strings.Contains(string(a.Body), marker) {
		wrong = append(wrong, "the answer repeats the sender's words")
	}
	return append(wrong, e.judgeContent(a)...)
}

func (e Expect) judgeContent(a intake.Answer) []string {
	switch {
	case a.Taken():
		if e.Warning != 0 && (a.Status == nil || !slices.ContainsFunc(a.Status.Warnings, func(p stdif.Problem) bool { return p.Code == e.Warning })) {
			return []string{"warning " + strconv.Itoa(int(e.Warning)) + " is missing"}
		}
		return nil
	case a.Problem == nil:
		if a.Code == http.StatusUnprocessableEntity || a.Code == http.StatusConflict {
			return []string{"not a problem+json"}
		}
		return nil
	}
	var wrong []string
	p := a.Problem
	if len(e.Codes) > 0 && !slices.Contains(e.Codes, p.Code) {
		wrong = append(wrong, "code "+strconv.Itoa(int(p.Code)))
	}
	if !strings.HasPrefix(p.Place, e.Place) {
		wrong = append(wrong, "another place")
	}
	if a.Code != http.StatusUnprocessableEntity {
		return wrong
	}
	if p.Code == 0 || p.Place == "" {
		wrong = append(wrong, "code or place is missing")
	}
	if !p.Kept && !e.Loose {
		wrong = append(wrong, "not kept")
	}
	return wrong
}

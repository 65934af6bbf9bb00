package stdif

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// finding collects what is wrong with one message: the first fault that stops
// it, and everything else as warnings. The rule behind the split: an emergency
// report is taken if it can be understood at all. Only a missing required item
// (★ in the published list of items), an id that cannot be one, or a limit
// refuses; a place that cannot be, an unknown code or a broken attachment is
// kept, shown as it came, and warned of.
type finding struct {
	fault    *Problem
	warnings []Problem
}

func (f *finding) refuse(code Code, place, detail string) {
	if f.fault == nil {
		f.fault = &Problem{Code: code, Place: place, Detail: detail}
	}
}

func (f *finding) warn(code Code, place, detail string) {
	f.warnings = append(f.warnings, Problem{Code: code, Place: place, Detail: detail})
}

const (
	whyMissing  = "required item is missing"
	whyTooLong  = "text is over the limit"
	whyTooMany  = "list is over the limit"
	whyID       = "an id is 1 to 128 bytes without control characters or blanks at its ends"
	whyUnknown  = "unknown value; kept as it came"
	whyPosition = "not a place on earth; kept as text and never drawn"
	whySwapped  = "latitude is out of range and would fit as longitude: probably swapped; never drawn"
	whyIsland   = "0,0 is what a receiver without a fix sends; never drawn"
)

// id checks a required id.
func (f *finding) id(place, id string) {
	if id == "" {
		f.refuse(CodeMissing, place, whyMissing)
		return
	}
	if len(id) > MaxID {
		f.refuse(CodeTooLarge, place, whyTooLong)
		return
	}
	if strings.TrimSpace(id) != id || strings.ContainsFunc(id, func(r rune) bool {
		return removed(r) || r == '\n' || r == '\t' || r == utf8.RuneError || bidiControl(r)
	}) {
		f.refuse(CodeSyntax, place, whyID)
	}
}

func (f *finding) length(place, text string, limit int) {
	if len(text) > limit && utf8.RuneCountInString(text) > limit {
		f.refuse(CodeTooLarge, place, whyTooLong)
	}
}

func (f *finding) short(place, text string) { f.length(place, text, MaxShort) }

func (f *finding) list(place string, n, limit int) {
	if n > limit {
		f.refuse(CodeTooLarge, place, whyTooMany)
	}
}

func (f *finding) shorts(place string, texts []string) {
	f.list(place, len(texts), MaxListed)
	for i, text := range texts {
		if len(text) > MaxShort {
			f.short(fmt.Sprintf("%s/%d", place, i), text)
		}
	}
}

func (f *finding) when(place string, at time.Time) {
	if at.IsZero() {
		f.refuse(CodeMissing, place, whyMissing)
	}
}

// among warns when a value is given that the list does not hold.
func (f *finding) among(place, value string, known ...string) {
	if value == "" {
		return
	}
	f.short(place, value)
	for _, k := range known {
		if value == k {
			return
		}
	}
	f.warn(CodeUnknownValue, place, whyUnknown)
}

func (f *finding) additional(place string, items []Additional) {
	f.list(place, len(items), MaxAdditional)
	for i := range items {
		if n := len(items[i].Name); n == 0 || n > MaxShort {
			at := fmt.Sprintf("%s/%d/name", place, i)
			if n == 0 {
				f.warn(CodeMissing, at, whyMissing)
			}
			f.short(at, items[i].Name)
		}
	}
}

// Skew returns how far the sender's clock was ahead of ours (negative: behind)
// and, beyond MaxSkew, the warning 時刻ずれ. A message that waited in a spool
// is measured against the time at which the terminal sent it, not wrote it.
func Skew(sent, received time.Time) (time.Duration, *Problem) {
	ahead := sent.Sub(received)
	if ahead.Abs() <= MaxSkew {
		return ahead, nil
	}
	return ahead, Problemf(CodeSkew, "/sentAt", "sender's clock differs by %s", ahead.Round(time.Second))
}

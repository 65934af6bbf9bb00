package console

import (
	"context"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/matoi119/matoi/internal/fault"
)

// Snippet is a sentence that dispatchers put into the chat instead of typing it:
// Japanese, and the same in other languages where the headquarters has them.
type Snippet struct {
	Text         string            `json:"text" minLength:"1" maxLength:"2000"`
	Translations map[string]string `json:"translations,omitempty" doc:"by language tag: en, zh, ko, pt, vi"`
}

// Snippets is the headquarters' list. It is kept and replaced as a whole, so that
// the numbers under which dispatchers know the sentences stay one person's order.
//
//	console_snippets  hq, list TEXT ("chat"), version BIGINT, lines TEXT (JSON),
//	              changed_by TEXT (person id), changed_at BIGINT
type Snippets struct {
	Version   int64 // 0 = nobody has written one yet
	Lines     []Snippet
	ChangedBy string
	ChangedAt time.Time
}

// SnippetList names the one list there is.
const SnippetList = "chat"

const (
	maxSnippets = 40
	maxSnippet  = 500 // characters; a chat line holds 4000
)

// CheckSnippets says what is wrong with a list before it is saved.
func CheckSnippets(lines []Snippet) error {
	if len(lines) > maxSnippets {
		return fault.New(fault.Invalid, "snippet.many", "max", strconv.Itoa(maxSnippets))
	}
	for i, s := range lines {
		if !sayable(s.Text) {
			return fault.New(fault.Invalid, "snippet.text", "number", strconv.Itoa(i+1), "max", strconv.Itoa(maxSnippet))
		}
		for tag, text := range s.Translations {
			if !languageTag(tag) || !sayable(text) {
				return fault.New(fault.Invalid, "snippet.text", "number", strconv.Itoa(i+1), "max", strconv.Itoa(maxSnippet))
			}
		}
	}
	return nil
}

func sayable(text string) bool {
	return strings.TrimSpace(text) != "" && utf8.ValidString(text) && utf8.RuneCountInString(text) <= maxSnippet
}

// languageTag allows the shape of BCP 47, without its registry.
func languageTag(tag string) bool {
	if len(tag) < 2 || len(tag) > 35 {
		return false
	}
	for _, c := range []byte(tag) {
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return tag[0] != '-'
}

// SnippetStore keeps the list; nobody having written one is no error.
type SnippetStore interface {
	Snippets(ctx context.Context) (Snippets, error)
	SaveSnippets(ctx context.Context, s Snippets) error
}

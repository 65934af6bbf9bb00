package console

import (
	"strings"
	"testing"

	"github.com/matoi119/matoi/internal/fault"
)

func TestSnippetsAreSayable(t *testing.T) {
	long := strings.Repeat("あ", maxSnippet)
	for _, tt := range []struct {
		name  string
		lines []Snippet
		key   string
	}{
		{"none", nil, ""},
		{"pairs", []Snippet{{"場所はどこですか", map[string]string{"en": "Where are you?", "zh-Hans": "您在哪里？"}}}, ""},
		{"as long as may be", []Snippet{{long, nil}}, ""},
		{"too long", []Snippet{{long + "あ", nil}}, "snippet.text"},
		{"blank", []Snippet{{" \u3000\n", nil}}, "snippet.text"},
		{"blank translation", []Snippet{{"はい", map[string]string{"en": ""}}}, "snippet.text"},
		{"no language", []Snippet{{"はい", map[string]string{"!": "yes"}}}, "snippet.text"},
		{"broken text", []Snippet{{"\xff", nil}}, "snippet.text"},
		{"too many", make([]Snippet, maxSnippets+1), "snippet.many"},
	} {
		err := CheckSnippets(tt.lines)
		if f := fault.As(err); (f == nil) != (tt.key == "") || f != nil && f.Key != tt.key {
			t.Errorf("%s: CheckSnippets = %v, want %q", tt.name, err, tt.key)
		}
	}
}

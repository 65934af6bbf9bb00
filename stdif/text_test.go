package stdif_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/matoi119/matoi/stdif"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "息が苦しい", "息が苦しい"},
		{"kept controls", "a\n\tb", "a\n\tb"},
		{"line ends", "a\r\nb\rc", "a\nb\nc"},
		{"removed", "a\x00b\x1b[31mc\x7f\u0085d", "ab[31mcd"},
		{"composed", "か\u3099そ", "がそ"},
		{"form of a name", "福\uFA19谷 﨑 髙", "福\uFA19谷 﨑 髙"},
		{"composed around it", "\uFA19か\u3099\uFA19", "\uFA19が\uFA19"},
		{"bidirectional", "\u202eabc\u202c", "\u202eabc\u202c"},
		{"joined", "👩\u200d🚒", "👩\u200d🚒"},
		{"brought together by the cut", "か\x00\u3099", "が"},
	} {
		if got := stdif.Clean(c.text); got != c.want {
			t.Errorf("%s: Clean(%q) = %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestCleanIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + rapid.SampledFrom([]string{"", "\u3099", "\r\n", "\x00", "\uFA19"}).Draw(t, "more")
		once := stdif.Clean(text)
		if again := stdif.Clean(once); again != once {
			t.Fatalf("Clean(%q) = %q, then %q", text, once, again)
		}
		if strings.ContainsAny(once, "\x00\r\x1b\x7f\u0085") || !utf8.ValidString(once) {
			t.Fatalf("Clean(%q) = %q", text, once)
		}
	})
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"息が苦しい", 5, "息が苦しい"},
		{"息が苦しい", 4, "息が苦…"},
		{"一行目\n 二行目\t三", 20, "一行目 二行目 三"},
		{"  前後  ", 10, "前後"},
		{"助けて👩\u200d🚒です", 5, "助けて…"},
		{"か\u3099き\u3099く\u3099", 4, "か\u3099…"},
		{"\u202e逆", 5, "逆"},
		{"abc", 0, ""},
		{"abc", 1, "…"},
		{"a bcdef", 3, "a…"},
	} {
		if got := stdif.Excerpt(c.text, c.n); got != c.want {
			t.Errorf("Excerpt(%q, %d) = %q, want %q", c.text, c.n, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text, n := rapid.String().Draw(t, "text"), rapid.IntRange(0, 20).Draw(t, "n")
		got := stdif.Excerpt(text, n)
		if utf8.RuneCountInString(got) > n || strings.ContainsAny(got, "\n\t\r\x00") {
			t.Fatalf("Excerpt(%q, %d) = %q", text, n, got)
		}
	})
}

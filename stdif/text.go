package stdif

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean returns text as it is shown: control characters (Unicode Cc) removed
// except line feed and tab, CR LF and CR as line feed, normal form C. Letters,
// spaces and the invisible format characters of a script (bidirectional
// controls, joiners) stay: they carry meaning in a caller's own language.
//
// CJK compatibility ideographs stay as typed although normal form C would
// replace them (U+FA19 by U+795E): in a person's name the form of the character is the
// name. Clean is idempotent.
func Clean(text string) string {
	if isClean(text) {
		return text
	}
	return compose(strip(text))
}

// isClean is the fast answer for what nearly every string is.
func isClean(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= utf8.RuneSelf {
			return isCleanUnicode(text)
		} else if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func isCleanUnicode(text string) bool {
	for _, r := range text {
		if removed(r) {
			return false
		}
	}
	return norm.NFC.QuickSpanString(text) == len(text)
}

func removed(r rune) bool {
	return r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f && r <= 0x9f)
}

func strip(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case removed(r):
			return -1
		}
		return r
	}, text)
}

// compose applies normal form C to everything between compatibility ideographs.
func compose(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for text != "" {
		i := strings.IndexFunc(text, compatibilityIdeograph)
		if i < 0 {
			i = len(text)
		}
		b.WriteString(norm.NFC.String(text[:i]))
		_, n := utf8.DecodeRuneInString(text[i:])
		b.WriteString(text[i : i+n])
		text = text[i+n:]
	}
	return b.String()
}

func compatibilityIdeograph(r rune) bool {
	return r >= 0xf900 && r <= 0xfaff || r >= 0x2f800 && r <= 0x2fa1f
}

// Excerpt returns at most n characters of text on one line, with … where
// something was left out. What a reader sees as one character is not cut apart.
// Bidirectional controls are left out: a cut could leave them open and turn
// around the rest of a line.
func Excerpt(text string, n int) string {
	line := oneLine(text)
	if utf8.RuneCountInString(line) <= n {
		return line
	}
	if n < 1 {
		return ""
	}
	cut := 0
	for range n - 1 { // one character is for the mark
		_, size := utf8.DecodeRuneInString(line[cut:])
		cut += size
	}
	for cut > 0 && !cutAt(line, cut) {
		_, size := utf8.DecodeLastRuneInString(line[:cut])
		cut -= size
	}
	return strings.TrimRight(line[:cut], " \u3000") + "…"
}

const zeroWidthJoiner = '\u200d'

func cutAt(line string, i int) bool {
	next, _ := utf8.DecodeRuneInString(line[i:])
	before, _ := utf8.DecodeLastRuneInString(line[:i])
	return !extends(next) && before != zeroWidthJoiner
}

// extends reports whether r belongs to the character before it.
func extends(r rune) bool {
	return r == zeroWidthJoiner || r >= 0x1f3fb && r <= 0x1f3ff || unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc)
}

// oneLine folds every run of white space into one blank and drops controls.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) && r != '\u3000':
			return ' '
		case removed(r) || bidiControl(r):
			return -1
		}
		return r
	}, text)
	return strings.Trim(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }), " "), " \u3000")
}

func bidiControl(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

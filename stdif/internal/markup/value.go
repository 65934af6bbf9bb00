package markup

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/matoi119/matoi/stdif"
)

// SafeID returns an identifier as it is where it can be an id of this
// interface, else its SHA-256. An identifier that is there is never replaced by
// another one in any other case: two reports must not become one.
func SafeID(identifier string) string {
	if len(identifier) <= stdif.MaxID && !strings.ContainsFunc(identifier, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
	}) {
		return identifier
	}
	return Digest([]byte(identifier))
}

// Digest names bytes by themselves: the same bytes again are the same message.
func Digest(bytes []byte) string {
	sum := sha256.Sum256(bytes)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Fits reports whether a text is within a limit of characters.
func Fits(text string, limit int) bool { return utf8.RuneCountInString(text) <= limit }

// Number reads a decimal number; what ParseFloat makes of "NaN" and "Inf" is no
// measure and cannot be written as JSON.
func Number(text string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return v, err == nil && v-v == 0
}

// Numbers reads a list of numbers between white space; nil where any is none.
func Numbers(text string, most int) []float64 {
	fields := strings.Fields(text)
	if len(fields) > most {
		return nil
	}
	out := make([]float64, len(fields))
	for i, f := range fields {
		v, ok := Number(f)
		if !ok {
			return nil
		}
		out[i] = v
	}
	return out
}

// Yes reads a truth value of XML Schema.
func Yes(text string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// Time reads a time with offset, after 1970.
func Time(text string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
	return at, err == nil && at.Unix() >= 1 && at.Year() <= 9999
}

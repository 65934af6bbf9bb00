package check

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"strings"
)

// Words are one sentence in both languages.
type Words struct {
	Ja string `json:"ja"`
	En string `json:"en"`
}

//go:embed words.json
var catalogue []byte

// sentences is the catalogue, read once where a program is put together.
func sentences() map[string]Words {
	var all map[string]Words
	if err := json.Unmarshal(catalogue, &all); err != nil { // the file is part of the program and tested
		panic("check: " + err.Error())
	}
	return all
}

// say fills the places {0}, {1} … of a sentence. A key that the catalogue does
// not have is a fault of ours; the key is shown in place of silence.
func (r *runner) say(key string, values ...any) Words {
	w, ok := r.words[key]
	if !ok {
		w = Words{key, key}
	}
	for i, v := range values {
		place := fmt.Sprintf("{%d}", i)
		text := fmt.Sprint(v)
		w.Ja, w.En = strings.ReplaceAll(w.Ja, place, text), strings.ReplaceAll(w.En, place, text)
	}
	return w
}

// Plain returns a text without control characters, for evidence that a
// terminal wrote: at most n runes.
func plain(text string, n int) string {
	out := []rune(strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, html.UnescapeString(text)))
	if len(out) > n {
		out = append(out[:n], '…')
	}
	return string(out)
}

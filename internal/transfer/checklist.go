package transfer

import (
	"strconv"
	"strings"

	"github.com/matoi119/matoi/stdif"
)

// Item is one thing to read aloud to the other headquarters.
type Item struct {
	Item  string `json:"item"` // its words are transfer.read.<item>
	Value string `json:"value"`
}

// Checklist is what is read out over the telephone, in the order in which the
// other side needs it: where, what, who, how to reach them. Health data is not
// read out by a list; whoever speaks decides.
func Checklist(number string, mode stdif.Mode, r *stdif.Report) []Item {
	var out []Item
	say := func(item, value string) {
		if value = strings.TrimSpace(value); value != "" {
			out = append(out, Item{item, value})
		}
	}
	say("mode", string(mode))
	say("number", number)
	if r == nil {
		return out
	}
	for _, l := range r.Locations {
		say("place", stdif.OneLine(l))
	}
	say("kind", firstOf(r.Kind.Label, r.Kind.Code))
	say("text", r.Text)
	if s := r.Subscriber; s != nil {
		say("caller", strings.TrimSpace(s.Name+"　"+s.Kana))
		say("phone", s.Phone)
		say("communication", strings.Join(s.Communication, "、"))
		say("language", s.Language)
	}
	if p := r.Proxy; p != nil {
		say("proxy", strings.TrimSpace(p.Organisation+"　"+p.Operator))
		say("callback", p.Callback)
	}
	if v := r.Vehicle; v != nil {
		say("vehicle", strings.Join(strings.Fields(strings.Join([]string{v.Colour, v.Make, v.Model, v.Plate}, " ")), " "))
		if v.Occupants > 0 {
			say("occupants", strconv.Itoa(v.Occupants))
		}
	}
	if r.Severity != nil {
		say("severity", strconv.FormatFloat(r.Severity.Value*100, 'f', 0, 64)+" %")
	}
	return out
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

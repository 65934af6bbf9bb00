package additional

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// card reads an xCard (RFC 6351) into what is known of a person. The first
// value of each kind is taken; others stay visible among the additional items.
func (r *reader) card(card *markup.Element, s *stdif.SubscriberInfo) {
	r.text(&s.Name, card.Child("fn", "text"))
	r.text(&s.Mail, card.Child("email", "text"))
	r.text(&s.Language, card.Child("lang", "language-tag"))
	if e := card.Child("tel", "uri"); e != nil {
		if number, ok := telephone(e.Text); ok {
			s.Phone = number
			r.taken.Take(e)
		}
	} else {
		r.text(&s.Phone, card.Child("tel", "text"))
	}
	if e := card.Child("gender", "sex"); sexes[e.Says()] != "" {
		s.Sex = sexes[e.Text]
		r.taken.Take(e)
	}
	if e := card.Child("bday", "date"); e != nil {
		if s.Birth = birth(e.Text); s.Birth != "" {
			r.taken.Take(e)
		}
	}
	if e := card.Child("adr"); e != nil {
		r.address(e, s)
	}
}

func (r *reader) text(field *string, e *markup.Element) {
	if e.Says() != "" && markup.Fits(e.Text, stdif.MaxShort) {
		*field = e.Text
		r.taken.Take(e)
	}
}

// address takes the label, which a person wrote, before the parts, which a
// machine did. Parts are written in the order of a Japanese address.
func (r *reader) address(adr *markup.Element, s *stdif.SubscriberInfo) {
	if label := adr.Child("parameters", "label", "text"); label.Says() != "" && markup.Fits(label.Text, stdif.MaxShort) {
		s.Address = strings.Join(strings.Fields(label.Text), " ")
		return // the parts stay visible
	}
	var parts []string
	var from []*markup.Element
	for _, name := range [...]string{"country", "code", "region", "locality", "street", "ext", "pobox"} {
		if e := adr.Child(name); e.Says() != "" {
			parts, from = append(parts, e.Text), append(from, e)
		}
	}
	if line := strings.Join(parts, " "); markup.Fits(line, stdif.MaxShort) {
		s.Address = line
		for _, e := range from {
			r.taken.Take(e)
		}
	}
}

var sexes = map[string]string{"M": "male", "F": "female", "O": "other", "N": "unknown", "U": "unknown"}

// birth returns a whole date; one without its year, which vCard allows, is none.
func birth(text string) string {
	for _, form := range [...]string{time.DateOnly, "20060102"} {
		if at, err := time.Parse(form, text); err == nil {
			return at.Format(time.DateOnly)
		}
	}
	return ""
}

func empty(s *stdif.SubscriberInfo) bool {
	return s.Name+s.Mail+s.Language+s.Phone+s.Sex+s.Birth+s.Address == ""
}

// ReadCard reads a card that stands alone: xCard (RFC 6351) or, where it begins
// as JSON, jCard (RFC 7095).
func ReadCard(wire []byte) (stdif.SubscriberInfo, []stdif.Additional, error) {
	if strings.HasPrefix(strings.TrimLeft(string(wire[:min(len(wire), 64)]), " \t\r\n"), "[") {
		s, rest, p := jCard(wire)
		if p != nil {
			return stdif.SubscriberInfo{}, nil, p
		}
		return s, rest, nil
	}
	root, _, p := markup.Read(wire)
	if p != nil {
		return stdif.SubscriberInfo{}, nil, p
	}
	if root.Name == "vcards" && root.Space == nsCard {
		root = root.Child("vcard")
	}
	if root == nil || root.Name != "vcard" || root.Space != nsCard {
		return stdif.SubscriberInfo{}, nil, stdif.Problemf(stdif.CodeSyntax, "/", "not a card (vcard)")
	}
	r := &reader{taken: markup.Taken{}}
	var s stdif.SubscriberInfo
	r.card(root, &s)
	r.taken.Rest(root, "vcard", func(path, value string) {
		r.block.Additional = append(r.block.Additional, stdif.Additional{Name: path, Value: value})
	})
	items, _ := markup.Fit(r.block.Additional, "vcard")
	return s, items, nil
}

// jCard reads ["vcard",[[name,parameters,type,value…],…]].
func jCard(wire []byte) (s stdif.SubscriberInfo, rest []stdif.Additional, _ *stdif.Problem) {
	if len(wire) > stdif.MaxFrame {
		return s, nil, stdif.Problemf(stdif.CodeTooLarge, "", "%d bytes, limit %d", len(wire), stdif.MaxFrame)
	}
	utf8, _, p := markup.ToUTF8(wire)
	if p != nil {
		return s, nil, p
	}
	var outer []json.RawMessage
	var kind string
	var properties [][]json.RawMessage
	if json.Unmarshal(utf8, &outer) != nil || len(outer) < 2 || json.Unmarshal(outer[0], &kind) != nil || kind != "vcard" ||
		json.Unmarshal(outer[1], &properties) != nil {
		return s, nil, stdif.Problemf(stdif.CodeSyntax, "/", "not a card (jCard)")
	}
	for i, property := range properties {
		var name string
		if len(property) < 4 || json.Unmarshal(property[0], &name) != nil || !markup.Fits(name, stdif.MaxID) {
			return stdif.SubscriberInfo{}, nil, stdif.Problemf(stdif.CodeSyntax, fmt.Sprintf("/1/%d", i), "a property has a name, parameters, a type and a value")
		}
		if len(property) == 4 && jProperty(&s, name, property[3]) {
			continue
		}
		for _, value := range property[3:] {
			rest = append(rest, stdif.Additional{Name: "vcard." + name, Value: plain(value)})
		}
	}
	rest, _ = markup.Fit(rest, "vcard")
	return s, rest, nil
}

// jProperty takes the first value of what a subscriber has a field for.
func jProperty(s *stdif.SubscriberInfo, name string, wire json.RawMessage) bool {
	var value string
	if json.Unmarshal(wire, &value) != nil || value == "" || !markup.Fits(value, stdif.MaxShort) {
		return false
	}
	field := map[string]*string{"fn": &s.Name, "email": &s.Mail, "lang": &s.Language, "tel": &s.Phone, "gender": &s.Sex, "bday": &s.Birth}[name]
	if field == nil || *field != "" {
		return false
	}
	switch name {
	case "tel":
		value = strings.TrimPrefix(value, "tel:")
	case "gender":
		value = sexes[value]
	case "bday":
		value = birth(value)
	}
	*field = value
	return value != ""
}

// plain writes a text as it is and anything else as the JSON that it came as.
func plain(wire json.RawMessage) string {
	var text string
	if json.Unmarshal(wire, &text) == nil {
		return text
	}
	return string(wire)
}

package pidf

import (
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// civic reads an address (RFC 5139). A1 is the prefecture and A2 to A6 are its
// divisions down to the chome, as RFC 4776 assigns them for Japan; street
// elements of other countries follow in the order in which they are written
// there. An element that no field takes (extensions of RFC 6848, country) stays
// among the additional items.
func (r *reader) civic(e *markup.Element, place string) (stdif.Location, bool) {
	c := new(stdif.Civic)
	parts := map[*string][]string{}
	put := func(field *string, names ...string) {
		for _, name := range names {
			text := e.Value(name)
			if text == "" {
				continue
			}
			if joined := join(append(parts[field], text)); !markup.Fits(joined, stdif.MaxShort) {
				r.warn(stdif.CodeTooLarge, place+"/"+name, "longer than a line of an address: stands whole among the additional items")
				continue
			}
			parts[field] = append(parts[field], text)
			*field = join(parts[field])
			for _, one := range e.All(name)[:1] {
				r.taken.Take(one)
			}
		}
	}
	put(&c.Postcode, "PC")
	put(&c.Prefecture, "A1")
	put(&c.City, "A2", "A3")
	put(&c.Line, "A4", "A5", "A6", "PRD", "PRM", "STP", "RD", "STS", "POD", "POM", "RDSEC", "RDBR", "RDSUBBR", "HNP", "HNO", "HNS")
	put(&c.Building, "NAM", "BLD")
	put(&c.Floor, "FLR")
	put(&c.Room, "UNIT", "ROOM", "SEAT")
	put(&c.Note, "LMK", "LOC", "PCN", "POBOX")
	if *c == (stdif.Civic{}) {
		r.warn(stdif.CodeLocation, place, "no line of an address; kept as it came")
		return stdif.Location{}, false
	}
	return stdif.Location{Shape: "civic", Civic: c}, true
}

// join writes parts of one line: Japanese ones without, others with a blank.
func join(parts []string) string {
	var b strings.Builder
	for i, part := range parts {
		if i > 0 && (last(b.String()) < 0x80 || part[0] < 0x80) {
			b.WriteByte(' ')
		}
		b.WriteString(part)
	}
	return b.String()
}

func last(text string) byte {
	if text == "" {
		return 0
	}
	return text[len(text)-1]
}

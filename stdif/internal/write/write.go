// Package write writes small XML documents the one way that the codecs' own
// readers, and those of others, take: no prefix, escaped text, elements that say
// nothing left out.
package write

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// Doc is a document that grows.
type Doc struct {
	b    strings.Builder
	open []string
}

// Open begins an element; attributes come in pairs of name and value.
func (d *Doc) Open(name string, attributes ...string) {
	d.start(name, attributes)
	d.b.WriteByte('>')
	d.open = append(d.open, name)
}

func (d *Doc) start(name string, attributes []string) {
	d.b.WriteByte('<')
	d.b.WriteString(name)
	for i := 0; i+1 < len(attributes); i += 2 {
		if attributes[i+1] == "" {
			continue
		}
		d.b.WriteByte(' ')
		d.b.WriteString(attributes[i])
		d.b.WriteString(`="`)
		d.escape(attributes[i+1])
		d.b.WriteByte('"')
	}
}

// Close ends the elements opened last.
func (d *Doc) Close(n int) {
	for range n {
		name := d.open[len(d.open)-1]
		d.open = d.open[:len(d.open)-1]
		d.b.WriteString("</" + name + ">")
	}
}

// Text writes an element with a text; nothing where there is none.
func (d *Doc) Text(name, text string, attributes ...string) {
	if text == "" {
		return
	}
	d.start(name, attributes)
	d.b.WriteByte('>')
	d.escape(text)
	d.b.WriteString("</" + name + ">")
}

// Number writes an element with the shortest text that reads as the same number.
func (d *Doc) Number(name string, v float64, attributes ...string) {
	d.Text(name, Number(v), attributes...)
}

// Number writes a number as the shortest text that reads as the same.
func Number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// escape writes text; what XML cannot hold becomes U+FFFD.
func (d *Doc) escape(text string) {
	_ = xml.EscapeText(&d.b, []byte(text)) // a builder takes everything
}

// String returns the document, every element closed.
func (d *Doc) String() string {
	d.Close(len(d.open))
	return d.b.String()
}

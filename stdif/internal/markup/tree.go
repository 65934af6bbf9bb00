// Package markup reads the XML of the codecs: one way to find the character
// set, one way to build a tree, one way to keep what a codec did not take. It
// is strict where a guess could send help to a wrong door, and it reads nothing
// but the bytes that it is given.
package markup

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/matoi119/matoi/stdif"
)

// Element is one element of a document that was read whole.
type Element struct {
	Space, Name string
	Attrs       []xml.Attr
	Text        string // own character data, without that of its children
	Children    []*Element

	data []byte // while reading
}

// Read reads a document of at most stdif.MaxFrame bytes in any encoding that
// ToUTF8 knows. The warnings are about the encoding.
func Read(wire []byte) (*Element, []stdif.Problem, *stdif.Problem) {
	if len(wire) > stdif.MaxFrame {
		return nil, nil, stdif.Problemf(stdif.CodeTooLarge, "", "%d bytes, limit %d", len(wire), stdif.MaxFrame)
	}
	doc, warnings, p := ToUTF8(wire)
	if p != nil {
		return nil, nil, p
	}
	root, p := parse(doc)
	return root, warnings, p
}

// Begins reports whether head is the beginning of an XML document, in UTF-8 or
// UTF-16, and holds the word: the cheap test of a stdif.Sniffer.
func Begins(head []byte, words ...string) bool {
	head = bytes.ReplaceAll(head, []byte{0}, nil)
	head = bytes.TrimLeft(head, "\xef\xbb\xbf\xff\xfe \t\r\n")
	if !bytes.HasPrefix(head, []byte("<")) {
		return false
	}
	for _, word := range words {
		if bytes.Contains(head, []byte(word)) {
			return true
		}
	}
	return false
}

// parse reads a document into a tree. A document type declaration is refused
// where it begins, so that no entity is ever declared, none expanded, and
// nothing outside the document fetched; stylesheets, schema locations and
// XInclude are only names here.
func parse(doc []byte) (*Element, *stdif.Problem) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // ToUTF8 did it
	p := parser{dec: d}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, stdif.Problemf(stdif.CodeSyntax, p.at(), "not well-formed XML")
		}
		if fault := p.take(token); fault != nil {
			return nil, fault
		}
	}
	if p.root == nil {
		return nil, stdif.Problemf(stdif.CodeSyntax, p.at(), "no element in the document")
	}
	return p.root, nil
}

type parser struct {
	dec  *xml.Decoder
	root *Element
	open []*Element
}

func (p *parser) at() string { return "byte " + strconv.FormatInt(p.dec.InputOffset(), 10) }

func (p *parser) take(token xml.Token) *stdif.Problem {
	switch t := token.(type) {
	case xml.Directive:
		return stdif.Problemf(stdif.CodeSyntax, p.at(), "a document type declaration is not read")
	case xml.StartElement:
		return p.begin(t)
	case xml.EndElement:
		last := p.open[len(p.open)-1]
		last.Text, last.data = string(bytes.TrimSpace(last.data)), nil
		p.open = p.open[:len(p.open)-1]
	case xml.CharData:
		if len(p.open) > 0 {
			last := p.open[len(p.open)-1]
			last.data = append(last.data, t...)
		} else if len(bytes.TrimSpace(t)) > 0 {
			return stdif.Problemf(stdif.CodeSyntax, p.at(), "text outside the document element")
		}
	}
	return nil
}

func (p *parser) begin(t xml.StartElement) *stdif.Problem {
	if len(p.open) >= stdif.MaxDepth {
		return stdif.Problemf(stdif.CodeSyntax, p.at(), "nested deeper than %d", stdif.MaxDepth)
	}
	e := &Element{Space: t.Name.Space, Name: t.Name.Local, Attrs: t.Copy().Attr}
	switch {
	case len(p.open) > 0:
		parent := p.open[len(p.open)-1]
		parent.Children = append(parent.Children, e)
	case p.root != nil:
		return stdif.Problemf(stdif.CodeSyntax, p.at(), "a second document element")
	default:
		p.root = e
	}
	p.open = append(p.open, e)
	return nil
}

// All returns the children with a name of the element's own namespace.
func (e *Element) All(name string) (out []*Element) {
	for _, c := range e.Children {
		if c.Name == name && c.Space == e.Space {
			out = append(out, c)
		}
	}
	return out
}

// Value returns the text of the first child with the name.
func (e *Element) Value(name string) string {
	for _, c := range e.Children {
		if c.Name == name && c.Space == e.Space {
			return c.Text
		}
	}
	return ""
}

// Child returns the first child with the name in whatever namespace, or nil.
// It is for formats whose namespaces change with their version. A nil element
// has no children, so that a path can be followed without looking back.
func (e *Element) Child(path ...string) *Element {
	for _, name := range path {
		if e == nil {
			return nil
		}
		var next *Element
		for _, c := range e.Children {
			if c.Name == name {
				next = c
				break
			}
		}
		e = next
	}
	return e
}

// Named returns the children with the name in whatever namespace.
func (e *Element) Named(name string) (out []*Element) {
	if e == nil {
		return nil
	}
	for _, c := range e.Children {
		if c.Name == name {
			out = append(out, c)
		}
	}
	return out
}

// Says returns the text of an element, "" for none.
func (e *Element) Says() string {
	if e == nil {
		return ""
	}
	return e.Text
}

// Attr returns an attribute by its local name, "" where it is absent.
func (e *Element) Attr(name string) string {
	if e == nil {
		return ""
	}
	for _, a := range e.Attrs {
		if a.Name.Local == name && a.Name.Space != "xmlns" {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

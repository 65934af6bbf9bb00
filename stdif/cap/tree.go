package cap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/matoi119/matoi/stdif"
)

// element is one element of a document that was read whole.
type element struct {
	space, name string
	attrs       []xml.Attr
	text        string // own character data, without that of its children
	children    []*element

	data []byte // while reading
}

// parse reads a document into a tree. A document type declaration is refused
// where it begins, so that no entity is ever declared, none expanded, and
// nothing outside the document fetched; stylesheets, schema locations and
// XInclude are only names here.
func parse(doc []byte) (*element, *stdif.Problem) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // toUTF8 did it
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
	root *element
	open []*element
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
		last.text, last.data = string(bytes.TrimSpace(last.data)), nil
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
	e := &element{space: t.Name.Space, name: t.Name.Local, attrs: t.Copy().Attr}
	switch {
	case len(p.open) > 0:
		parent := p.open[len(p.open)-1]
		parent.children = append(parent.children, e)
	case p.root != nil:
		return stdif.Problemf(stdif.CodeSyntax, p.at(), "a second document element")
	default:
		p.root = e
	}
	p.open = append(p.open, e)
	return nil
}

// all returns the children with a name of the document's own namespace.
func (e *element) all(name string) (out []*element) {
	for _, c := range e.children {
		if c.name == name && c.space == e.space {
			out = append(out, c)
		}
	}
	return out
}

// value returns the text of the first child with the name.
func (e *element) value(name string) string {
	for _, c := range e.children {
		if c.name == name && c.space == e.space {
			return c.text
		}
	}
	return ""
}

// leaves calls keep for every text and attribute in e, with its path. Names of
// parameters, event codes and geocodes, which CAP writes as a pair of children,
// become part of the path: alert.info.parameter[SIGNAL].
func (e *element) leaves(path string, keep func(path, value string)) {
	if name, value, ok := e.pair(); ok {
		if len(path)+len(name) < stdif.MaxShort-2 {
			keep(path+"["+name+"]", value)
		} else {
			keep(path, name+" = "+value)
		}
		return
	}
	for _, a := range e.attrs {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Local == "schemaLocation" {
			continue
		}
		keepAttribute(path, a, keep)
	}
	if e.text != "" || len(e.children) == 0 && len(e.attrs) == 0 {
		keep(path, e.text)
	}
	for _, c := range e.numbered() {
		c.element.leaves(under(path, c.step), keep)
	}
}

// maxPath keeps the path of a document made to be deep and wordy from growing
// for each of its leaves.
const maxPath = stdif.MaxShort * 3 / 4

func under(path, step string) string {
	if len(path)+len(step) >= maxPath {
		return strings.TrimSuffix(path, "…") + "…"
	}
	return path + "." + step
}

func keepAttribute(path string, a xml.Attr, keep func(path, value string)) {
	if len(path)+len(a.Name.Local) < stdif.MaxShort {
		keep(path+"@"+a.Name.Local, a.Value)
	} else {
		keep(path, a.Name.Local+" = "+a.Value)
	}
}

func (e *element) pair() (name, value string, ok bool) {
	if len(e.children) != 2 || len(e.attrs) > 0 || e.text != "" {
		return "", "", false
	}
	n, v := e.children[0], e.children[1]
	if n.name != "valueName" || v.name != "value" || len(n.children)+len(v.children)+len(n.attrs)+len(v.attrs) > 0 {
		return "", "", false
	}
	return n.text, v.text, true
}

type step struct {
	*element
	step string
}

// numbered returns the children with their steps in a path; a number is added
// where several have the same name, counted as XPath counts.
func (e *element) numbered() []step {
	total := make(map[string]int, len(e.children))
	for _, c := range e.children {
		total[c.name]++
	}
	seen := make(map[string]int, len(total))
	out := make([]step, len(e.children))
	for i, c := range e.children {
		seen[c.name]++
		out[i] = step{c, c.name}
		if _, _, pair := c.pair(); total[c.name] > 1 && !pair {
			out[i].step = fmt.Sprintf("%s[%d]", c.name, seen[c.name])
		}
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }

package markup

import (
	"encoding/xml"
	"fmt"
	"strings"

	"github.com/matoi119/matoi/stdif"
)

// Taken marks the elements whose whole content a field of ours has taken.
// Everything else is the rest, which is kept under its path.
type Taken map[*Element]bool

// Take marks an element, unless it says more than its text.
func (t Taken) Take(e *Element) {
	if e != nil && len(e.Children) == 0 && len(e.Attrs) == 0 {
		t[e] = true
	}
}

// TakeWhole marks an element whose attributes and children were read as well.
func (t Taken) TakeWhole(e *Element) {
	if e != nil {
		t[e] = true
	}
}

// Rest calls keep for every text and attribute below e that was not taken, with
// its path. Pairs of valueName and value, which CAP writes for parameters, event
// codes and geocodes, become part of it: alert.info.parameter[SIGNAL].
func (t Taken) Rest(e *Element, path string, keep func(path, value string)) {
	if t[e] {
		return
	}
	if name, value, ok := e.pair(); ok {
		if len(path)+len(name) < stdif.MaxShort-2 {
			keep(path+"["+name+"]", value)
		} else {
			keep(path, name+" = "+value)
		}
		return
	}
	for _, a := range e.Attrs {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Local == "schemaLocation" {
			continue
		}
		keepAttribute(path, a, keep)
	}
	if e.Text != "" || len(e.Children) == 0 && len(e.Attrs) == 0 {
		keep(path, e.Text)
	}
	for _, c := range e.numbered() {
		t.Rest(c.Element, under(path, c.step), keep)
	}
}

// Fit joins more items than a report may have into the last one: nothing is
// dropped. joined reports whether that was needed.
func Fit(items []stdif.Additional, name string) (_ []stdif.Additional, joined bool) {
	if len(items) <= stdif.MaxAdditional {
		return items, false
	}
	var text strings.Builder
	for _, x := range items[stdif.MaxAdditional-1:] {
		text.WriteString(x.Name + " = " + x.Value + "\n")
	}
	return append(items[:stdif.MaxAdditional-1], stdif.Additional{Name: name, Value: text.String()}), true
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

func (e *Element) pair() (name, value string, ok bool) {
	if len(e.Children) != 2 || len(e.Attrs) > 0 || e.Text != "" {
		return "", "", false
	}
	n, v := e.Children[0], e.Children[1]
	if n.Name != "valueName" || v.Name != "value" || len(n.Children)+len(v.Children)+len(n.Attrs)+len(v.Attrs) > 0 {
		return "", "", false
	}
	return n.Text, v.Text, true
}

type step struct {
	*Element
	step string
}

// numbered returns the children with their steps in a path; a number is added
// where several have the same name, counted as XPath counts.
func (e *Element) numbered() []step {
	total := make(map[string]int, len(e.Children))
	for _, c := range e.Children {
		total[c.Name]++
	}
	seen := make(map[string]int, len(total))
	out := make([]step, len(e.Children))
	for i, c := range e.Children {
		seen[c.Name]++
		out[i] = step{c, c.Name}
		if _, _, pair := c.pair(); total[c.Name] > 1 && !pair {
			out[i].step = fmt.Sprintf("%s[%d]", c.Name, seen[c.Name])
		}
	}
	return out
}

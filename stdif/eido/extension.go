package eido

import (
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/jsontree"
)

// purpose names the component that carries the whole view, see the package
// comment.
const purpose = "matoi119.view.1"

const listName = "additionalDataComponent"

// extension is what that component holds, as JSON in its text.
type extension struct {
	Digest string `json:"sha256"` // of the rest of the document, canonical (RFC 8785)
	View   View   `json:"view"`
}

// seal writes the document with the whole view in it.
func (w *writer) seal() ([]byte, error) {
	bare, err := marshal(w.doc)
	if err != nil {
		return nil, err
	}
	digest, err := stdif.Digest(bare)
	if err != nil {
		return nil, err
	}
	text, err := marshal(extension{digest, w.view})
	if err != nil {
		return nil, err
	}
	w.doc.Additional = append(w.doc.Additional, additionalData{prologue: w.prologue("matoi"), Value: string(text), Purpose: purpose})
	return marshal(w.doc)
}

// rest writes, line by line, what of a report no component has room for, so that
// a reader of the components alone misses nothing.
func (w *writer) rest() string {
	r := w.view.Report
	odd := struct {
		Medical     *stdif.Medical     `json:"medical,omitempty"`
		Contacts    []stdif.Contact    `json:"contacts,omitempty"`
		Vehicle     *stdif.Vehicle     `json:"vehicle,omitempty"`
		Severity    *stdif.Severity    `json:"severity,omitempty"`
		Routing     *stdif.Routing     `json:"routing,omitempty"`
		Verified    string             `json:"proxy.verified,omitempty"`
		Subscriber  any                `json:"subscriber,omitempty"`
		Translation map[string]string  `json:"translation,omitempty"`
		Additional  []stdif.Additional `json:"additional,omitempty"`
	}{r.Medical, r.Contacts, r.Vehicle, r.Severity, r.Routing, "", nil, r.Translation, nil}
	if r.Proxy != nil {
		odd.Verified = r.Proxy.Verified
	}
	if s := r.Subscriber; s != nil && (s.Kana != "" || len(s.Communication) > 0) {
		odd.Subscriber = stdif.SubscriberInfo{Kana: s.Kana, Communication: s.Communication}
	}
	wire, err := marshal(odd)
	if err != nil {
		return ""
	}
	tree, p := jsontree.Read(wire, len(wire))
	if p != nil {
		return ""
	}
	var lines []string
	jsontree.Taken{}.Rest(tree, "", func(path, value string) {
		if value != "{}" {
			lines = append(lines, path+": "+value)
		}
	})
	for _, x := range r.Additional {
		lines = append(lines, x.Name+": "+x.Value)
	}
	return strings.Join(lines, "\n")
}

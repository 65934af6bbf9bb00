// Package pidf reads PIDF-LO, the location documents of the Internet emergency
// architecture (RFC 4119, with the addresses of RFC 5139 and 6848, the shapes of
// RFC 5491, motion of RFC 5962, confidence of RFC 7459), into the locations of
// the standard interface.
//
// What a reader of this code should know:
//
// A location is not a report. A document says where somebody or something is and
// never that anything happened: it has no number, no kind, and its time is that
// of the position. Codec therefore refuses it with a clear problem, and the
// bytes are kept and ring; Read and Decode are for the formats that carry such a
// document (stdif/multipart, stdif/veds).
//
// Every statement is kept. A document may hold several tuples, devices and
// persons, and each several shapes: all of them become locations, in the order
// of the document. None is preferred, and a shape is never combined with an
// address although RFC 5491 allows a sender to mean that: whoever reads sees
// both, one below the other.
//
// Nothing impossible is drawn. Latitude comes first (EPSG:4326 and 4979). A
// position that cannot be on earth, 0,0, a reference system of another order, an
// unknown unit, two positions in one shape, the old "37:46:30N 122:25:10W": the
// shape gives no location, a warning names its path, and its text stands among
// the additional items.
//
// Nothing is fetched: a block in provided-by by reference is kept as text, and
// so are cid: names.
package pidf

import (
	"fmt"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/additional"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// MediaType is the registered type of a location document.
const MediaType = "application/pidf+xml"

// Namespaces. Those of a version are compared by their beginning, since senders
// write basicPolicy as geopriv10 and civicLoc as civicAddr and are understood.
const (
	nsPresence = "urn:ietf:params:xml:ns:pidf"
	nsCivic    = "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"
	nsGML      = "http://www.opengis.net/gml"
	nsShape    = "http://www.opengis.net/pidflo/1.0"
)

// Document is what one location document says.
type Document struct {
	Locations  []stdif.Location
	Provided   []additional.Block // by value in provided-by: who provides a location, or speaks for the caller (RFC 7852)
	Additional []stdif.Additional // everything that no location and no block took, under its path
}

// Read reads a document. With a problem nothing was read. A document that
// parses and whose places cannot be read has no locations, warnings with code
// 302, and its text among the additional items.
func Read(wire []byte) (Document, []stdif.Problem, error) {
	d, warnings, p := read(wire)
	if p != nil {
		return Document{}, nil, p
	}
	return d, warnings, nil
}

// Decode reads the locations of a document.
func Decode(wire []byte) ([]stdif.Location, []stdif.Problem, error) {
	d, warnings, err := Read(wire)
	return d.Locations, warnings, err
}

func read(wire []byte) (Document, []stdif.Problem, *stdif.Problem) {
	root, warnings, p := markup.Read(wire)
	if p != nil {
		return Document{}, nil, p
	}
	if root.Name != "presence" || root.Space != nsPresence {
		return Document{}, nil, stdif.Problemf(stdif.CodeSyntax, "/", "not a location document (presence)")
	}
	r := &reader{warnings: warnings, taken: markup.Taken{}}
	r.targets(root)
	if len(r.doc.Locations) == 0 {
		r.warn(stdif.CodeLocation, "/presence", "no location in it can be read; kept as it came")
	}
	r.taken.Rest(root, "presence", func(path, value string) {
		r.doc.Additional = append(r.doc.Additional, stdif.Additional{Name: path, Value: value})
	})
	items, joined := markup.Fit(r.doc.Additional, "presence")
	if r.doc.Additional = items; joined {
		r.warn(stdif.CodeTooLarge, "/presence", "more items than a report has room for: the last ones are joined")
	}
	return r.doc, r.warnings, nil
}

// reader is one document on its way to locations.
type reader struct {
	doc      Document
	warnings []stdif.Problem
	taken    markup.Taken
	full     bool
}

func (r *reader) warn(code stdif.Code, place, detail string) {
	r.warnings = append(r.warnings, stdif.Problem{Code: code, Place: place, Detail: detail})
}

// targets goes through whatever a position may be of: a tuple (RFC 4119), a
// device or a person (RFC 4479).
func (r *reader) targets(root *markup.Element) {
	counts := map[string]int{}
	for _, target := range root.Children {
		counts[target.Name]++
		place := fmt.Sprintf("/presence/%s[%d]", target.Name, counts[target.Name])
		switch target.Name {
		case "tuple":
			for _, status := range target.Named("status") {
				r.positions(target, status, place+"/status")
			}
		case "device", "person":
			r.positions(target, target, place)
		}
	}
}

func (r *reader) positions(target, parent *markup.Element, place string) {
	for i, g := range parent.Named("geopriv") {
		at := place + "/geopriv"
		if i > 0 {
			at = fmt.Sprintf("%s[%d]", at, i+1)
		}
		r.geopriv(target, g, at)
	}
}

// Codec tells a sender of a bare document what to send instead. It satisfies
// stdif.Codec; its Decode always returns a problem.
type Codec struct{}

var (
	_ stdif.Codec   = Codec{}
	_ stdif.Sniffer = Codec{}
)

// Name returns the name of the format.
func (Codec) Name() string { return "pidf-lo" }

// MIME returns the media type that location documents are sent under.
func (Codec) MIME() []string { return []string{MediaType} }

// Sniff recognises a document by its namespace, in UTF-16 too.
func (Codec) Sniff(head []byte) bool {
	return markup.Begins(head, "<presence", ":presence") && markup.Begins(head, nsPresence+`"`, nsPresence+"'")
}

// Decode says what is wrong with the document, or that it is no report.
func (Codec) Decode(wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	if _, _, p := read(wire); p != nil {
		return stdif.Inbound{}, nil, p
	}
	return stdif.Inbound{}, nil, stdif.Problemf(stdif.CodeMissing, "/presence",
		"a location is not a report: send it as a part of a multipart body, or in the locations of a report")
}

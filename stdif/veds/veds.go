// Package veds reads the Vehicle Emergency Data Set (APCO/NENA VEDS, NIEM), the
// form in which an advanced automatic crash notification is sent (RFC 8148),
// into a report of the standard interface. It is what a centre like that of
// D-Call Net would send: who notifies, which car, how it was hit, who sat in it.
//
// What a reader of this code should know:
//
// Versions. Namespaces of VEDS change with its version, and senders mix those of
// NIEM: elements are found by their local names below a root of any VEDS
// namespace.
//
// Identity. The report's number is the incident id of the crash
// (Crash/ActivityIdentification). A document without one stands alone under its
// SHA-256: two reports of one crash are a nuisance, two crashes in one report
// would be a danger.
//
// Revision. It is the time of transmission (DocumentPostDate) in seconds since
// 1970: a later document of the same incident replaces the earlier one as a
// whole. Where the document does not say it, the time of reading counts.
//
// Cancel. VEDS has none. A false alarm is told by another document, by the state
// "ended", or by an open/1 revision with cancelled; only a person closes.
//
// Severity. SevereInjuryIndicator is a yes or no without the name of an
// algorithm. It is never turned into a probability, which a board would show as
// 100 %: it stands among the additional items. A probability is read where the
// sender adds it with its algorithm and version (element Estimate of NSEstimate).
package veds

import (
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/finish"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// MediaType is the registered type (RFC 8148, §14.2) in lower case.
const MediaType = "application/emergencycalldata.veds+xml"

// NSEstimate is the namespace of our one extension, a child of Crash:
// <Estimate value="0.42" algorithm="name" version="1"/>, the probability of
// death or severe injury from 0 to 1.
const NSEstimate = "urn:matoi119:veds:estimate:1"

const (
	rootName = "AutomatedCrashNotification"
	nsVEDS   = "http://www.veds.org/acn/"
)

// Notice is what a document says, before anything is filled in: its number and
// times may be missing.
type Notice struct {
	Report stdif.Report
	SentAt time.Time
}

// Read reads one document. With a problem nothing was read.
func Read(wire []byte) (Notice, []stdif.Problem, error) {
	n, warnings, p := read(wire)
	if p != nil {
		return Notice{}, nil, p
	}
	return n, warnings, nil
}

func read(wire []byte) (Notice, []stdif.Problem, *stdif.Problem) {
	root, warnings, p := markup.Read(wire)
	if p != nil {
		return Notice{}, nil, p
	}
	if root.Name != rootName || !strings.HasPrefix(root.Space, nsVEDS) {
		return Notice{}, nil, stdif.Problemf(stdif.CodeSyntax, "/", "not a crash notification (%s)", rootName)
	}
	r := &reader{root: root, crash: root.Child("Crash"), warnings: warnings, taken: markup.Taken{}}
	if r.crash == nil {
		return Notice{}, nil, stdif.Problemf(stdif.CodeMissing, "/"+rootName+"/Crash", "required element is missing")
	}
	r.heading()
	r.vehicle()
	r.severity()
	r.people()
	r.places()
	r.rest()
	return r.out, r.warnings, nil
}

// Codec reads VEDS. It satisfies stdif.Codec.
type Codec struct {
	Now func() time.Time // for a document that says no time, which is refused when nil
}

var (
	_ stdif.Codec   = Codec{}
	_ stdif.Sniffer = Codec{}
	_ stdif.Namer   = Codec{}
)

// Name returns the name of the format.
func (Codec) Name() string { return "veds" }

// MIME returns the media types that crash notifications are sent under.
func (Codec) MIME() []string { return []string{MediaType, "application/xml", "text/xml"} }

// Sniff recognises a document by its namespace, in UTF-16 too.
func (Codec) Sniff(head []byte) bool { return markup.Begins(head, nsVEDS) }

// ReportID returns the incident id of a document, "" where it cannot be read.
func (Codec) ReportID(wire []byte) string {
	n, _, p := read(wire)
	if p != nil {
		return ""
	}
	return n.Report.ID
}

// Decode reads one notification. Its mode is left to whoever carries it: VEDS
// says nothing about exercises.
func (c Codec) Decode(wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	n, warnings, p := read(wire)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	warnings = append(warnings, finish.Open(&n.Report, n.SentAt, wire, c.Now)...)
	in, warnings, p := finish.Report(&n.Report, "", MediaType, wire, warnings)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	return in, warnings, nil
}

// DecodeDeclared reads a document whose encoding its carrier may say.
func (c Codec) DecodeDeclared(contentType string, wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	return finish.Declared(c, contentType, wire)
}

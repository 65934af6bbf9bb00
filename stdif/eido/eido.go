// Package eido reads and writes the Emergency Incident Data Object (EIDO,
// NENA-STA-021), the JSON in which North American centres hand an incident to
// each other, and in which a command system of another maker may read a report
// out of a headquarters.
//
// What a reader of this code should know:
//
// Shape. An EIDO is one object: $id, lastUpdateTimeStamp,
// updatedByAgencyReference, eidoVersion, issuingElementIdentification, and
// components that refer to each other by {"$ref": id}. Written here, from a View:
//
//	incidentComponent         kind (label, local code, one of four common words), status, number, dispositions
//	callComponent             one: id of the report, state, start, answer, mode as localCallType, service as queueIdentifier
//	callbackComponent         telephone numbers of caller and operator
//	agencyComponent           the headquarters, and others with their roles
//	agentComponent            who has the report in charge, by id
//	locationComponent         one for each location: PIDF-LO in locationByValue, label in locationDescriptionText
//	personComponent           the caller, if registered
//	additionalDataComponent   SubscriberInfo, ProviderInfo (代理通報) and Comment of RFC 7852 as text
//	mediaComponent            media by reference: uri, contentType, label; never bytes
//	notesComponent            mark of an exercise, what no component has room for line by line, chat, notes; HTML-escaped
//	linkComponent             cases that it belongs to without being the same
//
// A document whose mode is not actual says nonEmergency, and 訓練 or 試験 in its
// type and in a note, because an EIDO has no mode.
//
// Nothing is lost. The whole view rides along as one more item of additional
// data (urlPurpose matoi119.view.1), with a digest of everything else. Who reads
// with Read gets the view back exactly, if nobody changed the rest; if somebody
// did, the components are read, and what was written before stands whole among
// the additional items. Which of the two is true is never decided here.
//
// Reading the components: the number is the $id of the first call, the revision
// its lastUpdateTimeStamp in milliseconds; blocks of RFC 7852, PIDF-LO and VEDS by
// value become fields; notes and comments become the text. Everything else is
// kept under its path. References are kept and never fetched.
//
// Reading as a message of a service (Codec), a view of another headquarters
// keeps its report apart from those of everybody else: its number is the id of
// the call there, not the number that some service gave it.
//
// The document of the standard was not at hand with its registries: the words of
// callStateRegistryText, of statuses and of agency roles are those in use, the
// four words for kinds and the codes of dispositions are ours.
package eido

import (
	"bytes"
	"regexp"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/finish"
	"github.com/matoi119/matoi/stdif/internal/gather"
	"github.com/matoi119/matoi/stdif/internal/jsontree"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// MediaType is the type under which documents are sent (NENA-STA-024).
const MediaType = "application/emergency.eido+json"

// Codec reads an EIDO as the message of a service. It satisfies stdif.Codec.
type Codec struct {
	Now func() time.Time // for a document that says no time, which is refused when nil
}

var (
	_ stdif.Codec   = Codec{}
	_ stdif.Sniffer = Codec{}
	_ stdif.Namer   = Codec{}
)

// Name returns the name of the format.
func (Codec) Name() string { return "eido" }

// MIME returns the media types that documents are sent under.
func (Codec) MIME() []string {
	return []string{MediaType, "application/eido+json", "application/json"}
}

// own finds a member that only an EIDO has. Inside a text of another message the
// quotation marks would be escaped.
var own = regexp.MustCompile(`[{,]\s*"(eidoVersion|issuingElementIdentification|callComponent|incidentComponent)"\s*:`)

// Sniff recognises an object with a member that only an EIDO has.
func (Codec) Sniff(head []byte) bool {
	return (bytes.Contains(head, []byte("eidoVersion")) || bytes.Contains(head, []byte("Component")) || bytes.Contains(head, []byte("issuingElement"))) && own.Match(head)
}

// ReportID returns the number that a document would have, "" where none can be
// read.
func (Codec) ReportID(wire []byte) string {
	tree, p := jsontree.Read(wire, stdif.MaxFrame)
	if p != nil {
		return ""
	}
	return number(tree)
}

// Decode reads one document of at most stdif.MaxFrame bytes.
func (c Codec) Decode(wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	if len(wire) > stdif.MaxFrame {
		return stdif.Inbound{}, nil, stdif.Problemf(stdif.CodeTooLarge, "", "%d bytes, limit %d", len(wire), stdif.MaxFrame)
	}
	in, warnings, p := c.decode(wire)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	return in, warnings, nil
}

func (c Codec) decode(wire []byte) (stdif.Inbound, []stdif.Problem, *stdif.Problem) {
	doc, warnings, err := Read(wire)
	if err != nil {
		return stdif.Inbound{}, nil, gather.AsProblem(err)
	}
	v := doc.View
	if doc.Whole {
		v.handed(doc.Number)
	}
	warnings = append(warnings, finish.Open(&v.Report, v.UpdatedAt, wire, c.Now)...)
	items, joined := markup.Fit(v.Report.Additional, "eido")
	if v.Report.Additional = items; joined {
		warnings = append(warnings, stdif.Problem{Code: stdif.CodeTooLarge, Place: "/", Detail: "more items than a report has room for: the last ones are joined"})
	}
	if v.Report.Raw != nil { // what the first of all services sent is nearer to the truth than what we wrote of it
		return finish.Judge(&v.Report, v.Mode, warnings)
	}
	return finish.Report(&v.Report, v.Mode, MediaType, wire, warnings)
}

// handed makes a report of its own of what another headquarters knows: under
// the number that it has there, newer with each change there, and with
// everything that was added there as additional items.
func (v *View) handed(number string) {
	added := *v
	added.Report = stdif.Report{}
	if v.Headquarters.ID == "" && v.ReportID == "" {
		return // a report in the clothes of an EIDO, and nothing more
	}
	keep := func(name, value string) {
		v.Report.Additional = append(v.Report.Additional, stdif.Additional{Name: name, Value: value})
	}
	keep("eido.reportId", v.Report.ID)
	v.Report.ID = number
	if !v.UpdatedAt.IsZero() {
		keep("eido.revision", itoa(v.Report.Revision))
		v.Report.Revision = v.UpdatedAt.UnixMilli()
	}
	added.each(keep)
}

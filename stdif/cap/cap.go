// Package cap reads the Common Alerting Protocol, versions 1.1 and 1.2 (OASIS,
// ITU-T X.1303), into the values of the standard interface: the form in which
// alarm centres and automatic detectors send emergency messages (RFC 8876).
//
// What a reader of this code should know:
//
// Identity. CAP has no revisions: an Update or Cancel is a new message that
// names older ones in <references>. The report's number is the identifier of
// the oldest message named there (by its time), else the message's own. A
// sender that names only the message before the last one starts, for us, a new
// report that shows its references: two reports on the board are a nuisance,
// two emergencies in one report would be a danger. For the same reason
// <incidents> joins nothing here. An identifier that cannot be an id of ours
// (over 128 bytes, control characters) is replaced by its SHA-256.
//
// Revision. It is the time <sent> in seconds since 1970: the newest message
// wins in whatever order they come, without any state in the codec.
//
// Nothing is lost. Every element and attribute without a field of its own goes
// to Report.Additional under its path, and Report.Raw keeps the bytes.
//
// Nothing is fetched. Resources, stylesheets, schema locations and entities are
// names; a document type declaration is refused where it begins.
package cap

import (
	"strings"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/finish"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// MediaType is the registered type of a CAP message.
const MediaType = "application/cap+xml"

// Namespaces of the versions that are read, and of the one that is not.
const (
	ns12 = "urn:oasis:names:tc:emergency:cap:1.2"
	ns11 = "urn:oasis:names:tc:emergency:cap:1.1"
	nsAt = "urn:oasis:names:tc:emergency:cap:"
	ns10 = "http://www.incident.com/cap/1.0"
)

// Codec reads CAP. It satisfies stdif.Codec.
type Codec struct{}

var (
	_ stdif.Codec   = Codec{}
	_ stdif.Sniffer = Codec{}
	_ stdif.Namer   = Codec{}
)

// Name returns the name of the format.
func (Codec) Name() string { return "cap/1.2" }

// MIME returns the media types that CAP is sent under.
func (Codec) MIME() []string { return []string{MediaType, "application/xml", "text/xml"} }

// Sniff recognises a CAP document by its namespace, in UTF-16 too.
func (Codec) Sniff(head []byte) bool { return markup.Begins(head, "emergency:cap:", ns10) }

// ReportID returns the number that a message would have had, "" where it cannot
// be read.
func (Codec) ReportID(wire []byte) string {
	root, _, p := markup.Read(wire)
	if p != nil || root.Name != "alert" || root.Value("identifier") == "" {
		return ""
	}
	return numberOf(root, &mapping{taken: markup.Taken{}})
}

// Decode reads one alert. The Inbound holds a report and the mode that the
// alert's status says.
func (Codec) Decode(wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	in, warnings, p := decode(wire)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	return in, warnings, nil
}

func decode(wire []byte) (in stdif.Inbound, warnings []stdif.Problem, _ *stdif.Problem) {
	root, warnings, p := markup.Read(wire)
	if p != nil {
		return in, nil, p
	}
	if p := rootProblem(root); p != nil {
		return in, nil, p
	}
	m := &mapping{alert: root, warnings: warnings, taken: markup.Taken{}}
	if p := m.envelope(); p != nil {
		return in, nil, p
	}
	m.content()
	m.rest()
	return finish.Report(&m.report, m.mode, MediaType, wire, m.warnings)
}

func rootProblem(root *markup.Element) *stdif.Problem {
	switch {
	case root.Name == "alert" && (root.Space == ns12 || root.Space == ns11):
		return nil
	case root.Name == "alert" && (strings.HasPrefix(root.Space, nsAt) || root.Space == ns10):
		return stdif.Problemf(stdif.CodeVersion, "/alert", "a version of CAP that is not read here: 1.1 and 1.2 are")
	}
	return stdif.Problemf(stdif.CodeSyntax, "/", "not a CAP alert")
}

// DecodeDeclared reads a document whose encoding its carrier may say.
func (c Codec) DecodeDeclared(contentType string, wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	return finish.Declared(c, contentType, wire)
}

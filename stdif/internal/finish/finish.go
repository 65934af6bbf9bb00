// Package finish holds the last steps of a codec: what a message leaves open is
// filled in by a rule and said so, and what was read is judged by the rules of
// every report before it is handed out.
package finish

import (
	"bytes"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/markup"
)

// Report puts the raw bytes beside what was read and judges the whole. A codec
// hands out all of a report or a problem.
func Report(r *stdif.Report, mode stdif.Mode, mime string, wire []byte, warnings []stdif.Problem) (stdif.Inbound, []stdif.Problem, *stdif.Problem) {
	r.Raw = &stdif.Raw{MIME: mime, Bytes: bytes.Clone(wire)}
	return Judge(r, mode, warnings)
}

// Judge is Report for what carries its raw bytes already, or none.
func Judge(r *stdif.Report, mode stdif.Mode, warnings []stdif.Problem) (stdif.Inbound, []stdif.Problem, *stdif.Problem) {
	warnings = append(warnings, r.Normalize()...)
	if p := r.Validate(); p != nil {
		return stdif.Inbound{}, nil, p
	}
	warnings = append(warnings, r.Warnings()...)
	in := stdif.Inbound{Report: r, Mode: mode}
	if p := in.Oversized(); p != nil {
		return stdif.Inbound{}, nil, p
	}
	return in, warnings, nil
}

// Open fills in what a report needs and its format did not say.
//
// Number: the SHA-256 of the bytes, so that the same message sent again is the
// same report, and another one never is.
//
// Revision: the time at which the sender sent it, in seconds since 1970; where
// that is not said, the time at which it was read. The newest wins either way.
//
// Event time: when it was sent, else when it was read. The report then carries
// an item that says so, because a dispatcher must not take it for the time of
// the emergency. A codec asks no clock of its own: now comes from whoever drives
// it, and may be nil.
func Open(r *stdif.Report, sent time.Time, wire []byte, now func() time.Time) (warnings []stdif.Problem) {
	if r.ID == "" {
		r.ID = markup.Digest(wire)
		warnings = append(warnings, stdif.Problem{Code: stdif.CodeMissing, Place: "/reportId", Detail: "the message names no report: it stands alone, under its digest"})
	}
	if sent.IsZero() && now != nil {
		sent = now().UTC().Truncate(time.Second)
	}
	if sent.IsZero() { // no clock: a message without any time is refused by the rules of every report
		sent = r.EventTime
	}
	if sent.IsZero() {
		return warnings
	}
	if r.Revision == 0 {
		r.Revision = sent.Unix()
	}
	if r.EventTime.IsZero() {
		r.EventTime = sent
		const why = "the message does not say when it happened: this is when it was sent or read"
		warnings = append(warnings, stdif.Problem{Code: stdif.CodeMissing, Place: "/eventTime", Detail: why})
		r.Additional = append([]stdif.Additional{{Name: "/eventTime", Value: why}}, r.Additional...)
	}
	return warnings
}

// Declared lets an XML codec read a document whose encoding only its carrier
// says. The raw stays as it came, under the type that says it.
func Declared(c stdif.Codec, contentType string, wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	doc, p := markup.Declared(wire, contentType)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	in, warnings, err := c.Decode(doc)
	if err == nil && in.Report != nil && in.Report.Raw != nil && !bytes.Equal(doc, wire) {
		in.Report.Raw = &stdif.Raw{MIME: stdif.Excerpt(contentType, stdif.MaxShort), Bytes: bytes.Clone(wire)}
	}
	return in, warnings, err
}

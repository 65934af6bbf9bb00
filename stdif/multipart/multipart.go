// Package multipart reads the MIME bodies in which the emergency calls of the
// Internet architecture arrive (RFC 6442, 7852, 8147, 8148, 8876): a location, the
// provider, the subscriber, a crash notification or an alert, each a part of its
// own, with the headers of the call in front. The parts become one report.
//
// What a reader of this code should know:
//
// Form. The body may begin with header lines (those of a SIP message, with or
// without its first line) and a blank line, or with the first delimiter. The
// boundary is the one that the header names, else that of the first delimiter.
// The closing delimiter must be there: a body that was cut is refused whole, and
// kept raw.
//
// A broken part does not break the message. It is flagged at /part[n], its text
// stands among the additional items, and the rest becomes the report. Only where
// no part and no header tells of an emergency at all is the message refused.
//
// Identity. The number is the emergency call identifier (Call-Info with purpose
// emergency-CallId), else the number in a crash notification or alert, else
// Call-ID, else the SHA-256 of the bytes. The incident identifier joins nothing:
// two calls of one incident are two reports, and a person joins them.
//
// Revision. It is the header Date, else the time of sending in a part, else of
// reading, in seconds since 1970. The newest replaces the whole report.
//
// Mode and kind. A service URN of RFC 5031 says sos.fire, sos.ambulance and so
// on, and "test" in front of it; an alert has its status. Otherwise the mode is
// left to the carrier and the kind is "other".
//
// Voice is not carried (S3-L8): a session description is text that is kept.
// Pictures inside a body are not media here, which come with their digest by a
// way of their own; they stay in the raw and are flagged. References (cid: and
// others) are text; nothing is fetched.
package multipart

import (
	"bytes"
	"mime"
	"strings"
	"time"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/internal/finish"
)

// MediaType is the type under which the bodies are sent.
const MediaType = "multipart/mixed"

// Limits of a body beside those of a report.
const (
	MaxParts       = 64
	MaxNesting     = 3
	MaxHeaders     = 64
	maxHeaderBytes = 16 << 10
)

// Codec reads multipart bodies. It satisfies stdif.Codec.
type Codec struct {
	Now func() time.Time // for a message that says no time, which is refused when nil
}

var (
	_ stdif.Codec   = Codec{}
	_ stdif.Sniffer = Codec{}
	_ stdif.Namer   = Codec{}
)

// Name returns the name of the format.
func (Codec) Name() string { return "multipart" }

// MIME returns the media types that such bodies are sent under.
func (Codec) MIME() []string { return []string{MediaType, "multipart/related", "message/sip"} }

// Sniff recognises a delimiter with the header of a part, or a header that
// announces one.
func (Codec) Sniff(head []byte) bool {
	head = bytes.TrimLeft(head, "\r\n")
	low := bytes.ToLower(head)
	if bytes.HasPrefix(head, []byte("--")) {
		line, rest, _ := bytes.Cut(low, []byte("\n"))
		return len(line) > 3 && bytes.HasPrefix(bytes.TrimLeft(rest, "\r\n"), []byte("content-"))
	}
	header, _, _ := bytes.Cut(bytes.ReplaceAll(low, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	return bytes.Contains(append([]byte("\n"), header...), []byte("\ncontent-type: multipart/"))
}

// ReportID returns the number that a message would have, "" where none can be
// read or the message names none.
func (c Codec) ReportID(wire []byte) string {
	m, p := decode(wire)
	if p != nil {
		return ""
	}
	return m.Out.ID
}

// Decode reads one message.
func (c Codec) Decode(wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	m, p := decode(wire)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	m.Warnings = append(m.Warnings, finish.Open(&m.Out, m.sent, wire, c.Now)...)
	m.fit()
	in, warnings, p := finish.Report(&m.Out, m.mode, MediaType, wire, m.Warnings)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	return in, warnings, nil
}

func decode(wire []byte) (*message, *stdif.Problem) {
	if len(wire) > stdif.MaxFrame {
		return nil, stdif.Problemf(stdif.CodeTooLarge, "", "%d bytes, limit %d", len(wire), stdif.MaxFrame)
	}
	head, body, at, p := opening(wire)
	if p != nil {
		return nil, p
	}
	boundary := ""
	if kind, parameters, err := mime.ParseMediaType(head.get("Content-Type")); err == nil && strings.HasPrefix(kind, "multipart/") {
		boundary = parameters["boundary"]
	}
	parts, p := split(body, boundary, at)
	if p != nil {
		return nil, p
	}
	m := newMessage(head)
	m.parts(parts, "", 1)
	m.settle()
	switch {
	case m.fault != nil:
		return nil, m.fault
	case !m.emergency:
		return nil, stdif.Problemf(stdif.CodeMissing, "/part[1]", "no part and no header tells of an emergency")
	}
	return m, nil
}

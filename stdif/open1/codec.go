package open1

import (
	"bytes"
	"encoding/json"

	"github.com/matoi119/matoi/stdif"
)

// ReportCodec reads what a service hands in natively: a bare report, or a whole
// frame whose envelope says the mode. It satisfies stdif.Codec.
type ReportCodec struct{}

var (
	_ stdif.Codec   = ReportCodec{}
	_ stdif.Sniffer = ReportCodec{}
	_ stdif.Namer   = ReportCodec{}
)

// Name returns the name of the profile.
func (ReportCodec) Name() string { return Version }

// MIME returns the media types of the profile.
func (ReportCodec) MIME() []string { return []string{"application/json", "text/json"} }

// Sniff recognises a JSON object.
func (ReportCodec) Sniff(head []byte) bool {
	head = bytes.TrimLeft(trimMark(head), " \t\r\n")
	return len(head) > 0 && head[0] == '{'
}

// Decode reads a message of at most stdif.MaxFrame bytes.
func (ReportCodec) Decode(wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	if len(wire) <= stdif.MaxFrame && isFrame(wire) {
		return decodeHanded(wire)
	}
	r, warnings, p := DecodeReport(wire)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	return stdif.Inbound{Report: &r}, warnings, nil
}

// decodeHanded reads a frame from a service, which does not number: the terminal does.
func decodeHanded(wire []byte) (stdif.Inbound, []stdif.Problem, error) {
	f, p := Decode(wire)
	if p != nil && p.Place != "/seq" && p.Place != "/spool" && p.Place != "/serviceId" {
		return stdif.Inbound{}, nil, p
	}
	if f.Type.numbered() && !f.Mode.Valid() {
		return stdif.Inbound{}, nil, stdif.Problemf(stdif.CodeMode, "/mode", "mode is actual, exercise or test")
	}
	in, warnings, p := DecodeBody(f)
	if p != nil {
		return stdif.Inbound{}, nil, p
	}
	return in, warnings, nil
}

// isFrame reports whether a message says of itself that it is a frame. A report
// has no member "v": were one added to it, it would be unknown and kept.
func isFrame(wire []byte) bool {
	if !bytes.Contains(wire, []byte(`"body"`)) {
		return false
	}
	probe, _, p := read[struct {
		V string `json:"v"`
	}](trimMark(wire))
	return p == nil && probe.V != ""
}

// ReportID returns the service's number out of a message that could not be
// decoded, where the number itself could be read.
func (ReportCodec) ReportID(message []byte) string {
	if scan(message, stdif.MaxFrame) != nil {
		return ""
	}
	whole, _, _ := read[struct {
		ID   string          `json:"reportId"`
		Body json.RawMessage `json:"body"`
	}](trimMark(message))
	if whole.ID == "" && len(whole.Body) > 0 {
		inner, _, _ := read[struct {
			ID string `json:"reportId"`
		}](whole.Body)
		whole.ID = inner.ID
	}
	if (stdif.Undecodable{ReportID: whole.ID}).Validate() != nil {
		return ""
	}
	return whole.ID
}

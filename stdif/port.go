package stdif

import (
	"context"
	"encoding/json"
)

// Inbound is one message of a service as it reaches the headquarters: exactly
// one of the pointers is set.
type Inbound struct {
	Report *Report
	State  *ReportState
	Chat   *ChatMessage
	Media  *Media
	Raw    *Undecodable

	Receipt *Receipt

	// Mode is what the message itself says (an envelope, a status); "" where
	// the format leaves it to whoever carries the message.
	Mode Mode
}

// Oversized returns the fault of a message that would not fit where a profile
// carries it, whatever its parts are. A codec asks before it hands out what a
// large or deliberately spread message became.
func (in Inbound) Oversized() *Problem {
	in.Mode = ""
	wire, err := json.Marshal(in)
	switch {
	case err != nil:
		return Problemf(CodeSyntax, "", "cannot be written again")
	case len(wire) > MaxEncoded-room:
		return Problemf(CodeTooLarge, "", "what was read from the message is over %d bytes", MaxEncoded-room)
	}
	return nil
}

// room is left for an envelope.
const room = 16 << 10

// Undecodable is a message that no codec could read. It is kept, shown as
// 解読できない通報, and rings.
type Undecodable struct {
	Raw     Raw     `json:"raw"`
	Problem Problem `json:"problem"`
	// ReportID is the service's number where one could still be read.
	ReportID string `json:"reportId,omitempty"`

	Additional []Additional `json:"additional,omitempty"` // what no field above takes
}

// Codec reads one real format into the values of this package. Decode never
// returns a half-read report: either all of it, with warnings, or a problem.
type Codec interface {
	Name() string   // for example "open/1", "cap/1.2"
	MIME() []string // media types it answers to
	Decode(wire []byte) (Inbound, []Problem, error)
}

// DataRequest asks a terminal for data, at any time (データ連携要求, S3-1-3-2).
// An empty ReportID asks for all open reports of the service, or of all services.
type DataRequest struct {
	ServiceID string
	ReportID  string
}

// DataPort is what a profile offers to whoever drives a terminal.
type DataPort interface {
	Request(ctx context.Context, q DataRequest) ([]Answer, error)
	Input(ctx context.Context, in []Input) ([]InputResult, error)
}

// Answer is an Inbound with what the envelope said about it.
type Answer struct {
	ServiceID string
	Mode      Mode
	Inbound   Inbound
	Warnings  []Problem
}

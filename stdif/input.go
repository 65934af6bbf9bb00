package stdif

import "time"

// Verb is what the headquarters says to a service about a report. A service
// that is output-only takes none of them (S3-1-3-1).
type Verb string

// The verbs. Ack and Ring are for the terminal itself and work with an
// output-only service too: the terminal keeps the step for whoever asks.
const (
	VerbAck        Verb = "ack"           // a step was reached
	VerbRing       Verb = "ring"          // no console confirmed the ring: the terminal's page rings
	VerbAccept     Verb = "accept"        // a dispatcher claimed it; carries the headquarters' number
	VerbRelease    Verb = "release"       // the claim was given back
	VerbMessage    Verb = "message"       // a chat line to the caller
	VerbClose      Verb = "close"         // a person closed it, with a reason code
	VerbReopen     Verb = "reopen"        // a new revision reopened it
	VerbLink       Verb = "link"          // joined to an incident
	VerbDispatched Verb = "dispatched"    // units were sent out; summary only
	VerbTransfer   Verb = "transfer"      // handed to another headquarters
	VerbMedia      Verb = "request-media" // a picture or a video of the caller is asked for
	VerbGuide      Verb = "guide"         // show a first-aid clip to the caller
	VerbCallBack   Verb = "call-back"     // reach a caller whose session is lost
)

// Input is one thing the headquarters hands to a terminal for a service. It is
// delivered at least once; ID makes it harmless.
type Input struct {
	ID        string       `json:"id"`
	ServiceID string       `json:"serviceId"`
	ReportID  string       `json:"reportId"` // the service's number; a request for media that is about no report of this service carries its own id here
	Mode      Mode         `json:"mode"`
	Verb      Verb         `json:"verb"`
	At        time.Time    `json:"at"`
	Ack       *Ack         `json:"ack,omitempty"`
	Message   *ChatMessage `json:"message,omitempty"`
	HQNumber  string       `json:"hqReportNo,omitempty"` // accept, ring
	Kind      string       `json:"kind,omitempty"`       // ring: common code of the incident type
	Reason    string       `json:"reason,omitempty"`     // close, release, ring: a code
	Summary   string       `json:"summary,omitempty"`    // dispatched
	ToHQ      string       `json:"toHq,omitempty"`       // transfer

	Media    *MediaRequest `json:"media,omitempty"`    // request-media
	Guide    *Guide        `json:"guide,omitempty"`    // guide
	CallBack *CallBack     `json:"callBack,omitempty"` // call-back

	Additional []Additional `json:"additional,omitempty"` // what no field above takes
}

// Elsewhere, as the service of a ring, says that another terminal holds the
// report: its id is the headquarters' number, its kind is in Kind, and no word
// of it is told.
const Elsewhere = "headquarters"

// Reasons of a ring.
const (
	RingUnheard = "unheard" // no console's page confirmed the ring
	RingHeard   = "heard"   // one did: the ring ends
	RingRaised  = "raised"  // what was sent as an exercise or a test is worked on as actual
)

// InputResult is the terminal's answer to one input.
type InputResult struct {
	ID      string   `json:"id"`
	Taken   bool     `json:"taken"`             // durable in the spool; a repeat is taken too
	Problem *Problem `json:"problem,omitempty"` // 403 unknown report, 404 output-only
}

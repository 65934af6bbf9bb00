package eido

import (
	"time"

	"github.com/matoi119/matoi/stdif"
)

// View is what a headquarters knows about one report and may hand to another
// system: the report itself as its service sent it, and what became of it here.
// Everything but Report is optional.
type View struct {
	Report stdif.Report `json:"report"`
	Mode   stdif.Mode   `json:"mode,omitempty"`

	ServiceID string `json:"serviceId,omitempty"` // the service that sent it
	ReportID  string `json:"id,omitempty"`        // the headquarters' own id of the report, which never changes
	Number    string `json:"number,omitempty"`    // as people say it aloud

	State      State      `json:"state,omitempty"`
	ReceivedAt *time.Time `json:"receivedAt,omitempty"`
	AnsweredAt *time.Time `json:"answeredAt,omitempty"` // first claim by a person
	UpdatedAt  time.Time  `json:"updatedAt,omitzero"`   // last change of anything in the view
	Revised    int64      `json:"revised,omitempty"`    // counts the changes; a later view has a higher one

	Headquarters Agency        `json:"headquarters,omitzero"` // whose view it is
	Agencies     []Agency      `json:"agencies,omitempty"`    // others that take part, with their roles
	Agent        *Agent        `json:"agent,omitempty"`       // who has the report in charge
	Incident     string        `json:"incident,omitempty"`    // id of the case that it was joined to
	Links        []Link        `json:"links,omitempty"`
	Chat         []Line        `json:"chat,omitempty"`
	Notes        []Note        `json:"notes,omitempty"`
	Media        []Medium      `json:"media,omitempty"`
	Dispositions []Disposition `json:"dispositions,omitempty"`
}

// State is how far a headquarters is with a report.
type State string

// The states, as the board of a headquarters names them.
const (
	Presented State = "presented"
	Escalated State = "escalated"
	Accepted  State = "accepted"
	InDialog  State = "in_dialog"
	Closed    State = "closed"
	Reopened  State = "reopened" // closed once, and rings again
)

// Agency is a headquarters or another body. ID is what is unique among all who
// exchange: a domain name or the code of a headquarters.
type Agency struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	Role string `json:"role,omitempty"` // CallReceiving, Dispatching, Dispatched, Assisting, Informational, TransferredTo
}

// Roles of an agency (the registry that §4.2 quotes).
const (
	CallReceiving = "CallReceiving"
	Dispatching   = "Dispatching"
	TransferredTo = "TransferredTo"
)

// Agent is a person by id, at a console. No name travels unless the caller of
// Encode puts one here.
type Agent struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	Console string `json:"console,omitempty"`
}

// Link is a case or report that this one belongs to without being the same.
type Link struct {
	Incident string `json:"incident"`
	Reason   string `json:"reason,omitempty"`
}

// Line is a chat line with how far it came.
type Line struct {
	stdif.ChatMessage
	Step string `json:"step,omitempty"`
}

// Note is a text that somebody at the headquarters wrote.
type Note struct {
	ID   string    `json:"id"`
	At   time.Time `json:"at"`
	By   string    `json:"by,omitempty"`
	Text string    `json:"text"`
}

// Medium is a medium by reference: never its bytes. URL leads to whoever may
// fetch it with a right of its own; "" where nothing can be fetched (held back,
// disposed of).
type Medium struct {
	stdif.Media
	URL   string `json:"url,omitempty"`
	State string `json:"state,omitempty"`
}

// Disposition is what a person stated when closing.
type Disposition struct {
	Code string     `json:"code"`
	Text string     `json:"text,omitempty"`
	At   *time.Time `json:"at,omitempty"`
	By   string     `json:"by,omitempty"`
}

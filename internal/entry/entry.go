// Package entry holds the three values that every act leaves behind beside its
// rows: the evidence entry (who did what), the change (what pages must look at
// again) and the message (what must leave the house). None of them ever holds
// a caller's words or a person's health data.
package entry

import (
	"github.com/matoi119/matoi/stdif"
)

// Actor is who acted. A click at a console has Person and Console; a frame has
// Terminal and Service; a timer has System alone. Client stands beside person and
// console when a command system of another maker carried the click, and alone
// when that program acted as a machine. Values are ids, never names.
type Actor struct {
	Person   string `json:"person,omitempty"`
	Console  string `json:"console,omitempty"`
	Terminal string `json:"terminal,omitempty"`
	Service  string `json:"service,omitempty"`
	Client   string `json:"client,omitempty"`
	System   string `json:"system,omitempty"` // for example "wake", "gateway", "command-line"
}

// Entry is one evidence entry: the reason that every written row must have.
// The writer numbers it, stamps it and adds the digests of the rows.
type Entry struct {
	Act     string            // stable name, for example "report.claim"
	Actor   Actor             //
	Subject string            // "report/0197…", "terminal/t-01", "person/…"
	Mode    stdif.Mode        // actual, exercise or test; empty where no report is concerned
	Facts   map[string]string // codes and ids only; keys are sorted when encoded
}

// Change tells every page that a subject looks different now. It carries no
// content: whoever receives it reads the subject again, under its own right.
type Change struct {
	Kind    string // "report", "chat", "terminal", "console", "person", …
	Subject string // id of the subject
	Detail  string // small stable code, for example the act's name
}

// Message is something to deliver outside after the commit, at least once. The
// receiver drops what it has seen by ID.
type Message struct {
	ID          string // UUIDv7; idempotency key at the receiver
	Destination string // "terminal/t-01", "alarm"
	Kind        string // verb of the message, for example "ack", "message", "ring"
	Subject     string // id of the report concerned, or ""
	Body        []byte // encoded for the destination; sealed by the store
}

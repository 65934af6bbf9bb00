// Package open1 is the published profile open/1 of the standard interface:
// JSON frames in UTF-8 over a WebSocket that the headquarters opens, and HTTPS
// for requests, input and media, all inside mutual TLS 1.3. docs/open1.md is
// the text for providers. The package opens no connection by itself except in
// Client, which the headquarters and anybody who tests a terminal use.
package open1

import (
	"encoding/json"
	"time"

	"github.com/matoi119/matoi/stdif"
)

// Version is the value of "v" in every frame.
const Version = "open/1"

// Subprotocol is the WebSocket subprotocol of the data plane.
const Subprotocol = "open1.stdif"

// Paths of the headquarters' face of a terminal (mutual TLS).
const (
	PathData    = "/open1/data"    // GET, WebSocket: frames out, acknowledgements in
	PathReports = "/open1/reports" // GET: data request; ?service= &report=
	PathInputs  = "/open1/inputs"  // POST: []stdif.Input -> []stdif.InputResult
	PathMedia   = "/open1/media/"  // GET {service}/{report}/{medium}, Range
	PathLive    = "/open1/live/"   // GET {service}/{report} ?after=: the live picture after that one, or 204
	PathHealth  = "/open1/health"  // GET: Health
	PathTally   = "/open1/tally"   // GET ?after= &inputs=: Tally, what the terminal holds by number
)

// Paths of the services' face of a terminal (loopback, one credential per service).
const (
	PathIntakeReports = "/intake/reports" // POST a report in any known format; GET {id}: its Status
	PathIntakeState   = "/state"          // POST, below /intake/reports/{id}
	PathIntakeChat    = "/chat"           // POST, below /intake/reports/{id}
	PathIntakeMedia   = "/media/"         // PUT {medium}, below /intake/reports/{id}
	PathIntakeLive    = "/live"           // PUT one picture, below /intake/reports/{id}
	PathIntakeReceipt = "/receipts"       // POST, below /intake/reports/{id}
	PathIntakeOffer   = "/intake/offer"   // PUT what the service can do: stdif.Offer
	PathIntakeEvents  = "/intake/events"  // GET, Server-Sent Events: Input, resumable by Last-Event-ID
)

// Type is the kind of a frame.
type Type string

// Frames from the terminal.
const (
	TypeSnapshotBegin Type = "snapshot.begin" // Snapshot: what is coming
	TypeSnapshotEnd   Type = "snapshot.end"   // everything up to Snapshot.Through has been sent
	TypeReport        Type = "report.upsert"  // stdif.Report
	TypeState         Type = "report.state"   // stdif.ReportState
	TypeChat          Type = "chat.append"    // stdif.ChatMessage
	TypeMedia         Type = "media.add"      // stdif.Media
	TypeRaw           Type = "report.raw"     // stdif.Undecodable
	TypeReceipt       Type = "receipt"        // stdif.Receipt
	TypePing          Type = "ping"           // no body; every 5 s, so that silence is a fault
)

// Frames from the headquarters.
const (
	TypeHello    Type = "hello"            // Hello: first frame of a connection
	TypeAck      Type = "ack"              // AckFrame: stored here
	TypeSnapshot Type = "snapshot.request" // no body: send everything not yet acknowledged again
)

// Frame is the envelope of everything on the data plane. Numbered frames (Seq
// above 0) are durable in the terminal's spool before they are sent. Spool and
// Seq together identify a frame for ever: a spool that is made anew has a new id.
type Frame struct {
	V          string          `json:"v"`
	Type       Type            `json:"type"`
	MsgID      string          `json:"msgId,omitempty"` // UUIDv7; the same in every repeat
	Spool      string          `json:"spool,omitempty"` // id of the spool that numbers
	Seq        int64           `json:"seq,omitempty"`   // 1, 2, 3 … without gaps within a spool
	SentAt     time.Time       `json:"sentAt"`          // the terminal's clock, with offset
	ServiceID  string          `json:"serviceId,omitempty"`
	TerminalID string          `json:"terminalId,omitempty"`
	Mode       stdif.Mode      `json:"mode,omitempty"`
	Late       bool            `json:"late,omitempty"` // spooled while the headquarters was away; never delays a live frame
	Body       json.RawMessage `json:"body,omitempty"`

	// Warnings is what whoever read the message first found in it and a later
	// reader cannot find again: cleaned text, an attachment set aside, doubts
	// about an encoding. DecodeBody returns them with its own.
	Warnings []stdif.Problem `json:"warnings,omitempty"`

	// Extra is what the envelope held and no field above takes. Encode writes
	// it back, DecodeBody hands it on as Additional.
	Extra []stdif.Additional `json:"-"`
}

// Range is a closed run of sequence numbers.
type Range struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

// Hello opens a connection: who dials, and what is already stored here.
type Hello struct {
	Headquarters string  `json:"headquarters"`
	Name         string  `json:"name,omitempty"`
	Spool        string  `json:"spool,omitempty"` // the spool that Have speaks of; "" when none is known
	Have         []Range `json:"have,omitempty"`  // ascending, not overlapping
}

// Snapshot announces the late frames that follow.
type Snapshot struct {
	Spool   string `json:"spool"`
	Through int64  `json:"through"` // highest number in the spool at this moment
	Missing int64  `json:"missing"` // how many late frames will be sent
}

// AckFrame says which frames are durable at the headquarters and which of them
// were refused as reports (kept raw, shown, but not understood).
type AckFrame struct {
	Spool   string    `json:"spool"`
	Have    []Range   `json:"have"`
	Refused []Refusal `json:"refused,omitempty"`
}

// Refusal names a frame that was stored but not understood.
type Refusal struct {
	Seq     int64         `json:"seq"`
	Problem stdif.Problem `json:"problem"`
}

// Status is what a service reads about one of its reports, and what it may
// tell the caller. Only AckStep seen may be shown as 消防が確認しました.
type Status struct {
	ReportID string          `json:"reportId"`
	Revision int64           `json:"revision"`
	Step     stdif.AckStep   `json:"step"`
	At       time.Time       `json:"at"`
	Linked   bool            `json:"linked"` // the headquarters' link is up now
	HQNumber string          `json:"hqReportNo,omitempty"`
	Claimed  bool            `json:"claimed"`
	Closed   bool            `json:"closed"`
	Say      Say             `json:"say"`
	Problem  *stdif.Problem  `json:"problem,omitempty"`
	Warnings []stdif.Problem `json:"warnings,omitempty"`
}

// Say is the sentence that a service may show to the caller.
type Say struct {
	Ja string `json:"ja"`
	En string `json:"en"`
}

// Health is the terminal's own view of itself.
type Health struct {
	TerminalID string            `json:"terminalId"`
	Spool      string            `json:"spool"`
	Version    string            `json:"version"`
	Clock      time.Time         `json:"clock"`
	Through    int64             `json:"through"` // highest number spooled
	Pending    int64             `json:"pending"` // not yet acknowledged
	Services   []ServiceHealth   `json:"services"`
	Planes     map[string]string `json:"planes"` // data: ready; screen: absent, ready, down
	Storable   bool              `json:"storable"`
}

// ServiceHealth describes one service at the terminal.
type ServiceHealth struct {
	ServiceID  string    `json:"serviceId"`
	Name       string    `json:"name"`
	OutputOnly bool      `json:"outputOnly"`
	LastHeard  time.Time `json:"lastHeard,omitzero"`

	Offer *stdif.Offer `json:"offer,omitempty"` // as the service said; absent: it never did
}

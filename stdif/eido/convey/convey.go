// Package convey holds the messages by which a command system subscribes to
// incidents and is told of each change (EIDO conveyance, NENA-STA-024): JSON
// objects over a WebSocket, each with one member that names it.
//
//	subscriber                    notifier
//	subscribe            ->       subscribeResponse
//	                     <-       event, every one answered by eventResponse
//	unsubscribe          ->       unsubscribeResponse
//	                     <-       terminate, answered by terminateResponse
//
// A request that is not known is answered with response and 501. It says what
// the messages are; who sends which one when, and how long anybody waits, is the
// business of whoever holds the connection.
//
// What a reader of this code should know: members that are not known are let
// pass, since a later version may add some, but a message with two names, or
// with none, is refused. Rates and expiry are whole seconds. Ids are the other
// side's own words: at most stdif.MaxID bytes, never interpreted.
package convey

import (
	"bytes"
	"encoding/json"
	"errors"

	strict "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/eido"
)

// Limits of messages, beside those of their documents.
const (
	MaxRequest       = 64 << 10 // bytes of anything but an event
	MaxEvent         = eido.MaxDocument + MaxRequest
	MaxNotifications = 64 // documents of one event
	MaxSeconds       = 7 * 24 * 3600
	maxFilter        = stdif.MaxText
)

// TypeEIDO is the one type of subscription.
const TypeEIDO = "EIDO"

// Subtypes of a subscription.
const (
	SubtypeSingle   = "single"   // one incident
	SubtypeNew      = "new"      // every incident that the subscriber may see
	SubtypeResource = "resource" // incidents with resources of the subscriber
)

// Message is one message: exactly one of the pointers is set.
type Message struct {
	Subscribe           *Subscribe           `json:"subscribe,omitempty"`
	SubscribeResponse   *SubscribeResponse   `json:"subscribeResponse,omitempty"`
	Event               *Event               `json:"event,omitempty"`
	EventResponse       *EventResponse       `json:"eventResponse,omitempty"`
	Unsubscribe         *Unsubscribe         `json:"unsubscribe,omitempty"`
	UnsubscribeResponse *UnsubscribeResponse `json:"unsubscribeResponse,omitempty"`
	Terminate           *Terminate           `json:"terminate,omitempty"`
	TerminateResponse   *TerminateResponse   `json:"terminateResponse,omitempty"`
	Response            *Response            `json:"response,omitempty"` // to a request that is not known
}

// Subscribe asks for a subscription, or renews one (SubscriptionID).
type Subscribe struct {
	RequestID      string `json:"requestId"`
	RequestType    string `json:"requestType,omitempty"`    // TypeEIDO; required for a new one
	RequestSubtype string `json:"requestSubType,omitempty"` // SubtypeSingle …
	Accepts        string `json:"requestAccepts,omitempty"` // media type with major versions
	Filter         string `json:"qualFilter,omitempty"`     // not together with IncidentID
	MinRate        *int64 `json:"minRate,omitempty"`        // seconds after which a notification must be sent
	MaxRate        *int64 `json:"maxRate,omitempty"`        // seconds between two notifications, at least
	Expires        *int64 `json:"expires,omitempty"`        // seconds; 0 ends it
	SubscriptionID string `json:"subscriptionId,omitempty"`
	IncidentID     string `json:"incidentId,omitempty"`
}

// Status is the answer to a request.
type Status struct {
	Code int    `json:"statusCode"`
	Text string `json:"statusText"`
}

// SubscribeResponse answers Subscribe.
type SubscribeResponse struct {
	RequestID      string `json:"requestId"`
	SubscriptionID string `json:"subscriptionId,omitempty"`
	MinRate        *int64 `json:"minRate,omitempty"`
	MaxRate        *int64 `json:"maxRate,omitempty"`
	Expires        *int64 `json:"expires,omitempty"` // seconds from now
	Status
	FilterPeriod *int64 `json:"qualFilterEvalPeriod,omitempty"`
}

// Event carries documents; it is sent again until it is answered.
type Event struct {
	SubscriptionID string            `json:"subscriptionId"`
	TransactionID  string            `json:"transactionId"`
	Notification   []json.RawMessage `json:"notification,omitempty"` // each as eido.Encode wrote it
}

// EventResponse answers Event.
type EventResponse struct {
	TransactionID string `json:"transactionId"`
	Status
}

// Unsubscribe ends a subscription.
type Unsubscribe struct {
	RequestID      string `json:"requestId"`
	SubscriptionID string `json:"subscriptionId"`
}

// UnsubscribeResponse answers Unsubscribe.
type UnsubscribeResponse struct {
	RequestID      string `json:"requestId"`
	SubscriptionID string `json:"subscriptionId"`
	Status
}

// Terminate tells a subscriber that its subscription has ended.
type Terminate struct {
	RequestID      string `json:"requestId"`
	SubscriptionID string `json:"subscriptionId"`
}

// TerminateResponse answers Terminate.
type TerminateResponse struct {
	RequestID      string `json:"requestId"`
	SubscriptionID string `json:"subscriptionId"`
	Status
}

// Response answers what is not known.
type Response struct {
	RequestID string `json:"requestId"`
	Status
}

// The status codes.
const (
	OK             = 200
	BadRequest     = 400
	Forbidden      = 403
	NotFound       = 404 // no such incident
	NotAcceptable  = 406 // no type or version that is spoken here
	TooLarge       = 413
	Unknown        = 481 // no such subscription, or transaction
	ServerError    = 500
	NotImplemented = 501
	Unavailable    = 503
)

var texts = map[int]string{
	OK: "OK", BadRequest: "Bad request", Forbidden: "Forbidden", NotFound: "Not found", NotAcceptable: "Not acceptable", TooLarge: "Too large",
	Unknown: "Subscription does not exist", ServerError: "Server error", NotImplemented: "Not implemented", Unavailable: "Service unavailable",
}

// StatusOf returns a code with its text.
func StatusOf(code int) Status { return Status{code, texts[code]} }

// Read reads one message. Places in a problem are JSON pointers.
func Read(wire []byte) (Message, *stdif.Problem) {
	limit := MaxRequest
	if bytes.Contains(wire[:min(len(wire), 256)], []byte(`"event"`)) {
		limit = MaxEvent
	}
	if len(wire) > limit {
		return Message{}, stdif.Problemf(stdif.CodeTooLarge, "", "%d bytes, limit %d", len(wire), limit)
	}
	if at := tooDeep(wire); at >= 0 {
		return Message{}, stdif.Problemf(stdif.CodeSyntax, "byte "+itoa(at), "nested deeper than %d", maxDepth)
	}
	var m Message
	if err := strict.Unmarshal(wire, &m); err != nil {
		return Message{}, problem(err)
	}
	if p := m.check(); p != nil {
		return Message{}, p
	}
	return m, nil
}

// Encode writes one message; it must have exactly one part and its ids.
func Encode(m Message) ([]byte, error) {
	if p := m.check(); p != nil {
		return nil, p
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Refusal returns what a notifier answers to a message that it could not read:
// with the id of the request where one could be found, "" where none could.
func Refusal(wire []byte, p *stdif.Problem) Message {
	var any map[string]struct {
		RequestID string `json:"requestId"`
	}
	code := BadRequest
	if p != nil && p.Code == stdif.CodeTooLarge {
		code = TooLarge
	}
	r := Response{Status: StatusOf(code)}
	if len(wire) <= MaxRequest && strict.Unmarshal(wire, &any) == nil && len(any) == 1 {
		for name, v := range any {
			if idFault(v.RequestID) == nil {
				r.RequestID = v.RequestID
			}
			if _, known := names[name]; !known {
				r.Status = StatusOf(NotImplemented)
			}
		}
	}
	return Message{Response: &r}
}

func problem(err error) *stdif.Problem {
	var semantic *strict.SemanticError
	if errors.As(err, &semantic) && semantic.JSONPointer != "" {
		return stdif.Problemf(stdif.CodeSyntax, stdif.Excerpt(string(semantic.JSONPointer), 200), "not the kind of value that belongs here")
	}
	var syntactic *jsontext.SyntacticError
	at := 0
	if errors.As(err, &syntactic) {
		at = int(syntactic.ByteOffset)
	}
	return stdif.Problemf(stdif.CodeSyntax, "byte "+itoa(at), "not a message of the conveyance (JSON, no member twice)")
}

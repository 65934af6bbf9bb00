package convey

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/matoi119/matoi/stdif"
)

// names are the members that name a message.
var names = map[string]bool{
	"subscribe": true, "subscribeResponse": true, "event": true, "eventResponse": true, "unsubscribe": true,
	"unsubscribeResponse": true, "terminate": true, "terminateResponse": true, "response": true,
}

func itoa(n int) string { return strconv.Itoa(n) }

type fault struct {
	at    string
	found *stdif.Problem
}

func (f *fault) refuse(code stdif.Code, item, detail string) {
	if f.found == nil {
		f.found = stdif.Problemf(code, f.at+item, "%s", detail)
	}
}

func idFault(id string) *stdif.Problem {
	switch {
	case len(id) > stdif.MaxID:
		return stdif.Problemf(stdif.CodeTooLarge, "", "an id is at most 128 bytes")
	case strings.ContainsFunc(id, unicode.IsControl) || !utf8.ValidString(id):
		return stdif.Problemf(stdif.CodeSyntax, "", "an id has no control characters")
	}
	return nil
}

// id checks an id that must be there.
func (f *fault) id(item, id string) {
	if id == "" {
		f.refuse(stdif.CodeMissing, item, "required item is missing")
	}
	f.maybe(item, id)
}

func (f *fault) maybe(item, id string) {
	if p := idFault(id); p != nil {
		f.refuse(p.Code, item, p.Detail)
	}
}

func (f *fault) seconds(item string, v *int64) {
	if v != nil && (*v < 0 || *v > MaxSeconds) {
		f.refuse(stdif.CodeSyntax, item, "a time is 0 to 604800 seconds")
	}
}

func (f *fault) status(s Status) {
	if s.Code < 100 || s.Code > 999 {
		f.refuse(stdif.CodeMissing, "/statusCode", "a status has three digits")
	}
	if len(s.Text) > stdif.MaxShort {
		f.refuse(stdif.CodeTooLarge, "/statusText", "text is over the limit")
	}
}

// check returns the first fault of a message.
func (m Message) check() *stdif.Problem {
	f := new(fault)
	parts := 0
	part := func(name string, there bool, check func()) {
		if !there {
			return
		}
		parts++
		f.at = "/" + name
		check()
	}
	part("subscribe", m.Subscribe != nil, func() { m.Subscribe.check(f) })
	part("subscribeResponse", m.SubscribeResponse != nil, func() { m.SubscribeResponse.check(f) })
	part("event", m.Event != nil, func() { m.Event.check(f) })
	part("eventResponse", m.EventResponse != nil, func() { f.id("/transactionId", m.EventResponse.TransactionID); f.status(m.EventResponse.Status) })
	part("unsubscribe", m.Unsubscribe != nil, func() { f.both(m.Unsubscribe.RequestID, m.Unsubscribe.SubscriptionID) })
	part("unsubscribeResponse", m.UnsubscribeResponse != nil, func() {
		f.both(m.UnsubscribeResponse.RequestID, m.UnsubscribeResponse.SubscriptionID)
		f.status(m.UnsubscribeResponse.Status)
	})
	part("terminate", m.Terminate != nil, func() { f.both(m.Terminate.RequestID, m.Terminate.SubscriptionID) })
	part("terminateResponse", m.TerminateResponse != nil, func() {
		f.both(m.TerminateResponse.RequestID, m.TerminateResponse.SubscriptionID)
		f.status(m.TerminateResponse.Status)
	})
	part("response", m.Response != nil, func() { f.maybe("/requestId", m.Response.RequestID); f.status(m.Response.Status) })
	if parts != 1 {
		return stdif.Problemf(stdif.CodeSyntax, "/", "a message has exactly one of the members that name it")
	}
	return f.found
}

func (f *fault) both(request, subscription string) {
	f.id("/requestId", request)
	f.id("/subscriptionId", subscription)
}

func (s *Subscribe) check(f *fault) {
	f.id("/requestId", s.RequestID)
	f.maybe("/subscriptionId", s.SubscriptionID)
	f.maybe("/incidentId", s.IncidentID)
	f.seconds("/minRate", s.MinRate)
	f.seconds("/maxRate", s.MaxRate)
	f.seconds("/expires", s.Expires)
	switch {
	case s.SubscriptionID == "" && s.RequestType == "":
		f.refuse(stdif.CodeMissing, "/requestType", "a new subscription says its type")
	case s.RequestType != "" && !strings.EqualFold(s.RequestType, TypeEIDO) /* adapters write it small */ :
		f.refuse(stdif.CodeUnknownValue, "/requestType", "only EIDO is spoken here")
	}
	switch s.RequestSubtype {
	case "", SubtypeSingle, SubtypeNew, SubtypeResource:
	default:
		f.refuse(stdif.CodeUnknownValue, "/requestSubType", "a subtype is single, new or resource")
	}
	if s.Filter != "" && s.IncidentID != "" {
		f.refuse(stdif.CodeSyntax, "/qualFilter", "a filter does not stand beside an incident")
	}
	if len(s.Filter) > maxFilter || len(s.Accepts) > stdif.MaxShort {
		f.refuse(stdif.CodeTooLarge, "/qualFilter", "text is over the limit")
	}
}

func (s *SubscribeResponse) check(f *fault) {
	f.id("/requestId", s.RequestID)
	f.maybe("/subscriptionId", s.SubscriptionID)
	if s.Code == OK {
		f.id("/subscriptionId", s.SubscriptionID)
	}
	f.seconds("/minRate", s.MinRate)
	f.seconds("/maxRate", s.MaxRate)
	f.seconds("/expires", s.Expires)
	f.seconds("/qualFilterEvalPeriod", s.FilterPeriod)
	f.status(s.Status)
}

func (e *Event) check(f *fault) {
	f.id("/subscriptionId", e.SubscriptionID)
	f.id("/transactionId", e.TransactionID)
	if len(e.Notification) > MaxNotifications {
		f.refuse(stdif.CodeTooLarge, "/notification", "more documents than one event may carry")
	}
	for i, one := range e.Notification {
		if len(one) == 0 || one[0] != '{' {
			f.refuse(stdif.CodeSyntax, "/notification/"+itoa(i), "a document is an object")
		}
	}
}

// maxDepth leaves room for an EIDO inside an event.
const maxDepth = stdif.MaxDepth + 4

// tooDeep returns the place of the first bracket that is too deep, or -1.
func tooDeep(wire []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(wire); i++ {
		switch c := wire[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return i
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return -1
}

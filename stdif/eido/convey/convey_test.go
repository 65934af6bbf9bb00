package convey

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/eido"
	"github.com/matoi119/matoi/stdif/internal/samples"
)

// Every message of the other library is read, and says what it says.
func TestSamples(t *testing.T) {
	rate, hour := int64(1500), int64(3600)
	want := map[string]Message{
		"BasicSubscribe.json": {Subscribe: &Subscribe{RequestID: "63bfd612-f558-4489-b653-caa76a7edb9b", RequestType: TypeEIDO, RequestSubtype: SubtypeNew,
			Accepts: `application/emergency.eido+json; version="1,2,3"`, Filter: "<filter_string>", MinRate: &rate}},
		"BasicSubscribeResponse.json": {SubscribeResponse: &SubscribeResponse{RequestID: "63bfd612-f558-4489-b653-caa76a7edb9b", SubscriptionID: "sub1234", Expires: &hour, Status: StatusOf(OK)}},
		"NotifyResponse.json":         {EventResponse: &EventResponse{TransactionID: "f894fjhdsh940jdf@192.168.2.1", Status: StatusOf(OK)}},
		"TerminateRequest.json":       {Terminate: &Terminate{RequestID: "63bfd612-f558-4489-b653-caa76a7edb9b", SubscriptionID: "sub1234"}},
	}
	files := samples.Below(t, "eidolib/websocket/")
	if len(files) != len(want) {
		t.Errorf("%d files, %d are known", len(files), len(want))
	}
	for _, f := range files {
		m, p := Read(f.Read(t))
		if p != nil {
			t.Fatalf("%s: %v", f.Name, p)
		}
		name := f.Name[strings.LastIndexByte(f.Name, '/')+1:]
		if d := cmp.Diff(want[name], m); d != "" {
			t.Errorf("%s (-want +read):\n%s", f.Name, d)
		}
	}
}

// What is written is read again; an event carries documents as they were written.
func TestRoundTrip(t *testing.T) {
	doc, err := eido.Encode(eido.View{Report: stdif.Report{ID: "1", Revision: 1, EventTime: time.Unix(1_700_000_000, 0).UTC(), Kind: stdif.IncidentType{Code: "fire"}, Text: "<煙>"}})
	if err != nil {
		t.Fatal(err)
	}
	n := int64(60)
	for _, m := range []Message{
		{Subscribe: &Subscribe{RequestID: "r", RequestType: TypeEIDO, RequestSubtype: SubtypeSingle, IncidentID: "urn:x", Expires: &n, MaxRate: &n}},
		{Subscribe: &Subscribe{RequestID: "r", SubscriptionID: "s"}},
		{SubscribeResponse: &SubscribeResponse{RequestID: "r", Status: StatusOf(Forbidden)}},
		{Event: &Event{SubscriptionID: "s", TransactionID: "t", Notification: []json.RawMessage{doc, doc}}},
		{EventResponse: &EventResponse{TransactionID: "t", Status: StatusOf(Unknown)}},
		{Unsubscribe: &Unsubscribe{RequestID: "r", SubscriptionID: "s"}},
		{UnsubscribeResponse: &UnsubscribeResponse{RequestID: "r", SubscriptionID: "s", Status: StatusOf(OK)}},
		{Terminate: &Terminate{RequestID: "r", SubscriptionID: "s"}},
		{TerminateResponse: &TerminateResponse{RequestID: "r", SubscriptionID: "s", Status: StatusOf(OK)}},
		{Response: &Response{RequestID: "r", Status: StatusOf(NotImplemented)}},
	} {
		wire, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		again, p := Read(wire)
		if p != nil {
			t.Fatalf("%s: %v", wire, p)
		}
		if d := cmp.Diff(m, again); d != "" {
			t.Errorf("(-written +read):\n%s", d)
		}
		if m.Event != nil {
			if d, _, err := eido.Read(again.Event.Notification[1]); err != nil || !d.Whole || d.View.Report.Text != "<煙>" {
				t.Errorf("the document in an event: %+v, %v", d, err)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for wire, place := range map[string]string{
		`{}`: "/", `[]`: "byte 0", `{"subscribe":{"requestId":"r","requestType":"EIDO"},"event":{"subscriptionId":"s","transactionId":"t"}}`: "/",
		`{"subscribe":{}}`: "/subscribe/requestId", `{"subscribe":{"requestId":"r"}}`: "/subscribe/requestType",
		`{"subscribe":{"requestId":"r","requestType":"CAP"}}`:                                        "/subscribe/requestType",
		`{"subscribe":{"requestId":"r","requestType":"EIDO","requestSubType":"all"}}`:                "/subscribe/requestSubType",
		`{"subscribe":{"requestId":"r","requestType":"EIDO","expires":-1}}`:                          "/subscribe/expires",
		`{"subscribe":{"requestId":"r","requestType":"EIDO","expires":"1"}}`:                         "/subscribe/expires",
		`{"subscribe":{"requestId":"r","requestType":"EIDO","incidentId":"i","qualFilter":"f"}}`:     "/subscribe/qualFilter",
		`{"subscribe":{"requestId":"` + strings.Repeat("x", 129) + `","requestType":"EIDO"}}`:        "/subscribe/requestId",
		`{"event":{"subscriptionId":"s","transactionId":"t","notification":[1]}}`:                    "/event/notification/0",
		`{"eventResponse":{"transactionId":"t"}}`:                                                    "/eventResponse/statusCode",
		`{"terminate":{"requestId":"r","subscriptionId":"a` + "\\u0000" + `"}}`:                      "/terminate/subscriptionId",
		`{"event":{"notification":[` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `]}}`:     "byte 59",
		`{"subscribe":{"requestId":"r","requestId":"r"}}`:                                            "byte 30",
		`{"subscribe":{"requestId":"` + strings.Repeat("x", MaxRequest) + `","requestType":"EIDO"}}`: "",
		`{"event":{"subscriptionId":"s","transactionId":"t","notification":["a"]}}`:                  "/event/notification/0",
		`{"unsubscribe":{"requestId":"r"}}`:                                                          "/unsubscribe/subscriptionId",
		`{"subscribeResponse":{"requestId":"r","statusCode":200,"statusText":"OK"}}`:                 "/subscribeResponse/subscriptionId",
	} {
		if m, p := Read([]byte(wire)); p == nil || p.Place != place || m != (Message{}) {
			t.Errorf("%.120s: %v, want %s", wire, p, place)
		}
	}
	for wire, want := range map[string]Response{
		`{"subscribe":{"requestId":"r"}}`: {"r", StatusOf(BadRequest)}, `{"dance":{"requestId":"r"}}`: {"r", StatusOf(NotImplemented)}, `x`: {"", StatusOf(BadRequest)},
	} {
		_, p := Read([]byte(wire))
		if m := Refusal([]byte(wire), p); m.Response == nil || *m.Response != want {
			t.Errorf("%s is answered with %+v", wire, m.Response)
		}
	}
}

// Whatever comes is refused with a place or is a message that can be written.
func FuzzRead(f *testing.F) {
	for _, wire := range []string{"{}", `{"subscribe":{"requestId":"r","requestType":"EIDO","minRate":1}}`, `{"event":{"subscriptionId":"s","transactionId":"t","notification":[{}]}}`,
		`{"eventResponse":{"transactionId":"t","statusCode":200}}`, `{"response":{"requestId":"","statusCode":501}}`} {
		f.Add([]byte(wire))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		m, p := Read(wire)
		if p != nil {
			Refusal(wire, p)
			return
		}
		once, err := Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		again, p := Read(once)
		if p != nil {
			t.Fatalf("%s: %v", once, p)
		}
		if twice, err := Encode(again); err != nil || string(twice) != string(once) {
			t.Fatalf("%s, then %s, %v", once, twice, err)
		}
	})
}

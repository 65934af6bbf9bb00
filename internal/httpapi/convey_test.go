package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/eido"
	"github.com/matoi119/matoi/stdif/eido/convey"
)

// subscriber is an adapter of another maker.
type subscriber struct {
	testing.TB
	ws *websocket.Conn
}

func (h *house) subscriber(server *httptest.Server, s *seat, path string) *subscriber {
	h.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	h.Cleanup(cancel)
	ws, _, err := websocket.Dial(ctx, server.URL+path, &websocket.DialOptions{ //nolint:bodyclose // taken over by the connection
		Subprotocols: []string{EIDOProtocol}, HTTPHeader: http.Header{"Authorization": {"Bearer " + s.bearer}},
	})
	h.must(err)
	ws.SetReadLimit(convey.MaxEvent)
	h.Cleanup(func() { _ = ws.CloseNow() })
	return &subscriber{h.TB, ws}
}

func (u *subscriber) write(wire string) {
	u.Helper()
	if err := u.ws.Write(u.Context(), websocket.MessageText, []byte(wire)); err != nil {
		u.Fatal(err)
	}
}

func (u *subscriber) say(m convey.Message) {
	u.Helper()
	wire, err := convey.Encode(m)
	if err != nil {
		u.Fatal(err)
	}
	u.write(string(wire))
}

func (u *subscriber) hear() convey.Message {
	u.Helper()
	ctx, cancel := context.WithTimeout(u.Context(), 15*time.Second)
	defer cancel()
	_, wire, err := u.ws.Read(ctx)
	if err != nil {
		u.Fatal(err)
	}
	m, p := convey.Read(wire)
	if p != nil {
		u.Fatalf("%v in %s", p, wire)
	}
	return m
}

// event hears an event and answers it.
func (u *subscriber) event() (convey.Event, []eido.View) {
	u.Helper()
	m := u.hear()
	if m.Event == nil {
		u.Fatalf("heard %+v, want an event", m)
	}
	u.say(convey.Message{EventResponse: &convey.EventResponse{TransactionID: m.Event.TransactionID, Status: convey.StatusOf(convey.OK)}})
	var views []eido.View
	for _, n := range m.Event.Notification {
		doc, _, err := eido.Read(n)
		if err != nil {
			u.Fatal(err)
		}
		views = append(views, doc.View)
	}
	return *m.Event, views
}

func (u *subscriber) subscribe(q convey.Subscribe) convey.SubscribeResponse {
	u.Helper()
	u.say(convey.Message{Subscribe: &q})
	m := u.hear()
	if m.SubscribeResponse == nil || m.SubscribeResponse.RequestID != q.RequestID {
		u.Fatalf("heard %+v", m)
	}
	return *m.SubscribeResponse
}

func all(request string) convey.Subscribe {
	return convey.Subscribe{RequestID: request, RequestType: convey.TypeEIDO, RequestSubtype: convey.SubtypeNew}
}

// Everything that is active first, then each change, as a command system next
// door needs it; nothing of health.
func TestConveyance(t *testing.T) {
	h := newHouse(t)
	server := h.serve()
	m := h.machine("指令システム", client.EIDO)
	a := h.seat("c-a", staff.Dispatcher)
	r := h.reported("N-1")
	words2 := words("N-2", 1)
	words2.Medical = &stdif.Medical{Conditions: []string{"PLANTED-ILLNESS"}}
	h.arrive(stdif.Inbound{Report: words2})
	h.caughtUp()
	u := h.subscriber(server, m, base+"/eido")
	answer := u.subscribe(all("q1"))
	if answer.Code != convey.OK || answer.SubscriptionID == "" || *answer.Expires != usualExpiry {
		t.Fatalf("subscribed: %+v", answer)
	}
	event, views := u.event()
	if event.SubscriptionID != answer.SubscriptionID || len(views) != 2 || views[0].ReportID != r.ID || views[0].Report.Text != "助けて" {
		t.Fatalf("first: %+v", views)
	}
	if views[1].Report.Medical != nil || strings.Contains(string(event.Notification[1]), "PLANTED-ILLNESS") {
		t.Error("health data left the house")
	}
	read[Card](h, a, "POST", "/reports/"+r.ID+"/claim", map[string]any{})
	if _, views = u.event(); len(views) != 1 || views[0].State != eido.Accepted || views[0].Agent == nil || views[0].Agent.ID != a.person.ID {
		t.Errorf("after the claim: %+v", views)
	}
	read[nothing](h, a, "POST", "/reports/"+r.ID+"/chat", map[string]string{"id": "l1", "text": "どうしました"})
	if _, views = u.event(); len(views) != 1 || len(views[0].Chat) != 1 {
		t.Errorf("after a line: %+v", views)
	}
	read[nothing](h, a, "POST", "/reports/"+r.ID+"/close", map[string]string{"reason": "handled", "note": "PLANTED-NOTE"})
	event, views = u.event()
	if views[0].State != eido.Closed || len(views[0].Dispositions) != 1 || strings.Contains(string(event.Notification[0]), "PLANTED-NOTE") {
		t.Errorf("after closing: %+v", views)
	}
	u.say(convey.Message{Unsubscribe: &convey.Unsubscribe{RequestID: "q2", SubscriptionID: answer.SubscriptionID}})
	if m := u.hear(); m.UnsubscribeResponse == nil || m.UnsubscribeResponse.Code != convey.OK {
		t.Errorf("unsubscribed: %+v", m)
	}
}

// The single document over HTTP is the one that a subscription tells, read whole
// again; a person with the right sees health data in it, a machine does not.
func TestReportAsEIDO(t *testing.T) {
	h := newHouse(t)
	report := words("N-1", 1)
	report.Medical = &stdif.Medical{Conditions: []string{"喘息"}}
	h.arrive(stdif.Inbound{Report: report})
	open, err := h.store.Reports().Board(t.Context())
	h.must(err)
	for _, tt := range []struct {
		who    *seat
		health bool
	}{{h.seat("c-a", staff.Dispatcher), true}, {h.machine("m", client.Read), false}} {
		w := h.do(tt.who, "GET", "/reports/"+open[0].ID+"/eido", nil)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != eido.MediaType {
			t.Fatalf("%d %s", w.Code, w.Header())
		}
		doc, _, err := eido.Read(w.Body.Bytes())
		h.must(err)
		if !doc.Whole || doc.View.Report.Text != report.Text || (doc.View.Report.Medical != nil) != tt.health {
			t.Errorf("health %t: %+v", tt.health, doc.View)
		}
	}
	if w := h.do(h.machine("v", client.Voice), "GET", "/reports/"+open[0].ID+"/eido", nil); w.Code != http.StatusForbidden {
		t.Errorf("without the scope: %d", w.Code)
	}
	h.incoming(act.Incoming{Frame: "t-01/spool/99", Terminal: "t-01", Spool: "spool", Seq: 99, Service: service, Type: "report", Mode: stdif.Actual, SentAt: time.Now(),
		Wire: []byte("{rubbish"), Problem: stdif.Problemf(stdif.CodeSyntax, "", "no JSON")})
	open, err = h.store.Reports().Board(t.Context())
	h.must(err)
	for _, r := range open {
		if w := h.do(h.machine("m2", client.Read), "GET", "/reports/"+r.ID+"/eido", nil); w.Code != http.StatusOK {
			t.Errorf("%s (undecodable %t) = %d %s", r.ID, r.Undecodable, w.Code, w.Body)
		}
	}
}

// The conversation that another library brings along, played against us.
func TestSampleConversation(t *testing.T) {
	dir := os.Getenv("MATOI_SAMPLES")
	if dir == "" {
		dir = "../../../shared/samples"
	}
	sample := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, "eidolib/websocket", name))
		if err != nil {
			t.Skipf("the samples are not here: %v", err)
		}
		return string(text)
	}
	h := newHouse(t)
	server := h.serve()
	h.reported("N-1")
	u := h.subscriber(server, h.machine("other", client.EIDO), "/IncidentData/ent")
	u.write(sample("BasicSubscribe.json"))
	m := u.hear()
	if m.SubscribeResponse == nil || m.SubscribeResponse.RequestID != "63bfd612-f558-4489-b653-caa76a7edb9b" || m.SubscribeResponse.Code != convey.OK {
		t.Fatalf("heard %+v", m)
	}
	event := u.hear()
	if event.Event == nil || len(event.Event.Notification) != 1 {
		t.Fatalf("heard %+v", event)
	}
	u.write(strings.Replace(sample("NotifyResponse.json"), "f894fjhdsh940jdf@192.168.2.1", event.Event.TransactionID, 1))
	u.say(convey.Message{Unsubscribe: &convey.Unsubscribe{RequestID: "r", SubscriptionID: m.SubscribeResponse.SubscriptionID}})
	if m := u.hear(); m.UnsubscribeResponse == nil {
		t.Errorf("heard %+v", m)
	}
	u.write(sample("TerminateRequest.json")) // not for a notifier
	if m := u.hear(); m.Response == nil {
		t.Errorf("heard %+v", m)
	}
}

func TestSubscriptionsThatAreRefused(t *testing.T) {
	h := newHouse(t)
	server := h.serve()
	r := h.reported("N-1")
	u := h.subscriber(server, h.machine("other", client.EIDO), base+"/eido")
	soon := int64(0)
	for name, tt := range map[string]struct {
		q    convey.Subscribe
		want int
	}{
		"resources":               {convey.Subscribe{RequestID: "q", RequestType: "EIDO", RequestSubtype: convey.SubtypeResource}, convey.NotAcceptable},
		"another type":            {convey.Subscribe{RequestID: "q", RequestType: "EIDO", Accepts: "text/xml"}, convey.NotAcceptable},
		"another version":         {convey.Subscribe{RequestID: "q", RequestType: "EIDO", Accepts: eido.MediaType + `;version="2,3"`}, convey.NotAcceptable},
		"unknown incident":        {convey.Subscribe{RequestID: "q", RequestType: "EIDO", RequestSubtype: convey.SubtypeSingle, IncidentID: "none"}, convey.NotFound},
		"single without incident": {convey.Subscribe{RequestID: "q", RequestType: "EIDO", RequestSubtype: convey.SubtypeSingle}, convey.BadRequest},
		"renewal of nothing":      {convey.Subscribe{RequestID: "q", SubscriptionID: "none"}, convey.Unknown},
	} {
		if got := u.subscribe(tt.q); got.Code != tt.want {
			t.Errorf("%s: %d, want %d", name, got.Code, tt.want)
		}
	}
	for _, wire := range []string{"", "{", "[]", `{"subscribe":{}}`, `{"subscribe":{"requestId":"x"},"terminate":{}}`, strings.Repeat(`{"a":`, 200)} {
		u.write(wire)
		if m := u.hear(); m.Response == nil || m.Response.Code != convey.BadRequest && m.Response.Code != convey.NotImplemented {
			t.Errorf("%.20q: %+v", wire, m)
		}
	}
	u.write(`{"transfer":{"requestId":"x"}}`)
	if m := u.hear(); m.Response == nil || m.Response.Code != convey.NotImplemented || m.Response.RequestID != "x" {
		t.Errorf("an unknown request: %+v", m)
	}
	one := convey.Subscribe{RequestID: "q", RequestType: "eido", RequestSubtype: convey.SubtypeSingle, IncidentID: "urn:emergency:uid:incidentid:" + r.ID + ":279999"}
	answer := u.subscribe(one)
	if answer.Code != convey.OK {
		t.Fatalf("single: %+v", answer)
	}
	if _, views := u.event(); len(views) != 1 || views[0].ReportID != r.ID {
		t.Errorf("single: %+v", views)
	}
	h.reported("N-2") // of another incident: nothing is told
	if answer := u.subscribe(convey.Subscribe{RequestID: "q", SubscriptionID: answer.SubscriptionID, Expires: &soon}); answer.Code != convey.OK || *answer.Expires != 0 {
		t.Errorf("ended by expiry of 0: %+v", answer)
	}
	if answer := u.subscribe(convey.Subscribe{RequestID: "q", SubscriptionID: answer.SubscriptionID}); answer.Code != convey.Unknown {
		t.Errorf("renewed after its end: %+v", answer)
	}
}

// Whoever does not answer is told again, and dropped after the third time.
func TestSilentSubscriber(t *testing.T) {
	h := newHouse(t)
	h.conveyTimes = conveyTimes{answer: time.Second, idle: time.Second, write: time.Second, ping: time.Minute}
	server := h.serve()
	h.reported("N-1")
	u := h.subscriber(server, h.machine("silent", client.EIDO), base+"/eido")
	u.subscribe(all("q"))
	first := u.hear()
	for range mostUnanswered - 1 {
		if again := u.hear(); again.Event == nil || again.Event.TransactionID != first.Event.TransactionID {
			t.Fatalf("heard %+v", again)
		}
	}
	if m := u.hear(); m.Terminate == nil || m.Terminate.SubscriptionID != first.Event.SubscriptionID {
		t.Errorf("heard %+v, want terminate", m)
	}
	if _, _, err := u.ws.Read(t.Context()); err == nil {
		t.Error("a connection without subscriptions stays")
	}
}

// Huge frames and floods end the connection, and nobody else's.
func TestHostileSubscriber(t *testing.T) {
	h := newHouse(t)
	server := h.serve()
	m := h.machine("hostile", client.EIDO)
	good := h.subscriber(server, m, base+"/eido")
	huge := h.subscriber(server, m, base+"/eido")
	_ = huge.ws.Write(t.Context(), websocket.MessageText, []byte(`{"subscribe":"`+strings.Repeat("x", 2*convey.MaxRequest)+`"}`)) // may be cut off while writing
	if _, _, err := huge.ws.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("a huge frame: %v", err)
	}
	flood := h.subscriber(server, m, base+"/eido")
	go func() {
		for flood.ws.Write(context.Background(), websocket.MessageText, []byte("{}")) == nil {
		}
	}()
	for {
		if _, _, err := flood.ws.Read(t.Context()); err != nil {
			break
		}
	}
	if answer := good.subscribe(all("q")); answer.Code != convey.OK {
		t.Errorf("the other connection: %+v", answer)
	}
}

// A connection without the subprotocol is no subscription, and a revoked client
// loses its own.
func TestConveyanceNeedsItsProtocolAndItsRight(t *testing.T) {
	h := newHouse(t)
	server := h.serve()
	m := h.registered("other", client.EIDO)
	if w := h.do(m.seat, "GET", "/eido", nil); w.Code != http.StatusUnprocessableEntity || problemIn(t, w).Key != "eido.protocol" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	u := h.subscriber(server, m.seat, base+"/eido")
	u.subscribe(all("q"))
	h.must(h.acts.RevokeClient(t.Context(), act.CommandLine(), m.id, ""))
	if got := u.hear(); got.Terminate == nil {
		t.Errorf("heard %+v, want terminate", got)
	}
}

// Rates: not more often than maxRate, and a sign of life after minRate.
func TestRatesOfASubscription(t *testing.T) {
	h := newHouse(t)
	server := h.serve()
	u := h.subscriber(server, h.machine("other", client.EIDO), base+"/eido")
	one := int64(1)
	q := all("q")
	q.MinRate, q.MaxRate = &one, &one
	u.subscribe(q)
	_, views := u.event() // nothing is active: a sign of life
	if len(views) != 0 {
		t.Errorf("heard %+v", views)
	}
	begun := time.Now()
	for i := range 3 {
		h.reported("N-" + string(rune('1'+i)))
	}
	if _, views = u.event(); len(views) != 3 || time.Since(begun) < 500*time.Millisecond {
		t.Errorf("%d documents after %s", len(views), time.Since(begun))
	}
}

package journey

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/matoi119/matoi/internal/app"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/eido"
	"github.com/matoi119/matoi/stdif/open1"
)

// api is a command system of another maker: it has a token and nothing else.
type api struct {
	t     *testing.T
	base  string
	http  *http.Client
	token string
	seat  string // where somebody is to log in
}

// call makes a request and reads its answer into out; what is not 2xx comes back
// as a problem.
func (a *api) call(method, path string, body, out any) (status int, problem string) {
	a.t.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			a.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.base+"/api/v1"+path, r)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Accept-Language", "en")
	if a.seat != "" {
		req.Header.Set("Matoi-Console", a.seat)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", uuid.NewString())
	}
	res, err := a.http.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	if res.StatusCode/100 != 2 {
		return res.StatusCode, string(b)
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			a.t.Fatalf("%s %s: %v in %s", method, path, err, b)
		}
	}
	return res.StatusCode, ""
}

// must is call where a refusal ends the test.
func (a *api) must(method, path string, body, out any) {
	a.t.Helper()
	if status, problem := a.call(method, path, body, out); problem != "" {
		a.t.Fatalf("%s %s = %d %s", method, path, status, problem)
	}
}

// apiCard is what the walk reads of a report.
type apiCard struct {
	ID          string `json:"id"`
	ServiceID   string `json:"serviceReportId"`
	State       string `json:"state"`
	Step        string `json:"step"`
	Undecodable bool   `json:"undecodable"`
	Claim       *struct{ ConsoleID, PersonName string }
	Incident    *struct{ ID string }
}

type apiChange struct {
	Seq    int64
	Kind   string
	Detail string
	Report *apiCard
}

// feed follows the changes of the headquarters.
type feed struct {
	*api
	changes chan apiChange
}

func (a *api) follow(ctx context.Context, cursor int64) *feed {
	a.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/api/v1/feed?cursor=%d", a.base, cursor), nil)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	res, err := a.http.Do(req) //nolint:bodyclose // read to its end below
	if err != nil || res.StatusCode != http.StatusOK {
		a.t.Fatalf("feed: %v %v", res, err)
	}
	f := &feed{a, make(chan apiChange, 4096)}
	go func() {
		defer close(f.changes)
		defer res.Body.Close()
		in := bufio.NewScanner(res.Body)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			data, ok := strings.CutPrefix(in.Text(), "data: ")
			var c apiChange
			if ok && json.Unmarshal([]byte(data), &c) == nil && c.Seq > 0 {
				f.changes <- c
			}
		}
	}()
	return f
}

// until waits for a change that fits.
func (f *feed) until(what string, fits func(apiChange) bool) apiChange {
	f.t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	for {
		select {
		case c, ok := <-f.changes:
			if !ok {
				f.t.Fatalf("the feed ended before: %s", what)
			}
			if fits(c) {
				return c
			}
		case <-deadline.C:
			f.t.Fatalf("never came: %s", what)
		}
	}
}

// arrived waits for a report of the service.
func (f *feed) arrived(serviceReport string) apiCard {
	f.t.Helper()
	return *f.until("report "+serviceReport, func(c apiChange) bool { return c.Report != nil && c.Report.ServiceID == serviceReport }).Report
}

// office is a house with a client, two persons at consoles of it, and its feed.
type office struct {
	*house
	t            *testing.T
	machine      *api
	sato, suzuki *api
	feed         *feed
}

func newOffice(t *testing.T) *office {
	t.Helper()
	return newOfficeWith(t, app.MediaConfig{})
}

func newOfficeWith(t *testing.T, media app.MediaConfig) *office {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir(), log: slog.New(slog.DiscardHandler), media: media}
	h := s.newHouse(t.TempDir(), 1<<20)
	ctx := t.Context()
	id, token, err := h.server.AddClient(ctx, "指令システム", "指令課 内線 11", []string{"read", "voice", "eido", "webhook", "console"}, "", 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	door := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: h.server.CA.Pool(), MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true}}
	t.Cleanup(door.CloseIdleConnections)
	o := &office{house: h, t: t, machine: &api{t: t, base: h.server.URL(), http: door, token: token}}
	if _, err := h.server.AddPerson(ctx, "suzuki", "鈴木 花子", password, []string{"dispatcher"}); err != nil {
		t.Fatal(err)
	}
	for name, into := range map[string]**api{account: &o.sato, "suzuki": &o.suzuki} {
		seat, err := h.server.AddClientConsole(ctx, id, "指令システム "+name, false)
		if err != nil {
			t.Fatal(err)
		}
		door := *o.machine
		door.seat = seat
		var me struct{ Token string }
		door.must("POST", "/sessions", map[string]string{"account": name, "password": password}, &me)
		*into = &api{t: t, base: door.base, http: door.http, token: me.Token}
	}
	var board struct{ Cursor int64 }
	o.machine.must("GET", "/board", nil, &board)
	o.feed = o.machine.follow(ctx, board.Cursor)
	return o
}

// send lets the service hand a report over, and returns it as headquarters has it.
func (o *office) send(id, text string) apiCard {
	o.t.Helper()
	r := stdif.Report{ID: id, Revision: 1, EventTime: time.Now().Truncate(time.Millisecond), Kind: stdif.IncidentType{Code: stdif.KindEMS}, Text: text,
		Subscriber: &stdif.SubscriberInfo{Name: "例示 花子", Phone: "+819000000000"}}
	answer, err := o.service.Report(o.t.Context(), stdif.Actual, r)
	if err != nil || !answer.Taken() {
		o.t.Fatalf("%v %v", answer, err)
	}
	return o.feed.arrived(id)
}

// One report from ring to closing through the API alone: the race is lost and
// the winner named, lines reach the caller's terminal, data is asked for, and the
// evidence names program, console and person.
func TestOneReportThroughTheAPI(t *testing.T) {
	o := newOffice(t)
	c := o.send("N-1", "助けて")
	path := "/reports/" + c.ID
	o.sato.must("POST", "/feed/painted", map[string]any{"through": 0, "reports": []string{c.ID}}, nil)
	o.feed.until("integrated", func(v apiChange) bool { return v.Report != nil && v.Report.Step == "integrated" })
	o.sato.must("POST", path+"/open", map[string]any{}, nil)

	var race sync.WaitGroup
	lost := make(chan string, 2)
	for _, who := range []*api{o.sato, o.suzuki} {
		race.Go(func() {
			if _, problem := who.call("POST", path+"/claim", map[string]any{}, nil); problem != "" {
				lost <- problem
			}
		})
	}
	race.Wait()
	close(lost)
	var detail struct {
		Card     apiCard
		Chat     []struct{ Text, Delivery string }
		Timeline []struct {
			Act string
			By  struct{ ClientName, ConsoleName, PersonName string }
		}
	}
	o.machine.must("GET", path, nil, &detail)
	problem := <-lost
	if detail.Card.Claim == nil || !strings.Contains(problem, detail.Card.Claim.PersonName) {
		t.Errorf("the loser was told %s; claimed by %+v", problem, detail.Card.Claim)
	}
	winner, other := o.sato, o.suzuki
	if detail.Card.Claim.PersonName != "佐藤 一郎" {
		winner, other = other, winner
	}
	winner.must("POST", path+"/chat", map[string]string{"id": "l-1", "text": "救急車が向かっています"}, nil)
	o.feed.until("the line is at the terminal", func(v apiChange) bool {
		if v.Kind != "chat" {
			return false
		}
		o.machine.must("GET", path, nil, &detail)
		return len(detail.Chat) == 1 && detail.Chat[0].Delivery != "sent"
	})
	if answer, err := o.service.Chat(t.Context(), stdif.ChatMessage{ID: "c-1", ReportID: "N-1", From: stdif.FromCaller, At: time.Now(), Text: "ありがとう"}); err != nil || !answer.Taken() {
		t.Fatalf("%v %v", answer, err)
	}
	o.feed.until("the caller's line", func(v apiChange) bool { return v.Detail == "chat.receive" || v.Kind == "chat" })
	winner.must("POST", path+"/data-requests", map[string]any{}, nil)
	o.feed.until("the answer to the data request", func(v apiChange) bool { return v.Detail == "data.answer" })
	if status, _ := other.call("POST", path+"/take-over", map[string]string{"reason": "overloaded"}, nil); status != http.StatusConflict {
		t.Errorf("took over what somebody works on: %d", status)
	}
	var me struct{ Console struct{ ID string } }
	other.must("GET", "/me", nil, &me)
	winner.must("POST", path+"/offer", map[string]string{"to": me.Console.ID}, nil)
	other.must("POST", path+"/offer/accept", map[string]any{}, nil)
	if status, _ := winner.call("POST", path+"/close", map[string]string{"reason": "handled"}, nil); status != http.StatusConflict {
		t.Errorf("closed somebody else's report: %d", status)
	}
	other.must("POST", path+"/release", map[string]any{}, nil)
	winner.must("POST", path+"/claim", map[string]any{}, nil)
	winner.must("POST", path+"/close", map[string]string{"reason": "handled", "note": "病院へ"}, nil)
	o.machine.must("GET", path, nil, &detail)
	if detail.Card.State != "closed" {
		t.Errorf("state %s", detail.Card.State)
	}
	for _, m := range detail.Timeline {
		if strings.HasPrefix(m.Act, "report.claim") && (m.By.ClientName != "指令システム" || m.By.PersonName == "" || m.By.ConsoleName == "") {
			t.Errorf("%s by %+v", m.Act, m.By)
		}
	}
}

// What cannot be understood rings, is read as it came, and is closed by a person.
func TestUndecodableThroughTheAPI(t *testing.T) {
	o := newOffice(t)
	h := http.Header{"Content-Type": {"application/json"}, intake.ModeHeader: {string(stdif.Actual)}}
	if _, err := o.service.Do(t.Context(), http.MethodPost, open1.PathIntakeReports, h, strings.NewReader(`{"reportId":"N-X","text":`)); err != nil {
		t.Fatal(err)
	}
	c := *o.feed.until("an undecodable report", func(v apiChange) bool { return v.Report != nil && v.Report.Undecodable }).Report
	var detail struct{ Raw struct{ Text string } }
	o.sato.must("GET", "/reports/"+c.ID, nil, &detail)
	if !strings.Contains(detail.Raw.Text, "N-X") {
		t.Errorf("shown as %q", detail.Raw.Text)
	}
	o.sato.must("POST", "/reports/"+c.ID+"/claim", map[string]any{}, nil)
	o.sato.must("POST", "/reports/"+c.ID+"/close", map[string]string{"reason": "mistaken"}, nil)
}

// A ring that no console confirms is told as unheard.
func TestUnheardThroughTheAPI(t *testing.T) {
	o := newOffice(t)
	c := o.send("N-1", "誰か")
	o.feed.until("unheard", func(v apiChange) bool { return v.Detail == "report.unheard" && v.Report != nil && v.Report.ID == c.ID })
	o.sato.must("POST", "/feed/painted", map[string]any{"through": 0, "reports": []string{c.ID}}, nil)
	o.feed.until("integrated", func(v apiChange) bool { return v.Report != nil && v.Report.ID == c.ID && v.Report.Step == "integrated" })
}

// Two reports and a voice call of one number become one incident, by a person.
func TestIncidentThroughTheAPI(t *testing.T) {
	o := newOffice(t)
	a, b := o.send("N-1", "煙が見える"), o.send("N-2", "火が出ている")
	o.machine.must("POST", "/voice-calls", map[string]any{"id": "119-1", "number": "09000000000", "line": "119-3", "startedAt": time.Now(), "state": "ringing"}, nil)
	if status, _ := o.machine.call("POST", "/reports/"+a.ID+"/incident", map[string]any{}, nil); status != http.StatusForbidden {
		t.Errorf("a machine opened an incident: %d", status)
	}
	o.sato.must("POST", "/reports/"+a.ID+"/incident", map[string]any{}, nil)
	var joining struct {
		Incident  *struct{ ID string }
		Proposals []struct{ Kind, ID string }
	}
	o.sato.must("GET", "/reports/"+a.ID+"/incident", nil, &joining)
	kinds := map[string]string{}
	for _, p := range joining.Proposals {
		kinds[p.Kind] = p.ID
	}
	if kinds["report"] != b.ID || kinds["voice-call"] == "" {
		t.Fatalf("proposed %+v", joining.Proposals)
	}
	o.sato.must("POST", "/reports/"+a.ID+"/incident/join", map[string]string{"kind": "report", "id": b.ID}, nil)
	o.sato.must("POST", "/reports/"+a.ID+"/incident/join", map[string]string{"kind": "voice-call", "id": kinds["voice-call"]}, nil)
	o.sato.must("POST", "/reports/"+a.ID+"/incident/part", map[string]string{"kind": "report", "id": b.ID, "reason": "slip"}, nil)
	var list []struct{ ID string }
	o.machine.must("GET", "/incidents", nil, &list)
	if len(list) != 1 || list[0].ID != joining.Incident.ID {
		t.Errorf("incidents %+v", list)
	}
}

// The same report as the standard's own document, and every route of reading.
func TestReadingThroughTheAPI(t *testing.T) {
	o := newOffice(t)
	c := o.send("N-1", "助けて")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.machine.base+"/api/v1/reports/"+c.ID+"/eido", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+o.machine.token)
	res, err := o.machine.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if doc, _, err := eido.Read(body); err != nil || doc.View.Report.Text != "助けて" {
		t.Errorf("%d %v", res.StatusCode, err)
	}
	for _, path := range []string{"/me", "/board", "/reports", "/reports?state=closed", "/terminals", "/voice-calls", "/incidents", "/clients/self/webhooks", "/openapi.json"} {
		o.machine.must("GET", path, nil, nil)
	}
	var found []apiCard
	o.machine.must("POST", "/reports/search", map[string]string{"phone": "090-0000-0000"}, &found)
	if len(found) != 1 || found[0].ID != c.ID {
		t.Errorf("found %+v", found)
	}
	o.sato.must("DELETE", "/sessions/current", nil, nil)
	if status, _ := o.sato.call("GET", "/me", nil, nil); status != http.StatusUnauthorized {
		t.Errorf("after logging out: %d", status)
	}
}

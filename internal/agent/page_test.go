package agent

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// browser is a person's browser at the terminal.
type browser struct {
	s      *site
	cookie *http.Cookie
}

// open uses the one-time link that was printed.
func (s *site) open() *browser {
	s.Helper()
	link, err := s.PageLink()
	if err != nil {
		s.Fatal(err)
	}
	_, key, ok := strings.Cut(link, "#key=")
	if !ok {
		s.Fatalf("link %s carries no key", link)
	}
	b := &browser{s: s}
	if code, _ := b.do("POST", "/page/session", map[string]string{"key": key}); code != http.StatusNoContent || b.cookie == nil {
		s.Fatalf("session: %d, cookie %v", code, b.cookie)
	}
	if code, _ := b.do("POST", "/page/session", map[string]string{"key": key}); code != http.StatusUnauthorized {
		s.Errorf("the key worked twice: %d", code)
	}
	return b
}

func (b *browser) do(method, path string, body any) (int, []byte) {
	b.s.Helper()
	req, err := http.NewRequest(method, b.s.IntakeURL()+path, bytes.NewReader(mustJSON(body)))
	if err != nil {
		b.s.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if b.cookie != nil {
		req.AddCookie(b.cookie)
	}
	res, err := b.s.http.Do(req)
	if err != nil {
		b.s.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		b.s.Fatal(err)
	}
	for _, c := range res.Cookies() {
		b.cookie = c
	}
	return res.StatusCode, out
}

func (b *browser) state() pageState {
	b.s.Helper()
	code, body := b.do("GET", "/page/state", nil)
	var v pageState
	if err := json.Unmarshal(body, &v); err != nil || code != http.StatusOK {
		b.s.Fatalf("page state: %d %s", code, body)
	}
	return v
}

func (b *browser) report(id string) pageReport {
	b.s.Helper()
	for _, r := range b.state().Reports {
		if r.ReportID == id {
			return r
		}
	}
	b.s.Fatalf("%s is not on the page", id)
	return pageReport{}
}

func (b *browser) post(path string, body any, want int) {
	b.s.Helper()
	if code, answer := b.do("POST", "/page/reports/"+path, body); code != want {
		b.s.Errorf("POST %s: %d %s, want %d", path, code, answer, want)
	}
}

// Condition 1-1-2: the link is down, and one case is completed with the terminal
// alone: it rings here, a person reads and answers, the caller answers, the
// person finishes it. After the link is back the headquarters has every line.
func TestTerminalAlone(t *testing.T) {
	duty(t, "S3-1-1-2")
	s := newSite(t, nil)
	b := s.open()
	if v := b.state(); v.Link.State != "down" || v.TerminalID != "t-01" || v.Headquarters != "例示消防本部" || !v.Storable {
		t.Fatalf("page = %+v", v)
	}
	r := newReport("N-1", 1)
	r.Locations = []stdif.Location{{Role: "registered-home", Civic: &stdif.Civic{Prefecture: "大阪府", City: "例示市", Line: "本町1-2-3", Note: "付近"}}}
	s.report("net119", r)
	test := newReport("N-2", 1)
	if a := s.do("net119", "POST", open1.PathIntakeReports, withMode(stdif.Test), mustJSON(test)); a.code != 201 {
		t.Fatalf("%d %s", a.code, a.body)
	}
	p := b.report("N-1")
	if !p.Ringing || p.Text != "息が苦しい" || p.Place != "大阪府例示市本町1-2-3 付近" || p.Step != stdif.Spooled || p.ServiceName != "Net119" {
		t.Errorf("report on the page = %+v", p)
	}
	if b.report("N-2").Ringing {
		t.Error("a test rings where only actual reports ring")
	}
	if v := s.do("net119", "GET", open1.PathIntakeReports+"/N-1", nil, nil).status(t); v.Linked || !strings.Contains(v.Say.Ja, "消防にはまだ届いていません") {
		t.Errorf("what the caller reads = %+v", v.Say)
	}
	e := s.events("net119", "")
	b.post("net119/N-1/quiet", map[string]string{"name": "例示 一郎"}, 204)
	if got := b.report("N-1"); got.Ringing || len(b.state().Rings) != 0 {
		t.Error("it rings after a person stopped it")
	}
	b.post("net119/N-1/chat", map[string]string{"text": "住所は本町1-2-3ですか"}, 204)
	e.wait(t, "the answer at the service", func(one event) bool {
		return one.name == "input" && strings.Contains(one.data, "本町1-2-3ですか") && strings.Contains(one.data, `"from":"terminal"`)
	})
	s.chat("net119", "N-1", "c1", "はい")
	s.restart() // even a reboot in the middle loses no line
	b.post("net119/N-1/close", map[string]string{"reason": "handled-alone"}, 204)
	got := b.report("N-1")
	if !got.HandledAlone || !got.Closed || len(got.Chat) != 2 || got.Chat[0].From != stdif.FromTerminal || got.Chat[1].Text != "はい" {
		t.Errorf("after the case: %+v", got)
	}
	// The link is back: every line arrives, once, in order.
	g, _ := s.connect("", nil)
	var kinds []open1.Type
	var lines []string
	for _, f := range g.snapshot() {
		in, _, problem := open1.DecodeBody(f)
		if problem != nil {
			t.Fatal(problem)
		}
		if f.Mode == stdif.Actual {
			kinds = append(kinds, f.Type)
		}
		if in.Chat != nil {
			lines = append(lines, string(in.Chat.From)+" "+in.Chat.Text)
		}
		if in.State != nil && in.State.State != stdif.ServiceHandledHere {
			t.Errorf("state = %+v", in.State)
		}
	}
	if len(kinds) != 4 || kinds[3] != open1.TypeState || strings.Join(lines, ", ") != "terminal 住所は本町1-2-3ですか, caller はい" {
		t.Errorf("the headquarters got %v, lines %v", kinds, lines)
	}
	s.sound()
}

func TestRingAtTheTerminal(t *testing.T) {
	s := newSite(t, nil)
	b := s.open()
	g, _ := s.connect("", nil)
	g.snapshot()
	s.report("net119", newReport("N-1", 1))
	if b.report("N-1").Ringing {
		t.Error("it rings here although the link is up")
	}
	s.taken(input("net119", "N-1", "r1", stdif.VerbRing)) // no console confirmed the ring
	if !b.report("N-1").Ringing {
		t.Error("it does not ring although the headquarters asked for it")
	}
	b.post("net119/N-1/quiet", map[string]string{"name": "例示 一郎"}, 204)
	s.taken(input("net119", "N-1", "r1", stdif.VerbRing)) // a repeat has no effect
	if b.report("N-1").Ringing {
		t.Error("the repeat of a ring rings again")
	}
	s.taken(input("net119", "N-1", "r2", stdif.VerbRing))
	seen := input("net119", "N-1", "a1", stdif.VerbAck)
	seen.Ack.Step = stdif.Seen
	if !b.report("N-1").Ringing {
		t.Error("a new ring does not ring")
	}
	s.taken(seen)
	if b.report("N-1").Ringing {
		t.Error("it rings after a named person saw it")
	}
	// The link goes down: what never left rings, what was received does not.
	g.numbered(1)
	g.ack()
	s.until("the acknowledgement is kept", func() bool { return s.Spool().Pending() == 0 })
	if err := g.CloseNow(); err != nil {
		t.Fatal(err)
	}
	s.until("the link is down", func() bool { up, _ := s.link.state(); return !up })
	s.report("net119", newReport("N-2", 1))
	s.do("net119", "POST", open1.PathIntakeReports, asJSON, []byte("{"))
	v := b.state()
	ringing := 0
	for _, r := range v.Reports {
		if r.Ringing {
			ringing++
		}
		if r.Ringing && r.ReportID == "N-1" {
			t.Error("a received report rings here")
		}
	}
	if ringing != 2 || len(v.Rings) != 2 {
		t.Errorf("ringing = %v, want N-2 and the undecodable one", v.Rings)
	}
}

func TestPageIsGuarded(t *testing.T) {
	s := newSite(t, nil)
	s.report("net119", newReport("N-1", 1))
	stranger := &browser{s: s}
	for _, path := range []string{"/page/state", "/page/events"} {
		if code, _ := stranger.do("GET", path, nil); code != http.StatusUnauthorized {
			t.Errorf("GET %s without a session: %d", path, code)
		}
	}
	stranger.post("net119/N-1/chat", map[string]string{"text": "x"}, 401)
	if code, _ := stranger.do("POST", "/page/session", map[string]string{"key": ""}); code != http.StatusUnauthorized {
		t.Errorf("the empty key: %d", code)
	}
	b := s.open()
	req, err := http.NewRequest("POST", s.IntakeURL()+"/page/reports/net119/N-1/close", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(b.cookie)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("another site closes a report: %d", res.StatusCode)
	}
	b.post("net119/N-1/chat", map[string]string{"text": " "}, 422)
	b.post("net119/N-1/chat", map[string]string{"text": strings.Repeat("長", stdif.MaxText+1)}, 422)
	b.post("net119/N-1/close", map[string]string{"reason": "Free text of a person"}, 422)
	b.post("net119/N-1/quiet", map[string]string{"name": ""}, 422)
	b.post("net119/N-9/close", map[string]string{"reason": "handled"}, 404)
	s.report("aacn", newReport("A-1", 1))
	b.post("aacn/A-1/chat", map[string]string{"text": "はい"}, 409)
	b.post("aacn/A-1/close", map[string]string{"reason": "handled"}, 204) // closing works without input
	s.restart()
	if v := b.state(); len(v.Reports) != 2 {
		t.Errorf("after a restart the session shows %d reports, want 2", len(v.Reports))
	}
}

func TestPageEvents(t *testing.T) {
	s := newSite(t, nil)
	b := s.open()
	req, err := http.NewRequest("GET", s.IntakeURL()+"/page/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(b.cookie)
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := map[string]int{}
	buf := make([]byte, 4096)
	for got["beat"] < 2 || got["changed"] < 2 {
		n, err := res.Body.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"beat", "changed"} {
			got[name] += strings.Count(string(buf[:n]), "event: "+name)
		}
		if got["beat"] == 1 && got["changed"] == 1 {
			s.report("net119", newReport("N-1", 1))
		}
	}
}

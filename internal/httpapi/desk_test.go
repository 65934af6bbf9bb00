package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/stdif"
)

// The loser is always told who has it: on the card, and in the history by name.
func TestTakeOverByAPI(t *testing.T) {
	h := newHouse(t)
	a, b, boss := h.seat("a", staff.Dispatcher), h.seat("b", staff.Dispatcher), h.seat("c", staff.Supervisor)
	r := h.reported("N-1")
	path := "/reports/" + r.ID
	read[Card](h, a, "POST", path+"/claim", map[string]any{})
	if p := problemIn(t, h.do(b, "POST", path+"/take-over", map[string]any{"reason": "no-response"})); p.Status != http.StatusConflict || p.Key != "claim.live" || p.Args["personName"] != "職員a" {
		t.Errorf("a live claim: %+v", p)
	}
	c := read[Card](h, boss, "POST", path+"/take-over", map[string]any{"reason": "supervision", "note": "CANARY 指揮判断"})
	if c.Claim.ConsoleID != "c" || c.Taken == nil || c.Taken.PersonName != "職員a" || c.Taken.Reason != report.Supervision {
		t.Errorf("card = %+v, %+v", c.Claim, c.Taken)
	}
	c = read[Card](h, a, "POST", path+"/take-over", map[string]any{}) // back within 20 s
	if c.Claim.ConsoleID != "a" || !c.Taken.Handed {
		t.Errorf("taken back: %+v, %+v", c.Claim, c.Taken)
	}
	read[nothing](h, a, "POST", path+"/offer", map[string]any{"to": "b"})
	read[nothing](h, b, "POST", path+"/offer/refuse", map[string]any{})
	read[nothing](h, a, "POST", path+"/offer", map[string]any{"to": "*"})
	read[Card](h, b, "POST", path+"/offer/accept", map[string]any{})
	d := read[Detail](h, b, "GET", path, nil)
	if len(d.Notes) != 1 || d.Notes[0].Text != "CANARY 指揮判断" || d.Notes[0].By.PersonName != "職員c" {
		t.Errorf("notes = %+v", d.Notes)
	}
	last := d.Timeline[len(d.Timeline)-1]
	if last.Act != string(act.ClaimAccept) || last.Facts["fromConsole"] != "指令台a" || last.Facts["fromPerson"] != "職員a" {
		t.Errorf("history = %+v", last)
	}
	if strings.Contains(h.log.String(), "CANARY") {
		t.Error("a note stands in the log")
	}
}

// A page that says nothing for three beats is silent; any request of its person
// is a sign of life, an open stream is not.
func TestSilence(t *testing.T) {
	h := newHouse(t)
	a := h.seat("a", staff.Dispatcher)
	read[Board](h, a, "GET", "/board", nil)
	if h.Silent("a") > time.Minute || h.Silent("nobody") > time.Minute {
		t.Error("silent although it was heard, or although the server has just begun")
	}
	h.attendance.mu.Lock()
	h.attendance.of["a"] = heard{at: time.Now().Add(-time.Hour)}
	h.attendance.mu.Unlock()
	if h.Silent("a") < report.ClaimStaleAfter {
		t.Error("heard an hour ago and not silent")
	}
	read[nothing](h, a, "POST", "/feed/beat", map[string]any{"sound": "blocked"})
	if h.Silent("a") > time.Minute {
		t.Error("a beat is no sign of life")
	}
}

// The missed panel by API: on it until a person says what became of it.
func TestMissedByAPI(t *testing.T) {
	h := newHouse(t)
	a := h.seat("a", staff.Dispatcher)
	words := words("N-1", 1)
	words.Subscriber = &stdif.SubscriberInfo{Phone: "+819000000001"}
	h.arrive(stdif.Inbound{Report: words})
	h.arrive(stdif.Inbound{State: &stdif.ReportState{ReportID: "N-1", State: stdif.ServiceEnded, At: time.Now()}})
	if n := read[Board](h, a, "GET", "/board", nil).Missed; n != 1 {
		t.Errorf("%d on the panel", n)
	}
	all := read[[]MissedEntry](h, a, "GET", "/missed", nil)
	if len(all) != 1 || all[0].Phone != "+819000000001" || all[0].Causes[0] != report.MissedEnded || all[0].Done != nil {
		t.Fatalf("panel = %+v", all)
	}
	path := "/missed/" + all[0].ID + "/acknowledge"
	if w := h.do(a, "POST", path, map[string]any{"outcome": "forgotten"}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("an unknown outcome = %d", w.Code)
	}
	read[nothing](h, a, "POST", path, map[string]any{"outcome": "called-back", "note": "折返し済み"})
	if p := problemIn(t, h.do(a, "POST", path, map[string]any{"outcome": "not-needed"})); p.Key != "missed.done" || p.Args["personName"] != "職員a" {
		t.Errorf("twice: %+v", p)
	}
	day := time.Now().UTC()
	done := read[[]MissedEntry](h, a, "GET", "/missed/acknowledged?from="+day.Add(-time.Hour).Format(time.RFC3339)+"&to="+day.Add(time.Hour).Format(time.RFC3339), nil)
	if len(done) != 1 || done[0].Done.Outcome != report.CalledBack || done[0].Done.By.PersonName != "職員a" || done[0].Done.Note != "折返し済み" {
		t.Errorf("acknowledged = %+v", done)
	}
	if len(read[[]MissedEntry](h, a, "GET", "/missed", nil)) != 0 {
		t.Error("still on the panel")
	}
}

// A shift from its sound to its hand-over, as everybody in the room sees it.
func TestShiftByAPI(t *testing.T) {
	h := newHouse(t)
	a, b := h.seat("a", staff.Dispatcher), h.seat("b", staff.Dispatcher)
	seen := func() Presence {
		for _, p := range read[Board](h, b, "GET", "/board", nil).Consoles {
			if p.ID == "a" {
				return p
			}
		}
		return Presence{}
	}
	if p := seen(); p.Sound != "" || p.PersonName != "職員a" {
		t.Errorf("before: %+v", p)
	}
	read[nothing](h, a, "POST", "/shift", map[string]any{"sound": "unproved", "reason": "later"})
	if p := seen(); p.Sound != console.SoundUnproved || p.Reason != console.LaterReason {
		t.Errorf("unproved: %+v", p)
	}
	read[nothing](h, a, "POST", "/shift", map[string]any{"sound": "proved"})
	read[nothing](h, a, "POST", "/shift/volume", map[string]any{"volume": 60})
	if w := h.do(a, "POST", "/shift/volume", map[string]any{"volume": 10}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("below the floor = %d", w.Code)
	}
	if p := seen(); p.Sound != console.SoundProved || p.Volume != 60 || p.Since.IsZero() {
		t.Errorf("proved: %+v", p)
	}
	r := h.reported("N-1")
	read[Card](h, a, "POST", "/reports/"+r.ID+"/claim", map[string]any{})
	if v := read[ShiftView](h, a, "GET", "/shift", nil); !v.OnDuty || len(v.Claims) != 1 || v.Floor != console.VolumeFloor {
		t.Errorf("shift = %+v", v)
	}
	read[Left](h, a, "POST", "/shift/hand-over", map[string]any{"to": "b", "note": "折返し待ち1件"})
	v := read[ShiftView](h, b, "GET", "/shift", nil)
	if len(v.HandOvers) != 1 || v.HandOvers[0].Note != "折返し待ち1件" || v.HandOvers[0].From.PersonName != "職員a" || len(v.HandOvers[0].Claims) != 1 {
		t.Fatalf("left = %+v", v.HandOvers)
	}
	read[nothing](h, b, "POST", "/shift/hand-overs/"+v.HandOvers[0].ID+"/take", map[string]any{})
	if v = read[ShiftView](h, b, "GET", "/shift", nil); len(v.HandOvers) != 0 || len(v.Claims) != 1 {
		t.Errorf("taken = %+v", v)
	}
	if p := seen(); p.Sound != "" {
		t.Errorf("after the shift: %+v", p)
	}
}

// AC-27: the open list on paper, with who printed it in the log; and entry from
// paper, marked as such and quiet.
func TestPaper(t *testing.T) {
	h := newHouse(t)
	a := h.seat("a", staff.Dispatcher)
	words := words("N-1", 1)
	lat, lon := 34.70249, 135.49595
	words.Text, words.Subscriber = "<b>煙が見える</b>", &stdif.SubscriberInfo{Phone: "+819000000001"}
	words.Locations = []stdif.Location{{Role: "caller", Shape: "point", Lat: &lat, Lon: &lon}}
	h.arrive(stdif.Inbound{Report: words})
	w := h.do(a, "GET", "/board/print", nil)
	page := w.Body.String()
	for _, want := range []string{"&lt;b&gt;煙が見える", "&#43;819000000001", "34.70249, 135.49595", "未受付", "例示市消防本部"} {
		if !strings.Contains(page, want) {
			t.Errorf("the paper lacks %q:\n%s", want, page)
		}
	}
	if w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("headers = %v", w.Header())
	}
	e, err := h.store.History(t.Context(), "board", 10)
	if err != nil || len(e) != 1 || e[0].Act != string(act.BoardPrint) || e[0].Actor.Person != "p-a" || e[0].Facts["reports"] != "1" {
		t.Errorf("log = %+v, %v", e, err)
	}
	at := time.Now().Add(-2 * time.Hour).UTC().Truncate(time.Second)
	entry := map[string]any{"eventAt": at.Add(-time.Minute), "receivedAt": at, "kind": "fire", "place": "例示市本町1-2-3", "phone": "090-0000-0002", "text": "ごみ置場から煙", "outcome": "handled", "note": "紙 No.3"}
	made := read[EnteredReport](h, a, "POST", "/report-entries", entry)
	d := read[Detail](h, a, "GET", "/reports/"+made.ID, nil)
	if d.Card.Entered == nil || d.Card.Entered.PersonName != "職員a" || !d.Card.ReceivedAt.Equal(at) || d.Card.Place != "例示市本町1-2-3" || d.Report.Text != "ごみ置場から煙" || d.Card.Close.Note != "紙 No.3" {
		t.Errorf("entered = %+v, %+v", d.Card, d.Report)
	}
	entry["eventAt"] = at.Add(time.Hour)
	if p := problemIn(t, h.do(a, "POST", "/report-entries", entry)); p.Key != "entry.times" {
		t.Errorf("an event after its receipt: %+v", p)
	}
}

// AC-28: an exercise that is raised is actual everywhere and says what it was.
func TestRaiseByAPI(t *testing.T) {
	h := newHouse(t)
	a := h.seat("a", staff.Dispatcher)
	h.mode = stdif.Exercise
	r := h.reported("N-1")
	read[nothing](h, a, "POST", "/reports/"+r.ID+"/raise", map[string]any{"reason": "real"})
	c := read[Detail](h, a, "GET", "/reports/"+r.ID, nil).Card
	if c.Mode != stdif.Actual || c.Raised == nil || c.Raised.Sent != stdif.Exercise || c.Raised.Was != r.Number || c.Number == r.Number || c.State != report.Presented {
		t.Errorf("card = %+v, %+v", c, c.Raised)
	}
}

package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/test/duty"
)

// offered lets the service of the tests offer everything.
func (h *house) offered() {
	h.Helper()
	h.must(h.acts.Services(context.Background(), act.Gateway(), "t-01", []terminal.Service{{ID: service, Name: "映像通報", Offer: &stdif.Offer{
		Takes: []stdif.Verb{stdif.VerbMedia, stdif.VerbGuide, stdif.VerbCallBack}, Live: true, Clips: []stdif.Clip{{ID: "cpr", Label: "心肺蘇生"}},
	}}}))
}

// A request for video from a voice call stands on the board until its report
// comes; the report is in the hands of whoever asked, and says what was asked.
func TestVideoThroughTheAPI(t *testing.T) {
	h := newHouse(t)
	h.offered()
	s := h.seat("a", staff.Dispatcher)
	ask := map[string]any{"id": "q-1", "serviceId": service, "phone": "090-0000-0000", "purpose": "scene", "mode": "actual"}
	read[Asked](h, s, "POST", "/video-requests", ask)
	read[Asked](h, s, "POST", "/video-requests", ask)
	board := read[Board](h, s, "GET", "/board", nil)
	if len(board.Videos) != 1 || board.Videos[0].State != "requested" || board.Videos[0].Phone != "090-0000-0000" || board.Flood.More != 10 {
		t.Fatalf("board: videos %+v, flood %+v", board.Videos, board.Flood)
	}
	answer := words("V-1", 1)
	answer.RequestID = "q-1"
	h.arrive(stdif.Inbound{Report: answer})
	h.arrive(stdif.Inbound{State: &stdif.ReportState{ReportID: "V-1", State: stdif.ServiceLive, At: time.Now()}})
	board = read[Board](h, s, "GET", "/board", nil)
	if len(board.Videos) != 0 || len(board.Reports) != 1 || board.Reports[0].Video != "live" || board.Reports[0].Claim == nil || board.Reports[0].Origin != "" {
		t.Fatalf("board: %+v", board)
	}
	id := board.Reports[0].ID
	read[nothing](h, s, "POST", "/reports/"+id+"/calls", map[string]any{"id": "k", "party": "caller", "outcome": "answered", "note": "意識あり"})
	read[nothing](h, s, "POST", "/reports/"+id+"/guides", map[string]any{"id": "g", "clip": "cpr"})
	read[nothing](h, s, "POST", "/reports/"+id+"/call-backs", map[string]any{"id": "b"})
	d := read[Detail](h, s, "GET", "/reports/"+id, nil)
	kinds := []string{}
	for _, c := range d.Contacts {
		kinds = append(kinds, string(c.Kind))
	}
	slices.Sort(kinds)
	if len(d.Videos) != 1 || d.Videos[0].LiveAt.IsZero() || !slices.Equal(kinds, []string{"call-back", "guide", "telephone"}) || d.Contacts[0].By.PersonName == "" {
		t.Errorf("videos %+v, contacts %+v", d.Videos, d.Contacts)
	}
}

// Whoever looks has said so before; consoles that look at the same report share
// its pictures.
func TestLivePictures(t *testing.T) {
	h := newHouse(t)
	h.offered()
	a, b := h.seat("a", staff.Dispatcher), h.seat("b", staff.Dispatcher)
	id := h.reported("V-1").ID
	path := "/reports/" + id + "/live"
	if w := h.do(a, "GET", path, nil); w.Code != http.StatusConflict || problemIn(t, w).Key != "live.not-looking" {
		t.Errorf("without looking: %d %s", w.Code, w.Body)
	}
	read[nothing](h, a, "POST", "/reports/"+id+"/looks", map[string]any{"looks": true})
	read[nothing](h, b, "POST", "/reports/"+id+"/looks", map[string]any{"looks": true})
	if w := h.do(a, "GET", path, nil); w.Code != http.StatusServiceUnavailable {
		t.Errorf("without a link: %d %s", w.Code, w.Body)
	}
	give := make(chan LiveFrame)
	pulls := 0
	var mu sync.Mutex
	h.live = func(ctx context.Context, _ int64) (LiveFrame, bool, error) {
		mu.Lock()
		pulls++
		mu.Unlock()
		select {
		case p := <-give:
			return p, p.JPEG != nil, nil
		case <-ctx.Done():
			return LiveFrame{}, false, ctx.Err()
		}
	}
	var both sync.WaitGroup
	answers := make([]*httptest.ResponseRecorder, 2)
	for i, s := range []*seat{a, b} {
		both.Go(func() { answers[i] = h.do(s, "GET", path+"?after=6", nil) })
	}
	h.until("both wait", func() bool {
		h.lives.mu.Lock()
		defer h.lives.mu.Unlock()
		v := h.lives.of[id]
		return v != nil && v.users == 2
	})
	give <- LiveFrame{Number: 7, At: time.Now(), JPEG: []byte("picture")}
	both.Wait()
	for i, w := range answers {
		if w.Code != http.StatusOK || w.Header().Get("Matoi-Frame") != "7" || w.Body.String() != "picture" || w.Header().Get("Content-Type") != "image/jpeg" {
			t.Errorf("seat %d: %d %v %s", i, w.Code, w.Header(), w.Body)
		}
	}
	if pulls != 1 {
		t.Errorf("%d pulls for two consoles", pulls)
	}
	if len(h.lives.of) != 0 {
		t.Error("a picture is kept although nobody looks")
	}
	h.live = func(context.Context, int64) (LiveFrame, bool, error) { return LiveFrame{}, false, nil }
	if w := h.do(a, "GET", path+"?after=7", nil); w.Code != http.StatusNoContent {
		t.Errorf("no picture: %d", w.Code)
	}
	read[nothing](h, a, "POST", "/reports/"+id+"/looks", map[string]any{"looks": false})
	if w := h.do(a, "GET", path, nil); w.Code != http.StatusConflict {
		t.Errorf("after looking away: %d", w.Code)
	}
	looks := []string{}
	for _, m := range read[Detail](h, b, "GET", "/reports/"+id, nil).Timeline {
		if m.Act == string(act.LiveView) {
			looks = append(looks, m.By.ConsoleName+" "+m.Facts["looks"])
		}
	}
	if !slices.Equal(looks, []string{"指令台a true", "指令台b true", "指令台a false"}) {
		t.Errorf("who looked: %v", looks)
	}
}

// A revision says what it says otherwise than the one before, item by item.
func TestDifferenceOfRevisions(t *testing.T) {
	duty.Holds(t, "FD-19")
	h := newHouse(t)
	s := h.seat("a", staff.Dispatcher)
	two := 2
	first := words("A-1", 1)
	first.Proxy = &stdif.Proxy{Organisation: "例示緊急通報センター", Callback: "+810000000000", Verified: "not-tried"}
	first.Vehicle = &stdif.Vehicle{Plate: "例示 300 あ 00-00"}
	h.arrive(stdif.Inbound{Report: first})
	next := *first
	next.Revision = 3
	next.Proxy = &stdif.Proxy{Organisation: "例示緊急通報センター", Callback: "+810000000000", Verified: "answered"}
	next.Vehicle = &stdif.Vehicle{Occupants: 3, Belted: &two}
	next.Medical = &stdif.Medical{Conditions: []string{"喘息"}}
	h.arrive(stdif.Inbound{Report: &next})
	board := read[Board](h, s, "GET", "/board", nil)
	d := read[Detail](h, s, "GET", "/reports/"+board.Reports[0].ID, nil)
	if d.Changed == nil || d.Changed.From != 1 || d.Changed.To != 3 {
		t.Fatalf("changed = %+v", d.Changed)
	}
	got := map[string]string{}
	for _, c := range d.Changed.Changes {
		got[c.Place] = c.Before + " → " + c.After
	}
	for place, want := range map[string]string{
		"/proxy/verified": "not-tried → answered", "/vehicle/occupants": " → 3", "/vehicle/belted": " → 2",
		"/vehicle/plate": "例示 300 あ 00-00 → ", "/medical": " → ",
	} {
		if got[place] != want {
			t.Errorf("%s: %q, want %q", place, got[place], want)
		}
	}
	if len(got) != 5 {
		t.Errorf("changes = %v", got)
	}
	if d.Report.Proxy == nil || d.Report.Proxy.Callback != "+810000000000" {
		t.Errorf("proxy = %+v", d.Report.Proxy)
	}
}

func TestDifferenceIsBounded(t *testing.T) {
	a, b := words("X", 1), words("X", 2)
	for i := range 300 {
		b.Additional = append(b.Additional, stdif.Additional{Name: strconv.Itoa(i), Value: "x"})
	}
	if n := len(differ(a, b)); n != maxChanges {
		t.Errorf("%d changes, want %d", n, maxChanges)
	}
}

package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/stdif"
)

// message is one Server-Sent Event.
type message struct {
	id, event, data string
}

// listener is a page that follows the feed.
type listener struct {
	testing.TB
	res  *http.Response
	in   *bufio.Reader
	stop context.CancelFunc
}

// caughtUp waits until the feed has everything that is stored.
func (h *house) caughtUp() int64 {
	h.Helper()
	last, err := h.store.LastChange(context.Background())
	h.must(err)
	h.until("the feed has everything", func() bool {
		head, _ := h.hub.heads()
		return head >= last
	})
	return last
}

func (h *house) serve() *httptest.Server {
	h.Helper()
	s := httptest.NewUnstartedServer(h.Server)
	s.Config.ReadTimeout = 2 * time.Second // shorter than a stream lives
	s.Start()
	h.Cleanup(s.Close)
	return s
}

func (h *house) follow(server *httptest.Server, s *seat, cursor int64, header ...string) *listener {
	h.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	req := s.request(ctx, http.MethodGet, server.URL+base+"/feed?console="+s.console+"&cursor="+strconv.FormatInt(cursor, 10), nil)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := server.Client().Do(req) //nolint:bodyclose // the listener closes it
	h.must(err)
	l := &listener{TB: h.TB, res: res, in: bufio.NewReader(res.Body), stop: stop}
	h.Cleanup(l.close)
	return l
}

func (l *listener) close() {
	l.stop()
	_ = l.res.Body.Close() // ended by stop
}

// next reads the next event; ok is false when the stream has ended.
func (l *listener) next() (m message, ok bool) {
	for {
		line, err := l.in.ReadString('\n')
		if err != nil {
			return m, false
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "id":
			m.id = value
		case "event":
			m.event = value
		case "data":
			m.data = value
		case "":
			return m, true
		}
	}
}

// changes reads until n changes have come and returns them.
func (l *listener) changes(n int) (out []Change) {
	l.Helper()
	for len(out) < n {
		m, ok := l.next()
		if !ok {
			l.Fatalf("the stream ended after %d of %d changes", len(out), n)
		}
		if m.event != "change" {
			continue
		}
		var c Change
		if err := json.Unmarshal([]byte(m.data), &c); err != nil {
			l.Fatal(err)
		}
		if m.id != strconv.FormatInt(c.Seq, 10) {
			l.Errorf("id %s of change %d", m.id, c.Seq)
		}
		out = append(out, c)
	}
	return out
}

func (l *listener) until(event string) message {
	l.Helper()
	for {
		m, ok := l.next()
		if !ok {
			l.Fatalf("the stream ended before %s", event)
		}
		if m.event == event {
			return m
		}
	}
}

func seqs(changes []Change) (out []int64) {
	for _, c := range changes {
		out = append(out, c.Seq)
	}
	return out
}

func run(from, n int64) (out []int64) {
	for i := range n {
		out = append(out, from+i)
	}
	return out
}

// Changes come in order and without gaps; a page that comes back continues after
// the last one that it had, from memory and, after a restart, from the store.
func TestFeedResumes(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	server := h.serve()
	h.caughtUp()
	start := read[Board](h, a, "GET", "/board", nil).Cursor
	l := h.follow(server, a, start)
	if l.res.StatusCode != http.StatusOK || !strings.HasPrefix(l.res.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("feed = %d %s", l.res.StatusCode, l.res.Header)
	}
	for i := range 5 {
		h.reported(fmt.Sprintf("N-%d", i))
	}
	got := l.changes(5)
	if diff := cmp.Diff(run(start+1, 5), seqs(got)); diff != "" {
		t.Errorf("changes:\n%s", diff)
	}
	for i, c := range got {
		if c.Report == nil || c.Report.ServiceReportID != fmt.Sprintf("N-%d", i) || c.Report.Excerpt != "助けて" {
			t.Errorf("change %d = %+v", i, c)
		}
	}
	l.close()
	again := h.follow(server, a, 0, "Last-Event-ID", strconv.FormatInt(start+2, 10))
	if diff := cmp.Diff(run(start+3, 3), seqs(again.changes(3))); diff != "" {
		t.Errorf("from memory:\n%s", diff)
	}
	again.close()

	server.Close()
	h.stop()
	h.open()
	server = h.serve()
	older := h.follow(server, a, start)
	h.reported("N-5")
	if diff := cmp.Diff(run(start+1, 6), seqs(older.changes(6))); diff != "" {
		t.Errorf("from the store, then live:\n%s", diff)
	}
}

// A page that missed too much, or comes from another database, reads the board
// anew.
func TestFeedIsGone(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	server := h.serve()
	head := h.caughtUp()
	if l := h.follow(server, a, head+1); l.res.StatusCode != http.StatusGone {
		t.Errorf("a cursor from the future = %d", l.res.StatusCode)
	}
	h.hub.mu.Lock()
	h.hub.cursor = maxBehind + 10
	h.hub.mu.Unlock()
	if l := h.follow(server, a, 9); l.res.StatusCode != http.StatusGone {
		t.Errorf("a page far behind = %d", l.res.StatusCode)
	}
}

// Who may not read reports hears that something changed and nothing of it.
func TestFeedWithoutWords(t *testing.T) {
	h := newHouse(t)
	m := h.seat("c-m", staff.Maintainer)
	server := h.serve()
	head := h.caughtUp()
	h.hub.Unsaved(act.Incoming{Frame: "t-01/s/1", Service: service, Inbound: stdif.Inbound{Report: words("N-0", 1)}})
	l := h.follow(server, m, head)
	h.reported("N-1")
	for {
		v, ok := l.next()
		if !ok {
			t.Fatal("the stream ended")
		}
		if strings.Contains(v.data, "助けて") || v.event == "unsaved" {
			t.Fatalf("a maintainer was sent %+v", v)
		}
		if v.event == "change" && strings.Contains(v.data, `"kind":"report"`) {
			break
		}
	}
}

// What could not be stored rings on every page, also on one that comes later,
// and is taken off again — also where the page read its board just before.
func TestUnsavedAndSaved(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	server := h.serve()
	head := h.caughtUp()
	l := h.follow(server, a, head)
	in := act.Incoming{Frame: "t-01/spool/1", Terminal: "t-01", Service: service, Inbound: stdif.Inbound{Report: words("N-1", 1)}}
	h.Unsaved(in)
	var card Card
	h.must(json.Unmarshal([]byte(l.until("unsaved").data), &card))
	if !card.Unsaved || card.Excerpt != "助けて" || card.ServiceName != "Net119" || card.Mode != stdif.Actual || card.Step != stdif.Spooled {
		t.Errorf("card = %+v", card)
	}
	board := read[Board](h, a, "GET", "/board", nil)
	if len(board.Unsaved) != 1 || board.Unsaved[0].ID != card.ID {
		t.Errorf("board = %+v", board.Unsaved)
	}
	later := h.follow(server, a, head)
	if !strings.Contains(later.until("unsaved").data, card.ID) {
		t.Error("a page that came later does not ring")
	}
	h.Saved(in.Frame)
	for _, page := range []*listener{l, later, h.follow(server, a, board.Cursor)} { // the last read its board before
		if !strings.Contains(page.until("saved").data, card.ID) {
			t.Error("an unsaved report stays on a page")
		}
	}
}

// A beat every second, also beyond the server's limit for reading a request: a
// page that hears nothing for three says so aloud.
func TestBeats(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	head := h.caughtUp()
	l := h.follow(h.serve(), a, head)
	began := time.Now()
	for range 5 {
		l.until("beat")
	}
	if took := time.Since(began); took < 2*time.Second || took > 20*time.Second {
		t.Errorf("five beats in %s", took)
	}
}

// A session that was revoked ends its stream; one whose rights changed reads
// everything anew.
func TestRevokedStreamEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the check of open streams")
	}
	h := newHouse(t)
	a, b := h.seat("c-a", staff.Dispatcher), h.seat("c-b", staff.Dispatcher)
	server := h.serve()
	head := h.caughtUp()
	la, lb := h.follow(server, a, head), h.follow(server, b, head)
	h.must(h.acts.RevokeSessions(t.Context(), act.CommandLine(), a.person.ID))
	h.must(h.store.Do(t.Context(), changeRoles(b.person, staff.Maintainer)))
	for name, l := range map[string]*listener{"revoked": la, "another role": lb} {
		began := time.Now()
		for _, ok := l.next(); ok; _, ok = l.next() {
		}
		if took := time.Since(began); took > 2*sessionCheck {
			t.Errorf("%s: the stream ended after %s", name, took)
		}
	}
}

// A page that reads nothing holds up nobody.
func TestSlowPage(t *testing.T) {
	h := newHouse(t)
	a, b := h.seat("c-a", staff.Dispatcher), h.seat("c-b", staff.Dispatcher)
	server := h.serve()
	start := h.caughtUp()
	slow, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	h.must(err)
	t.Cleanup(func() { _ = slow.Close() }) // the server may have closed it
	h.must(a.request(t.Context(), http.MethodGet, server.URL+base+"/feed?console=c-a&cursor="+strconv.FormatInt(start, 10), nil).Write(slow))
	l := h.follow(server, b, start)
	const n = 300
	for i := range n {
		r := words(fmt.Sprintf("N-%d", i), 1)
		r.Text = strings.Repeat("長い本文", 100)
		h.arrive(stdif.Inbound{Report: r})
	}
	if diff := cmp.Diff(run(start+1, n), seqs(l.changes(n))); diff != "" {
		t.Errorf("the other page:\n%s", diff)
	}
}

// Board and feed together are everything: whatever is written while a page reads
// its board, the page ends with the same reports as the store.
func TestBoardAndFeedAreEverything(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	server := h.serve()
	const pages, writers, each = 6, 3, 30
	var writing sync.WaitGroup
	var mu sync.Mutex
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				mu.Lock()
				h.arrive(stdif.Inbound{Report: words(fmt.Sprintf("N-%d-%d", w, i/2), int64(i%2)+1)})
				mu.Unlock()
			}
		})
	}
	shown := make([]map[string]int64, pages)
	listeners := make([]*listener, pages)
	cursors := make([]int64, pages)
	for p := range pages {
		b := read[Board](h, a, "GET", "/board", nil)
		shown[p], cursors[p] = map[string]int64{}, b.Cursor
		for _, c := range b.Reports {
			shown[p][c.ServiceReportID] = c.Revision
		}
		listeners[p] = h.follow(server, a, b.Cursor)
	}
	writing.Wait()
	end, err := h.store.LastChange(t.Context())
	h.must(err)
	want := map[string]int64{}
	open, err := h.store.Reports().Board(t.Context())
	h.must(err)
	for _, r := range open {
		want[r.ServiceReport] = r.Revision
	}
	for p, l := range listeners {
		changes := l.changes(int(end - cursors[p]))
		if diff := cmp.Diff(run(cursors[p]+1, end-cursors[p]), seqs(changes)); diff != "" {
			t.Fatalf("page %d:\n%s", p, diff)
		}
		for _, c := range changes {
			if c.Report != nil {
				shown[p][c.Report.ServiceReportID] = c.Report.Revision
			}
		}
		if diff := cmp.Diff(want, shown[p]); diff != "" {
			t.Errorf("page %d shows:\n%s", p, diff)
		}
	}
}

// Many pages that paint the same reports cost one act each; a revision is painted
// anew.
func TestPaintedOnce(t *testing.T) {
	h := newHouse(t)
	r := h.reported("N-1")
	integrated := func() (n int) {
		entries, err := h.store.History(t.Context(), "report/"+r.ID, 1000)
		h.must(err)
		for _, e := range entries {
			if e.Act == string(act.ReportIntegrate) {
				n++
			}
		}
		return n
	}
	paint := func() {
		var wg sync.WaitGroup
		for i := range 8 {
			s := h.seat(fmt.Sprintf("c-%d", i), staff.Dispatcher)
			wg.Go(func() {
				if w := h.do(s, "POST", "/feed/painted", map[string]any{"through": 1, "reports": []string{r.ID, "no-such-report"}}); w.Code/100 != 2 {
					t.Errorf("painted = %d %s", w.Code, w.Body)
				}
			})
		}
		wg.Wait()
	}
	paint()
	if n := integrated(); n != 1 {
		t.Errorf("%d entries of one painting", n)
	}
	h.arrive(stdif.Inbound{Report: words("N-1", 2)})
	h.caughtUp()
	paint()
	if n := integrated(); n != 2 {
		t.Errorf("%d entries after a revision was painted, want 2", n)
	}
	open, err := h.store.Reports().Board(t.Context())
	if err != nil || open[0].Step != stdif.Integrated || open[0].State != report.Presented {
		t.Errorf("report = %+v, %v", open, err)
	}
}

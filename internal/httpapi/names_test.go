package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/internal/transfer"
	"github.com/matoi119/matoi/stdif"
)

// What is remembered of names, words and videos is never seen: after every act,
// of this process or of another, the board, and what the feed told last of each
// report, are what a door that remembers nothing shows.
func TestWhatIsRememberedIsNeverOld(t *testing.T) {
	h := newHouse(t)
	h.offered()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	a := &actor{house: h, rand: rand.New(rand.NewPCG(1, seed)), seats: []*seat{h.seat("c-a", staff.Supervisor), h.seat("c-b", staff.Dispatcher)}}
	may, err := authz.New()
	h.must(err)
	fresh, err := New(h.config(may))
	h.must(err)
	a.other = h.another(may)
	kinds := a.kinds()
	done := map[string]int{}
	for step := range 150 {
		kind := kinds[a.rand.IntN(len(kinds))]
		if kind.do() {
			done[kind.name]++
		}
		if kind.elsewhere {
			a.settle()
		}
		if step%3 == 0 { // both in a row and one by one
			a.compare(fresh, fmt.Sprintf("step %d, %s", step, kind.name))
		}
	}
	for _, kind := range kinds {
		if done[kind.name] == 0 {
			t.Errorf("%s never succeeded", kind.name)
		}
	}
}

// another is another process at the same store.
func (h *house) another(may *authz.Decider) *act.Acts {
	h.Helper()
	keys, err := seal.OpenDir(filepath.Join(h.dir, "keys"))
	h.must(err)
	s, err := store.Open(context.Background(), store.Config{HQ: "279999", Dir: h.dir}, keys)
	h.must(err)
	h.Cleanup(func() { h.must(s.Close()) })
	acts, err := act.New(s, may)
	h.must(err)
	return acts
}

// actor does things at random.
type actor struct {
	*house
	rand  *rand.Rand
	seats []*seat
	other *act.Acts
	n     int
}

type actKind struct {
	name      string
	elsewhere bool // by another process: it is seen when the feed tells of it
	do        func() (done bool)
}

func (a *actor) next(what string) string {
	a.n++
	return fmt.Sprintf("%s-%d", what, a.n)
}

// some is an open report, "" when there is none.
func (a *actor) some() string {
	open, err := a.store.Reports().Board(context.Background())
	a.must(err)
	if len(open) == 0 {
		return ""
	}
	return open[a.rand.IntN(len(open))].ID
}

// post asks as anybody; what is refused is no act.
func (a *actor) post(path string, b body) bool {
	return a.do(a.seats[a.rand.IntN(len(a.seats))], "POST", path, b).Code/100 == 2
}

func (a *actor) onSome(path string, b func() body) func() bool {
	return func() bool {
		id := a.some()
		return id != "" && a.post("/reports/"+id+path, b())
	}
}

// held does something with a report that the first seat has in charge.
func (a *actor) held(path string, b body) bool {
	id := a.some()
	first := a.seats[0]
	if a.do(first, "POST", "/reports/"+id+"/claim", body{}).Code/100 != 2 {
		return false
	}
	return a.do(first, "POST", "/reports/"+id+path, b).Code/100 == 2
}

func (a *actor) kinds() []actKind {
	none := func() body { return body{} }
	return []actKind{
		{"arrive", false, func() bool { a.arrive(stdif.Inbound{Report: words(a.next("N"), 1)}); return true }},
		{"arrive together", false, func() bool {
			for range 3 {
				a.arrive(stdif.Inbound{Report: words(a.next("N"), 1)})
			}
			return true
		}},
		{"revise", false, func() bool {
			id := a.some()
			if id == "" {
				return false
			}
			r, err := a.store.Reports().Report(context.Background(), id)
			a.must(err)
			w := words(r.ServiceReport, r.Revision+1)
			w.Text = a.next("別のことば")
			a.arrive(stdif.Inbound{Report: w})
			return true
		}},
		{"claim", false, a.onSome("/claim", none)},
		{"offer", false, func() bool { return a.held("/offer", body{"to": "c-b"}) }},
		{"accept", false, a.onSome("/offer/accept", none)},
		{"close", false, a.onSome("/close", func() body { return body{"reason": "handled"} })},
		{"open incident", false, a.onSome("/incident", none)},
		{"join", false, a.onSome("/incident/join", func() body { return body{"kind": "report", "id": a.some()} })},
		{"part", false, func() bool {
			id := a.some()
			return a.post("/reports/"+id+"/incident/part", body{"kind": "report", "id": id, "reason": "slip"})
		}},
		{"telephone", false, func() bool {
			return a.held("/transfer/telephone", body{"toName": a.next("隣の本部"), "number": "06-0000-0000", "answeredBy": "係", "outcome": "accepted", "readOut": []string{}})
		}},
		{"video from a report", false, func() bool {
			return a.post("/video-requests", body{"id": a.next("q"), "origin": a.some(), "serviceId": service, "phone": "090-0000-0000", "purpose": "scene"})
		}},
		{"video that is answered", false, func() bool {
			id := a.next("q")
			done := a.post("/video-requests", body{"id": id, "origin": a.some(), "serviceId": service, "phone": "090-0000-0000", "purpose": "scene"})
			w := words(a.next("V"), 1)
			w.RequestID = id
			a.arrive(stdif.Inbound{Report: w})
			return done
		}},
		{"services", false, func() bool {
			return a.acts.Services(context.Background(), act.Gateway(), "t-01", []terminal.Service{{ID: service, Name: a.next("名前"), Offer: &stdif.Offer{
				Takes: []stdif.Verb{stdif.VerbMedia}, Live: true,
			}}}) == nil
		}},
		{"a console elsewhere", true, func() bool {
			_, err := a.other.IssueConsole(context.Background(), act.CommandLine(), "c-b", a.next("台"), false)
			return err == nil
		}},
		{"a partner elsewhere", true, func() bool {
			id := a.next("p")
			return a.other.AddPartner(context.Background(), act.CommandLine(), transfer.Partner{ID: id, Name: id, Code: "271004", Phone: "06-0000-0000"}) == nil
		}},
		{"a claim elsewhere", true, func() bool {
			id := a.some()
			return id != "" && a.other.Claim(context.Background(), a.whoAt(), id) == nil
		}},
		{"an incident elsewhere", true, func() bool {
			id := a.some()
			return id != "" && a.other.OpenIncident(context.Background(), a.whoAt(), id) == nil
		}},
	}
}

func (a *actor) whoAt() act.Who {
	s := a.seats[0]
	return act.Who{Principal: authz.OfPerson(s.person), Console: s.console}
}

// compare holds the board and the newest event of each report against a door
// that remembers nothing.
func (a *actor) compare(fresh *Server, when string) {
	a.Helper()
	n, err := fresh.names(context.Background())
	a.must(err)
	open, err := a.store.Reports().Board(context.Background())
	a.must(err)
	want, err := fresh.cards(context.Background(), n, open)
	a.must(err)
	got := read[Board](a.house, a.seats[0], "GET", "/board", nil)
	if a.different(got.Reports, want) {
		a.Fatalf("%s: the board shows\n%+v\nwant\n%+v", when, got.Reports, want)
	}
	a.settle()
	a.hub.mu.Lock()
	newest := map[string]event{}
	for _, e := range a.hub.recent {
		newest[e.subject] = e
	}
	a.hub.mu.Unlock()
	for _, c := range want {
		var told Change
		_, data, _ := bytes.Cut(newest[c.ID].full, []byte("data: "))
		a.must(json.Unmarshal(data, &told))
		// What of a card hangs on others (its incident, names) is told by their change.
		if told.Report == nil || told.Report.State != c.State || told.Report.Revision != c.Revision || told.Report.Excerpt != c.Excerpt || told.Report.Video != c.Video || told.Report.Origin != c.Origin {
			a.Fatalf("%s: the feed told last\n%+v\nwant\n%+v", when, told.Report, c)
		}
	}
}

// settle waits until the feed has read everything. The other process gives no
// hint; the poll of a second would do.
func (a *actor) settle() {
	a.Helper()
	last, err := a.store.LastChange(context.Background())
	a.must(err)
	a.hub.committed(0)
	a.until("the feed is read", func() bool {
		head, _ := a.hub.heads()
		return head >= last
	})
}

func (a *actor) different(x, y []Card) bool {
	a.Helper()
	one, err := json.Marshal(x)
	a.must(err)
	two, err := json.Marshal(y)
	a.must(err)
	var v, w any
	a.must(json.Unmarshal(one, &v))
	a.must(json.Unmarshal(two, &w))
	return !reflect.DeepEqual(v, w)
}

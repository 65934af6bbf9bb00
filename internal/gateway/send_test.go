package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/sim/fauxterminal"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// moody is a terminal whose answers to inputs are decided by a test.
type moody struct {
	*fauxterminal.Terminal
	mu     sync.Mutex
	inputs func(ids []string, next func() []stdif.InputResult) (status int, body any)
	posts  [][]string
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	answer := m.inputs
	m.mu.Unlock()
	if r.URL.Path != open1.PathInputs || answer == nil {
		m.Terminal.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var in []stdif.Input
	if err := json.Unmarshal(body, &in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	ids := make([]string, len(in))
	for i := range in {
		ids[i] = in[i].ID
	}
	m.mu.Lock()
	m.posts = append(m.posts, ids)
	m.mu.Unlock()
	status, v := answer(ids, func() []stdif.InputResult {
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := &recorder{header: http.Header{}}
		m.Terminal.ServeHTTP(rec, r)
		var out []stdif.InputResult
		_ = json.Unmarshal(rec.body.Bytes(), &out) // an answer of our own simulator
		return out
	})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the gateway may have gone
}

type recorder struct {
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) WriteHeader(int)             {}

func (h *house) moody(answer func(ids []string, next func() []stdif.InputResult) (int, any)) *moody {
	h.Helper()
	m := &moody{Terminal: fauxterminal.New(fauxterminal.Config{ID: id}), inputs: answer}
	h.enrol(h.listen(m, h.terminalTLS(id)))
	h.run()
	put(h, m.Terminal, "N-1")
	h.until("the report", func() bool { return h.has("N-1") && h.ready() })
	return m
}

func (h *house) report() report.Report {
	h.Helper()
	return h.reports()[0]
}

func (h *house) say(lines ...string) {
	h.Helper()
	for _, l := range lines {
		h.must(h.acts.Say(context.Background(), dispatcher(), h.report().ID, l, l))
	}
}

func heard(t *fauxterminal.Terminal) (out []string) {
	for _, in := range t.Heard().Inputs {
		word := string(in.Verb)
		if in.Message != nil {
			word = in.Message.ID
		}
		if in.Ack != nil {
			word = string(in.Ack.Step)
		}
		out = append(out, word)
	}
	return out
}

// Inputs reach the terminal in the order in which things happened, and the
// lines are marked as delivered.
func TestInputsInOrder(t *testing.T) {
	h := newHouse(t)
	m := h.moody(nil)
	h.must(h.acts.Claim(t.Context(), dispatcher(), h.report().ID))
	h.say("l1", "l2", "l3")
	h.must(h.acts.Close(t.Context(), dispatcher(), h.report().ID, report.Handled, ""))
	want := []string{"integrated", "seen", "accept", "l1", "l2", "l3", "close"}
	h.until("all of it", func() bool { return len(heard(m.Terminal)) == len(want) && len(h.waiting()) == 0 })
	if diff := cmp.Diff(want, heard(m.Terminal)); diff != "" {
		t.Errorf("heard:\n%s", diff)
	}
}

// At least once: an answer that was lost, a terminal that fails, results that
// are missing — everything arrives, once for the service, in order.
func TestInputsAtLeastOnce(t *testing.T) {
	for name, answer := range map[string]func(post int, ids []string, next func() []stdif.InputResult) (int, any){
		"fails first": func(post int, _ []string, next func() []stdif.InputResult) (int, any) {
			if post < 2 {
				return http.StatusInternalServerError, nil
			}
			return http.StatusOK, next()
		},
		"answer lost": func(post int, _ []string, next func() []stdif.InputResult) (int, any) {
			out := next()
			if post < 2 {
				return http.StatusBadGateway, nil
			}
			return http.StatusOK, out
		},
		"results missing": func(post int, _ []string, next func() []stdif.InputResult) (int, any) {
			out := next()
			if post < 2 {
				return http.StatusOK, out[:len(out)/2]
			}
			return http.StatusOK, out
		},
		"cannot store now": func(post int, ids []string, next func() []stdif.InputResult) (int, any) {
			if post < 1 {
				return http.StatusOK, refuseAll(ids, stdif.CodeStorage)
			}
			return http.StatusOK, next()
		},
		"busy": func(post int, ids []string, next func() []stdif.InputResult) (int, any) {
			if post < 1 {
				return http.StatusOK, refuseAll(ids, stdif.CodeBusy)
			}
			return http.StatusOK, next()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			var mu sync.Mutex
			posts := 0
			m := h.moody(func(ids []string, next func() []stdif.InputResult) (int, any) {
				mu.Lock()
				defer mu.Unlock()
				posts++
				return answer(posts-1, ids, next)
			})
			h.say("l1", "l2", "l3")
			want := []string{"integrated", "seen", "l1", "l2", "l3"}
			h.until("all of it", func() bool { return len(heard(m.Terminal)) == len(want) && len(h.waiting()) == 0 })
			if diff := cmp.Diff(want, heard(m.Terminal)); diff != "" {
				t.Errorf("heard:\n%s", diff)
			}
			for _, l := range h.lines() {
				if l.Delivery != report.LineTerminal {
					t.Errorf("line %s is %s", l.ID, l.Delivery)
				}
			}
		})
	}
}

func refuseAll(ids []string, code stdif.Code) []stdif.InputResult {
	var out []stdif.InputResult
	for _, i := range ids {
		out = append(out, stdif.InputResult{ID: i, Problem: &stdif.Problem{Code: code}})
	}
	return out
}

func (h *house) lines() []report.Chat {
	h.Helper()
	lines, err := h.store.Content().Chat(context.Background(), h.report().ID)
	h.must(err)
	return lines
}

// One message that the terminal cannot read, or that nobody can read any more,
// does not hold up what stands behind it.
func TestPoisonMessage(t *testing.T) {
	h := newHouse(t)
	m := h.moody(func(ids []string, next func() []stdif.InputResult) (int, any) {
		if slices.Contains(ids, "poison") {
			return http.StatusUnprocessableEntity, stdif.Problem{Code: stdif.CodeTooLarge}
		}
		return http.StatusOK, next()
	})
	poison, err := json.Marshal(stdif.Input{ID: "poison", ServiceID: service, ReportID: "N-1", Mode: stdif.Actual, Verb: stdif.VerbAck})
	h.must(err)
	h.send(entry.Message{ID: "0", Kind: string(stdif.VerbMessage), Body: []byte("no JSON")},
		entry.Message{ID: "00", Kind: act.MessageRequest, Body: []byte("no JSON either")},
		entry.Message{ID: "poison", Kind: string(stdif.VerbAck), Body: poison})
	h.say("l1", "l2")
	h.until("the lines", func() bool {
		return slices.Contains(heard(m.Terminal), "l1") && slices.Contains(heard(m.Terminal), "l2")
	})
	h.until("an empty outbox", func() bool { return len(h.waiting()) == 0 })
}

// send puts messages into the outbox as no story would.
func (h *house) send(messages ...entry.Message) {
	h.Helper()
	h.must(h.store.Do(context.Background(), func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
		for _, m := range messages {
			m.Destination = "terminal/" + id
			if err := u.Send(ctx, m); err != nil {
				return entry.Entry{}, err
			}
		}
		return entry.Entry{Act: "test.send", Subject: "terminal/" + id}, nil
	}))
}

// A service that takes no input refuses words for good: the line says so, and
// the steps are taken all the same.
func TestRefusedForGood(t *testing.T) {
	duty(t, "S3-1-3-1")
	h := newHouse(t)
	term := fauxterminal.New(fauxterminal.Config{ID: id, Services: []open1.ServiceHealth{{ServiceID: service, Name: "AACN", OutputOnly: true}}})
	h.enrol(h.listen(term, h.terminalTLS(id)))
	put(t, term, "N-1")
	// Said before the terminal was asked what its services take.
	h.run()
	h.until("the report", func() bool { return h.has("N-1") })
	h.must(h.acts.Claim(t.Context(), dispatcher(), h.report().ID))
	h.until("an empty outbox", func() bool { return len(h.waiting()) == 0 })
	if diff := cmp.Diff([]string{"integrated", "seen"}, heard(term)); diff != "" {
		t.Errorf("heard:\n%s", diff)
	}
	h.until("the console knows", func() bool {
		v, err := h.store.Terminals().Terminal(t.Context(), id)
		return err == nil && len(v.Services) == 1 && v.Services[0].OutputOnly
	})
	if err := h.acts.Say(t.Context(), dispatcher(), h.report().ID, "l1", "はい"); err == nil {
		t.Error("words for an output-only service were taken")
	}
}

// S3-1-3-2: an answer to a data request is taken in like any frame, whatever the
// state of the report; none is an answer too.
func TestDataRequest(t *testing.T) {
	duty(t, "S3-1-3-2")
	h := newHouse(t)
	m := h.moody(nil)
	ask := func() report.Request {
		t.Helper()
		r := h.report()
		_, err := h.acts.RequestReport(t.Context(), dispatcher(), r.ID)
		h.must(err)
		var last report.Request
		h.until("the answer", func() bool {
			all, err := h.store.Content().Requests(t.Context(), r.ID)
			h.must(err)
			last = all[len(all)-1]
			return !last.AnsweredAt.IsZero()
		})
		return last
	}
	if q := ask(); q.Count != 1 || q.Problem != 0 {
		t.Errorf("idle: %+v", q)
	}
	h.must(h.acts.Claim(t.Context(), dispatcher(), h.report().ID))
	if q := ask(); q.Count != 1 {
		t.Errorf("in a call: %+v", q)
	}
	put(t, m.Terminal, "N-2")
	h.until("another report", func() bool { return h.has("N-2") })
	if _, err := h.acts.RequestTerminal(t.Context(), dispatcher(), id); err != nil {
		t.Fatal(err)
	}
	h.until("an empty outbox", func() bool { return len(h.waiting()) == 0 })
	var got []string
	entries, err := h.store.History(t.Context(), "terminal/"+id, 1000)
	h.must(err)
	for _, e := range entries {
		if e.Act == string(act.DataAnswer) {
			got = append(got, e.Facts["count"]+" code "+e.Facts["code"])
		}
	}
	if diff := cmp.Diff([]string{"2 code 0"}, got); diff != "" {
		t.Errorf("answers of the terminal:\n%s", diff)
	}
	if len(h.reports()) != 2 {
		t.Errorf("%d reports: answers say what is known", len(h.reports()))
	}
}

// Many lines at once, in batches, while the outbox fills: the writer's hook, the
// register and the senders do not wait for each other.
func TestNothingWaitsForEachOther(t *testing.T) {
	h := newHouse(t)
	m := h.moody(nil)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 40 {
				if err := h.acts.Say(t.Context(), dispatcher(), h.report().ID, fmt.Sprintf("l-%d-%d", i, j), strings.Repeat("長", 10)); err != nil {
					t.Error(err)
				}
				h.gate.Follow()
			}
		})
	}
	wg.Wait()
	h.until("every line", func() bool { return len(heard(m.Terminal)) == 162 && len(h.waiting()) == 0 })
}

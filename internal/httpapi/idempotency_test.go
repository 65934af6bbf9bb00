package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/internal/store"
)

// asked counts the data requests that lie in the outbox for the terminal.
func (h *house) asked() (n int) {
	h.Helper()
	waiting, err := h.store.Undelivered(h.Context(), "terminal/t-01", 1000)
	h.must(err)
	for _, m := range waiting {
		if m.Kind == act.MessageRequest {
			n++
		}
	}
	return n
}

// A request that is sent again under its key happens once and is answered alike;
// under the same key, another request is a mistake and another person's is their
// own.
func TestIdempotencyKey(t *testing.T) {
	h := newHouse(t)
	a, b := h.seat("c-a", staff.Dispatcher), h.seat("c-b", staff.Dispatcher)
	r := h.reported("N-1")
	path := "/reports/" + r.ID + "/data-requests"
	ask := func(s *seat, key string) Asked {
		t.Helper()
		w := h.do(s, "POST", path, map[string]any{}, keyHeader, key)
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		var v Asked
		h.must(json.Unmarshal(w.Body.Bytes(), &v))
		return v
	}
	first := ask(a, "k1")
	if again := ask(a, "k1"); again != first || h.asked() != 1 {
		t.Errorf("the second time: %v, want %v; %d requests", again, first, h.asked())
	}
	if w := h.do(a, "POST", path, map[string]any{}, keyHeader, "k1"); w.Header().Get(replayHeader) != "true" {
		t.Error("a repetition does not say that it is one")
	}
	if ask(a, "k2") == first || ask(b, "k1") == first || h.asked() != 3 {
		t.Errorf("another key and another person are other requests; %d requests", h.asked())
	}
	for _, other := range []struct{ path, body string }{{path, `{"x":1}`}, {"/reports/" + r.ID + "/claim", `{}`}} {
		if w := h.do(a, "POST", other.path, other.body, keyHeader, "k1"); w.Code != http.StatusUnprocessableEntity || problemIn(t, w).Key != "idempotency.other-request" {
			t.Errorf("%s %s under the same key = %d %s", other.path, other.body, w.Code, w.Body)
		}
	}
	for _, bad := range []string{"two words", strings.Repeat("k", 256), "漢字"} {
		if w := h.do(a, "POST", path, map[string]any{}, keyHeader, bad); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("key %.10q = %d", bad, w.Code)
		}
	}
}

// What was refused may be tried again under its key; what is answered holds as
// it was, though the report has gone on.
func TestKeptAnswerIsThatOfTheFirstTime(t *testing.T) {
	h := newHouse(t)
	a, b := h.seat("c-a", staff.Dispatcher), h.seat("c-b", staff.Dispatcher)
	r := h.reported("N-1")
	claim := "/reports/" + r.ID + "/claim"
	read[Card](h, b, "POST", claim, map[string]any{})
	if w := h.do(a, "POST", claim, map[string]any{}, keyHeader, "k"); w.Code != http.StatusConflict {
		t.Fatalf("claim of a claimed report = %d", w.Code)
	}
	read[nothing](h, b, "POST", "/reports/"+r.ID+"/release", map[string]any{})
	first := h.do(a, "POST", claim, map[string]any{}, keyHeader, "k")
	if first.Code != http.StatusOK {
		t.Fatalf("claim after the release = %d %s", first.Code, first.Body)
	}
	read[nothing](h, a, "POST", "/reports/"+r.ID+"/close", map[string]string{"reason": "handled"})
	again := h.do(a, "POST", claim, map[string]any{}, keyHeader, "k")
	if again.Code != http.StatusOK || !bytes.Equal(bytes.TrimSpace(again.Body.Bytes()), bytes.TrimSpace(first.Body.Bytes())) {
		t.Errorf("again = %d %s\nwant %s", again.Code, again.Body, first.Body)
	}
	// The answer holds the caller's words; the disk does not.
	h.stop()
	h.stop = func() {}
	files, err := filepath.Glob(filepath.Join(h.dir, "store.db*"))
	h.must(err)
	for _, name := range files {
		raw, err := os.ReadFile(name)
		h.must(err)
		if bytes.Contains(raw, []byte("助けて")) {
			t.Errorf("%s holds the caller's words in clear", filepath.Base(name))
		}
	}
}

// The server dies between the act's commit and its answer: the same request
// after the restart finds the act done and gives the id of then.
func TestKeySurvivesACrash(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	r := h.reported("N-1")
	req := a.request(t.Context(), "POST", "https://hq.example"+base+"/reports/"+r.ID+"/data-requests", "{}")
	req.Header.Set(keyHeader, "k")
	id, err := h.admit(req, authz.DataRequest)
	h.must(err)
	ctx, _, err := h.begin(nil, req, "/reports/{id}/data-requests", id)
	h.must(err)
	first, err := h.acts.RequestReport(ctx, h.whoOf(id), r.ID) // committed; nobody was answered
	h.must(err)
	h.stop()
	h.open()
	if again := read2[Asked](h, a, "/reports/"+r.ID+"/data-requests", "{}", "k"); again.ID != first || h.asked() != 1 {
		t.Errorf("after the crash: %s, want %s; %d requests", again.ID, first, h.asked())
	}
}

func read2[T any](h *house, s *seat, path, body, key string) (v T) {
	h.Helper()
	w := h.do(s, "POST", path, body, keyHeader, key)
	if w.Code != http.StatusOK {
		h.Fatalf("%s = %d %s", path, w.Code, w.Body)
	}
	h.must(json.Unmarshal(w.Body.Bytes(), &v))
	return v
}

// A crowd of the same request at the same moment is one act.
func TestSameRequestAtOnce(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	r := h.reported("N-1")
	var all sync.WaitGroup
	ids := make([]string, 20)
	for i := range ids {
		all.Go(func() {
			w := h.do(a, "POST", "/reports/"+r.ID+"/data-requests", map[string]any{}, keyHeader, "k")
			var v Asked
			if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != http.StatusOK {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			ids[i] = v.ID
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("answered %s and %s", ids[0], id)
		}
	}
	if h.asked() != 1 {
		t.Errorf("%d requests, want one", h.asked())
	}
}

// Secrets are shown once, also to whoever asks twice.
func TestSecretIsNotKept(t *testing.T) {
	h := newHouse(t)
	boss := h.seat("c-boss", staff.Supervisor)
	body := map[string]any{"name": "指令システム", "owner": "指令課", "scopes": []string{"read"}, "days": 30}
	if w := h.do(boss, "POST", "/clients", body, keyHeader, "k"); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := h.do(boss, "POST", "/clients", body, keyHeader, "k"); w.Code != http.StatusConflict || problemIn(t, w).Key != "idempotency.secret" {
		t.Errorf("again = %d %s", w.Code, w.Body)
	}
	if n := len(read[[]ClientView](h, boss, "GET", "/clients", nil)); n != 1 {
		t.Errorf("%d clients, want one", n)
	}
}

// Answers are forgotten after their day, and no sooner.
func TestAnswersAreForgotten(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	for id, age := range map[string]time.Duration{"old": act.OnceLife + time.Minute, "young": act.OnceLife - time.Minute} {
		h.must(h.store.Do(ctx, func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
			at := u.Now().Add(-age)
			if err := u.SaveDone(ctx, store.Done{ID: id, Digest: "d", At: at, Facts: "{}"}); err != nil {
				return entry.Entry{}, err
			}
			return entry.Entry{Act: "test.answer", Subject: "answer/" + id}, u.SaveAnswer(ctx, store.Answer{ID: id, Digest: "d", At: at, Body: []byte("{}")})
		}))
	}
	h.must(h.acts.ForgetAnswers(ctx, act.Timer()))
	if _, err := h.store.Answer(ctx, "young"); err != nil {
		t.Errorf("forgotten too soon: %v", err)
	}
	if _, err := h.store.Answer(ctx, "old"); fault.Of(err) != fault.NotFound {
		t.Errorf("an old answer is still there: %v", err)
	}
}

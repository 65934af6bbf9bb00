package outbox

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/entry"
	"github.com/matoi119/matoi/internal/seal"
	"github.com/matoi119/matoi/internal/store"
	played "github.com/matoi119/matoi/sim/receiver"
)

// house is a store with its acts and a client that has webhooks.
type house struct {
	testing.TB
	store  *store.Store
	acts   *act.Acts
	client client.Client
	roots  *x509.CertPool
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{TB: t, roots: x509.NewCertPool()}
	keys, err := seal.OpenDir(filepath.Join(t.TempDir(), "keys"))
	h.must(err)
	h.store, err = store.Open(t.Context(), store.Config{HQ: "279999", Dir: t.TempDir()}, keys)
	h.must(err)
	t.Cleanup(func() { h.must(h.store.Close()) })
	may, err := authz.New()
	h.must(err)
	h.acts, err = act.New(h.store, may)
	h.must(err)
	h.client, _, err = h.acts.AddClient(t.Context(), act.CommandLine(), act.NewClient{Name: "指令システム", Owner: "指令課", Scopes: client.Scopes(), Credential: "first", Life: time.Hour})
	h.must(err)
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// change makes n changes of a subject.
func (h *house) change(subject string, n int) {
	h.Helper()
	for range n {
		h.must(h.store.Do(context.Background(), func(_ context.Context, u *store.Unit) (entry.Entry, error) {
			u.Changed("report", subject, "report.revise")
			return entry.Entry{Act: "report.revise", Subject: "report/" + subject}, nil
		}))
	}
}

// hook makes a webhook with its receiver.
func (h *house) hook(words bool) (client.Hook, *played.Receiver) {
	h.Helper()
	var r *played.Receiver
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { r.ServeHTTP(w, req) }))
	h.Cleanup(server.Close)
	h.roots.AddCert(server.Certificate())
	hook, secret, err := h.acts.AddHook(context.Background(), act.CommandLine(), h.client.ID, server.URL+"/changes", []string{"report"}, words)
	h.must(err)
	r, err = played.New(secret)
	h.must(err)
	return hook, r
}

// serve runs the workers until the test ends.
func (h *house) serve() {
	h.Helper()
	ctx, stop := context.WithCancel(context.Background())
	w := &Webhooks{
		Acts: h.acts, Reads: h.store, Client: NewHookClient(h.roots, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}),
		Card: func(_ context.Context, _, subject string) (json.RawMessage, error) {
			return json.RawMessage(`{"excerpt":"助けて ` + subject + `"}`), nil
		},
		Jitter: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler),
	}
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	h.Cleanup(func() { stop(); <-done; w.Client.CloseIdleConnections() })
}

// told waits until a receiver was told n changes.
func (h *house) told(r *played.Receiver, n int) []played.Told {
	h.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		_, news := r.Asked()
		told, forged := r.Told()
		if forged > 0 {
			h.Fatalf("%d requests without a good signature", forged)
		}
		if len(told) >= n {
			return told
		}
		select {
		case <-news:
		case <-deadline.C:
			h.Fatalf("told %d of %d", len(told), n)
		}
	}
}

func seqs(told []played.Told) (out []int64) {
	for _, t := range told {
		out = append(out, t.Seq)
	}
	return out
}

// Every change once, in order, signed; without words unless they were asked for.
func TestWebhook(t *testing.T) {
	h := newHouse(t)
	_, plain := h.hook(false)
	_, words := h.hook(true)
	h.serve()
	h.change("r-1", 50)
	for name, r := range map[string]*played.Receiver{"plain": plain, "words": words} {
		told := h.told(r, 50)
		if !slices.IsSorted(seqs(told)) || len(slices.Compact(seqs(told))) != 50 {
			t.Errorf("%s: told %v", name, seqs(told))
		}
		body := string(told[0].Body)
		if has := strings.Contains(body, "助けて"); has != (name == "words") || !strings.Contains(body, `"ref":"/api/v1/reports/r-1"`) {
			t.Errorf("%s: %s", name, body)
		}
	}
}

// A dead address, one that stalls and one that points elsewhere delay nobody
// else, and no act (AC-20).
func TestDeadAddressDelaysNobody(t *testing.T) {
	h := newHouse(t)
	_, stalls := h.hook(false)
	stalls.Be(played.Stalls, "")
	_, redirects := h.hook(false)
	_, thief := h.hook(false)
	redirects.PointTo("https://127.0.0.1:1/")
	redirects.Be(played.Redirects, "")
	_, _, err := h.acts.AddHook(t.Context(), act.CommandLine(), h.client.ID, "https://127.0.0.1:1/", nil, false)
	h.must(err)
	_, good := h.hook(false)
	h.serve()
	begun := time.Now()
	h.change("r-1", 20)
	h.told(good, 20)
	h.told(thief, 20)
	if took := time.Since(begun); took > hookPatience {
		t.Errorf("took %s: a dead address delayed the others", took)
	}
	if told, _ := redirects.Told(); len(told) != 0 {
		t.Errorf("told through a redirect: %v", told)
	}
}

// A receiver that refuses one subject holds up that one alone, in its order.
func TestRefusedSubjectKeepsItsOrder(t *testing.T) {
	h := newHouse(t)
	_, r := h.hook(false)
	r.Be(played.Refuses, "r-bad")
	h.serve()
	h.change("r-bad", 3)
	h.change("r-good", 3)
	for _, told := range h.told(r, 3) {
		if told.Subject != "r-good" {
			t.Errorf("told of %s", told.Subject)
		}
	}
	r.Be(played.Takes, "")
	told := h.told(r, 6)[3:]
	if !slices.IsSorted(seqs(told)) || told[0].Subject != "r-bad" {
		t.Errorf("told late: %+v", told)
	}
}

// After a restart what was not recorded as told is told again under the same id,
// and a replay tells everything after a cursor again.
func TestReplay(t *testing.T) {
	h := newHouse(t)
	hook, r := h.hook(false)
	h.serve()
	h.change("r-1", 5)
	first := h.told(r, 5)
	h.until(func() bool {
		waiting, err := h.store.OutboxWaiting(context.Background())
		h.must(err)
		return len(waiting) == 0
	})
	h.must(h.acts.ReplayHook(t.Context(), act.CommandLine(), h.client.ID, hook.ID, first[1].Seq))
	told := h.told(r, 8)
	for i, again := range told[5:] {
		if !again.Again || again.ID != first[2+i].ID {
			t.Errorf("replayed %+v, want %s again", again, first[2+i].ID)
		}
	}
	if err := h.acts.ReplayHook(t.Context(), act.CommandLine(), h.client.ID, hook.ID, 1<<40); err == nil {
		t.Error("replayed from what has not happened")
	}
}

func (h *house) until(ok func() bool) {
	h.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-deadline.C:
			h.Fatal("never came")
		}
	}
}

// What was tried for a day is given up and can be seen; the next is told.
func TestDeadLetter(t *testing.T) {
	h := newHouse(t)
	hook, r := h.hook(false)
	r.Be(played.Refuses, "")
	body, err := json.Marshal(act.HookMessage{Seq: 1, At: time.Now().Add(-2 * HookLife), Kind: "report", Subject: "r-old", Queued: time.Now().Add(-HookLife - time.Minute)})
	h.must(err)
	h.must(h.store.Do(t.Context(), func(ctx context.Context, u *store.Unit) (entry.Entry, error) {
		return entry.Entry{Act: "test.old", Subject: "webhook/" + hook.ID}, u.Send(ctx, entry.Message{
			ID: hook.ID + "-0000000000000001", Destination: act.HookDestination(hook.ID), Kind: act.MessageWebhook, Subject: "r-old", Body: body,
		})
	}))
	h.serve()
	h.until(func() bool {
		dead, err := h.store.Dead(context.Background(), act.HookDestination(hook.ID), 10)
		h.must(err)
		return len(dead) == 1 && dead[0].Subject == "r-old"
	})
}

// A webhook that is removed is told nothing more, and nothing waits for it.
func TestRemovedWebhook(t *testing.T) {
	h := newHouse(t)
	hook, r := h.hook(false)
	r.Be(played.Refuses, "")
	h.serve()
	h.change("r-1", 3)
	for n, news := r.Asked(); n == 0; n, news = r.Asked() {
		<-news
	}
	h.must(h.acts.RemoveHook(t.Context(), act.CommandLine(), h.client.ID, hook.ID))
	h.until(func() bool {
		waiting, err := h.store.OutboxWaiting(context.Background())
		h.must(err)
		return len(waiting) == 0
	})
}

// Connections go into the allowed networks alone, whatever a name points to.
func TestWhereWebhooksMayGo(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "https://"), ":")
	for _, address := range []string{server.URL, "https://localhost:" + port, "https://[::ffff:127.0.0.1]:" + port, "https://169.254.169.254/", "https://[::1]:" + port} {
		c := NewHookClient(roots, DefaultNetworks())
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		if !errors.Is(err, errAddress) {
			t.Errorf("%s: %v", address, err)
		}
		c.CloseIdleConnections()
	}
	c := NewHookClient(x509.NewCertPool(), []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	defer c.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := c.Do(req); err == nil {
		_ = res.Body.Close()
		t.Error("a certificate of an unknown authority is taken")
	}
}

// The secret is not on the disk in clear, and the wrong one is noticed.
func TestForgedWebhook(t *testing.T) {
	h := newHouse(t)
	hook, r := h.hook(false)
	w := httptest.NewRecorder()
	body := []byte(`{"data":{"seq":1}}`)
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
	now := time.Now()
	req.Header.Set("Webhook-Id", "x")
	req.Header.Set("Webhook-Timestamp", "1")
	req.Header.Set("Webhook-Signature", Sign(hook.Secret, "x", now, body))
	r.ServeHTTP(w, req)
	if _, forged := r.Told(); forged != 1 || w.Code != http.StatusUnauthorized {
		t.Errorf("a signature over another time is taken: %d", w.Code)
	}
}

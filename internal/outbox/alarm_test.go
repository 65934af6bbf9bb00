package outbox

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/entry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// box holds alarms; delivering one takes it out, unless that fails.
type box struct {
	mu      sync.Mutex
	waiting []entry.Message
	fails   int // how often recording fails
	hook    func(int64)
}

func (b *box) Undelivered(_ context.Context, destination string, limit int) ([]entry.Message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if destination != act.AlarmDestination {
		return nil, errors.New("another destination")
	}
	return slices.Clone(b.waiting[:min(limit, len(b.waiting))]), nil
}

func (b *box) OnCommit(hook func(int64)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hook = hook
}

func (b *box) Deliver(_ context.Context, _ act.Who, _ string, done []act.Delivered) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails > 0 {
		b.fails--
		return errors.New("cannot write")
	}
	for _, d := range done {
		b.waiting = slices.DeleteFunc(b.waiting, func(m entry.Message) bool { return m.ID == d.Message.ID })
	}
	return nil
}

func (b *box) put(ids ...string) {
	b.mu.Lock()
	for _, id := range ids {
		b.waiting = append(b.waiting, entry.Message{ID: id, Body: []byte(`{"kind":"unheard"}`)})
	}
	hook := b.hook
	b.mu.Unlock()
	if hook != nil {
		hook(1)
	}
}

func (b *box) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

// receiver is the house's bell: it notes what rings and answers as told.
type receiver struct {
	mu     sync.Mutex
	keys   []string
	answer func(n int) (*http.Response, error)
}

func (r *receiver) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil || req.Method != http.MethodPost || req.Header.Get("Content-Type") != "application/json" || !strings.Contains(string(body), "unheard") {
		return nil, errors.New("not an alarm")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append(r.keys, req.Header.Get("Idempotency-Key"))
	return r.answer(len(r.keys))
}

func (r *receiver) rung() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.keys)
}

func status(code int) (*http.Response, error) {
	return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{}}, nil
}

func bubble(t *testing.T, answer func(n int) (*http.Response, error), test func(t *testing.T, b *box, r *receiver)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b, r := new(box), &receiver{answer: answer}
		bell := &Bell{URL: "http://bell.example/ring", Client: &http.Client{Transport: r}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			bell.Run(ctx, b, b, slog.New(slog.NewTextHandler(io.Discard, nil)))
		}()
		synctest.Wait()
		test(t, b, r)
		stop()
		<-done
	})
}

func TestRingsAtOnce(t *testing.T) {
	bubble(t, func(int) (*http.Response, error) { return status(http.StatusNoContent) }, func(t *testing.T, b *box, r *receiver) {
		b.put("a1", "a2")
		synctest.Wait() // no time passes: the commit is the hint
		if got := r.rung(); !slices.Equal(got, []string{"a1", "a2"}) || b.left() != 0 {
			t.Errorf("rung = %v, %d left", got, b.left())
		}
	})
}

// A bell that fails is rung again until it answers, with the same key; what
// comes meanwhile keeps its order.
func TestRingsUntilItAnswers(t *testing.T) {
	for name, fail := range map[string]func() (*http.Response, error){
		"refused":  func() (*http.Response, error) { return nil, errors.New("connection refused") },
		"500":      func() (*http.Response, error) { return status(http.StatusInternalServerError) },
		"404":      func() (*http.Response, error) { return status(http.StatusNotFound) },
		"redirect": func() (*http.Response, error) { return redirect() },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(n int) (*http.Response, error) {
				if n <= 3 {
					return fail()
				}
				return status(http.StatusOK)
			}, func(t *testing.T, b *box, r *receiver) {
				b.put("a1")
				time.Sleep(time.Second)
				b.put("a2")
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := r.rung(); !slices.Equal(got, []string{"a1", "a1", "a1", "a1", "a2"}) || b.left() != 0 {
					t.Errorf("rung = %v, %d left", got, b.left())
				}
			})
		})
	}
}

func redirect() (*http.Response, error) {
	res, err := status(http.StatusTemporaryRedirect)
	res.Header.Set("Location", "http://elsewhere.example/")
	return res, err
}

// A delivery that could not be recorded rings again: at least once, and the
// receiver knows a repeat by its key.
func TestRingsAgainWhenNotRecorded(t *testing.T) {
	bubble(t, func(int) (*http.Response, error) { return status(http.StatusOK) }, func(t *testing.T, b *box, r *receiver) {
		b.fails = 1
		b.put("a1")
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := r.rung(); !slices.Equal(got, []string{"a1", "a1"}) || b.left() != 0 {
			t.Errorf("rung = %v, %d left", got, b.left())
		}
	})
}

// Another process may have put the alarm there: without any hint it rings within
// a second.
func TestRingsWithoutAHint(t *testing.T) {
	bubble(t, func(int) (*http.Response, error) { return status(http.StatusOK) }, func(t *testing.T, b *box, r *receiver) {
		b.OnCommit(nil)
		b.put("a1")
		time.Sleep(every)
		synctest.Wait()
		if got := r.rung(); !slices.Equal(got, []string{"a1"}) {
			t.Errorf("rung = %v", got)
		}
	})
}

// A bell that answers without end is heard out only so far, and one that never
// answers is not waited for.
func TestBellOutOfItsMind(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"endless answer": func(w http.ResponseWriter, r *http.Request) {
			for chunk := make([]byte, 32<<10); r.Context().Err() == nil; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"no answer": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the other side has gone
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(h)
			defer server.Close()
			defer server.Client().CloseIdleConnections()
			began := time.Now()
			b := &Bell{URL: server.URL, Client: server.Client()}
			_ = b.ring(t.Context(), entry.Message{ID: "a1", Body: []byte("{}")}) // rung or not: it comes back
			if took := time.Since(began); took > 2*patience {
				t.Errorf("waited %s", took)
			}
		})
	}
}

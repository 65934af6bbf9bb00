package httpapi

import (
	"net/http"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/staff"
)

// Who sits there is remembered, and what this process takes away counts from the
// next request on.
func TestIdentitiesAreRememberedUntilTheyChange(t *testing.T) {
	h := newHouse(t)
	h.until("changes are followed", func() bool { h.identities.mu.Lock(); defer h.identities.mu.Unlock(); return h.identities.following })
	a := h.seat("a", staff.Dispatcher)
	for range 2 {
		if w := h.do(a, http.MethodGet, "/board", nil); w.Code != http.StatusOK {
			t.Fatalf("board = %d %s", w.Code, w.Body)
		}
	}
	h.identities.mu.Lock()
	consoles, sessions := len(h.identities.consoles), len(h.identities.sessions)
	h.identities.mu.Unlock()
	if consoles != 1 || sessions != 1 {
		t.Errorf("remembered %d consoles and %d sessions, want one of each", consoles, sessions)
	}
	h.must(h.acts.RevokeSessions(t.Context(), act.CommandLine(), a.person.ID))
	if w := h.do(a, http.MethodGet, "/board", nil); w.Code != http.StatusUnauthorized {
		t.Errorf("after the session was revoked: board = %d %s", w.Code, w.Body)
	}
	h.must(h.acts.RevokeConsole(t.Context(), act.CommandLine(), "a"))
	if w := h.do(a, http.MethodGet, "/me", nil); w.Code != http.StatusUnauthorized {
		t.Errorf("after the console was revoked: me = %d %s", w.Code, w.Body)
	}
}

// What another process changes counts when IdentityKept is over, also when the
// clock was set back meanwhile.
func TestIdentitiesAreForgotten(t *testing.T) {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	l := newIdentities(nil, func() time.Time { return now })
	l.following = true
	reads := 0
	who := func() {
		t.Helper()
		if _, err := recall(l, func() map[string]kept[seated] { return l.sessions }, "hash", func() (seated, error) {
			reads++
			return seated{}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {IdentityKept - 1, 1}, {1, 2}, {-time.Hour, 3}} {
		now = now.Add(step.after)
		if who(); reads != step.want {
			t.Errorf("at %s: %d reads, want %d", now, reads, step.want)
		}
	}
}

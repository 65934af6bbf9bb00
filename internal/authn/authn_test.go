package authn

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
)

var noon = time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)

// rows is a store of values.
type rows struct {
	consoles map[string]console.Console
	sessions map[string]staff.Session
	people   map[string]staff.Person
	clients  map[string]client.Client
	keys     map[string]client.Credential
	seats    map[string]string // console → client
	through  map[string]client.Session
	broken   error
}

func (s rows) Console(_ context.Context, id string) (console.Console, error) {
	c, ok := s.consoles[id]
	if s.broken != nil {
		return c, s.broken
	}
	if !ok {
		return c, fault.New(fault.NotFound, "row.missing")
	}
	return c, nil
}

func (s rows) Session(_ context.Context, hash string) (staff.Session, staff.Person, error) {
	x, ok := s.sessions[hash]
	if !ok {
		return x, staff.Person{}, fault.New(fault.NotFound, "row.missing")
	}
	return x, s.people[x.PersonID], nil
}

func (s rows) Credential(_ context.Context, hash string) (client.Credential, client.Client, error) {
	k, ok := s.keys[hash]
	if s.broken != nil {
		return k, client.Client{}, s.broken
	}
	if !ok {
		return k, client.Client{}, fault.New(fault.NotFound, "row.missing")
	}
	return k, s.clients[k.ClientID], nil
}

func (s rows) Pinned(_ context.Context, certificate string) (out []client.Credential, _ error) {
	for _, k := range s.keys {
		if k.Certificate == certificate {
			out = append(out, k)
		}
	}
	return out, nil
}

func (s rows) ClientOf(_ context.Context, id string) (string, error) {
	c, ok := s.seats[id]
	if !ok {
		return "", fault.New(fault.NotFound, "row.missing")
	}
	return c, nil
}

func (s rows) Through(_ context.Context, hash string) (client.Session, error) {
	x, ok := s.through[hash]
	if !ok {
		return x, fault.New(fault.NotFound, "row.missing")
	}
	return x, nil
}

// room is two seats; sato sits at seat a.
func room() (rows, map[string]string) {
	tokenA, hashA := staff.NewToken()
	tokenL, hashL := staff.NewToken()
	return rows{
			consoles: map[string]console.Console{
				"a": {ID: "a", SecretHash: console.SecretHash("secret-a")},
				"b": {ID: "b", SecretHash: console.SecretHash("secret-b")},
			},
			sessions: map[string]staff.Session{
				hashA: staff.NewSession(hashA, "sato", "a", noon),
				hashL: staff.NewSession(hashL, "left", "a", noon),
			},
			people: map[string]staff.Person{
				"sato": {ID: "sato", State: staff.Active}, "left": {ID: "left", State: staff.Left},
			},
		}, map[string]string{
			"A": "matoi_console_a=secret-a", "B": "matoi_console_b=secret-b",
			"SA": "matoi_session_a=" + tokenA, "SL": "matoi_session_a=" + tokenL, "SAatB": "matoi_session_b=" + tokenA,
		}
}

func TestIdentify(t *testing.T) {
	store, jar := room()
	for _, tt := range []struct {
		name    string
		seat    string
		cookies []string
		after   time.Duration
		want    string // seat/person, or "unknown"
	}{
		{"at her seat", "a", []string{"A", "SA"}, 0, "a/sato"},
		{"both seats in one browser", "b", []string{"A", "SA", "B"}, 0, "b/"},
		{"nobody logged in", "a", []string{"A"}, 0, "a/"},
		{"session lapsed", "a", []string{"A", "SA"}, staff.SessionAway, "a/"},
		{"token moved to another seat", "b", []string{"B", "SAatB"}, 0, "b/"},
		{"person has left", "a", []string{"A", "SL"}, 0, "a/"},
		{"session without the seat's secret", "a", []string{"SA"}, 0, "unknown"},
		{"seat that was never enrolled", "c", []string{"A", "SA"}, 0, "unknown"},
		{"no seat named", "", []string{"A", "SA"}, 0, "unknown"},
		{"a name that is no id", "a; Path=/x", []string{"A"}, 0, "unknown"},
	} {
		for _, way := range []string{"header", "query"} {
			r := httptest.NewRequest("GET", "/api/v1/me", nil)
			if way == "header" {
				r.Header.Set(Header, tt.seat)
			} else {
				q := r.URL.Query()
				q.Set("console", tt.seat)
				r.URL.RawQuery = q.Encode()
			}
			for _, name := range tt.cookies {
				r.Header.Add("Cookie", jar[name])
			}
			who, err := Identify(r, store, noon.Add(tt.after))
			got := who.Console.ID + "/"
			if who.Person != nil {
				got += who.Person.ID
			}
			if err != nil {
				got = fault.Of(err).String()
			}
			if got != tt.want {
				t.Errorf("%s by %s: %s (%v), want %s", tt.name, way, got, err, tt.want)
			}
			if (who.Person == nil) != (who.Session == nil) {
				t.Errorf("%s: person and session do not go together", tt.name)
			}
		}
	}
}

func TestWrongAndRevokedSeats(t *testing.T) {
	store, _ := room()
	seat := store.consoles["b"]
	seat.RevokedAt = noon
	store.consoles["b"] = seat
	for _, pair := range []string{"matoi_console_a=secret-b", "matoi_console_a=", "matoi_console_b=secret-b", "matoi_console_a=" + strings.Repeat("x", 5000)} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(Header, pair[len("matoi_console_"):][:1])
		r.Header.Set("Cookie", pair)
		if _, err := Identify(r, store, noon); fault.Of(err) != fault.Unknown || err == nil {
			t.Errorf("%.30s: %v, want unknown", pair, err)
		}
	}
}

func TestBrokenStoreIsNotLoggedOut(t *testing.T) {
	store, jar := room()
	store.broken = fault.New(fault.Unavailable, "store.unavailable").Because(errors.New("disk"))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set(Header, "a")
	r.Header.Set("Cookie", jar["A"])
	if _, err := Identify(r, store, noon); fault.Of(err) != fault.Unavailable {
		t.Errorf("Identify = %v, want unavailable", err)
	}
}

func TestCookies(t *testing.T) {
	w := httptest.NewRecorder()
	SetConsole(w, "a", "s1")
	SetSession(w, "a", "t1")
	KeepConsole(w, &http.Request{Header: http.Header{"Cookie": {"matoi_console_a=s2"}}}, "a")
	KeepConsole(w, &http.Request{}, "a") // without a cookie: nothing to keep
	ClearSession(w, "a")
	ClearConsole(w, "a")
	got := w.Result().Cookies()
	want := []struct {
		name, value string
		age         int
	}{
		{"matoi_console_a", "s1", 400 * 24 * 3600},
		{"matoi_session_a", "t1", 13 * 3600},
		{"matoi_console_a", "s2", 400 * 24 * 3600},
		{"matoi_session_a", "", -1},
		{"matoi_console_a", "", -1},
	}
	if len(got) != len(want) {
		t.Fatalf("%d cookies, want %d", len(got), len(want))
	}
	for i, c := range got {
		if c.Name != want[i].name || c.Value != want[i].value || c.MaxAge != want[i].age {
			t.Errorf("cookie %d = %s %q %d, want %+v", i, c.Name, c.Value, c.MaxAge, want[i])
		}
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("cookie %s is not as strict as it must be: %s", c.Name, c.Raw)
		}
	}
}

func TestContext(t *testing.T) {
	if _, ok := From(context.Background()); ok {
		t.Error("a stranger has an identity")
	}
	ctx := With(context.Background(), Identity{Console: console.Console{ID: "a"}})
	if who, ok := From(ctx); !ok || who.Console.ID != "a" {
		t.Errorf("From = %+v, %t", who, ok)
	}
}

package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/stdif"
)

// A route whose right the policy does not declare keeps the server from starting.
func TestRouteWithoutARight(t *testing.T) {
	h := newHouse(t)
	for name, bindOne := range map[string]func(b *binder){
		"typed": func(b *binder) { get(b, "/open-door", "", "no right", h.me) },
		"raw":   func(b *binder) { b.raw("GET /open-door", "door.open", h.healthz) },
	} {
		b := &binder{s: h.Server, mux: http.NewServeMux()}
		bindOne(b)
		if !errors.Is(b.err, errUndeclared) {
			t.Errorf("%s: %v", name, b.err)
		}
	}
}

// Every route by everybody: what is answered to a stranger, to a seat without a
// person and to each role. The bodies say nothing, so whoever may is told that
// (422) or that there is no such thing (404).
func TestWhoIsAnswered(t *testing.T) {
	h := newHouse(t)
	who := []string{"stranger", "seat", "dispatcher", "supervisor", "maintainer", "auditor", "machine", "through"}
	seats := map[string]*seat{"stranger": nil, "seat": h.seat("c-seat")}
	machine := h.machine("command system", client.Scopes()...)
	seats["machine"] = machine
	seats["through"] = machine.seat("指令台T", staff.Dispatcher)
	for _, role := range who[2:6] {
		seats[role] = h.seat("c-"+role, staff.Role(role))
	}
	var routes []string
	for path, item := range h.api.OpenAPI().Paths {
		for method, op := range map[string]any{"GET": item.Get, "POST": item.Post, "DELETE": item.Delete} {
			if fmt.Sprint(op) != "<nil>" {
				routes = append(routes, path+" "+method)
			}
		}
	}
	routes = append(routes, base+"/feed GET", base+"/openapi.json GET")
	slices.Sort(routes)
	// Logging out comes last: it takes effect.
	out := slices.Index(routes, base+"/sessions/current DELETE")
	routes = append(slices.Delete(routes, out, out+1), base+"/sessions/current DELETE")
	var got strings.Builder
	for _, route := range slices.Compact(routes) {
		path, method, _ := strings.Cut(route, " ")
		fmt.Fprintf(&got, "%s %s\n", method, path)
		for _, name := range who {
			var body any
			if method == "POST" {
				body = map[string]any{}
			}
			w := h.do(seats[name], method, strings.TrimPrefix(strings.ReplaceAll(path, "{id}", "none"), base), body)
			line := fmt.Sprintf("    %-11s %d", name, w.Code)
			if w.Code >= 400 {
				line += " " + problemIn(t, w).Key
			}
			got.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	sameThrough(t, got.String())
	const golden = "testdata/routes.txt"
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("run with -rewrite and review:\n%s", diff)
	}
}

// Nothing that somebody sent comes back in a refusal or stands in the log: a
// value may be a caller's words.
func TestRefusalsRepeatNothing(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	r := h.reported("N-1")
	long := strings.Repeat("CANARY", 20000)
	for _, tt := range []struct {
		method, path string
		body         any
		status       int
	}{
		{"POST", "/reports/" + r.ID + "/chat", map[string]any{"id": "x", "text": 5, "extra": "CANARY"}, 422},
		{"POST", "/reports/" + r.ID + "/chat", map[string]any{"id": "CANARY", "text": ""}, 422},
		{"POST", "/reports/" + r.ID + "/chat", `{"id":"CANARY`, 400},
		{"POST", "/reports/" + r.ID + "/chat", map[string]any{"id": "x", "text": long}, 413},
		{"POST", "/reports/" + r.ID + "/close", map[string]any{"reason": "CANARY"}, 422},
		{"POST", "/reports/" + r.ID + "/close", map[string]any{"reason": "handled", "note": strings.Repeat("CANARY", 300)}, 413},
		{"POST", "/reports/CANARY/claim", map[string]any{}, 404},
		{"POST", "/reports/search", map[string]any{"phone": "CANARY"}, 422},
		{"POST", "/reports/search", map[string]any{"phone": "CANARYCANARY"}, 422},
		{"POST", "/sessions", map[string]any{"account": "CANARY", "password": "CANARY"}, 401},
		{"POST", "/enrolments", map[string]any{"code": "CANARY"}, 403},
		{"POST", "/terminals", map[string]any{"address": "CANARY"}, 403},
		{"GET", "/reports?state=CANARY", nil, 422},
		{"GET", "/reports?before=CANARY", nil, 422},
		{"GET", "/feed?cursor=CANARY", nil, 422},
		{"GET", "/CANARY", nil, 404},
	} {
		w := h.do(a, tt.method, tt.path, tt.body)
		if w.Code != tt.status {
			t.Errorf("%s %s = %d %s, want %d", tt.method, tt.path, w.Code, w.Body, tt.status)
		}
		if strings.Contains(w.Body.String(), "CANARY") {
			t.Errorf("%s %s repeats what was sent: %s", tt.method, tt.path, w.Body)
		}
	}
	if strings.Contains(h.log.String(), "CANARY") {
		t.Errorf("the log repeats what was sent:\n%s", h.log)
	}
}

// The sentence is Japanese, English where that is asked for first; the key is
// the same. Also where the request itself cannot be read.
func TestLanguages(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	for _, tt := range []struct {
		s            *seat
		method, path string
		body         any
	}{{nil, "GET", "/board", nil}, {a, "POST", "/reports/none/claim", map[string]any{}}, {a, "POST", "/feed/painted", map[string]any{}}, {a, "GET", "/feed?cursor=x", nil}} {
		ja, en := problemIn(t, h.do(tt.s, tt.method, tt.path, tt.body)), problemIn(t, h.do(tt.s, tt.method, tt.path, tt.body, "Accept-Language", "en-GB,ja;q=0.5"))
		if ja.Key != en.Key || ja.Detail == en.Detail || strings.ContainsFunc(en.Detail, japanese) || !strings.ContainsFunc(ja.Detail, japanese) {
			t.Errorf("%s %s: %q and %q", tt.method, tt.path, ja.Detail, en.Detail)
		}
	}
}

func japanese(r rune) bool { return r >= 0x3040 && r <= 0x9fff }

// A page of another origin cannot make a browser act, and every answer carries
// the headers that keep a page in its place.
func TestDoor(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	r := h.reported("N-1")
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		if w := h.do(a, "POST", "/reports/"+r.ID+"/claim", map[string]any{}, header...); w.Code != http.StatusForbidden {
			t.Errorf("POST with %v = %d", header, w.Code)
		}
	}
	if got := h.do(a, "POST", "/reports/"+r.ID+"/claim", map[string]any{}, "Sec-Fetch-Site", "same-origin"); got.Code != http.StatusOK {
		t.Errorf("POST of our own page = %d %s", got.Code, got.Body)
	}
	for _, path := range []string{"/board", "/me", "/none", "/openapi.json"} {
		w := h.do(a, "GET", path, nil)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s = %q", path, name, got)
			}
		}
	}
	if c := h.do(a, "GET", "/board", nil).Header().Get("Cache-Control"); c != "no-store" {
		t.Errorf("the board may be kept: %q", c)
	}
}

// Whoever loses the race is told who won, by the names that people know.
func TestLosersAreToldWhoWon(t *testing.T) {
	h := newHouse(t)
	a, b := h.seat("c-a", staff.Dispatcher), h.seat("c-b", staff.Dispatcher)
	r := h.reported("N-1")
	won := read[Card](h, a, "POST", "/reports/"+r.ID+"/claim", map[string]any{})
	if won.Claim == nil || won.Claim.PersonName != "職員c-a" || won.Step != stdif.Seen {
		t.Errorf("won = %+v", won)
	}
	w := h.do(b, "POST", "/reports/"+r.ID+"/claim", map[string]any{})
	p := problemIn(t, w)
	if w.Code != http.StatusConflict || p.Key != "claim.held" || p.Args["consoleName"] != "指令台c-a" || p.Args["personName"] != "職員c-a" ||
		!strings.Contains(p.Detail, "指令台c-a") {
		t.Errorf("lost = %d %+v", w.Code, p)
	}
}

// An error that nobody classified shows a receipt; the log holds its cause.
func TestReceipt(t *testing.T) {
	h := newHouse(t)
	p := h.problem(t.Context(), "en", errors.New("disk sector 7"))
	if p.Status != http.StatusInternalServerError || p.Receipt == "" || strings.Contains(p.Detail, "sector") {
		t.Errorf("problem = %+v", p)
	}
	if log := h.log.String(); !strings.Contains(log, p.Receipt) || !strings.Contains(log, "sector 7") {
		t.Errorf("log = %s", log)
	}
}

// sameThrough holds that a dispatcher who came through a client is answered as
// at any console, on every route.
func sameThrough(t *testing.T, table string) {
	t.Helper()
	route, dispatcher := "", ""
	for line := range strings.Lines(table) {
		switch name, answer, _ := strings.Cut(strings.TrimSpace(line), " "); {
		case !strings.HasPrefix(line, " "):
			route = strings.TrimSpace(line)
		case name == "dispatcher":
			dispatcher = strings.TrimSpace(answer)
		case name == "through" && strings.TrimSpace(answer) != dispatcher:
			t.Errorf("%s: a dispatcher gets %s, through a client %s", route, dispatcher, strings.TrimSpace(answer))
		}
	}
}

package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/stdif"
)

// The medical part is on no page until somebody opens it, and then the evidence
// log names that person, without a word of what was read.
func TestMedicalIsOpenedByName(t *testing.T) {
	h := newHouse(t)
	a := h.seat("c-a", staff.Dispatcher)
	with := words("N-1", 1)
	with.Medical = &stdif.Medical{Conditions: []string{"喘息"}}
	h.arrive(stdif.Inbound{Report: with})
	h.arrive(stdif.Inbound{Report: words("N-2", 1)})
	board := read[Board](h, a, "GET", "/board", nil).Reports
	id, without := board[0].ID, board[1].ID
	if body := h.do(a, "GET", "/reports/"+id, nil).Body.String(); strings.Contains(body, "喘息") || !strings.Contains(body, `"hasMedical":true`) {
		t.Errorf("before it is opened: %s", body)
	}
	if m := read[stdif.Medical](h, a, "POST", "/reports/"+id+"/medical", map[string]any{}); len(m.Conditions) != 1 || m.Conditions[0] != "喘息" {
		t.Errorf("medical = %+v", m)
	}
	last := read[Detail](h, a, "GET", "/reports/"+id, nil).Timeline
	if e := last[len(last)-1]; e.Act != string(act.ReportMedicalOpen) || e.By.PersonName != "職員c-a" || len(e.Facts) != 1 || e.Facts["revision"] != "1" {
		t.Errorf("entry = %+v", e)
	}
	if w := h.do(a, "POST", "/reports/"+without+"/medical", map[string]any{}); w.Code != http.StatusNotFound {
		t.Errorf("a report without = %d", w.Code)
	}
	for _, role := range []staff.Role{staff.Maintainer, staff.Auditor} {
		if w := h.do(h.seat("c-"+string(role), role), "POST", "/reports/"+id+"/medical", map[string]any{}); w.Code != http.StatusForbidden {
			t.Errorf("%s = %d", role, w.Code)
		}
	}
}

// Ready sentences: proposed until somebody writes the house's own; the slower of
// two writers is told instead of overwriting.
func TestSnippets(t *testing.T) {
	h := newHouse(t)
	a, boss := h.seat("c-a", staff.Dispatcher), h.seat("c-b", staff.Supervisor)
	first := read[SnippetView](h, a, "GET", "/snippets", nil)
	if first.Version != 0 || len(first.Lines) != len(proposed) || first.Lines[0].Translations["en"] == "" {
		t.Errorf("proposal = %+v", first)
	}
	mine := map[string]any{"version": 0, "lines": []console.Snippet{{Text: "場所はどこですか"}, {Text: "はい", Translations: map[string]string{"zh-Hans": "是"}}}}
	if w := h.do(a, "POST", "/snippets", mine); w.Code != http.StatusForbidden {
		t.Errorf("a dispatcher writes them: %d", w.Code)
	}
	if v := read[SnippetView](h, boss, "POST", "/snippets", mine); v.Version != 1 || v.Lines[1].Translations["zh-Hans"] != "是" {
		t.Errorf("saved = %+v", v)
	}
	if p := problemIn(t, h.do(boss, "POST", "/snippets", mine)); p.Key != "snippet.changed" {
		t.Errorf("the second writer reads %+v", p)
	}
	if v := read[SnippetView](h, boss, "POST", "/snippets", map[string]any{"version": 1, "lines": []console.Snippet{}}); v.Version != 2 || len(v.Lines) != 0 {
		t.Errorf("emptied = %+v", v) // an empty list is the house's wish, not the proposal again
	}
}

// The room is kept from the page: consoles and persons, and what no one may do.
func TestKeepingTheRoom(t *testing.T) {
	h := newHouse(t)
	boss, a := h.seat("c-boss", staff.Supervisor), h.seat("c-a", staff.Dispatcher)

	issued := read[ConsoleCode](h, boss, "POST", "/consoles", map[string]any{"name": "指令台9"})
	joined := read[Joined](h, nil, "POST", "/enrolments", map[string]any{"code": issued.Code})
	if joined.ConsoleID != issued.ConsoleID || joined.Name != "指令台9" {
		t.Errorf("joined = %+v, issued %s", joined, issued.ConsoleID)
	}
	read[nothing](h, boss, "POST", "/consoles/"+issued.ConsoleID+"/revoke", map[string]any{})
	for _, c := range read[[]ConsoleView](h, boss, "GET", "/consoles", nil) {
		if c.Revoked != (c.ID == issued.ConsoleID) {
			t.Errorf("console = %+v", c)
		}
	}
	if w := h.do(boss, "POST", "/consoles", map[string]any{"id": "none", "name": "指令台8"}); w.Code != http.StatusNotFound {
		t.Errorf("a code for a console that is not = %d", w.Code)
	}

	added := read[PersonView](h, boss, "POST", "/persons", map[string]any{"account": "Reiji", "name": "例示 花子", "password": "青い傘と三つの長い橋を渡る", "roles": []string{"dispatcher"}})
	if added.Account != "reiji" || added.State != staff.Active {
		t.Errorf("added = %+v", added)
	}
	if v := read[PersonView](h, boss, "POST", "/persons/"+added.ID, map[string]any{"state": "suspended"}); v.State != staff.Suspended {
		t.Errorf("changed = %+v", v)
	}
	if v := read[PersonView](h, boss, "POST", "/persons/"+added.ID, map[string]any{"roles": []string{"auditor"}}); len(v.Roles) != 1 || v.Roles[0] != staff.Auditor || v.State != staff.Suspended {
		t.Errorf("changed = %+v", v)
	}
	if p := problemIn(t, h.do(boss, "POST", "/persons/"+added.ID, map[string]any{"password": "short"})); p.Key != "password.short" {
		t.Errorf("a short password = %+v", p)
	}
	if w := h.do(boss, "POST", "/persons/"+boss.person.ID, map[string]any{"roles": []string{"maintainer", "supervisor"}}); w.Code != http.StatusForbidden {
		t.Errorf("a person changes itself: %d", w.Code)
	}
	if body := h.do(boss, "GET", "/persons", nil).Body.String(); strings.Contains(body, "pbkdf2") || !strings.Contains(body, "例示 花子") {
		t.Errorf("persons = %s", body)
	}

	read[Board](h, a, "GET", "/board", nil)
	read[nothing](h, boss, "POST", "/persons/"+a.person.ID+"/log-out", map[string]any{})
	if w := h.do(a, "GET", "/board", nil); w.Code != http.StatusUnauthorized {
		t.Errorf("logged out by the supervisor, the next request = %d", w.Code)
	}
}

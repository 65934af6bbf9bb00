package staff

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

var noon = time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)

func TestNormalAccount(t *testing.T) {
	for typed, want := range map[string]string{
		"sato": "sato", " Sato ": "sato", "ＳＡＴＯ．１": "sato.1", "　sato　": "sato", "a@b-c_d.9": "a@b-c_d.9",
		"": "", "  ": "", "佐藤": "", "sa to": "", "sato\x00": "", "sato/..": "", strings.Repeat("a", 65): "",
	} {
		got, ok := NormalAccount(typed)
		if ok != (want != "") || ok && got != want {
			t.Errorf("NormalAccount(%q) = %q, %t; want %q", typed, got, ok, want)
		}
	}
}

func FuzzNormalAccount(f *testing.F) {
	f.Add("ＳＡＴＯ")
	f.Fuzz(func(t *testing.T, typed string) {
		a, ok := NormalAccount(typed)
		if again, still := NormalAccount(a); ok && (again != a || !still) {
			t.Fatalf("%q: %q then %q", typed, a, again)
		}
	})
}

func TestPersonCheck(t *testing.T) {
	good := Person{ID: "p1", Account: "sato", Name: "佐藤", Roles: []Role{Dispatcher}, State: Active}
	if err := good.Check(); err != nil {
		t.Fatalf("good person: %v", err)
	}
	for key, spoil := range map[string]func(*Person){
		"person.id-missing":      func(p *Person) { p.ID = "" },
		"person.account-invalid": func(p *Person) { p.Account = "SATO" },
		"person.name-invalid":    func(p *Person) { p.Name = " " },
		"person.role-missing":    func(p *Person) { p.Roles = nil },
		"person.role-unknown":    func(p *Person) { p.Roles = []Role{"root"} },
		"person.state-unknown":   func(p *Person) { p.State = "" },
	} {
		p := good
		spoil(&p)
		if f := fault.As(p.Check()); f == nil || f.Key != key {
			t.Errorf("Check = %v, want %s", p.Check(), key)
		}
	}
}

func TestRolesInAColumn(t *testing.T) {
	got := JoinRoles([]Role{Supervisor, Auditor, Supervisor})
	if got != "auditor supervisor" {
		t.Errorf("JoinRoles = %q", got)
	}
	if back := SplitRoles(got); !slices.Equal(back, []Role{Auditor, Supervisor}) {
		t.Errorf("SplitRoles = %v", back)
	}
	if back := SplitRoles(""); back != nil {
		t.Errorf("SplitRoles of nothing = %v", back)
	}
}

func TestSessionLife(t *testing.T) {
	token, hash := NewToken()
	if len(token) != 43 || TokenHash(token) != hash || strings.Contains(hash, token) {
		t.Fatalf("token of %d characters, hash %q", len(token), hash)
	}
	s := NewSession(hash, "p1", "c1", noon)
	alive := s // a page that gives a sign of life every ten minutes
	for at := noon; at.Before(noon.Add(SessionLife - time.Second)); at = at.Add(10 * time.Minute) {
		alive, _ = alive.Touch(at)
	}
	for _, tt := range []struct {
		name string
		s    Session
		at   time.Duration
		want bool
	}{
		{"fresh", s, 0, true},
		{"page gone for less than the limit", s, SessionAway - 1, true},
		{"page gone", s, SessionAway, false},
		{"whole shift with the page open", alive, SessionLife - time.Second, true},
		{"after the shift, page open or not", alive, SessionLife, false},
		{"clock set back an hour", s, -time.Hour, true},
		{"logged out", s.End(EndLogOut, noon), 0, false},
		{"zero value", Session{}, 0, false},
	} {
		if got := tt.s.Valid(noon.Add(tt.at)); got != tt.want {
			t.Errorf("%s: Valid = %t, want %t", tt.name, got, tt.want)
		}
		if err := tt.s.Check(noon.Add(tt.at)); (err == nil) != tt.want || err != nil && fault.Of(err) != fault.Unknown {
			t.Errorf("%s: Check = %v", tt.name, err)
		}
	}
}

func TestTouchWritesAtMostOnceAMinute(t *testing.T) {
	s := NewSession("h", "p1", "c1", noon)
	writes := 0
	for second := range 600 {
		var save bool
		if s, save = s.Touch(noon.Add(time.Duration(second) * time.Second)); save {
			writes++
		}
	}
	if writes != 9 {
		t.Errorf("ten minutes of signs of life cost %d writes, want 9", writes)
	}
	if dead, save := s.Touch(noon.Add(time.Hour)); save || dead.Valid(noon.Add(time.Hour)) {
		t.Error("a touch revived a session that had lapsed")
	}
	ended := s.End(EndLogOut, noon).End(EndRevoked, noon.Add(time.Hour))
	if ended.Ended != EndLogOut || !ended.EndedAt.Equal(noon) {
		t.Errorf("second end changed the first: %+v", ended)
	}
}

package act_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/staff"
)

func seatOf(id string) act.Who { return act.Who{Principal: authz.OfConsole(id), Console: id} }

func (h *house) person(account string) staff.Person {
	h.Helper()
	p, err := h.AddPerson(ctx(h), act.CommandLine(), account, "例示", strong, []staff.Role{staff.Dispatcher})
	h.must(err)
	return p
}

func (h *house) session(token string) staff.Session {
	h.Helper()
	s, err := h.store.Staff().Session(ctx(h), staff.TokenHash(token))
	h.must(err)
	return s
}

func TestSessions(t *testing.T) {
	h := newHouse(t, "")
	p := h.person("yamada")
	got, first, err := h.LogIn(ctx(h), seatOf("console-a"), "Yamada", strong)
	if err != nil || got.ID != p.ID {
		t.Fatalf("LogIn = %+v, %v", got, err)
	}
	if e := h.last("person/" + p.ID); e.Act != string(act.SessionOpen) || e.Actor.Console != "console-a" || e.Actor.Person != "" {
		t.Errorf("entry = %+v", e)
	}
	_, second, err := h.LogIn(ctx(h), seatOf("console-a"), "yamada", strong)
	h.must(err)
	if s := h.session(first); s.Ended != staff.EndReplaced {
		t.Errorf("the earlier session at the same console: %+v", s)
	}
	who := act.Who{Principal: authz.OfPerson(p), Console: "console-a"}
	before := h.head()
	h.must(h.Touch(ctx(h), who, staff.TokenHash(second))) // within a minute: nothing
	entries := len(h.history("person/" + p.ID))
	h.pass(2 * time.Minute)
	h.must(h.Touch(ctx(h), who, staff.TokenHash(second)))
	if len(h.history("person/"+p.ID)) != entries+1 || h.head() != before {
		t.Error("a touch after two minutes is one quiet entry")
	}
	h.must(h.LogOut(ctx(h), who, staff.TokenHash(second)))
	if s := h.session(second); s.Ended != staff.EndLogOut {
		t.Errorf("after logging out: %+v", s)
	}
	if e := h.last("person/" + p.ID); e.Act != string(act.SessionClose) || e.Actor.Person != p.ID {
		t.Errorf("entry = %+v", e)
	}
}

// Sessions end everywhere at once when the person is suspended, gets another
// password, is logged out by somebody else, or when the seat is revoked.
func TestSessionsEnd(t *testing.T) {
	h := newHouse(t, "")
	suspended, other := staff.Suspended, strong+" neu"
	for i, end := range []func(p staff.Person) error{
		func(p staff.Person) error { return h.RevokeSessions(ctx(h), act.CommandLine(), p.ID) },
		func(p staff.Person) error { return h.ChangePerson(ctx(h), act.CommandLine(), p.ID, nil, nil, &other) },
		func(p staff.Person) error {
			return h.ChangePerson(ctx(h), act.CommandLine(), p.ID, &suspended, nil, nil)
		},
		func(staff.Person) error {
			_, _, err := h.JoinConsole(ctx(h), act.Machine(authz.KindStranger), h.code("console-3"))
			h.must(err)
			return h.RevokeConsole(ctx(h), act.CommandLine(), "console-3")
		},
	} {
		account, seat := fmt.Sprintf("person%d", i), seatOf(fmt.Sprintf("console-%d", i))
		p := h.person(account)
		_, token, err := h.LogIn(ctx(h), seat, account, strong)
		h.must(err)
		h.must(end(p))
		if s := h.session(token); s.Ended != staff.EndRevoked || s.Valid(h.store.Now()) {
			t.Errorf("end %d: session = %+v", i, s)
		}
		if i == 1 || i == 2 {
			_, _, err = h.LogIn(ctx(h), seat, account, strong)
			wantKey(t, err, fault.Unknown, "login.refused")
		}
	}
}

// Wrong passwords slow the seat down; the refusal is logged without what was
// typed, and waiting costs nothing further.
func TestLogInThrottle(t *testing.T) {
	h := newHouse(t, "")
	h.person("yamada")
	seat := seatOf("console-a")
	for i := range 4 {
		_, _, err := h.LogIn(ctx(h), seat, "yamada", "wrong")
		wantKey(t, err, fault.Unknown, "login.refused")
		if e := h.last("console/console-a"); e.Act != string(act.SessionRefuse) {
			t.Errorf("try %d: entry = %+v", i, e)
		}
	}
	entries := len(h.history("console/console-a"))
	_, _, err := h.LogIn(ctx(h), seat, "yamada", strong)
	wantKey(t, err, fault.TooMany, "login.wait")
	if len(h.history("console/console-a")) != entries {
		t.Error("a try that had to wait left an entry")
	}
	_, _, err = h.LogIn(ctx(h), seat, "unknown", strong)
	wantKey(t, err, fault.TooMany, "login.wait") // the seat waits, whatever the account
	h.pass(time.Minute)
	if _, _, err := h.LogIn(ctx(h), seat, "yamada", strong); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	for range 4 { // cleared by the success
		_, _, err = h.LogIn(ctx(h), seatOf("console-b"), "no-such-account", "wrong")
		wantKey(t, err, fault.Unknown, "login.refused")
	}
	if h.onDisk("no-such-account") {
		t.Error("what was typed as an account stands in the database: it may be a password")
	}
}

func TestPeople(t *testing.T) {
	h := newHouse(t, "")
	p := h.person("yamada")
	_, err := h.AddPerson(ctx(h), act.CommandLine(), "YAMADA", "別人", strong, []staff.Role{staff.Dispatcher})
	wantKey(t, err, fault.Conflict, "person.account-taken")
	_, err = h.AddPerson(ctx(h), act.CommandLine(), "", "別人", strong, []staff.Role{staff.Dispatcher})
	wantKey(t, err, fault.Invalid, "person.account-invalid")
	if _, err = h.AddPerson(ctx(h), act.CommandLine(), "sato", "佐藤", "short", []staff.Role{staff.Dispatcher}); fault.Of(err) != fault.Invalid {
		t.Errorf("a short password: %v", err)
	}
	h.must(h.ChangePerson(ctx(h), act.CommandLine(), p.ID, nil, []staff.Role{staff.Auditor}, nil))
	if e := h.last("person/" + p.ID); e.Act != string(act.PersonChange) || e.Facts["roles"] != "auditor" || e.Facts["password"] != "" {
		t.Errorf("entry = %+v", e)
	}
	if err := h.ChangePerson(ctx(h), act.CommandLine(), p.ID, nil, []staff.Role{"root"}, nil); fault.Of(err) != fault.Invalid {
		t.Errorf("a role that is none: %v", err)
	}
	boss := act.Who{Principal: authz.Principal{Kind: authz.KindPerson, ID: p.ID, Roles: []staff.Role{staff.Supervisor}}, Console: "console-a"}
	if err := h.ChangePerson(ctx(h), boss, p.ID, nil, []staff.Role{staff.Supervisor}, nil); fault.Of(err) != fault.Denied {
		t.Errorf("somebody changes the own roles: %v", err)
	}
}

// A code makes one browser a seat, once and within its time.
func TestConsoleCodes(t *testing.T) {
	h := newHouse(t, "")
	stranger := act.Machine(authz.KindStranger)
	code := h.code("console-a")
	c, secret, err := h.JoinConsole(ctx(h), stranger, code)
	if err != nil || c.ID != "console-a" || c.Check(secret) != nil {
		t.Fatalf("JoinConsole = %+v, %v", c, err)
	}
	if e := h.last("console/console-a"); e.Act != string(act.ConsoleEnrol) {
		t.Errorf("entry = %+v", e)
	}
	for name, typed := range map[string]string{"used": code, "empty": "", "made up": "AAAA-AAAA-AAAA-AAAA"} {
		if _, _, err := h.JoinConsole(ctx(h), stranger, typed); fault.As(err) == nil || fault.Of(err) == fault.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	late := h.code("console-b")
	h.pass(24 * time.Hour)
	_, _, err = h.JoinConsole(ctx(h), stranger, late)
	if fault.As(err) == nil || fault.As(err).Key != fault.As(console.ErrCode()).Key {
		t.Errorf("a code of yesterday: %v", err)
	}
	if h.onDisk(code) || h.onDisk(secret) {
		t.Error("a code or a secret stands in the database")
	}
}

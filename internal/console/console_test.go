package console

import (
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

var noon = time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)

func issue(t *testing.T) (string, Enrolment) {
	t.Helper()
	code, e, err := Issue("c1", " 指令台1 ", true, "p1", noon)
	if err != nil {
		t.Fatal(err)
	}
	return code, e
}

func TestEnrolmentWorksOnceWithinItsTime(t *testing.T) {
	code, e := issue(t)
	if hash, err := CodeHash(strings.ToLower(code)); err != nil || hash != e.CodeHash {
		t.Fatalf("CodeHash(%q) = %q, %v; want %q", code, hash, err, e.CodeHash)
	}
	for _, tt := range []struct {
		name string
		e    Enrolment
		at   time.Duration
		ok   bool
	}{
		{"at once", e, 0, true},
		{"at the last moment", e, CodeLife - 1, true},
		{"too late", e, CodeLife, false},
		{"clock set back a day", e, -24 * time.Hour, false},
		{"no such enrolment", Enrolment{}, 0, false},
	} {
		used, seat, secret, err := tt.e.Redeem(noon.Add(tt.at))
		if (err == nil) != tt.ok {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if !tt.ok {
			if fault.Of(err) != fault.Denied || secret != "" || seat != (Console{}) {
				t.Errorf("%s: gave %+v with %v", tt.name, seat, err)
			}
			continue
		}
		if seat.Check(secret) != nil || seat.Name != "指令台1" || !seat.Supervisor || seat.ID != "c1" {
			t.Errorf("%s: seat %+v", tt.name, seat)
		}
		if _, _, _, err := used.Redeem(noon.Add(tt.at)); fault.Of(err) != fault.Denied {
			t.Errorf("%s: second use: %v", tt.name, err)
		}
	}
}

func TestSecret(t *testing.T) {
	_, e := issue(t)
	_, seat, secret, err := e.Redeem(noon)
	if err != nil {
		t.Fatal(err)
	}
	_, other, _, err := e.Redeem(noon)
	if err != nil || other.SecretHash == seat.SecretHash {
		t.Fatalf("two browsers got one secret (%v)", err)
	}
	revoked := seat.Revoke(noon.Add(time.Hour)).Revoke(noon.Add(2 * time.Hour))
	if !revoked.RevokedAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("revoked at %v, want the first time", revoked.RevokedAt)
	}
	for name, err := range map[string]error{
		"other seat": other.Check(secret), "empty secret": seat.Check(""), "revoked": revoked.Check(secret),
		"seat without secret": Console{}.Check(""),
	} {
		if fault.Of(err) != fault.Unknown {
			t.Errorf("%s: %v, want unknown", name, err)
		}
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"", "  ", strings.Repeat("台", 41)} {
		if _, _, err := Issue("c1", name, false, "p1", noon); fault.Of(err) != fault.Invalid {
			t.Errorf("Issue(%q) = %v, want invalid", name, err)
		}
	}
	if _, err := CodeHash("0000-0000"); fault.Of(err) != fault.Invalid {
		t.Errorf("CodeHash of too little = %v", err)
	}
}

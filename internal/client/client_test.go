package client

import (
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

var noon = time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)

func TestNew(t *testing.T) {
	day := 24 * time.Hour
	for _, tt := range []struct {
		name, owner string
		scopes      []Scope
		life        time.Duration
		want        string
	}{
		{"指令システム", "指令課 内線 11", []Scope{Console, Read, Read}, day, ""},
		{" ", "指令課", Scopes(), day, "client.name-invalid"},
		{strings.Repeat("名", 61), "指令課", Scopes(), day, "client.name-invalid"},
		{"x", "", Scopes(), day, "client.owner-invalid"},
		{"x", "指令課", nil, day, "client.scope-invalid"},
		{"x", "指令課", []Scope{"all"}, day, "client.scope-invalid"},
		{"x", "指令課", Scopes(), 0, "client.expiry-invalid"},
		{"x", "指令課", Scopes(), MaxLife + 1, "client.expiry-invalid"},
	} {
		c, err := New("id", tt.name, tt.owner, tt.scopes, "p", noon, noon.Add(tt.life))
		got := ""
		if f := fault.As(err); f != nil {
			got = f.Key
		}
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.name, got, tt.want)
		}
		if err == nil && JoinScopes(c.Scopes) != "console,read" {
			t.Errorf("scopes = %v", c.Scopes)
		}
	}
}

func TestCredential(t *testing.T) {
	c, err := New("id", "x", "y", []Scope{Read}, "p", noon, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	token, k, err := c.Issue("first", "", noon, noon.Add(2*time.Hour))
	if err != nil || !strings.HasPrefix(token, "matoi_client_") || strings.Contains(k.TokenHash, token) || TokenHash(token) != k.TokenHash {
		t.Fatalf("Issue = %q %+v %v", token, k, err)
	}
	for name, tt := range map[string]struct {
		c    Client
		k    Credential
		at   time.Time
		want bool
	}{
		"in service":           {c, k, noon, true},
		"client expired":       {c, k, noon.Add(time.Hour), false},
		"credential revoked":   {c, k.Revoke(noon), noon, false},
		"client revoked":       {c.Revoke(noon), k, noon, false},
		"of another client":    {Client{ID: "other", ExpiresAt: noon.Add(time.Hour)}, k, noon, false},
		"no credential at all": {Client{}, Credential{}, noon, false},
	} {
		if err := tt.k.Check(tt.c, "", tt.at); (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"zz", "00", strings.Repeat("0", 63)} {
		if _, _, err := c.Issue("next", bad, noon, noon.Add(time.Hour)); fault.Of(err) != fault.Invalid {
			t.Errorf("certificate %q: %v", bad, err)
		}
	}
	if _, _, err := c.Issue("next", "", noon.Add(2*time.Hour), noon.Add(3*time.Hour)); fault.Of(err) != fault.Conflict {
		t.Errorf("a credential for a client that has expired: %v", err)
	}
	k, worth := k.Use(noon)
	if _, again := k.Use(noon.Add(time.Minute)); !worth || again {
		t.Error("use is written once an hour")
	}
}

func TestScopesInAColumn(t *testing.T) {
	if got := SplitScopes("read,root,console,"); len(got) != 2 || JoinScopes(got) != "read,console" {
		t.Errorf("SplitScopes = %v", got)
	}
}

package authz

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/staff"
)

var rewrite = flag.Bool("rewrite", false, "rewrite testdata/rights.txt; review the difference")

func decider(tb testing.TB) *Decider {
	tb.Helper()
	d, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// The whole table, every holder by every right, as text that is reviewed as a
// difference: a right that somebody gained shows as one changed line.
func TestEveryHolderAndRight(t *testing.T) {
	d := decider(t)
	var out strings.Builder
	for _, r := range Rights() {
		fmt.Fprintf(&out, "%s  %s\n", r.Right, r.Title)
		for _, who := range Holders() {
			if got := d.May(Holder(who), r.Right, Resource{}); got.Allowed {
				fmt.Fprintf(&out, "    %-12s %s\n", who, got.Policy)
			} else if got.Policy != "" {
				fmt.Fprintf(&out, "    %-12s refused by %s\n", who, got.Policy)
			}
		}
	}
	const golden = "testdata/rights.txt"
	if *rewrite {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("rights changed (run with -rewrite and review):\n%s", diff)
	}
}

// What the house promises, said a third time where it hurts.
func TestPromises(t *testing.T) {
	d := decider(t)
	content := []Right{ReportRead, ReportMedical, ReportSearch, ReportList, BoardRead, MediaRead, ReportOpen}
	for _, who := range Holders() {
		for _, r := range content {
			allowed := d.May(Holder(who), r, Resource{}).Allowed
			machine := who == ClientReader && r != ReportMedical && r != ReportOpen // reads, and is nobody who has seen anything
			if desk := who == Dispatcher || who == Supervisor || machine; allowed != desk {
				t.Errorf("May(%s, %s) = %t: only the desk sees the content of reports", who, r, allowed)
			}
		}
		if person := staff.Role(who).Valid(); !person && d.May(Holder(who), ReportClose, Resource{}).Allowed {
			t.Errorf("May(%s, report.close) = true: only a person closes a report", who)
		}
	}
	for _, r := range Rights() {
		if d.May(OfMachine(KindTerminal), r.Right, Resource{}).Allowed {
			t.Errorf("a terminal holds %s: it acts through the gateway only", r.Right)
		}
		for _, scope := range client.Scopes() {
			for _, person := range []Right{ReportClaim, ReportRelease, ReportClose, ReportOpen, ChatSend, FeedConfirm, ReportMedical, ClientManage, PersonManage} {
				if d.May(OfClient(client.Client{ID: "x", Scopes: []client.Scope{scope}}), person, Resource{}).Allowed {
					t.Errorf("a client with the scope %s holds %s: that is a person's", scope, person)
				}
			}
		}
	}
}

func TestOneself(t *testing.T) {
	d := decider(t)
	boss := Principal{Kind: KindPerson, ID: "p1", Roles: []staff.Role{staff.Supervisor, staff.Maintainer}}
	for _, tt := range []struct {
		right Right
		on    Resource
		want  Decision
	}{
		{PersonManage, PersonResource("p2"), Decision{true, "supervisor-manages-room"}},
		{PersonManage, PersonResource("p1"), Decision{false, "nobody-manages-self"}},
		{PasswordSet, PersonResource("p1"), Decision{true, "everybody-own-session"}},
		{PasswordSet, PersonResource("p2"), Decision{false, "password-only-own"}},
		{TerminalEnrol, Resource{}, Decision{true, "maintainer-keeps-machines"}},
		{LogRead, Resource{}, Decision{}},
		{"report.delete", Resource{}, Decision{}},
	} {
		if got := d.May(boss, tt.right, tt.on); got != tt.want {
			t.Errorf("May(%s, %v) = %+v, want %+v", tt.right, tt.on, got, tt.want)
		}
	}
	if got := d.May(OfMachine(KindCommandLine), PasswordSet, PersonResource("p1")); !got.Allowed {
		t.Error("the command line cannot give a first password")
	}
}

// A principal that was put together wrongly holds nothing.
func TestMalformedPrincipals(t *testing.T) {
	d := decider(t)
	for _, p := range []Principal{
		{}, {Kind: KindPerson}, {Kind: KindPerson, Roles: []staff.Role{staff.Supervisor}},
		{Kind: "dispatcher", ID: "x"}, {Kind: "superuser", ID: "x"},
		{Kind: KindConsole, ID: "c1", Roles: []staff.Role{staff.Supervisor}}, // roles are persons'
		{Kind: KindPerson, ID: "x", Roles: []staff.Role{"gateway", "wake", "root"}},
		{Kind: KindClient, ID: "x"}, {Kind: KindClient, Scopes: client.Scopes()}, {Kind: KindClient, ID: "x", Scopes: []client.Scope{"all", "supervisor"}},
		{Kind: KindPerson, ID: "x", Scopes: client.Scopes()}, {Kind: "client:read", ID: "x"},
	} {
		for _, r := range []Right{ReportRead, ReportClose, PersonManage, ReportArrive, ReportEscalate, TerminalEnrol, LogRead} {
			if d.May(p, r, Resource{}).Allowed {
				t.Errorf("May(%+v, %s) = true", p, r)
			}
		}
	}
}

// Table and text that differ do not start.
func TestTableAndTextMustAgree(t *testing.T) {
	text := PolicyText()
	swap := func(old, new string) []byte {
		if !strings.Contains(text, old) {
			t.Fatalf("policy text has no %q", old)
		}
		return []byte(strings.Replace(text, old, new, 1))
	}
	less := slices.DeleteFunc(Rights(), func(r Declaration) bool { return r.Right == ReportClaim })
	more := append(Rights(), Declaration{"report.delete", "通報を消す", []Who{Supervisor}})
	for name, tt := range map[string]struct {
		text   []byte
		rights []Declaration
		want   string
	}{
		"text gives more":    {swap(`Action::"report.escalate",`, `Action::"report.escalate", Action::"report.close",`), Rights(), "report.close of wake"},
		"text gives less":    {swap(`Action::"report.claim",`, ``), Rights(), "report.claim of dispatcher"},
		"table lacks a row":  {[]byte(text), less, "report.claim, which is not declared"},
		"table has one more": {[]byte(text), more, "report.delete of supervisor"},
		"declared twice":     {[]byte(text), append(Rights(), Rights()[0]), "declared twice"},
		"policy has no name": {swap(`@id("wake-fires")`, ``), Rights(), "no @id"},
		"same name twice":    {swap(`@id("wake-fires")`, `@id("outbox-delivers")`), Rights(), "no @id"},
		"not a policy":       {[]byte("permit everything;"), Rights(), "read policies"},
		"rule that fails":    {swap(`when { resource == principal };`, `when { resource.owner == principal };`), Rights(), "policy for person.manage"},
	} {
		if _, err := load(tt.text, tt.rights); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func BenchmarkMay(b *testing.B) {
	d := decider(b)
	p := OfPerson(staff.Person{ID: "p1", Roles: []staff.Role{staff.Dispatcher}})
	b.ReportAllocs()
	for b.Loop() {
		if !d.May(p, ReportClaim, Resource{Type: "Report", ID: "r1"}).Allowed {
			b.Fatal("refused")
		}
	}
}

package authz

import (
	"testing"

	"github.com/matoi119/matoi/internal/staff"
)

// What is remembered must be what the rules say, for everybody and every right,
// however often and in which order it is asked.
func TestRememberedDecisionsAreThoseOfTheRules(t *testing.T) {
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		for _, who := range Holders() {
			for _, r := range Rights() {
				for _, on := range []Resource{{}, {"Report", "a"}, {"Report", "b"}, {"Terminal", "a"}, {"Console", "somebody"}, {"Person", "a"}, {"Person", "somebody"}} {
					want, errs := d.decide(Holder(who), r.Right, on)
					if len(errs) > 0 {
						t.Fatal(errs)
					}
					if got := d.May(Holder(who), r.Right, on); got != want {
						t.Errorf("round %d: %s of %s on %v: %+v, want %+v", round, r.Right, who, on, got, want)
					}
				}
			}
		}
	}
}

// A rule that names one thing makes the things of its type different.
func TestARuleAboutOneThingIsAskedForEach(t *testing.T) {
	text := string(policyText) + `
@id("one-report-rests")
forbid (principal, action == Action::"report.claim", resource == Report::"resting");
`
	d, err := load([]byte(text), Rights())
	if err != nil {
		t.Fatal(err)
	}
	p := Principal{Kind: KindPerson, ID: "p", Roles: []staff.Role{staff.Dispatcher}}
	if !d.May(p, ReportClaim, Resource{"Report", "other"}).Allowed {
		t.Error("a report that no rule names is refused")
	}
	if d.May(p, ReportClaim, Resource{"Report", "resting"}).Allowed {
		t.Error("the answer about another report was given for this one")
	}
}

func TestARoleThatIsTakenAwayIsRefusedAtOnce(t *testing.T) {
	d, err := New()
	if err != nil {
		t.Fatal(err)
	}
	p := Principal{Kind: KindPerson, ID: "p", Roles: []staff.Role{staff.Auditor, staff.Dispatcher}}
	if !d.May(p, ReportClaim, Resource{}).Allowed {
		t.Fatal("a dispatcher may not claim")
	}
	p.Roles = p.Roles[:1]
	if d.May(p, ReportClaim, Resource{}).Allowed {
		t.Error("the right outlives the role")
	}
	// Lists that read alike when they are joined carelessly.
	p.Roles = []staff.Role{staff.Role(string(staff.Auditor) + "10:" + string(staff.Dispatcher))}
	if d.May(p, ReportClaim, Resource{}).Allowed {
		t.Error("a planted role reads like two real ones")
	}
}

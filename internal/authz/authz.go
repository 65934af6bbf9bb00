// Package authz decides who may do what. The rules are policy text that a fire
// chief can read (policies.cedar, in Japanese); the names of the rights are one
// table (rights.go). Both say who holds a right, independently; New compares
// them for every holder and refuses to start when they differ.
//
// A decision names the policy that made it, so that the evidence log can say
// under which clause somebody acted. Nothing is allowed that no policy permits,
// and a forbid always wins (Cedar).
//
// Where it is asked: once at the door, before a request is read further, and
// nowhere in the field or the store. Machines ask too: the act behind a frame
// or a timer runs as gateway or wake, which can never close a report.
package authz

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"

	"github.com/matoi119/matoi/internal/client"
	"github.com/matoi119/matoi/internal/staff"
)

//go:embed policies.cedar
var policyText []byte

// PolicyText is the policy as it is compiled in, for the page that shows it.
func PolicyText() string { return string(policyText) }

// Kind says what sort of principal acts.
type Kind string

// The kinds.
const (
	KindPerson      Kind = "person"       // somebody logged in at a console
	KindConsole     Kind = "console"      // an enrolled console with nobody logged in
	KindStranger    Kind = "stranger"     // nobody we know
	KindGateway     Kind = "gateway"      // frames and deliveries of terminals
	KindWake        Kind = "wake"         // timers
	KindOutbox      Kind = "outbox"       // delivery workers
	KindTerminal    Kind = "terminal"     // a dedicated terminal in its own name: holds no right here
	KindClient      Kind = "client"       // a program that is enrolled for the API
	KindCommandLine Kind = "command-line" // whoever has the server's own account
)

// Principal is who wants to act.
type Principal struct {
	Kind   Kind
	ID     string         // person id, console id, terminal id, client id; empty for the rest
	Roles  []staff.Role   // of a person
	Scopes []client.Scope // of a client
}

// OfPerson is a person who is logged in.
func OfPerson(p staff.Person) Principal {
	return Principal{Kind: KindPerson, ID: p.ID, Roles: p.Roles}
}

// OfConsole is an enrolled console at which nobody is logged in.
func OfConsole(consoleID string) Principal { return Principal{Kind: KindConsole, ID: consoleID} }

// OfClient is a program that acts in its own name.
func OfClient(c client.Client) Principal {
	return Principal{Kind: KindClient, ID: c.ID, Scopes: c.Scopes}
}

// OfMachine is a part of the program, or a stranger.
func OfMachine(kind Kind) Principal { return Principal{Kind: kind} }

// Resource is what is acted on. The zero value is the headquarters as a whole.
type Resource struct {
	Type string // "Report", "Person", "Terminal", "Console"
	ID   string
}

// PersonResource is a person who is acted on: the policy knows "oneself".
func PersonResource(id string) Resource { return Resource{Type: typePerson, ID: id} }

const (
	typePerson = "Person"
	typeHolder = "Holder"
	typeAction = "Action"
)

// Decision is the answer, with the policy that decided: "" when no policy
// spoke, so that it was refused because nothing permits it.
type Decision struct {
	Allowed bool
	Policy  string
}

// Decider answers who may do what. Its rules never change; it is safe for
// everybody.
type Decider struct {
	policies *cedar.PolicySet
	declared map[Right]Declaration
	names    map[cedar.PolicyID]string
	alike    map[string]bool // types of which the rules treat every one the same
	known    known
}

// New reads the policy text and holds it against the table of rights.
func New() (*Decider, error) { return load(policyText, Rights()) }

func load(text []byte, rights []Declaration) (*Decider, error) {
	policies, err := cedar.NewPolicySetFromBytes("policies.cedar", text)
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	d := &Decider{policies: policies, declared: map[Right]Declaration{}, names: map[cedar.PolicyID]string{}, alike: alike(string(text))}
	seen := map[string]bool{}
	for id, p := range policies.All() {
		name := string(p.Annotations()["id"])
		if name == "" || seen[name] {
			return nil, fmt.Errorf("read policies: line %d has no @id of its own", p.Position().Line)
		}
		seen[name] = true
		d.names[id] = name
	}
	for _, r := range rights {
		if _, twice := d.declared[r.Right]; twice || r.Title == "" {
			return nil, fmt.Errorf("right %s is declared twice or has no title", r.Right)
		}
		d.declared[r.Right] = r
	}
	if unknown := undeclared(string(text), d.declared); unknown != "" {
		return nil, fmt.Errorf("policies name the right %s, which is not declared", unknown)
	}
	return d, d.compare(rights)
}

// undeclared finds an action in the policy text that the table does not have.
func undeclared(text string, declared map[Right]Declaration) string {
	const mark = `Action::"`
	for at := strings.Index(text, mark); at >= 0; at = strings.Index(text, mark) {
		text = text[at+len(mark):]
		name, _, _ := strings.Cut(text, `"`)
		if _, ok := declared[Right(name)]; !ok {
			return name
		}
	}
	return ""
}

// compare asks the policies for every holder and right of the table.
func (d *Decider) compare(rights []Declaration) error {
	for _, r := range rights {
		for _, who := range Holders() {
			want := slices.Contains(r.Who, who)
			got, errs := d.decide(Holder(who), r.Right, Resource{})
			if len(errs) > 0 {
				return fmt.Errorf("policy for %s of %s: %s", r.Right, who, errs[0].Message)
			}
			if got.Allowed != want {
				return fmt.Errorf("right %s of %s: table says %t, policies say %t", r.Right, who, want, got.Allowed)
			}
		}
	}
	return nil
}

// Holder is a principal that is exactly this holder: a person with one role, or
// a client with
// one scope, or a machine.
func Holder(who Who) Principal {
	if role := staff.Role(who); role.Valid() {
		return Principal{Kind: KindPerson, ID: "somebody", Roles: []staff.Role{role}}
	}
	if scope, ok := strings.CutPrefix(string(who), clientPrefix); ok {
		return Principal{Kind: KindClient, ID: "some", Scopes: []client.Scope{client.Scope(scope)}}
	}
	return Principal{Kind: Kind(who), ID: "some"}
}

// Declared reports whether the table has the right. A route or an act whose
// right is not declared must not start.
func (d *Decider) Declared(r Right) bool { _, ok := d.declared[r]; return ok }

// May decides. An undeclared right is refused to everybody.
func (d *Decider) May(p Principal, r Right, on Resource) Decision {
	if !d.Declared(r) {
		return Decision{}
	}
	same := on == (Resource{}) || d.alike[on.Type]
	var q question
	if same { // what every request, frame and timer asks
		q = questionOf(p, r, on.Type)
		if got, ok := d.known.get(q); ok {
			return got
		}
	}
	got, errs := d.decide(p, r, on)
	if len(errs) > 0 {
		return Decision{} // a rule that cannot be evaluated permits nothing
	}
	if same {
		d.known.put(q, got)
	}
	return got
}

func (d *Decider) decide(p Principal, r Right, on Resource) (Decision, []cedar.DiagnosticError) {
	who := cedar.NewEntityUID(cedar.EntityType(entityType(p.Kind)), cedar.String(p.ID))
	resource := cedar.NewEntityUID("Headquarters", "own")
	if on.Type != "" {
		resource = cedar.NewEntityUID(cedar.EntityType(on.Type), cedar.String(on.ID))
	}
	answer, why := cedar.Authorize(d.policies, one{uid: who, parents: parents(p)}, cedar.Request{
		Principal: who,
		Action:    cedar.NewEntityUID(typeAction, cedar.String(r)),
		Resource:  resource,
	})
	out := Decision{Allowed: answer == cedar.Allow}
	for _, reason := range why.Reasons { // the first by name, so that the record is stable
		if name := d.names[reason.PolicyID]; out.Policy == "" || name < out.Policy {
			out.Policy = name
		}
	}
	return out, why.Errors
}

func entityType(k Kind) string {
	if k == KindPerson {
		return typePerson
	}
	return "Machine"
}

// parents says which holders a principal is. Only roles that exist count, and
// only a person can have one: a row that was planted grants nothing new.
func parents(p Principal) cedar.EntityUIDSet {
	if p.Kind == KindClient {
		return scopes(p)
	}
	known := p.Kind == KindPerson && p.ID != "" || slices.Contains(Holders(), Who(p.Kind)) && !staff.Role(p.Kind).Valid() && !strings.HasPrefix(string(p.Kind), clientPrefix)
	if !known {
		return cedar.NewEntityUIDSet()
	}
	holders := make([]cedar.EntityUID, 0, 1+len(p.Roles))
	holders = append(holders, cedar.NewEntityUID(typeHolder, cedar.String(p.Kind)))
	if p.Kind == KindPerson {
		for _, role := range p.Roles {
			if role.Valid() {
				holders = append(holders, cedar.NewEntityUID(typeHolder, cedar.String(role)))
			}
		}
	}
	return cedar.NewEntityUIDSet(holders...)
}

// scopes says which holders a client is; only scopes that exist count.
func scopes(p Principal) cedar.EntityUIDSet {
	var holders []cedar.EntityUID
	for _, s := range p.Scopes {
		if s.Valid() && p.ID != "" {
			holders = append(holders, cedar.NewEntityUID(typeHolder, cedar.String(clientPrefix+string(s))))
		}
	}
	return cedar.NewEntityUIDSet(holders...)
}

// one is the store of entities of a single decision: the principal.
type one struct {
	uid     cedar.EntityUID
	parents cedar.EntityUIDSet
}

// Get implements cedar's EntityGetter.
func (o one) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	if uid != o.uid {
		return cedar.Entity{}, false
	}
	return cedar.Entity{UID: uid, Parents: o.parents}, true
}

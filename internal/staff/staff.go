// Package staff holds the persons of the headquarters: who they are, what they
// may be trusted with (roles), how they prove it is them (a password for now),
// and how long that proof lasts (a session). Rules and values only: time comes
// as an argument, rows come through the ports.
//
// # How somebody logs in
//
// A person logs in at an enrolled console, never from anywhere else. The act
// reads the two throttles (the account's and the console's), asks [Admit]
// whether a try may be made now, verifies the password outside of the
// transaction (it costs a fifth of a second on purpose), and lets [Judge]
// decide what is written. Nothing ever locks an account for good: a fire
// headquarters must be able to log in at night (see throttle.go).
//
// # Columns
//
//	staff_person    hq, id TEXT (UUIDv7), account TEXT (unique within hq), name TEXT,
//	                roles TEXT (space-separated, see JoinRoles), password_hash TEXT,
//	                state TEXT, created_at, changed_at, password_at BIGINT (µs; 0 = never)
//	staff_session   hq, token_hash TEXT, person TEXT, console TEXT, created_at, expires_at,
//	                last_seen_at, ended_at BIGINT (0 = open), ended TEXT (code)
//	staff_throttle  hq, subject TEXT, tries BIGINT, wait_until BIGINT
package staff

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// Role is a kind of trust, given to a person by name. A person may have several.
type Role string

// The roles. What each may do is policy text: internal/authz/policies.cedar.
const (
	Dispatcher Role = "dispatcher" // 指令員: works reports at a console
	Supervisor Role = "supervisor" // 指揮台: works reports, manages consoles and persons
	Maintainer Role = "maintainer" // 保守: terminals, consoles, health; never the content of a report
	Auditor    Role = "auditor"    // 監査: the evidence log; never the content of a report
)

// Roles returns all roles in the order in which screens show them.
func Roles() []Role { return []Role{Dispatcher, Supervisor, Maintainer, Auditor} }

// Valid reports whether r is one of the roles.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// JoinRoles is the form of a set of roles in a column: sorted, without doubles.
func JoinRoles(roles []Role) string {
	words := make([]string, 0, len(roles))
	for _, r := range roles {
		words = append(words, string(r))
	}
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}

// SplitRoles reads what JoinRoles wrote.
func SplitRoles(column string) []Role {
	var roles []Role
	for word := range strings.FieldsSeq(column) {
		roles = append(roles, Role(word))
	}
	return roles
}

// State says whether a person may log in at all.
type State string

// The states. Persons are never deleted: the evidence log names them for years.
const (
	Active    State = "active"
	Suspended State = "suspended" // for a time: leave, inquiry
	Left      State = "left"      // no longer with the headquarters
)

// Person is somebody who may sit at a console.
type Person struct {
	ID           string // UUIDv7; what the evidence log names
	Account      string // normalised, see NormalAccount
	Name         string // as shown to colleagues
	Roles        []Role
	PasswordHash string // see HashPassword; empty = cannot log in yet
	State        State
	CreatedAt    time.Time
	ChangedAt    time.Time
	PasswordAt   time.Time // when the password was set; zero = never
}

// Has reports whether the person was given the role.
func (p Person) Has(r Role) bool { return slices.Contains(p.Roles, r) }

// Check says what is wrong with a person before it is saved.
func (p Person) Check() error {
	switch {
	case p.ID == "":
		return fault.New(fault.Invalid, "person.id-missing")
	case !validAccount(p.Account):
		return fault.New(fault.Invalid, "person.account-invalid")
	case strings.TrimSpace(p.Name) == "" || len([]rune(p.Name)) > maxName:
		return fault.New(fault.Invalid, "person.name-invalid")
	case len(p.Roles) == 0:
		return fault.New(fault.Invalid, "person.role-missing")
	}
	for _, r := range p.Roles {
		if !r.Valid() {
			return fault.New(fault.Invalid, "person.role-unknown")
		}
	}
	switch p.State {
	case Active, Suspended, Left:
		return nil
	}
	return fault.New(fault.Invalid, "person.state-unknown")
}

const (
	maxName    = 100
	maxAccount = 64
)

// NormalAccount brings what somebody typed into the one form in which accounts
// are stored and compared: outer blanks gone, full-width letters (the input
// method was on) made half-width, upper case made lower. The second value says
// whether the result can be an account at all.
func NormalAccount(typed string) (string, bool) {
	a := strings.ToLower(narrow(strings.TrimSpace(typed)))
	return a, validAccount(a)
}

// validAccount allows a–z, 0–9 and . - _ @ so that an account reads the same in
// a log, on paper and aloud.
func validAccount(a string) bool {
	if a == "" || len(a) > maxAccount {
		return false
	}
	for _, c := range []byte(a) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c == '.', c == '-', c == '_', c == '@':
		default:
			return false
		}
	}
	return true
}

// narrow maps full-width ASCII (Ａ, ７, ＠) and the ideographic space to their
// half-width forms. Everything else stays as it is.
func narrow(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u3000':
			return ' '
		}
		return r
	}, s)
}

// SortPeople orders persons as lists show them.
func SortPeople(people []Person) {
	slices.SortFunc(people, func(a, b Person) int { return cmp.Compare(a.Account, b.Account) })
}

// Store keeps persons and sessions. Reads answer fault.NotFound when there is
// no such row. Writes happen inside an act, whose entry says why.
type Store interface {
	Person(ctx context.Context, id string) (Person, error)
	PersonByAccount(ctx context.Context, account string) (Person, error) // normalised account
	People(ctx context.Context) ([]Person, error)
	SavePerson(ctx context.Context, p Person) error

	Session(ctx context.Context, tokenHash string) (Session, error)
	Sessions(ctx context.Context) ([]Session, error) // those not ended; may contain lapsed ones
	SaveSession(ctx context.Context, s Session) error
}

// Throttles keeps how often a password was wrong. A subject without a row is
// the zero Throttle with that subject, not an error.
type Throttles interface {
	Throttle(ctx context.Context, subject string) (Throttle, error)
	SaveThrottle(ctx context.Context, t Throttle) error
}

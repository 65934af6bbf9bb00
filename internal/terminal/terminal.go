// Package terminal holds the dedicated terminals (専用端末) as the headquarters
// knows them: who they are, which services share them, which certificates they
// may show, and the state of the link to each (link.go). Rules and values only;
// time comes as an argument, rows come through the ports.
//
// A terminal stands at the headquarters with its own display and works alone
// when the link is down (condition 1-1-2). That is why its place and telephone
// are part of it: when the link is down, a console must be able to say where to
// walk and whom to call.
//
// # Columns
//
//	terminal_register  hq, id TEXT (DNS label), name TEXT, place TEXT, phone TEXT, address TEXT,
//	                   services TEXT (JSON, sorted by id), serials TEXT (space-separated hex, newest last),
//	                   enrolled_at, revoked_at BIGINT (0 = not)
//	terminal_link      hq, terminal TEXT, state TEXT, since BIGINT, tries BIGINT, missing BIGINT,
//	                   planes_down TEXT (space-separated, sorted), problem BIGINT (code of §5.7; 0 = none)
package terminal

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
)

// Service is one emergency call service at a terminal (端末の共用).
type Service struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	OutputOnly bool   `json:"outputOnly"` // takes no input (S3-1-3-1)

	Offer *stdif.Offer `json:"offer,omitempty"` // what it says that it can do; nil: it never did
}

// Takes reports whether the service takes an input of this verb. A console
// offers nothing that it does not.
func (s Service) Takes(v stdif.Verb) bool {
	switch {
	case s.OutputOnly:
		return false
	case s.Offer == nil:
		return stdif.Offer{}.Accepts(v)
	}
	return s.Offer.Accepts(v)
}

// Equal reports whether two services say the same of themselves.
func (s Service) Equal(other Service) bool {
	if s.ID != other.ID || s.Name != other.Name || s.OutputOnly != other.OutputOnly || (s.Offer == nil) != (other.Offer == nil) {
		return false
	}
	return s.Offer == nil || s.Offer.Equal(*other.Offer)
}

// Terminal is one dedicated terminal.
type Terminal struct {
	ID         string // a DNS label: it is the SAN of the terminal's certificate
	Name       string // as the room calls it
	Place      string // where to walk when the link is down
	Phone      string // whom to call there
	Address    string // host:port that the server dials
	Services   []Service
	Serials    []string // serials of certificates that may be shown, newest last
	EnrolledAt time.Time
	RevokedAt  time.Time // zero = in service
}

const maxWords = 100

// Admits reports whether a certificate of this serial may be shown. It is an
// allow list: a certificate that was lost together with its row is refused.
func (t Terminal) Admits(serial string) bool {
	return t.RevokedAt.IsZero() && slices.Contains(t.Serials, serial)
}

// Revoke takes the terminal out of service; the first time counts.
func (t Terminal) Revoke(now time.Time) Terminal {
	if t.RevokedAt.IsZero() {
		t.RevokedAt = now
	}
	return t
}

// Renewed admits a renewed certificate beside the one that the terminal showed
// on the connection over which it was renewed. Others stop being admitted. The
// shown one must stay: the terminal may die before it has installed the new one.
func (t Terminal) Renewed(shown, fresh string) Terminal {
	t.Serials = []string{shown, fresh}
	if shown == fresh {
		t.Serials = []string{fresh}
	}
	return t
}

// Enrolled is the terminal after it was enrolled (anew) with a certificate:
// every earlier certificate stops being admitted, a revocation is lifted.
func (t Terminal) Enrolled(serial string, services []Service, now time.Time) Terminal {
	t.Serials = []string{serial}
	t.Services = SortServices(services)
	t.EnrolledAt, t.RevokedAt = now, time.Time{}
	return t
}

// Service returns the service of that id.
func (t Terminal) Service(id string) (Service, bool) {
	i := slices.IndexFunc(t.Services, func(s Service) bool { return s.ID == id })
	if i < 0 {
		return Service{}, false
	}
	return t.Services[i], true
}

// SortServices orders services by id, so that the row's bytes do not depend on
// the order in which a terminal listed them.
func SortServices(services []Service) []Service {
	out := slices.Clone(services)
	slices.SortFunc(out, func(a, b Service) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Check says what is wrong with a terminal before it is saved.
func (t Terminal) Check() error {
	switch {
	case !ValidID(t.ID):
		return fault.New(fault.Invalid, "terminal.id-invalid")
	case strings.TrimSpace(t.Name) == "" || tooLong(t.Name):
		return fault.New(fault.Invalid, "terminal.name-invalid")
	case strings.TrimSpace(t.Place) == "" || tooLong(t.Place):
		return fault.New(fault.Invalid, "terminal.place-missing") // condition 1-1-2: where to walk
	case tooLong(t.Phone):
		return fault.New(fault.Invalid, "terminal.phone-invalid")
	}
	if err := CheckAddress(t.Address); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, s := range t.Services {
		if s.ID == "" || len(s.ID) > 128 || tooLong(s.Name) || seen[s.ID] {
			return fault.New(fault.Invalid, "terminal.service-invalid")
		}
		seen[s.ID] = true
	}
	return nil
}

func tooLong(s string) bool { return len([]rune(s)) > maxWords }

// ValidID reports whether id can be a terminal's id: one DNS label in lower
// case that starts with a letter, because it stands in the certificate.
func ValidID(id string) bool {
	if id == "" || len(id) > 63 || id[0] < 'a' || id[0] > 'z' || id[len(id)-1] == '-' {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// CheckAddress refuses what cannot be dialled as host:port.
func CheckAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.ContainsAny(host, " /?#@") {
		return fault.New(fault.Invalid, "terminal.address-invalid")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fault.New(fault.Invalid, "terminal.address-invalid")
	}
	return nil
}

// Store keeps the register. Reads answer fault.NotFound when there is no such
// row. Writes happen inside an act, whose entry says why.
type Store interface {
	Terminal(ctx context.Context, id string) (Terminal, error)
	Terminals(ctx context.Context) ([]Terminal, error) // revoked ones too
	SaveTerminal(ctx context.Context, t Terminal) error

	Link(ctx context.Context, terminalID string) (Link, error) // without a row: the zero Link of that terminal
	Links(ctx context.Context) ([]Link, error)
	SaveLink(ctx context.Context, l Link) error
}

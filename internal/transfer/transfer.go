// Package transfer holds the rules of handing a report to another headquarters
// (転送): by data to a partner's Matoi, or by telephone with its record. Nothing
// is lost on the way: the report stays open here until the other side has
// accepted it, or until a person closes it by name for another reason.
//
// Between two headquarters the one that offers plays the terminal of the one
// that receives: what goes there are frames of open/1, what comes back are its
// inputs. So whatever a terminal's report can do, a transferred one can too.
package transfer

import (
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/fault"
)

// Partner is another headquarters. One without an address is called only.
type Partner struct {
	ID        string // as its own Matoi calls itself; usually its six-digit code
	Name      string
	Code      string // six-digit local government code (団体コード), as callers' routing names it
	Phone     string
	Address   string // host:port of its exchange face; "" = by telephone only
	Authority string // PEM of its certificate authority, handed over by a person
	AddedAt   time.Time
	RevokedAt time.Time
}

// Revoked reports whether nothing is exchanged with it any more.
func (p Partner) Revoked() bool { return !p.RevokedAt.IsZero() }

// Data reports whether reports can be handed to it by data.
func (p Partner) Data() bool { return p.Address != "" && !p.Revoked() }

const maxName = 200

// Check refuses what cannot be a partner. Whether the authority is one is asked
// by whoever can read certificates.
func (p Partner) Check() error {
	switch {
	case !label(p.ID):
		return fault.New(fault.Invalid, "partner.id-invalid")
	case strings.TrimSpace(p.Name) == "" || len([]rune(p.Name)) > maxName || len([]rune(p.Phone)) > maxName || len(p.Code) > 64:
		return fault.New(fault.Invalid, "partner.name-invalid")
	case p.Address == "" && p.Phone == "":
		return fault.New(fault.Invalid, "partner.unreachable")
	case p.Address == "":
		return nil
	case p.Authority == "":
		return fault.New(fault.Invalid, "partner.authority-missing")
	}
	host, port, err := net.SplitHostPort(p.Address)
	if n, e := strconv.ParseUint(port, 10, 16); err != nil || host == "" || strings.ContainsAny(host, " /?#@") || e != nil || n == 0 {
		return fault.New(fault.Invalid, "partner.address-invalid")
	}
	return nil
}

// label: what an id of a headquarters is (one DNS label).
func label(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// channel marks terminals and services that are another headquarters. No id of
// a terminal can hold its sign (terminal.ValidID).
const channel = "transfer/"

// Channel is how reports of a partner name their terminal and their service.
func Channel(partner string) string { return channel + partner }

// PartnerOf is the partner behind a terminal's id, if it is one.
func PartnerOf(terminalID string) (string, bool) { return strings.CutPrefix(terminalID, channel) }

// Destination is where messages for a partner wait in the outbox.
func Destination(partner string) string { return "partner/" + partner }

// Method says how a report is handed over.
type Method string

// The methods.
const (
	Data      Method = "data"
	Telephone Method = "telephone"
)

// State is how far a transfer is.
type State string

// The states of a transfer by data; one by telephone is accepted, refused or
// unanswered at once.
const (
	Offered    State = "offered"    // durable here, on its way
	Received   State = "received"   // durable there, with a number; it rings
	Seen       State = "seen"       // somebody there opened it
	Accepted   State = "accepted"   // somebody there claimed it: it may be closed here
	Refused    State = "refused"    // the other side does not take it: it rings here
	Withdrawn  State = "withdrawn"  // taken back here before it was accepted
	Completed  State = "completed"  // the other side closed it
	Unanswered State = "unanswered" // by telephone: nobody answered
)

var order = map[State]int{Offered: 0, Received: 1, Seen: 2, Accepted: 3}

// By is a person at a console.
type By struct {
	Console string
	Person  string
}

// Transfer is one handing over.
type Transfer struct {
	ID         string // UUIDv7; the report's number within the service that we are for the other side
	Report     string
	Method     Method
	Partner    string // "" = by telephone to somebody who is not in the register
	State      State
	Number     string // the other side's
	By         By
	OfferedAt  time.Time
	ReceivedAt time.Time
	SeenAt     time.Time
	AcceptedAt time.Time
	EndedAt    time.Time // refused, withdrawn, completed; and every one by telephone
	Reason     string
	StuckAt    time.Time // the other side cannot be reached, or does not ring
	UpdatedAt  time.Time

	Record *Record // by telephone; the store seals it
}

// Record is what a transfer by telephone leaves: who was called, who answered,
// what was read out. (standard-interface §2.2: the documented normal path.)
type Record struct {
	ToName     string    `json:"toName,omitempty"`
	Number     string    `json:"number,omitempty"`
	AnsweredBy string    `json:"answeredBy,omitempty"`
	At         time.Time `json:"at,omitzero"`
	ReadOut    []string  `json:"readOut,omitempty"`
	Note       string    `json:"note,omitempty"`
}

// Relays reports whether what comes for the report goes on to the other side.
func (t Transfer) Relays() bool { return t.Method == Data && t.EndedAt.IsZero() }

// Handed reports whether the other side answers for the report: only then may
// it be closed here as transferred.
func (t Transfer) Handed() bool { return t.State == Accepted || t.State == Completed }

// Offer begins a transfer by data. others are the report's transfers so far.
func Offer(id, report string, p Partner, others []Transfer, by By, now time.Time) (Transfer, error) {
	switch {
	case !p.Data():
		return Transfer{}, fault.New(fault.Conflict, "transfer.no-data")
	}
	for _, o := range others {
		if o.Relays() {
			return Transfer{}, fault.New(fault.Conflict, "transfer.under-way")
		}
	}
	return Transfer{ID: id, Report: report, Method: Data, Partner: p.ID, State: Offered, By: by, OfferedAt: now, UpdatedAt: now}, nil
}

// Outcomes of a call.
const (
	OutcomeAccepted   = "accepted"
	OutcomeRefused    = "refused"
	OutcomeUnanswered = "no-answer"
)

// Called records a transfer by telephone.
func Called(id, report, partner, outcome string, r Record, by By, now time.Time) (Transfer, error) {
	t := Transfer{ID: id, Report: report, Method: Telephone, Partner: partner, By: by, OfferedAt: now, EndedAt: now, UpdatedAt: now, Reason: outcome, Record: &r}
	switch outcome {
	case OutcomeAccepted:
		if strings.TrimSpace(r.AnsweredBy) == "" {
			return t, fault.New(fault.Invalid, "transfer.who-answered")
		}
		t.State, t.AcceptedAt = Accepted, now
	case OutcomeRefused:
		t.State = Refused
	case OutcomeUnanswered:
		t.State = Unanswered
	default:
		return t, fault.New(fault.Invalid, "input.invalid", "place", "outcome")
	}
	if partner == "" && strings.TrimSpace(r.ToName) == "" {
		return t, fault.New(fault.Invalid, "transfer.to-whom")
	}
	return t, nil
}

// Advance takes a step that the other side told. Steps come more than once and
// never lead back.
func (t Transfer) Advance(to State, number string, now time.Time) Transfer {
	was := t
	if number != "" {
		t.Number = number
	}
	if !t.EndedAt.IsZero() && t.State != Completed {
		return t
	}
	if t.State == Completed || order[to] > order[t.State] {
		t.State, t.EndedAt, t.Reason = to, time.Time{}, ""
	}
	for _, s := range []struct {
		state State
		at    *time.Time
	}{{Received, &t.ReceivedAt}, {Seen, &t.SeenAt}, {Accepted, &t.AcceptedAt}} {
		if order[to] >= order[s.state] && s.at.IsZero() {
			*s.at = now
		}
	}
	t.StuckAt = time.Time{}
	if t.same(was) {
		return was
	}
	t.UpdatedAt = now
	return t
}

func (t Transfer) same(o Transfer) bool {
	return t.State == o.State && t.Number == o.Number && t.StuckAt.Equal(o.StuckAt) && t.EndedAt.Equal(o.EndedAt)
}

// Released: whoever claimed it there gave it back. It rings there, and is not
// accepted any more.
func (t Transfer) Released(now time.Time) Transfer {
	if t.Relays() && t.State == Accepted {
		t.State, t.AcceptedAt, t.UpdatedAt = Seen, time.Time{}, now
	}
	return t
}

// End closes a transfer: refused, withdrawn or completed, with a reason code.
func (t Transfer) End(to State, reason string, now time.Time) Transfer {
	if !t.Relays() {
		return t
	}
	t.State, t.Reason, t.EndedAt, t.UpdatedAt, t.StuckAt = to, reason, now, now, time.Time{}
	return t
}

// Withdraw takes an offer back, as long as nobody there accepted it.
func (t Transfer) Withdraw(now time.Time) (Transfer, error) {
	if !t.Relays() || t.State == Accepted {
		return t, fault.New(fault.Conflict, "transfer.not-open")
	}
	return t.End(Withdrawn, "", now), nil
}

// Stuck marks that the other side cannot be reached or does not ring.
func (t Transfer) Stuck(now time.Time) Transfer {
	if t.Relays() && t.StuckAt.IsZero() {
		t.StuckAt, t.UpdatedAt = now, now
	}
	return t
}

// StuckAfter is how long a message may wait for the other side before people
// here are told to use the telephone.
const StuckAfter = 15 * time.Second

// Reasons to refuse what another headquarters offers.
const (
	NotOurs    = "not-our-area"
	CannotTake = "cannot-take"
	Known      = "known-already"
)

// RefuseReasons lists them.
func RefuseReasons() []string { return []string{NotOurs, CannotTake, Known} }

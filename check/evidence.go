package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/matoi119/matoi/probe"
)

// Evidence is what cannot be seen from outside and is handed in: the provider's
// declaration, and what people of the headquarters looked at. Everything may be
// left out; the tests that need it answer not run.
type Evidence struct {
	Declaration   *Declaration       `json:"declaration,omitempty"`
	Terminal      *Placed            `json:"terminal,omitempty"`
	Allowed       []string           `json:"allowed,omitempty"` // addresses or networks that the terminal may reach
	Peers         *Peers             `json:"peers,omitempty"`   // whom it did reach
	Logs          map[string]LogSeen `json:"logs,omitempty"`    // access, operation, failure
	RetentionDays int                `json:"retentionDays,omitempty"`
	Standalone    *Standalone        `json:"standalone,omitempty"`
}

// Declaration is the provider's statement, in the columns of its form.
type Declaration struct {
	Service string        `json:"service"`
	Version string        `json:"version"`
	Date    string        `json:"date"` // YYYY-MM-DD
	Rows    []DeclaredRow `json:"rows"`
}

// DeclaredRow is one row: 採否, 適合内容, 否採用の理由, 関連文書・URL.
type DeclaredRow struct {
	Row       string   `json:"row"` // 1-1-1
	Adopted   bool     `json:"adopted"`
	Statement string   `json:"statement,omitempty"`
	Reason    string   `json:"reason,omitempty"`
	Documents []string `json:"documents,omitempty"`
}

// Placed is what somebody saw who stood before the terminal.
type Placed struct {
	Place      string   `json:"place"`
	ProvidedBy string   `json:"providedBy"` // service or headquarters
	Display    bool     `json:"display"`
	Operation  []string `json:"operation"` // keyboard, pointer, touch
	Sharing    []string `json:"sharing,omitempty"`
	By         string   `json:"by"`
	At         string   `json:"at"` // YYYY-MM-DD
}

// Peers are addresses that a firewall or the terminal itself recorded.
type Peers struct {
	From      string   `json:"from"` // YYYY-MM-DD
	To        string   `json:"to"`
	Addresses []string `json:"addresses"`
}

// LogSeen is what somebody found of one kind of log.
type LogSeen struct {
	Place  string `json:"place"`
	Newest string `json:"newest"` // day of its newest entry, YYYY-MM-DD
}

const (
	maxEvidence = 1 << 20
	maxRows     = 200
	maxPeers    = 10_000
	// leastDays is how long logs are kept at least: a year, leap years too.
	leastDays = 366
	// freshDays is how old the newest entry of a log may be on the day of the test.
	freshDays = 7
)

// ReadEvidence reads a file. A member that it does not know is refused: a word
// that was misspelt would otherwise be a test that silently does not run.
func ReadEvidence(text []byte) (Evidence, error) {
	var e Evidence
	if len(text) > maxEvidence {
		return e, fmt.Errorf("read evidence: over %d bytes", maxEvidence)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return Evidence{}, fmt.Errorf("read evidence: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Evidence{}, errors.New("read evidence: something stands after the value")
	}
	if e.Declaration != nil && len(e.Declaration.Rows) > maxRows || e.Peers != nil && len(e.Peers.Addresses) > maxPeers || len(e.Allowed) > maxPeers {
		return Evidence{}, errors.New("read evidence: a list is too long")
	}
	return e, nil
}

func (e Evidence) row(no string) (DeclaredRow, bool) {
	if e.Declaration == nil {
		return DeclaredRow{}, false
	}
	i := slices.IndexFunc(e.Declaration.Rows, func(r DeclaredRow) bool { return r.Row == no })
	if i < 0 {
		return DeclaredRow{}, false
	}
	return e.Declaration.Rows[i], true
}

// excluded is a row that the declaration does not adopt, with its reason.
func (e Evidence) excluded(no string) (DeclaredRow, bool) {
	r, ok := e.row(no)
	return r, ok && !r.Adopted && strings.TrimSpace(r.Reason) != ""
}

// declared looks at the row's form: adopted with a statement, or not adopted
// with a reason. It returns the row when its content is to be judged further.
func (x *run) declared(no string) (DeclaredRow, *Outcome) {
	var o Outcome
	r, ok := x.o.Evidence.row(no)
	switch {
	case x.o.Evidence.Declaration == nil:
		o = x.notRun("missing.declaration")
	case !ok:
		o = x.fail("fail.row-missing", no)
	case !r.Adopted && strings.TrimSpace(r.Reason) == "":
		o = x.fail("fail.no-reason", no)
	case !r.Adopted:
		o = Outcome{NotApplicable, x.say("excluded", no, plain(r.Reason, 200))}
	case strings.TrimSpace(r.Statement) == "":
		o = x.fail("fail.no-statement", no)
	default:
		d := x.o.Evidence.Declaration
		x.step("declaration " + plain(d.Service+" "+d.Version+" "+d.Date, 120) + ", row " + no)(fmt.Sprintf("adopted, statement of %d characters, %d documents", len([]rune(r.Statement)), len(r.Documents)))
		return r, nil
	}
	return r, &o
}

// c111: the declaration says who the users are and how they are limited.
func c111(_ context.Context, x *run) Outcome {
	if _, no := x.declared("1-1-1"); no != nil {
		return *no
	}
	return x.pass("pass.declared", "1-1-1")
}

// c112: somebody saw the terminal, its display and its means of operation.
func c112(_ context.Context, x *run) Outcome {
	p := x.o.Evidence.Terminal
	if p == nil {
		return x.notRun("missing.placed")
	}
	x.step("seen by a person: the terminal")(fmt.Sprintf("%s, display %t, operation %v, provided by %s, %d services share it", p.At, p.Display, p.Operation, p.ProvidedBy, len(p.Sharing)))
	switch {
	case !p.Display:
		return x.fail("fail.no-display")
	case len(p.Operation) == 0:
		return x.fail("fail.no-operation")
	case p.Place == "" || p.ProvidedBy == "":
		return x.fail("fail.no-place")
	case p.By == "" || x.age(p.At) < 0:
		return x.notRun("missing.who-and-when")
	}
	return x.pass("pass.placed", p.Place, p.At)
}

// age is how many days ago a day was, or -1 when it is none.
func (x *run) age(day string) int {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil || at.After(x.o.Now().AddDate(0, 0, 1)) {
		return -1
	}
	return max(0, int(x.o.Now().Sub(at)/(24*time.Hour)))
}

// c222: the declaration names how stored data are encrypted, and the list has it.
func c222(_ context.Context, x *run) Outcome {
	r, no := x.declared("2-2-2")
	if no != nil {
		return *no
	}
	named := x.o.List.Named(r.Statement)
	var listed []string
	for _, row := range named {
		if row.Standing == probe.Unlisted {
			return x.fail("fail.unlisted", row.Names[0], x.o.List.ID, x.o.List.Date, row.ID)
		}
		if row.Class == "cipher" {
			listed = append(listed, row.ID)
		}
	}
	if len(listed) == 0 {
		return x.fail("fail.no-algorithm", x.o.List.ID)
	}
	return x.pass("pass.listed", strings.Join(listed, ", "), x.o.List.ID, x.o.List.Date)
}

// c23: the addresses are fixed, and the terminal spoke with no others.
func c23(_ context.Context, x *run) Outcome {
	e := x.o.Evidence
	if len(e.Allowed) == 0 {
		return x.notRun("missing.allowed")
	}
	var nets []netip.Prefix
	for _, text := range e.Allowed {
		p, err := netip.ParsePrefix(text)
		if a, errAddr := netip.ParseAddr(text); errAddr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return x.fail("fail.not-fixed", plain(text, 60)) // a name is not a fixed address
		}
		if p.Bits() == 0 {
			return x.fail("fail.everything", plain(text, 60))
		}
		nets = append(nets, p)
	}
	if e.Peers == nil || len(e.Peers.Addresses) == 0 {
		return x.notRun("missing.peers")
	}
	x.step(fmt.Sprintf("allow list of %d", len(nets)))(fmt.Sprintf("%d addresses were reached from %s to %s", len(e.Peers.Addresses), plain(e.Peers.From, 10), plain(e.Peers.To, 10)))
	for _, text := range e.Peers.Addresses {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return x.notRun("missing.address", plain(text, 60))
		}
		if !slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) }) {
			return x.fail("fail.peer", a)
		}
	}
	return x.pass("pass.peers", len(e.Peers.Addresses), len(nets))
}

// c241: the three kinds of log are there and alive.
func c241(_ context.Context, x *run) Outcome {
	if len(x.o.Evidence.Logs) == 0 {
		return x.notRun("missing.logs")
	}
	for _, kind := range []string{"access", "operation", "failure"} {
		l, ok := x.o.Evidence.Logs[kind]
		if !ok || l.Place == "" {
			return x.fail("fail.log", kind)
		}
		days := x.age(l.Newest)
		x.step("log " + kind)("newest entry " + plain(l.Newest, 10))
		if days < 0 {
			return x.notRun("missing.newest", kind)
		}
		if days > freshDays && kind != "failure" { // a week without a failure is no fault
			return x.fail("fail.log-old", kind, days)
		}
	}
	return x.pass("pass.logs")
}

// c242: logs are kept for a year.
func c242(_ context.Context, x *run) Outcome {
	days := x.o.Evidence.RetentionDays
	switch {
	case days == 0:
		return x.notRun("missing.retention")
	case days < leastDays:
		return x.fail("fail.retention", days, leastDays)
	}
	return x.pass("pass.retention", days)
}

// later are rows whose subject a later part of the product brings.
func later(_ context.Context, x *run) Outcome { return x.notRun("missing.later") }

package screen

import (
	"context"
	"strings"
	"time"
)

// Store keeps leases.
//
// # Columns
//
//	screen_lease       hq, terminal TEXT, token BIGINT, console, person TEXT ("" = free), purpose TEXT, input BIGINT (bits of Input),
//	                   since BIGINT, offer_to TEXT, offer_at BIGINT, asking TEXT (JSON, ids only), mirrors TEXT (space-separated, sorted), local_at BIGINT
//	screen_preemption  hq, terminal TEXT, token BIGINT (of the grant that was ended), at BIGINT, console, person TEXT (who lost it),
//	                   by_console, by_person TEXT, reason BYTEA (sealed)
//
// Until is not kept: renewals live in the gateway's memory, and a stored lease
// is held until an act ends it. Lease of a terminal that nobody ever looked at
// is free, not unknown.
type Store interface {
	Lease(ctx context.Context, terminal string) (Lease, error)
	Leases(ctx context.Context) ([]Lease, error)
	SaveLease(ctx context.Context, l Lease) error
	Preemption(ctx context.Context, terminal string, token int64) (Preemption, error)
	SavePreemption(ctx context.Context, p Preemption) error
}

// Preemption says whose screen a supervisor took, and why.
type Preemption struct {
	Terminal string
	Token    int64 // of the grant that it ended
	At       time.Time
	From     By
	By       By
	Reason   string // words of a person: sealed where it is kept
}

// Stored is a lease as the store has it: held until an act ends it.
func (l Lease) Stored(now time.Time) Lease {
	l.Until = time.Time{}
	if l.Holder.Console != "" {
		l.Until = now.Add(LeaseLife)
	}
	return l
}

// End frees the screen, whoever holds it: what the gateway does when nobody
// beats for a grant any more. An old token ends nothing.
func (l Lease) End(token int64) (Lease, bool) {
	if l.Holder.Console == "" || token != l.Token {
		return l, false
	}
	return l.end(), true
}

// String names the kinds, as evidence entries show them.
func (i Input) String() string {
	var out []string
	for _, k := range []struct {
		kind Input
		name string
	}{{Keyboard, "keyboard"}, {Pointer, "pointer"}, {Clipboard, "clipboard"}} {
		if i&k.kind != 0 {
			out = append(out, k.name)
		}
	}
	return strings.Join(out, " ")
}

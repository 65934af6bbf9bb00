package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/matoi119/matoi/internal/screen"
	screenq "github.com/matoi119/matoi/internal/store/query/screen"
	"github.com/matoi119/matoi/internal/store/writer"
)

// screens implements screen.Store; tx is nil outside of acts.
type screens struct {
	q  *screenq.Queries
	s  *Store
	tx *writer.Tx
}

// Screens is the port for leases inside the act.
func (u *Unit) Screens() screen.Store { return screens{u.s.screenQueries(u.tx.Query()), u.s, u.tx} }

// Screens reads leases outside of acts; Save methods refuse.
func (s *Store) Screens() screen.Store { return screens{s.screenQueries(s.read), s, nil} }

// LeaseTable is what OnWrite is told of when a lease changes.
const LeaseTable = "screen_lease"

func (v screens) Lease(ctx context.Context, terminal string) (screen.Lease, error) {
	row, err := orNothing(v.q.Lease(ctx, screenq.LeaseParams{HQ: v.s.hq, Terminal: terminal}))
	if err != nil {
		return screen.Lease{}, fmt.Errorf("read lease: %w", err)
	}
	row.Terminal = terminal
	return v.toLease(row)
}

func (v screens) Leases(ctx context.Context) ([]screen.Lease, error) {
	rows, err := v.q.Leases(ctx, v.s.hq)
	return list(rows, err, "lease", v.toLease)
}

// asking is how the one who asks lies in a row.
type asking struct {
	Console string `json:"console"`
	Person  string `json:"person"`
	At      int64  `json:"at"`
}

func (v screens) toLease(r screenq.ScreenLease) (screen.Lease, error) {
	l := screen.Lease{
		Terminal: r.Terminal, Token: r.Token, Holder: screen.By{Console: r.Console, Person: r.Person}, Purpose: screen.Purpose(r.Purpose),
		Input: screen.Input(r.Input), Since: instant(r.Since), Offer: screen.Offer{To: r.OfferTo, At: instant(r.OfferAt)},
		LocalAt: instant(r.LocalAt),
	}
	if r.Mirrors != "" {
		l.Mirrors = strings.Fields(r.Mirrors)
	}
	if r.Asking != "" {
		var all []asking
		if err := json.Unmarshal([]byte(r.Asking), &all); err != nil {
			return l, fmt.Errorf("lease of %s: %w", r.Terminal, err)
		}
		for _, a := range all {
			l.Asking = append(l.Asking, screen.Asking{By: screen.By{Console: a.Console, Person: a.Person}, At: instant(a.At)})
		}
	}
	return l.Stored(v.s.Now()), nil
}

func (v screens) SaveLease(ctx context.Context, l screen.Lease) error {
	text := ""
	if len(l.Asking) > 0 {
		all := make([]asking, 0, len(l.Asking))
		for _, a := range l.Asking {
			all = append(all, asking{a.Console, a.Person, micros(a.At)})
		}
		b, err := json.Marshal(all)
		if err != nil {
			return fmt.Errorf("lease of %s: %w", l.Terminal, err)
		}
		text = string(b)
	}
	return put(ctx, v.tx, LeaseTable, screenq.ScreenLease{
		HQ: v.s.hq, Terminal: l.Terminal, Token: l.Token, Console: l.Holder.Console, Person: l.Holder.Person, Purpose: string(l.Purpose),
		Input: int64(l.Input), Since: micros(l.Since), OfferTo: l.Offer.To, OfferAt: micros(l.Offer.At), Asking: text,
		Mirrors: strings.Join(l.Mirrors, " "), LocalAt: micros(l.LocalAt),
	})
}

func (v screens) Preemption(ctx context.Context, terminal string, token int64) (screen.Preemption, error) {
	row, err := v.q.Preemption(ctx, screenq.PreemptionParams{HQ: v.s.hq, Terminal: terminal, Token: token})
	return found(row, err, "preemption", func(r screenq.ScreenPreemption) (screen.Preemption, error) {
		reason, err := v.s.openNote(r.Reason, "screen_preemption", preemptionKey(r.Terminal, r.Token))
		return screen.Preemption{
			Terminal: r.Terminal, Token: r.Token, At: instant(r.At), From: screen.By{Console: r.Console, Person: r.Person},
			By: screen.By{Console: r.ByConsole, Person: r.ByPerson}, Reason: reason,
		}, err
	})
}

func (v screens) SavePreemption(ctx context.Context, p screen.Preemption) error {
	box, err := v.s.sealNote(p.Reason, "screen_preemption", preemptionKey(p.Terminal, p.Token))
	if err != nil {
		return err
	}
	return put(ctx, v.tx, "screen_preemption", screenq.ScreenPreemption{
		HQ: v.s.hq, Terminal: p.Terminal, Token: p.Token, At: micros(p.At.Truncate(time.Microsecond)), Console: p.From.Console, Person: p.From.Person,
		ByConsole: p.By.Console, ByPerson: p.By.Person, Reason: box,
	})
}

func preemptionKey(terminal string, token int64) string {
	return fmt.Sprintf("%s/%d", terminal, token)
}

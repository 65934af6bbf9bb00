package act

import (
	"context"
	"strconv"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/console"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/report"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
)

// onShift runs a story on the shift at a seat; the zero Shift when nobody is on
// duty there.
func (a *Acts) onShift(ctx context.Context, who Who, name Name, rule func(ctx context.Context, u *store.Unit, w console.Shift, s report.By) (console.Shift, map[string]string, error)) error {
	s, err := seat(who)
	if err != nil {
		return err
	}
	return a.do(ctx, who, name, authz.Resource{Type: "Console", ID: s.Console}, func(ctx context.Context, u *store.Unit) (Told, error) {
		w, err := u.Shifts().Shift(ctx, s.Console)
		if err != nil && fault.Of(err) != fault.NotFound {
			return Told{}, err
		}
		n, facts, err := rule(ctx, u, w, s)
		if err != nil || n == w {
			return Told{}, err
		}
		u.Changed("console", s.Console, string(name))
		return Told{Subject: "console/" + s.Console, Facts: facts}, u.Shifts().SaveShift(ctx, n)
	})
}

// BeginShift records that a person took a seat and whether its ring was heard.
// Whoever was on duty there before is not any more.
func (a *Acts) BeginShift(ctx context.Context, who Who, sound console.Sound, reason string) error {
	id := newID()
	return a.onShift(ctx, who, ShiftBegin, func(ctx context.Context, u *store.Unit, w console.Shift, s report.By) (console.Shift, map[string]string, error) {
		n, err := w.Begin(id, s.Console, s.Person, sound, reason, u.Now())
		if err != nil {
			return w, nil, err
		}
		if w.ID != "" && n.ID != w.ID {
			if err := u.Shifts().SaveShift(ctx, w.End(u.Now())); err != nil {
				return w, nil, err
			}
		}
		return n, map[string]string{"sound": string(n.Sound), "reason": n.Reason}, nil
	})
}

// QuietShift sets how loud the seat rings, by name.
func (a *Acts) QuietShift(ctx context.Context, who Who, volume int64) error {
	return a.onShift(ctx, who, ShiftVolume, func(_ context.Context, _ *store.Unit, w console.Shift, s report.By) (console.Shift, map[string]string, error) {
		n, err := w.Quiet(s.Person, volume)
		return n, map[string]string{"volume": strconv.FormatInt(volume, 10)}, err
	})
}

// EndShift ends the person's duty at the seat, without a hand-over.
func (a *Acts) EndShift(ctx context.Context, who Who) error {
	return a.onShift(ctx, who, ShiftEnd, func(_ context.Context, u *store.Unit, w console.Shift, s report.By) (console.Shift, map[string]string, error) {
		if w.Person != s.Person {
			return w, nil, nil
		}
		return w.End(u.Now()), nil, nil
	})
}

// HandOver leaves a note for whoever comes to a seat, this one or another, and
// ends the shift. The claims of this seat go with it when that person confirms.
func (a *Acts) HandOver(ctx context.Context, who Who, to, note string) (string, error) {
	note = stdif.Clean(note)
	if len([]rune(note)) > console.MaxNote {
		return "", fault.New(fault.TooLarge, "close.note-too-long", "max", strconv.Itoa(console.MaxNote))
	}
	s, err := seat(who)
	if err != nil {
		return "", err
	}
	id := newID()
	return id, a.do(ctx, who, ShiftHandOver, authz.Resource{Type: "Console", ID: s.Console}, func(ctx context.Context, u *store.Unit) (Told, error) {
		if to == "" {
			to = s.Console
		}
		if c, err := u.Consoles().Console(ctx, to); fault.Of(err) == fault.NotFound || err == nil && c.Revoked() {
			return Told{}, fault.New(fault.Invalid, "offer.nobody")
		} else if err != nil {
			return Told{}, err
		}
		h := console.HandOver{ID: id, Console: s.Console, Person: s.Person, To: to, At: u.Now(), Note: note}
		if err := u.Shifts().SaveHandOver(ctx, h); err != nil {
			return Told{}, err
		}
		w, err := u.Shifts().Shift(ctx, s.Console)
		if err != nil && fault.Of(err) != fault.NotFound {
			return Told{}, err
		}
		if err == nil && w.Person == s.Person {
			if err := u.Shifts().SaveShift(ctx, w.End(u.Now())); err != nil {
				return Told{}, err
			}
		}
		u.Changed("console", to, string(ShiftHandOver))
		u.Changed("console", s.Console, string(ShiftHandOver))
		return Told{Subject: "console/" + s.Console, Facts: map[string]string{"to": to, "handover": id}}, nil
	})
}

// TakeHandOver confirms that the incoming person has read what was left, and
// moves the claims of that seat, one act each. Confirming again moves what a
// power cut left behind.
func (a *Acts) TakeHandOver(ctx context.Context, who Who, id string) error {
	s, err := seat(who)
	if err != nil {
		return err
	}
	var h console.HandOver
	err = a.do(ctx, who, ShiftTake, authz.Resource{Type: "Console", ID: s.Console}, func(ctx context.Context, u *store.Unit) (Told, error) {
		found, err := u.Shifts().HandOver(ctx, id)
		if fault.Of(err) == fault.NotFound {
			return Told{}, fault.New(fault.NotFound, "handover.unknown")
		}
		if err != nil {
			return Told{}, err
		}
		if h, err = found.Take(s.Console, s.Person, u.Now()); err != nil || h == found {
			return Told{}, err
		}
		u.Changed("console", s.Console, string(ShiftTake))
		u.Changed("console", h.Console, string(ShiftTake))
		return Told{Subject: "console/" + s.Console, Facts: map[string]string{"handover": id, "fromConsole": h.Console, "fromPerson": h.Person}}, u.Shifts().SaveHandOver(ctx, h)
	})
	if err != nil {
		return err
	}
	claims, err := a.store.Panel().Claims(ctx)
	if err != nil {
		return err
	}
	for _, c := range claims {
		if c.Console != h.Console {
			continue
		}
		if err := a.pass(ctx, who, c.Report, h); err != nil {
			return err
		}
	}
	return nil
}

// pass moves one claim with its shift: only what the outgoing person held, and
// only if it was held when the note was written.
func (a *Acts) pass(ctx context.Context, who Who, id string, h console.HandOver) error {
	return a.onReport(ctx, who, ClaimPass, id, func(_ context.Context, u *store.Unit, r report.Report, s report.By) (decided, error) {
		if r.Claim.Person != h.Person || r.Claim.At.After(h.At) {
			return decided{report: r}, nil
		}
		n, err := r.Pass(h.Console, s, u.Now())
		if err != nil || n == r {
			return decided{report: r}, err
		}
		facts := lost(r)
		facts["handover"] = h.ID
		return decided{report: n, facts: facts}, nil
	})
}

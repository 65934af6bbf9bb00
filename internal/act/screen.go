package act

import (
	"context"
	"reflect"
	"strconv"
	"strings"

	"github.com/matoi119/matoi/internal/authz"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/store"
	"github.com/matoi119/matoi/stdif"
)

// lease is a rule on the lease of one terminal: what it becomes, and the facts.
type lease func(ctx context.Context, u *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error)

// onScreen runs a story on the lease of a terminal's screen. Of two that come at
// once the second one sees what the first one stored.
func (a *Acts) onScreen(ctx context.Context, who Who, name Name, terminal string, rule lease) (screen.Lease, error) {
	var out screen.Lease
	err := a.do(ctx, who, name, authz.Resource{Type: "Terminal", ID: terminal}, func(ctx context.Context, u *store.Unit) (Told, error) {
		if t, err := u.Terminals().Terminal(ctx, terminal); err != nil {
			return Told{}, err
		} else if !t.RevokedAt.IsZero() && who.Kind == authz.KindPerson {
			return Told{}, fault.New(fault.NotFound, "terminal.unknown")
		}
		l, err := u.Screens().Lease(ctx, terminal)
		if err != nil {
			return Told{}, err
		}
		l = l.Stored(u.Now())
		n, facts, err := rule(ctx, u, l)
		if err != nil {
			return Told{}, err
		}
		if out = n.Stored(u.Now()); reflect.DeepEqual(out, l) {
			return Told{}, nil
		}
		if facts == nil {
			facts = map[string]string{}
		}
		facts["token"] = strconv.FormatInt(max(l.Token, n.Token), 10)
		u.Changed("terminal", terminal, string(name))
		return Told{Subject: "terminal/" + terminal, Facts: facts}, u.Screens().SaveLease(ctx, n)
	})
	return out, err
}

// byOf is who holds screens: a person at a console.
func byOf(who Who) (screen.By, error) {
	s, err := seat(who)
	return screen.By{Console: s.Console, Person: s.Person}, err
}

// inputs are the kinds that somebody may send, each a right of its own. A wish
// for one that they may not is refused; without a wish it is all that they may.
func (a *Acts) inputs(who Who, terminal string, wish screen.Input) (screen.Input, error) {
	on := authz.Resource{Type: "Terminal", ID: terminal}
	may := screen.Input(0)
	for kind, right := range map[screen.Input]authz.Right{
		screen.Keyboard: authz.ScreenKeyboard, screen.Pointer: authz.ScreenPointer, screen.Clipboard: authz.ScreenClipboard,
	} {
		if a.may.May(who.Principal, right, on).Allowed {
			may |= kind
		}
	}
	switch {
	case wish == 0:
		return may, nil
	case wish&^may != 0 && wish&^screen.AllInput == 0:
		return 0, fault.New(fault.Denied, "right.none", "act", string(ScreenOperate))
	}
	return wish, nil
}

// granted are the facts of a grant.
func granted(l screen.Lease) map[string]string {
	return map[string]string{"purpose": string(l.Purpose), "input": l.Input.String()}
}

// TakeScreen gives a console the screen of a terminal, or changes what its
// holder uses it for. One winner; everybody else is told who has it. Input 0
// asks for every kind that the person may send.
func (a *Acts) TakeScreen(ctx context.Context, who Who, terminal string, purpose screen.Purpose, input screen.Input) (screen.Lease, error) {
	by, err := byOf(who)
	if err != nil {
		return screen.Lease{}, err
	}
	name := ScreenTake
	if purpose == screen.Operate {
		name = ScreenOperate
		if err := a.permit(who, name, authz.Resource{Type: "Terminal", ID: terminal}); err != nil {
			return screen.Lease{}, err
		}
		if input, err = a.inputs(who, terminal, input); err != nil {
			return screen.Lease{}, err
		}
	}
	return a.onScreen(ctx, who, name, terminal, func(_ context.Context, u *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error) {
		n, err := l.Take(by, purpose, input, u.Now())
		return n, granted(n), err
	})
}

// ReleaseScreen gives the screen back. Doing it twice is no mistake.
func (a *Acts) ReleaseScreen(ctx context.Context, who Who, terminal string) (screen.Lease, error) {
	by, err := byOf(who)
	if err != nil {
		return screen.Lease{}, err
	}
	return a.onScreen(ctx, who, ScreenRelease, terminal, func(_ context.Context, u *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error) {
		n, err := l.Release(by, u.Now())
		return n, nil, err
	})
}

// AskScreen tells the holder that somebody would like the screen.
func (a *Acts) AskScreen(ctx context.Context, who Who, terminal string) (screen.Lease, error) {
	by, err := byOf(who)
	if err != nil {
		return screen.Lease{}, err
	}
	return a.onScreen(ctx, who, ScreenAsk, terminal, func(_ context.Context, u *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error) {
		n, err := l.Ask(by, u.Now())
		return n, nil, err
	})
}

// OfferScreen offers it to another console; "" takes the offer back. The holder
// keeps it until that one accepts.
func (a *Acts) OfferScreen(ctx context.Context, who Who, terminal, to string) (screen.Lease, error) {
	by, err := byOf(who)
	if err != nil {
		return screen.Lease{}, err
	}
	name, facts := ScreenOffer, map[string]string{"to": to}
	if to == "" {
		name, facts = ScreenWithdraw, nil
	}
	return a.onScreen(ctx, who, name, terminal, func(ctx context.Context, u *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error) {
		if err := standing(ctx, u, to); err != nil {
			return l, nil, err
		}
		n, err := l.OfferTo(by, to, u.Now())
		return n, facts, err
	})
}

// standing refuses consoles that nobody can sit at; "" passes.
func standing(ctx context.Context, u *store.Unit, console string) error {
	if console == "" {
		return nil
	}
	c, err := u.Consoles().Console(ctx, console)
	if fault.Of(err) == fault.NotFound || err == nil && c.Revoked() {
		return fault.New(fault.Invalid, "offer.nobody")
	}
	return err
}

// AcceptScreen takes what was offered, in one step: the old holder's token is
// worth nothing from the moment the new one exists. Whoever accepts gets no
// input that they may not send.
func (a *Acts) AcceptScreen(ctx context.Context, who Who, terminal string) (screen.Lease, error) {
	by, err := byOf(who)
	if err != nil {
		return screen.Lease{}, err
	}
	may, err := a.inputs(who, terminal, 0)
	if err != nil {
		return screen.Lease{}, err
	}
	on := authz.Resource{Type: "Terminal", ID: terminal}
	operates := a.may.May(who.Principal, authz.ScreenOperate, on).Allowed
	return a.onScreen(ctx, who, ScreenAccept, terminal, func(_ context.Context, u *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error) {
		n, err := l.Accept(by, u.Now())
		if err != nil {
			return l, nil, err
		}
		if n.Input &= may; !operates {
			n.Purpose, n.Input = screen.View, 0
		}
		facts := granted(n)
		facts["fromConsole"], facts["fromPerson"] = l.Holder.Console, l.Holder.Person
		return n, facts, nil
	})
}

// DeclineScreen refuses an offer.
func (a *Acts) DeclineScreen(ctx context.Context, who Who, terminal string) (screen.Lease, error) {
	by, err := byOf(who)
	if err != nil {
		return screen.Lease{}, err
	}
	return a.onScreen(ctx, who, ScreenDecline, terminal, func(_ context.Context, _ *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error) {
		return l.Decline(by), nil, nil
	})
}

// PreemptScreen takes the screen from its holder for a supervisor. The reason is
// kept sealed beside the entry: it is a person's words.
func (a *Acts) PreemptScreen(ctx context.Context, who Who, terminal string, purpose screen.Purpose, input screen.Input, reason string) (screen.Lease, error) {
	by, err := byOf(who)
	if err != nil {
		return screen.Lease{}, err
	}
	reason = strings.TrimSpace(stdif.Clean(reason))
	if purpose == screen.Operate {
		if input, err = a.inputs(who, terminal, input); err != nil {
			return screen.Lease{}, err
		}
	}
	return a.onScreen(ctx, who, ScreenPreempt, terminal, func(ctx context.Context, u *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error) {
		n, err := l.Preempt(by, purpose, input, reason, u.Now())
		if err != nil {
			return l, nil, err
		}
		facts := granted(n)
		if l.Holder.Console == "" || l.Holder.Console == by.Console {
			return n, facts, nil
		}
		facts["fromConsole"], facts["fromPerson"] = l.Holder.Console, l.Holder.Person
		return n, facts, u.Screens().SavePreemption(ctx, screen.Preemption{Terminal: terminal, Token: l.Token, At: u.Now(), From: l.Holder, By: by, Reason: reason})
	})
}

// MirrorScreen shows a copy to another console of the command system, or ends it.
func (a *Acts) MirrorScreen(ctx context.Context, who Who, terminal, console string, on bool) (screen.Lease, error) {
	by, err := byOf(who)
	if err != nil {
		return screen.Lease{}, err
	}
	return a.onScreen(ctx, who, ScreenMirror, terminal, func(ctx context.Context, u *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error) {
		if on {
			if err := standing(ctx, u, console); err != nil {
				return l, nil, err
			}
		}
		n, err := l.Mirror(by, console, on, u.Now())
		return n, map[string]string{"console": console, "on": strconv.FormatBool(on)}, err
	})
}

// LapseCause is why the gateway ends a lease. It is an error, so that it can be
// the cause with which a page's connection is ended.
type LapseCause string

// Error implements error.
func (c LapseCause) Error() string { return "the lease ended: " + string(c) }

// The causes.
const (
	LapseExpired LapseCause = "expired" // no sign of the holder's page for screen.LeaseLife
	LapseSocket  LapseCause = "socket"  // its connection was lost and did not come back
	LapseSession LapseCause = "session" // logged out, console revoked, person suspended
	LapseRight   LapseCause = "right"   // the right was taken away
	LapseStart   LapseCause = "start"   // found when the gateway started
	LapseStop    LapseCause = "stop"    // the gateway stops
)

// LapseScreen ends a grant for its holder. An old token ends nothing.
func (a *Acts) LapseScreen(ctx context.Context, who Who, terminal string, token int64, cause LapseCause) error {
	_, err := a.onScreen(ctx, who, ScreenLapse, terminal, func(_ context.Context, _ *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error) {
		n, _ := l.End(token)
		return n, map[string]string{"cause": string(cause), "console": l.Holder.Console, "person": l.Holder.Person}, nil
	})
	return err
}

// LocalScreen records that the person at the terminal began to use it while a
// console operated it.
func (a *Acts) LocalScreen(ctx context.Context, who Who, terminal string) error {
	_, err := a.onScreen(ctx, who, ScreenLocal, terminal, func(_ context.Context, u *store.Unit, l screen.Lease) (screen.Lease, map[string]string, error) {
		return l.Local(u.Now()), nil, nil
	})
	return err
}

// ScreenCounts is how much a grant sent. What was sent is nowhere.
type ScreenCounts struct {
	Keys, Clicks, Clipboard int64
	Refused                 int64 // messages that the lease did not allow
}

// CountScreen records at the end of a grant how much was sent under it.
func (a *Acts) CountScreen(ctx context.Context, who Who, terminal string, l screen.Lease, n ScreenCounts) error {
	return a.do(ctx, who, ScreenInput, authz.Resource{Type: "Terminal", ID: terminal}, func(context.Context, *store.Unit) (Told, error) {
		count := func(v int64) string { return strconv.FormatInt(v, 10) }
		return Told{Subject: "terminal/" + terminal, Facts: map[string]string{
			"token": count(l.Token), "console": l.Holder.Console, "person": l.Holder.Person,
			"keys": count(n.Keys), "clicks": count(n.Clicks), "clipboard": count(n.Clipboard), "refused": count(n.Refused),
		}}, nil
	})
}

package screen

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/matoi119/matoi/internal/fault"
)

var noon = time.Date(2026, 4, 1, 3, 0, 0, 0, time.UTC)

// desk draws whatever several consoles may try with one terminal's screen.
type desk struct {
	l   Lease
	now time.Time
	// tokens that were ever given, and to whom.
	given map[int64]By
}

func who(t *rapid.T) By {
	return By{rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "console"), rapid.SampledFrom([]string{"p1", "p2"}).Draw(t, "person")}
}

// step lets one thing happen; the lease before it is returned.
func (d *desk) step(t *rapid.T) (before Lease, by By, what string, err error) {
	before, by = d.l, who(t)
	purpose := rapid.SampledFrom([]Purpose{View, Operate}).Draw(t, "purpose")
	input := Input(rapid.Int64Range(0, int64(AllInput)).Draw(t, "input"))
	other := rapid.SampledFrom([]string{"", "A", "B", "C", "D"}).Draw(t, "other")
	token := d.l.Token - rapid.Int64Range(0, 2).Draw(t, "age of token")
	what = rapid.SampledFrom([]string{"take", "renew", "release", "ask", "offer", "accept", "decline", "preempt", "mirror", "local", "wait"}).Draw(t, "what")
	switch what {
	case "take":
		d.l, err = d.l.Take(by, purpose, input, d.now)
	case "renew":
		d.l, err = d.l.Renew(token, d.now)
	case "release":
		d.l, err = d.l.Release(by, d.now)
	case "ask":
		d.l, err = d.l.Ask(by, d.now)
	case "offer":
		d.l, err = d.l.OfferTo(by, other, d.now)
	case "accept":
		d.l, err = d.l.Accept(by, d.now)
	case "decline":
		d.l = d.l.Decline(by)
	case "preempt":
		d.l, err = d.l.Preempt(by, purpose, input, rapid.SampledFrom([]string{"", "指揮台が引き取る"}).Draw(t, "reason"), d.now)
	case "mirror":
		d.l, err = d.l.Mirror(by, other, rapid.Bool().Draw(t, "on"), d.now)
	case "local":
		d.l = d.l.Local(d.now)
	case "wait":
		d.now = d.now.Add(time.Duration(rapid.IntRange(0, 45).Draw(t, "seconds")) * time.Second)
		d.l, _ = d.l.Lapse(d.now)
	}
	return before, by, what, err
}

// Whatever is tried in whatever order: one console at most sees and operates,
// tokens never come twice, nobody loses the screen but by a named way, and the
// person at the terminal is never overridden.
func TestOneConsoleAtATime(t *testing.T) {
	duty(t, "S3-1-2-1", "S3-1-2-2")
	rapid.Check(t, func(t *rapid.T) {
		d := &desk{l: Lease{Terminal: "t-01"}, now: noon, given: map[int64]By{}}
		for range rapid.IntRange(1, 80).Draw(t, "length") {
			before, by, what, err := d.step(t)
			if err != nil {
				refused(t, before, d.l, what, err, d.now)
				continue
			}
			passed(t, before, d.l, by, what, d.now)
			if d.l.Token != before.Token {
				if d.l.Token <= before.Token || d.given[d.l.Token] != (By{}) {
					t.Fatalf("%s: token %d after %d", what, d.l.Token, before.Token)
				}
				d.given[d.l.Token] = d.l.Holder
			}
			d.judge(t, what)
		}
	})
}

// refused: a refusal changes nothing but what time had ended already.
func refused(t *rapid.T, before, after Lease, what string, err error, now time.Time) {
	lapsed, _ := before.Lapse(now)
	if !cmp.Equal(before, after) && !cmp.Equal(lapsed, after) {
		t.Fatalf("%s was refused (%v) and changed the lease: %s", what, err, cmp.Diff(before, after))
	}
	if f := fault.As(err); f == nil {
		t.Fatalf("%s: %v has no words", what, err)
	}
}

// passed: the screen goes from one console to another only by accepting an offer
// or by the supervisor.
func passed(t *rapid.T, before, after Lease, by By, what string, now time.Time) {
	if before.Free(now) || after.Holder == before.Holder {
		return
	}
	switch {
	case after.Holder.Console == "" && what == "release" && by.Console == before.Holder.Console:
	case what == "accept" && before.Offer.To == by.Console && after.Holder == by:
	case what == "preempt" && after.Holder == by:
	case what == "take" && by.Console == before.Holder.Console:
	default:
		t.Fatalf("%s by %v: the screen went from %v to %v", what, by, before.Holder, after.Holder)
	}
	if after.Holder.Console != "" && after.Token == before.Token {
		t.Fatalf("%s: %v holds the token of %v", what, after.Holder, before.Holder)
	}
}

func (d *desk) judge(t *rapid.T, what string) {
	l, operators := d.l, 0
	for token, by := range d.given {
		for _, kind := range []Input{Keyboard, Pointer, Clipboard, AllInput, 0} {
			if !l.Allows(token, kind, d.now) {
				continue
			}
			operators++
			switch {
			case by != l.Holder || l.Purpose != Operate || l.Input&kind != kind || kind == 0:
				t.Fatalf("%s: input %d of %v passes while %v holds it to %s", what, kind, by, l.Holder, l.Purpose)
			case !l.LocalAt.IsZero() && d.now.Sub(l.LocalAt) < LocalRest:
				t.Fatalf("%s: input passes over the person at the terminal", what)
			}
		}
	}
	if l.Free(d.now) && operators > 0 {
		t.Fatalf("%s: input passes though nobody holds the screen", what)
	}
	for _, c := range []string{"A", "B", "C", "D"} {
		if l.Sees(c, d.now) && c != l.Holder.Console && !slices.Contains(l.Mirrors, c) {
			t.Fatalf("%s: %s sees the screen of %s", what, c, l.Holder.Console)
		}
	}
	if slices.Contains(l.Mirrors, l.Holder.Console) && l.Holder.Console != "" {
		t.Fatalf("%s: the holder is its own mirror", what)
	}
	if l.Holder.Console == "" && (l.Offer != Offer{} || len(l.Asking) > 0 || len(l.Mirrors) > 0 || l.Input != 0) {
		t.Fatalf("%s: a free screen keeps %+v", what, l)
	}
}

// A hand-over keeps the purpose and the mirrors, and the one who gave it away
// cannot press another key.
func TestHandover(t *testing.T) {
	a, b := By{"A", "p1"}, By{"B", "p2"}
	l, err := Lease{Terminal: "t-01"}.Take(a, Operate, AllInput, noon)
	check(t, err)
	old := l.Token
	l, err = l.Mirror(a, "D", true, noon)
	check(t, err)
	if _, err := l.Take(b, View, 0, noon); fault.As(err) == nil || fault.As(err).Args["consoleId"] != "A" {
		t.Errorf("a second viewer = %v, want the holder's name", err)
	}
	l, err = l.Ask(b, noon)
	check(t, err)
	l, err = l.OfferTo(a, "B", noon)
	check(t, err)
	if !l.Allows(old, Keyboard, noon) {
		t.Error("an offer took the screen away before it was accepted")
	}
	l, err = l.Accept(b, noon.Add(time.Second))
	check(t, err)
	now := noon.Add(time.Second)
	if l.Holder != b || l.Purpose != Operate || !l.Allows(l.Token, AllInput, now) || l.Allows(old, Keyboard, now) || len(l.Asking) != 0 {
		t.Errorf("after the hand-over: %+v", l)
	}
	if !l.Sees("D", now) || l.Sees("A", now) {
		t.Errorf("mirrors after the hand-over: %v", l.Mirrors)
	}
	if _, err := l.Renew(old, now); err == nil {
		t.Error("the old holder renewed")
	}
}

// Supervisors give a reason; the holder's view ends with the grant.
func TestPreemption(t *testing.T) {
	a, s := By{"A", "p1"}, By{"S", "p9"}
	l, err := Lease{Terminal: "t-01"}.Take(a, Operate, Keyboard, noon)
	check(t, err)
	for _, reason := range []string{"", "  ", string(make([]rune, MaxReason+1))} {
		if _, err := l.Preempt(s, Operate, AllInput, reason, noon); fault.Of(err) != fault.Invalid {
			t.Errorf("with the reason %q: %v", reason, err)
		}
	}
	n, err := l.Preempt(s, Operate, AllInput, "応答なし", noon)
	check(t, err)
	if n.Holder != s || n.Token <= l.Token || n.Sees("A", noon) {
		t.Errorf("after the preemption: %+v", n)
	}
}

// Time ends what nobody renews; a view that is renewed lives for days.
func TestLeaseLife(t *testing.T) {
	a := By{"A", "p1"}
	l, err := Lease{Terminal: "t-01"}.Take(a, View, AllInput, noon)
	check(t, err)
	if l.Input != 0 {
		t.Errorf("a view may send %d", l.Input)
	}
	now := noon
	for range int(24 * time.Hour / RenewEach) {
		now = now.Add(RenewEach)
		if l, err = l.Renew(l.Token, now); err != nil {
			t.Fatalf("after %s: %v", now.Sub(noon), err)
		}
	}
	if l.Since != noon {
		t.Errorf("held since %s, want %s", l.Since, noon)
	}
	if _, lapsed := l.Lapse(now.Add(LeaseLife - 1)); lapsed {
		t.Error("lapsed before its time")
	}
	n, lapsed := l.Lapse(now.Add(LeaseLife))
	if !lapsed || n.Holder != (By{}) || n.Token != l.Token || l.Sees("A", now.Add(LeaseLife)) {
		t.Errorf("after its life: %+v, %t", n, lapsed)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

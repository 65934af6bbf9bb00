package report

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/stdif"
)

// life draws anything that may happen to a report, in any order.
type life struct {
	r   Report
	now time.Time
}

func born(t *rapid.T) *life {
	l := &life{now: noon}
	a := arrivalOf(t, l.now)
	l.r = Arrive(a, "id", "0401-0001", l.now)
	return l
}

func arrivalOf(t *rapid.T, now time.Time) Arrival {
	a := Arrival{
		Terminal: "t-01", Service: "s", ServiceReport: "N-1", Mode: stdif.Actual, Revision: rapid.Int64Range(0, 6).Draw(t, "revision"),
		EventAt: now, SentAt: now.Add(time.Duration(rapid.IntRange(-20, 20).Draw(t, "skew")) * time.Second), Late: rapid.Bool().Draw(t, "late"),
	}
	a.Frame = fmt.Sprintf("frame-%d", a.Revision)
	if rapid.IntRange(0, 9).Draw(t, "mode") == 0 {
		a.Mode = stdif.Exercise
	}
	return a
}

// step lets one thing happen and returns the report as it was, and the refusal.
func (l *life) step(t *rapid.T) (before Report, what string, err error) {
	before = l.r
	by := By{rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "console"), rapid.SampledFrom([]string{"p1", "p2"}).Draw(t, "person")}
	what = rapid.SampledFrom([]string{"take", "release", "close", "open", "paint", "hear", "chat", "revise", "wait", "wake",
		"take-over", "offer", "withdraw", "accept", "refuse", "neglect", "attend", "raise", "pass"}).Draw(t, "what")
	switch what {
	case "take":
		l.r, err = l.r.Take(by, l.now)
	case "release":
		l.r, err = l.r.Release(by, l.now)
	case "close":
		l.r, err = l.r.Close(by, rapid.SampledFrom(append(Reasons(), "because")).Draw(t, "reason"), l.now)
	case "take-over":
		l.r, err = l.r.TakeOver(by, rapid.Bool().Draw(t, "supervisor"), rapid.SampledFrom(append(TakeOverReasons(), "")).Draw(t, "reason"), l.now)
	case "offer":
		l.r, err = l.r.Hand(by, rapid.SampledFrom([]string{"A", "B", "C", ToAll}).Draw(t, "to"), l.now)
	case "withdraw":
		l.r, err = l.r.Withdraw(by, l.now)
	case "accept":
		l.r, err = l.r.Accept(by, l.now)
	case "refuse":
		l.r, err = l.r.Refuse(by, l.now)
	case "neglect":
		l.r, _ = l.r.Neglect(time.Duration(rapid.IntRange(0, 90).Draw(t, "silent"))*time.Second, l.now)
	case "attend":
		l.r, _ = l.r.Attend(time.Duration(rapid.IntRange(0, 90).Draw(t, "silent"))*time.Second, l.now)
	case "raise":
		l.r, err = l.r.Raise(by, rapid.SampledFrom(append(RaiseReasons(), "")).Draw(t, "reason"), "0401-0002", l.now)
	case "pass":
		l.r, err = l.r.Pass(rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "from"), by, l.now)
	case "open":
		l.r = l.r.See(l.now)
	case "paint":
		l.r, _ = l.r.Integrate(l.now)
	case "hear":
		l.r = l.r.Hear(rapid.SampledFrom(states).Draw(t, "state"), l.now)
	case "chat":
		l.r = l.r.Chat(rapid.SampledFrom(speakers).Draw(t, "from"), l.now, l.now)
	case "revise":
		l.r, _, err = l.r.Revise(arrivalOf(t, l.now), l.now)
	case "wait":
		l.now = l.now.Add(time.Duration(rapid.IntRange(0, 700).Draw(t, "seconds")) * time.Second)
	case "wake":
		l.r, _, _ = l.r.WakeOnce(l.now)
	}
	return before, what, err
}

func TestLifeOfAReport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := born(t)
		for range rapid.IntRange(1, 60).Draw(t, "length") {
			before, what, err := l.step(t)
			if err != nil && l.r != before {
				t.Fatalf("%s was refused (%v) and changed the report", what, err)
			}
			steps(t, before, l.r, what)
			holders(t, before, l.r, what)
			modes(t, before, l.r, what)
			missing(t, before, l.r, what)
			closing(t, before, l.r, what)
			due(t, l.r, l.now)
		}
	})
}

// steps: within a revision a step never goes back, and only a person's act says seen.
func steps(t *rapid.T, before, after Report, what string) {
	if after.Revision == before.Revision && after.Step.Before(before.Step) {
		t.Fatalf("%s: step %s after %s", what, after.Step, before.Step)
	}
	if after.Reached(stdif.Seen, before) && !slices.Contains([]string{"open", "take", "close", "take-over", "accept", "pass"}, what) {
		t.Fatalf("%s says that a person has seen the report", what)
	}
	if !after.Step.Before(stdif.Integrated) && after.IntegratedAt.IsZero() || after.Step == stdif.Seen && after.SeenAt.IsZero() {
		t.Fatalf("%s: step %s without its time", what, after.Step)
	}
	if after.Revision < before.Revision {
		t.Fatalf("%s: revision %d after %d", what, after.Revision, before.Revision)
	}
}

// holders: at most one holder. A claim goes from one to the other only by a
// person who takes it over or takes what was given, and is lost only by release,
// by raising, or with a closed report that comes back. Time and silence mark it.
func holders(t *rapid.T, before, after Report, what string) {
	held := after.Claim.Console != ""
	if working := after.State == Accepted || after.State == InDialog; held != working && after.State != Closed {
		t.Fatalf("%s: %s with the claim of %q", what, after.State, after.Claim.Console)
	}
	if before.Claim.Console != "" && held && before.Claim.By != after.Claim.By {
		if what != "take-over" && what != "accept" && what != "pass" {
			t.Fatalf("%s: the claim went from %v to %v", what, before.Claim, after.Claim)
		}
		if after.Before.By != before.Claim.By {
			t.Fatalf("%s: nobody can tell %v who has it now", what, before.Claim.By)
		}
		if what == "take-over" && !after.Before.Handed && after.Before.Reason == "" {
			t.Fatal("taken over without a reason")
		}
		if what == "accept" && before.Offer.To != ToAll && before.Offer.To != after.Claim.Console {
			t.Fatalf("an offer to %q was accepted by %q", before.Offer.To, after.Claim.Console)
		}
		if after.Offer != (Offer{}) || !after.Claim.StaleAt.IsZero() {
			t.Fatalf("%s: the new claim has the offer %v and the mark %s of the old one", what, after.Offer, after.Claim.StaleAt)
		}
	}
	if before.Claim.Console != "" && !held && what != "release" && what != "raise" && (what != "revise" && what != "chat" || before.State != Closed) {
		t.Fatalf("%s took the claim away", what)
	}
	if after.Offer.To != "" && (!held || after.State == Closed || after.Offer.To == after.Claim.Console) {
		t.Fatalf("%s: an offer to %q of %v", what, after.Offer.To, after.Claim.By)
	}
	if !after.Claim.StaleAt.IsZero() && (!held || after.State == Closed) {
		t.Fatalf("%s: a mark on no claim", what)
	}
	if what == "neglect" && before.Claim.By != after.Claim.By {
		t.Fatal("silence gave the claim away")
	}
}

// modes: only a person's raising changes the mode, only upwards, and what was
// sent stays; a new ring is one that no page has confirmed.
func modes(t *rapid.T, before, after Report, what string) {
	if after.Mode != before.Mode {
		t.Fatalf("%s changed the mode that was sent", what)
	}
	if after.Effective() != before.Effective() {
		if what != "raise" || after.Effective() != stdif.Actual || after.Raised.Person == "" || after.Raised.Reason == "" {
			t.Fatalf("%s made %s of %s: %+v", what, after.Effective(), before.Effective(), after.Raised)
		}
		if !after.Unclaimed() || after.RingsAt == before.RingsAt && !after.HeardAt.IsZero() || after.Number == after.Raised.Number {
			t.Fatalf("raised and not rung anew: %+v", after)
		}
	}
	if !before.Unclaimed() && after.Unclaimed() && (!after.HeardAt.IsZero() || !after.UnheardAt.IsZero() || after.Escalation != 0) {
		t.Fatalf("%s: a new ring has the past of the old one", what)
	}
	if before.Ended == stdif.ServiceHandledHere && after.Ended != stdif.ServiceHandledHere {
		t.Fatalf("%s forgot that a person completed it at the terminal", what)
	}
}

// missing: whatever leaves the board unanswered, or waits to the last step, has a cause.
func missing(t *rapid.T, before, after Report, what string) {
	causes := Causes(before, after)
	if after.Unclaimed() && after.Escalation == MaxEscalation && before.Escalation < MaxEscalation && after.Ended != stdif.ServiceHandledHere && !slices.Contains(causes, MissedEscalated) {
		t.Fatalf("%s: nobody came and nobody is told: %v", what, causes)
	}
	if what == "close" && before.State != Closed && after.State == Closed && after.Closing.Reason == NoAnswer && !slices.Contains(causes, MissedNoAnswer) {
		t.Fatalf("%s: closed without an answer: %v", what, causes)
	}
	if len(causes) > 0 && before == after {
		t.Fatalf("%s: %v of nothing", what, causes)
	}
}

// closing: only a person closes, only a new revision or the caller's words reopen, and a closed
// report neither rings nor waits for anything.
func closing(t *rapid.T, before, after Report, what string) {
	closed := after.State == Closed
	switch {
	case closed && before.State != Closed && what != "close":
		t.Fatalf("%s closed the report", what)
	case !closed && before.State == Closed && what != "revise" && what != "raise" && (what != "chat" || after.LastChatFrom != stdif.FromCaller && after.LastChatFrom != stdif.FromOperator):
		t.Fatalf("%s reopened the report", what)
	case closed && (!after.Due.IsZero() || after.Unclaimed() || after.Open()):
		t.Fatalf("%s: a closed report is due at %s, rings %t", what, after.Due, after.Unclaimed())
	case closed && after.Closing.Console == "":
		t.Fatalf("%s: closed by nobody", what)
	case !closed && after.Closing != Closing{}:
		t.Fatalf("%s: an open report says who closed it", what)
	case after.Escalation < 0 || after.Escalation > MaxEscalation:
		t.Fatalf("%s: escalation %d", what, after.Escalation)
	}
}

// due: Due is zero exactly when nothing more can happen, waking terminates, and
// something happens exactly when it is due.
func due(t *rapid.T, r Report, now time.Time) {
	far := now.Add(1000 * time.Hour)
	_, event, _ := r.WakeOnce(far)
	if (event == "") != r.Due.IsZero() {
		t.Fatalf("due at %q, far in the future happens %q", r.Due, event)
	}
	if r.Due.IsZero() {
		return
	}
	if _, event, _ := r.WakeOnce(r.Due.Add(-time.Microsecond)); event != "" {
		t.Fatalf("%s happens before it is due", event)
	}
	n, more := r, true
	for i := 0; more; i++ {
		var event Event
		if n, event, more = n.WakeOnce(far); event == "" || i > 8 {
			t.Fatalf("event %d of waking at once is %q", i, event)
		}
	}
	if n.State != r.State && n.State != Escalated {
		t.Fatalf("time alone made %s of %s", n.State, r.State)
	}
}

// A clock that was set back by anything never leaves an anchor ahead of it, and
// never makes a ring wait longer than it should have.
func TestReanchor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := born(t)
		for range rapid.IntRange(0, 20).Draw(t, "length") {
			_, _, _ = l.step(t) // refusals are part of a life
		}
		now := l.now.Add(-time.Duration(rapid.IntRange(0, 1_000_000).Draw(t, "back")) * time.Second)
		n, moved := l.r.Reanchor(now)
		if moved != (n != l.r) {
			t.Fatalf("moved = %t, changed %t", moved, n != l.r)
		}
		if n.State != l.r.State || n.Step != l.r.Step || n.Claim != l.r.Claim || n.ReceivedAt != l.r.ReceivedAt {
			t.Fatal("what was recorded changed with the clock")
		}
		if n.Unclaimed() && n.Escalation < MaxEscalation && n.Due.After(now.Add(EscalateAgain)) {
			t.Fatalf("the next escalation waits until %s at %s", n.Due, now)
		}
		if again, moved := n.Reanchor(now); moved || again != n {
			t.Fatal("mending twice is not mending once")
		}
	})
}

// Whoever comes second is told who was first, with ids and nothing else.
func TestHeldNamesTheHolder(t *testing.T) {
	f := fault.As(Held(Claim{By: By{Console: "A", Person: "p1"}}))
	if f == nil || f.Kind != fault.Conflict || f.Args["consoleId"] != "A" || f.Args["personId"] != "p1" || len(f.Args) != 2 {
		t.Errorf("Held = %+v", f)
	}
}

// What a closed report may be closed with is what a page offers.
func TestReasons(t *testing.T) {
	for _, reason := range Reasons() {
		r := Arrive(Arrival{Mode: stdif.Exercise, Revision: 1}, "id", "n", noon)
		if n, err := r.Close(By{"A", "p1"}, reason, noon); err != nil || n.Closing.Reason != reason {
			t.Errorf("Close(%q) = %+v, %v", reason, n.Closing, err)
		}
	}
}

// An entry of the missed panel is taken off once, by somebody, with an outcome.
func TestMissedEntries(t *testing.T) {
	m := Missed{ID: "m", Report: "r", Causes: []Cause{MissedUnheard}, At: noon}
	m = m.Add([]Cause{MissedUnheard, MissedEscalated}, noon.Add(time.Second))
	if len(m.Causes) != 2 || !m.Open() {
		t.Fatalf("entry = %+v", m)
	}
	if _, err := m.Acknowledge(By{"A", "p1"}, "", "", noon); fault.As(err).Key != "missed.outcome-missing" {
		t.Errorf("without an outcome: %v", err)
	}
	for _, outcome := range Outcomes() {
		done, err := m.Acknowledge(By{"A", "p1"}, outcome, "", noon)
		if err != nil || done.Open() || done.Done.Person != "p1" {
			t.Errorf("%s: %+v, %v", outcome, done, err)
		}
		if _, err := done.Acknowledge(By{"B", "p2"}, outcome, "", noon); fault.As(err).Args["personId"] != "p1" {
			t.Errorf("a second acknowledgement: %v", err)
		}
	}
}

// AC-27: what was on paper keeps its times, never rings, and says who typed it in.
func TestEnter(t *testing.T) {
	a := Arrival{Frame: "hand/1", Kind: "fire", EventAt: noon.Add(-3 * time.Hour)}
	s, received := By{"A", "p1"}, noon.Add(-2*time.Hour)
	for _, outcome := range []string{"", Handled, NoAnswer} {
		r, err := Enter(a, "id", "0401-0009", s, received, outcome, noon)
		if err != nil || r.Unclaimed() || r.Effective() != stdif.Actual || !r.Late || r.EventAt != a.EventAt || r.ReceivedAt != received || r.Entered != (Entered{By: s, At: noon}) || r.Addressable() || !r.Due.IsZero() {
			t.Errorf("%q: %+v, %v", outcome, r, err)
		}
		if (outcome == "") != r.Open() {
			t.Errorf("%q leaves the report %s", outcome, r.State)
		}
	}
	for name, bad := range map[string][2]time.Time{"after it was received": {received.Add(time.Hour), received}, "not yet": {noon.Add(time.Hour), noon.Add(2 * time.Hour)}, "unknown": {{}, received}} {
		a.EventAt = bad[0]
		if _, err := Enter(a, "id", "n", s, bad[1], "", noon); fault.As(err).Key != "entry.times" {
			t.Errorf("an event %s: %v", name, err)
		}
	}
}

package act_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/screen"
)

// The whole life of a lease, as acts: on both engines every step is one entry,
// and the token never goes back.
func TestScreenStory(t *testing.T) {
	duty(t, "S3-1-2-1", "S3-1-2-2")
	for _, dsn := range []string{"", server.Database(t)} {
		h := newHouse(t, dsn)
		h.seats("console-a", "console-b", "console-s", "console-m")
		step := func(what string, l screen.Lease, err error) screen.Lease {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			return l
		}
		l, err := h.TakeScreen(ctx(h), yamada, terminal1, screen.Operate, 0)
		if l = step("take", l, err); l.Token != 1 || l.Input != screen.AllInput || l.Holder != (screen.By{Console: "console-a", Person: "yamada"}) {
			t.Fatalf("taken: %+v", l)
		}
		_, err = h.TakeScreen(ctx(h), suzuki, terminal1, screen.View, 0)
		if f := fault.As(err); f == nil || f.Key != "lease.held" || f.Args["consoleId"] != "console-a" || f.Args["personId"] != "yamada" {
			t.Fatalf("a second console: %v, want the holder", err)
		}
		l, err = h.AskScreen(ctx(h), suzuki, terminal1)
		step("ask", l, err)
		l, err = h.MirrorScreen(ctx(h), yamada, terminal1, "console-m", true)
		step("mirror", l, err)
		l, err = h.OfferScreen(ctx(h), yamada, terminal1, "console-b")
		step("offer", l, err)
		l, err = h.AcceptScreen(ctx(h), suzuki, terminal1)
		if l = step("accept", l, err); l.Token != 2 || l.Holder.Console != "console-b" || l.Purpose != screen.Operate || len(l.Asking) != 0 {
			t.Fatalf("handed over: %+v", l)
		}
		if _, err := h.ReleaseScreen(ctx(h), yamada, terminal1); fault.Of(err) != fault.Conflict {
			t.Errorf("the old holder released it: %v", err)
		}
		h.must(h.LapseScreen(ctx(h), act.Gateway(), terminal1, 1, act.LapseExpired))
		if _, err := h.PreemptScreen(ctx(h), yamada, terminal1, screen.Operate, 0, "急ぐ"); fault.Of(err) != fault.Denied {
			t.Errorf("a dispatcher took the screen away: %v", err)
		}
		if _, err := h.PreemptScreen(ctx(h), supervisor("console-s", "chief"), terminal1, screen.Operate, 0, " "); fault.Of(err) != fault.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		l, err = h.PreemptScreen(ctx(h), supervisor("console-s", "chief"), terminal1, screen.Operate, screen.Pointer, "応答がない CANARY")
		if l = step("preempt", l, err); l.Token != 3 || l.Input != screen.Pointer || l.Holder.Console != "console-s" || len(l.Mirrors) != 1 {
			t.Fatalf("preempted: %+v", l)
		}
		if p, err := h.store.Screens().Preemption(ctx(h), terminal1, 2); err != nil || p.Reason != "応答がない CANARY" || p.From.Person != "suzuki" {
			t.Errorf("preemption: %+v, %v", p, err)
		}
		if dsn == "" && h.onDisk("CANARY") {
			t.Error("the reason stands in clear")
		}
		h.must(h.LocalScreen(ctx(h), act.Gateway(), terminal1))
		h.must(h.CountScreen(ctx(h), act.Gateway(), terminal1, l, act.ScreenCounts{Keys: 3, Clicks: 2}))
		h.must(h.LapseScreen(ctx(h), act.Gateway(), terminal1, l.Token, act.LapseSocket))
		l, err = h.TakeScreen(ctx(h), yamada, terminal1, screen.View, 0)
		if l = step("take again", l, err); l.Token != 4 || l.Input != 0 || l.LocalAt.IsZero() {
			t.Errorf("taken again: %+v", l)
		}
		h.entries(t)
	}
}

// entries: one entry for each step that changed something, none for a refusal,
// and no word of a person in any.
func (h *house) entries(t *testing.T) {
	t.Helper()
	var acts []string
	for _, e := range h.history("terminal/" + terminal1) {
		if len(e.Act) > 7 && e.Act[:7] == "screen." {
			acts = append(acts, e.Act+" "+e.Facts["token"])
		}
		for k, v := range e.Facts {
			if k == "reason" || len(v) > 64 {
				t.Errorf("%s tells %s=%q", e.Act, k, v)
			}
		}
	}
	want := []string{
		"screen.operate 1", "screen.ask 1", "screen.mirror 1", "screen.offer 1", "screen.accept 2", "screen.preempt 3",
		"screen.local 3", "screen.input 3", "screen.lapse 3", "screen.take 4",
	}
	if fmt.Sprint(acts) != fmt.Sprint(want) {
		t.Errorf("entries:\n%v\nwant:\n%v", acts, want)
	}
}

// Many who want the same screen at once: one has it, all others are told who.
func TestOneTakesTheScreen(t *testing.T) {
	duty(t, "S3-1-2-1")
	for _, dsn := range []string{"", server.Database(t)} {
		h := newHouse(t, dsn)
		var all sync.WaitGroup
		got := make([]error, 200)
		for i := range got {
			all.Go(func() {
				who := at(fmt.Sprintf("console-%03d", i), fmt.Sprintf("person-%03d", i))
				_, got[i] = h.TakeScreen(ctx(h), who, terminal1, screen.Operate, 0)
			})
		}
		all.Wait()
		l, err := h.store.Screens().Lease(ctx(h), terminal1)
		h.must(err)
		winners := 0
		for i, err := range got {
			f := fault.As(err)
			switch {
			case err == nil && l.Holder.Console == fmt.Sprintf("console-%03d", i):
				winners++
			case f != nil && f.Key == "lease.held" && f.Args["consoleId"] == l.Holder.Console:
			default:
				t.Errorf("%d: %v while %v holds it", i, err, l.Holder)
			}
		}
		if winners != 1 || l.Token != 1 {
			t.Errorf("%d winners, token %d", winners, l.Token)
		}
	}
}

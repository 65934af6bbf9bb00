package gateway

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/fault"
	"github.com/matoi119/matoi/internal/terminal"
	"github.com/matoi119/matoi/sim/fauxterminal"
	"github.com/matoi119/matoi/stdif"
)

var errFull = fault.New(fault.Unavailable, "store.full").Because(errors.New("no space left"))

// What waited at the terminal and what comes afterwards is stored, acknowledged
// as one run, and the link goes through its states.
func TestFramesArrive(t *testing.T) {
	h := newHouse(t)
	term := h.faux(fauxterminal.Manners{})
	for i := range 10 {
		put(t, term, fmt.Sprintf("late-%d", i))
	}
	h.run()
	h.until("ready", h.ready)
	for i := range 10 {
		put(t, term, fmt.Sprintf("live-%d", i))
	}
	h.until("twenty acknowledged", func() bool { return cmp.Equal(term.Heard().Have, all(20)) })
	h.stored(term)
	late := 0
	for _, r := range h.reports() {
		if r.Late {
			late++
		}
		if r.Terminal != id || r.Service != service || r.Step != stdif.Received {
			t.Errorf("report = %+v", r)
		}
	}
	if late != 10 || len(h.reports()) != 20 {
		t.Errorf("%d reports, %d late", len(h.reports()), late)
	}
	if !h.gate.Ready(id) {
		t.Error("Ready = false on a link that is up")
	}
	var states []string
	entries, err := h.store.History(t.Context(), "terminal/"+id, 100)
	h.must(err)
	for _, e := range entries {
		if e.Act == string(act.TerminalLink) {
			states = append(states, e.Facts["state"])
		}
	}
	if diff := cmp.Diff([]string{"dialing", "tls-ok", "syncing", "ready"}, slices.Compact(states)); diff != "" {
		t.Errorf("states that consoles were shown:\n%s", diff)
	}
}

// However the terminal misbehaves: every report is there in the end, nothing is
// acknowledged that is not stored, nothing is there twice.
func TestMisbehaviour(t *testing.T) {
	const n = 12
	for name, m := range map[string]fauxterminal.Manners{
		"honest":  {},
		"double":  {DoubleEvery: 2},
		"reorder": {Reorder: true},
		"skip":    {SkipEvery: 5},
		"forget":  {Forget: true},
		"name":    {WrongName: true},
		"skew":    {Skew: 10 * time.Minute},
		"no ping": {NoPing: true},
		"lie":     {LieHealth: true},
		"cut":     {CutAfter: 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			term := h.faux(m)
			var want []string
			add := func() {
				want = append(want, fmt.Sprintf("N-%d", len(want)))
				put(t, term, want[len(want)-1])
			}
			for range n / 2 {
				add()
			}
			h.run()
			h.until("the first half", func() bool { h.stored(term); return h.has(want...) })
			for range n / 2 {
				add()
			}
			h.until("everything", func() bool { h.stored(term); return h.has(want...) })
			if got := len(h.reports()); got != n {
				t.Errorf("%d reports of %d", got, n)
			}
			if !m.Forget {
				h.until("everything acknowledged", func() bool { return cmp.Equal(term.Heard().Have, all(n)) })
			}
		})
	}
}

// What cannot be read is stored raw, rings, and is acknowledged with the reason.
func TestUnreadableFrames(t *testing.T) {
	for name, m := range map[string]fauxterminal.Manners{
		"torn": {TornEvery: 4}, "binary": {BinaryEvery: 4}, "oversize": {Oversize: true}, "version": {WrongVersion: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			term := h.faux(m)
			for i := range 8 {
				put(t, term, fmt.Sprintf("N-%d", i))
			}
			h.run()
			unreadable := func() (n int) {
				for _, r := range h.reports() {
					if r.Undecodable {
						n++
					}
				}
				return n
			}
			h.until("eight reports and one that cannot be read", func() bool { return len(h.reports()) >= 8 && unreadable() > 0 })
			h.stored(term)
			if m.WrongVersion {
				h.until("all refused", func() bool { return len(term.Heard().Refused) == 8 })
				if code := term.Heard().Refused[0].Problem.Code; code != stdif.CodeVersion {
					t.Errorf("code = %d", code)
				}
				if n := len(h.reports()); n != 8 {
					t.Errorf("%d reports: pings and snapshots must not ring", n)
				}
			}
		})
	}
}

// A revision in another mode is understood and refused; the service is told.
func TestRefusalIsTold(t *testing.T) {
	h := newHouse(t)
	term := h.faux(fauxterminal.Manners{})
	h.run()
	put(t, term, "N-1")
	seq := putIn(t, term, stdif.Exercise, "N-1", 2)
	h.until("the refusal", func() bool { return len(term.Heard().Refused) == 1 })
	r := term.Heard().Refused[0]
	if r.Seq != seq || r.Problem.Code != stdif.CodeMode {
		t.Errorf("refused = %+v", r)
	}
	if !term.Heard().Have.Contains(seq) {
		t.Error("the refused frame is stored and not acknowledged")
	}
	again, err := h.store.Refusals(t.Context(), id, h.spool(), time.Time{})
	if err != nil || len(again) != 1 || again[0].Seq != seq || again[0].Problem.Code != stdif.CodeMode {
		t.Errorf("what a new connection would tell again: %+v, %v", again, err)
	}
}

func (h *house) spool() string {
	h.Helper()
	s, err := h.store.LastSpool(context.Background(), id)
	h.must(err)
	return s
}

// A store that cannot write: the report rings from memory, is not acknowledged
// — the others are, with a hole — and is stored when the store can again.
func TestUnsaved(t *testing.T) {
	h := newHouse(t)
	h.fail = func(in act.Incoming) error {
		if in.Seq == 2 || in.Seq == 4 {
			return errFull
		}
		return nil
	}
	term := h.faux(fauxterminal.Manners{})
	h.run()
	for i := range 5 {
		put(t, term, fmt.Sprintf("N-%d", i+1))
	}
	h.until("the holes", func() bool {
		return cmp.Equal(term.Heard().Have.Missing(5), term.Heard().Have.Missing(4)) && term.Heard().Have.Count() == 3
	})
	h.stored(term)
	h.until("the ring of both", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.unsaved) == 2 && len(h.saved) == 0
	})
	h.set(func() { h.fail = nil })
	h.until("everything acknowledged", func() bool { return cmp.Equal(term.Heard().Have, all(5)) })
	h.until("both taken off", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return cmp.Equal(h.saved, h.unsaved)
	})
	if !h.has("N-1", "N-2", "N-3", "N-4", "N-5") {
		t.Error("a report is missing")
	}
}

// One frame that the store refuses for a reason of its own keeps no other from
// being stored, and is never acknowledged.
func TestPoisonFrame(t *testing.T) {
	h := newHouse(t)
	full := true
	h.fail = func(in act.Incoming) error { // called under no lock, by the link's goroutines
		h.mu.Lock()
		defer h.mu.Unlock()
		if in.Seq == 1 {
			return errors.New("a bug in the story")
		}
		if full && in.Seq <= 4 {
			return errFull
		}
		return nil
	}
	term := h.faux(fauxterminal.Manners{})
	h.run()
	for i := range 5 {
		put(t, term, fmt.Sprintf("N-%d", i+1))
	}
	h.until("four ring from memory", func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.unsaved) == 4
	})
	h.set(func() { full = false })
	h.until("all but the first", func() bool { return h.has("N-2", "N-3", "N-4", "N-5") && term.Heard().Have.Count() == 4 })
	h.stored(term)
	if term.Heard().Have.Contains(1) {
		t.Error("acknowledged what is not stored")
	}
}

// Words of consoles about a link follow it, also after a time in which the store
// could not take them.
func TestLinkStateIsToldLate(t *testing.T) {
	h := newHouse(t)
	h.failing = true
	h.faux(fauxterminal.Manners{})
	h.run()
	h.until("up in memory", func() bool { return h.gate.Ready(id) })
	if h.ready() {
		t.Fatal("the failing story recorded a state")
	}
	h.set(func() { h.failing = false })
	h.until("up for consoles", h.ready) // with the next answer about its health
}

// A certificate of another terminal, or of another authority, is no terminal.
func TestWrongCertificate(t *testing.T) {
	other := newHouse(t)
	for name, tt := range map[string]struct {
		of, as string
	}{"another name": {"own", "t-02"}, "another authority": {"other", id}} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			settings := h.terminalTLS(tt.as)
			if tt.of == "other" {
				settings = other.terminalTLS(tt.as)
			}
			term := fauxterminal.New(fauxterminal.Config{ID: id})
			put(t, term, "N-1")
			h.enrol(h.listen(term, settings))
			h.run()
			h.until("down", func() bool { return h.link().Shown() == terminal.Down && h.link().Tries > 0 })
			if code := h.link().Problem; code != stdif.CodeTLS && code != stdif.CodeIdentity {
				t.Errorf("code = %d", code)
			}
			if len(h.reports()) != 0 || len(term.Heard().Hellos) != 0 {
				t.Error("something was said to it")
			}
		})
	}
}

// A link that ended stays down for consoles while it is dialled again, and comes
// back by itself.
func TestBackOff(t *testing.T) {
	h := newHouse(t)
	term := h.faux(fauxterminal.Manners{CutAfter: 3})
	h.run()
	h.until("a connection", func() bool { return len(term.Heard().Hellos) >= 1 })
	put(t, term, "N-1")
	put(t, term, "N-2")
	h.until("both in spite of the cuts", func() bool { return h.has("N-1", "N-2") })
}

// A terminal at another address, or one that was revoked: the old link ends.
func TestRegisterIsFollowed(t *testing.T) {
	h := newHouse(t)
	first := h.faux(fauxterminal.Manners{})
	h.run()
	h.until("ready", h.ready)
	second := fauxterminal.New(fauxterminal.Config{ID: id})
	h.enrol(h.listen(second, h.terminalTLS(id)))
	h.gate.Follow()
	h.until("a hello at the new address", func() bool { return len(second.Heard().Hellos) > 0 })
	put(t, second, "N-new")
	h.until("a report from there", func() bool { return h.has("N-new") })
	put(t, first, "N-old")

	h.must(h.acts.RevokeTerminal(t.Context(), act.CommandLine(), id))
	h.gate.Follow()
	h.until("no link", func() bool { return !h.gate.Ready(id) })
	if h.gate.Info(id) != (Info{}) {
		t.Errorf("Info of a revoked terminal = %+v", h.gate.Info(id))
	}
	if h.has("N-old") {
		t.Error("a report came over the link that had ended")
	}
}

// Silence for three pings is a lost link: consoles are told within DeadAfter.
func TestSilence(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for three pings of real time")
	}
	t.Parallel()
	h := newHouse(t)
	h.faux(fauxterminal.Manners{Silent: true})
	began := time.Now()
	h.run()
	h.until("down", func() bool { return h.link().Shown() == terminal.Down })
	if took := time.Since(began); took < terminal.DeadAfter/2 {
		t.Errorf("given up after %s", took)
	}
}

package gateway

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/audit"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/internal/staff"
	"github.com/matoi119/matoi/rfb"
)

// One console sees and operates a terminal through the gateway, and hands it
// over: the terminal's connection stays, the old holder's next key goes nowhere.
func TestScreenRelay(t *testing.T) {
	duty(t, "S3-1-2-1", "S3-1-2-2")
	g := newGlass()
	r := newRoom(t, g)
	a := r.take("a", 0)
	pa := r.open("a", a.Token)
	r.until("the picture", func() bool { return pa.pixel(100, 100) == 0x204060 && pa.linked() })
	g.paint(rfb.Rect{X: 10, Y: 10, Width: 40, Height: 20}, 0xFF8000)
	r.until("the change", func() bool { return pa.pixel(20, 20) == 0xFF8000 })
	defer pa.hold()()
	pa.send(key('a', true), &rfb.PointerEvent{X: 5, Y: 6, Buttons: 1})
	r.until("input", func() bool { return g.has("key 61 true") && g.has("pointer 5,6 1") })
	r.until("a beat to the terminal", func() bool { return !g.when("beat").IsZero() })

	r.until("it is asked to renew", func() bool { return pa.told("renew") != nil })

	_, err := r.acts.OfferScreen(t.Context(), who("a"), id, "b")
	r.must(err)
	l, err := r.acts.AcceptScreen(t.Context(), who("b"), id)
	r.must(err)
	pa.send(key('z', true))
	r.until("keys up", func() bool { return g.has("key 61 false") && g.has("pointer 5,6 0") })
	r.until("the old holder is told", func() bool { return pa.overWith("lease.passed") })
	pb := r.open("b", l.Token)
	r.until("the same picture", func() bool { return pb.pixel(20, 20) == 0xFF8000 && pb.pixel(100, 100) == 0x204060 })
	pb.send(key('b', true), key('b', false))
	r.until("the new holder's key", func() bool { return g.has("key 62 false") })
	if g.has("key 7a true") {
		t.Error("a key of the old holder passed after the hand-over")
	}
	if n := g.opens(); n != 1 {
		t.Errorf("the terminal's screen was opened %d times", n)
	}
	r.until("the terminal is told who", func() bool {
		pb.send(&rfb.PointerEvent{X: 1, Y: 1})
		g.mu.Lock()
		defer g.mu.Unlock()
		return len(g.watched.Viewers) == 1 && g.watched.Viewers[0].Console == "指令台b" && g.watched.Viewers[0].Operates
	})
	_, err = r.acts.ReleaseScreen(t.Context(), who("b"), id)
	r.must(err)
	r.until("over", func() bool { return pb.overWith("lease.over") })
	r.until("counts", func() bool { return slices.Contains(r.counted(), "1 1 1 0") && slices.Contains(r.counted(), "2 1 0 0") })
}

// counted are the entries of what was sent: token, keys, clicks, pasted.
func (r *room) counted() (out []string) {
	for _, e := range r.entries() {
		if e.Act == string(act.ScreenInput) {
			out = append(out, strings.Join([]string{e.Facts["token"], e.Facts["keys"], e.Facts["clicks"], e.Facts["clipboard"]}, " "))
		}
	}
	return out
}

func (r *room) entries() []audit.Body {
	all, err := r.store.History(context.Background(), "terminal/"+id, 1000)
	r.must(err)
	return all
}

// A modified page sends everything with whatever lease it has: only the kinds
// that were granted, and only while the person's right stands, arrive.
func TestModifiedPage(t *testing.T) {
	duty(t, "S3-1-2-1", "S3-1-2-2")
	everything := func(p *page) {
		p.send(key('k', true), key('k', false), &rfb.PointerEvent{X: 9, Y: 9, Buttons: 1}, &rfb.PointerEvent{X: 9, Y: 9},
			&rfb.Clipboard{Flags: rfb.ClipProvide | rfb.ClipText, Text: "貼付け"}, &rfb.CutText{Text: []byte("cut")},
			&rfb.SetDesktopSize{Width: 10, Height: 10}, &rfb.Fence{Flags: rfb.FenceRequest, Payload: []byte("end")})
	}
	arrived := func(g *glass) (kinds []string) {
		for _, s := range g.heard() {
			if kind, _, _ := strings.Cut(s, " "); !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
		slices.Sort(kinds)
		return kinds
	}
	g := newGlass()
	r := newRoom(t, g)
	for name, c := range map[string]struct {
		purpose screen.Purpose
		input   screen.Input
		may     screen.Input
		want    []string
	}{
		"view":               {screen.View, 0, screen.AllInput, nil},
		"keyboard":           {screen.Operate, screen.Keyboard, screen.AllInput, []string{"key"}},
		"pointer":            {screen.Operate, screen.Pointer, screen.AllInput, []string{"pointer"}},
		"clipboard":          {screen.Operate, screen.Clipboard, screen.AllInput, []string{"clipboard"}},
		"everything":         {screen.Operate, screen.AllInput, screen.AllInput, []string{"clipboard", "key", "pointer"}},
		"right taken away":   {screen.Operate, screen.AllInput, screen.Pointer, []string{"pointer"}},
		"every right is off": {screen.Operate, screen.AllInput, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := r.with(t)
			g.reset()
			r.allow("a", c.may)
			l, err := r.acts.TakeScreen(t.Context(), who("a"), id, c.purpose, c.input)
			r.must(err)
			_, err = r.acts.MirrorScreen(t.Context(), who("a"), id, "m", true)
			r.must(err)
			p, m := r.open("a", l.Token), r.open("m", 0)
			r.until("both see it", func() bool { return p.pixel(1, 1) == 0x204060 && m.pixel(1, 1) == 0x204060 && p.linked() })
			everything(m)
			old := r.open("b", 0) // no mirror
			r.until("a stranger is sent away", func() bool { return old.overWith("lease.over") })
			everything(p)
			// What comes after it in the same stream has been looked at.
			r.until("all was read", func() bool { return r.refusedOrCame(g, len(c.want)) })
			_, err = r.acts.ReleaseScreen(t.Context(), who("a"), id)
			r.must(err)
			r.until("over", func() bool { return p.overWith("lease.over") && m.overWith("lease.over") })
			if got := arrived(g); !slices.Equal(got, c.want) {
				t.Errorf("arrived: %v, want %v", g.heard(), c.want)
			}
			if slices.Contains(c.want, "clipboard") {
				r.until("the clipboard is cleared", func() bool { return g.has("clipboard ") })
			}
		})
	}
}

// refusedOrCame: six messages of input were passed or counted as refused.
func (r *room) refusedOrCame(g *glass, _ int) bool {
	v := r.gate.screens.relay(id, false)
	v.mu.Lock()
	refused := v.grant.counts.Refused
	v.mu.Unlock()
	return refused+int64(len(g.heard())) >= 6
}

// Every end of a grant lets go within the time; the lease is kept, ended or
// passed on as the cause says.
func TestLettingGo(t *testing.T) {
	duty(t, "S3-1-2-2")
	chief := who("s", staff.Supervisor)
	g := newGlass()
	r := newRoom(t, g)
	for _, c := range []struct {
		name  string
		cause func(r *room, p *page, beat func())
		over  string // what the page is told; "" = it is gone
		held  string // who holds it in the end
	}{
		{"release", func(r *room, _ *page, _ func()) {
			_, err := r.acts.ReleaseScreen(r.Context(), who("a"), id)
			r.must(err)
		}, "lease.over", ""},
		{"preemption", func(r *room, _ *page, _ func()) {
			_, err := r.acts.PreemptScreen(r.Context(), chief, id, screen.Operate, 0, "応答がない")
			r.must(err)
		}, "lease.preempted", "s"},
		{"view only", func(r *room, _ *page, _ func()) {
			_, err := r.acts.TakeScreen(r.Context(), who("a"), id, screen.View, 0)
			r.must(err)
		}, "", "a"},
		{"page is silent", func(_ *room, _ *page, beat func()) { beat() }, "", "a"},
		{"page lets go", func(_ *room, p *page, _ func()) { p.say("release-keys") }, "", "a"},
		{"socket is closed", func(_ *room, p *page, _ func()) { _ = p.conn.Close(1000, "") }, "", "a"},
		{"socket is cut", func(_ *room, p *page, _ func()) { _ = p.conn.CloseNow() }, "", "a"},
		{"session ended", func(r *room, _ *page, _ func()) { r.cut("a", act.LapseSession) }, "session.none", ""},
		{"right is gone", func(r *room, _ *page, _ func()) { r.cut("a", act.LapseRight) }, "right.none", ""},
		{"expired", func(r *room, _ *page, _ func()) {
			v := r.gate.screens.relay(id, false)
			v.mu.Lock()
			v.lease.Until = time.Now()
			v.mu.Unlock()
			v.kick()
		}, "lease.over", ""},
		{"another window", func(r *room, _ *page, _ func()) { r.open("a", r.lease().Token) }, "lease.elsewhere", "a"},
		{"at the terminal", func(r *room, _ *page, _ func()) { r.must(r.glass.conn.Notify(r.Context(), notice("local"))) }, "", "a"},
		{"gateway stops", func(r *room, _ *page, _ func()) { r.stop(); <-r.ended }, "lease.stopped", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := r.with(t)
			g.reset()
			l := r.take("a", 0)
			p := r.open("a", l.Token)
			r.until("the picture", func() bool { return p.pixel(1, 1) == 0x204060 && p.linked() })
			r.nobodyThere()
			stop := p.hold()
			defer stop()
			p.send(key('a', true), key(0xFFE1, true), &rfb.PointerEvent{X: 5, Y: 6, Buttons: 5})
			r.until("input", func() bool { return g.has("pointer 5,6 5") })
			began := time.Now()
			c.cause(r, p, stop)
			r.until("keys up", func() bool { return g.has("key 61 false") && g.has("key ffe1 false") && g.has("pointer 5,6 0") })
			if took := g.when("pointer 5,6 0").Sub(began); took > screen.LetGoAfter+slack {
				t.Errorf("everything was up after %s", took)
			}
			if c.over != "" {
				r.until("the page is told "+c.over, func() bool { return p.overWith(c.over) })
			}
			r.until("the lease", func() bool { return r.lease().Holder.Console == c.held })
			if c.held != "" {
				_, err := r.acts.ReleaseScreen(t.Context(), who(c.held), id)
				r.must(err)
			}
		})
	}
}

// slack is what a loaded machine may add in the tests; the times themselves are
// measured in test/screen.
const slack = 300 * time.Millisecond

func (r *room) cut(seat string, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ends[seat](why)
}

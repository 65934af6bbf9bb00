package gateway

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/act"
	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif/open1"
)

// relay stands between one terminal's screen and the consoles that see it. It
// is the terminal's only client and a server to every page: no byte of one
// reaches the other.
//
// Two locks: mu for who holds it and what is held down, pictures for the
// picture. Whoever needs both never takes pictures first.
type relay struct {
	s    *screens
	id   string
	poke chan struct{} // something for tend

	mu      sync.Mutex
	lease   screen.Lease // as stored, with renewals and local use of this process
	ended   int64        // token that ended here although the store may not know yet
	cause   act.LapseCause
	grant   grant
	viewers map[*viewer]struct{}
	idle    time.Time // since when nobody uses it
	up      *upstream // nil while there is no picture
	source  *open1.ScreenNotice
	local   time.Time
	stopped bool

	pictures sync.RWMutex
	picture  *rfb.Framebuffer // nil until the first one
	screens  []rfb.Screen
	pointer  *rfb.Pointer
	audience map[*viewer]struct{}
	first    chan struct{} // closed with the first picture

	recording sync.Mutex
	keeps     Recording
	keepsOf   int64 // token
}

func newRelay(s *screens, id string) *relay {
	return &relay{
		s: s, id: id, poke: make(chan struct{}, 1), viewers: map[*viewer]struct{}{}, audience: map[*viewer]struct{}{}, first: make(chan struct{}),
		lease: screen.Lease{Terminal: id}, idle: time.Now(),
	}
}

// run keeps the relay while somebody uses it.
func (r *relay) run(ctx context.Context) {
	// The connection outlives ctx for a moment: keys are let go through it.
	dialling, stop := context.WithCancel(context.WithoutCancel(ctx))
	var parts sync.WaitGroup
	parts.Go(func() { r.dial(dialling) })
	r.tend(ctx)
	r.close()
	stop()
	parts.Wait()
	r.endRecording(0)
}

// close ends what is left when the gateway stops: keys first.
func (r *relay) close() {
	r.mu.Lock()
	r.stopped = true
	for v := range r.viewers {
		v.end(overStopped, nil) // the first reason stands
	}
	r.lapse(act.LapseStop)
	up := r.up
	r.mu.Unlock()
	if up != nil {
		up.drain()
	}
}

func (r *relay) kick() {
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

// token is that of the grant that is in force; 0: none.
func (r *relay) token() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lease.Holder.Console == "" {
		return 0
	}
	return r.lease.Token
}

// used reports whether the relay must stay.
func (r *relay) used() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lease.Holder.Console != "" || len(r.viewers) > 0 || time.Since(r.idle) < linger
}

func (r *relay) tell(info *ScreenInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	info.Up, info.Source, info.LocalAt = r.linked(), r.source, r.local
}

// linked reports whether input would reach the terminal now.
func (r *relay) linked() bool { return r.up != nil && !r.up.stalled }

// adopt takes the lease as it is stored. Where the grant is another one, the old
// one ends first: keys up, then whoever held it is told.
func (r *relay) adopt(l screen.Lease, why screen.Preemption) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.Token == r.ended {
		l, _ = l.End(l.Token)
	}
	before, now := r.lease, time.Now()
	l.LocalAt = r.local
	if l.Token == before.Token && l.Holder == before.Holder {
		if l.Until = before.Until; l.Purpose != before.Purpose || l.Input != before.Input {
			r.letGo()
		}
		r.lease = l
	} else {
		l.Until = now.Add(screen.LeaseLife)
		if before.Holder.Console != "" {
			r.endGrant(l, why)
		}
		r.lease, r.cause, r.grant = l, act.LapseExpired, newGrant()
		r.s.running.Go(r.keepNow)
	}
	r.settle()
}

// settle ends copies that are not shown any more and tells everybody else how it
// is now. mu is held.
func (r *relay) settle() {
	for v := range r.viewers {
		if v.p.Token == 0 && !slices.Contains(r.lease.Mirrors, v.p.Console) {
			v.end(overEnded, nil)
			continue
		}
		v.say(func() { v.dirty = true })
	}
	if r.lease.Holder.Console == "" && len(r.viewers) == 0 {
		r.idle = time.Now()
	}
	r.watch()
	r.kick()
}

// endGrant lets go for the holder and says so: to the terminal first, then to the
// page, then to the evidence. mu is held; next is the lease after it.
func (r *relay) endGrant(next screen.Lease, why screen.Preemption) {
	old, counts := r.lease, r.grant.counts
	r.letGo()
	if r.grant.pasted && r.up != nil {
		r.up.send((&rfb.Clipboard{Flags: rfb.ClipProvide | rfb.ClipText}).Append(nil))
	}
	code := overEnded
	switch {
	case why.Token == old.Token && why.Token != 0:
		code = overPreempted
	case next.Holder.Console != "":
		code = overPassed
	}
	for v := range r.viewers {
		if v.p.Token != 0 && (next.Holder.Console == "" || v.p.Token != next.Token) {
			over := v.p.Over
			v.end(code, func() []byte { return over(code, next, why) })
		}
	}
	r.grant = newGrant()
	r.s.running.Go(func() { r.endRecording(old.Token) })
	if old.Purpose == screen.Operate || counts != (act.ScreenCounts{}) {
		r.s.record(r.id, func(ctx context.Context) error { return r.s.c.Acts.CountScreen(ctx, r.s.g.who, r.id, old, counts) })
	}
}

// lapse ends the grant in force; mu is held.
func (r *relay) lapse(cause act.LapseCause) {
	token := r.lease.Token
	next, ok := r.lease.End(token)
	if !ok {
		return
	}
	r.endGrant(next, screen.Preemption{})
	r.lease, r.ended = next, token
	r.settle()
	r.s.record(r.id, func(ctx context.Context) error { return r.s.c.Acts.LapseScreen(ctx, r.s.g.who, r.id, token, cause) })
}

// tend does what time asks for: letting go when the page is silent, beats to the
// terminal, the end of a lease that nobody renews. It returns when nobody uses
// the relay or ctx ends.
func (r *relay) tend(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-r.poke:
		case <-ctx.Done():
			return
		}
		next, over := r.due(time.Now())
		if over && r.s.drop(r) {
			return
		}
		timer.Reset(next)
	}
}

// due does what is due and says when to look again, and whether the relay may go.
func (r *relay) due(now time.Time) (next time.Duration, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	wait := leasePoll
	sooner := func(at time.Time) { wait = min(wait, max(at.Sub(now), time.Millisecond)) }
	if r.lease.Holder.Console != "" {
		if !now.Before(r.lease.Until) {
			r.lapse(r.cause)
		} else {
			sooner(r.lease.Until)
		}
	}
	if r.grant.holds() {
		if silent := now.Sub(r.grant.heard); silent >= pageSilence {
			r.letGo()
		} else {
			sooner(r.grant.heard.Add(pageSilence))
		}
	}
	if r.up != nil {
		sooner(r.up.ask(now, r.grant.holds(), r.lease.Purpose == screen.Operate))
		r.noticeStall(now)
	}
	if r.lease.Holder.Console == "" && len(r.viewers) == 0 {
		over = now.Sub(r.idle) >= linger
		sooner(r.idle.Add(linger))
	}
	return wait, over
}

// noticeStall compares what was asked with what was answered: input that a
// terminal would take in only later is not sent at all. mu is held.
func (r *relay) noticeStall(now time.Time) {
	silent := r.up.silent(now)
	if silent >= open1.DeadAfter {
		r.up.fail(errSilent)
	}
	if stalled := silent >= stallAfter; stalled != r.up.stalled {
		if r.up.stalled = stalled; stalled {
			r.letGo()
		}
		r.tellLink()
	}
}

// tellLink tells every page whether the terminal's screen answers. mu is held.
func (r *relay) tellLink() {
	up := r.linked()
	for v := range r.viewers {
		v.say(func() { v.link, v.dirty = &up, true })
	}
}

// noticed takes what the terminal said beside its picture.
func (r *relay) noticed(n open1.ScreenNotice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch n.Type {
	case open1.ScreenSource:
		r.source = &n
	case open1.ScreenLocal:
		r.usedLocally(time.Now())
	case open1.ScreenFault:
		r.s.g.c.Log.Warn("a terminal cannot show its screen", "terminal", r.id, "code", int(n.Code))
	}
	for v := range r.viewers {
		v.say(func() { v.dirty = true })
	}
}

// usedLocally: the person at the terminal wins. One act for each burst.
func (r *relay) usedLocally(now time.Time) {
	begins := now.Sub(r.local) >= screen.LocalRest
	r.local = now
	r.lease = r.lease.Local(now)
	r.letGo()
	until := now.Add(screen.LocalRest)
	for v := range r.viewers {
		v.say(func() { v.local = until })
	}
	if begins && r.lease.Holder.Console != "" {
		r.s.record(r.id, func(ctx context.Context) error { return r.s.c.Acts.LocalScreen(ctx, r.s.g.who, r.id) })
	}
}

// join lets a page see the screen; it must be the holder's, or a copy's.
func (r *relay) join(v *viewer) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := v.p
	switch {
	case r.stopped, r.lease.Holder.Console == "":
		return false
	case p.Token == 0:
		if !slices.Contains(r.lease.Mirrors, p.Console) {
			return false
		}
	case p.Token != r.lease.Token || r.lease.Holder != (screen.By{Console: p.Console, Person: p.Person}):
		return false
	default:
		if old := r.grant.viewer; old != nil { // another window of the same console
			r.letGo()
			old.end(overElsewhere, nil)
		}
		r.grant.viewer = v
		r.lease.Until, r.cause = time.Now().Add(screen.LeaseLife), act.LapseExpired
	}
	up := r.linked()
	v.link, v.dirty = &up, true
	r.viewers[v] = struct{}{}
	r.watch()
	r.kick()
	return true
}

// leave: the socket is gone. What was held is let go at once; the lease stays a
// little while for the same person, unless that person may not any more.
func (r *relay) leave(v *viewer, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.viewers, v)
	if r.grant.viewer == v {
		r.letGo()
		r.grant.viewer = nil
		if cause, ok := errors.AsType[act.LapseCause](why); ok {
			r.lapse(cause)
		} else if grace := time.Now().Add(socketGrace); grace.Before(r.lease.Until) {
			r.lease.Until, r.cause = grace, act.LapseSocket
		}
	}
	if r.idle = time.Now(); !r.stopped {
		r.watch()
	}
	r.kick()
}

package check

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/matoi119/matoi/rfb"
)

// needsScreen is why a test of the screen cannot run.
func needsScreen(ctx context.Context, x *run) *Outcome {
	if no := needsLink(ctx, x); no != nil {
		return no
	}
	var o Outcome
	switch {
	case x.state.Screen == "absent" || x.state.Screen == "":
		if row, ok := x.o.Evidence.excluded("1-2-1"); ok {
			o = Outcome{NotApplicable, x.say("excluded", row.Row, row.Reason)}
		} else {
			o = x.fail("fail.no-screen")
			if x.test != "C121a" { // one fault is said once
				o = x.notRun("missing.picture")
			}
		}
	case x.o.ScreenTaken && !x.o.TakeScreen:
		o = x.notRun("missing.screen")
	default:
		return nil
	}
	return &o
}

// lost tells what it means that a viewer saw nothing.
func (x *run) lost(err error) Outcome {
	switch {
	case errors.Is(err, errNothing):
		return x.fail("fail.no-frame", x.o.Patience)
	case errors.Is(err, io.EOF):
		return x.fail("fail.screen-closed")
	}
	return x.said(err)
}

// watching opens the screen and waits for a whole picture.
func (x *run) watching(ctx context.Context, who string) (*viewer, *Outcome) {
	done := x.step("screen " + who + ": open, handshake, ask for the whole picture")
	v, err := x.view(ctx)
	if err != nil {
		done(cause(err))
		o := x.lost(err)
		return nil, &o
	}
	s, err := v.watch(ctx, x.o.Patience)
	if err != nil {
		done(cause(err) + "; " + s.String())
		v.close()
		o := x.lost(err)
		if o.Answer == Fail && x.test != "C121a" {
			o = x.notRun("missing.picture")
		}
		return nil, &o
	}
	done(s.String())
	return v, nil
}

// c121a: the screen arrives, whole, in the size that was told.
func c121a(ctx context.Context, x *run) Outcome {
	v, no := x.watching(ctx, "A")
	if no != nil {
		return *no
	}
	defer v.close()
	s := v.now()
	return x.pass("pass.frame", s.width, s.height)
}

// c121b: a second viewer never sees the screen while the first lives and was not
// told. Refusing the second and ending the first are both right (docs/open1.md:
// a newer connection ends an older one).
func c121b(ctx context.Context, x *run) Outcome {
	a, no := x.watching(ctx, "A")
	if no != nil {
		return *no
	}
	defer a.close()
	done := x.step("screen B: open while A watches, ask for the whole picture")
	b, err := x.view(ctx)
	if err == nil {
		defer b.close()
		_, err = b.watch(ctx, x.o.Patience)
	}
	if err != nil { // B has seen nothing, or not all
		done("B: " + cause(err))
		if b != nil && b.now().updates > 0 {
			return x.lost(err)
		}
		return x.stillWatching(ctx, a)
	}
	done("B: " + b.now().String())
	done = x.step("screen A: must have been ended")
	before := a.now().updates
	if err := a.ask(false); err == nil {
		_, err = a.wait(ctx, x.o.Patience, func(s saw) bool { return s.updates > before })
		if err == nil {
			done("a frame came to A after B had one")
			return x.fail("fail.two-viewers")
		}
		if errors.Is(err, errNothing) {
			done("A was not ended")
			return x.fail("fail.not-told")
		}
	}
	done("A ended")
	return x.pass("pass.newer-ends-older")
}

func (x *run) stillWatching(ctx context.Context, a *viewer) Outcome {
	done := x.step("screen A: must go on")
	before := a.now().updates
	err := a.ask(false)
	if err == nil {
		_, err = a.wait(ctx, x.o.Patience, func(s saw) bool { return s.updates > before })
	}
	if err != nil {
		done(cause(err))
		return x.fail("fail.both-ended")
	}
	done(a.now().String())
	return x.pass("pass.second-refused")
}

// c121c: no frame that nobody asked for (RFC 6143, section 7.5.3). A terminal that
// sends at will fills every buffer between it and a console that is slow.
func c121c(ctx context.Context, x *run) Outcome {
	done := x.step("screen A: open, handshake, ask for nothing")
	v, err := x.view(ctx)
	if err != nil {
		done(cause(err))
		return x.lost(err)
	}
	defer v.close()
	s, err := v.wait(ctx, quiet, func(s saw) bool { return s.painted > 0 })
	done(s.String())
	switch {
	case err == nil:
		return x.fail("fail.unasked")
	case errors.Is(err, errNothing):
		return x.pass("pass.unasked", quiet)
	}
	return x.lost(err)
}

// operating watches and finds the page of the test.
func (x *run) operating(ctx context.Context, who string) (*viewer, *Outcome) {
	v, no := x.watching(ctx, who)
	if no != nil {
		return nil, no
	}
	done := x.step("screen " + who + ": look for the page of the test")
	s, err := v.wait(ctx, x.o.Patience/2, func(s saw) bool { return s.found })
	if err != nil {
		done("not found")
		v.close()
		o := x.notRun("missing.page")
		return nil, &o
	}
	done(fmt.Sprintf("at %d,%d", s.sight.x, s.sight.y))
	return v, nil
}

// point moves the pointer to a place below the strip and waits until the page
// shows it there.
func (x *run) point(ctx context.Context, v *viewer, who string, dx, dy int, buttons uint8) error {
	s := v.now().sight
	done := x.step(fmt.Sprintf("screen %s: pointer to %d,%d from the strip, buttons %d", who, dx, dy, buttons))
	at := time.Now()
	if err := v.send(&rfb.PointerEvent{Buttons: buttons, X: uint16(s.x + dx), Y: uint16(s.y + dy)}); err != nil {
		done(cause(err))
		return err
	}
	got, err := v.wait(ctx, x.o.Patience, func(s saw) bool { return near(s.sight, dx, dy) && s.sight.buttons == int(buttons) })
	done(shown(got.sight, at, err))
	return err
}

func near(s sight, dx, dy int) bool {
	within := func(a, b int) bool { return a-b < 4 && b-a < 4 }
	return within(s.px, dx) && within(s.py, dy)
}

func shown(s sight, at time.Time, err error) string {
	text := fmt.Sprintf("pointer %d,%d, buttons %d, keys held %d, presses %d, clicks %d, after %s", s.px, s.py, s.buttons, s.held, s.presses, s.clicks, time.Since(at).Round(time.Millisecond))
	if err != nil {
		text += ": " + cause(err)
	}
	return text
}

// c122a: pointer and keys arrive and change the picture.
func c122a(ctx context.Context, x *run) Outcome {
	v, no := x.operating(ctx, "A")
	if no != nil {
		return *no
	}
	defer v.close()
	defer x.release(v)
	for _, at := range [][2]int{{100, 120}, {220, 160}} {
		if err := x.point(ctx, v, "A", at[0], at[1], 0); err != nil {
			return x.dead(err, "fail.pointer")
		}
	}
	stop := v.hold()
	defer stop()
	before := v.now().sight
	if err := x.point(ctx, v, "A", 220, 160, 1); err != nil {
		return x.dead(err, "fail.button")
	}
	if err := x.point(ctx, v, "A", 220, 160, 0); err != nil {
		return x.dead(err, "fail.button")
	}
	for _, down := range []bool{true, false} {
		if err := x.key(ctx, v, down, func(s sight) bool {
			return s.key == keyA && s.presses != before.presses && (s.held > 0) == down
		}); err != nil {
			return x.dead(err, "fail.key")
		}
	}
	return x.pass("pass.operate")
}

func (x *run) key(ctx context.Context, v *viewer, down bool, until func(sight) bool) error {
	done := x.step(fmt.Sprintf("screen: key a, down %t", down))
	at := time.Now()
	if err := v.send(&rfb.KeyEvent{Down: down, Keysym: keyA, Scan: v.scan(scanA)}); err != nil {
		done(cause(err))
		return err
	}
	got, err := v.wait(ctx, x.o.Patience, func(s saw) bool { return until(s.sight) })
	done(shown(got.sight, at, err))
	return err
}

// scan is the scan code where the terminal said that it takes them.
func (v *viewer) scan(code uint32) uint32 {
	if v.now().scans {
		return code
	}
	return 0
}

// dead tells an operation without effect from a line that ended.
func (x *run) dead(err error, key string) Outcome {
	if errors.Is(err, errNothing) {
		return x.fail(key, x.o.Patience)
	}
	return x.lost(err)
}

// release lets go of everything that the runner may have pressed.
func (x *run) release(v *viewer) {
	s := v.now().sight
	_ = v.send( // a line that is gone releases by itself, or D-02 says so
		&rfb.KeyEvent{Keysym: keyA, Scan: v.scan(scanA)}, &rfb.KeyEvent{Keysym: keyShift, Scan: v.scan(scanLeft)},
		&rfb.PointerEvent{X: uint16(s.x + 220), Y: uint16(s.y + 160)})
}

// c122c: what is held stays held for as long as it is held. A terminal that takes
// the repeats of a key for somebody at its own keyboard lets go of it. Whether the
// runner itself was late with its beat is known, and is no fault of the terminal.
func c122c(ctx context.Context, x *run) Outcome {
	v, no := x.operating(ctx, "A")
	if no != nil {
		return *no
	}
	defer v.close()
	defer x.release(v)
	for range 3 {
		o, late := x.holds(ctx, v)
		if !late {
			return o
		}
	}
	return Outcome{Error, x.say("error.late")}
}

// holds holds a key for a while; late says that the runner's own beat was.
func (x *run) holds(ctx context.Context, v *viewer) (o Outcome, late bool) {
	stop := v.hold()
	defer stop()
	if err := x.key(ctx, v, true, func(s sight) bool { return s.held > 0 }); err != nil {
		return x.notRun("missing.operation"), false
	}
	done := x.step("screen: go on holding it")
	at := time.Now()
	s, err := v.wait(ctx, holding, func(s saw) bool { return s.sight.held == 0 })
	took := time.Since(at).Round(time.Millisecond)
	done(shown(s.sight, at, err))
	switch {
	case errors.Is(err, errNothing):
		return x.pass("pass.held", holding), false
	case err != nil:
		return x.lost(err), false
	}
	stop()
	if v.beaten() > x.o.letGo/2 {
		x.step("the beat of the runner was late")(v.beaten().String())
		return o, x.key(ctx, v, false, func(s sight) bool { return s.held == 0 }) == nil
	}
	return x.fail("fail.let-go", took), false
}

// c122b: two never operate at the same time.
func c122b(ctx context.Context, x *run) Outcome {
	a, no := x.operating(ctx, "A")
	if no != nil {
		return *no
	}
	defer a.close()
	if err := x.point(ctx, a, "A", 60, 120, 0); err != nil {
		return x.notRun("missing.operation") // C122a says that it is a fault
	}
	done := x.step("screen B: open while A operates")
	b, err := x.view(ctx)
	if err != nil {
		done(cause(err))
		return x.pass("pass.second-refused")
	}
	defer b.close()
	s := a.now().sight
	if err := b.send(&rfb.UpdateRequest{Area: rfb.Rect{Width: uint16(a.now().width), Height: uint16(a.now().height)}},
		&rfb.PointerEvent{X: uint16(s.x + 140), Y: uint16(s.y + 180)}); err != nil {
		done(cause(err))
		return x.pass("pass.second-refused")
	}
	got, err := a.wait(ctx, x.o.Patience/2, func(s saw) bool { return near(s.sight, 140, 180) })
	switch {
	case got.ended != nil:
		done("A ended when B came")
		return x.pass("pass.newer-ends-older")
	case err != nil:
		done("what B does has no effect")
		return x.pass("pass.second-silent")
	}
	done("B moves the pointer while A is connected")
	if err := x.point(ctx, a, "A", 300, 130, 0); err != nil {
		return x.pass("pass.newer-operates")
	}
	return x.fail("fail.two-operators")
}

// pressed holds a key and a button. Something of it must be seen held. The key is
// one that nothing repeats, so that nothing but the connection keeps it alive.
func (x *run) pressed(ctx context.Context, v *viewer) (stop func(), err error) {
	s := v.now().sight
	done := x.step("screen: press shift and the left button")
	at := time.Now()
	stop = v.hold()
	if err := v.send(&rfb.KeyEvent{Down: true, Keysym: keyShift, Scan: v.scan(scanLeft)},
		&rfb.PointerEvent{Buttons: 1, X: uint16(s.x + 220), Y: uint16(s.y + 160)}); err != nil {
		done(cause(err))
		return stop, err
	}
	got, err := v.wait(ctx, x.o.Patience/2, func(s saw) bool { return s.sight.held >= 1 && s.sight.buttons == 1 })
	if errors.Is(err, errNothing) && (got.sight.held > 0 || got.sight.buttons > 0) {
		err = nil // C122a says what is missing
	}
	done(shown(got.sight, at, err))
	return stop, err
}

// d02a: what is held when the line is cut is released.
func d02a(ctx context.Context, x *run) Outcome {
	a, no := x.operating(ctx, "A")
	if no != nil {
		return *no
	}
	stop, err := x.pressed(ctx, a)
	stop()
	x.step("screen A: cut while they are held")("cut")
	a.close()
	if err != nil {
		return x.notRun("missing.operation")
	}
	at := time.Now()
	b, no := x.operating(ctx, "B")
	if no != nil {
		return *no
	}
	defer b.close()
	defer x.release(b)
	done := x.step("screen B: look whether anything is still held")
	s, err := b.wait(ctx, x.o.Patience/3, func(s saw) bool { return s.sight.held == 0 && s.sight.buttons == 0 })
	done(shown(s.sight, at, err))
	if err != nil {
		return x.dead(err, "fail.stuck")
	}
	return x.pass("pass.released", time.Since(at).Round(time.Millisecond))
}

// d02b: what is held while the headquarters is silent is released in 200 ms: a
// line may be dead long before TCP says so.
func d02b(ctx context.Context, x *run) Outcome {
	v, no := x.operating(ctx, "A")
	if no != nil {
		return *no
	}
	defer v.close()
	defer x.release(v)
	stop, err := x.pressed(ctx, v)
	if err != nil {
		stop()
		return x.notRun("missing.operation")
	}
	v.mu.Lock()
	v.follow = false // a request would be a sign of life
	v.mu.Unlock()
	stop()
	done := x.step("screen A: be silent, then look")
	at := time.Now()
	silent := time.NewTimer(2 * x.o.letGo)
	defer silent.Stop()
	select {
	case <-silent.C:
	case <-ctx.Done():
		return x.broken(ctx.Err())
	}
	s, err := v.watchAgain(ctx, x.o.Patience/3, func(s saw) bool { return s.sight.held == 0 && s.sight.buttons == 0 })
	done(shown(s.sight, at, err))
	if err != nil {
		return x.dead(err, "fail.held-in-silence")
	}
	return x.pass("pass.silence", 2*x.o.letGo)
}

// watchAgain asks for the whole picture and waits.
func (v *viewer) watchAgain(ctx context.Context, patience time.Duration, until func(saw) bool) (saw, error) {
	v.mu.Lock()
	v.follow = true
	v.mu.Unlock()
	if err := v.ask(false); err != nil {
		return v.now(), err
	}
	return v.wait(ctx, patience, until)
}

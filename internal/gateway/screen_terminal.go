package gateway

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif/open1"
)

// terminalScreen is an open screen plane; *open1.ScreenConn is one.
type terminalScreen interface {
	io.ReadWriteCloser
	Notices() <-chan open1.ScreenNotice
	Watch(ctx context.Context, w open1.ScreenWatch) error
}

// Limits and times of a terminal's end.
const (
	maxScreenPixels = 17 << 20 // two monitors of 4K; what a terminal can make us hold is twice that, in four bytes
	maxUpstream     = 2 << 20  // bytes that wait for a terminal that does not read
	openTime        = 8 * time.Second
	joinTime        = 5 * time.Second
	drainTime       = 200 * time.Millisecond

	askEach    = 5 * time.Second
	askActive  = 500 * time.Millisecond
	stallAfter = time.Second
)

var (
	errTooLarge = errors.New("the terminal's screen is larger than the gateway takes")
	errUntaken  = errors.New("the terminal does not take its input")
	errFence    = errors.New("the terminal's fences have no end")
)

// upstream is one connection to a terminal's screen. What waits to be sent is
// dropped with it: nothing that was typed before a cut is ever replayed. Fields
// below stalled are the relay's, under its lock.
type upstream struct {
	r    *relay
	conn terminalScreen
	stop context.CancelCauseFunc
	wake chan struct{} // something to write
	news chan struct{} // who watches changed
	idle chan struct{} // asks the writer to say when everything is written

	mu  sync.Mutex
	out []byte

	stalled  bool
	beaten   time.Time // last beat
	asked    time.Time // last question
	question uint64
	answered uint64
}

func newUpstream(r *relay, conn terminalScreen, stop context.CancelCauseFunc) *upstream {
	return &upstream{r: r, conn: conn, stop: stop, wake: make(chan struct{}, 1), news: make(chan struct{}, 1), idle: make(chan struct{})}
}

func (u *upstream) fail(err error) { u.stop(err) }

// send queues bytes for the terminal. One that does not take them loses its
// connection: it would get them too late.
func (u *upstream) send(b []byte) {
	u.mu.Lock()
	u.out = append(u.out, b...)
	full := len(u.out) > maxUpstream
	u.mu.Unlock()
	if full {
		u.fail(errUntaken)
	}
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

func (u *upstream) write(ctx context.Context) error {
	var b []byte
	for {
		u.mu.Lock()
		b, u.out = u.out, b[:0]
		u.mu.Unlock()
		if len(b) > 0 {
			if _, err := u.conn.Write(b); err != nil {
				return err
			}
			continue
		}
		select {
		case <-u.wake:
		case <-u.idle: // everything is written
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// drain waits a moment until what was queued is written.
func (u *upstream) drain() {
	select {
	case u.wake <- struct{}{}:
	default:
	}
	select {
	case u.idle <- struct{}{}:
	case <-time.After(drainTime):
	}
}

// ask beats while something is held, and asks whether the terminal answers; it
// says when it wants to be called again.
func (u *upstream) ask(now time.Time, holds, operates bool) time.Time {
	next := now.Add(askEach)
	if holds {
		if now.Sub(u.beaten) >= screen.BeatEach {
			u.beaten = now
			u.send((&rfb.Fence{Flags: rfb.FenceRequest, Payload: []byte("beat")}).Append(nil))
		}
		next = u.beaten.Add(screen.BeatEach)
	}
	each := askEach
	if operates {
		each = askActive
	}
	at := u.asked.Add(each)
	if u.question == u.answered && !now.Before(at) {
		u.asked = now
		u.question++
		u.send((&rfb.Fence{Flags: rfb.FenceRequest, Payload: binary.BigEndian.AppendUint64([]byte("ask"), u.question)}).Append(nil))
		at = now.Add(each)
	}
	if u.question != u.answered { // it may stall
		at = u.asked.Add(stallAfter)
		if u.stalled {
			at = now.Add(stallAfter)
		}
	}
	if at.Before(next) {
		next = at
	}
	return next
}

// silent is how long the terminal has owed an answer.
func (u *upstream) silent(now time.Time) time.Duration {
	if u.question == u.answered {
		return 0
	}
	return now.Sub(u.asked)
}

// dial keeps a connection to the terminal's screen while the relay is used.
func (r *relay) dial(ctx context.Context) {
	for tries := 0; ctx.Err() == nil; {
		showed, err := r.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if showed {
			tries = 0
		}
		wait := redial[min(tries, len(redial)-1)]
		tries++
		r.s.g.c.Log.Warn("a terminal's screen is lost", "terminal", r.id, "err", err, "again", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// connect keeps one connection until it breaks, and says whether it showed a
// picture.
func (r *relay) connect(ctx context.Context) (showed bool, _ error) {
	address, ok := r.s.g.address(r.id)
	if !ok {
		return false, errors.New("the terminal is not in the register")
	}
	ctx, done := r.s.g.uncut(ctx, r.id)
	defer done()
	opening, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	conn, err := r.s.c.dial(opening, address, r.s.g.c.TLS(r.id))
	if err != nil {
		return false, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ending := context.AfterFunc(ctx, func() { _ = conn.Close() }) // reading ends with it
	defer func() {
		ending()
		_ = conn.Close()
	}()
	late := time.AfterFunc(joinTime, func() { _ = conn.Close() })
	init, err := rfb.Join(conn, conn, rfb.Login{Shared: true})
	if !late.Stop() || err != nil {
		return false, fmt.Errorf("begin with the terminal's screen: %w", err)
	}
	if int(init.Width)*int(init.Height) > maxScreenPixels {
		return false, errTooLarge
	}
	in, err := rfb.NewServerReader(conn, rfb.Native, int(init.Width), int(init.Height))
	if err != nil {
		return false, err
	}
	in.MaxPixels = maxScreenPixels
	u := newUpstream(r, conn, stop)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer stop(nil)
	parts.Go(func() { stop(u.write(ctx)) })
	parts.Go(func() { u.talk(ctx) })
	u.send(greeting(init))
	err = r.follow(u, in, &showed)
	r.lost(u)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return showed, err
}

// greeting says what the gateway understands. The way to the terminal is short: no
// compression and no JPEG, which would be decoded here and lost a second time on the
// way to a page.
func greeting(init rfb.ServerInit) []byte {
	b := (&rfb.SetPixelFormat{Format: rfb.Native}).Append(nil)
	b = (&rfb.SetEncodings{Encodings: []rfb.Encoding{
		rfb.Tight, rfb.CopyRect, rfb.ZRLE, rfb.Raw, rfb.Cursor, rfb.ExtendedDesktopSize, rfb.DesktopSize, rfb.LastRect, rfb.QEMUKeys,
		rfb.FencePseudo, rfb.ExtendedClipboard, rfb.CompressionLow,
	}}).Append(b)
	return (&rfb.UpdateRequest{Area: rfb.Rect{Width: init.Width, Height: init.Height}}).Append(b)
}

// follow reads what the terminal sends. Everything is decoded here, outside of
// any lock; what a page gets is written anew from the picture.
func (r *relay) follow(u *upstream, in *rfb.ServerReader, showed *bool) error {
	var resized sizes
	for {
		m, err := in.Next()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *rfb.Update:
			p := in.Framebuffer()
			if m.Resized {
				if err := resized.again(time.Now()); err != nil {
					return err
				}
			}
			u.send((&rfb.UpdateRequest{Incremental: true, Area: p.Bounds()}).Append(nil))
			r.show(m, p)
			if !*showed {
				*showed = true
				r.found(u)
			}
		case *rfb.Fence:
			if err := r.fence(u, m); err != nil {
				return err
			}
		case *rfb.Bell:
			r.each(func(v *viewer) { v.bell = true })
		case *rfb.Clipboard:
			r.fromTerminal(u, m)
		}
	}
}

// fence answers the terminal's, and takes its answers.
func (r *relay) fence(u *upstream, m *rfb.Fence) error {
	if m.Flags&rfb.FenceRequest != 0 {
		u.mu.Lock()
		waits := len(u.out)
		u.mu.Unlock()
		if waits > maxUpstream/2 {
			return errFence
		}
		answer := m.Answer()
		u.send(answer.Append(nil))
		return nil
	}
	if len(m.Payload) != 11 || string(m.Payload[:3]) != "ask" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := binary.BigEndian.Uint64(m.Payload[3:]); n == u.question {
		u.answered = n
		r.kick()
	}
	return nil
}

// show copies what changed into the picture that pages see and tells them. The
// copy costs less than a lock over the decoding: a terminal that stops in the
// middle of an update keeps nobody waiting.
func (r *relay) show(u *rfb.Update, from *rfb.Framebuffer) {
	r.pictures.Lock()
	defer r.pictures.Unlock()
	whole := r.picture == nil || r.picture.Width != from.Width || r.picture.Height != from.Height
	if whole {
		r.picture = rfb.NewFramebuffer(from.Width, from.Height)
		copy(r.picture.Pix, from.Pix)
	} else {
		for _, area := range u.Areas {
			for y := int(area.Y); y < int(area.Y)+int(area.Height); y++ {
				copy(r.picture.Row(int(area.X), y, int(area.Width)), from.Row(int(area.X), y, int(area.Width)))
			}
		}
	}
	if u.Screens != nil {
		r.screens = append([]rfb.Screen(nil), u.Screens...)
	}
	if u.Cursor != nil {
		r.pointer = u.Cursor
	}
	for v := range r.audience {
		v.follow(u, r.picture, whole, r.screens)
	}
	select {
	case <-r.first:
	default:
		close(r.first)
	}
	r.keep(u.Areas, whole)
}

// keepNow shows the recording of a new grant what is to be seen at its beginning.
func (r *relay) keepNow() {
	r.pictures.RLock()
	defer r.pictures.RUnlock()
	if r.picture != nil {
		r.keep(nil, true)
	}
}

// keep gives the picture to the recording of the grant; pictures is held. No key
// comes this way.
func (r *relay) keep(areas []rfb.Rect, whole bool) {
	if r.s.c.Record == nil {
		return
	}
	r.recording.Lock()
	defer r.recording.Unlock()
	r.mu.Lock()
	l, x, y := r.lease, r.grant.x, r.grant.y
	r.mu.Unlock()
	if l.Holder.Console == "" {
		return
	}
	now := time.Now()
	if r.keepsOf != l.Token {
		if r.keeps != nil {
			r.keeps.Close()
		}
		var err error
		if r.keeps, err = r.s.c.Record.Begin(context.Background(), l); err != nil {
			r.s.g.c.Log.Error("record a screen", "terminal", r.id, "err", err)
			r.keeps = nil
		}
		r.keepsOf, whole = l.Token, true
	}
	if r.keeps == nil {
		return
	}
	r.keeps.Pointer(x, y)
	if whole {
		r.keeps.Resize(now, r.picture.Width, r.picture.Height)
		areas = []rfb.Rect{r.picture.Bounds()}
	}
	r.keeps.Update(now, r.picture, areas)
}

// endRecording closes that of a grant; 0: whichever.
func (r *relay) endRecording(token int64) {
	r.recording.Lock()
	defer r.recording.Unlock()
	if r.keeps != nil && (token == 0 || token == r.keepsOf) {
		r.keeps.Close()
		r.keeps = nil
	}
}

// found: there is a picture; input may go through.
func (r *relay) found(u *upstream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.up = u
	r.tellLink()
	r.watch()
	r.kick()
}

// lost: the connection is gone, and with it everything that was not sent. What
// the page believes to hold is not held any more; the terminal let go by itself.
func (r *relay) lost(u *upstream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.up != u {
		return
	}
	r.up, r.source = nil, nil
	r.grant.forget()
	r.tellLink()
}

// watch has the terminal told who sees it; mu is held.
func (r *relay) watch() {
	if r.up == nil {
		return
	}
	select {
	case r.up.news <- struct{}{}:
	default:
	}
}

// talk takes the terminal's notices and tells it who watches.
func (u *upstream) talk(ctx context.Context) {
	for {
		select {
		case n := <-u.conn.Notices():
			u.r.noticed(n)
		case <-u.news:
			w := u.r.watching(ctx)
			if err := u.conn.Watch(ctx, w); err != nil {
				u.fail(err)
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// watching names who sees the screen: the person at the terminal sees names, no
// ids.
func (r *relay) watching(ctx context.Context) open1.ScreenWatch {
	r.mu.Lock()
	l := r.lease
	mirrors := append([]string(nil), l.Mirrors...)
	r.mu.Unlock()
	w := open1.ScreenWatch{Viewers: []open1.ScreenViewer{}}
	name := func(console string) string {
		if c, err := r.s.c.Store.Consoles().Console(ctx, console); err == nil {
			return c.Name
		}
		return ""
	}
	if l.Holder.Console == "" {
		return w
	}
	holder := open1.ScreenViewer{Console: name(l.Holder.Console), Operates: l.Purpose == screen.Operate, Since: l.Since}
	if p, err := r.s.c.Store.Staff().Person(ctx, l.Holder.Person); err == nil {
		holder.Person = p.Name
	}
	holder.Recorded = r.s.c.Record != nil && r.s.c.Record.Wanted(ctx, r.id)
	w.Viewers = append(w.Viewers, holder)
	for _, c := range mirrors {
		w.Viewers = append(w.Viewers, open1.ScreenViewer{Console: name(c), Since: l.Since})
	}
	return w
}

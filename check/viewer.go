package check

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/matoi119/matoi/rfb"
)

// Keysyms and scan codes that the runner presses (X11 keysyms, XT set 1).
const (
	keyA     = 0x61
	scanA    = 0x1E
	keyShift = 0xFFE1
	scanLeft = 0x2A
	// beatEvery is how often a headquarters says that a hand still holds something
	// (docs/open1.md, letting go).
	beatEvery = 50 * time.Millisecond
	// quiet is how long nobody asks for a frame, to see whether one comes.
	quiet = 600 * time.Millisecond
	// holding is how long a key is held: longer than it takes until keys repeat.
	holding = 1200 * time.Millisecond
	// letGo is the time within which a terminal must release what is held.
	letGo = 200 * time.Millisecond
)

// encodings that the runner understands. ContinuousUpdates is not among them: a
// frame that nobody asked for is then a fault (RFC 6143, section 7.5.3).
var encodings = []rfb.Encoding{rfb.CopyRect, rfb.Tight, rfb.ZRLE, rfb.Raw, rfb.DesktopSize, rfb.LastRect, rfb.QEMUKeys, rfb.FencePseudo}

// viewer is one connection to the screen. One goroutine reads; it owns the
// picture and tells what it saw.
type viewer struct {
	conn screen
	init rfb.ServerInit
	done chan struct{}

	write sync.Mutex // one message at a time

	mu      sync.Mutex
	changed chan struct{}
	saw     saw
	follow  bool          // ask again after each update
	late    time.Duration // the longest time between two beats of the last hold
}

// saw is what a viewer knows so far.
type saw struct {
	updates int
	whole   bool // every pixel has been sent
	painted int  // pixels so far
	digest  string
	width   int
	height  int
	scans   bool
	sight   sight
	found   bool
	ended   error
}

// view opens the screen and does the handshake. No frame is asked for yet.
func (x *run) view(ctx context.Context) (*viewer, error) {
	ctx, cancel := context.WithTimeout(ctx, x.o.Patience)
	defer cancel()
	conn, err := x.port.screen(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // a silent handshake ends here
	v := &viewer{conn: conn, done: make(chan struct{}), changed: make(chan struct{})}
	v.init, err = rfb.Join(conn, conn, rfb.Login{Shared: true})
	var reader *rfb.ServerReader
	if err == nil {
		err = v.send(&rfb.SetPixelFormat{Format: rfb.Native}, &rfb.SetEncodings{Encodings: encodings})
	}
	if err == nil {
		reader, err = rfb.NewServerReader(conn, rfb.Native, int(v.init.Width), int(v.init.Height))
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close() // the handshake's error says more
		return nil, err
	}
	v.saw.width, v.saw.height = int(v.init.Width), int(v.init.Height)
	go v.read(reader)
	return v, nil
}

// close ends the connection and waits for its goroutine.
func (v *viewer) close() {
	_ = v.conn.Close() // it may have ended already
	<-v.done
}

func (v *viewer) send(list ...rfb.ClientMessage) error {
	v.write.Lock()
	defer v.write.Unlock()
	var b []byte
	for _, m := range list {
		b = m.Append(b)
	}
	_, err := v.conn.Write(b)
	return err
}

// ask asks for the whole picture, or for what changed.
func (v *viewer) ask(incremental bool) error {
	v.mu.Lock()
	w, h := v.saw.width, v.saw.height
	v.mu.Unlock()
	return v.send(&rfb.UpdateRequest{Incremental: incremental, Area: rfb.Rect{Width: uint16(w), Height: uint16(h)}})
}

func (v *viewer) read(r *rfb.ServerReader) {
	defer close(v.done)
	painted := newCanvas(r.Framebuffer())
	for {
		m, err := r.Next()
		if err != nil {
			v.note(func(s *saw) { s.ended = err })
			return
		}
		u, ok := m.(*rfb.Update)
		if !ok {
			if f, ok := m.(*rfb.Fence); ok && f.Flags&rfb.FenceRequest != 0 {
				answer := f.Answer()
				_ = v.send(&answer) // the next read says whether the line is gone
			}
			continue
		}
		again := v.note(func(s *saw) { v.took(s, u, r.Framebuffer(), painted) })
		if again {
			_ = v.ask(true) // the next read says whether the line is gone
		}
	}
}

// took owns v.mu.
func (v *viewer) took(s *saw, u *rfb.Update, p *rfb.Framebuffer, c *canvas) {
	s.updates++
	s.scans = s.scans || u.Scans
	if u.Resized {
		s.width, s.height = p.Width, p.Height
		c.reset(p)
	}
	for _, a := range u.Areas {
		c.paint(a)
	}
	s.painted = c.count
	if c.count == p.Width*p.Height && !s.whole {
		sum := sha256.Sum256(p.Pix)
		s.whole, s.digest = true, hex.EncodeToString(sum[:8])
	}
	if !s.whole {
		return // half a picture would be searched for nothing
	}
	if next, err := s.sight.seeAgain(p); err == nil {
		s.sight, s.found = next, true
	}
}

// note changes what was seen, wakes whoever waits, and says whether to ask again.
func (v *viewer) note(change func(*saw)) (again bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change(&v.saw)
	close(v.changed)
	v.changed = make(chan struct{})
	return v.follow
}

// now is what was seen so far.
func (v *viewer) now() saw {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.saw
}

var errNothing = errors.New("nothing came in time")

// wait waits until something was seen. It returns errNothing when it was not in
// time, and the connection's error when that ended.
func (v *viewer) wait(ctx context.Context, patience time.Duration, until func(saw) bool) (saw, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		v.mu.Lock()
		s, changed := v.saw, v.changed
		v.mu.Unlock()
		switch {
		case until(s):
			return s, nil
		case s.ended != nil:
			return s, s.ended
		}
		select {
		case <-changed:
		case <-timer.C:
			return s, errNothing
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}

// watch follows the screen from now on and waits for the first whole picture.
func (v *viewer) watch(ctx context.Context, patience time.Duration) (saw, error) {
	v.mu.Lock()
	v.follow = true
	v.mu.Unlock()
	if err := v.ask(false); err != nil {
		return v.now(), err
	}
	return v.wait(ctx, patience, func(s saw) bool { return s.whole })
}

// hold beats while something is held; the returned function stops the beat.
func (v *viewer) hold() (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	last := time.Now()
	v.beat(0)
	go func() {
		defer close(ended)
		tick := time.NewTicker(beatEvery)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-v.done:
				return
			case <-tick.C:
				_ = v.send(&rfb.Fence{Flags: rfb.FenceRequest, Payload: []byte("beat")}) // a dead line is seen by the reader
				v.beat(time.Since(last))
				last = time.Now()
			}
		}
	}()
	return sync.OnceFunc(func() { close(end); <-ended })
}

// beat notes how long it was since the last one; 0 begins anew.
func (v *viewer) beat(gap time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if gap == 0 || gap > v.late {
		v.late = gap
	}
}

// beaten is the longest time between two beats of the last hold.
func (v *viewer) beaten() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.late
}

// canvas counts which pixels have been sent.
type canvas struct {
	width, height, count int
	done                 []bool
}

func newCanvas(p *rfb.Framebuffer) *canvas {
	c := &canvas{}
	c.reset(p)
	return c
}

func (c *canvas) reset(p *rfb.Framebuffer) {
	*c = canvas{width: p.Width, height: p.Height, done: make([]bool, p.Width*p.Height)}
}

func (c *canvas) paint(a rfb.Rect) {
	if c.count == len(c.done) {
		return
	}
	right := min(int(a.X)+int(a.Width), c.width)
	for y := int(a.Y); y < min(int(a.Y)+int(a.Height), c.height); y++ {
		row := c.done[y*c.width+min(int(a.X), right) : y*c.width+right]
		for i := range row {
			if !row[i] {
				row[i] = true
				c.count++
			}
		}
	}
}

func (s saw) String() string {
	text := fmt.Sprintf("%d updates, %d×%d, %d of %d pixels", s.updates, s.width, s.height, s.painted, s.width*s.height)
	if s.whole {
		text += ", sha256 " + s.digest
	}
	return text
}

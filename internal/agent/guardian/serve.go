package guardian

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/matoi119/matoi/internal/agent/capture"
	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif"
	"github.com/matoi119/matoi/stdif/open1"
)

// Times of the guardian.
const (
	// silenceAfter is after how long without a sign it lets go of what is held. The
	// headquarters beats every 50 ms; all is up 200 ms after the last sign (standard-
	// interface §5.3), the way to the display included.
	silenceAfter = 170 * time.Millisecond
	// localRest is how long the console waits after the person at the terminal.
	localRest = 3 * time.Second
	lookEvery = 100 * time.Millisecond
	// retryEvery is how often a screen that cannot be seen is tried again.
	retryEvery = time.Second
	// captureEvery is the least time between two captures; the first after a pause
	// is at once. captureShare keeps a busy screen from taking the machine from the
	// terminal's own program: so many times the cost of a capture are left to it.
	captureEvery = 12 * time.Millisecond
	captureShare = 3
	// warmEvery is how often a guardian that waits looks at its display.
	warmEvery = 2 * time.Second
)

// opener opens the screen; errors are shown as faults and it is asked again.
type opener func(ctx context.Context) (capture.Screen, error)

// server is one guardian. Its fields belong to the goroutine of run; those of
// pipe.go bring bytes to it and away.
type server struct {
	pipe
	open   opener
	opened chan result // of the attempt that is under way
	trying bool
	tried  time.Time
	fault  stdif.Code // told and not yet over
	unseen bool       // nothing was captured since it was opened

	screen  capture.Screen // nil while it is down
	bare    capture.Screen // without the cut of one monitor
	monitor int            // -1: all
	picture *rfb.Framebuffer
	screens []rfb.Screen
	serial  uint32 // of the pointer's shape
	changed bool   // the display hinted at something
	next    time.Time

	sender *rfb.Sender // nil before a client came
	board  board
	hands  hands
	words  []byte // frames to the agent that wait
	extra  []byte // messages of RFB that wait
}

type result struct {
	screen capture.Screen
	err    error
}

func newServer(in io.Reader, out, log io.Writer, open opener, monitor int) *server {
	s := &server{open: open, monitor: monitor, opened: make(chan result, 1)}
	s.pipe.start(in, out, log)
	return s
}

// run serves until the agent's pipe closes or the client breaks the protocol.
// Whatever ends it, it lets go first.
func (s *server) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer s.close()
	if err := s.warm(ctx); err != nil || s.over() {
		return err
	}
	if err := s.screen.ReleaseLeftovers(); err != nil {
		return fmt.Errorf("guardian: release what was left: %w", err)
	}
	if err := s.greet(); err != nil || s.over() {
		return err
	}
	return s.serve(ctx)
}

func (s *server) close() {
	if s.screen != nil {
		_ = s.screen.LetGo()          // Close does it again, and the end is near
		_ = s.screen.SetClipboard("") // what came from afar
		_ = s.screen.Close()          // see above
	}
	s.last()
	s.pipe.stop()
}

// warm opens the screen and waits until the agent has a client.
func (s *server) warm(ctx context.Context) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	wanted, release := false, false
	for seen := time.Now(); ; {
		s.try(ctx)
		s.flush()
		if release && s.screen != nil {
			release = false
			s.noted(s.screen.ReleaseLeftovers())
		}
		if wanted && s.screen != nil {
			s.rest(false)
			return nil
		}
		select {
		case <-s.gone:
			return nil
		case o := <-s.orders:
			wanted, release = wanted || o.Begin, release || o.Release
		case r := <-s.opened:
			s.take(r)
		case s.room = <-s.free:
		case <-look.C:
			if s.screen != nil && time.Since(seen) >= warmEvery {
				seen = time.Now()
				s.capture()
			}
		}
	}
}

// try opens the screen where there is none; it never waits for it.
func (s *server) try(ctx context.Context) {
	if s.screen != nil || s.trying || time.Since(s.tried) < retryEvery {
		return
	}
	s.trying, s.tried = true, time.Now()
	go func() {
		screen, err := s.open(ctx)
		s.opened <- result{screen, err}
	}()
}

// take looks at what came of trying.
func (s *server) take(r result) {
	s.trying = false
	if r.err != nil {
		s.fail(r.err)
		return
	}
	s.bare = r.screen
	if s.screen, s.serial = r.screen, 0; s.monitor >= 0 {
		s.screen = capture.OneMonitor(r.screen, s.monitor)
	}
	if err := s.resize(); err != nil {
		s.fail(err)
		return
	}
	s.unseen = true
	s.capture()
	s.rest(s.sender == nil)
}

// rest spares a source that works for whoever looks: an installed VNC server would
// otherwise send each picture to the guardian that waits, too.
func (s *server) rest(on bool) {
	if r, ok := s.bare.(interface{ Rest(on bool) }); ok {
		r.Rest(on)
	}
}

// fail says that the screen cannot be shown, once, and lets it be opened anew. A
// source that is away looks for its server by itself.
func (s *server) fail(err error) {
	code := codeOf(err)
	if s.fault != code {
		s.fault = code
		s.words = appendWord(s.words, open1.ScreenNotice{Type: open1.ScreenFault, Code: code})
		s.noted(err)
	}
	if errors.Is(err, capture.ErrAway) && s.screen != nil {
		s.changed, s.next = true, time.Now().Add(lookEvery)
		return
	}
	if s.screen != nil {
		_ = s.screen.Close() // it is broken
		s.screen = nil
		s.hands.empty()
		s.tried = time.Now()
	}
}

func codeOf(err error) stdif.Code {
	if refused := new(*rfb.Refused); errors.As(err, refused) {
		return stdif.CodeScreenLogin
	}
	return stdif.CodeScreen
}

func (s *server) source() open1.ScreenNotice {
	can := s.screen.Abilities()
	n := open1.ScreenNotice{Type: open1.ScreenSource, Source: can.Source, Clipboard: yes(can.Clipboard), ScanCodes: yes(can.ScanCodes), LocalUse: yes(can.LocalUse)}
	for _, m := range s.screens {
		n.Monitors = append(n.Monitors, open1.ScreenMonitor{ID: int64(m.ID), X: int64(m.Area.X), Y: int64(m.Area.Y), Width: int64(m.Area.Width), Height: int64(m.Area.Height)})
	}
	return n
}

func yes(can bool) string {
	if can {
		return open1.Yes
	}
	return open1.No
}

// resize makes the picture as large as the desktop is now.
func (s *server) resize() error {
	d := s.screen.Desktop()
	if err := rfb.CheckSize(d.Width, d.Height); err != nil {
		return err
	}
	if s.picture == nil || s.picture.Width != d.Width || s.picture.Height != d.Height {
		s.picture = rfb.NewFramebuffer(d.Width, d.Height)
	}
	s.screens = d.Monitors
	if s.sender != nil {
		s.sender.Resize(s.screens, d.Width, d.Height)
	}
	return nil
}

// capture brings the picture up to date and tells the client's sender.
func (s *server) capture() {
	s.changed = false
	began := time.Now()
	changes, err := s.screen.Capture(s.picture)
	if errors.Is(err, capture.ErrResized) {
		if err = s.resize(); err == nil {
			s.words = appendWord(s.words, s.source())
			changes, err = s.screen.Capture(s.picture)
		}
		s.changed = errors.Is(err, capture.ErrResized) // again; the next one will do
	}
	if err != nil && !s.changed {
		s.fail(err)
		return
	}
	if s.fault != 0 || s.unseen { // it is back, or new
		s.fault, s.unseen = 0, false
		s.words = appendWord(s.words, s.source())
	}
	if s.sender != nil {
		for _, c := range changes {
			if c.Copy {
				s.sender.Copied(c.Area, c.FromX, c.FromY)
			} else {
				s.sender.Damage(c.Area)
			}
		}
		p, serial, err := s.screen.Cursor(s.serial)
		if err == nil && serial != s.serial {
			s.serial = serial
			s.sender.Pointer(p)
		}
		s.clipboard()
	}
	s.next = began.Add(max(captureEvery, captureShare*time.Since(began)))
}

// greet does the handshake with the client.
func (s *server) greet() error {
	s.capture()
	if s.screen == nil {
		return errors.New("guardian: the screen went away")
	}
	s.words = appendWord(s.words, s.source())
	s.drain()
	p := s.picture
	_, err := rfb.Accept(s, rfb.ServerInit{Width: uint16(p.Width), Height: uint16(p.Height), Format: rfb.Native, Name: "matoi"})
	if err != nil {
		return fmt.Errorf("guardian: %w", err)
	}
	s.sender = rfb.NewSender(rfb.SenderOptions{Width: p.Width, Height: p.Height, Screens: s.screens, Keys: s.screen.Abilities().ScanCodes})
	s.serial = 0
	return nil
}

// serve is the guardian's work: what the client says, what the display shows.
func (s *server) serve(ctx context.Context) error {
	s.listen()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	pace := time.NewTimer(0)
	defer pace.Stop()
	s.changed = true
	for {
		if s.over() {
			return nil
		}
		s.try(ctx)
		s.work(pace)
		var changed <-chan struct{}
		if s.screen != nil {
			changed = s.screen.Changed()
		}
		select {
		case <-s.gone:
			return nil
		case err := <-s.broken:
			return err
		case m := <-s.said:
			s.handle(m)
			s.taken <- struct{}{}
		case <-s.hands.silence():
			s.letGo()
		case <-s.orders: // it serves already
		case r := <-s.opened:
			s.take(r)
		case <-changed:
			s.changed = true
		case s.room = <-s.free:
		case <-pace.C:
		case <-look.C:
			s.look()
		}
	}
}

// work captures when it is time and the client waits, and hands the writer what
// there is, when it is free: a client that reads slowly costs no captures.
func (s *server) work(pace *time.Timer) {
	if s.room == nil {
		return
	}
	if s.screen != nil && s.changed && s.sender.Waits() {
		if wait := time.Until(s.next); wait > 0 {
			pace.Reset(wait)
		} else {
			s.capture()
		}
	}
	s.flush()
}

// flush hands the writer what waits, when it is free.
func (s *server) flush() {
	if s.room == nil {
		return
	}
	b := append(s.room[:0], s.words...)
	s.words = s.words[:0]
	b, at := begin(b, kindRFB)
	if s.sender != nil {
		b = append(b, s.extra...)
		s.extra = s.extra[:0]
		b = s.sender.Append(b, s.picture)
	}
	if b = end(b, at); len(b) == 0 {
		return
	}
	s.room = nil
	s.full <- b
}

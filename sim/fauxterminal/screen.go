package fauxterminal

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/matoi119/matoi/rfb"
	"github.com/matoi119/matoi/stdif/open1"
)

const (
	screenWide, screenHigh = 480, 256
	stripX, stripY         = 40, 30
	// silence is after how long without a sign what is held is let go
	// (docs/open1.md).
	silence = 200 * time.Millisecond
)

// faceScreen is a screen that shows what reaches it: a strip of squares, as the
// page of the acceptance test has it, that says where the pointer is and what
// is held.
type faceScreen struct {
	m       ScreenManners
	silence time.Duration

	mu       sync.Mutex
	picture  *rfb.Framebuffer
	viewers  map[*viewer]bool
	holder   *viewer // whose input counts
	held     map[uint32]bool
	buttons  uint8
	presses  uint8
	key      uint16
	x, y     int
	clicks   uint8
	since    time.Time // the last press
	stale    bool      // what is held was left behind by a connection that is gone
	letGo    *time.Timer
	touching uint64 // counts signs of life, so that an old timer knows that it is old
}

func newScreen(m ScreenManners, after time.Duration) *faceScreen {
	if after == 0 {
		after = silence
	}
	s := &faceScreen{m: m, silence: after, picture: rfb.NewFramebuffer(screenWide, screenHigh), viewers: map[*viewer]bool{}, held: map[uint32]bool{}}
	s.picture.Fill(s.picture.Bounds(), 0x808080)
	s.paint()
	return s
}

// viewer is one connection; its sender and its state are guarded by screen.mu.
type viewer struct {
	conn   *open1.ScreenServed
	sender *rfb.Sender
	poke   chan struct{}
	done   chan struct{}
	blind  bool // gets no frames
	asked  bool
}

func (s *faceScreen) serve(w http.ResponseWriter, r *http.Request) {
	conn, err := open1.AcceptScreen(w, r)
	if err != nil {
		return // it has answered
	}
	defer conn.Close() //nolint:errcheck // it ends at once
	wide, high := screenWide, screenHigh
	if s.m.WrongSize {
		wide, high = wide+160, high+120
	}
	if _, err := rfb.Accept(conn, rfb.ServerInit{Width: uint16(wide), Height: uint16(high), Format: rfb.Native, Name: "faux"}); err != nil {
		return
	}
	v := &viewer{conn: conn, sender: rfb.NewSender(rfb.SenderOptions{Width: screenWide, Height: screenHigh, Keys: true}), poke: make(chan struct{}, 1), done: make(chan struct{})}
	s.enter(v)
	written := make(chan struct{})
	go func() { defer close(written); s.write(v) }()
	s.read(v)
	close(v.done)
	<-written
	s.leave(v)
}

// enter makes v a viewer. A newer connection ends an older one.
func (s *faceScreen) enter(v *viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.holder
	s.viewers[v] = true
	switch {
	case first == nil:
		s.holder = v
	case s.m.TwoViewers: // sees, and operates nothing
	case s.m.TwoOperators: // operates, and sees nothing
		v.blind = true
	default:
		s.release()
		s.holder = v
		for old := range s.viewers {
			if old != v {
				_ = old.conn.Close() // its reader notices
			}
		}
	}
}

func (s *faceScreen) leave(v *viewer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.viewers, v)
	if s.holder != v {
		return
	}
	s.holder = nil
	for other := range s.viewers {
		s.holder, other.blind = other, false
	}
	if s.m.KeysStay {
		s.stale = true
		s.touching++ // the silence of the one who left is no silence any more
		return
	}
	s.release()
}

// read takes what the viewer says until it goes.
func (s *faceScreen) read(v *viewer) {
	in := rfb.NewClientReader(v.conn)
	for {
		m, err := in.Next()
		if err != nil {
			return
		}
		s.take(v, m)
	}
}

func (s *faceScreen) take(v *viewer, m rfb.ClientMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	operates := s.holder == v || s.m.TwoOperators && s.viewers[v]
	switch m := m.(type) {
	case *rfb.KeyEvent:
		if operates && !s.m.IgnoreKeys {
			s.press(m)
		}
	case *rfb.PointerEvent:
		if operates && !s.m.IgnorePointer {
			if m.Buttons&^s.buttons != 0 {
				s.clicks++
			}
			s.buttons, s.x, s.y = m.Buttons, int(m.X), int(m.Y)
		}
	case *rfb.UpdateRequest:
		v.asked = true
		v.sender.Handle(m)
	default:
		v.sender.Handle(m)
	}
	switch m.(type) {
	case *rfb.KeyEvent, *rfb.PointerEvent:
		s.stale = false
	}
	if s.holder == v {
		s.alive()
	}
	s.paint()
}

func (s *faceScreen) press(m *rfb.KeyEvent) {
	if !m.Down {
		delete(s.held, m.Keysym)
		return
	}
	if !s.held[m.Keysym] {
		s.presses++
	}
	s.held[m.Keysym], s.since = true, time.Now()
	s.key = 0
	if m.Keysym < 0x100 {
		s.key = uint16(m.Keysym)
	}
}

// alive is a sign of the headquarters; without another one in time what is held
// is let go.
func (s *faceScreen) alive() {
	s.touching++
	at := s.touching
	if s.m.LetsGo && len(s.held) > 0 && time.Since(s.since) > 600*time.Millisecond {
		s.release()
	}
	if s.letGo != nil {
		s.letGo.Stop()
	}
	if s.m.SilentStay || s.stale {
		return
	}
	s.letGo = time.AfterFunc(s.silence, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.touching == at {
			s.release()
		}
	})
}

func (s *faceScreen) release() {
	clear(s.held)
	s.buttons = 0
	if s.letGo != nil {
		s.letGo.Stop()
	}
	s.paint()
}

// write sends what a viewer waits for until it goes.
func (s *faceScreen) write(v *viewer) {
	tick := time.NewTicker(30 * time.Millisecond) // parts that were too much for one update
	defer tick.Stop()
	var b []byte
	for {
		select {
		case <-v.done:
			return
		case <-v.poke:
		case <-tick.C:
		}
		b = s.next(v, b[:0])
		if len(b) == 0 {
			continue
		}
		if _, err := v.conn.Write(b); err != nil && !errors.Is(err, http.ErrHandlerTimeout) {
			_ = v.conn.Close() // its reader notices
			return
		}
	}
}

func (s *faceScreen) next(v *viewer, b []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case v.blind:
		return b
	case s.m.Unasked && !v.asked:
		return rfb.AppendRaw(rfb.UpdateHeader(b, 1), rfb.Native, s.picture, rfb.Rect{Width: 16, Height: 16})
	}
	return v.sender.Append(b, s.picture)
}

// paint draws the strip and tells every viewer. The layout is that of the page
// of the acceptance test: 32 squares of 12 pixels in a row, four rows, the first
// a mark, then 96 bits with a CRC.
func (s *faceScreen) paint() {
	bits := make([]bool, 0, 128)
	put := func(v uint64, n int) {
		for i := n - 1; i >= 0; i-- {
			bits = append(bits, v>>i&1 == 1)
		}
	}
	put(0xB2E49D1B, 32)
	put(1, 4)
	put(uint64(len(s.held)), 8)
	put(uint64(s.buttons), 8)
	put(uint64(s.presses), 8)
	put(uint64(s.key), 16)
	put(uint64(max(0, s.x-stripX)), 14)
	put(uint64(max(0, s.y-stripY)), 14)
	put(uint64(s.clicks), 8)
	put(uint64(crc(bits[32:])), 16)
	changed := false
	for i, white := range bits {
		at := rfb.Rect{X: uint16(stripX + i%32*12), Y: uint16(stripY + i/32*12), Width: 12, Height: 12}
		colour := uint32(0)
		if white {
			colour = 0xFFFFFF
		}
		if s.picture.At(int(at.X), int(at.Y)) != colour {
			s.picture.Fill(at, colour)
			changed = true
		}
	}
	for v := range s.viewers {
		if changed {
			v.sender.Damage(rfb.Rect{X: stripX, Y: stripY, Width: 32 * 12, Height: 4 * 12})
		}
		select {
		case v.poke <- struct{}{}:
		default:
		}
	}
}

// crc is CRC-16/CCITT-FALSE over bits.
func crc(bits []bool) uint16 {
	c := uint16(0xFFFF)
	for _, b := range bits {
		top := c&0x8000 != 0
		c <<= 1
		if top != b {
			c ^= 0x1021
		}
	}
	return c
}

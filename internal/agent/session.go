package agent

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/stdif/open1"
)

const (
	// lateBatch is how many late frames are read at once. Before each of them is
	// written, everything that was spooled meanwhile goes first.
	lateBatch = 64
	// lateWindow is how many late frames may be on their way without an
	// acknowledgement. Without it the buffers of both machines would take thousands
	// of them, and a new report would stand in line behind what is already written.
	lateWindow = 512
	// lateAnyway is after how long without an acknowledgement the next late frames
	// go all the same: a headquarters that cannot store rings them from memory.
	lateAnyway = time.Second
)

// always can be received from at any time.
var always = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// session is one connection of the gateway. Its sender alone writes frames, so
// the two lanes need no lock between them.
type session struct {
	a    *Agent
	ws   *websocket.Conn
	stop context.CancelFunc
	done chan struct{}

	acks  chan struct{} // an acknowledgement waits
	room  chan struct{} // one came: the window may have room
	again chan struct{} // a snapshot was requested

	mu      sync.Mutex
	waiting open1.AckFrame // newest acknowledgement, with all refusals since the last kept one
	have    open1.Ranges   // what the headquarters has, as it said on this connection

	// Owned by the sender.
	live    int64   // next frame of the live lane
	late    int64   // next frame of the late lane; 0 when it has ended
	through int64   // last frame of the late lane
	under   []int64 // late frames on their way, in order
	stuck   int64   // the oldest of them at the last look
}

// run speaks until the connection ends, and returns why it did.
func (s *session) run(ctx context.Context, h open1.Hello) error {
	var wg sync.WaitGroup
	why := make(chan error, 4)
	for _, part := range []func(context.Context, open1.Hello) error{s.send, s.read, s.keep, s.ping} {
		wg.Go(func() {
			why <- part(ctx, h)
			s.stop() // one part's end is the connection's
		})
	}
	wg.Wait()
	return <-why
}

// send writes snapshot.begin, then both lanes, then waits for what is spooled.
func (s *session) send(ctx context.Context, h open1.Hello) error {
	if err := s.begin(ctx, h); err != nil {
		return err
	}
	alive := time.NewTicker(open1.PingEvery)
	defer alive.Stop()
	anyway := time.NewTicker(lateAnyway)
	defer anyway.Stop()
	for {
		if err := s.sendLive(ctx); err != nil {
			return err
		}
		if err := s.sendLate(ctx); err != nil {
			return err
		}
		var goOn <-chan struct{}
		if s.late > 0 && s.hasRoom() { // the late lane goes on; nothing is waited for
			goOn = always
		}
		select {
		case <-s.a.hub.link:
		case <-goOn:
		case <-s.room:
		case <-anyway.C:
			s.release()
		case <-s.again:
			if err := s.snapshot(ctx, s.live-1); err != nil {
				return err
			}
		case <-alive.C:
			if err := s.control(ctx, open1.TypePing, nil); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// begin takes the gateway's hello: what it has of this spool is acknowledged,
// and everything else that is here now is the late lane.
func (s *session) begin(ctx context.Context, h open1.Hello) error {
	sp := s.a.spool
	if _, err := sp.Acknowledge(ctx, h.Spool, h.Have, nil); err != nil {
		s.a.log.Warn("acknowledgements of the hello are not kept", "error", err) // the next ones are cumulative
	}
	if h.Spool == sp.ID() { // not so after a renaming
		s.mu.Lock()
		s.have = open1.Ranges(h.Have).Normalize()
		s.mu.Unlock()
	}
	through := sp.Through()
	s.live = through + 1
	return s.snapshot(ctx, through)
}

// snapshot opens the late lane for every frame up to through that the
// headquarters does not have: also what it had once and lost to a restore.
func (s *session) snapshot(ctx context.Context, through int64) error {
	var missing int64
	for _, r := range s.lacks(through) {
		n, err := s.a.spool.Count(ctx, r.From, r.To)
		if err != nil {
			return err
		}
		missing += n
	}
	s.late, s.through, s.under = 1, through, nil
	return s.control(ctx, open1.TypeSnapshotBegin, open1.Snapshot{Spool: s.a.spool.ID(), Through: through, Missing: missing})
}

func (s *session) lacks(through int64) open1.Ranges {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.have.Missing(through)
}

// sendLive writes everything that was spooled since the last time.
func (s *session) sendLive(ctx context.Context) error {
	for s.a.spool.Through() >= s.live {
		frames, err := s.a.spool.Frames(ctx, s.live, math.MaxInt64, lateBatch)
		if err != nil {
			return err
		}
		for _, f := range frames {
			if err := s.frame(ctx, f); err != nil {
				return err
			}
			s.live = f.Seq + 1
		}
		if len(frames) == 0 {
			return fmt.Errorf("send frame %d: it is not in the spool", s.live)
		}
	}
	return nil
}

// hasRoom reports whether another batch of late frames may go.
func (s *session) hasRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.under) > 0 && s.have.Contains(s.under[0]) {
		s.under = s.under[1:]
	}
	return len(s.under)+lateBatch <= lateWindow
}

// release opens the window when nothing was acknowledged since the last look.
func (s *session) release() {
	if s.hasRoom() {
		return
	}
	if s.under[0] == s.stuck {
		s.under = nil
		return
	}
	s.stuck = s.under[0]
}

// sendLate writes one batch of late frames, each after all live ones, when the
// window has room. When none is left it says snapshot.end.
func (s *session) sendLate(ctx context.Context) error {
	if s.late == 0 || !s.hasRoom() {
		return nil
	}
	for _, r := range s.lacks(s.through) {
		if r.To < s.late {
			continue
		}
		frames, err := s.a.spool.Frames(ctx, max(r.From, s.late), r.To, lateBatch)
		if err != nil {
			return err
		}
		for _, f := range frames {
			if err := s.sendLive(ctx); err != nil {
				return err
			}
			f.Late = true
			if err := s.frame(ctx, f); err != nil {
				return err
			}
			s.late = f.Seq + 1
			s.under = append(s.under, f.Seq)
		}
		if len(frames) > 0 {
			return nil
		}
	}
	through := s.through
	s.late, s.through = 0, 0
	return s.control(ctx, open1.TypeSnapshotEnd, open1.Snapshot{Spool: s.a.spool.ID(), Through: through})
}

func (s *session) control(ctx context.Context, t open1.Type, body any) error {
	f, err := open1.NewFrame(t, time.Now(), body)
	if err != nil {
		return err
	}
	return s.frame(ctx, f)
}

func (s *session) frame(ctx context.Context, f open1.Frame) error {
	wire, err := open1.Encode(f)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, frameTime)
	defer cancel()
	if err := s.ws.Write(ctx, websocket.MessageText, wire); err != nil {
		return fmt.Errorf("write %s: %w", f.Type, err)
	}
	return nil
}

// ping asks whether the gateway lives: a cable that was pulled answers nothing,
// and the page must ring soon after. It does not hold up the sender.
func (s *session) ping(ctx context.Context, _ open1.Hello) error {
	tick := time.NewTicker(open1.PingEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		wait, cancel := context.WithTimeout(ctx, open1.DeadAfter)
		err := s.ws.Ping(wait)
		cancel()
		if err != nil {
			return fmt.Errorf("wait for pong: %w", err)
		}
	}
}

// read takes what the gateway says. It never waits for the disk: acknowledgements
// are cumulative, and the newest replaces one that still waits.
func (s *session) read(ctx context.Context, _ open1.Hello) error {
	for {
		_, wire, err := s.ws.Read(ctx)
		if err != nil {
			return fmt.Errorf("read frame: %w", err)
		}
		f, p := open1.Decode(wire)
		if p != nil {
			return fmt.Errorf("read frame: %w", p)
		}
		switch f.Type {
		case open1.TypeAck:
			ack, p := f.ReadAck()
			if p != nil {
				return fmt.Errorf("read acknowledgement: %w", p)
			}
			if err := s.acknowledged(ack); err != nil {
				return err
			}
		case open1.TypeSnapshot:
			poke(s.again)
		}
	}
}

// maxRefusals bounds what waits; a gateway that refuses faster than the disk
// writes is out of its mind.
const maxRefusals = 100_000

func (s *session) acknowledged(ack open1.AckFrame) error {
	if ack.Spool != s.a.spool.ID() {
		return nil
	}
	s.mu.Lock()
	ack.Refused = append(s.waiting.Refused, ack.Refused...)
	s.waiting = ack
	for _, r := range ack.Have {
		s.have.AddRange(r)
	}
	s.mu.Unlock()
	if len(ack.Refused) > maxRefusals {
		return fmt.Errorf("read acknowledgement: over %d refusals wait", maxRefusals)
	}
	poke(s.acks)
	poke(s.room)
	return nil
}

// keep makes acknowledgements durable, as many at once as came meanwhile.
func (s *session) keep(ctx context.Context, _ open1.Hello) error {
	for {
		select {
		case <-s.acks:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.mu.Lock()
		ack := s.waiting
		s.waiting.Refused = nil
		s.mu.Unlock()
		renamed, err := s.a.spool.Acknowledge(ctx, ack.Spool, ack.Have, ack.Refused)
		switch {
		case renamed:
			return fmt.Errorf("the headquarters has frames that this spool never had; the spool has a new id")
		case err != nil && ctx.Err() == nil:
			s.a.log.Warn("acknowledgements are not kept", "error", err) // the next ones are cumulative
		}
	}
}

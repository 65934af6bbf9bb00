package capture

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/matoi119/matoi/rfb"
)

// ErrAway says that what is behind this source does not answer. What the
// framebuffer shows is old; the source goes on trying, and hints when it is back.
var ErrAway = errors.New("capture: the screen does not answer")

// VNC is the screen of a VNC server on this machine. One goroutine decodes what
// it sends; when it ends the connection, another one is made.
type VNC struct {
	address string
	every   time.Duration // a silent server is asked
	login   rfb.Login
	changed chan struct{}
	cancel  context.CancelFunc
	ended   chan struct{}
	first   chan error // the first whole picture, or why there is none

	mu      sync.Mutex // held while a message is decoded, but not while it is waited for
	picture *rfb.Framebuffer
	screens []rfb.Screen
	parts   []Change // since the last capture
	told    []Change // of the last capture
	differ  differ
	shape   *rfb.Pointer
	serial  uint32
	scans   bool // the server takes scan codes
	came    string
	copied  bool // came has not been handed out
	board   vncBoard
	resting bool // nobody looks, see Rest

	out vncOut
}

// vncOut is the way to the server and what was pressed on it.
type vncOut struct {
	mu      sync.Mutex
	conn    net.Conn // nil while the server is away
	b       []byte
	pressed []vncKey // in the order in which they went down
	x, y    uint16
	buttons uint8
	note    *heldNote

	restarted bool // since the last connection there was no server for a while
}

// vncKey is a key that is down, as it was sent.
type vncKey struct{ keysym, scan uint32 }

const (
	vncOpen    = 10 * time.Second       // from dialing to the first picture
	vncWrite   = 100 * time.Millisecond // a server that takes no input for so long is away
	vncAsk     = time.Second            // how often a silent server is asked for a pixel
	vncSilence = 3                      // times that, without any answer, and it is away
	vncAgain   = 10 * time.Millisecond  // until the first new attempt; then twice as long
	vncRarely  = 250 * time.Millisecond // and no longer than this: it costs nothing on one machine
	maxParts   = 256
)

// OpenVNC connects to a VNC server of this machine, "127.0.0.1:5901", and waits
// for its first picture. password is that of VNC authentication, nil for a server
// without. dir is where it is noted which buttons are down, so that a process
// after a killed one can release them; "" keeps no note. Servers of other machines
// are refused: their protocol protects nothing.
func OpenVNC(ctx context.Context, address string, password []byte, dir string) (*VNC, error) {
	return openVNC(ctx, address, password, dir, vncAsk)
}

func openVNC(ctx context.Context, address string, password []byte, dir string, every time.Duration) (*VNC, error) {
	if err := onThisMachine(address); err != nil {
		return nil, err
	}
	note, err := openNote(dir, address)
	if err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(context.Background())
	v := &VNC{
		address: address, every: every, login: rfb.Login{Shared: true, Password: password},
		changed: make(chan struct{}, 1), cancel: cancel, ended: make(chan struct{}), first: make(chan error, 1),
	}
	v.out.note = note
	go v.run(run)
	late := time.NewTimer(vncOpen)
	defer late.Stop()
	err = ErrAway
	select {
	case err = <-v.first:
	case <-late.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		cancel()
		<-v.ended
		return nil, fmt.Errorf("capture: VNC server %s: %w", address, err)
	}
	return v, nil
}

// onThisMachine refuses addresses of other machines by name.
func onThisMachine(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("capture: VNC server %q: %w", address, err)
	}
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("capture: the VNC server %q is not on this machine; 127.0.0.1, ::1 and localhost are taken, because nothing protects its protocol on a network", host)
}

// run keeps a connection until the source is closed.
func (v *VNC) run(ctx context.Context) {
	defer close(v.ended)
	defer v.out.note.close()
	pause := vncAgain
	for {
		shown, err := v.session(ctx)
		v.out.lost()
		if shown {
			pause = vncAgain
		}
		select {
		case v.first <- err: // nobody waits for it after the first picture
		default:
		}
		v.hint()
		again := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			again.Stop()
			return
		case <-again.C:
		}
		pause = min(2*pause, vncRarely)
	}
}

// session is one connection, from dialing to its end; shown says whether it
// brought a picture.
func (v *VNC) session(ctx context.Context) (shown bool, err error) {
	conn, err := (&net.Dialer{Timeout: vncAsk}).DialContext(ctx, "tcp", v.address)
	if err != nil {
		v.out.refused()
		return false, err
	}
	defer conn.Close() //nolint:errcheck // it has ended already
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_ = conn.SetWriteDeadline(time.Now().Add(vncAsk)) // a closed connection says so when it is written
	v.mu.Lock()
	defer v.mu.Unlock()
	in := bufio.NewReaderSize(&unlocking{mu: &v.mu, conn: conn, silence: vncSilence * v.every}, 64<<10)
	init, err := rfb.Join(in, conn, v.login)
	if err != nil {
		return false, err
	}
	s, err := rfb.NewServerReader(in, rfb.Native, int(init.Width), int(init.Height))
	if err != nil {
		return false, err
	}
	v.begin(s.Framebuffer())
	v.out.found(conn)
	v.greet()
	stop := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() { v.ask(stop) })
	defer asking.Wait()
	defer close(stop)
	for {
		m, err := s.Next()
		if err != nil {
			return shown, err
		}
		if update, ok := m.(*rfb.Update); ok {
			v.update(update, s.Framebuffer())
			if !shown && len(update.Areas) > 0 {
				shown = true
				select {
				case v.first <- nil:
				default:
				}
			}
			continue
		}
		v.message(m)
	}
}

// unlocking reads from a connection and lets others at the picture meanwhile.
type unlocking struct {
	mu   *sync.Mutex
	conn net.Conn

	silence time.Duration
}

func (u *unlocking) Read(b []byte) (int, error) {
	u.mu.Unlock()
	defer u.mu.Lock()
	_ = u.conn.SetReadDeadline(time.Now().Add(u.silence)) // a closed connection says so when it is read
	return u.conn.Read(b)
}

func (v *VNC) begin(picture *rfb.Framebuffer) {
	v.picture, v.screens, v.scans, v.board = picture, nil, false, vncBoard{}
	v.parts = append(v.parts[:0], Change{Area: picture.Bounds()})
}

// vncEncodings: on one machine a copy of the pixels is cheaper than encoding and
// decoding them; the compressed ones are for servers that prefer them.
var vncEncodings = []rfb.Encoding{
	rfb.CopyRect, rfb.Raw, rfb.ZRLE, rfb.Tight,
	rfb.Cursor, rfb.DesktopSize, rfb.ExtendedDesktopSize, rfb.LastRect, rfb.QEMUKeys,
	rfb.FencePseudo, rfb.ContinuousUpdates, rfb.ExtendedClipboard,
}

func (v *VNC) greet() {
	v.out.send(&rfb.SetPixelFormat{Format: rfb.Native})
	v.out.send(&rfb.SetEncodings{Encodings: vncEncodings})
	v.out.send(&rfb.UpdateRequest{Area: v.picture.Bounds()})
	v.out.settle()
}

// ask sees to it that a living server says something: a server of which nothing
// is heard may be stopped, and its picture would look like a live one.
func (v *VNC) ask(stop chan struct{}) {
	beat := time.NewTicker(v.every)
	defer beat.Stop()
	for {
		select {
		case <-stop:
			return
		case <-beat.C:
			v.out.send(&rfb.UpdateRequest{Area: rfb.Rect{Width: 1, Height: 1}})
		}
	}
}

// update notes what an update has changed.
func (v *VNC) update(u *rfb.Update, picture *rfb.Framebuffer) {
	v.scans = v.scans || u.Scans
	if u.Cursor != nil {
		v.shape, v.serial = u.Cursor, v.serial+1
	}
	if u.Screens != nil {
		v.screens = append(v.screens[:0], u.Screens...)
	}
	all := picture.Bounds()
	switch {
	case u.Resized:
		v.picture = picture
		v.parts = append(v.parts[:0], Change{Area: all})
		if v.board.continuous && !v.resting {
			v.out.send(&rfb.EnableContinuousUpdates{On: true, Area: all})
		}
		v.out.send(&rfb.UpdateRequest{Area: all})
	default:
		for _, area := range u.Areas {
			v.note(Change{Area: area})
		}
		if !v.board.continuous && !v.resting {
			v.out.send(&rfb.UpdateRequest{Incremental: true, Area: all})
		}
	}
	v.hint()
}

// note adds a change; too many become one.
func (v *VNC) note(c Change) {
	if len(v.parts) < maxParts {
		v.parts = append(v.parts, c)
		return
	}
	for _, p := range v.parts[1:] {
		v.parts[0].Area = union(v.parts[0].Area, p.Area)
	}
	v.parts = append(v.parts[:0], Change{Area: union(v.parts[0].Area, c.Area)})
}

// message works on what is no update.
func (v *VNC) message(m rfb.ServerMessage) {
	switch m := m.(type) {
	case *rfb.EndOfContinuousUpdates:
		if !v.board.continuous {
			v.board.continuous = true
			if !v.resting {
				v.out.send(&rfb.EnableContinuousUpdates{On: true, Area: v.picture.Bounds()})
			}
		}
	case *rfb.Fence:
		if m.Flags&rfb.FenceRequest != 0 {
			answer := m.Answer()
			v.out.send(&answer)
		}
	case *rfb.CutText:
		v.copiedThere(fromLatin1(m.Text))
	case *rfb.Clipboard:
		v.clipboard(m)
	}
}

func (v *VNC) hint() {
	select {
	case v.changed <- struct{}{}:
	default:
	}
}

// Changed implements Screen.
func (v *VNC) Changed() <-chan struct{} { return v.changed }

// Desktop implements Screen.
func (v *VNC) Desktop() Desktop {
	v.mu.Lock()
	defer v.mu.Unlock()
	d := Desktop{Width: v.picture.Width, Height: v.picture.Height}
	for _, s := range v.screens {
		if s.Area.Within(d.Width, d.Height) && len(d.Monitors) < rfb.MaxScreens {
			d.Monitors = append(d.Monitors, s)
		}
	}
	if len(d.Monitors) == 0 {
		d.Monitors = []rfb.Screen{{Area: v.picture.Bounds()}}
	}
	return d
}

// Rest asks the server for no pictures while nobody looks, or for pictures again.
// The connection stays, so that both begin at once.
func (v *VNC) Rest(on bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.resting == on || v.picture == nil {
		return
	}
	v.resting = on
	if v.board.continuous {
		v.out.send(&rfb.EnableContinuousUpdates{On: !on, Area: v.picture.Bounds()})
	}
	if !on {
		v.out.send(&rfb.UpdateRequest{Incremental: true, Area: v.picture.Bounds()})
	}
}

// Capture implements Screen. While the server is away it is ErrAway.
func (v *VNC) Capture(into *rfb.Framebuffer) ([]Change, error) {
	if v.out.away() {
		return nil, ErrAway
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if into.Width != v.picture.Width || into.Height != v.picture.Height {
		v.parts = append(v.parts[:0], Change{Area: v.picture.Bounds()})
		return nil, ErrResized
	}
	v.told = v.told[:0]
	for _, p := range v.parts {
		part := p.Area.Intersect(into.Bounds())
		if part.Empty() {
			continue
		}
		v.told = v.differ.update(into, v.picture.Pix[int(part.Y)*v.picture.Stride+int(part.X)*4:], v.picture.Stride, part, v.told)
	}
	v.parts = v.parts[:0]
	return v.told, nil
}

// Cursor implements Screen.
func (v *VNC) Cursor(serial uint32) (*rfb.Pointer, uint32, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.serial == serial {
		return nil, serial, nil
	}
	return v.shape, v.serial, nil
}

// Abilities implements Screen. A server tells nobody from anybody: there is no
// local use.
func (v *VNC) Abilities() Abilities {
	v.mu.Lock()
	defer v.mu.Unlock()
	return Abilities{Source: "vnc", Clipboard: v.board.extended, ScanCodes: v.scans}
}

// Close implements Screen.
func (v *VNC) Close() error {
	err := v.LetGo()
	v.cancel()
	<-v.ended
	if errors.Is(err, ErrAway) {
		return nil // nothing is left to say it to
	}
	return err
}

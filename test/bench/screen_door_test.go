package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/matoi119/matoi/rfb"
)

// door is where a browser gets a screen: a WebSocket whose binary messages are
// RFB. Both sides of a comparison are doors, and the same client stands at both.
type door struct {
	name  string
	dial  func(context.Context) (*websocket.Conn, error)
	roots []int // processes of this side; their children count too
	renew func(context.Context, *websocket.Conn) error
	site  *site // of the product
}

// glance is a client at a door.
type glance struct {
	conn  *websocket.Conn
	in    *rfb.ServerReader
	bytes atomic.Int64 // received, of binary messages
	flow  bool         // continuous updates are on
	mute  atomic.Bool  // it beats no more
	send  sync.Mutex
	stop  context.CancelFunc
	ctx   context.Context
}

// likeNoVNC are the encodings that noVNC 1.3 asks for and our decoder has.
var likeNoVNC = []rfb.Encoding{
	rfb.CopyRect, rfb.Tight, rfb.Raw, rfb.QualityLow + 6, rfb.CompressionLow + 2,
	rfb.DesktopSize, rfb.LastRect, rfb.Cursor, rfb.ExtendedDesktopSize, rfb.FencePseudo, rfb.ContinuousUpdates,
}

// stream reads the binary messages of a WebSocket as one stream.
type stream struct {
	g   *glance
	now io.Reader
}

func (s *stream) Read(b []byte) (int, error) {
	for {
		if s.now != nil {
			n, err := s.now.Read(b)
			s.g.bytes.Add(int64(n))
			if errors.Is(err, io.EOF) {
				s.now, err = nil, nil
			}
			if n > 0 || err != nil {
				return n, err
			}
		}
		kind, r, err := s.g.conn.Reader(s.g.ctx)
		if err != nil {
			return 0, err
		}
		if kind == websocket.MessageBinary {
			s.now = r
		} else if _, err := io.Copy(io.Discard, r); err != nil { // what a page is told beside the picture
			return 0, err
		}
	}
}

func (g *glance) Write(b []byte) (int, error) {
	g.send.Lock()
	defer g.send.Unlock()
	return len(b), g.conn.Write(g.ctx, websocket.MessageBinary, b)
}

// look connects to a door and asks for the picture, as noVNC does.
func look(b testing.TB, d *door) *glance {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	conn, err := d.dial(ctx)
	if err != nil {
		b.Fatalf("%s: %v", d.name, err)
	}
	conn.SetReadLimit(-1)
	g := &glance{conn: conn, ctx: ctx, stop: stop}
	in := bufio.NewReaderSize(&stream{g: g}, 64<<10)
	init, err := rfb.Join(in, g, rfb.Login{Shared: true})
	if err != nil {
		b.Fatalf("%s: %v", d.name, err)
	}
	if g.in, err = rfb.NewServerReader(in, rfb.Native, int(init.Width), int(init.Height)); err != nil {
		b.Fatal(err)
	}
	ask := (&rfb.SetPixelFormat{Format: rfb.Native}).Append(nil)
	ask = (&rfb.SetEncodings{Encodings: likeNoVNC}).Append(ask)
	g.put(b, ask, &rfb.UpdateRequest{Area: rfb.Rect{Width: init.Width, Height: init.Height}})
	if d.renew != nil {
		go g.keep(d)
	}
	return g
}

// keep renews what has to be renewed.
func (g *glance) keep(d *door) {
	t := time.NewTicker(5 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-g.ctx.Done():
			return
		case <-t.C:
			g.send.Lock()
			err := d.renew(g.ctx, g.conn)
			g.send.Unlock()
			if err != nil {
				return
			}
		}
	}
}

func (g *glance) put(b testing.TB, head []byte, all ...rfb.ClientMessage) {
	b.Helper()
	for _, m := range all {
		head = m.Append(head)
	}
	if _, err := g.Write(head); err != nil && g.ctx.Err() == nil {
		b.Fatal(err)
	}
}

func (g *glance) close() {
	g.stop()
	_ = g.conn.CloseNow()
}

// next reads the next update, answering what has to be answered; nil after the
// deadline of ctx or when the picture has another size now.
func (g *glance) next(b testing.TB) *rfb.Update {
	b.Helper()
	for {
		m, err := g.in.Next()
		if err != nil {
			if g.ctx.Err() != nil {
				return nil
			}
			b.Fatal(err)
		}
		p := g.in.Framebuffer()
		switch m := m.(type) {
		case *rfb.Fence:
			if m.Flags&rfb.FenceRequest != 0 {
				answer := m.Answer()
				g.put(b, nil, &answer)
			}
		case *rfb.EndOfContinuousUpdates:
			if !g.flow {
				g.flow = true
				g.put(b, nil, &rfb.EnableContinuousUpdates{On: true, Area: p.Bounds()})
			}
		case *rfb.Update:
			if !g.flow {
				g.put(b, nil, &rfb.UpdateRequest{Incremental: true, Area: p.Bounds()})
			}
			return m
		}
	}
}

// whole reads until every pixel has come once.
func (g *glance) whole(b testing.TB) {
	b.Helper()
	const tile = 16
	p := g.in.Framebuffer()
	across := (p.Width + tile - 1) / tile
	seen := make([]bool, across*((p.Height+tile-1)/tile))
	for missing := len(seen); missing > 0; {
		u := g.next(b)
		if u.Resized {
			g.whole(b)
			return
		}
		for _, a := range u.Areas {
			for i := range seen {
				// An area counts for the tiles whose middle it holds.
				x, y := min(i%across*tile+tile/2, p.Width-1), min(i/across*tile+tile/2, p.Height-1)
				if !seen[i] && !a.Intersect(rfb.Rect{X: uint16(x), Y: uint16(y), Width: 1, Height: 1}).Empty() {
					seen[i] = true
					missing--
				}
			}
		}
	}
}

// watch reads updates for some time. It counts them, and how often the spot
// looked different.
func (g *glance) watch(b testing.TB, spot rfb.Rect, d time.Duration) (updates, frames int) {
	b.Helper()
	end := time.AfterFunc(d, g.stop)
	defer end.Stop()
	was := sum(g.in.Framebuffer(), spot)
	for {
		if g.next(b) == nil {
			return updates, frames
		}
		updates++
		if now := sum(g.in.Framebuffer(), spot); now != was {
			was = now
			frames++
		}
	}
}

// sum tells two looks of a spot apart.
func sum(p *rfb.Framebuffer, r rfb.Rect) (h uint64) {
	h = 14695981039346656037
	for y := range int(r.Height) {
		for _, v := range p.Row(int(r.X), int(r.Y)+y, int(r.Width)) {
			h = (h ^ uint64(v)) * 1099511628211
		}
	}
	return h
}

// run starts a program that ends with the benchmark.
func run(b testing.TB, env []string, name string, args ...string) int {
	b.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		b.Skipf("%s is not installed; the screens' benchmark needs tigervnc-scraping-server, websockify, x11vnc, xterm and ffmpeg", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = time.Second
	if os.Getenv("MATOI_BENCH_LOUD") != "" {
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// tiger is TigerVNC's x0vncserver behind websockify: what noVNC connects to.
func tiger(b testing.TB, display string) *door {
	b.Helper()
	vnc, web := freeAddress(b), freeAddress(b)
	one := run(b, nil, "X0tigervnc", "-display", display, "-rfbport", port(vnc), "-SecurityTypes", "None", "-localhost", "-AlwaysShared")
	two := run(b, nil, "websockify", web, vnc)
	d := &door{name: "x0vncserver + websockify", roots: []int{one, two}}
	d.dial = func(ctx context.Context) (*websocket.Conn, error) {
		c, _, err := websocket.Dial(ctx, "ws://"+web+"/", &websocket.DialOptions{Subprotocols: []string{"binary"}, CompressionMode: websocket.CompressionDisabled})
		return c, err
	}
	answers(b, d)
	return d
}

// x11vnc is an installed VNC server for a terminal to attach to.
func x11vnc(b testing.TB, display string) (address string) {
	b.Helper()
	address = freeAddress(b)
	run(b, nil, "x11vnc", "-display", display, "-rfbport", port(address), "-localhost", "-nopw", "-forever", "-shared", "-quiet", "-noipv6")
	for late := time.Now().Add(10 * time.Second); ; {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = c.Close()
			return address // it notices that nobody stays
		}
		if time.Now().After(late) {
			b.Fatal(err)
		}
	}
}

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// answers waits until somebody speaks RFB at the door.
func answers(b testing.TB, d *door) {
	b.Helper()
	late := time.Now().Add(15 * time.Second)
	for {
		ctx, stop := context.WithTimeout(b.Context(), 2*time.Second)
		c, err := d.dial(ctx)
		if err == nil {
			_, _, err = c.Read(ctx)
			_ = c.CloseNow()
		}
		stop()
		if err == nil {
			return
		}
		if time.Now().After(late) {
			b.Fatalf("%s: %v", d.name, err)
		}
	}
}

// tree are processes with their children.
func tree(roots []int) []int {
	children := map[int][]int{}
	found, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range found {
		if f, pid := stat(name); f != nil {
			parent, _ := strconv.Atoi(f[1])
			children[parent] = append(children[parent], pid)
		}
	}
	all := append([]int{}, roots...)
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}

func stat(name string) (fields []string, pid int) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, 0
	}
	_, _ = fmt.Sscan(string(text), &pid)
	return strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:]), pid
}

// cpuOf is the processor time of processes and their children, in seconds.
func cpuOf(roots []int) (s float64) {
	for _, pid := range tree(roots) {
		if f, _ := stat(fmt.Sprintf("/proc/%d/stat", pid)); f != nil {
			user, _ := strconv.ParseFloat(f[11], 64)
			system, _ := strconv.ParseFloat(f[12], 64)
			s += (user + system) / 100
		}
	}
	return s
}

// memoryOf is what they hold alone or in part (PSS), in MB.
func memoryOf(roots []int) (mb float64) {
	for _, pid := range tree(roots) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			continue
		}
		_, after, _ := strings.Cut(string(text), "\nPss:")
		kb, _ := strconv.ParseFloat(strings.Fields(after + " 0")[0], 64)
		mb += kb / 1024
	}
	return mb
}

// moving waits until the spot has changed a few times, seen through a door: until
// the content is there.
func moving(b testing.TB, d *door, spot rfb.Rect) {
	b.Helper()
	g := look(b, d)
	defer g.close()
	late := time.AfterFunc(20*time.Second, g.stop)
	defer late.Stop()
	was := sum(g.in.Framebuffer(), spot)
	for changes := 0; changes < 4; {
		if g.next(b) == nil {
			b.Fatalf("%s: nothing moves on the screen", d.name)
		}
		if now := sum(g.in.Framebuffer(), spot); now != was {
			was = now
			changes++
		}
	}
}

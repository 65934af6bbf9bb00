package page

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"

	"github.com/matoi119/matoi/rfb"
)

// Fault is a way in which the page misbehaves.
type Fault string

// What broken and hostile servers do.
const (
	Mute       Fault = "mute"     // takes the connection and says nothing
	BadVersion Fault = "version"  // begins with another protocol
	Silence    Fault = "silence"  // does the handshake and says nothing more
	Torn       Fault = "torn"     // dies in the middle of a rectangle
	Lengths    Fault = "lengths"  // says a length that no rectangle can have
	Endless    Fault = "endless"  // sends rectangles of an update that never ends
	Bomb       Fault = "bomb"     // a few bytes of zlib that become very many
	Huge       Fault = "huge"     // becomes larger than any screen
	Resizing   Fault = "resizing" // has another size all the time
	Outside    Fault = "outside"  // draws outside of its picture
	BadCursor  Fault = "cursor"   // has a pointer larger than a screen
	Ringing    Fault = "ringing"  // rings without end
	BigText    Fault = "text"     // a clipboard larger than is taken
	Drip       Fault = "drip"     // sends a byte now and then
	Unknown    Fault = "unknown"  // sends a message that there is not
)

// Faults lists them.
func Faults() []Fault {
	return []Fault{Mute, BadVersion, Silence, Torn, Lengths, Endless, Bomb, Huge, Resizing, Outside, BadCursor, Ringing, BigText, Drip, Unknown}
}

// neverJoin are the faults before the handshake.
func (p *Page) neverJoin(ctx context.Context, conn net.Conn) {
	if p.c.Fault == BadVersion {
		_, _ = io.WriteString(conn, "SSH-2.0-none\r\n")
	}
	_ = conn.SetDeadline(time.Time{})
	_, _ = io.Copy(io.Discard, conn) // until the other side or ctx has enough
}

// play misbehaves until the client or ctx ends it.
func (f Fault) play(ctx context.Context, w io.Writer) error {
	be := binary.BigEndian
	var err error
	send := func(b []byte) bool {
		_, err = w.Write(b)
		return err == nil && ctx.Err() == nil
	}
	whole := rfb.Rect{Width: 64, Height: 64}
	head := func(area rfb.Rect, e rfb.Encoding) []byte { return rfb.RectHeader(rfb.UpdateHeader(nil, 1), area, e) }
	switch f {
	case Torn:
		send(append(head(whole, rfb.Raw), make([]byte, 1000)...))
		return err
	case Lengths:
		send(be.AppendUint32(head(whole, rfb.ZRLE), 0xFFFFFFF0))
	case Endless:
		one := rfb.RectHeader(nil, rfb.Rect{Width: 1, Height: 1}, rfb.Raw)
		one = bytes.Repeat(append(one, 1, 2, 3, 0), 1000)
		for send(rfb.UpdateHeader(nil, rfb.AnyCount)); send(one); { //nolint:revive // the writing is the work
		}
	case Bomb:
		packed := bomb()
		send(append(be.AppendUint32(head(whole, rfb.ZRLE), uint32(len(packed))), packed...)) //nolint:gosec // less than a MiB
	case Huge:
		send(rfb.AppendDesktopSize(rfb.UpdateHeader(nil, 1), 0xFFFF, 0xFFFF))
	case Resizing:
		for n := uint16(1); send(rfb.AppendDesktopSize(rfb.UpdateHeader(nil, 1), n%4000+1, n%2999+1)); n += 977 { //nolint:revive // the writing is the work
		}
	case Outside:
		area := rfb.Rect{X: 0xFFF0, Y: 0xFFF0, Width: 64, Height: 64}
		send(append(head(area, rfb.Raw), make([]byte, 64*64*4)...))
	case BadCursor:
		send(append(head(rfb.Rect{Width: 0xFFFF, Height: 0xFFFF}, rfb.Cursor), make([]byte, 4096)...))
	case Ringing:
		for ring := bytes.Repeat((&rfb.Bell{}).AppendServer(nil), 4096); send(ring); { //nolint:revive // the writing is the work
		}
	case BigText:
		send(append(be.AppendUint32([]byte{3, 0, 0, 0}, 1<<30), make([]byte, 4096)...))
	case Unknown:
		send([]byte{77})
	case Drip:
		t := time.NewTicker(500 * time.Millisecond)
		defer t.Stop()
		for b := head(rfb.Rect{Width: 256, Height: 256}, rfb.Raw); send(b); b = []byte{0} {
			select {
			case <-ctx.Done():
			case <-t.C:
			}
		}
	case Mute, BadVersion, Silence: // nothing is what they say
	}
	<-ctx.Done()
	return err
}

// bomb is 32 MiB of zeros, packed.
var bomb = sync.OnceValue(func() []byte {
	var out bytes.Buffer
	z, _ := zlib.NewWriterLevel(&out, zlib.BestSpeed) // the level is a valid one
	zeros := make([]byte, 1<<20)
	for range 32 {
		_, _ = z.Write(zeros) // a buffer takes everything
	}
	_ = z.Close()
	return out.Bytes()
})

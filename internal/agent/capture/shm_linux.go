package capture

import (
	"fmt"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"
	"golang.org/x/sys/unix"

	"github.com/matoi119/matoi/rfb"
)

// shared is memory that the X server writes pixels into.
type shared struct {
	c    *xgb.Conn
	root xproto.Window
	seg  shm.Seg
	mem  []byte
}

// shareImage makes room for a whole screen. A server that shares no memory with
// us, on another machine or under another user, sends the pixels instead.
func shareImage(c *xgb.Conn, root xproto.Window, width, height int) (image, error) {
	if err := rfb.CheckSize(width, height); err != nil {
		return nil, err
	}
	if shm.Init(c) != nil {
		return &sent{c, root}, nil //nolint:nilerr // the server has no such extension
	}
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, width*height*4, unix.IPC_CREAT|0o600)
	if err != nil {
		return nil, fmt.Errorf("capture: share %d × %d pixels: %w", width, height, err)
	}
	mem, err := unix.SysvShmAttach(id, 0, 0)
	if err == nil {
		s := &shared{c: c, root: root, mem: mem}
		if s.seg, err = shm.NewSegId(c); err == nil {
			err = shm.AttachChecked(c, s.seg, uint32(id), false).Check() //nolint:gosec // an id of the kernel's
		}
		// Nobody else will attach: the memory goes with the last who holds it,
		// also when a process is killed.
		_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
		if err == nil {
			return s, nil
		}
		_ = unix.SysvShmDetach(mem)
		return &sent{c, root}, nil
	}
	_, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	return nil, fmt.Errorf("capture: share %d × %d pixels: %w", width, height, err)
}

func (s *shared) read(part rfb.Rect) ([]byte, error) {
	n := part.Area() * 4
	if n > len(s.mem) {
		return nil, ErrResized
	}
	_, err := shm.GetImage(s.c, xproto.Drawable(s.root), int16(part.X), int16(part.Y), part.Width, part.Height, //nolint:gosec // X positions are 16 bits
		0xFFFFFFFF, xproto.ImageFormatZPixmap, s.seg, 0).Reply()
	return s.mem[:n], err
}

func (s *shared) close() {
	shm.Detach(s.c, s.seg)
	_ = unix.SysvShmDetach(s.mem) // it was attached here
}

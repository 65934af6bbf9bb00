package capture

import (
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"github.com/matoi119/matoi/rfb"
)

// sent are pixels that the X server sends through the connection.
type sent struct {
	c    *xgb.Conn
	root xproto.Window
}

func (s *sent) read(part rfb.Rect) ([]byte, error) {
	r, err := xproto.GetImage(s.c, xproto.ImageFormatZPixmap, xproto.Drawable(s.root), int16(part.X), int16(part.Y), part.Width, part.Height, 0xFFFFFFFF).Reply() //nolint:gosec // X positions are 16 bits
	if err != nil {
		return nil, err
	}
	if len(r.Data) < part.Area()*4 {
		return nil, ErrResized
	}
	return r.Data, nil
}

func (*sent) close() {}

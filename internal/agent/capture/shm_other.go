//go:build !linux

package capture

import (
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// shareImage reads through the connection where no memory can be shared.
func shareImage(c *xgb.Conn, root xproto.Window, _, _ int) (image, error) {
	return &sent{c, root}, nil
}

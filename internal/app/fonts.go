package app

import (
	"errors"
	"io/fs"
	"sync"

	"github.com/matoi119/matoi/sim/page"
	"github.com/matoi119/matoi/ui"
)

// PageFonts are the letters of simulated screens: the web app's own, out of the
// pages in this binary, so that no font needs to be installed. Without built pages
// they are nil, and such a screen has Latin letters only.
var PageFonts = sync.OnceValues(func() (*page.Fonts, error) {
	if _, err := fs.Stat(ui.Dist(), "assets/face/japanese.woff"); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	folder, err := fs.Sub(ui.Dist(), "assets/face")
	if err != nil {
		return nil, err
	}
	return page.PlainFonts(folder)
})

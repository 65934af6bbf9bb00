package gateway

import (
	"context"
	"time"

	"github.com/matoi119/matoi/internal/screen"
	"github.com/matoi119/matoi/rfb"
)

// Recorder keeps what was to be seen under a grant, where the headquarters'
// policy says so. It never gets input: no key can be in a recording.
type Recorder interface {
	// Begin is asked once for each grant, before its first picture; nil without an
	// error: this terminal is not recorded. An error is logged and the grant goes
	// on: a full disk must not keep a dispatcher from a terminal.
	Begin(ctx context.Context, l screen.Lease) (Recording, error)
	// Wanted says whether the policy has the terminal recorded, for the banner there.
	Wanted(ctx context.Context, terminal string) bool
}

// Recording takes the pictures of one grant. The relay calls it from one
// goroutine at a time and waits for it: it must be quick, and must copy what it
// keeps. The framebuffer is the relay's.
type Recording interface {
	// Update tells which parts of the picture changed; the first one names all of it.
	Update(at time.Time, p *rfb.Framebuffer, changes []rfb.Rect)
	// Resize tells that the picture has another size from here on; an Update of all
	// of it follows.
	Resize(at time.Time, width, height int)
	// Pointer tells where the holder's pointer is.
	Pointer(x, y uint16)
	// Close ends it, with the grant.
	Close()
}

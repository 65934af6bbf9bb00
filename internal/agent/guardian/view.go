package guardian

import (
	"fmt"

	"github.com/matoi119/matoi/internal/agent/capture"
	"github.com/matoi119/matoi/rfb"
)

// view is the part of a desktop that is served: all of it, or one monitor.
type view struct {
	area    rfb.Rect // of the desktop
	screens []rfb.Screen
	picture *rfb.Framebuffer // a window into the whole one
}

// viewOf cuts a view. A monitor that is not there is refused: showing another
// instead would show what nobody meant to show.
func viewOf(d capture.Desktop, monitor int, whole *rfb.Framebuffer) (view, error) {
	if monitor < 0 {
		return view{area: whole.Bounds(), screens: d.Monitors, picture: whole}, nil
	}
	if monitor >= len(d.Monitors) {
		return view{}, fmt.Errorf("guardian: there are %d monitors and none has the number %d", len(d.Monitors), monitor)
	}
	area := d.Monitors[monitor].Area.Intersect(whole.Bounds())
	if area.Empty() {
		return view{}, fmt.Errorf("guardian: monitor %d lies outside of the desktop", monitor)
	}
	start := int(area.Y)*whole.Stride + int(area.X)*4
	return view{
		area:    area,
		screens: []rfb.Screen{{ID: d.Monitors[monitor].ID, Area: rfb.Rect{Width: area.Width, Height: area.Height}}},
		picture: &rfb.Framebuffer{Width: int(area.Width), Height: int(area.Height), Stride: whole.Stride, Pix: whole.Pix[start:]},
	}, nil
}

// at is where a place of the picture lies on the desktop.
func (v view) at(x, y uint16) (int, int) {
	return int(v.area.X) + min(int(x), int(v.area.Width)-1), int(v.area.Y) + min(int(y), int(v.area.Height)-1)
}

// tell passes on what changed within the view.
func (v view) tell(to *rfb.Sender, changes []capture.Change) {
	for _, c := range changes {
		here := c.Area.Intersect(v.area)
		if here.Empty() {
			continue
		}
		from := rfb.Rect{X: c.FromX + here.X - c.Area.X, Y: c.FromY + here.Y - c.Area.Y, Width: here.Width, Height: here.Height}
		here.X, here.Y = here.X-v.area.X, here.Y-v.area.Y
		if c.Copy && from.Intersect(v.area) == from {
			to.Copied(here, from.X-v.area.X, from.Y-v.area.Y)
			continue
		}
		to.Damage(here)
	}
}

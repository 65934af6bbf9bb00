package capture

import (
	"testing"

	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/xproto"
)

// Monitors of an X server are listed, each with its place.
func TestMonitorsAreListed(t *testing.T) {
	s := newStage(t)
	for i, x := range []int16{0, 320} {
		name, err := xproto.InternAtom(s.c, false, 5, []string{"left ", "right"}[i]).Reply()
		check(t, err)
		info := randr.MonitorInfo{Name: name.Atom, X: x, Width: 320, Height: 480, WidthInMillimeters: 200, HeightInMillimeters: 300}
		check(t, randr.SetMonitorChecked(s.c, s.x.root, info).Check())
	}
	d := s.x.Desktop()
	if len(d.Monitors) < 2 || d.Monitors[1].Area.X != 320 {
		t.Fatalf("%+v", d)
	}
}

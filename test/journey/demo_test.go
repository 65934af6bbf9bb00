package journey

import (
	"context"
	"encoding/json"
	"flag"
	"maps"
	"net/url"
	"testing"

	"github.com/matoi119/matoi/internal/app"
)

// demo starts the made-up headquarters, and plays the script in it.
func (s *scene) demo(script string, c app.DemoConfig, acts map[string]act) {
	s.t.Helper()
	c.Log, c.Version = s.log, "journey"
	d, err := app.StartDemo(s.t.Context(), c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := d.Close(); err != nil {
			s.t.Error(err)
		}
	})
	all := map[string]act{
		"pullCable": do(func(context.Context) error { return d.PullCable(0) }),
		"plugCable": do(func(context.Context) error { return d.PlugCable(0) }),
	}
	maps.Copy(all, acts)
	all["screen"] = func(context.Context, json.RawMessage) (any, error) { return d.Page(0).Status(), nil }
	all["pending"] = func(ctx context.Context, _ json.RawMessage) (any, error) { return d.Pending(0) }
	doors := d.URL()
	given := map[string]any{"doors": doors, "doorA": doors + "door/a", "doorB": doors + "door/b",
		"terminal1": doors + "terminal/1", "terminal2": doors + "terminal/2", "caller": d.CallerURL(), "net119": d.Net119URL(), "net119Hosts": hosts(s.t, d.CallerURL())}
	maps.Copy(given, s.also)
	s.play(script, given, all)
}

// A report from its caller to its end, as the first sentence tells it.
func TestOneReport(t *testing.T) {
	duties(t, "S3-1-3-1", "S3-1-3-2")
	newScene(t).demo("one_report.mjs", app.DemoConfig{}, nil)
}

// hosts are the loopback addresses of a page under its name.
func hosts(t testing.TB, page string) []string {
	t.Helper()
	u, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"127.0.0.1:" + u.Port(), "[::1]:" + u.Port()}
}

// The line is cut while the terminal goes on, and a person there works alone.
func TestLinkDown(t *testing.T) {
	duties(t, "S3-1-1-2")
	newScene(t).demo("link_down.mjs", app.DemoConfig{}, nil)
}

// What nobody can read, and an exercise beside it.
func TestUndecodable(t *testing.T) {
	newScene(t).demo("undecodable.mjs", app.DemoConfig{}, nil)
}

// A web application hands over from its own page in the terminal's browser.
func TestBrowserHandover(t *testing.T) {
	newScene(t).demo("browser_handover.mjs", app.DemoConfig{ByPage: true}, nil)
}

// Everything without a mouse.
func TestKeyboard(t *testing.T) {
	newScene(t).demo("keyboard.mjs", app.DemoConfig{}, nil)
}

// Every place of a report on the headquarters' own map, with nothing fetched from
// elsewhere (AC-19, AC-21).
func TestPlacesOnMap(t *testing.T) {
	duties(t, "FD-19")
	s := newScene(t)
	s.also = map[string]any{"looks": *looks}
	s.demo("places_on_map.mjs", app.DemoConfig{}, nil)
}

// One seat with several windows.
func TestWindows(t *testing.T) {
	newScene(t).demo("windows.mjs", app.DemoConfig{}, nil)
}

// A claim that changes hands, a report that was missed, a shift that is handed over.
func TestDesk(t *testing.T) {
	newScene(t).demo("desk.mjs", app.DemoConfig{}, nil)
}

// Nobody sits at a console.
func TestUnheard(t *testing.T) {
	newScene(t).demo("unheard.mjs", app.DemoConfig{}, nil)
}

var (
	images = flag.String("images", "", "write the documents' pictures to this folder")
	looks  = flag.String("looks", "", "write pictures of every look to this folder")
)

// Pictures for the documents (make images), and for whoever judges the looks.
func TestImages(t *testing.T) {
	if *images == "" && *looks == "" {
		t.Skip("asked for by -images or -looks")
	}
	s := newScene(t)
	s.also = map[string]any{"images": *images, "looks": *looks}
	s.demo("images.mjs", app.DemoConfig{}, nil)
	if *images != "" && !t.Failed() {
		shrink(t, *images)
	}
}

// Two reports of one event are joined, and one is handed over by telephone.
func TestTogether(t *testing.T) {
	duties(t, "FD-34")
	s := newScene(t)
	s.also = map[string]any{"looks": *looks}
	s.demo("together.mjs", app.DemoConfig{}, nil)
}

package terminal

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/matoi119/matoi/stdif"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the narratives in testdata; review the difference")

// Scenarios are text: an event per line, then what the consoles show. The time
// is a line of its own: "wait 5s".
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			if strings.HasPrefix(filepath.Base(file), "standalone") {
				duty(t, "S3-1-1-2")
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told := tell(t, string(text))
			if *rewrite {
				if err := os.WriteFile(file, []byte(told), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(text), told); diff != "" {
				t.Errorf("run with -rewrite and review:\n%s", diff)
			}
		})
	}
}

func tell(t *testing.T, text string) string {
	t.Helper()
	link, now := Link{TerminalID: "t-01"}, noon
	var out, said strings.Builder
	inAnswer := false
	flush := func() {
		if inAnswer {
			out.WriteString("----\n" + said.String())
		}
		said.Reset()
		inAnswer = false
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "----":
			inAnswer = true
			continue
		case inAnswer && line != "":
			continue // the old narrative
		case line == "" || strings.HasPrefix(line, "#"):
			flush()
			out.WriteString(line + "\n")
			continue
		}
		out.WriteString(line + "\n")
		verb, args := words(line)
		if verb == "wait" {
			d, err := time.ParseDuration(args[""])
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			now = now.Add(d)
			continue
		}
		var changed bool
		link, changed = Step(link, event(t, line, verb, args), now)
		said.WriteString(show(verb, link, changed, now))
	}
	flush()
	return out.String()
}

func words(line string) (verb string, args map[string]string) {
	args = map[string]string{}
	for i, w := range strings.Fields(line) {
		key, value, named := strings.Cut(w, "=")
		switch {
		case i == 0:
			verb = w
		case named:
			args[key] = value
		default:
			args[""] = w
		}
	}
	return verb, args
}

func event(t *testing.T, line, verb string, args map[string]string) Event {
	t.Helper()
	e := Event{Kind: EventKind(verb), Plane: args["plane"]}
	number := func(key string) int64 {
		if args[key] == "" {
			return 0
		}
		n, err := strconv.ParseInt(args[key], 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		return n
	}
	e.Missing, e.Problem = number("missing"), stdif.Code(number("problem"))
	return e
}

func show(verb string, l Link, changed bool, now time.Time) string {
	line := fmt.Sprintf("%s: %s", verb, l.State)
	if l.Shown() != l.State {
		line += fmt.Sprintf(" (shown as %s)", l.Shown())
	}
	if !changed {
		return line + ", nothing to tell\n"
	}
	line += fmt.Sprintf(" since %v", now.Sub(l.Since))
	if l.Missing > 0 {
		line += fmt.Sprintf(", %d late frames to come", l.Missing)
	}
	if len(l.PlanesDown) > 0 {
		line += ", down: " + JoinPlanes(l.PlanesDown)
	}
	if l.Problem != 0 {
		line += fmt.Sprintf(", problem %d", l.Problem)
	}
	if l.State == Down {
		line += fmt.Sprintf(", dial again in %v to %v", Wait(l.Tries, 0), Wait(l.Tries, 1))
	}
	return line + "\n"
}

var events = []EventKind{
	EventDial, EventTLSOK, EventHello, EventSnapshotBegin, EventSnapshotEnd,
	EventPlaneDown, EventPlaneUp, EventLost, EventRestart,
}

// The table in the comment of Link, once more as data: what is not listed
// changes no state.
func TestTable(t *testing.T) {
	table := map[EventKind]map[LinkState]LinkState{
		EventDial:          {Unknown: Dialing, Down: Dialing},
		EventTLSOK:         {Dialing: TLSOK},
		EventHello:         {},
		EventSnapshotBegin: {TLSOK: Syncing, Syncing: Syncing, Ready: Syncing, Degraded: Syncing},
		EventSnapshotEnd:   {Syncing: Ready},
		EventPlaneDown:     {Ready: Degraded},
		EventPlaneUp:       {Degraded: Ready},
		EventLost:          {Dialing: Down, TLSOK: Down, Syncing: Down, Ready: Down, Degraded: Down},
		EventRestart:       {Dialing: Unknown, TLSOK: Unknown, Syncing: Unknown, Ready: Unknown, Degraded: Unknown, Down: Unknown},
	}
	for _, kind := range events {
		for _, from := range []LinkState{"", Unknown, Dialing, TLSOK, Syncing, Ready, Degraded, Down} {
			l := Link{TerminalID: "t", State: from, Since: noon}
			if from == Degraded {
				l.PlanesDown = []string{"screen"}
			}
			if kind == EventRestart && from == "" {
				continue
			}
			got, _ := Step(l, Event{Kind: kind, Plane: "screen"}, noon.Add(time.Second))
			want, listed := table[kind][l.normal().State]
			if !listed {
				want = l.normal().State
			}
			if got.State != want {
				t.Errorf("%s from %q: %s, want %s", kind, from, got.State, want)
			}
			if moved := got.Shown() != l.Shown(); moved != got.Since.After(noon) {
				t.Errorf("%s from %q to %s: since %v", kind, from, got.State, got.Since)
			}
		}
	}
}

// Whatever happens in whatever order, the promises hold.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now := Link{TerminalID: "t"}, noon
		complete, tls := false, false // what a witness of the data plane knows
		down := map[string]bool{}
		for range rapid.IntRange(0, 60).Draw(t, "length") {
			e := Event{
				Kind:    rapid.SampledFrom(events).Draw(t, "event"),
				Plane:   rapid.SampledFrom([]string{"screen", "sound", PlaneData, ""}).Draw(t, "plane"),
				Missing: rapid.Int64Range(-1, 5).Draw(t, "missing"),
				Problem: rapid.SampledFrom([]stdif.Code{0, stdif.CodeTLS, stdif.CodeIdentity}).Draw(t, "problem"),
			}
			now = now.Add(time.Second)
			before := l
			var told bool
			l, told = Step(l, e, now)
			switch e.Kind {
			case EventRestart:
				down = map[string]bool{}
				complete, tls = false, false
			case EventLost, EventDial:
				if l.State == Down || l.State == Dialing {
					complete, tls = false, false
				}
			case EventTLSOK:
				tls = tls || before.State == Dialing
			case EventSnapshotBegin:
				complete = false
			case EventSnapshotEnd:
				complete = complete || tls && before.State == Syncing
			case EventPlaneDown, EventPlaneUp:
				if e.Plane != "" && e.Plane != PlaneData {
					down[e.Plane] = e.Kind == EventPlaneDown
				}
			}
			anyDown := down["screen"] || down["sound"]
			if l.State.Up() != complete {
				t.Fatalf("after %v: %s, but late frames complete = %t", e, l.State, complete)
			}
			if (l.State == Degraded) != (complete && anyDown) {
				t.Fatalf("after %v: %s with planes down %v", e, l.State, l.PlanesDown)
			}
			if !slices.IsSorted(l.PlanesDown) || slices.Contains(l.PlanesDown, PlaneData) {
				t.Fatalf("planes down %v", l.PlanesDown)
			}
			if l.Shown() != before.Shown() && (!told || !l.Since.Equal(now)) {
				t.Fatalf("shown changed from %s to %s: told %t, since %v", before.Shown(), l.Shown(), told, l.Since)
			}
			if l.State.Up() != l.Shown().Up() {
				t.Fatalf("%s is shown as %s", l.State, l.Shown())
			}
			if l.State == Ready && l.Tries != 0 || l.Tries < 0 || l.Missing < 0 {
				t.Fatalf("%s with %d tries, %d missing", l.State, l.Tries, l.Missing)
			}
		}
		// From anywhere, the usual way leads up again.
		for _, e := range []EventKind{EventLost, EventDial, EventTLSOK, EventSnapshotBegin, EventSnapshotEnd} {
			l, _ = Step(l, Event{Kind: e}, now)
		}
		if !l.State.Up() {
			t.Fatalf("cannot come up again: %s", l.State)
		}
	})
}

// A terminal that is switched off for a day costs one act, not 17 280.
func TestTriesAreNotTold(t *testing.T) {
	l, now, acts := Link{TerminalID: "t"}, noon, 0
	for now.Before(noon.Add(24 * time.Hour)) {
		for _, e := range []Event{{Kind: EventDial}, {Kind: EventLost, Problem: stdif.CodeTLS}} {
			var told bool
			if l, told = Step(l, e, now); told {
				acts++
			}
		}
		now = now.Add(Wait(l.Tries, 0.5))
	}
	if acts != 2 || l.Shown() != Down || !l.Since.Equal(noon) {
		t.Errorf("%d acts, %s since %v; want the first dial and its failure at %v", acts, l.Shown(), l.Since, noon)
	}
}

func TestWait(t *testing.T) {
	for tries, want := range []time.Duration{0, 1, 2, 5, 5, 5} {
		want *= time.Second
		low, mid, high := Wait(tries, 0), Wait(tries, 0.5), Wait(tries, 1)
		if mid != want || low != want*8/10 || high != want*12/10 {
			t.Errorf("Wait(%d) = %v … %v … %v, want %v ± 20 %%", tries, low, mid, high, want)
		}
	}
	if Wait(1<<40, 0.5) != 5*time.Second || Wait(-1, 7) != 0 {
		t.Error("Wait outside its range")
	}
	if DeadAfter > 15*time.Second {
		t.Errorf("a dead link shows after %v; §5.5 promises 15 s", DeadAfter)
	}
}

func TestPlanesInAColumn(t *testing.T) {
	for _, planes := range [][]string{nil, {"screen"}, {"screen", "sound"}} {
		if got := SplitPlanes(JoinPlanes(planes)); !slices.Equal(got, planes) {
			t.Errorf("%v came back as %v", planes, got)
		}
	}
}

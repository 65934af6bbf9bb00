package scenario

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/matoi119/matoi/stdif"
)

//go:embed stories
var stories embed.FS

// Stories lists the embedded stories by name.
func Stories() []string {
	list, err := fs.Glob(stories, "stories/*.txt")
	if err != nil {
		panic("scenario: " + err.Error()) // the pattern is ours
	}
	for i := range list {
		list[i] = strings.TrimSuffix(path.Base(list[i]), ".txt")
	}
	return list
}

// Story returns the text of an embedded story.
func Story(name string) (string, error) {
	b, err := stories.ReadFile("stories/" + name + ".txt")
	if err != nil {
		return "", fmt.Errorf("no story %q; there are %s", name, strings.Join(Stories(), ", "))
	}
	return string(b), nil
}

// Seen is what a service knows about one of its reports.
type Seen struct {
	Step    stdif.AckStep
	Claimed bool
	Closed  bool
	Heard   []string // texts of headquarters and of the terminal
}

// Cast is who plays a story. A nil part cannot be played, and a story that
// needs it is refused before its first act.
type Cast struct {
	Net119  Part
	AACN    Part
	Hostile func(ctx context.Context, group string) error
}

// Part is one service in a story.
type Part interface {
	Start(mode stdif.Mode, words map[string]string) (report string, err error)
	Do(report string, a Act) error
	Look(report string) (Seen, error)
	Changed() <-chan struct{} // closed at the next change
}

// Line is one line of a story's account.
type Line struct {
	At   time.Duration
	OK   bool
	Text string
}

// Run plays the acts at their times and waits for the expectations. It returns
// how many were not met; tell hears each line of the account.
func Run(ctx context.Context, s *Scenario, cast Cast, tell func(Line)) (failed int, err error) {
	if err := cast.canPlay(s); err != nil {
		return 0, err
	}
	r := &run{s: s, cast: cast, start: time.Now(), started: map[string]report{}, wake: make(chan struct{}), tell: tell}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, e := range s.Expects {
		wg.Go(func() { r.expect(ctx, e) })
	}
	err = r.acts(ctx, &wg)
	if err != nil {
		cancel() // what was not begun cannot come true
	}
	wg.Wait()
	cancel()
	return r.failed, err
}

type report struct {
	id   string
	part Part
}

type run struct {
	s     *Scenario
	cast  Cast
	start time.Time
	tell  func(Line)

	mu      sync.Mutex
	started map[string]report
	wake    chan struct{} // closed when a report was started
	failed  int
}

func (c Cast) canPlay(s *Scenario) error {
	for _, a := range s.Acts {
		if c.part(a.Actor) == nil && (a.Actor == "net119" || a.Actor == "aacn") || a.Actor == "hostile" && c.Hostile == nil {
			return &Error{a.LineNo, "nobody plays " + a.Actor + " here"}
		}
	}
	return nil
}

func (c Cast) part(name string) Part {
	switch {
	case name == "net119" && c.Net119 != nil:
		return c.Net119
	case name == "aacn" && c.AACN != nil:
		return c.AACN
	}
	return nil
}

func (r *run) say(ok bool, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !ok {
		r.failed++
	}
	if r.tell != nil {
		r.tell(Line{At: time.Since(r.start), OK: ok, Text: fmt.Sprintf(format, args...)})
	}
}

func (r *run) acts(ctx context.Context, wg *sync.WaitGroup) error {
	for _, a := range r.s.Acts {
		if !until(ctx, r.start.Add(a.At)) {
			return ctx.Err()
		}
		if a.Actor == "hostile" { // beside the others, as in life
			wg.Go(func() { r.hostile(ctx, a) })
		} else if err := r.act(a); err != nil {
			return fmt.Errorf("line %d: %w", a.LineNo, err)
		}
		r.say(true, "line %d: %s %s %s", a.LineNo, a.Actor, a.Verb, a.Name)
	}
	return nil
}

func until(ctx context.Context, at time.Time) bool {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (r *run) hostile(ctx context.Context, a Act) {
	if err := r.cast.Hostile(ctx, a.Words["group"]); err != nil {
		r.say(false, "line %d: hostile %s: %v", a.LineNo, a.Words["group"], err)
	}
}

func (r *run) act(a Act) error {
	if a.Name == "" {
		on := r.of(a.Actor)
		return on.part.Do(on.id, a)
	}
	p := r.cast.part(a.Actor)
	id, err := p.Start(r.s.Mode, a.Words)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started[a.Name] = report{id, p}
	close(r.wake)
	r.wake = make(chan struct{})
	return nil
}

func (r *run) of(name string) report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.started[name]
}

func (r *run) expect(ctx context.Context, e Expect) {
	late := time.NewTimer(time.Until(r.start.Add(e.Within)))
	defer late.Stop()
	for {
		r.mu.Lock()
		on := r.started[e.Report]
		var changed <-chan struct{} = r.wake
		r.mu.Unlock()
		last := Seen{}
		if on.part != nil {
			changed = on.part.Changed() // before looking, so that no change is missed
			var err error
			if last, err = on.part.Look(on.id); err == nil && e.met(last) {
				r.say(true, "line %d: %s %s %s", e.LineNo, e.Report, e.What, e.Value)
				return
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			r.say(false, "line %d: %s %s: the story was broken off", e.LineNo, e.Report, e.What)
			return
		case <-late.C:
			r.say(false, "line %d: %s %s %s did not come true within %s (step %q)", e.LineNo, e.Report, e.What, e.Value, e.Within, last.Step)
			return
		}
	}
}

func (e Expect) met(s Seen) bool {
	switch e.What {
	case "step":
		want := stdif.AckStep(e.Value)
		return s.Step == want || s.Step != "" && s.Step != stdif.Refused && want != stdif.Refused && want.Before(s.Step)
	case "hears":
		return slices.ContainsFunc(s.Heard, func(text string) bool { return strings.Contains(text, e.Value) })
	case "claimed":
		return s.Claimed
	default:
		return s.Closed
	}
}

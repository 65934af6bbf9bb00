package scenario_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/matoi119/matoi/sim/aacn"
	"github.com/matoi119/matoi/sim/intake"
	"github.com/matoi119/matoi/sim/intaketest"
	"github.com/matoi119/matoi/sim/net119"
	"github.com/matoi119/matoi/sim/scenario"
	"github.com/matoi119/matoi/stdif"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParse(t *testing.T) {
	s, err := scenario.Parse(`
# 例
title "題 # 名"
mode test
at 2s R1 says "a \"b\" # c"   # comment
at 0s net119 sends person=jiro place="例示市本町 1" text="x" as R1
expect R1 step seen within 1m
expect R1 hears "どう" within 2m
when a report arrives, after 3s headquarters closes reason=handled
`)
	if err != nil {
		t.Fatal(err)
	}
	want := &scenario.Scenario{
		Title: "題 # 名", Mode: stdif.Test,
		Acts: []scenario.Act{
			{Actor: "net119", Verb: "sends", Words: map[string]string{"person": "jiro", "place": "例示市本町 1", "text": "x"}, Name: "R1", LineNo: 6},
			{At: 2 * time.Second, Actor: "R1", Verb: "says", Words: map[string]string{}, Text: `a "b" # c`, LineNo: 5},
		},
		Expects: []scenario.Expect{
			{Report: "R1", What: "step", Value: "seen", Within: time.Minute, LineNo: 7},
			{Report: "R1", What: "hears", Value: "どう", Within: 2 * time.Minute, LineNo: 8},
		},
		Answers: []scenario.Answer{{After: 3 * time.Second, Verb: "closes", Words: map[string]string{"reason": "handled"}, LineNo: 9}},
	}
	if d := cmp.Diff(want, s); d != "" {
		t.Fatal(d)
	}
}

func TestParseNamesTheLine(t *testing.T) {
	start := "at 0s net119 sends kind=ems as R1\n"
	for _, c := range []struct {
		text string
		line int
	}{
		{"hello", 1},
		{"\nmode real", 2},
		{"at soon net119 sends as R1", 1},
		{"at -1s net119 sends as R1", 1},
		{"at 0s net119 sends kind=ems", 1},
		{"at 0s net119 says \"x\" as R1", 1},
		{"at 0s net119 sends colour=red as R1", 1},
		{"at 0s net119 sends kind=ems kind=fire as R1", 1},
		{"at 0s net119 sends text=\"open as R1", 1},
		{"at 0s net119 sends kind\"x\" as R1", 1},
		{"at 0s net119 sends kind=ems as net119", 1},
		{start + "at 1s R2 says \"x\"", 2},
		{start + "at 1s R1 says", 2},
		{start + "at 1s R1 says \"a\" \"b\"", 2},
		{start + "at 1s R1 cancels", 2},
		{start + "at 1s R1 dances", 2},
		{start + "at 1s R1 ends as R2", 2},
		{start + start, 2},
		{start + "expect R1 step seen", 2},
		{start + "expect R1 step happy within 1s", 2},
		{start + "expect R1 shines within 1s", 2},
		{start + "expect R9 closed within 1s", 2},
		{start + "expect R1 hears within 1s", 2},
		{"when a report arrives headquarters sees", 1},
		{"when a report arrives, after 1s headquarters dances", 1},
		{"when a report arrives, after 1s headquarters says", 1},
		{"title \"\xff\"", 1},
	} {
		_, err := scenario.Parse(c.text)
		var e *scenario.Error
		if !errors.As(err, &e) || e.Line != c.line {
			t.Errorf("%q: %v, want an error in line %d", c.text, err, c.line)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range scenario.Stories() {
		text, err := scenario.Story(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add("at 0s net119 sends text=\"\\")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := scenario.Parse(text)
		var e *scenario.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%v names no line", err)
		}
		if err == nil {
			for _, a := range s.Acts {
				if a.At < 0 || a.LineNo == 0 {
					t.Fatalf("act without time or line: %+v", a)
				}
			}
		}
	})
}

func TestStoriesAreWellWritten(t *testing.T) {
	if len(scenario.Stories()) < 8 {
		t.Fatalf("stories: %v", scenario.Stories())
	}
	for _, name := range scenario.Stories() {
		text, err := scenario.Story(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenario.Parse(text)
		if err != nil || s.Title == "" || len(s.Acts)+len(s.Answers) == 0 {
			t.Errorf("%s: %v, title %q", name, err, s.Title)
		}
		if s != nil && s.Mode == stdif.Actual {
			t.Errorf("%s would ring as a real report", name)
		}
	}
	if _, err := scenario.Story("none"); err == nil {
		t.Error("a story that is not there")
	}
}

// stage is a terminal with two services, all in memory.
type stage struct {
	term *intaketest.Terminal
	cast scenario.Cast
}

func newStage(t *testing.T) (stage, func()) {
	t.Helper()
	term := intaketest.New("secret", "")
	client := &intake.Client{Base: "http://terminal.test", Credential: "secret", HTTP: &http.Client{Transport: intaketest.Memory{Handler: term}}}
	cloud, err := net119.New(net119.Config{TerminalKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	centre := aacn.New(aacn.Config{}, client)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { cloud.Run(ctx) })
	wg.Go(func() { _ = centre.Run(ctx) })
	h := net119.Handover{Cloud: "http://cloud.test", TerminalKey: "key", Intake: client, HTTP: &http.Client{Transport: intaketest.Memory{Handler: cloud}}}
	wg.Go(func() { _ = h.Run(ctx) })
	cast := scenario.Cast{Net119: scenario.PlayNet119(cloud), AACN: scenario.PlayAACN(centre), Hostile: func(context.Context, string) error { return nil }}
	return stage{term, cast}, func() {
		cancel()
		wg.Wait()
	}
}

// headquarters takes every report within three seconds, sees it three seconds
// later, and closes all after two minutes.
func (s stage) headquarters(ctx context.Context) {
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for n := 1; ; n++ {
		for _, id := range s.term.IDs() {
			if k, _ := s.term.Get(id); k.Status.Step == stdif.Spooled {
				s.term.Step(id, stdif.Received)
			} else {
				s.term.Step(id, stdif.Seen)
			}
			if n == 40 {
				s.term.Close(id, "handled")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Every story with acts comes out when headquarters does its work, and does
// not when it sleeps.
func TestStoriesPlay(t *testing.T) {
	for _, name := range scenario.Stories() {
		if strings.HasPrefix(name, "headquarters") {
			continue
		}
		for _, awake := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) { play(t, name, awake) })
		}
	}
}

func play(t *testing.T, name string, awake bool) {
	text, err := scenario.Story(name)
	if err != nil {
		t.Fatal(err)
	}
	story, err := scenario.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	s, stop := newStage(t)
	defer stop()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if awake {
		go s.headquarters(ctx)
	}
	var account []string
	failed, err := scenario.Run(ctx, story, s.cast, func(l scenario.Line) { account = append(account, l.Text) })
	needsHQ := false
	for _, e := range story.Expects {
		needsHQ = needsHQ || e.Value != string(stdif.Spooled)
	}
	if err != nil || (failed > 0) != (!awake && needsHQ) {
		t.Fatalf("%s, headquarters awake %v: %d not met, %v\n%s", name, awake, failed, err, strings.Join(account, "\n"))
	}
}

func TestRunRefusesWhatNobodyPlays(t *testing.T) {
	s, err := scenario.Parse("at 0s aacn crashes as A1")
	if err != nil {
		t.Fatal(err)
	}
	var e *scenario.Error
	if _, err := scenario.Run(t.Context(), s, scenario.Cast{}, nil); !errors.As(err, &e) {
		t.Fatalf("Run = %v, want an error that names the line", err)
	}
}
